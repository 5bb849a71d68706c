//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Epilogues from requantizations: dyadic rescaling, thresholds, or the accumulator itself.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "quantc/Numerics/Rounding.h"
#include "quantc/Numerics/StepTable.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tohls;

using numerics::IntRange;

/// The low `bits` bits as a signed number: how the unit's accumulator wraps.
static int64_t wrap(int64_t v, int64_t bits) {
  return int64_t(uint64_t(v) << (64 - bits)) >> (64 - bits);
}

namespace {
/// Multipliers and shifts: one, one per channel, or one per pixel.
struct Scales {
  std::vector<int64_t> multiplier, shift;
  bool byPixel = false;
};
} // namespace

/// Expands parameters that vary over pixels to all of them, row by row.
static std::vector<int64_t> expand(ArrayRef<int64_t> values, int64_t rows, int64_t columns,
                                   Image image) {
  std::vector<int64_t> all;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      all.push_back(values[size_t((rows == 1 ? 0 : y) * columns + (columns == 1 ? 0 : x))]);
  return all;
}

static FailureOr<Scales> readScales(Lowering &lowering, dyad::RequantizeOp op, Image image) {
  if (op.getRounding() == dyad::Rounding::OnnxRne)
    return lowering.reject(op, "expected a dyadic rescaling, but found one by a float "
                               "(dyad-requantize-to-dyadic{all} replaces it)");
  FailureOr<std::vector<int64_t>> multipliers = lowering.integers(op, op.getMultiplier());
  FailureOr<std::vector<int64_t>> shifts = lowering.integers(op, op.getShift());
  if (failed(multipliers) || failed(shifts))
    return failure();
  Scales scales{std::move(*multipliers), std::move(*shifts), false};
  if (scales.multiplier.size() == 1)
    return scales;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getMultiplier().getType()).getShape();
  int64_t rank = cast<RankedTensorType>(op.getType()).getRank();
  SmallVector<int64_t> aligned(size_t(rank) - shape.size(), 1);
  llvm::append_range(aligned, shape);
  size_t channelAxis = rank >= 2 ? 1 : 0;
  bool pixels = false;
  for (auto [axis, size] : llvm::enumerate(aligned))
    pixels |= axis != channelAxis && size > 1;
  if (!pixels)
    return scales;
  if (aligned[channelAxis] > 1)
    return lowering.reject(op, "expected a scale per channel or per pixel, but found one for both");
  int64_t rows = rank == 4 ? aligned[2] : 1, columns = aligned.back();
  scales.multiplier = expand(scales.multiplier, rows, columns, image);
  scales.shift = expand(scales.shift, rows, columns, image);
  scales.byPixel = true;
  return scales;
}

/// The rounding of both dialects and of Numerics has one order of cases.
static numerics::Rounding roundingOf(dyad::RequantizeOp op) {
  return static_cast<numerics::Rounding>(op.getRounding());
}

/// The accumulators at which the output takes its next code: hi - lo of them, per scale.
static std::vector<int64_t> thresholds(dyad::RequantizeOp op, const Scales &scales, int64_t zp,
                                       IntRange codes, int64_t acc) {
  auto [lo, hi] = codes;
  IntRange range = IntRange::signedType(unsigned(acc));
  std::vector<int64_t> all;
  for (size_t c = 0; c < scales.multiplier.size(); ++c) {
    auto f = [&, lo = lo, hi = hi](int64_t a) {
      int64_t scaled = numerics::shiftRightRounded(a * scales.multiplier[c], int(scales.shift[c]),
                                                   roundingOf(op));
      return numerics::saturate(scaled, lo - zp, hi - zp) + zp;
    };
    std::vector<int64_t> row(size_t(f(range.lo) - lo), range.lo);
    auto steps = numerics::requantizeSteps(f, range);
    llvm::append_range(row, *steps); // monotone, and at most 15 codes
    row.resize(size_t(hi - lo), range.hi + 1);
    llvm::append_range(all, row);
  }
  return all;
}

FailureOr<hls::EpilogueAttrInterface> Lowering::requantization(dyad::RequantizeOp op, int64_t acc,
                                                               std::vector<int64_t> bias,
                                                               Image image) {
  FailureOr<Scales> scales = readScales(*this, op, image);
  FailureOr<int64_t> zeroPoint = scalar(op, op.getZeroPoint());
  FailureOr<int64_t> inputZeroPoint = scalar(op, op.getInputZeroPoint());
  if (failed(scales) || failed(zeroPoint) || failed(inputZeroPoint))
    return failure();
  for (int64_t &b : bias)
    b = wrap(b - *inputZeroPoint, acc);
  if (scales->byPixel && bias.size() > 1)
    return reject(op, "expected one bias beside scales per pixel, but found one per channel");
  int64_t biases = int64_t(bias.size()), count = int64_t(scales->multiplier.size());
  ElementsAttr biasRom = rom({biases}, bias, 32);
  MLIRContext *context = builder.getContext();
  // Proven codes lie in the stream's type, so the clamp may.
  IntegerType element = elementOf(op.getResult());
  IntRange codes = IntRange::ofType(!element.isUnsigned(), element.getWidth());
  int64_t lo = std::max<int64_t>(op.getClampLo(), codes.lo);
  int64_t hi = std::min<int64_t>(op.getClampHi(), codes.hi);
  if (!scales->byPixel && hi > lo && element.getWidth() <= thresholdBits) {
    std::vector<int64_t> steps = thresholds(op, *scales, *zeroPoint, {lo, hi}, acc);
    return hls::EpilogueAttrInterface(
        hls::ThresholdsAttr::get(context, acc, biasRom, rom({count, hi - lo}, steps, 64), lo));
  }
  return hls::EpilogueAttrInterface(hls::RequantizeAttr::get(
      context, acc, biasRom, rom({count}, scales->multiplier, 32), rom({count}, scales->shift, 8),
      *zeroPoint, lo, hi, static_cast<hls::Rounding>(op.getRounding()), scales->byPixel));
}

FailureOr<Destination> Lowering::destination(Operation *op, std::vector<int64_t> bias,
                                             Image image) {
  Value accumulator = op->getResult(0);
  Destination result;
  const ResultRange *sums = ranges.lookup(accumulator);
  if (!sums || sums->range.bitsNeeded() > 32)
    return reject(op, "expected an accumulator that is proved to fit 32 bits");
  result.accBits = std::max(sums->range.bitsNeeded(), 2u);
  dyad::RequantizeOp requantize;
  if (accumulator.hasOneUse())
    requantize = dyn_cast<dyad::RequantizeOp>(*accumulator.user_begin());
  if (!requantize || requantize.getInput() != accumulator) {
    // The stream's type holds every copy of the tensor.
    result.tensor = accumulator;
    result.element = builder.getIntegerType(elementOf(accumulator).getWidth(), true);
    result.accBits = result.element.getWidth();
    for (int64_t &b : bias)
      b = wrap(b, result.accBits);
    result.epilogue = hls::AddBiasAttr::get(builder.getContext(), result.accBits,
                                            rom({int64_t(bias.size())}, bias, 32));
    return result;
  }
  FailureOr<hls::EpilogueAttrInterface> epilogue =
      requantization(requantize, result.accBits, std::move(bias), image);
  if (failed(epilogue))
    return failure();
  absorbed.insert(requantize);
  result.tensor = requantize.getResult();
  result.element = elementOf(result.tensor);
  result.epilogue = *epilogue;
  return result;
}
