//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared parts of the patterns: see Patterns.h.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Quantize.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

//===----------------------------------------------------------------------===//
// Affine parameters
//===----------------------------------------------------------------------===//

static numerics::IntRange rangeOf(IntegerType type) {
  return numerics::IntRange::ofType(!type.isUnsigned(), type.getWidth());
}

static numerics::IntRange codeRange(const Affine &affine) {
  if (affine.bits == 0)
    return rangeOf(affine.storage);
  return numerics::IntRange::ofType(!affine.storage.isUnsigned(), affine.bits);
}
int64_t Affine::min() const { return codeRange(*this).lo; }
int64_t Affine::max() const { return codeRange(*this).hi; }

bool Affine::hasOneZeroPoint() const {
  return llvm::all_of(zeroPoints, [&](int64_t zp) { return zp == zeroPoints.front(); });
}

bool Affine::operator==(const Affine &o) const {
  return storage == o.storage && scales == o.scales && zeroPoints == o.zeroPoints &&
         (isPerTensor() || axis == o.axis);
}

template <typename Op> static std::optional<Affine> readParameters(Op op, RankedTensorType stored) {
  auto scales = readFloats(getConstantElements(op.getScale()));
  auto zeroPoints = readIntegers(getConstantElements(op.getZeroPoint()));
  if (!scales || !zeroPoints || scales->empty() || scales->size() != zeroPoints->size())
    return std::nullopt;
  return Affine{cast<IntegerType>(stored.getElementType()), std::move(*scales),
                std::move(*zeroPoints), static_cast<int64_t>(op.getAxis())};
}

std::optional<Affine> nntodyad::readAffine(qnn::QuantizeOp op) {
  std::optional<Affine> affine = readParameters(op, op.getResult().getType());
  if (affine && op.getBits())
    affine->bits = op.getCodeBits();
  return affine;
}
std::optional<Affine> nntodyad::readAffine(qnn::DequantizeOp op) {
  return readParameters(op, op.getInput().getType());
}

std::optional<Quantized> nntodyad::quantizedSource(Value value) {
  auto dequantize = value.getDefiningOp<qnn::DequantizeOp>();
  if (!dequantize)
    return std::nullopt;
  std::optional<Affine> affine = readAffine(dequantize);
  if (!affine)
    return std::nullopt;
  return Quantized{dequantize.getInput(), std::move(*affine)};
}

std::optional<Quantized> nntodyad::codeSource(Value value) {
  std::optional<Quantized> source = quantizedSource(value);
  if (!source || !source->affine.isPerTensor() || !source->affine.isCodes())
    return std::nullopt;
  return source;
}

//===----------------------------------------------------------------------===//
// Tails
//===----------------------------------------------------------------------===//

bool nntodyad::mayConvert(Operation *op) { return op && !op->hasAttr(stayFloatAttr); }

int32_t Tail::quantizeBound(double bound) const {
  double limited = std::min(std::max(bound, lo), hi);
  return numerics::quantizeLinear(static_cast<float>(limited), out.scale(),
                                  static_cast<int32_t>(out.zeroPoint()),
                                  static_cast<int32_t>(out.min()), static_cast<int32_t>(out.max()));
}

std::optional<Tail> nntodyad::matchTail(qnn::QuantizeOp root) {
  std::optional<Affine> out = readAffine(root);
  if (!out)
    return std::nullopt;
  Tail tail;
  tail.out = std::move(*out);
  tail.input = root.getInput();
  SmallVector<std::pair<double, double>> clamps;
  while (auto op = tail.input.getDefiningOp<QuantizableOpInterface>()) {
    std::optional<std::pair<double, double>> bounds = op.getClampBounds();
    if (!bounds || !mayConvert(op))
      break;
    clamps.push_back(*bounds);
    tail.input = op->getOperand(0);
  }
  for (auto [lo, hi] : llvm::reverse(clamps)) {
    tail.lo = std::min(std::max(tail.lo, lo), hi);
    tail.hi = std::min(std::max(tail.hi, lo), hi);
  }
  return tail;
}

LogicalResult TailPattern::matchAndRewrite(qnn::QuantizeOp root, PatternRewriter &rewriter) const {
  if (state.failed)
    return failure();
  std::optional<Tail> tail = matchTail(root);
  if (!tail)
    return rewriter.notifyMatchFailure(root, "scale or zero point is not constant");
  Operation *head = tail->input.getDefiningOp();
  if (head && !mayConvert(head))
    return rewriter.notifyMatchFailure(root, "the op stays float");
  Value integers = convert(head, *tail, rewriter, head ? head->getLoc() : root.getLoc());
  if (!integers)
    return failure();
  rewriter.replaceOp(root, integers);
  return success();
}

//===----------------------------------------------------------------------===//
// State and builders
//===----------------------------------------------------------------------===//

LogicalResult State::explain(Operation *op, const Twine &reason) {
  reasons[op->getLoc()] = reason.str();
  return failure();
}

void nntodyad::fail(Location loc, State &state, const Twine &reason) {
  state.failed = true;
  mlir::emitError(loc) << "node '" << getLocationName(loc) << "': " << reason;
}

IntegerType nntodyad::si32(OpBuilder &builder) {
  return builder.getIntegerType(32, /*isSigned=*/true);
}

Value nntodyad::makeConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                             ArrayRef<int64_t> values) {
  return dyad::ConstantOp::create(builder, loc, type,
                                  makeIntegerWeights(type, values, getLocationName(loc)));
}

Value nntodyad::makeScalar(OpBuilder &builder, Location loc, Type elementType, int64_t value) {
  return makeConstant(builder, loc, RankedTensorType::get({}, elementType), value);
}

Value nntodyad::zeroPointOf(OpBuilder &builder, Location loc, const Affine &affine) {
  return makeScalar(builder, loc, affine.storage, affine.zeroPoint());
}

SmallVector<int64_t> nntodyad::channelShape(int64_t channels, int64_t axis, int64_t rank) {
  SmallVector<int64_t> shape(static_cast<size_t>(rank - axis), 1);
  shape.front() = channels;
  return shape;
}

static std::string noDyadicForm(double scale) {
  return "expected a rescaling in [2^-39, 2^23), but found " + llvm::formatv("{0:e}", scale).str();
}

bool nntodyad::canRescale(State &state, Operation *op, ArrayRef<double> scales) {
  for (double scale : scales)
    if (!numerics::makeDyadic(scale)) {
      (void)state.explain(op, noDyadicForm(scale));
      return false;
    }
  return true;
}

Value nntodyad::makeFloatTable(OpBuilder &builder, Location loc, const Quantized &source,
                               const Affine &out, llvm::function_ref<double(double)> function) {
  const Affine &in = source.affine;
  if (!in.isPerTensor() || !out.isPerTensor() || in.storage.getWidth() != 8 ||
      out.storage.getWidth() != 8)
    return {};
  std::vector<int64_t> codes;
  for (int64_t code = rangeOf(in.storage).lo; code <= rangeOf(in.storage).hi; ++code) {
    auto value =
        static_cast<float>(function(static_cast<float>(code - in.zeroPoint()) * in.scale()));
    if (std::isnan(value))
      return {};
    codes.push_back(
        numerics::quantizeLinear(value, out.scale(), static_cast<int32_t>(out.zeroPoint()),
                                 static_cast<int32_t>(out.min()), static_cast<int32_t>(out.max())));
  }
  auto type = RankedTensorType::get({static_cast<int64_t>(codes.size())}, out.storage);
  return dyad::LookupOp::create(builder, loc,
                                cast<RankedTensorType>(source.value.getType()).clone(out.storage),
                                source.value, makeConstant(builder, loc, type, codes));
}

Value nntodyad::makeRescaleTable(OpBuilder &builder, Location loc, const Quantized &source,
                                 const Tail &tail) {
  return makeFloatTable(builder, loc, source, tail.out,
                        [&](double value) { return std::min(std::max(value, tail.lo), tail.hi); });
}

std::vector<float> nntodyad::onnxScales(const Affine &x, ArrayRef<float> w, const Affine &y) {
  std::vector<float> scales;
  for (float scale : w)
    scales.push_back(x.scale() * scale / y.scale());
  return scales;
}

Value nntodyad::makeOnnxRequantize(OpBuilder &builder, Location loc, Value input,
                                   ArrayRef<float> scales, ArrayRef<int64_t> shape,
                                   const Tail &tail) {
  if (llvm::all_equal(scales)) {
    scales = scales.take_front(1);
    shape = {};
  }
  std::vector<int64_t> bits, zeros(scales.size(), 0);
  for (float scale : scales)
    bits.push_back(llvm::bit_cast<int32_t>(scale));
  auto inputType = cast<RankedTensorType>(input.getType());
  auto parameterType = RankedTensorType::get(shape, si32(builder));
  return dyad::RequantizeOp::create(builder, loc, inputType.clone(tail.out.storage), input,
                                    makeScalar(builder, loc, inputType.getElementType(), 0),
                                    makeConstant(builder, loc, parameterType, bits),
                                    makeConstant(builder, loc, parameterType, zeros),
                                    zeroPointOf(builder, loc, tail.out), dyad::Rounding::OnnxRne,
                                    tail.clampLo(), tail.clampHi());
}

Value nntodyad::makeRequantize(OpBuilder &builder, Location loc, State &state, Value input,
                               int64_t inputZeroPoint, ArrayRef<double> scales,
                               ArrayRef<int64_t> shape, const Tail &tail) {
  bool uniform = llvm::all_of(scales, [&](double scale) { return scale == scales.front(); });
  if (uniform) {
    scales = scales.take_front(1);
    shape = {};
  }
  std::vector<int64_t> multipliers, shifts;
  for (double scale : scales) {
    std::optional<numerics::Dyadic> dyadic = numerics::makeDyadic(scale);
    if (!dyadic) {
      fail(loc, state, noDyadicForm(scale));
      return {};
    }
    multipliers.push_back(dyadic->multiplier);
    shifts.push_back(dyadic->shift);
  }
  auto inputType = cast<RankedTensorType>(input.getType());
  auto parameterType = RankedTensorType::get(shape, si32(builder));
  return dyad::RequantizeOp::create(
      builder, loc, inputType.clone(tail.out.storage), input,
      makeScalar(builder, loc, inputType.getElementType(), inputZeroPoint),
      makeConstant(builder, loc, parameterType, multipliers),
      makeConstant(builder, loc, parameterType, shifts), zeroPointOf(builder, loc, tail.out),
      dyad::Rounding::HalfUp, tail.clampLo(), tail.clampHi());
}
