//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Meaning of requantize, add, mul and lookup. Rules [NUM-REQ-*], [NUM-ADD-3], [NUM-MUL-1] and
// [NUM-LUT-1]: the arithmetic itself is in lib/Numerics.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Rounding.h"

using namespace mlir;

namespace quantc::dyad {

using numerics::IntRange;

/// The rescaling of one op, without the multiplier.
namespace {
struct Rescale {
  Rounding rounding;
  int32_t zeroPoint, lo, hi;

  int32_t operator()(int64_t acc, numerics::Dyadic scale) const {
    if (rounding == Rounding::HalfUp)
      return numerics::requantizeClamp(acc, scale, zeroPoint, lo, hi);
    if (rounding == Rounding::OnnxRne)
      return numerics::requantizeOnnx(acc, llvm::bit_cast<float>(scale.multiplier), zeroPoint, lo,
                                      hi);
    int64_t rounded =
        numerics::shiftRightRounded(numerics::int128_t(acc) * scale.multiplier, scale.shift,
                                    static_cast<numerics::Rounding>(rounding));
    return static_cast<int32_t>(
        numerics::saturate(numerics::add(IntRange::point(rounded), zeroPoint).lo, lo, hi));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// requantize
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<IntTensor>> RequantizeOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)) || failed(checkResultShape(*this, operands[0]->shape)))
    return failure();
  const IntTensor &input = *operands[0], &multiplier = *operands[2], &shift = *operands[3];
  for (size_t i = 0; i < multiplier.size(); ++i)
    if (!isLegalScale(getRounding(), multiplier.data[i], shift.data[i]))
      return reportScale(*this, multiplier.data[i], shift.data[i]);
  std::optional<Dims> joined = broadcastShapes(multiplier.shape, input.shape);
  if (!joined || ArrayRef<int64_t>(*joined) != ArrayRef<int64_t>(input.shape))
    return emitOpError("expected a multiplier that broadcasts to the operand [DYAD-REQ-2]");
  int64_t inputZeroPoint = operands[1]->data[0];
  Rescale rescale{getRounding(), operands[4]->data[0], getClampLo(), getClampHi()};
  IntTensor result(input.shape);
  Dims own = rowMajorStrides(input.shape);
  Dims scales = broadcastStrides(multiplier.shape, input.shape);
  forEachRow<2>(
      input.shape, {own, scales},
      [&](const std::array<int64_t, 2> &at, int64_t length, const std::array<int64_t, 2> &step) {
        const int32_t *in = input.data.data() + at[0];
        int32_t *out = result.data.data() + at[0];
        for (int64_t i = 0; i < length; ++i) {
          int64_t scale = at[1] + i * step[1];
          out[i] = rescale(in[i] - inputZeroPoint, {multiplier.data[scale], shift.data[scale]});
        }
      });
  return single(std::move(result));
}

/// The axis of `shape`, extended to `rank`, along which alone it varies; nullopt if there is none
/// or more than one.
static std::optional<int64_t> onlyAxis(ArrayRef<int64_t> shape, int64_t rank) {
  std::optional<int64_t> axis;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1)
      continue;
    if (axis)
      return std::nullopt;
    axis = rank - static_cast<int64_t>(shape.size()) + static_cast<int64_t>(i);
  }
  return axis;
}

ResultRange RequantizeOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result;
  result.range = {getClampLo(), getClampHi()};
  const OperandRange &input = operands[0];
  const IntTensor *multiplier = operands[2].constant, *shift = operands[3].constant;
  if (!multiplier || !shift || multiplier->size() == 0 || !operands[4].constant)
    return result;
  Rescale rescale{getRounding(), operands[4].constant->data[0], getClampLo(), getClampHi()};
  // Rounding and clamping are monotone and multipliers positive: ends map to ends.
  auto image = [&](IntRange x, size_t scale) {
    x = numerics::sub(x, operands[1].range);
    numerics::Dyadic dyadic{multiplier->data[scale], shift->data[scale]};
    return IntRange(rescale(x.lo, dyadic), rescale(x.hi, dyadic));
  };
  std::optional<int64_t> scaleAxis = onlyAxis(multiplier->shape, getInput().getType().getRank());
  bool perScale = scaleAxis && (input.channels.empty() || input.channelAxis == *scaleAxis);
  bool perChannel = !input.channels.empty() && (multiplier->size() == 1 || perScale);
  if (!perScale && !perChannel) {
    result.range = image(input.range, 0);
    for (size_t i = 1; i < multiplier->size(); ++i)
      result.range = result.range.unionWith(image(input.range, i));
    return result;
  }
  result.channelAxis = perScale ? *scaleAxis : input.channelAxis;
  size_t count = perScale ? multiplier->size() : input.channels.size();
  for (size_t c = 0; c < count; ++c) {
    IntRange x = c < input.channels.size() ? input.channels[c] : input.range;
    result.channels.push_back(image(x, perScale ? c : 0));
  }
  result.range = unionOf(result.channels);
  return result;
}

OpCost RequantizeOp::getCost() { return elementwiseCost(*this); }

//===----------------------------------------------------------------------===//
// Binary ops
//===----------------------------------------------------------------------===//

/// Applies `fn` elementwise with broadcasting.
template <typename Fn>
static FailureOr<SmallVector<IntTensor>> evaluateBinary(Operation *op, const IntTensor &lhs,
                                                        const IntTensor &rhs, Fn fn) {
  std::optional<Dims> shape = broadcastShapes(lhs.shape, rhs.shape);
  if (!shape)
    return op->emitOpError("expected operands that broadcast, but found shapes that do not "
                           "[DYAD-EW-1]");
  if (failed(checkResultShape(op, *shape)))
    return failure();
  IntTensor result(std::vector<int64_t>(shape->begin(), shape->end()));
  int32_t *out = result.data.data();
  forEachRow<2>(
      *shape, {broadcastStrides(lhs.shape, *shape), broadcastStrides(rhs.shape, *shape)},
      [&](const std::array<int64_t, 2> &at, int64_t length, const std::array<int64_t, 2> &step) {
        const int32_t *a = lhs.data.data() + at[0], *b = rhs.data.data() + at[1];
        for (int64_t i = 0; i < length; ++i)
          *out++ = fn(a[i * step[0]], b[i * step[1]]);
      });
  return single(std::move(result));
}

/// Channel ranges of an operand as seen along an axis of a result of rank `rank`.
static ArrayRef<IntRange> channelsAlong(const OperandRange &operand, RankedTensorType type,
                                        int64_t rank, int64_t axis) {
  if (operand.channelAxis + rank - type.getRank() != axis)
    return {};
  return operand.channels;
}

/// Ranges of an elementwise op of two operands, per channel where operands are known per channel.
template <typename Fn>
static ResultRange inferBinary(Operation *op, const OperandRange &lhs, const OperandRange &rhs,
                               Fn image) {
  ResultRange result;
  result.range = image(lhs.range, rhs.range);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto lhsType = cast<RankedTensorType>(op->getOperand(0).getType());
  auto rhsType = cast<RankedTensorType>(op->getOperand(1).getType());
  int64_t axis = -1;
  if (!lhs.channels.empty())
    axis = lhs.channelAxis + type.getRank() - lhsType.getRank();
  else if (!rhs.channels.empty())
    axis = rhs.channelAxis + type.getRank() - rhsType.getRank();
  if (axis < 0 || type.isDynamicDim(axis))
    return result;
  size_t count = type.getDimSize(axis);
  ArrayRef<IntRange> a = channelsAlong(lhs, lhsType, type.getRank(), axis);
  ArrayRef<IntRange> b = channelsAlong(rhs, rhsType, type.getRank(), axis);
  if (a.size() != count && b.size() != count)
    return result;
  result.channelAxis = axis;
  for (size_t c = 0; c < count; ++c)
    result.channels.push_back(
        image(a.size() == count ? a[c] : lhs.range, b.size() == count ? b[c] : rhs.range));
  result.range = unionOf(result.channels);
  return result;
}

FailureOr<SmallVector<IntTensor>> AddOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  numerics::AddParams params{operands[4]->data[0], operands[5]->data[0], operands[6]->data[0]};
  if (!numerics::isLegal(params))
    return emitOpError("expected |multipliers| < 2^21 and a shift in [1, 30], but found ")
           << params.ma << ", " << params.mb << " and " << params.shift << " [DYAD-ADD-2]";
  int32_t za = operands[2]->data[0], zb = operands[3]->data[0], zo = operands[7]->data[0];
  int32_t lo = getClampLo(), hi = getClampHi();
  return evaluateBinary(*this, *operands[0], *operands[1], [=](int32_t a, int32_t b) {
    return numerics::addRequantize(a - za, b - zb, params, zo, lo, hi);
  });
}

ResultRange AddOp::inferRange(ArrayRef<OperandRange> operands) {
  int32_t lo = getClampLo(), hi = getClampHi();
  for (unsigned i : {4u, 5u, 6u, 7u})
    if (!operands[i].constant) {
      ResultRange unknown;
      unknown.range = {lo, hi};
      return unknown;
    }
  numerics::AddParams params{operands[4].constant->data[0], operands[5].constant->data[0],
                             operands[6].constant->data[0]};
  int32_t zo = operands[7].constant->data[0];
  // Monotone in each operand: the extremes are at corners.
  return inferBinary(*this, operands[0], operands[1], [&](IntRange a, IntRange b) {
    a = numerics::sub(a, operands[2].range);
    b = numerics::sub(b, operands[3].range);
    std::optional<IntRange> range;
    for (int64_t x : {a.lo, a.hi})
      for (int64_t y : {b.lo, b.hi}) {
        int32_t value = numerics::addRequantize(static_cast<int32_t>(x), static_cast<int32_t>(y),
                                                params, zo, lo, hi);
        range = range ? range->unionWith(IntRange::point(value)) : IntRange::point(value);
      }
    return *range;
  });
}

OpCost AddOp::getCost() { return elementwiseCost(*this); }

bool MulOp::accumulates() { return true; }

FailureOr<SmallVector<IntTensor>> MulOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  // Factors of 8-bit codes have 9 bits and products 18; those of 16-bit codes may not fit.
  int32_t za = operands[2]->data[0], zb = operands[3]->data[0];
  std::optional<int64_t> outside;
  auto result = evaluateBinary(*this, *operands[0], *operands[1], [&](int32_t a, int32_t b) {
    int64_t product = int64_t(a - za) * (b - zb);
    if (product < INT32_MIN || product > INT32_MAX)
      outside = product;
    return static_cast<int32_t>(product);
  });
  if (outside)
    return emitOpError("expected products of 32 bits, but found ") << *outside << " [NUM-MUL-1]";
  return result;
}

ResultRange MulOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result = inferBinary(*this, operands[0], operands[1], [&](IntRange a, IntRange b) {
    return numerics::mul(numerics::sub(a, operands[2].range), numerics::sub(b, operands[3].range));
  });
  // One product is the whole sum: whether it fits is part of the overflow proof.
  result.accumulator = result.channels;
  if (result.accumulator.empty())
    result.accumulator.push_back(result.range);
  return result;
}

OpCost MulOp::getCost() { return elementwiseCost(*this); }

//===----------------------------------------------------------------------===//
// lookup
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<IntTensor>> LookupOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)) || failed(checkResultShape(*this, operands[0]->shape)))
    return failure();
  int64_t least = typeRange(getInput().getType()).lo;
  const std::vector<int32_t> &table = operands[1]->data;
  IntTensor result(operands[0]->shape);
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t index = operands[0]->data[i] - least;
    if (index < 0 || index >= static_cast<int64_t>(table.size()))
      return emitOpError("expected values of ")
             << getInput().getType().getElementType() << ", but found " << operands[0]->data[i];
    result.data[i] = table[index];
  }
  return single(std::move(result));
}

ResultRange LookupOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result;
  result.range = operands[1].range;
  const IntTensor *table = operands[1].constant;
  int64_t least = typeRange(getInput().getType()).lo;
  int64_t last = typeRange(getInput().getType()).hi - least;
  if (!table || static_cast<int64_t>(table->size()) != last + 1)
    return result;
  auto image = [&](IntRange x) {
    IntRange index = numerics::add(x, -least).clamp(0, last);
    IntRange range = IntRange::point(table->data[index.lo]);
    for (int64_t i = index.lo; i <= index.hi; ++i)
      range = range.unionWith(IntRange::point(table->data[i]));
    return range;
  };
  result.range = image(operands[0].range);
  result.channelAxis = operands[0].channelAxis;
  for (IntRange channel : operands[0].channels)
    result.channels.push_back(image(channel));
  return result;
}

OpCost LookupOp::getCost() { return elementwiseCost(*this); }

} // namespace quantc::dyad
