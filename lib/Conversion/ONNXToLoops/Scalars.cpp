//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic on elements in registers, and the way between a register and memory.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

Compute quantc::toloops::computeOf(DType type) {
  if (type == DType::F64)
    return Compute::F64;
  if (quantc::isFloat(type))
    return Compute::F32;
  if (type == DType::Bool)
    return Compute::Bool;
  return isSignedInteger(type) ? Compute::I64 : Compute::U64;
}

Type quantc::toloops::registerType(Compute kind, MLIRContext *context) {
  switch (kind) {
  case Compute::F32:
    return Float32Type::get(context);
  case Compute::F64:
    return Float64Type::get(context);
  case Compute::Bool:
    return IntegerType::get(context, 1);
  case Compute::I64:
  case Compute::U64:
    break;
  }
  return IntegerType::get(context, 64);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Scalar Emitter::i64(int64_t value) {
  return {this, arith::ConstantIntOp::create(b, loc, value, 64), Compute::I64};
}

Scalar Emitter::boolean(bool value) {
  return {this, arith::ConstantIntOp::create(b, loc, value, 1), Compute::Bool};
}

Scalar Emitter::constant(double value, Compute kind) {
  switch (kind) {
  case Compute::F32:
    return {this, arith::ConstantOp::create(b, loc, b.getF32FloatAttr(float(value))), kind};
  case Compute::F64:
    return {this, arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value)), kind};
  case Compute::Bool:
    return boolean(value != 0);
  case Compute::I64:
  case Compute::U64:
    return {this, i64(int64_t(value)).value, kind};
  }
  llvm_unreachable("all kinds are handled");
}

Scalar quantc::toloops::number(double value, Scalar like) {
  return like.emitter->constant(value, like.kind);
}

Scalar Emitter::toScalar(Index index) {
  if (auto known = index.constant())
    return i64(*known);
  return {this, arith::IndexCastOp::create(b, loc, b.getI64Type(), index.value(*this)),
          Compute::I64};
}

/// The value of a condition or integer that is a constant.
static std::optional<int64_t> known(Scalar scalar) {
  APInt value;
  if (!scalar.value.getType().isInteger() || !matchPattern(scalar.value, m_ConstantInt(&value)))
    return std::nullopt;
  return scalar.kind == Compute::Bool ? int64_t(value.getZExtValue()) : value.getSExtValue();
}

Index Emitter::toIndex(Scalar integer) {
  if (auto number = known(integer))
    return *number;
  return Index(*this, arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                                 convert(integer, Compute::I64).value)
                          .getResult());
}

Scalar Emitter::less(Index a, Index b) {
  if (a.constant() && b.constant())
    return boolean(*a.constant() < *b.constant());
  return {this,
          arith::CmpIOp::create(this->b, loc, arith::CmpIPredicate::slt, a.value(*this),
                                b.value(*this)),
          Compute::Bool};
}

Scalar Emitter::equal(Index a, Index b) {
  if (a.same(b) || (a.constant() && b.constant()))
    return boolean(a.same(b));
  return {
      this,
      arith::CmpIOp::create(this->b, loc, arith::CmpIPredicate::eq, a.value(*this), b.value(*this)),
      Compute::Bool};
}

Index Emitter::select(Scalar condition, Index a, Index b) {
  if (a.same(b))
    return a;
  if (auto holds = known(condition))
    return *holds ? a : b;
  return Index(
      *this, arith::SelectOp::create(this->b, loc, condition.value, a.value(*this), b.value(*this))
                 .getResult());
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

template <typename Op> static Scalar emit(Scalar a, Scalar b) {
  Emitter &e = *a.emitter;
  return {&e, e.b.createOrFold<Op>(e.loc, a.value, b.value), a.kind};
}

template <typename FloatOp, typename IntOp> static Scalar arithmetic(Scalar a, Scalar b) {
  assert(a.kind == b.kind && "operands of one kind");
  return isFloat(a.kind) ? emit<FloatOp>(a, b) : emit<IntOp>(a, b);
}

Scalar quantc::toloops::operator+(Scalar a, Scalar b) {
  return arithmetic<arith::AddFOp, arith::AddIOp>(a, b);
}
Scalar quantc::toloops::operator-(Scalar a, Scalar b) {
  return arithmetic<arith::SubFOp, arith::SubIOp>(a, b);
}
Scalar quantc::toloops::operator*(Scalar a, Scalar b) {
  return arithmetic<arith::MulFOp, arith::MulIOp>(a, b);
}

/// Integer division without its undefined cases: a divisor of 0, and the quotient 2^63.
template <typename Op> static Scalar guardedDivision(Scalar a, Scalar b, Scalar whenMinusOne) {
  Scalar zero = b == number(0, b);
  Scalar unsafe = zero;
  if (a.kind == Compute::I64)
    unsafe = unsafe | (b == number(-1, b));
  Scalar quotient = emit<Op>(a, select(unsafe, number(1, b), b));
  if (a.kind == Compute::I64)
    quotient = select(b == number(-1, b), whenMinusOne, quotient);
  return select(zero, number(0, a), quotient);
}

Scalar quantc::toloops::operator/(Scalar a, Scalar b) {
  if (isFloat(a.kind))
    return emit<arith::DivFOp>(a, b);
  return a.kind == Compute::U64 ? guardedDivision<arith::DivUIOp>(a, b, a)
                                : guardedDivision<arith::DivSIOp>(a, b, -a);
}

Scalar quantc::toloops::operator%(Scalar a, Scalar b) {
  if (isFloat(a.kind))
    return math("fmod", a, b);
  return a.kind == Compute::U64 ? guardedDivision<arith::RemUIOp>(a, b, a)
                                : guardedDivision<arith::RemSIOp>(a, b, number(0, a));
}

Scalar quantc::toloops::operator-(Scalar a) {
  Emitter &e = *a.emitter;
  if (isFloat(a.kind))
    return {&e, arith::NegFOp::create(e.b, e.loc, a.value), a.kind};
  return number(0, a) - a;
}

Scalar quantc::toloops::operator&(Scalar a, Scalar b) { return emit<arith::AndIOp>(a, b); }
Scalar quantc::toloops::operator|(Scalar a, Scalar b) { return emit<arith::OrIOp>(a, b); }
Scalar quantc::toloops::operator^(Scalar a, Scalar b) { return emit<arith::XOrIOp>(a, b); }
Scalar quantc::toloops::operator!(Scalar a) {
  return a ^ (a.kind == Compute::Bool ? a.emitter->boolean(true) : number(-1, a));
}

template <typename Op> static Scalar shift(Scalar a, Scalar b) {
  Scalar inside = Scalar{b.emitter, b.value, Compute::U64} < 64;
  return select(inside, emit<Op>(a, select(inside, b, number(0, b))), number(0, a));
}
Scalar quantc::toloops::shiftLeft(Scalar a, Scalar b) { return shift<arith::ShLIOp>(a, b); }
Scalar quantc::toloops::shiftRight(Scalar a, Scalar b) {
  return a.kind == Compute::I64 ? shift<arith::ShRSIOp>(a, b) : shift<arith::ShRUIOp>(a, b);
}

static Scalar compare(Scalar a, Scalar b, arith::CmpFPredicate real, arith::CmpIPredicate whole,
                      arith::CmpIPredicate natural) {
  assert(a.kind == b.kind && "operands of one kind");
  Emitter &e = *a.emitter;
  if (isFloat(a.kind))
    return {&e, arith::CmpFOp::create(e.b, e.loc, real, a.value, b.value), Compute::Bool};
  auto predicate = a.kind == Compute::I64 ? whole : natural;
  return {&e, e.b.createOrFold<arith::CmpIOp>(e.loc, predicate, a.value, b.value), Compute::Bool};
}

using RealOrder = arith::CmpFPredicate;
using Order = arith::CmpIPredicate;
Scalar quantc::toloops::operator<(Scalar a, Scalar b) {
  return compare(a, b, RealOrder::OLT, Order::slt, Order::ult);
}
Scalar quantc::toloops::operator<=(Scalar a, Scalar b) {
  return compare(a, b, RealOrder::OLE, Order::sle, Order::ule);
}
Scalar quantc::toloops::operator>(Scalar a, Scalar b) {
  return compare(a, b, RealOrder::OGT, Order::sgt, Order::ugt);
}
Scalar quantc::toloops::operator>=(Scalar a, Scalar b) {
  return compare(a, b, RealOrder::OGE, Order::sge, Order::uge);
}
Scalar quantc::toloops::operator==(Scalar a, Scalar b) {
  return compare(a, b, RealOrder::OEQ, Order::eq, Order::eq);
}
Scalar quantc::toloops::operator!=(Scalar a, Scalar b) {
  return compare(a, b, RealOrder::UNE, Order::ne, Order::ne);
}

Scalar quantc::toloops::select(Scalar condition, Scalar a, Scalar b) {
  assert(a.kind == b.kind && "operands of one kind");
  Emitter &e = *a.emitter;
  return {&e, e.b.createOrFold<arith::SelectOp>(e.loc, condition.value, a.value, b.value), a.kind};
}

Scalar quantc::toloops::min(Scalar a, Scalar b) {
  if (isFloat(a.kind))
    return emit<arith::MinimumFOp>(a, b);
  return a.kind == Compute::I64 ? emit<arith::MinSIOp>(a, b) : emit<arith::MinUIOp>(a, b);
}

Scalar quantc::toloops::max(Scalar a, Scalar b) {
  if (isFloat(a.kind))
    return emit<arith::MaximumFOp>(a, b);
  return a.kind == Compute::I64 ? emit<arith::MaxSIOp>(a, b) : emit<arith::MaxUIOp>(a, b);
}

Scalar quantc::toloops::abs(Scalar a) {
  if (isFloat(a.kind))
    return math("abs", a);
  return a.kind == Compute::U64 ? a : select(a < 0, -a, a);
}

Scalar quantc::toloops::isNaN(Scalar a) {
  return isFloat(a.kind) ? a != a : a.emitter->boolean(false);
}

Scalar quantc::toloops::math(StringRef name, ArrayRef<Scalar> arguments) {
  Emitter &e = *arguments.front().emitter;
  Compute kind = arguments.front().kind;
  SmallVector<Value> operands;
  for (const Scalar &argument : arguments)
    operands.push_back(argument.value);
  std::string symbol = ("qk_math_" + name + (kind == Compute::F64 ? "_f64" : "_f32")).str();
  return {&e, e.call(symbol, registerType(kind, e.b.getContext()), operands), kind};
}

Scalar quantc::toloops::convert(Scalar a, Compute kind) {
  if (a.kind == kind)
    return a;
  Emitter &e = *a.emitter;
  Type type = registerType(kind, e.b.getContext());
  auto made = [&](Value value) { return Scalar{&e, value, kind}; };
  if (kind == Compute::Bool)
    return a != number(0, a);
  if (a.kind == Compute::Bool)
    return select(a, e.constant(1, kind), e.constant(0, kind));
  bool fromFloat = isFloat(a.kind), toFloat = isFloat(kind);
  if (fromFloat && toFloat)
    return kind == Compute::F64 ? made(arith::ExtFOp::create(e.b, e.loc, type, a.value))
                                : made(arith::TruncFOp::create(e.b, e.loc, type, a.value));
  if (fromFloat)
    return made(e.call(kind == Compute::I64 ? "qk_math_to_i64" : "qk_math_to_u64", type,
                       {convert(a, Compute::F64).value}));
  if (toFloat)
    return a.kind == Compute::I64 ? made(arith::SIToFPOp::create(e.b, e.loc, type, a.value))
                                  : made(arith::UIToFPOp::create(e.b, e.loc, type, a.value));
  return made(a.value); // I64 and U64 share their bits
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Suffix of the codec's functions, or "" for types that need none.
static StringRef codec(DType type) {
  switch (type) {
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F8E4M3FN:
    return "f8e4m3fn";
  case DType::F8E4M3FNUZ:
    return "f8e4m3fnuz";
  case DType::F8E5M2:
    return "f8e5m2";
  case DType::F8E5M2FNUZ:
    return "f8e5m2fnuz";
  case DType::F8E8M0:
    return "f8e8m0";
  case DType::F4E2M1:
    return "f4e2m1";
  default:
    return "";
  }
}

/// Keeps the low bits of a sub-byte integer and extends them into its byte.
static Value narrowed(Emitter &e, Value byte, DType type) {
  unsigned spare = 8 - bitWidth(type);
  Value count = arith::ConstantIntOp::create(e.b, e.loc, spare, 8);
  Value high = arith::ShLIOp::create(e.b, e.loc, byte, count);
  return isSignedInteger(type) ? arith::ShRSIOp::create(e.b, e.loc, high, count).getResult()
                               : arith::ShRUIOp::create(e.b, e.loc, high, count).getResult();
}

Scalar Tensor::load(IndexRef position) const {
  Emitter &e = *owner;
  Value raw = loadRaw(position);
  if (isInteger(elementType) && bitWidth(elementType) < 8) // producers differ in the bits above
    raw = narrowed(e, raw, elementType);
  Compute kind = computeOf(elementType);
  Type type = registerType(kind, e.b.getContext());
  StringRef name = codec(elementType);
  if (!name.empty()) {
    Value bits = arith::ExtUIOp::create(e.b, e.loc, e.b.getI32Type(), raw);
    return {&e, e.call(("qk_decode_" + name).str(), type, {bits}), kind};
  }
  if (toloops::isFloat(kind) || raw.getType() == type)
    return {&e, raw, kind};
  if (kind == Compute::Bool)
    return {&e,
            arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, raw,
                                  arith::ConstantIntOp::create(e.b, e.loc, 0, 8)),
            kind};
  Value wide = kind == Compute::I64 ? arith::ExtSIOp::create(e.b, e.loc, type, raw).getResult()
                                    : arith::ExtUIOp::create(e.b, e.loc, type, raw).getResult();
  return {&e, wide, kind};
}

Scalar quantc::toloops::roundTo(Scalar value, DType type) {
  StringRef name = codec(type);
  if (name.empty())
    return convert(value, computeOf(type));
  Emitter &e = *value.emitter;
  Value bits =
      e.call(("qk_encode_" + name).str(), e.b.getI32Type(),
             {convert(value, Compute::F64).value, arith::ConstantIntOp::create(e.b, e.loc, 1, 32)});
  return {&e, e.call(("qk_decode_" + name).str(), e.b.getF32Type(), {bits}), Compute::F32};
}

void Tensor::store(Scalar value, IndexRef position, int flags) const {
  Emitter &e = *owner;
  Type type = cast<MemRefType>(buffer.getType()).getElementType();
  StringRef name = codec(elementType);
  if (!name.empty()) {
    Value bits = e.call(
        ("qk_encode_" + name).str(), e.b.getI32Type(),
        {convert(value, Compute::F64).value, arith::ConstantIntOp::create(e.b, e.loc, flags, 32)});
    return storeRaw(arith::TruncIOp::create(e.b, e.loc, type, bits), position);
  }
  Scalar wide = convert(value, computeOf(elementType));
  Value raw = wide.value;
  if (wide.kind == Compute::Bool)
    raw = arith::ExtUIOp::create(e.b, e.loc, type, raw);
  else if (raw.getType() != type)
    raw = arith::TruncIOp::create(e.b, e.loc, type, raw);
  if (isInteger(elementType) && bitWidth(elementType) < 8)
    raw = narrowed(e, raw, elementType);
  storeRaw(raw, position);
}
