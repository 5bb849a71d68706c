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

//===----------------------------------------------------------------------===//
// With attributes
//===----------------------------------------------------------------------===//

static LogicalResult mapped(NodeLowering &n, llvm::function_ref<Scalar(Scalar)> fn) {
  Tensor in = n.in(0);
  mapUnary(n.e, in, n.result(0, in.dims(), in.type()), fn);
  return success();
}

static LogicalResult leakyRelu(NodeLowering &n) {
  double alpha = n.attr("alpha", 0.01);
  return mapped(n, [&](Scalar x) { return select(x < 0.0, x * alpha, x); });
}
static LogicalResult thresholdedRelu(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.0);
  return mapped(n, [&](Scalar x) { return select(x > alpha, x, number(0, x)); });
}

/// scale * x where x is positive, scale * alpha * (exp(x / stretch) - 1) elsewhere.
static Scalar exponentialUnit(Scalar x, double alpha, double scale, double stretch) {
  Scalar curve = (math("exp", x / number(stretch, x)) - 1.0) * alpha;
  return select(x > 0.0, x, curve) * scale;
}
static LogicalResult elu(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.0);
  return mapped(n, [&](Scalar x) { return exponentialUnit(x, alpha, 1, 1); });
}
static LogicalResult celu(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.0);
  return mapped(n, [&](Scalar x) { return exponentialUnit(x, alpha, 1, alpha); });
}
static LogicalResult selu(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.67326319217681884765625);
  double gamma = n.attr("gamma", 1.05070102214813232421875);
  return mapped(n, [&](Scalar x) { return exponentialUnit(x, alpha, gamma, 1); });
}
static Scalar unitClamp(Scalar x) { return max(min(x, number(1, x)), number(0, x)); }
static LogicalResult hardSigmoid(NodeLowering &n) {
  double alpha = n.attr("alpha", 0.2), beta = n.attr("beta", 0.5);
  return mapped(n, [&](Scalar x) { return unitClamp(x * alpha + beta); });
}
static LogicalResult hardSwish(NodeLowering &n) {
  return mapped(n, [&](Scalar x) { return x * unitClamp(x * (1.0 / 6) + 0.5); });
}
static LogicalResult swish(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.0);
  return mapped(n, [&](Scalar x) { return x * math("sigmoid", x * alpha); });
}
static LogicalResult gelu(NodeLowering &n) {
  std::string approximate = n.attr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.refuse(Refusal::AttributeValue, "expected approximate none or tanh");
  return mapped(n, [&](Scalar x) {
    Scalar curve = approximate == "none"
                       ? math("erf", x * 0.70710678118654752)
                       : math("tanh", (x + x * x * x * 0.044715) * 0.79788456080286536);
    return x * 0.5 * (curve + 1.0);
  });
}
static LogicalResult shrink(NodeLowering &n) {
  double bias = n.attr("bias", 0.0), lambd = n.attr("lambd", 0.5);
  return mapped(n, [&](Scalar x) {
    if (x.kind == Compute::U64)
      return select(convert(x, Compute::F64) > lambd, x - number(bias, x), number(0, x));
    Scalar wide = isFloat(x.kind) ? x : convert(x, Compute::F64);
    Scalar up = convert(wide + bias, x.kind), down = convert(wide - bias, x.kind);
    return select(wide < -lambd, up, select(wide > lambd, down, number(0, x)));
  });
}

/// A bound that is absent does nothing; where they cross, the upper one wins.
static LogicalResult clip(NodeLowering &n) {
  std::optional<Scalar> low, high;
  Scalar like = n.e.constant(0, n.in(0).kind());
  if (n.opset() < 11) {
    low = number(n.attr("min", -3.4028234663852886e38), like);
    high = number(n.attr("max", 3.4028234663852886e38), like);
  } else {
    if (n.has(1))
      low = n.scalar(1);
    if (n.has(2))
      high = n.scalar(2);
  }
  return mapped(n, [&](Scalar x) {
    if (low)
      x = max(x, *low);
    return high ? min(x, *high) : x;
  });
}

static LogicalResult isInf(NodeLowering &n) {
  bool negative = n.attr("detect_negative", int64_t(1)) != 0;
  bool positive = n.attr("detect_positive", int64_t(1)) != 0;
  Tensor in = n.in(0);
  mapUnary(n.e, in, n.result(0, in.dims(), DType::Bool), [&](Scalar x) {
    Scalar infinity = number(HUGE_VAL, x), never = n.e.boolean(false);
    return (positive ? x == infinity : never) | (negative ? x == -infinity : never);
  });
  return success();
}

static LogicalResult prelu(NodeLowering &n) {
  Tensor in = n.in(0);
  Tensor out = n.result(0, broadcast(n.e, {in.dims(), n.in(1).dims()}), in.type());
  mapBroadcast(n.e, {in, n.in(1)}, out, [](ArrayRef<Scalar> v) {
    if (v[0].kind == Compute::U64)
      return v[0];
    return select(v[0] < number(0, v[0]), v[0] * v[1], v[0]);
  });
  return success();
}

static LogicalResult mean(NodeLowering &n) {
  double count = double(n.inputs().size());
  if (failed(combine(n, n.in(0).type(), add)))
    return failure();
  Tensor out = n.scope.tensors.lookup(n.node.getResult(0));
  mapUnary(n.e, out, out, [&](Scalar sum) { return sum / count; });
  return success();
}

/// Integers: by repeated squaring for integer exponents of 0 and more, which wraps; otherwise in
/// double.
static Scalar power(Scalar base, Scalar exponent) {
  Emitter &e = *base.emitter;
  if (isFloat(base.kind))
    return math("pow", base, convert(exponent, base.kind));
  if (isFloat(exponent.kind))
    return convert(math("pow", convert(base, Compute::F64), convert(exponent, Compute::F64)),
                   base.kind);
  Scalar left = convert(exponent, Compute::U64);
  Scalars result = e.whileLoop(
      {number(1, base), base, left}, [](ArrayRef<Scalar> v) { return v[2] != number(0, v[2]); },
      [](ArrayRef<Scalar> v) {
        Scalar odd = (v[2] & number(1, v[2])) != number(0, v[2]);
        return Scalars{select(odd, v[0] * v[1], v[0]), v[1] * v[1],
                       shiftRight(v[2], number(1, v[2]))};
      });
  if (exponent.kind == Compute::U64)
    return result[0];
  Scalar fraction =
      convert(math("pow", convert(base, Compute::F64), convert(exponent, Compute::F64)), base.kind);
  return select(exponent < 0.0, fraction, result[0]);
}

static LogicalResult pow(NodeLowering &n) {
  Tensor out = n.result(0, broadcast(n.e, {n.in(0).dims(), n.in(1).dims()}), n.in(0).type());
  mapBroadcast(n.e, {n.in(0), n.in(1)}, out, [](ArrayRef<Scalar> v) { return power(v[0], v[1]); });
  return success();
}

/// The sign of the divisor, or with fmod that of the dividend.
static LogicalResult mod(NodeLowering &n) {
  bool fmod = n.attr("fmod", int64_t(0)) != 0;
  Tensor out = n.result(0, broadcast(n.e, {n.in(0).dims(), n.in(1).dims()}), n.in(0).type());
  mapBroadcast(n.e, {n.in(0), n.in(1)}, out, [&](ArrayRef<Scalar> v) {
    Scalar rest = v[0] % v[1];
    if (fmod || v[0].kind != Compute::I64)
      return rest;
    Scalar zero = number(0, rest);
    Scalar other = (rest != zero) & ((rest < zero) ^ (v[1] < zero));
    return select(other, rest + v[1], rest);
  });
  return success();
}

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
    {"Celu", 12, latestOpset, celu},
    {"Clip", 7, latestOpset, clip},
    {"Cos", 7, latestOpset, unary<cosOf>},
    {"Cosh", 9, latestOpset, unary<coshOf>},
    {"Div", 7, latestOpset, binary<div>},
    {"Elu", 7, latestOpset, elu},
    {"Equal", 7, latestOpset, compare<equal>},
    {"Erf", 9, latestOpset, unary<erfOf>},
    {"Exp", 7, latestOpset, unary<expOf>},
    {"Floor", 7, latestOpset, unary<rounded<'f'>>},
    {"Gelu", 20, latestOpset, gelu},
    {"Greater", 7, latestOpset, compare<greater>},
    {"GreaterOrEqual", 12, latestOpset, compare<greaterEqual>},
    {"HardSigmoid", 7, latestOpset, hardSigmoid},
    {"HardSwish", 14, latestOpset, hardSwish},
    {"IsInf", 10, latestOpset, isInf},
    {"IsNaN", 9, latestOpset, condition<isNaN>},
    {"LeakyRelu", 7, latestOpset, leakyRelu},
    {"Less", 7, latestOpset, compare<less>},
    {"LessOrEqual", 12, latestOpset, compare<lessEqual>},
    {"Log", 7, latestOpset, unary<logOf>},
    {"Max", 7, latestOpset, binary<greatest>},
    {"Mean", 7, latestOpset, mean},
    {"Min", 7, latestOpset, binary<least>},
    {"Mish", 18, latestOpset, unary<mish>},
    {"Mod", 10, latestOpset, mod},
    {"Mul", 7, latestOpset, binary<mul>},
    {"Neg", 7, latestOpset, unary<negate>},
    {"Not", 1, latestOpset, unary<complement>},
    {"Or", 7, latestOpset, binary<bitOr>},
    {"PRelu", 7, latestOpset, prelu},
    {"Pow", 7, latestOpset, pow},
    {"Reciprocal", 7, latestOpset, unary<reciprocal>},
    {"Relu", 7, latestOpset, unary<relu>},
    {"Round", 11, latestOpset, unary<rounded<'r'>>},
    {"Selu", 7, latestOpset, selu},
    {"Shrink", 9, latestOpset, shrink},
    {"Sigmoid", 7, latestOpset, unary<sigmoidOf>},
    {"Sign", 9, latestOpset, unary<sign>},
    {"Sin", 7, latestOpset, unary<sinOf>},
    {"Sinh", 9, latestOpset, unary<sinhOf>},
    {"Softplus", 1, latestOpset, unary<softplus>},
    {"Softsign", 1, latestOpset, unary<softsign>},
    {"Sqrt", 7, latestOpset, unary<sqrtOf>},
    {"Sub", 7, latestOpset, binary<sub>},
    {"Sum", 7, latestOpset, binary<add>},
    {"Swish", 24, latestOpset, swish},
    {"Tan", 7, latestOpset, unary<tanOf>},
    {"Tanh", 7, latestOpset, unary<tanhOf>},
    {"ThresholdedRelu", 10, latestOpset, thresholdedRelu},
    {"Xor", 7, latestOpset, binary<bitXor>},
};

ArrayRef<LoweringRow> quantc::toloops::elementwiseLowerings() { return rows; }
