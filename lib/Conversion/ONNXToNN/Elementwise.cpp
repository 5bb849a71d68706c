//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops: arithmetic with broadcasting, and unary functions.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

template <typename OpTy> static Result convertBinary(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 2)))
    return failure();
  Result lhs = node.floats(0), rhs = node.floats(1);
  if (failed(lhs) || failed(rhs))
    return failure();
  return node.create<OpTy>({*lhs, *rhs});
}

/// Left to right, as the reference evaluates it.
static Result convertSum(NodeConverter &node) {
  Result sum = node.floats(0);
  for (unsigned i = 1; i < node.reader.node().getInputs().size() && succeeded(sum); ++i) {
    Result next = node.floats(i);
    if (failed(next))
      return failure();
    sum = node.create<nn::AddOp>({*sum, *next});
  }
  return sum;
}

template <typename OpTy> static Result convertUnary(NodeConverter &node) {
  if (failed(node.reader.expectInputs(1, 1)))
    return failure();
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  return node.create<OpTy>(*input);
}

static Result convertLeakyRelu(NodeConverter &node) {
  Result input = node.floats(0);
  FailureOr<float> alpha = node.reader.floatAttr("alpha", 0.01f);
  if (failed(input) || failed(alpha))
    return failure();
  return node.create<nn::LeakyReluOp>(*input, {{"alpha", node.real(*alpha)}});
}

/// One slope for all channels: a LeakyRelu.
static Result convertPRelu(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 2)))
    return failure();
  Result input = node.floats(0), slope = node.floats(1);
  if (failed(input) || failed(slope))
    return failure();
  if (shapeOf(*slope).size() > shapeOf(*input).size())
    return node.reader.refuse(Refusal::Shape,
                              "expected slopes of at most the input's rank, but found rank " +
                                  Twine(shapeOf(*slope).size()));
  FailureOr<std::optional<float>> alpha = node.constantFloat(1);
  if (failed(alpha))
    return failure();
  return node.create<nn::LeakyReluOp>(*input, {{"alpha", node.real(**alpha)}});
}

static Result convertHardSigmoid(NodeConverter &node) {
  Result input = node.floats(0);
  FailureOr<float> alpha = node.reader.floatAttr("alpha", 0.2f);
  FailureOr<float> beta = node.reader.floatAttr("beta", 0.5f);
  if (failed(input) || failed(alpha) || failed(beta))
    return failure();
  return node.create<nn::HardSigmoidOp>(*input,
                                        {{"alpha", node.real(*alpha)}, {"beta", node.real(*beta)}});
}

//===----------------------------------------------------------------------===//
// Clip
//===----------------------------------------------------------------------===//

static Result createClip(NodeConverter &node, float lo, float hi) {
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  if (std::isnan(lo) || std::isnan(hi))
    return node.reader.refuse(Refusal::AttributeValue,
                              "expected bounds that are numbers, but found a NaN");
  return node.create<nn::ClipOp>(*input, {{"lo", node.real(lo)}, {"hi", node.real(hi)}});
}

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Bounds as attributes.
static Result convertClip6(NodeConverter &node) {
  FailureOr<float> lo = node.reader.floatAttr("min", -infinity);
  FailureOr<float> hi = node.reader.floatAttr("max", infinity);
  if (failed(lo) || failed(hi))
    return failure();
  return createClip(node, *lo, *hi);
}

/// Bounds as optional operands.
static Result convertClip11(NodeConverter &node) {
  if (failed(node.reader.expectInputs(1, 3)))
    return failure();
  FailureOr<std::optional<float>> lo = node.constantFloat(1), hi = node.constantFloat(2);
  if (failed(lo) || failed(hi))
    return failure();
  return createClip(node, lo->value_or(-infinity), hi->value_or(infinity));
}

static Result convertGelu(NodeConverter &node) {
  FailureOr<std::string> approximate = node.reader.stringAttr("approximate", "none");
  if (failed(approximate))
    return failure();
  if (*approximate != "none")
    return node.reader.refuse(Refusal::AttributeValue,
                              "expected approximate 'none', but found '" + *approximate + "'");
  return convertUnary<nn::GeluOp>(node);
}

ArrayRef<HandlerRow> quantc::onnx::elementwiseRows() {
  static const HandlerRow rows[] = {
      {"Abs", 7, newestOpset, convertUnary<nn::AbsOp>},
      {"Add", 7, newestOpset, convertBinary<nn::AddOp>},
      {"Clip", 7, 10, convertClip6},
      {"Clip", 11, newestOpset, convertClip11},
      {"Div", 7, newestOpset, convertBinary<nn::DivOp>},
      {"Erf", 9, newestOpset, convertUnary<nn::ErfOp>},
      {"Exp", 7, newestOpset, convertUnary<nn::ExpOp>},
      {"Gelu", 20, newestOpset, convertGelu},
      {"HardSigmoid", 7, newestOpset, convertHardSigmoid},
      {"HardSwish", 14, newestOpset, convertUnary<nn::HardSwishOp>},
      {"LeakyRelu", 7, newestOpset, convertLeakyRelu},
      {"Mul", 7, newestOpset, convertBinary<nn::MulOp>},
      {"Neg", 7, newestOpset, convertUnary<nn::NegOp>},
      {"PRelu", 7, newestOpset, convertPRelu},
      {"Reciprocal", 7, newestOpset, convertUnary<nn::ReciprocalOp>},
      {"Relu", 7, newestOpset, convertUnary<nn::ReluOp>},
      {"Sigmoid", 7, newestOpset, convertUnary<nn::SigmoidOp>},
      {"Sqrt", 7, newestOpset, convertUnary<nn::SqrtOp>},
      {"Sub", 7, newestOpset, convertBinary<nn::SubOp>},
      {"Sum", 7, newestOpset, convertSum},
      {"Tanh", 7, newestOpset, convertUnary<nn::TanhOp>},
  };
  return rows;
}
