//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Averages: integer sums and one rescaling by s_x / (s_y * n), where n may differ between the
// border and the middle of an average pool.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "quantc/Support/WindowLoops.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

/// Largest number of codes whose sum is below 2^31.
static int64_t maxSummands(const Affine &in) {
  return (int64_t(1) << 31) / (in.max() - in.min() + 1);
}

static bool isCodeTail(const Tail &tail) { return tail.out.isPerTensor() && tail.out.isCodes(); }

/// s_x / (s_y * n) of each count.
static std::vector<double> averageScales(const Affine &in, const Tail &tail,
                                         ArrayRef<int64_t> counts) {
  std::vector<double> scales;
  for (int64_t n : counts)
    scales.push_back(double(in.scale()) / (double(tail.out.scale()) * static_cast<double>(n)));
  return scales;
}

namespace {
class MeanPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override {
    auto mean = dyn_cast_or_null<nn::ReduceMeanOp>(head);
    if (!mean)
      return {};
    std::optional<Quantized> source = codeSource(mean.getInput());
    int64_t count = source ? 1 : 0, most = source ? maxSummands(source->affine) : 0;
    for (int64_t axis : mean.getAxes()) {
      if (count == 0)
        break;
      int64_t size = mean.getInput().getType().getDimSize(axis);
      if (ShapedType::isDynamic(size) || size < 1 || size > most / count)
        size = 0;
      count *= size;
    }
    if (!source || !isCodeTail(tail) || count == 0) {
      (void)state.explain(mean,
                          "operand and result are not tensors of codes with one scale, or the "
                          "number of summands is unknown or too large");
      return {};
    }
    if (!canRescale(state, mean, averageScales(source->affine, tail, count)))
      return {};
    auto type = mean.getResult().getType().clone(si32(rewriter));
    Value sum = dyad::ReduceSumOp::create(rewriter, loc, type, source->value,
                                          zeroPointOf(rewriter, loc, source->affine),
                                          mean.getAxes(), mean.getKeepdims());
    return makeRequantize(rewriter, loc, state, sum, 0, averageScales(source->affine, tail, count),
                          {}, tail);
  }
};

class AveragePoolPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override;
};
} // namespace

/// Divisors along one spatial axis, one per output; empty when they are not known or when a window
/// meets no element of the input.
static SmallVector<int64_t> divisors(nn::AvgPoolOp pool, size_t i) {
  size_t spatial = pool.getKernel().size();
  RankedTensorType in = pool.getInput().getType(), out = pool.getResult().getType();
  WindowAxis axis{in.getDimSize(i + 2),   pool.getKernel()[i], pool.getStrides()[i],
                  pool.getDilations()[i], pool.getPads()[i],   pool.getPads()[spatial + i],
                  out.getDimSize(i + 2)};
  if (ShapedType::isDynamic(axis.input) || ShapedType::isDynamic(axis.output))
    return {};
  WindowAxis padded = axis;
  padded.input += axis.padBefore + axis.padAfter;
  padded.padBefore = padded.padAfter = 0;
  SmallVector<int64_t> counts;
  for (int64_t o = 0; o < axis.output; ++o) {
    if (axis.validTaps(o) == 0)
      return {};
    counts.push_back(pool.getCountIncludePad() ? padded.validTaps(o) : axis.validTaps(o));
  }
  return counts;
}

Value AveragePoolPattern::convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                                  Location loc) const {
  auto pool = dyn_cast_or_null<nn::AvgPoolOp>(head);
  if (!pool)
    return {};
  std::optional<Quantized> source = codeSource(pool.getInput());
  SmallVector<int64_t> counts = {1}, shape;
  for (size_t i = 0; i < pool.getKernel().size(); ++i) {
    SmallVector<int64_t> along = divisors(pool, i), products;
    for (int64_t n : counts)
      for (int64_t m : along)
        products.push_back(n * m);
    shape.push_back(static_cast<int64_t>(along.size()));
    counts = std::move(products);
  }
  if (!source || !isCodeTail(tail) || counts.empty() ||
      llvm::any_of(counts, [&](int64_t n) { return n > maxSummands(source->affine); })) {
    (void)state.explain(pool, "operand and result are not tensors of codes with one scale, or the "
                              "window's divisors are unknown or too large");
    return {};
  }
  if (!canRescale(state, pool, averageScales(source->affine, tail, counts)))
    return {};
  auto type = pool.getResult().getType().clone(si32(rewriter));
  Value sum = dyad::SumPoolOp::create(rewriter, loc, type, source->value,
                                      zeroPointOf(rewriter, loc, source->affine), pool.getKernel(),
                                      pool.getStrides(), pool.getDilations(), pool.getPads());
  return makeRequantize(rewriter, loc, state, sum, 0, averageScales(source->affine, tail, counts),
                        shape, tail);
}

void nntodyad::populatePooling(RewritePatternSet &patterns, State &state) {
  patterns.add<MeanPattern, AveragePoolPattern>(patterns.getContext(), state);
}
