//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Padding that the op behind it can do itself.
//
// Legal only where the padding cannot be told from the op's own: zeros for a sum of products, zeros
// that an average counts, a value that never wins a maximum. Ceil mode is left alone, because it
// drops windows that start behind the input, and absorbed padding is no input any more.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// Pads of the spatial axes as a window has them; nullopt when batch or channels are padded.
static std::optional<SmallVector<int64_t>> spatialPads(PadOp pad) {
  ArrayRef<int64_t> pads = pad.getPads();
  size_t rank = pads.size() / 2;
  if (rank < 3 || pads[0] || pads[1] || pads[rank] || pads[rank + 1])
    return std::nullopt;
  SmallVector<int64_t> result(pads.slice(2, rank - 2));
  result.append(pads.begin() + rank + 2, pads.end());
  return result;
}

static SmallVector<int64_t> addPads(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> sum;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum.push_back(x + y);
  return sum;
}

/// Whether the tensor comes straight out of a clamp to non-negative values.
static bool isNonNegative(Value value) {
  auto op = value.getDefiningOp<QuantizableOpInterface>();
  std::optional<std::pair<double, double>> bounds = op ? op.getClampBounds() : std::nullopt;
  return bounds && bounds->first >= 0.0;
}

static bool hasNoPads(ArrayRef<int64_t> pads) {
  return llvm::all_of(pads, [](int64_t pad) { return pad == 0; });
}

/// Whether the op means the same on the unpadded tensor with larger pads.
static bool absorbs(ConvOp, PadOp pad) { return pad.getValue().isZero(); }

static bool absorbs(AvgPoolOp pool, PadOp pad) {
  return pad.getValue().isZero() && !pool.getCeilMode() &&
         (pool.getCountIncludePad() || hasNoPads(pool.getPads()));
}

static bool absorbs(MaxPoolOp pool, PadOp pad) {
  bool dense = llvm::all_of(pool.getDilations(), [](int64_t dilation) { return dilation == 1; });
  bool lowest = pad.getValue().isInfinity() && pad.getValue().isNegative();
  return dense && !pool.getCeilMode() &&
         (lowest || (pad.getValue().isZero() && isNonNegative(pad.getInput())));
}

/// Whether the op accepts these pads; pools refuse pads as large as their window.
static bool acceptsPads(ConvOp op, ArrayRef<int64_t> pads) {
  return llvm::all_of(pads, [](int64_t pad) { return pad <= std::numeric_limits<int32_t>::max(); });
}
template <typename PoolOp> static bool acceptsPads(PoolOp op, ArrayRef<int64_t> pads) {
  Window window{op.getKernel(), op.getStrides(), op.getDilations(), pads, op.getCeilMode()};
  auto pad = op.getInput().template getDefiningOp<PadOp>();
  return poolShape(pad.getInput().getType().getShape(), window, [](const Twine &) {}).has_value();
}

static void countPads(AvgPoolOp pool) { pool.setCountIncludePad(true); }
template <typename OpTy> static void countPads(OpTy) {}

namespace {
template <typename OpTy> struct AbsorbPadding : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    auto pad = op.getInput().template getDefiningOp<PadOp>();
    if (!pad)
      return rewriter.notifyMatchFailure(op, "no padding in front");
    if (!absorbs(op, pad))
      return rewriter.notifyMatchFailure(op, "the padding can be told from the op's own");
    std::optional<SmallVector<int64_t>> extra = spatialPads(pad);
    if (!extra)
      return rewriter.notifyMatchFailure(op, "batch or channels are padded");
    SmallVector<int64_t> pads = addPads(op.getPads(), *extra);
    if (!acceptsPads(op, pads))
      return rewriter.notifyMatchFailure(op, "the padding is too large");
    rewriter.modifyOpInPlace(op, [&] {
      op.setPads(pads);
      op.getInputMutable().assign(pad.getInput());
      countPads(op);
    });
    return success();
  }
};
} // namespace

void quantc::nn::populateAbsorbPaddingPatterns(RewritePatternSet &patterns) {
  patterns.add<AbsorbPadding<ConvOp>, AbsorbPadding<AvgPoolOp>, AbsorbPadding<MaxPoolOp>>(
      patterns.getContext());
}
