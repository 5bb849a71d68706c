//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes that copy elements, or divide by norms, against finite differences. They had
// none.
//
//===----------------------------------------------------------------------===//

#include "OpGradients.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class NodeCopies : public OpGradients {
protected:
  NodeCopies() { opsets = {{"CenterCropPad", 18}, {"RMSNormalization", 23}}; }
};

NamedAttribute integer(OpBuilder &b, StringRef name, int64_t value) {
  return onnx::intAttribute(b, name, value);
}
NamedAttribute real(OpBuilder &b, StringRef name, float value) {
  return b.getNamedAttr(name, b.getF32FloatAttr(value));
}
NamedAttribute text(OpBuilder &b, StringRef name, StringRef value) {
  return b.getNamedAttr(name, b.getStringAttr(value));
}

size_t product(ArrayRef<int64_t> shape) {
  size_t count = 1;
  for (int64_t size : shape)
    count *= static_cast<size_t>(size);
  return count;
}

using Attributes = std::function<SmallVector<NamedAttribute>(OpBuilder &)>;
using Places = std::vector<std::pair<Shape, Shape>>; ///< integers, and their shape

/// A node with its float operands in front of constant integers.
Case nodeCase(
    StringRef type, std::vector<Shape> operands, Shape shape, Places places = {},
    Attributes attributes = [](OpBuilder &) { return SmallVector<NamedAttribute>(); },
    double lo = -2) {
  return {std::move(operands),
          [=, type = type.str()](OpBuilder &b, Location loc, ValueRange v) -> Value {
            SmallVector<Value> all = {v[0]};
            for (const auto &[list, listShape] : places)
              all.push_back(integers(b, loc, list, listShape));
            llvm::append_range(all, v.drop_front());
            return node(b, loc, type, all, RankedTensorType::get(shape, b.getF64Type()),
                        attributes(b));
          },
          lo, 2};
}

TEST_F(NodeCopies, BlocksAndDepth) {
  for (const char *mode : {"DCR", "CRD"})
    checkAll(1, [=](Random &) {
      return nodeCase("DepthToSpace", {{2, 8, 1, 2}}, {2, 2, 2, 4}, {}, [=](OpBuilder &b) {
        return SmallVector<NamedAttribute>{integer(b, "blocksize", 2), text(b, "mode", mode)};
      });
    });
  checkAll(1, [](Random &) {
    return nodeCase("SpaceToDepth", {{1, 2, 2, 4}}, {1, 8, 1, 2}, {}, [](OpBuilder &b) {
      return SmallVector<NamedAttribute>{integer(b, "blocksize", 2)};
    });
  });
}

/// From a shape of fewer axes, which `nn.expand` does not hold.
TEST_F(NodeCopies, Expand) {
  checkAll(1, [](Random &) { return nodeCase("Expand", {{3, 1}}, {2, 3, 4}, {{{2, 1, 4}, {3}}}); });
}

TEST_F(NodeCopies, PadModes) {
  for (const char *mode : {"constant", "reflect", "edge", "wrap"}) {
    SCOPED_TRACE(mode);
    opsets["Pad"] = StringRef(mode) == "wrap" ? 19 : 17;
    checkAll(1, [=](Random &) {
      return nodeCase("Pad", {{3, 4}}, {5, 6}, {{{1, 2, 1, 0}, {4}}}, [=](OpBuilder &b) {
        return SmallVector<NamedAttribute>{text(b, "mode", mode)};
      });
    });
  }
}

/// What is cut away gets nothing.
TEST_F(NodeCopies, PadThatCuts) {
  checkAll(1,
           [](Random &) { return nodeCase("CenterCropPad", {{3, 4}}, {2, 6}, {{{2, 6}, {2}}}); });
  checkAll(1, [](Random &) { return nodeCase("Pad", {{3, 4}}, {3, 3}, {{{1, -2, -1, 1}, {4}}}); });
}

TEST_F(NodeCopies, TrianglesAndReversedSequences) {
  for (bool upper : {false, true})
    checkAll(1, [=](Random &) {
      return nodeCase("Trilu", {{2, 3, 4}}, {2, 3, 4}, {{{1}, {}}}, [=](OpBuilder &b) {
        return SmallVector<NamedAttribute>{integer(b, "upper", upper)};
      });
    });
  checkAll(1, [](Random &) {
    return nodeCase("ReverseSequence", {{4, 3}}, {4, 3}, {{{1, 4, 3}, {3}}});
  });
}

/// Elements that are read twice, or never, from either end.
TEST_F(NodeCopies, GatherAtPlaces) {
  checkAll(1, [](Random &) {
    return nodeCase(
        "GatherElements", {{3, 2}}, {3, 4}, {{{0, 1, -1, 0, 1, 1, 0, 0, -2, 0, 0, 0}, {3, 4}}},
        [](OpBuilder &b) { return SmallVector<NamedAttribute>{integer(b, "axis", -1)}; });
  });
  checkAll(1, [](Random &) {
    return nodeCase("GatherND", {{3, 2, 2}}, {3, 2}, {{{0, 1, -1, 0, 0, 1}, {3, 2}}});
  });
  checkAll(1, [](Random &) {
    return nodeCase("GatherND", {{2, 3, 2}}, {2, 2}, {{{2, 0}, {2, 1}}}, [](OpBuilder &b) {
      return SmallVector<NamedAttribute>{integer(b, "batch_dims", 1)};
    });
  });
}

/// What is written over gets nothing; what is added to stays.
TEST_F(NodeCopies, ScatterToPlaces) {
  for (const char *reduction : {"none", "add"}) {
    auto attribute = [=](OpBuilder &b) {
      return SmallVector<NamedAttribute>{text(b, "reduction", reduction)};
    };
    const bool adds = StringRef(reduction) == "add";
    checkAll(1, [=](Random &) {
      return nodeCase("ScatterND", {{4, 2}, {2, 2}}, {4, 2}, {{{2, adds ? 2 : 0}, {2, 1}}},
                      attribute);
    });
    checkAll(1, [=](Random &) {
      return nodeCase("ScatterElements", {{3, 2}, {2, 2}}, {3, 2},
                      {{{0, -1, adds ? 0 : 1, 0}, {2, 2}}}, attribute);
    });
  }
}

TEST_F(NodeCopies, TopK) {
  for (int64_t axis : {0, -1})
    for (bool largest : {false, true})
      checkAll(1, [=](Random &) {
        Shape shape = {3, 4};
        shape[axis < 0 ? 1 : 0] = 2;
        return Case{{{3, 4}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      Type types[] = {RankedTensorType::get(shape, b.getF64Type()),
                                      RankedTensorType::get(shape, b.getIntegerType(64, true))};
                      return onnx::createNode(
                                 b, loc, "node", "TopK", 17, {v[0], integers(b, loc, {2})}, types,
                                 {integer(b, "axis", axis), integer(b, "largest", largest)})
                          ->getResult(0);
                    }};
      });
}

/// A gradient's own gradient passes scatters, which had none.
TEST_F(NodeCopies, SecondOrderThroughScatters) {
  for (nn::Loss loss : {nn::Loss::MeanSquare, nn::Loss::CrossEntropy}) {
    auto module = build({{1, 1, 6}}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
      auto list = [&](ArrayRef<int64_t> values) { return b.getDenseI64ArrayAttr(values); };
      Value y = nn::TanhOp::create(b, loc, v[0].getType(), v[0]);
      y = nn::MaxPoolOp::create(b, loc, y, list({2}), list({1}), list({1}), list({0, 0}),
                                b.getBoolAttr(false));
      y = node(b, loc, "Gather", {y, integers(b, loc, {0, 2, 2})},
               RankedTensorType::get({1, 1, 3}, b.getF64Type()), integer(b, "axis", 2));
      Value most = node(b, loc, "ReduceMax", {y}, RankedTensorType::get({1, 1, 1}, b.getF64Type()),
                        b.getNamedAttr("axes", list({2})));
      return nn::MulOp::create(b, loc, nn::MulOp::create(b, loc, y, y), most);
    });
    nn::GradientOptions first, second;
    first.loss = loss;
    first.wrt = second.wrt = {"a0"};
    second.loss = nn::Loss::Cotangent;
    second.output = "a0:gradient";
    ASSERT_TRUE(succeeded(nn::buildGradient(*module, first)));
    Loops once = compile(*module);
    ASSERT_TRUE(succeeded(nn::buildGradient(*module, second)));
    Loops twice = compile(*module);
    Random random(11);
    Tensors point;
    for (const auto &input : twice.model->inputs())
      point.emplace_back(input.dtype == DType::F64 ? product(input.shape) : 1, 1.0);
    for (Doubles *values : {&point.front(), &point.back()})
      for (double &value : *values)
        value = random.real(-1, 1);
    Doubles product = twice.run(point)[1];
    ASSERT_EQ(product.size(), point.back().size());
    EXPECT_NE(product, Doubles(product.size(), 0.0));
    Tensors moved(point.begin(), point.end() - 1);
    for (size_t i = 0; i < product.size(); ++i) {
      auto f = [&](double t) {
        for (size_t j = 0; j < point.back().size(); ++j)
          moved[0][j] = point[0][j] + t * point.back()[j];
        return once.run(moved)[1][i];
      };
      Difference d = difference(f, 0x1p-16, 256 * 0x1p-53);
      EXPECT_NEAR(product[i], d.value, d.bound) << i;
    }
  }
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// Scales of channels, and before opset 21 of groups.
TEST_F(NodeCopies, GroupNormalization) {
  for (int64_t opset : {18, 21}) {
    opsets["GroupNormalization"] = opset;
    checkAll(2, [=](Random &r) {
      Shape input = {2, 4, r.integer(1, 3), 2}, scale = {opset < 21 ? 2 : 4};
      input.resize(static_cast<size_t>(r.integer(3, 4)));
      return nodeCase("GroupNormalization", {input, scale, scale}, input, {}, [](OpBuilder &b) {
        return SmallVector<NamedAttribute>{integer(b, "num_groups", 2), real(b, "epsilon", 0.125f)};
      });
    });
  }
}

/// From the last axis but one on, with gains of one axis and of both.
TEST_F(NodeCopies, RowNormsOfSeveralAxes) {
  for (const char *type : {"LayerNormalization", "RMSNormalization"})
    for (const Shape &gain : {Shape{3}, Shape{2, 3}}) {
      SCOPED_TRACE(type);
      checkAll(1, [=](Random &r) {
        std::vector<Shape> operands = {{2, 2, 3}, gain};
        if (StringRef(type) == "LayerNormalization" && r.coin())
          operands.push_back(gain);
        return nodeCase(type, operands, operands[0], {}, [](OpBuilder &b) {
          return SmallVector<NamedAttribute>{integer(b, "axis", 1), real(b, "epsilon", 0.125f)};
        });
      });
    }
}

TEST_F(NodeCopies, MeanVarianceNormalization) {
  checkAll(1, [](Random &) {
    return nodeCase("MeanVarianceNormalization", {{2, 2, 2, 3}}, {2, 2, 2, 3});
  });
  checkAll(1, [](Random &) {
    return nodeCase("MeanVarianceNormalization", {{3, 4}}, {3, 4}, {}, [](OpBuilder &b) {
      return SmallVector<NamedAttribute>{b.getNamedAttr("axes", b.getDenseI64ArrayAttr({-1}))};
    });
  });
}

/// Windows of even and odd sizes, which reach further behind.
TEST_F(NodeCopies, LocalResponseNormalization) {
  for (int64_t size : {1, 2, 3, 4, 9})
    checkAll(1, [=](Random &r) {
      Shape input = {2, 4, 2};
      return nodeCase("LRN", {input}, input, {}, [=](OpBuilder &b) {
        return SmallVector<NamedAttribute>{integer(b, "size", size), real(b, "alpha", 0.5f),
                                           real(b, "beta", 0.625f), real(b, "bias", 1.5f)};
      });
    });
}

} // namespace
