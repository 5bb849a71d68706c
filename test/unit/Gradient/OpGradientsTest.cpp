//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every op, every operand, random shapes and attributes, each element of each gradient against
// central differences in float64.
//
//===----------------------------------------------------------------------===//

#include "OpGradients.h"
#include "quantc/Interfaces/Differentiable.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

template <typename Op> Case binary(Random &random, double lo) {
  Shape shape = randomShape(random, random.integer(0, 4));
  Shape other = broadcastable(random, shape);
  if (random.coin())
    std::swap(shape, other);
  return {{shape, other},
          [](OpBuilder &b, Location loc, ValueRange v) -> Value {
            return Op::create(b, loc, v[0], v[1]);
          },
          lo,
          3};
}

TEST_F(OpGradients, Add) {
  checkAll(4, [](Random &r) { return binary<nn::AddOp>(r, -3); });
}
TEST_F(OpGradients, Sub) {
  checkAll(4, [](Random &r) { return binary<nn::SubOp>(r, -3); });
}
TEST_F(OpGradients, Mul) {
  checkAll(4, [](Random &r) { return binary<nn::MulOp>(r, -3); });
}
TEST_F(OpGradients, Div) {
  checkAll(4, [](Random &r) { return binary<nn::DivOp>(r, 0.5); });
}
/// One value at both operands.
TEST_F(OpGradients, Square) {
  checkAll(1, [](Random &r) {
    return Case{{randomShape(r, 2)}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::MulOp::create(b, loc, v[0], v[0]);
                }};
  });
}

template <typename Op, typename... Attributes>
auto unary(double lo, double hi, Attributes... attributes) {
  return [=](Random &r) {
    return Case{{randomShape(r, r.integer(1, 3))},
                [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return Op::create(b, loc, v[0].getType(), v[0], llvm::APFloat(attributes)...);
                },
                lo,
                hi};
  };
}

TEST_F(OpGradients, Unary) {
  checkAll(2, unary<nn::ReluOp>(-1, 1));
  checkAll(2, unary<nn::ClipOp>(-2, 2, -0.75f, 1.25f));
  checkAll(1, unary<nn::ClipOp>(-2, 2, -0.75f, INFINITY));
  checkAll(1, unary<nn::ClipOp>(-2, 2, -INFINITY, 0.5f));
  checkAll(1, unary<nn::ClipOp>(-2, 2, -INFINITY, INFINITY));
  checkAll(1, unary<nn::ClipOp>(-2, 2, 1.0f, 0.0f));
  checkAll(2, unary<nn::LeakyReluOp>(-1, 1, 0.25f));
  checkAll(2, unary<nn::HardSigmoidOp>(-4, 4, 0.25f, 0.5f));
  checkAll(2, unary<nn::HardSwishOp>(-5, 5));
  checkAll(1, unary<nn::SigmoidOp>(-4, 4));
  checkAll(1, unary<nn::TanhOp>(-3, 3));
  checkAll(1, unary<nn::ExpOp>(-3, 3));
  checkAll(1, unary<nn::AbsOp>(-3, 3));
  checkAll(1, unary<nn::NegOp>(-3, 3));
  checkAll(1, unary<nn::SqrtOp>(0.5, 4));
  checkAll(1, unary<nn::ReciprocalOp>(0.5, 4));
  checkAll(1, unary<nn::ErfOp>(-3, 3));
  checkAll(1, unary<nn::GeluOp>(-4, 4));
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

TEST_F(OpGradients, Linear) {
  checkAll(5, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 4)), weight = {r.integer(1, 4), input.back()};
    std::vector<Shape> operands = {input, weight};
    if (r.coin())
      operands.push_back({weight[0]});
    return Case{operands, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::LinearOp::create(b, loc, v[0], v[1], v.size() > 2 ? v[2] : Value());
                }};
  });
}

TEST_F(OpGradients, MatMul) {
  checkAll(8, [](Random &r) {
    Shape leading = randomShape(r, r.integer(0, 3), 3), lhs = leading, rhs = leading;
    (r.coin() ? lhs : rhs) = broadcastable(r, leading);
    int64_t m = r.integer(1, 3), k = r.integer(1, 3), n = r.integer(1, 3);
    lhs.insert(lhs.end(), {m, k});
    rhs.insert(rhs.end(), {k, n});
    return Case{{lhs, rhs}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::MatMulOp::create(b, loc, v[0], v[1]);
                }};
  });
}

/// Sizes of a window along each spatial axis, such that it fits.
struct RandomWindow {
  RandomWindow(Random &r, size_t spatial, bool small) {
    for (size_t i = 0; i < spatial; ++i) {
      kernel.push_back(r.integer(1, 3));
      strides.push_back(r.integer(1, 3));
      dilations.push_back(r.integer(1, 2));
      // Pools want less padding than window.
      before.push_back(r.integer(0, small ? kernel.back() - 1 : 4));
      after.push_back(r.integer(0, small ? kernel.back() - 1 : 2));
      int64_t extent = (kernel.back() - 1) * dilations.back() + 1;
      int64_t least = std::max<int64_t>(1, extent - before.back() - after.back());
      input.push_back(r.integer(least, least + 4));
    }
    pads = before;
    pads.insert(pads.end(), after.begin(), after.end());
  }
  Shape kernel, strides, dilations, before, after, pads, input;
};

Case convolution(Random &r, size_t spatial, int64_t groups, int64_t inputs, int64_t outputs) {
  RandomWindow w(r, spatial, /*small=*/false);
  Shape input = {r.integer(1, 2), groups * inputs}, weight = {groups * outputs, inputs};
  input.insert(input.end(), w.input.begin(), w.input.end());
  weight.insert(weight.end(), w.kernel.begin(), w.kernel.end());
  std::vector<Shape> operands = {input, weight};
  if (r.coin())
    operands.push_back({weight[0]});
  return {operands, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
            return nn::ConvOp::create(b, loc, v[0], v[1], v.size() > 2 ? v[2] : Value(),
                                      b.getDenseI64ArrayAttr(w.strides),
                                      b.getDenseI64ArrayAttr(w.dilations),
                                      b.getDenseI64ArrayAttr(w.pads), b.getI64IntegerAttr(groups));
          }};
}

TEST_F(OpGradients, Conv) {
  checkAll(4, [](Random &r) { return convolution(r, 2, 1, r.integer(1, 2), r.integer(1, 3)); });
  checkAll(3, [](Random &r) { return convolution(r, 1, 1, r.integer(1, 3), r.integer(1, 3)); });
  checkAll(1, [](Random &r) { return convolution(r, 3, 1, 1, 2); });
}
TEST_F(OpGradients, ConvInGroups) {
  checkAll(4, [](Random &r) { return convolution(r, 2, 2, r.integer(1, 2), 2); });
  checkAll(3, [](Random &r) { return convolution(r, 1, 3, r.integer(1, 2), r.integer(1, 2)); });
}
TEST_F(OpGradients, ConvDepthwise) {
  checkAll(4, [](Random &r) { return convolution(r, 2, r.integer(1, 3), 1, 1); });
}
TEST_F(OpGradients, ConvPointwise) {
  checkAll(2, [](Random &r) {
    Shape input = {2, r.integer(1, 3), r.integer(1, 3), 2};
    return Case{{input, {r.integer(1, 3), input[1], 1, 1}},
                [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  auto ones = b.getDenseI64ArrayAttr({1, 1});
                  return nn::ConvOp::create(b, loc, v[0], v[1], Value(), ones, ones,
                                            b.getDenseI64ArrayAttr({0, 0, 0, 0}),
                                            b.getI64IntegerAttr(1));
                }};
  });
}

//===----------------------------------------------------------------------===//
// Norms, softmax, lookups
//===----------------------------------------------------------------------===//

TEST_F(OpGradients, BatchNorm) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(2, 4), 3), channels = {input[1]};
    return Case{{input, channels, channels, channels, channels},
                [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::BatchNormOp::create(b, loc, v[0], v[1], v[2], v[3], v[4],
                                                 b.getF32FloatAttr(0.125f));
                },
                0.5,
                2};
  });
}

TEST_F(OpGradients, RMSNorm) {
  checkAll(4, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3));
    std::vector<Shape> operands = {input};
    if (r.coin())
      operands.push_back({input.back()});
    return Case{operands, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::RMSNormOp::create(b, loc, v[0].getType(), v[0],
                                               v.size() > 1 ? v[1] : Value(),
                                               llvm::APFloat(0.125f));
                }};
  });
}

TEST_F(OpGradients, LayerNorm) {
  for (bool gain : {false, true})
    for (bool bias : {false, true})
      checkAll(2, [&](Random &r) {
        Shape input = randomShape(r, r.integer(1, 3));
        std::vector<Shape> operands = {input};
        if (gain)
          operands.push_back({input.back()});
        if (bias)
          operands.push_back({input.back()});
        return Case{operands, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return nn::LayerNormOp::create(
                          b, loc, v[0].getType(), v[0], gain ? v[1] : Value(),
                          bias ? v[v.size() - 1] : Value(), llvm::APFloat(0.125f));
                    }};
      });
}

TEST_F(OpGradients, Softmax) {
  checkAll(4, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3));
    int64_t axis = r.integer(0, static_cast<int64_t>(input.size()) - 1);
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::SoftmaxOp::create(b, loc, v[0].getType(), v[0], axis);
                }};
  });
}

/// The first of the greatest along an axis.
TEST_F(OpGradients, ReduceMax) {
  checkAll(6, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3));
    const int64_t rank = static_cast<int64_t>(input.size()), axis = r.integer(-rank, rank - 1);
    const bool keeps = r.coin();
    return Case{
        {input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Shape reduced = input;
          const auto at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
          if (keeps)
            reduced[at] = 1;
          else
            reduced.erase(reduced.begin() + static_cast<int64_t>(at));
          auto type = cast<RankedTensorType>(v[0].getType()).clone(reduced);
          NamedAttribute attributes[] = {b.getNamedAttr("axes", b.getDenseI64ArrayAttr({axis})),
                                         onnx::intAttribute(b, "keepdims", keeps)};
          return onnx::createNode(b, loc, "max", "ReduceMax", 17, {v[0]}, {type}, attributes)
              ->getResult(0);
        }};
  });
}

/// Rows that are read twice, or never, and indices that count from the end.
TEST_F(OpGradients, Embedding) {
  checkAll(3, [](Random &r) {
    int64_t rows = r.integer(1, 5), channels = r.integer(1, 3);
    Shape places = randomShape(r, r.integer(0, 2));
    int64_t count = 1;
    for (int64_t size : places)
      count *= size;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < count; ++i)
      indices.push_back(r.integer(-rows, rows - 1));
    return Case{{{rows, channels}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  auto type = RankedTensorType::get(places, b.getIntegerType(64, true));
                  Value read = nn::ConstantOp::create(
                      b, loc, type,
                      cast<ElementsAttr>(DenseElementsAttr::get(type, ArrayRef(indices))));
                  Shape shape = places;
                  shape.push_back(channels);
                  return nn::EmbeddingOp::create(
                      b, loc, RankedTensorType::get(shape, b.getF64Type()), v[0], read);
                }};
  });
}

//===----------------------------------------------------------------------===//
// Pools and means
//===----------------------------------------------------------------------===//

template <typename Op, typename... More> Case pool(Random &r, bool dilated, More... more) {
  RandomWindow w(r, r.integer(1, 2), /*small=*/true);
  if (!dilated)
    w.dilations.assign(w.dilations.size(), 1);
  Shape input = {r.integer(1, 2), r.integer(1, 2)};
  input.insert(input.end(), w.input.begin(), w.input.end());
  bool ceil = r.coin();
  return {{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
            return Op::create(b, loc, v[0], b.getDenseI64ArrayAttr(w.kernel),
                              b.getDenseI64ArrayAttr(w.strides),
                              b.getDenseI64ArrayAttr(w.dilations), b.getDenseI64ArrayAttr(w.pads),
                              b.getBoolAttr(ceil), b.getBoolAttr(more)...);
          }};
}

TEST_F(OpGradients, MaxPool) {
  checkAll(8, [](Random &r) { return pool<nn::MaxPoolOp>(r, true); });
}
/// Its "place" would be that of some other channel.
TEST_F(OpGradients, MaxPoolOfPaddingAlone) {
  auto module = build({{1, 2, 1, 1}}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
    auto list = [&](ArrayRef<int64_t> values) { return b.getDenseI64ArrayAttr(values); };
    return nn::MaxPoolOp::create(b, loc, v[0], list({2, 2}), list({1, 1}), list({2, 2}),
                                 list({1, 1, 1, 1}), b.getBoolAttr(false));
  });
  nn::GradientOptions options;
  options.loss = nn::Loss::Cotangent;
  options.wrt = {"a0"};
  ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
  EXPECT_EQ(compile(*module).run({{1, 2}, {1, 1}})[1], Doubles({0, 0}));
}
TEST_F(OpGradients, AvgPool) {
  for (bool counted : {false, true})
    checkAll(6, [=](Random &r) { return pool<nn::AvgPoolOp>(r, false, counted); });
}

TEST_F(OpGradients, ReduceMean) {
  checkAll(4, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 4)), axes;
    for (size_t axis = 0; axis < input.size(); ++axis)
      if (r.coin())
        axes.push_back(static_cast<int64_t>(axis));
    bool keep = r.coin();
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::ReduceMeanOp::create(b, loc, v[0], b.getDenseI64ArrayAttr(axes),
                                                  b.getBoolAttr(keep));
                }};
  });
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

TEST_F(OpGradients, ReshapeAndTranspose) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 4)), order, flat = {1};
    for (size_t axis = 0; axis < input.size(); ++axis) {
      order.insert(order.begin() + r.integer(0, static_cast<int64_t>(axis)),
                   static_cast<int64_t>(axis));
      flat[0] *= input[axis];
    }
    return Case{
        {input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value turned = nn::TransposeOp::create(b, loc, v[0], b.getDenseI64ArrayAttr(order));
          return nn::ReshapeOp::create(b, loc, RankedTensorType::get(flat, b.getF64Type()), turned);
        }};
  });
}

TEST_F(OpGradients, Concat) {
  checkAll(3, [](Random &r) {
    Shape shape = randomShape(r, r.integer(1, 3));
    int64_t axis = r.integer(0, static_cast<int64_t>(shape.size()) - 1);
    std::vector<Shape> operands(static_cast<size_t>(r.integer(1, 3)), shape);
    for (Shape &operand : operands)
      operand[axis] = r.integer(1, 3);
    return Case{operands, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::ConcatOp::create(b, loc, v, b.getI64IntegerAttr(axis));
                }};
  });
}

TEST_F(OpGradients, Pad) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3)), pads;
    for (size_t i = 0; i < 2 * input.size(); ++i)
      pads.push_back(r.integer(0, 2));
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::PadOp::create(b, loc, v[0], b.getDenseI64ArrayAttr(pads),
                                           b.getF32FloatAttr(1.5f));
                }};
  });
}

TEST_F(OpGradients, Slice) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3)), offsets, sizes;
    for (int64_t size : input) {
      offsets.push_back(r.integer(0, size - 1));
      sizes.push_back(r.integer(1, size - offsets.back()));
    }
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::SliceOp::create(b, loc, RankedTensorType::get(sizes, b.getF64Type()),
                                             v[0], offsets);
                }};
  });
}

TEST_F(OpGradients, Expand) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3)), shape = input;
    for (size_t axis = 0; axis < input.size(); ++axis)
      if (r.coin()) {
        input[axis] = 1;
        shape[axis] = r.integer(1, 3);
      }
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return nn::ExpandOp::create(b, loc, RankedTensorType::get(shape, b.getF64Type()),
                                              v[0]);
                }};
  });
}

/// Differences would show the steps of float32: the gradient is the cotangent, rounded to it.
TEST_F(OpGradients, Cast) {
  auto module = build({{4}}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
    auto narrow = cast<RankedTensorType>(v[0].getType()).clone(b.getF32Type());
    Value x = nn::CastOp::create(b, loc, narrow, v[0]);
    return nn::CastOp::create(b, loc, v[0].getType(), x);
  });
  nn::GradientOptions options;
  options.loss = nn::Loss::Cotangent;
  options.wrt = {"a0"};
  ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
  const Doubles cotangent = {0.1, -2.7, 1e-9, 3};
  Doubles expected;
  for (double value : cotangent)
    expected.push_back(static_cast<float>(value));
  EXPECT_EQ(compile(*module).run({{1, 2, 3, 4}, cotangent})[1], expected);
}

TEST_F(OpGradients, EveryOpHasOne) {
  DialectRegistry registry;
  nn::registerGradients(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<nn::NNDialect>();
  int ops = 0;
  for (RegisteredOperationName name : context.getRegisteredOperationsByDialect("nn")) {
    if (name.hasTrait<OpTrait::ConstantLike>())
      continue;
    ++ops;
    EXPECT_TRUE(name.hasInterface<DifferentiableOpInterface>()) << name.getStringRef().str();
  }
  EXPECT_GT(ops, 0);
}

//===----------------------------------------------------------------------===//
// Nodes that nn does not hold
//===----------------------------------------------------------------------===//

TEST_F(OpGradients, ReduceSum) {
  checkAll(4, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 4)), axes, shape;
    bool keep = r.coin();
    for (size_t axis = 0; axis < input.size(); ++axis) {
      bool summed = r.coin() || axis == 0;
      if (summed) // from the end, every other time
        axes.push_back(static_cast<int64_t>(axis) -
                       (r.coin() ? static_cast<int64_t>(input.size()) : 0));
      if (!summed || keep)
        shape.push_back(summed ? 1 : input[axis]);
    }
    return Case{
        {input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
          auto integer = b.getIntegerType(64, true);
          auto type = RankedTensorType::get({static_cast<int64_t>(axes.size())}, integer);
          Value list = nn::ConstantOp::create(
              b, loc, type, cast<ElementsAttr>(DenseElementsAttr::get(type, ArrayRef(axes))));
          NamedAttribute keepDims = b.getNamedAttr("keepdims", IntegerAttr::get(integer, keep));
          return node(b, loc, "ReduceSum", {v[0], list},
                      RankedTensorType::get(shape, b.getF64Type()), keepDims);
        }};
  });
}

/// Both sides broadcast; the condition is no way for a gradient.
TEST_F(OpGradients, Where) {
  checkAll(4, [](Random &r) {
    Shape shape = randomShape(r, r.integer(1, 3));
    Shape one = broadcastable(r, shape), other = broadcastable(r, shape);
    return Case{{shape, one, other}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  Type result = v[0].getType();
                  auto number = RankedTensorType::get({}, b.getF64Type());
                  Value zero = nn::ConstantOp::create(
                      b, loc, number, cast<ElementsAttr>(DenseElementsAttr::get(number, 0.0)));
                  Value positive = node(b, loc, "Greater", {v[0], zero},
                                        cast<RankedTensorType>(result).clone(b.getI1Type()));
                  return node(b, loc, "Where", {positive, v[1], v[2]}, result);
                }};
  });
}

TEST_F(OpGradients, ShapesOfNodes) {
  checkAll(1, [](Random &r) {
    Shape input = randomShape(r, 3);
    Shape flat = {input[0], input[1] * input[2]};
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  Value same = node(b, loc, "Identity", v[0], v[0].getType());
                  return node(b, loc, "Flatten", same, RankedTensorType::get(flat, b.getF64Type()));
                }};
  });
}

} // namespace
