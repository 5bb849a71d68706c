//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of ONNX nodes that nn does not hold against finite differences. They had none, and
// networks with one of them neither curvatures nor learning by loss.
//
//===----------------------------------------------------------------------===//

#include "OpGradients.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class NodeGradients : public OpGradients {
protected:
  NodeGradients() {
    opsets = {{"Gelu", 20},           {"Mish", 18},         {"ReduceL1", 18},
              {"ReduceL2", 18},       {"ReduceLogSum", 18}, {"ReduceLogSumExp", 18},
              {"ReduceMax", 18},      {"ReduceMin", 18},    {"Swish", 24},
              {"ReduceSumSquare", 18}};
  }

  /// The gradients at a point, the last tensor of which is the cotangent.
  Tensors gradientsAt(const Case &c, const Tensors &point) {
    auto module = build(c.operands, c.make);
    nn::GradientOptions options;
    options.loss = nn::Loss::Cotangent;
    for (size_t i = 0; i < c.operands.size(); ++i)
      options.wrt.push_back("a" + std::to_string(i));
    EXPECT_TRUE(succeeded(nn::buildGradient(*module, options)));
    EXPECT_TRUE(succeeded(verify(*module)));
    Loops loops = compile(*module);
    if (!loops.model)
      return Tensors(c.operands.size());
    Tensors results = loops.run(point);
    results.erase(results.begin());
    return results;
  }
};

NamedAttribute integer(OpBuilder &b, StringRef name, int64_t value) {
  return onnx::intAttribute(b, name, value);
}

Value constant(OpBuilder &b, Location loc, double value) {
  auto type = RankedTensorType::get({}, b.getF64Type());
  return nn::ConstantOp::create(b, loc, type,
                                cast<ElementsAttr>(DenseElementsAttr::get(type, value)));
}

Value narrowConstant(OpBuilder &b, Location loc) {
  auto type = RankedTensorType::get({}, b.getF32Type());
  return nn::ConstantOp::create(b, loc, type,
                                cast<ElementsAttr>(DenseElementsAttr::get(type, 1.0f)));
}

RankedTensorType resultType(OpBuilder &b, const Shape &shape) {
  return RankedTensorType::get(shape, b.getF64Type());
}

/// A node of one operand in [lo, hi].
struct Function {
  const char *type;
  double lo = -2, hi = 2;
};

TEST_F(NodeGradients, FunctionsOfElements) {
  for (const Function &f : std::initializer_list<Function>{{"Log", 0.5, 3},
                                                           {"Elu"},
                                                           {"Selu"},
                                                           {"Softplus"},
                                                           {"Softsign"},
                                                           {"Mish"},
                                                           {"Sin"},
                                                           {"Cos"},
                                                           {"ThresholdedRelu"},
                                                           {"Acos", -0.875, 0.875},
                                                           {"Acosh", 1.25, 3},
                                                           {"Asin", -0.875, 0.875},
                                                           {"Asinh"},
                                                           {"Atan"},
                                                           {"Atanh", -0.875, 0.875},
                                                           {"Celu"},
                                                           {"Cosh"},
                                                           {"Shrink"},
                                                           {"Sinh"},
                                                           {"Swish"},
                                                           {"Tan", -1, 1}}) {
    SCOPED_TRACE(f.type);
    checkAll(2, [&](Random &r) {
      return Case{{randomShape(r, r.integer(1, 3))},
                  [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return node(b, loc, f.type, v[0], v[0].getType());
                  },
                  f.lo,
                  f.hi};
    });
  }
}

TEST_F(NodeGradients, AlphaAndGamma) {
  for (const char *type : {"Celu", "Elu", "Selu", "Swish", "ThresholdedRelu"}) {
    SCOPED_TRACE(type);
    checkAll(2, [&](Random &r) {
      return Case{{randomShape(r, 2)}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    SmallVector<NamedAttribute> attributes = {
                        b.getNamedAttr("alpha", b.getF32FloatAttr(0.375f))};
                    if (StringRef(type) == "Selu")
                      attributes.push_back(b.getNamedAttr("gamma", b.getF32FloatAttr(1.5f)));
                    return node(b, loc, type, v[0], v[0].getType(), attributes);
                  }};
    });
  }
}

TEST_F(NodeGradients, ShrinkWithBias) {
  checkAll(2, [](Random &r) {
    return Case{{randomShape(r, 2)}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Shrink", v[0], v[0].getType(),
                              {b.getNamedAttr("bias", b.getF32FloatAttr(0.25f)),
                               b.getNamedAttr("lambd", b.getF32FloatAttr(0.75f))});
                }};
  });
}

TEST_F(NodeGradients, GeluByTanh) {
  checkAll(2, [](Random &r) {
    return Case{{randomShape(r, 2)}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  NamedAttribute tanh = b.getNamedAttr("approximate", b.getStringAttr("tanh"));
                  return node(b, loc, "Gelu", v[0], v[0].getType(), tanh);
                }};
  });
}

/// Constant exponents of bases of both signs, and exponents that are computed.
TEST_F(NodeGradients, Pow) {
  for (double exponent : {1.0, 2.0, 3.0, -2.0})
    checkAll(1, [=](Random &r) {
      return Case{{randomShape(r, 2)},
                  [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return node(b, loc, "Pow", {v[0], constant(b, loc, exponent)}, v[0].getType());
                  },
                  exponent < 0 ? 1.0 : -2.0,
                  2};
    });
  checkAll(3, [](Random &r) {
    Shape shape = randomShape(r, r.integer(1, 3)), other = broadcastable(r, shape);
    return Case{{shape, other},
                [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Pow", {v[0], v[1]}, v[0].getType());
                },
                0.75,
                2};
  });
}

/// Powers of 0 and exponents of 0 had NaN as gradients: 0 times what is infinite.
TEST_F(NodeGradients, PowAtZero) {
  Case power{{{4}, {4}}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
               return node(b, loc, "Pow", v, v[0].getType());
             }};
  Tensors gradients = gradientsAt(power, {{0, 0, -3, 0}, {2, 1, 0, 0}, {1, 1, 1, 1}});
  EXPECT_EQ(gradients[0], (Doubles{0, 1, 0, 0}));
  EXPECT_EQ(gradients[1][0], 0);
  EXPECT_EQ(gradients[1][1], 0);
  EXPECT_EQ(gradients[1][3], 0);
}

/// An exponent's gradient had the base's type.
TEST_F(NodeGradients, PowWithExponentsOfAnotherType) {
  auto power = [](bool narrow) {
    return Case{{{2}, {2}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  Value exponents = v[1];
                  if (narrow)
                    exponents = node(b, loc, "CastLike", {exponents, narrowConstant(b, loc)},
                                     RankedTensorType::get({2}, b.getF32Type()));
                  return node(b, loc, "Pow", {v[0], exponents}, v[0].getType());
                }};
  };
  const Tensors point = {{2, 0.75}, {3, 0.5}, {1, -2}};
  Tensors wide = gradientsAt(power(false), point), narrow = gradientsAt(power(true), point);
  EXPECT_EQ(narrow[0], wide[0]);
  for (double &value : wide[1])
    value = static_cast<float>(value);
  EXPECT_EQ(narrow[1], wide[1]);
}

/// Integers that stand for exponents were converted by an op that has no form in ONNX.
TEST_F(NodeGradients, PowWithIntegersAsExponents) {
  checkAll(1, [](Random &r) {
    return Case{{randomShape(r, 2)}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Pow", {v[0], integers(b, loc, {3}, {})}, v[0].getType());
                }};
  });
}

TEST_F(NodeGradients, FirstOfEqualOperandsGetsAll) {
  for (const char *type : {"Max", "Min"}) {
    SCOPED_TRACE(type);
    Case extreme{{{2}, {2}, {2}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                   return node(b, loc, type, v, v[0].getType());
                 }};
    Tensors gradients = gradientsAt(extreme, {{1, 1}, {1, 1}, {1, 1}, {3, -5}});
    EXPECT_EQ(gradients, (Tensors{{3, -5}, {0, 0}, {0, 0}}));
  }
}

TEST_F(NodeGradients, SeveralOperands) {
  for (const char *type : {"Max", "Min", "Mean"}) {
    SCOPED_TRACE(type);
    checkAll(3, [=](Random &r) {
      Shape shape = randomShape(r, r.integer(1, 3));
      std::vector<Shape> operands = {shape, broadcastable(r, shape), broadcastable(r, shape)};
      return Case{operands, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return node(b, loc, type, v, v[0].getType());
                  }};
    });
  }
}

TEST_F(NodeGradients, PReluWithSlopes) {
  checkAll(3, [](Random &r) {
    Shape shape = randomShape(r, r.integer(1, 3)), slopes = broadcastable(r, shape);
    return Case{{shape, slopes}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "PRelu", {v[0], v[1]}, v[0].getType());
                }};
  });
}

TEST_F(NodeGradients, Reductions) {
  for (const char *type : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMin",
                           "ReduceSumSquare"}) {
    SCOPED_TRACE(type);
    for (bool keep : {false, true})
      checkAll(2, [=](Random &r) {
        Shape input = randomShape(r, 3);
        const int64_t axis = r.integer(0, 2);
        Shape shape = input;
        if (keep)
          shape[axis] = 1;
        else
          shape.erase(shape.begin() + axis);
        return Case{{input},
                    [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return node(b, loc, type, {v[0], integers(b, loc, {axis - 3})},
                                  resultType(b, shape), integer(b, "keepdims", keep));
                    },
                    0.5,
                    2};
      });
  }
}

/// Of several axes, which do not stand together, and of all: the extremes had one axis alone.
TEST_F(NodeGradients, ReductionsOfSeveralAxes) {
  for (const char *type : {"ReduceL1", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMin"})
    for (const Shape &axes : {Shape{0, 2}, Shape{2, -2}, Shape{0, 1, 2}}) {
      SCOPED_TRACE(type);
      checkAll(1, [=](Random &r) {
        Shape input = {2, 3, 2}, shape = input;
        const bool keep = r.coin();
        for (int64_t axis : axes)
          shape[axis < 0 ? axis + 3 : axis] = keep;
        if (!keep)
          shape.erase(std::remove(shape.begin(), shape.end(), 0), shape.end());
        return Case{{input},
                    [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return node(b, loc, type, {v[0], integers(b, loc, axes)},
                                  resultType(b, shape), integer(b, "keepdims", keep));
                    },
                    0.5,
                    2};
      });
    }
}

/// A row of zeros, which a norm leaves as it is, had NaN as gradient; it has 0, and the others what
/// they have alone.
TEST_F(NodeGradients, NormsOfZeros) {
  auto norm = [](StringRef type, int64_t p, int64_t rows) {
    return Case{{{rows, 2}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  if (type == "LpNormalization")
                    return node(b, loc, type, v[0], v[0].getType(),
                                {integer(b, "axis", 1), integer(b, "p", p)});
                  return node(b, loc, type, {v[0], integers(b, loc, {1})}, resultType(b, {rows, 1}),
                              integer(b, "keepdims", 1));
                }};
  };
  for (auto [type, p] : {std::pair("LpNormalization", 1), std::pair("LpNormalization", 2),
                         std::pair("ReduceL2", 2)}) {
    SCOPED_TRACE(std::string(type) + " " + std::to_string(p));
    const bool reduced = StringRef(type) == "ReduceL2";
    Tensors all = gradientsAt(norm(type, p, 2),
                              {{0, 0, 3, -4}, reduced ? Doubles{2, 5} : Doubles{1, 2, 5, 7}});
    Tensors alone = gradientsAt(norm(type, p, 1), {{3, -4}, reduced ? Doubles{5} : Doubles{5, 7}});
    EXPECT_NE(alone[0], (Doubles{0, 0}));
    EXPECT_EQ(all[0], (Doubles{0, 0, alone[0][0], alone[0][1]}));
  }
}

TEST_F(NodeGradients, SoftmaxAndNormsAlongAxes) {
  for (const char *type : {"LogSoftmax", "LpNormalization", "CumSum"}) {
    SCOPED_TRACE(type);
    checkAll(3, [=](Random &r) {
      Shape input = randomShape(r, r.integer(1, 3));
      const int64_t rank = static_cast<int64_t>(input.size()), axis = r.integer(-rank, rank - 1);
      const bool coin = r.coin(), exclusive = r.coin();
      return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    if (StringRef(type) == "CumSum")
                      return node(
                          b, loc, type, {v[0], integers(b, loc, {axis}, {})}, v[0].getType(),
                          {integer(b, "exclusive", exclusive), integer(b, "reverse", coin)});
                    SmallVector<NamedAttribute> attributes = {integer(b, "axis", axis)};
                    if (StringRef(type) == "LpNormalization")
                      attributes.push_back(integer(b, "p", coin ? 1 : 2));
                    return node(b, loc, type, v[0], v[0].getType(), attributes);
                  }};
    });
  }
}

/// A Slice before opset 10, whose lists are attributes, was refused as if they were computed.
TEST_F(NodeGradients, SliceByAttributes) {
  opsets["Slice"] = 9;
  checkAll(2, [](Random &r) {
    Shape input = {r.integer(2, 4), r.integer(3, 5)};
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Slice", v[0], resultType(b, {input[0], input[1] - 2}),
                              {b.getNamedAttr("axes", b.getDenseI64ArrayAttr({-1})),
                               b.getNamedAttr("starts", b.getDenseI64ArrayAttr({1})),
                               b.getNamedAttr("ends", b.getDenseI64ArrayAttr({-1}))});
                }};
  });
}

/// Bounds beyond the range: front to back from before the first, back to front from behind the
/// last.
TEST_F(NodeGradients, SliceBeyondTheRange) {
  checkAll(2, [](Random &r) {
    Shape input = {r.integer(2, 4), r.integer(2, 5)};
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Slice",
                              {v[0], integers(b, loc, {-1000, 1000}),
                               integers(b, loc, {1000, -1000}), integers(b, loc, {0, 1}),
                               integers(b, loc, {1, -1})},
                              v[0].getType());
                }};
  });
}

TEST_F(NodeGradients, InstanceNormalization) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(3, 4), 3);
    return Case{{input, {input[1]}, {input[1]}},
                [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "InstanceNormalization", v, v[0].getType(),
                              b.getNamedAttr("epsilon", b.getF32FloatAttr(0.125f)));
                }};
  });
}

/// Slices that are read twice, or never, and indices that count from the end.
TEST_F(NodeGradients, Gather) {
  checkAll(4, [](Random &r) {
    Shape input = randomShape(r, 3), places = randomShape(r, r.integer(0, 2), 3);
    const int64_t axis = r.integer(0, 2);
    int64_t count = 1;
    for (int64_t size : places)
      count *= size;
    Shape list;
    for (int64_t i = 0; i < count; ++i)
      list.push_back(r.integer(-input[axis], input[axis] - 1));
    Shape shape(input.begin(), input.begin() + axis);
    shape.insert(shape.end(), places.begin(), places.end());
    shape.insert(shape.end(), input.begin() + axis + 1, input.end());
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Gather", {v[0], integers(b, loc, list, places)},
                              resultType(b, shape), integer(b, "axis", axis));
                }};
  });
}

TEST_F(NodeGradients, SliceWithSteps) {
  checkAll(4, [](Random &r) {
    Shape input = {r.integer(2, 5), r.integer(2, 5)}, shape = input;
    const int64_t step = r.integer(1, 2);
    shape[1] = (input[1] + step - 1) / step; // from the end to the front
    shape[0] = (input[0] - 1 + 1) / 2;       // from 1 in steps of 2
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Slice",
                              {v[0], integers(b, loc, {-1, 1}), integers(b, loc, {-1000, 1000}),
                               integers(b, loc, {-1, 0}), integers(b, loc, {-step, 2})},
                              resultType(b, shape));
                }};
  });
}

TEST_F(NodeGradients, Tile) {
  checkAll(3, [](Random &r) {
    Shape input = randomShape(r, r.integer(1, 3)), times, shape;
    for (int64_t size : input) {
      times.push_back(r.integer(1, 3));
      shape.push_back(size * times.back());
    }
    return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return node(b, loc, "Tile", {v[0], integers(b, loc, times)},
                              resultType(b, shape));
                }};
  });
}

/// By sizes and by scales, in each mode.
TEST_F(NodeGradients, Resize) {
  for (const char *mode : {"nearest", "linear", "cubic"})
    for (bool byScale : {false, true}) {
      SCOPED_TRACE(mode);
      checkAll(2, [=](Random &r) {
        Shape input = {1, 2, r.integer(2, 4), r.integer(2, 4)}, shape = input;
        shape[2] = 2 * input[2];
        shape[3] = byScale ? input[3] / 2 : r.integer(1, 6);
        const bool corners = r.coin();
        return Case{{input}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      auto list = RankedTensorType::get({4}, b.getF32Type());
                      Value none = onnx::NoneOp::create(b, loc);
                      SmallVector<Value> operands = {v[0], none};
                      if (byScale)
                        operands.push_back(
                            nn::ConstantOp::create(b, loc, list,
                                                   cast<ElementsAttr>(DenseElementsAttr::get(
                                                       list, ArrayRef({1.0f, 1.0f, 2.0f, 0.5f})))));
                      else
                        operands.append({none, integers(b, loc, shape)});
                      return node(b, loc, "Resize", operands, resultType(b, shape),
                                  {b.getNamedAttr("mode", b.getStringAttr(mode)),
                                   b.getNamedAttr(
                                       "coordinate_transformation_mode",
                                       b.getStringAttr(corners ? "align_corners" : "half_pixel"))});
                    }};
      });
    }
}

/// One Resize by scales with its attributes; sizes that are there but empty, which counted as
/// sizes.
Value resizeByScales(OpBuilder &b, Location loc, Value x, const Shape &shape,
                     const std::vector<float> &scales, ArrayRef<NamedAttribute> attributes,
                     bool emptySizes = false) {
  auto list = RankedTensorType::get({static_cast<int64_t>(scales.size())}, b.getF32Type());
  SmallVector<Value> operands = {
      x, onnx::NoneOp::create(b, loc),
      nn::ConstantOp::create(b, loc, list,
                             cast<ElementsAttr>(DenseElementsAttr::get(list, ArrayRef(scales))))};
  if (emptySizes)
    operands.push_back(integers(b, loc, {}));
  return node(b, loc, "Resize", operands, resultType(b, shape), attributes);
}

/// 1.3 times 4 elements are 5 and 1.2 times 4 are 4, whose sizes say other scales. Empty sizes
/// counted as sizes.
TEST_F(NodeGradients, ResizeByUnevenScales) {
  for (bool emptySizes : {false, true}) {
    SCOPED_TRACE(emptySizes ? "sizes are empty" : "no sizes");
    checkAll(1, [=](Random &) {
      return Case{{{1, 2, 4, 4}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return resizeByScales(b, loc, v[0], {1, 2, 5, 4}, {1.0f, 1.0f, 1.3f, 1.2f},
                                          b.getNamedAttr("mode", b.getStringAttr("linear")),
                                          emptySizes);
                  }};
    });
  }
}

TEST_F(NodeGradients, ResizeByCoordinates) {
  for (const char *coordinates : {"asymmetric", "pytorch_half_pixel"}) {
    SCOPED_TRACE(coordinates);
    checkAll(1, [=](Random &) {
      return Case{{{1, 1, 3, 4}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return resizeByScales(b, loc, v[0], {1, 1, 6, 2}, {1.0f, 1.0f, 2.0f, 0.5f},
                                          {b.getNamedAttr("coordinate_transformation_mode",
                                                          b.getStringAttr(coordinates)),
                                           b.getNamedAttr("mode", b.getStringAttr("linear"))});
                  }};
    });
  }
}

/// Scales of some axes, named from either end.
TEST_F(NodeGradients, ResizeAlongNamedAxes) {
  opsets["Resize"] = 18;
  checkAll(1, [](Random &) {
    return Case{{{2, 3, 4}}, [=](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return resizeByScales(b, loc, v[0], {4, 3, 2}, {0.5f, 2.0f},
                                        {b.getNamedAttr("axes", b.getDenseI64ArrayAttr({-1, 0})),
                                         b.getNamedAttr("mode", b.getStringAttr("linear"))});
                }};
  });
}

} // namespace
