//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluation of arithmetic on small tensors.
//
// Integers wrap to their width as ONNX says. Floats are computed in double precision and rounded to
// the element type, which for one f32 addition, subtraction, product, quotient or square root is
// the f32 result; a power may be off by half a unit of the double in the last place.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

using Result = std::optional<TrackedTensor>;

//===----------------------------------------------------------------------===//
// Binary ops
//===----------------------------------------------------------------------===//

namespace {
enum class Binary { Add, Sub, Mul, Div, Mod, Pow, Equal, Less, Greater, And, Or };
} // namespace

static bool isComparison(Binary op) {
  return op == Binary::Equal || op == Binary::Less || op == Binary::Greater;
}

static int64_t wrapping(Binary op, int64_t a, int64_t b) {
  uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
  return static_cast<int64_t>(op == Binary::Add ? x + y : op == Binary::Sub ? x - y : x * y);
}

static Element integerBinary(Binary op, int64_t a, int64_t b, Type type) {
  switch (op) {
  case Binary::Add:
  case Binary::Sub:
  case Binary::Mul:
    return Element::of(wrapInteger(wrapping(op, a, b), type));
  case Binary::Div:
    if (b == 0)
      return {};
    // The quotient of the least number by -1 wraps.
    return Element::of(b == -1 ? wrapInteger(wrapping(Binary::Sub, 0, a), type) : a / b);
  case Binary::Mod: {
    if (b == 0)
      return {};
    int64_t rest = b == -1 ? 0 : a % b; // the sign of the divisor, as ONNX says
    return Element::of(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  }
  case Binary::Pow: {
    // The standard leaves open what a power is that the type does not hold, or with b < 0.
    double power = std::pow(static_cast<double>(a), static_cast<double>(b));
    if (b < 0 || std::fabs(power) >= 0x1p53)
      return {};
    int64_t value = static_cast<int64_t>(power);
    return wrapInteger(value, type) == value ? Element::of(value) : Element();
  }
  case Binary::Equal:
    return Element::of(a == b);
  case Binary::Less:
    return Element::of(a < b);
  case Binary::Greater:
    return Element::of(a > b);
  case Binary::And:
    return Element::of(a & b);
  case Binary::Or:
    return Element::of(a | b);
  }
  return {};
}

static Element realBinary(Binary op, double a, double b, Type type) {
  auto rounded = [&](double value) {
    return Element::ofReal(type.isF32() ? static_cast<double>(static_cast<float>(value)) : value);
  };
  switch (op) {
  case Binary::Add:
    return rounded(a + b);
  case Binary::Sub:
    return rounded(a - b);
  case Binary::Mul:
    return rounded(a * b);
  case Binary::Div:
    return rounded(a / b);
  case Binary::Pow:
    return rounded(std::pow(a, b));
  case Binary::Equal:
    return Element::of(a == b);
  case Binary::Less:
    return Element::of(a < b);
  case Binary::Greater:
    return Element::of(a > b);
  default:
    return {};
  }
}

/// What is known without knowing both: a named size keeps its name under + 0, - 0, * 1 and / 1.
static Element symbolBinary(Binary op, const Element &a, const Element &b) {
  auto is = [](const Element &element, int64_t value) {
    return element.kind == Element::Integer && element.integer == value;
  };
  int64_t neutral = op == Binary::Add || op == Binary::Sub ? 0 : 1;
  bool known = op == Binary::Add || op == Binary::Sub || op == Binary::Mul || op == Binary::Div;
  if (known && a.kind == Element::Symbol && is(b, neutral))
    return a;
  bool commutes = op == Binary::Add || op == Binary::Mul;
  return commutes && b.kind == Element::Symbol && is(a, neutral) ? b : Element();
}

template <Binary op> static Result evaluateBinary(NodeContext &node) {
  const TrackedTensor *lhs = node.tracked(0), *rhs = node.tracked(1);
  if (!lhs || !rhs || lhs->elementType != rhs->elementType)
    return std::nullopt;
  bool isUnsigned64 = lhs->elementType.isUnsignedInteger(64);
  if (isUnsigned64 || (op == Binary::Mod && !lhs->elementType.isInteger()))
    return std::nullopt; // 64-bit unsigned order and float remainders are not for shapes
  std::optional<Shape> shape = nn::broadcastShape(lhs->shape, rhs->shape, [](const Twine &) {});
  Result a = shape ? broadcastTo(*lhs, *shape) : std::nullopt;
  Result b = shape ? broadcastTo(*rhs, *shape) : std::nullopt;
  if (!a || !b)
    return std::nullopt;
  Type type =
      isComparison(op) ? IntegerType::get(lhs->elementType.getContext(), 1) : lhs->elementType;
  Result result = makeTracked(type, *shape);
  for (auto [out, x, y] : llvm::zip_equal(result->elements, a->elements, b->elements)) {
    if (x.kind == Element::Integer && y.kind == Element::Integer)
      out = integerBinary(op, x.integer, y.integer, lhs->elementType);
    else if (x.kind == Element::Real && y.kind == Element::Real)
      out = realBinary(op, x.real, y.real, lhs->elementType);
    else
      out = symbolBinary(op, x, y);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Unary ops, Cast, Where, ReduceProd
//===----------------------------------------------------------------------===//

namespace {
enum class Unary { Neg, Abs, Floor, Ceil, Sqrt, Reciprocal, Not };
} // namespace

static Element unaryElement(Unary op, const Element &x, Type type) {
  auto rounded = [&](double value) {
    return Element::ofReal(type.isF32() ? static_cast<double>(static_cast<float>(value)) : value);
  };
  bool integer = x.kind == Element::Integer;
  if (!x.isConstant())
    return {};
  switch (op) {
  case Unary::Neg:
    return integer ? Element::of(wrapInteger(wrapping(Binary::Sub, 0, x.integer), type))
                   : Element::ofReal(-x.real);
  case Unary::Abs:
    if (!integer)
      return Element::ofReal(std::fabs(x.real));
    return x.integer < 0 ? Element::of(wrapInteger(wrapping(Binary::Sub, 0, x.integer), type)) : x;
  case Unary::Floor:
    return integer ? Element() : Element::ofReal(std::floor(x.real));
  case Unary::Ceil:
    return integer ? Element() : Element::ofReal(std::ceil(x.real));
  case Unary::Sqrt:
    return integer ? Element() : rounded(std::sqrt(x.real));
  case Unary::Reciprocal:
    return integer ? Element() : rounded(1.0 / x.real);
  case Unary::Not:
    return integer ? Element::of(x.integer == 0) : Element();
  }
  return {};
}

template <Unary op> static Result evaluateUnary(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0);
  if (!input)
    return std::nullopt;
  TrackedTensor result = *input;
  for (Element &element : result.elements)
    element = unaryElement(op, element, result.elementType);
  return result;
}

/// Float to integer truncates; out of range nothing is known.
static Element castElement(const Element &x, Type to) {
  bool toInteger = to.isInteger();
  if (x.kind == Element::Symbol)
    return toInteger && to.getIntOrFloatBitWidth() == 64 ? x : Element();
  if (!x.isConstant())
    return {};
  if (to.isInteger(1))
    return Element::of(x.kind == Element::Integer ? x.integer != 0 : x.real != 0.0);
  if (toInteger && x.kind == Element::Integer)
    return Element::of(wrapInteger(x.integer, to));
  if (toInteger) {
    if (!(std::fabs(x.real) < 9.0e18))
      return {};
    int64_t truncated = static_cast<int64_t>(x.real);
    return wrapInteger(truncated, to) == truncated ? Element::of(truncated) : Element();
  }
  double value = x.kind == Element::Integer ? static_cast<double>(x.integer) : x.real;
  if (!to.isF32())
    return Element::ofReal(value);
  // An integer is rounded once, straight to f32.
  float single =
      x.kind == Element::Integer ? static_cast<float>(x.integer) : static_cast<float>(x.real);
  return Element::ofReal(single);
}

static Result evaluateCast(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0);
  FailureOr<Type> type = readCastType(node.reader);
  if (!input || failed(type) || !isTrackedType(*type) || input->elementType.isUnsignedInteger(64))
    return std::nullopt;
  TrackedTensor result = *input;
  result.elementType = *type;
  for (Element &element : result.elements)
    element = castElement(element, *type);
  return result;
}

static Result evaluateWhere(NodeContext &node) {
  const TrackedTensor *condition = node.tracked(0), *yes = node.tracked(1), *no = node.tracked(2);
  if (!condition || !yes || !no || yes->elementType != no->elementType)
    return std::nullopt;
  auto ignore = [](const Twine &) {};
  std::optional<Shape> shape = nn::broadcastShape(yes->shape, no->shape, ignore);
  if (shape)
    shape = nn::broadcastShape(*shape, condition->shape, ignore);
  if (!shape)
    return std::nullopt;
  Result choice = broadcastTo(*condition, *shape);
  Result result = broadcastTo(*yes, *shape), other = broadcastTo(*no, *shape);
  if (!choice || !result || !other)
    return std::nullopt;
  for (auto [out, c, b] : llvm::zip_equal(result->elements, choice->elements, other->elements)) {
    if (c.kind != Element::Integer)
      out = {};
    else if (c.integer == 0)
      out = b;
  }
  return result;
}

/// The product of all elements, as exporters write for the number of elements.
static Result evaluateReduceProd(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0);
  if (!input || !input->elementType.isInteger())
    return std::nullopt;
  FailureOr<ReduceForm> form = readReduce(node.reader, input->rank());
  if (failed(form) || static_cast<int64_t>(form->axes.size()) != input->rank())
    return std::nullopt;
  Element product = Element::of(1);
  for (const Element &element : input->elements)
    product = product.kind == Element::Integer && element.kind == Element::Integer
                  ? integerBinary(Binary::Mul, product.integer, element.integer, input->elementType)
                  : symbolBinary(Binary::Mul, product, element);
  Shape shape(form->keepDims ? input->rank() : 0, 1);
  Result result = makeTracked(input->elementType, shape);
  result->elements[0] = product;
  return result;
}

void quantc::onnx::addArithmeticEvaluation(llvm::StringMap<EvaluateFn> &table) {
  table["Abs"] = evaluateUnary<Unary::Abs>;
  table["Add"] = evaluateBinary<Binary::Add>;
  table["And"] = evaluateBinary<Binary::And>;
  table["Cast"] = evaluateCast;
  table["Ceil"] = evaluateUnary<Unary::Ceil>;
  table["Div"] = evaluateBinary<Binary::Div>;
  table["Equal"] = evaluateBinary<Binary::Equal>;
  table["Floor"] = evaluateUnary<Unary::Floor>;
  table["Greater"] = evaluateBinary<Binary::Greater>;
  table["Less"] = evaluateBinary<Binary::Less>;
  table["Mod"] = evaluateBinary<Binary::Mod>;
  table["Mul"] = evaluateBinary<Binary::Mul>;
  table["Neg"] = evaluateUnary<Unary::Neg>;
  table["Not"] = evaluateUnary<Unary::Not>;
  table["Or"] = evaluateBinary<Binary::Or>;
  table["Pow"] = evaluateBinary<Binary::Pow>;
  table["Reciprocal"] = evaluateUnary<Unary::Reciprocal>;
  table["ReduceProd"] = evaluateReduceProd;
  table["Sqrt"] = evaluateUnary<Unary::Sqrt>;
  table["Sub"] = evaluateBinary<Binary::Sub>;
  table["Where"] = evaluateWhere;
}
