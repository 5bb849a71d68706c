//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Constraints of the dyad ops that compute: contractions, rescaling, elementwise ops and pools.
// Each carries its label from docs/Dialects/Dyad.md.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Dyadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::dyad;

static_assert(int(Rounding::HalfUp) == int(numerics::Rounding::HalfUp) &&
                  int(Rounding::HalfEven) == int(numerics::Rounding::HalfEven) &&
                  int(Rounding::HalfAway) == int(numerics::Rounding::HalfAway) &&
                  int(Rounding::TowardZero) == int(numerics::Rounding::TowardZero) &&
                  int(Rounding::Floor) == int(numerics::Rounding::Floor),
              "the attribute and the arithmetic name the same modes");

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// Positions in a padded input fit into 64 bits.
constexpr int64_t mostWindowedSize = int64_t(1) << 60;

/// Sizes of the attributes of a window op, and their signs.
static LogicalResult verifyWindowAttributes(Operation *op, RankedTensorType input,
                                            ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                            ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                                            StringRef label) {
  size_t spatial = input.getRank() - 2;
  if (kernel.size() != spatial || strides.size() != spatial || dilations.size() != spatial ||
      pads.size() != 2 * spatial)
    return op->emitOpError("expected ")
           << spatial << " kernel sizes, strides and dilations and " << 2 * spatial
           << " pads, but found " << kernel.size() << ", " << strides.size() << ", "
           << dilations.size() << " and " << pads.size() << " " << label;
  // Bounds keep positions, which are products of these, within 64 bits.
  constexpr int64_t limit = int64_t(1) << 24;
  for (ArrayRef<int64_t> values : {kernel, strides, dilations})
    for (int64_t value : values)
      if (value < 1 || value >= limit)
        return op->emitOpError(
                   "expected kernel sizes, strides and dilations in [1, 2^24), but found ")
               << value << " " << label;
  for (int64_t pad : pads)
    if (pad < 0 || pad >= limit)
      return op->emitOpError("expected pads in [0, 2^24), but found ") << pad << " " << label;
  for (int64_t size : input.getShape().drop_front(2))
    if (size > mostWindowedSize)
      return op->emitOpError("expected spatial sizes of at most 2^60, but found ")
             << size << " " << label;
  return success();
}

LogicalResult ConvOp::verify() {
  RankedTensorType input = getInput().getType(), weight = getWeight().getType();
  RankedTensorType result = getResult().getType(), bias = getBias().getType();
  int64_t rank = input.getRank();
  if (rank < 3 || rank > 5 || weight.getRank() != rank || result.getRank() != rank ||
      bias.getRank() != 1)
    return emitOpError("expected input, weight and result of one rank in [3, 5] and a bias of rank "
                       "1, but found ")
           << input << ", " << weight << ", " << result << " and " << bias << " [DYAD-CONV-1]";
  int64_t groups = getGroups(), outputs = weight.getDimSize(0), inputs = weight.getDimSize(1);
  int64_t channels = 0;
  if (!weight.hasStaticShape() || groups < 1 || groups > outputs || outputs < 1 || inputs < 1 ||
      outputs % groups != 0 || llvm::MulOverflow(inputs, groups, channels) ||
      !dimensionsAgree(input.getDimSize(1), channels))
    return emitOpError("expected a weight of static shape [outputs, inputs / groups, kernel...] "
                       "with outputs a multiple of groups, but found ")
           << weight << " for " << groups << " groups and " << input << " [DYAD-CONV-3]";
  ArrayRef<int64_t> kernel = weight.getShape().drop_front(2);
  if (failed(verifyWindowAttributes(*this, input, kernel, getStrides(), getDilations(), getPads(),
                                    "[DYAD-CONV-2]")))
    return failure();
  if (bias.getDimSize(0) != outputs)
    return emitOpError("expected a bias of ")
           << outputs << " elements, but found " << bias << " [DYAD-CONV-4]";
  Dims expected = {input.getDimSize(0), outputs};
  for (int64_t i = 2; i < rank; ++i) {
    int64_t size = ShapedType::kDynamic;
    if (!input.isDynamicDim(i)) {
      WindowAxis axis{input.getDimSize(i),   kernel[i - 2],    getStrides()[i - 2],
                      getDilations()[i - 2], getPads()[i - 2], getPads()[rank - 2 + i - 2]};
      size = axis.floorOutput();
    }
    expected.push_back(size);
  }
  if (llvm::is_contained(ArrayRef(expected).drop_front(2), 0))
    return emitOpError("expected a kernel that fits the padded input, but found ")
           << weight << " and " << input << " [DYAD-CONV-5]";
  if (!shapesAgree(expected, result.getShape()))
    return emitOpError("expected a result of type ")
           << RankedTensorType::get(expected, result.getElementType()) << ", but found " << result
           << " [DYAD-CONV-5]";
  return verifyZeroPoint(*this, getZeroPoint().getType(), input, "a zero point");
}

LogicalResult LinearOp::verify() {
  RankedTensorType input = getInput().getType(), weight = getWeight().getType();
  RankedTensorType bias = getBias().getType(), result = getResult().getType();
  if (input.getRank() < 1 || weight.getRank() != 2 || !weight.hasStaticShape() ||
      weight.getNumElements() == 0 ||
      !dimensionsAgree(input.getShape().back(), weight.getDimSize(1)))
    return emitOpError("expected an input [..., K] and a static weight [N, K], but found ")
           << input << " and " << weight << " [DYAD-LIN-1]";
  if (bias.getRank() != 1 || bias.getDimSize(0) != weight.getDimSize(0))
    return emitOpError("expected a bias of ")
           << weight.getDimSize(0) << " elements, but found " << bias << " [DYAD-LIN-2]";
  Dims expected(input.getShape());
  expected.back() = weight.getDimSize(0);
  if (!shapesAgree(expected, result.getShape()))
    return emitOpError("expected a result of type ")
           << RankedTensorType::get(expected, result.getElementType()) << ", but found " << result
           << " [DYAD-LIN-3]";
  return verifyZeroPoint(*this, getZeroPoint().getType(), input, "a zero point");
}

LogicalResult MatMulOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  RankedTensorType result = getResult().getType();
  bool matrices = lhs.getRank() >= 2 && rhs.getRank() >= 2;
  std::optional<Dims> expected;
  if (matrices && dimensionsAgree(lhs.getShape().back(), rhs.getDimSize(rhs.getRank() - 2)))
    expected = broadcastShapes(lhs.getShape().drop_back(2), rhs.getShape().drop_back(2));
  if (!expected)
    return emitOpError("expected operands [..., M, K] and [..., K, N], but found ")
           << lhs << " and " << rhs << " [DYAD-MM-1]";
  expected->push_back(lhs.getDimSize(lhs.getRank() - 2));
  expected->push_back(rhs.getShape().back());
  if (!shapesAgree(*expected, result.getShape()))
    return emitOpError("expected a result of type ")
           << RankedTensorType::get(*expected, result.getElementType()) << ", but found " << result
           << " [DYAD-MM-2]";
  if (failed(verifyZeroPoint(*this, getLhsZeroPoint().getType(), lhs, "a left zero point")))
    return failure();
  return verifyZeroPoint(*this, getRhsZeroPoint().getType(), rhs, "a right zero point");
}

//===----------------------------------------------------------------------===//
// Rescaling and elementwise ops
//===----------------------------------------------------------------------===//

bool RequantizeOp::isLegalScale(Rounding rounding, int64_t multiplier, int64_t shift) {
  if (rounding != Rounding::OnnxRne)
    return numerics::isLegal(
        numerics::Dyadic{static_cast<int32_t>(multiplier), static_cast<int32_t>(shift)});
  float scale = llvm::bit_cast<float>(static_cast<int32_t>(multiplier));
  return std::isnormal(scale) && scale > 0 && shift == 0;
}

LogicalResult RequantizeOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  RankedTensorType multiplier = getMultiplier().getType(), shift = getShift().getType();
  if (!shapesAgree(input.getShape(), result.getShape()))
    return emitOpError("expected operand and result of one shape, but found ")
           << input << " and " << result << " [DYAD-REQ-1]";
  std::optional<Dims> joined;
  if (multiplier.hasStaticShape() && multiplier.getShape() == shift.getShape())
    joined = broadcastShapes(multiplier.getShape(), input.getShape());
  if (!joined || ArrayRef<int64_t>(*joined) != input.getShape())
    return emitOpError("expected multiplier and shift of one static shape that broadcasts to ")
           << input << ", but found " << multiplier << " and " << shift << " [DYAD-REQ-2]";
  auto multipliers = readDistinctIntegers(getConstantElements(getMultiplier()));
  auto shifts = readDistinctIntegers(getConstantElements(getShift()));
  if (multipliers && shifts)
    for (size_t i = 0, end = std::max(multipliers->size(), shifts->size()); i < end; ++i) {
      int64_t m = (*multipliers)[multipliers->size() == 1 ? 0 : i];
      int64_t s = (*shifts)[shifts->size() == 1 ? 0 : i];
      if (!isLegalScale(getRounding(), m, s))
        return reportScale(*this, m, s);
    }
  if (failed(verifyClamp(*this, result, getClampLo(), getClampHi())) ||
      failed(verifyZeroPoint(*this, getInputZeroPoint().getType(), input, "an input zero point")))
    return failure();
  return verifyZeroPoint(*this, getZeroPoint().getType(), result, "a zero point");
}

/// [DYAD-EW-1] The result's shape is the broadcast of the operands'.
static LogicalResult verifyBroadcast(Operation *op, RankedTensorType lhs, RankedTensorType rhs,
                                     RankedTensorType result) {
  std::optional<Dims> joined = broadcastShapes(lhs.getShape(), rhs.getShape());
  if (joined && shapesAgree(*joined, result.getShape()))
    return success();
  return op->emitOpError("expected operands that broadcast to ")
         << result << ", but found " << lhs << " and " << rhs << " [DYAD-EW-1]";
}

LogicalResult AddOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  RankedTensorType result = getResult().getType();
  if (failed(verifyBroadcast(*this, lhs, rhs, result)))
    return failure();
  for (Value parameter : {getLhsMultiplier(), getRhsMultiplier(), getShift()})
    if (cast<RankedTensorType>(parameter.getType()).getRank() != 0)
      return emitOpError("expected multipliers and shift of rank 0, but found ")
             << parameter.getType() << " [DYAD-ADD-1]";
  auto ma = constantValues(getLhsMultiplier()), mb = constantValues(getRhsMultiplier());
  auto shift = constantValues(getShift());
  if (ma && mb && shift &&
      !numerics::isLegal(numerics::AddParams{static_cast<int32_t>(ma->front()),
                                             static_cast<int32_t>(mb->front()),
                                             static_cast<int32_t>(shift->front())}))
    return emitOpError("expected |multipliers| < 2^21 and a shift in [1, 30], but found ")
           << ma->front() << ", " << mb->front() << " and " << shift->front() << " [DYAD-ADD-2]";
  if (failed(verifyClamp(*this, result, getClampLo(), getClampHi())) ||
      failed(verifyZeroPoint(*this, getLhsZeroPoint().getType(), lhs, "a left zero point")) ||
      failed(verifyZeroPoint(*this, getRhsZeroPoint().getType(), rhs, "a right zero point")))
    return failure();
  return verifyZeroPoint(*this, getZeroPoint().getType(), result, "a zero point");
}

LogicalResult MulOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  if (failed(verifyBroadcast(*this, lhs, rhs, getResult().getType())) ||
      failed(verifyZeroPoint(*this, getLhsZeroPoint().getType(), lhs, "a left zero point")))
    return failure();
  return verifyZeroPoint(*this, getRhsZeroPoint().getType(), rhs, "a right zero point");
}

LogicalResult LookupOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  if (!shapesAgree(input.getShape(), result.getShape()))
    return emitOpError("expected operand and result of one shape, but found ")
           << input << " and " << result << " [DYAD-LUT-1]";
  numerics::IntRange codes = typeRange(input);
  auto expected = RankedTensorType::get({codes.hi - codes.lo + 1}, result.getElementType());
  if (getTable().getType() != expected)
    return emitOpError("expected a table of type ")
           << expected << ", but found " << getTable().getType() << " [DYAD-LUT-2]";
  return success();
}

//===----------------------------------------------------------------------===//
// Pools and reductions
//===----------------------------------------------------------------------===//

/// An output size a pool may have, rounded down or up, with an element of the input in each window.
static bool isPoolSize(WindowAxis axis) {
  if (axis.output != axis.floorOutput() && axis.output != axis.ceilOutput())
    return false;
  // Windows inside the input need no look: those that leave it are at the two ends.
  int64_t firstInside = (axis.padBefore + axis.stride - 1) / axis.stride;
  int64_t lastInside = (axis.input + axis.padBefore - axis.extent()) / axis.stride;
  for (int64_t out = 0; out < axis.output; ++out) {
    if (out == firstInside && lastInside > out)
      out = lastInside;
    if (axis.validTaps(out) == 0)
      return false;
  }
  return axis.output > 0;
}

static LogicalResult verifyPool(Operation *op, RankedTensorType input, RankedTensorType result,
                                ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
  int64_t rank = input.getRank();
  if (rank < 3 || rank > 5 || result.getRank() != rank ||
      !dimensionsAgree(input.getDimSize(0), result.getDimSize(0)) ||
      !dimensionsAgree(input.getDimSize(1), result.getDimSize(1)))
    return op->emitOpError("expected operand and result of one rank in [3, 5] with equal batch and "
                           "channels, but found ")
           << input << " and " << result << " [DYAD-POOL-1]";
  size_t spatial = rank - 2;
  if (failed(verifyWindowAttributes(op, input, kernel, strides, dilations, pads, "[DYAD-POOL-2]")))
    return failure();
  for (size_t i = 0; i < spatial; ++i) {
    if (input.isDynamicDim(i + 2) || result.isDynamicDim(i + 2))
      continue;
    WindowAxis axis{
        input.getDimSize(i + 2), kernel[i], strides[i], dilations[i], pads[i], pads[spatial + i],
        result.getDimSize(i + 2)};
    if (axis.output > mostWindowedSize || !isPoolSize(axis))
      return op->emitOpError("expected an output size of ")
             << axis.floorOutput() << " or " << axis.ceilOutput() << " along spatial axis " << i
             << ", each window holding an element of the input, but "
             << "found " << axis.output << " [DYAD-POOL-3]";
  }
  return success();
}

LogicalResult MaxPoolOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  if (input.getElementType() != result.getElementType())
    return emitOpError("expected operand and result of one element type, but found ")
           << input << " and " << result << " [DYAD-POOL-4]";
  return verifyPool(*this, input, result, getKernel(), getStrides(), getDilations(), getPads());
}

LogicalResult SumPoolOp::verify() {
  if (failed(verifyPool(*this, getInput().getType(), getResult().getType(), getKernel(),
                        getStrides(), getDilations(), getPads())))
    return failure();
  return verifyZeroPoint(*this, getZeroPoint().getType(), getInput().getType(), "a zero point");
}

LogicalResult ReduceSumOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  int64_t previous = -1;
  for (int64_t axis : getAxes()) {
    if (axis <= previous || axis >= input.getRank())
      return emitOpError("expected increasing axes in [0, ")
             << input.getRank() << "), but found [" << getAxes() << "] [DYAD-RED-1]";
    previous = axis;
  }
  Dims expected;
  for (int64_t i = 0; i < input.getRank(); ++i) {
    if (!llvm::is_contained(getAxes(), i))
      expected.push_back(input.getDimSize(i));
    else if (getKeepdims())
      expected.push_back(1);
  }
  if (!shapesAgree(expected, result.getShape()))
    return emitOpError("expected a result of type ")
           << RankedTensorType::get(expected, result.getElementType()) << ", but found " << result
           << " [DYAD-RED-2]";
  return verifyZeroPoint(*this, getZeroPoint().getType(), input, "a zero point");
}
