//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes that compute functions of elements (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// Of a node of one operand: `fn` returns the derivative of each element, from x and y.
template <Value (*fn)(onnx::NodeOp, Emitter &, Value, Value)>
static LogicalResult pullFunction(onnx::NodeOp op, Pullback &p) {
  p.gradients[0] = p.e.mul(p.cotangent, fn(op, p.e, op->getOperand(0), op->getResult(0)));
  return success();
}

/// `right` where x > 0, else `left`.
static Value choose(Emitter &e, Value x, Value right, Value left) {
  Value step = e.step(x);
  return e.add(e.mul(step, right), e.mul(e.offset(e.unary<NegOp>(step), 1.0), left));
}

static Value log(onnx::NodeOp, Emitter &e, Value x, Value) { return e.unary<ReciprocalOp>(x); }

/// scale (exp(x) - 1) alpha, and scale x on the right: the left side's slope is y + scale alpha.
static Value exponential(Emitter &e, Value x, Value y, double scale, double alpha) {
  return choose(e, x, e.number(x, scale), e.offset(y, scale * alpha));
}
static Value elu(onnx::NodeOp op, Emitter &e, Value x, Value y) {
  return exponential(e, x, y, 1.0, op.getFloat("alpha").value_or(1.0f));
}
static Value selu(onnx::NodeOp op, Emitter &e, Value x, Value y) {
  return exponential(e, x, y, op.getFloat("gamma").value_or(1.05070102214813232421875f),
                     op.getFloat("alpha").value_or(1.67326319217681884765625f));
}
static Value thresholdedRelu(onnx::NodeOp op, Emitter &e, Value x, Value) {
  return e.step(e.offset(x, -double(op.getFloat("alpha").value_or(1.0f))));
}
static Value celu(onnx::NodeOp op, Emitter &e, Value x, Value y) {
  const double alpha = op.getFloat("alpha").value_or(1.0f);
  return choose(e, x, e.number(x, 1.0), e.offset(e.scale(y, 1.0 / alpha), 1.0));
}
/// 1 outside of [-lambd, lambd], 0 inside.
static Value shrink(onnx::NodeOp op, Emitter &e, Value x, Value) {
  return e.step(e.offset(e.unary<AbsOp>(x), -double(op.getFloat("lambd").value_or(0.5f))));
}
/// x s with s = sigmoid(alpha x): s + alpha y (1 - s).
static Value swish(onnx::NodeOp op, Emitter &e, Value x, Value y) {
  const double alpha = op.getFloat("alpha").value_or(1.0f);
  Value s = e.unary<SigmoidOp>(e.scale(x, alpha));
  return e.add(s, e.scale(e.mul(y, e.offset(e.unary<NegOp>(s), 1.0)), alpha));
}
static Value softplus(onnx::NodeOp, Emitter &e, Value x, Value) { return e.unary<SigmoidOp>(x); }
static Value softsign(onnx::NodeOp, Emitter &e, Value x, Value) {
  Value r = e.unary<ReciprocalOp>(e.offset(e.unary<AbsOp>(x), 1.0));
  return e.mul(r, r);
}

static Value oneMinusSquare(Emitter &e, Value t) {
  return e.offset(e.unary<NegOp>(e.mul(t, t)), 1.0);
}

/// x tanh(softplus(x)).
static Value mish(onnx::NodeOp, Emitter &e, Value x, Value) {
  Value t = e.unary<TanhOp>(e.node("Softplus", {x}, x.getType()).front());
  return e.add(t, e.mul(e.mul(x, oneMinusSquare(e, t)), e.unary<SigmoidOp>(x)));
}

/// x / 2 (1 + tanh(u)) with u = k (x + c x^3).
static Value geluByTanh(Emitter &e, Value x) {
  const double k = std::sqrt(2.0 / M_PI), c = 0.044715;
  Value square = e.mul(x, x);
  Value t = e.unary<TanhOp>(e.scale(e.mul(x, e.offset(e.scale(square, c), 1.0)), k));
  Value inner = e.scale(e.offset(e.scale(square, 3.0 * c), 1.0), k);
  Value left = e.offset(t, 1.0), right = e.mul(e.mul(x, oneMinusSquare(e, t)), inner);
  return e.scale(e.add(left, right), 0.5);
}
static LogicalResult pullGelu(onnx::NodeOp op, Pullback &p) {
  if (op.getString("approximate").value_or("none") != "tanh")
    return refuse(op, "the approximation tanh");
  p.gradients[0] = p.e.mul(p.cotangent, geluByTanh(p.e, op->getOperand(0)));
  return success();
}

static Value sine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return e.node("Cos", {x}, x.getType()).front();
}
static Value cosine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return e.unary<NegOp>(e.node("Sin", {x}, x.getType()).front());
}

static Value tangent(onnx::NodeOp, Emitter &e, Value, Value y) {
  return e.offset(e.mul(y, y), 1.0);
}
static Value hyperbolicSine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return e.node("Cosh", {x}, x.getType()).front();
}
static Value hyperbolicCosine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return e.node("Sinh", {x}, x.getType()).front();
}

/// 1 / (add + factor x^2), or the root of it.
static Value inverse(Emitter &e, Value x, double factor, double add, bool root) {
  Value sum = e.offset(e.scale(e.mul(x, x), factor), add);
  return e.unary<ReciprocalOp>(root ? e.unary<SqrtOp>(sum) : sum);
}
static Value arcSine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return inverse(e, x, -1.0, 1.0, /*root=*/true);
}
static Value arcCosine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return e.unary<NegOp>(inverse(e, x, -1.0, 1.0, /*root=*/true));
}
static Value arcTangent(onnx::NodeOp, Emitter &e, Value x, Value) {
  return inverse(e, x, 1.0, 1.0, /*root=*/false);
}
static Value areaSine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return inverse(e, x, 1.0, 1.0, /*root=*/true);
}
static Value areaCosine(onnx::NodeOp, Emitter &e, Value x, Value) {
  return inverse(e, x, 1.0, -1.0, /*root=*/true);
}
static Value areaTangent(onnx::NodeOp, Emitter &e, Value x, Value) {
  return inverse(e, x, -1.0, 1.0, /*root=*/false);
}

//===----------------------------------------------------------------------===//
// Several operands
//===----------------------------------------------------------------------===//

/// d(x^c) = c x^(c - 1) dx + x^c log(x) dc; 0 dx where c is 0, and 0 dc where x is 0.
static LogicalResult pullPow(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), c = op->getOperand(1);
  auto isNotZero = [&](Value v) { return e.step(e.unary<AbsOp>(v)); };
  if (p.wants(1)) {
    Value zero = e.offset(e.unary<NegOp>(isNotZero(x)), 1.0);
    Value log = e.node("Log", {e.add(x, zero)}, x.getType()).front();
    Value sum = e.sumTo(e.mul(e.mul(p.cotangent, op->getResult(0)), log), shapeOf(c));
    if (sum.getType() != c.getType())
      sum = e.node("CastLike", {sum, c}, c.getType()).front();
    p.gradients[1] = sum;
  }
  if (!p.wants(0))
    return success();
  if (auto type = tensorType(x).clone(shapeOf(c)); type != c.getType())
    c = e.node("CastLike", {c, x}, type).front();
  // The exponent c - 1, but 0 where c is: c times a power of it is 0 for x = 0, too.
  Value power = e.node("Pow", {x, e.sub(c, isNotZero(c))}, p.cotangent.getType()).front();
  p.gradients[0] = e.sumTo(e.mul(e.mul(p.cotangent, power), c), shapeOf(x));
  return success();
}

/// Max and Min: the first of equal operands gets all.
static LogicalResult pullExtreme(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value rest = p.cotangent, zero = e.number(rest, 0.0);
  Type mask = tensorType(rest).clone(e.builder.getI1Type());
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    Value chosen = e.node("Equal", {op->getOperand(i), op->getResult(0)}, mask).front();
    if (p.wants(i))
      p.gradients[i] = e.sumTo(e.where(chosen, rest, zero), shapeOf(op->getOperand(i)));
    rest = e.where(chosen, zero, rest);
  }
  return success();
}

static LogicalResult pullMean(onnx::NodeOp op, Pullback &p) {
  Value share = p.e.scale(p.cotangent, 1.0 / op->getNumOperands());
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    if (p.wants(i))
      p.gradients[i] = p.e.sumTo(share, shapeOf(op->getOperand(i)));
  return success();
}

static LogicalResult pullPRelu(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), slope = op->getOperand(1), positive = e.step(x);
  Value right = e.mul(p.cotangent, positive), left = e.sub(p.cotangent, right);
  if (p.wants(0))
    p.gradients[0] = e.add(right, e.mul(left, slope));
  if (p.wants(1))
    p.gradients[1] = e.sumTo(e.mul(left, x), shapeOf(slope));
  return success();
}

const Row *quantc::nn::functionRow(StringRef type) {
  static const llvm::StringMap<Row> rows = {
      {"Acos", {pullFunction<arcCosine>, 0b1}},
      {"Acosh", {pullFunction<areaCosine>, 0b1}},
      {"Asin", {pullFunction<arcSine>, 0b1}},
      {"Asinh", {pullFunction<areaSine>, 0b1}},
      {"Atan", {pullFunction<arcTangent>, 0b1}},
      {"Atanh", {pullFunction<areaTangent>, 0b1}},
      {"Celu", {pullFunction<celu>, 0b1}},
      {"Cos", {pullFunction<cosine>, 0b1}},
      {"Cosh", {pullFunction<hyperbolicCosine>, 0b1}},
      {"Elu", {pullFunction<elu>, 0b1}},
      {"Gelu", {pullGelu, 0b1}},
      {"Log", {pullFunction<log>, 0b1}},
      {"Max", {pullExtreme, ~0u}},
      {"Mean", {pullMean, ~0u}},
      {"Min", {pullExtreme, ~0u}},
      {"Mish", {pullFunction<mish>, 0b1}},
      {"PRelu", {pullPRelu, 0b11}},
      {"Pow", {pullPow, 0b11}},
      {"Selu", {pullFunction<selu>, 0b1}},
      {"Shrink", {pullFunction<shrink>, 0b1}},
      {"Sin", {pullFunction<sine>, 0b1}},
      {"Sinh", {pullFunction<hyperbolicSine>, 0b1}},
      {"Softplus", {pullFunction<softplus>, 0b1}},
      {"Softsign", {pullFunction<softsign>, 0b1}},
      {"Swish", {pullFunction<swish>, 0b1}},
      {"Tan", {pullFunction<tangent>, 0b1}},
      {"ThresholdedRelu", {pullFunction<thresholdedRelu>, 0b1}},
  };
  auto row = rows.find(type);
  return row == rows.end() ? nullptr : &row->second;
}
