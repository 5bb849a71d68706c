//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that compute each element of the result from one element of each operand.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

using Unary = Scalar (*)(Scalar);
using Binary = Scalar (*)(Scalar, Scalar);

/// The result has the operand's type.
template <Unary fn> static LogicalResult unary(NodeLowering &n) {
  Tensor in = n.in(0);
  if (!in)
    return n.refuse(Refusal::Operand, "expected an input");
  mapUnary(n.e, in, n.result(0, in.dims(), in.type()), fn);
  return success();
}

template <Unary fn> static LogicalResult condition(NodeLowering &n) {
  Tensor in = n.in(0);
  mapUnary(n.e, in, n.result(0, in.dims(), DType::Bool), fn);
  return success();
}

static LogicalResult combine(NodeLowering &n, DType type, Binary fn) {
  SmallVector<Tensor> operands = n.inputs();
  if (operands.empty())
    return n.refuse(Refusal::Operand, "expected an input");
  SmallVector<IndexRef> shapes;
  for (const Tensor &operand : operands)
    shapes.push_back(operand.dims());
  Tensor out = n.result(0, broadcast(n.e, shapes), type);
  mapBroadcast(n.e, operands, out, [&](ArrayRef<Scalar> elements) {
    Scalar value = elements.front();
    for (const Scalar &element : elements.drop_front())
      value = fn(value, element);
    return value;
  });
  return success();
}

template <Binary fn> static LogicalResult binary(NodeLowering &n) {
  return combine(n, n.in(0).type(), fn);
}
template <Binary fn> static LogicalResult compare(NodeLowering &n) {
  return combine(n, DType::Bool, fn);
}

static Scalar add(Scalar a, Scalar b) { return a + b; }
static Scalar sub(Scalar a, Scalar b) { return a - b; }
static Scalar mul(Scalar a, Scalar b) { return a * b; }
static Scalar div(Scalar a, Scalar b) { return a / b; }
static Scalar least(Scalar a, Scalar b) { return min(a, b); }
static Scalar greatest(Scalar a, Scalar b) { return max(a, b); }
static Scalar bitAnd(Scalar a, Scalar b) { return a & b; }
static Scalar bitOr(Scalar a, Scalar b) { return a | b; }
static Scalar bitXor(Scalar a, Scalar b) { return a ^ b; }
static Scalar less(Scalar a, Scalar b) { return a < b; }
static Scalar lessEqual(Scalar a, Scalar b) { return a <= b; }
static Scalar greater(Scalar a, Scalar b) { return a > b; }
static Scalar greaterEqual(Scalar a, Scalar b) { return a >= b; }
static Scalar equal(Scalar a, Scalar b) { return a == b; }

#define QUANTC_MATH(NAME)                                                                          \
  static Scalar NAME##Of(Scalar x) { return math(#NAME, x); }
QUANTC_MATH(exp)
QUANTC_MATH(log)
QUANTC_MATH(sqrt)
QUANTC_MATH(sin)
QUANTC_MATH(cos)
QUANTC_MATH(tan)
QUANTC_MATH(asin)
QUANTC_MATH(acos)
QUANTC_MATH(atan)
QUANTC_MATH(sinh)
QUANTC_MATH(cosh)
QUANTC_MATH(asinh)
QUANTC_MATH(acosh)
QUANTC_MATH(atanh)
QUANTC_MATH(tanh)
QUANTC_MATH(sigmoid)
QUANTC_MATH(erf)
#undef QUANTC_MATH

/// Rounding: integers stay.
template <char kind> static Scalar rounded(Scalar x) {
  if (!isFloat(x.kind))
    return x;
  return math(kind == 'f' ? "floor" : kind == 'c' ? "ceil" : "roundEven", x);
}
static Scalar negate(Scalar x) { return -x; }
static Scalar complement(Scalar x) { return !x; }
static Scalar reciprocal(Scalar x) { return number(1, x) / x; }
static Scalar relu(Scalar x) { return max(x, number(0, x)); }
static Scalar sign(Scalar x) {
  Scalar zero = number(0, x);
  Scalar negative = x.kind == Compute::U64 ? zero : select(x < zero, number(-1, x), zero);
  return select(x > zero, number(1, x), isFloat(x.kind) ? select(x != x, x, negative) : negative);
}
static Scalar softplus(Scalar x) {
  return max(x, number(0, x)) + math("log1p", math("exp", -abs(x)));
}
static Scalar softsign(Scalar x) { return x / (abs(x) + 1.0); }
static Scalar mish(Scalar x) { return x * math("tanh", softplus(x)); }

static const LoweringRow rows[] = {
    {"Abs", 7, latestOpset, unary<abs>},
    {"Acos", 7, latestOpset, unary<acosOf>},
    {"Acosh", 9, latestOpset, unary<acoshOf>},
    {"Add", 7, latestOpset, binary<add>},
    {"And", 7, latestOpset, binary<bitAnd>},
    {"Asin", 7, latestOpset, unary<asinOf>},
    {"Asinh", 9, latestOpset, unary<asinhOf>},
    {"Atan", 7, latestOpset, unary<atanOf>},
    {"Atanh", 9, latestOpset, unary<atanhOf>},
    {"BitwiseAnd", 18, latestOpset, binary<bitAnd>},
    {"BitwiseNot", 18, latestOpset, unary<complement>},
    {"BitwiseOr", 18, latestOpset, binary<bitOr>},
    {"BitwiseXor", 18, latestOpset, binary<bitXor>},
    {"Ceil", 7, latestOpset, unary<rounded<'c'>>},
    {"Cos", 7, latestOpset, unary<cosOf>},
    {"Cosh", 9, latestOpset, unary<coshOf>},
    {"Div", 7, latestOpset, binary<div>},
    {"Equal", 7, latestOpset, compare<equal>},
    {"Erf", 9, latestOpset, unary<erfOf>},
    {"Exp", 7, latestOpset, unary<expOf>},
    {"Floor", 7, latestOpset, unary<rounded<'f'>>},
    {"Greater", 7, latestOpset, compare<greater>},
    {"GreaterOrEqual", 12, latestOpset, compare<greaterEqual>},
    {"IsNaN", 9, latestOpset, condition<isNaN>},
    {"Less", 7, latestOpset, compare<less>},
    {"LessOrEqual", 12, latestOpset, compare<lessEqual>},
    {"Log", 7, latestOpset, unary<logOf>},
    {"Max", 8, latestOpset, binary<greatest>},
    {"Min", 8, latestOpset, binary<least>},
    {"Mish", 18, latestOpset, unary<mish>},
    {"Mul", 7, latestOpset, binary<mul>},
    {"Neg", 7, latestOpset, unary<negate>},
    {"Not", 7, latestOpset, unary<complement>},
    {"Or", 7, latestOpset, binary<bitOr>},
    {"Reciprocal", 7, latestOpset, unary<reciprocal>},
    {"Relu", 7, latestOpset, unary<relu>},
    {"Round", 11, latestOpset, unary<rounded<'r'>>},
    {"Sigmoid", 7, latestOpset, unary<sigmoidOf>},
    {"Sign", 9, latestOpset, unary<sign>},
    {"Sin", 7, latestOpset, unary<sinOf>},
    {"Sinh", 9, latestOpset, unary<sinhOf>},
    {"Softplus", 7, latestOpset, unary<softplus>},
    {"Softsign", 7, latestOpset, unary<softsign>},
    {"Sqrt", 7, latestOpset, unary<sqrtOf>},
    {"Sub", 7, latestOpset, binary<sub>},
    {"Sum", 8, latestOpset, binary<add>},
    {"Tan", 7, latestOpset, unary<tanOf>},
    {"Tanh", 7, latestOpset, unary<tanhOf>},
    {"Xor", 7, latestOpset, binary<bitXor>},
};

ArrayRef<LoweringRow> quantc::toloops::elementwiseLowerings() { return rows; }
