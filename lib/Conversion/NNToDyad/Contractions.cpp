//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions and matrix products: integer accumulators, then one rescaling per channel.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Rounding.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

namespace {
/// A linear map whose operands are integers.
struct Contraction {
  Quantized input, weight;
  /// The weight's codes, symmetric and signed.
  ElementsAttr codes;
  std::vector<int64_t> bias;
  /// s_x * s_w: one, or one per output channel.
  std::vector<double> scales;
};

class ContractionPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override;
  std::optional<Contraction> match(LinearMapOpInterface op) const;
  bool matchBias(LinearMapOpInterface op, int64_t channels, Contraction &parts) const;
  Value buildAccumulators(LinearMapOpInterface op, const Contraction &parts,
                          PatternRewriter &rewriter, Location loc) const;
};
} // namespace

/// Scales that were computed as products in different precisions.
static bool nearlyEqual(double a, double b) { return std::fabs(a - b) <= 1e-6 * std::fabs(b); }

static double scaleAt(ArrayRef<double> scales, size_t channel) {
  return scales[scales.size() == 1 ? 0 : channel];
}

/// The bias as integers at scale s_x * s_w: stored ones where they have that scale, else rounded.
bool ContractionPattern::matchBias(LinearMapOpInterface op, int64_t channels,
                                   Contraction &parts) const {
  parts.bias.assign(static_cast<size_t>(channels), 0);
  Value bias = op.getBiasValue();
  if (!bias)
    return true;
  std::vector<double> reals;
  if (std::optional<Quantized> source = quantizedSource(bias)) {
    auto stored = readIntegers(getConstantElements(source->value));
    if (!stored || stored->size() != parts.bias.size())
      return false;
    const Affine &affine = source->affine;
    bool sameScale = true;
    for (size_t c = 0; c < parts.bias.size(); ++c) {
      size_t at = affine.isPerTensor() ? 0 : c;
      sameScale &=
          affine.zeroPoints[at] == 0 && nearlyEqual(affine.scales[at], scaleAt(parts.scales, c));
      reals.push_back(double(affine.scales[at]) *
                      static_cast<double>((*stored)[c] - affine.zeroPoints[at]));
    }
    if (sameScale) {
      parts.bias = std::move(*stored);
      return true;
    }
  } else if (auto values = readFloats(getConstantElements(bias))) {
    reals.assign(values->begin(), values->end());
  }
  if (reals.size() != parts.bias.size())
    return false;
  for (size_t c = 0; c < reals.size(); ++c) {
    double code = numerics::roundHalfEven(reals[c] / scaleAt(parts.scales, c));
    if (!(std::fabs(code) < 0x1p31))
      return false;
    parts.bias[c] = static_cast<int64_t>(code);
  }
  return true;
}

/// Signed codes with zero points of 0: the weight's own, or unsigned ones around 128 moved down.
/// Null for others. `affine` becomes that of the result.
static ElementsAttr symmetricCodes(ElementsAttr codes, Affine &affine) {
  bool isUnsigned = affine.storage.isUnsigned();
  int64_t middle = isUnsigned ? 128 : 0;
  if (llvm::any_of(affine.zeroPoints, [&](int64_t zp) { return zp != middle; }))
    return {};
  if (!isUnsigned)
    return codes;
  std::optional<std::vector<int64_t>> values = readIntegers(codes);
  if (!values || affine.storage.getWidth() != 8)
    return {};
  for (int64_t &value : *values)
    value -= middle;
  affine.storage = IntegerType::get(codes.getContext(), 8, IntegerType::Signed);
  llvm::fill(affine.zeroPoints, 0);
  auto type = cast<RankedTensorType>(codes.getShapedType()).clone(affine.storage);
  return makeIntegerWeights(type, *values, "weight");
}

std::optional<Contraction> ContractionPattern::match(LinearMapOpInterface op) const {
  auto refuse = [&](const Twine &reason) {
    (void)state.explain(op, reason);
    return std::nullopt;
  };
  std::optional<Quantized> input = codeSource(op.getInputOperand().get());
  if (!input)
    return refuse("its input is not a tensor of codes with one scale");
  std::optional<Quantized> weight = quantizedSource(op.getWeightOperand().get());
  if (!weight || !getConstantElements(weight->value))
    return refuse("its weight is not a quantized constant");
  Affine &affine = weight->affine;
  ElementsAttr codes = symmetricCodes(getConstantElements(weight->value), affine);
  if (!codes)
    return refuse("its weight is not symmetric");
  if (!affine.isPerTensor() && affine.axis != op.getWeightOutputAxis())
    return refuse("its weight has no scale per output channel");
  Contraction parts{std::move(*input), std::move(*weight), codes, {}, {}};
  for (float scale : parts.weight.affine.scales)
    parts.scales.push_back(double(parts.input.affine.scale()) * double(scale));
  auto weightType = cast<RankedTensorType>(parts.weight.value.getType());
  if (!matchBias(op, weightType.getDimSize(op.getWeightOutputAxis()), parts))
    return refuse("its bias has no 32-bit form");
  return parts;
}

Value ContractionPattern::buildAccumulators(LinearMapOpInterface op, const Contraction &parts,
                                            PatternRewriter &rewriter, Location loc) const {
  auto type = cast<RankedTensorType>(op->getResult(0).getType()).clone(si32(rewriter));
  auto biasType = RankedTensorType::get({static_cast<int64_t>(parts.bias.size())}, si32(rewriter));
  Value weight = dyad::ConstantOp::create(
      rewriter, loc, cast<RankedTensorType>(parts.codes.getShapedType()), parts.codes);
  Value bias = makeConstant(rewriter, loc, biasType, parts.bias);
  Value zeroPoint = zeroPointOf(rewriter, loc, parts.input.affine);
  if (auto conv = dyn_cast<nn::ConvOp>(op.getOperation()))
    return dyad::ConvOp::create(rewriter, loc, type, parts.input.value, weight, bias, zeroPoint,
                                conv.getStrides(), conv.getDilations(), conv.getPads(),
                                conv.getGroups());
  return dyad::LinearOp::create(rewriter, loc, type, parts.input.value, weight, bias, zeroPoint);
}

/// Whether the result is to be the accumulators themselves.
static bool isAccumulatorForm(const Tail &tail, const Contraction &parts, int64_t axis) {
  const Affine &out = tail.out;
  if (out.storage.getWidth() != 32 || out.storage.isUnsigned() || tail.hasClamps() ||
      (!out.isPerTensor() && out.axis != axis))
    return false;
  size_t count = std::max(out.scales.size(), parts.scales.size());
  for (size_t c = 0; c < count; ++c) {
    size_t at = out.isPerTensor() ? 0 : c;
    if (out.zeroPoints[at] != 0 || !nearlyEqual(out.scales[at], scaleAt(parts.scales, c)))
      return false;
  }
  return true;
}

Value ContractionPattern::convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                                  Location loc) const {
  if (!isa_and_nonnull<nn::ConvOp, nn::LinearOp>(head))
    return {};
  auto op = cast<LinearMapOpInterface>(head);
  std::optional<Contraction> parts = match(op);
  if (!parts)
    return {};
  int64_t axis = op.getResultChannelAxis();
  int64_t rank = cast<RankedTensorType>(head->getResult(0).getType()).getRank();
  if (isAccumulatorForm(tail, *parts, axis))
    return buildAccumulators(op, *parts, rewriter, loc);
  if (!tail.out.isPerTensor() || tail.out.storage.getWidth() > 16) {
    (void)state.explain(head, "its result is neither a tensor of codes with one scale nor "
                              "the accumulators");
    return {};
  }
  std::vector<double> scales;
  for (double scale : parts->scales)
    scales.push_back(scale / double(tail.out.scale()));
  if (!canRescale(state, head, scales))
    return {};
  SmallVector<int64_t> shape = channelShape(static_cast<int64_t>(scales.size()), axis, rank);
  Value accumulators = buildAccumulators(op, *parts, rewriter, loc);
  if (!state.quantizedInFile)
    return makeRequantize(rewriter, loc, state, accumulators, 0, scales, shape, tail);
  return makeOnnxRequantize(rewriter, loc, accumulators,
                            onnxScales(parts->input.affine, parts->weight.affine.scales, tail.out),
                            shape, tail);
}

void nntodyad::populateContractions(RewritePatternSet &patterns, State &state) {
  patterns.add<ContractionPattern>(patterns.getContext(), state);
}
