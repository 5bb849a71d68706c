//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-simplify: local rewrites of clamps, transposes, pools.
//
//===----------------------------------------------------------------------===//

#include "RecognizeGelu.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include <cmath>
#include <limits>

namespace quantc::nn {
#define GEN_PASS_DEF_NNSIMPLIFY
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// clamp(clamp(x, a, b), c, d) is clamp(x, clamp(a, c, d), clamp(b, c, d)); both are known by their
/// interface, so that it does not matter which ops they are.
static LogicalResult mergeClamps(Operation *op, PatternRewriter &rewriter) {
  auto outer = cast<QuantizableOpInterface>(op);
  auto inner = op->getOperand(0).getDefiningOp<QuantizableOpInterface>();
  auto innerBounds = inner ? inner.getClampBounds() : std::nullopt;
  auto outerBounds = outer.getClampBounds();
  if (!innerBounds || !outerBounds)
    return rewriter.notifyMatchFailure(op, "no clamp of a clamp");
  auto [c, d] = *outerBounds;
  double lo = std::min(std::max(innerBounds->first, c), d);
  double hi = std::min(std::max(innerBounds->second, c), d);
  Value input = inner->getOperand(0);
  Type type = op->getResult(0).getType();
  if (lo == 0.0 && hi == infinity)
    rewriter.replaceOpWithNewOp<ReluOp>(op, type, input);
  else
    rewriter.replaceOpWithNewOp<ClipOp>(op, type, input, rewriter.getF32FloatAttr(lo),
                                        rewriter.getF32FloatAttr(hi));
  return success();
}

namespace {
template <typename OpTy> struct MergeClamps : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    return mergeClamps(op, rewriter);
  }
};

/// clip(x, -inf, inf)
struct DropUnboundedClip : OpRewritePattern<ClipOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ClipOp op, PatternRewriter &rewriter) const override {
    if (op.getClampBounds() != std::pair(-infinity, infinity))
      return rewriter.notifyMatchFailure(op, "there is a bound");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// Result axis i of the outer transpose is input axis inner[outer[i]].
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no transpose of a transpose");
    SmallVector<int64_t> permutation;
    for (int64_t axis : op.getPermutation())
      permutation.push_back(inner.getPermutation()[axis]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(),
                                             rewriter.getDenseI64ArrayAttr(permutation));
    return success();
  }
};

/// The axes that are not 1 keep their order, so no element moves in memory.
struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = op.getInput().getType();
    SmallVector<int64_t> kept;
    for (int64_t axis : op.getPermutation())
      if (type.getDimSize(axis) != 1)
        kept.push_back(axis);
    if (!llvm::is_sorted(kept) || type.getNumDynamicDims() > 1)
      return rewriter.notifyMatchFailure(op, "elements move");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// One window that covers the image exactly.
struct PoolToMean : OpRewritePattern<AvgPoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AvgPoolOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> spatial = op.getInput().getType().getShape().drop_front(2);
    bool dense = llvm::all_of(op.getDilations(), [](int64_t dilation) { return dilation == 1; });
    bool unpadded = llvm::all_of(op.getPads(), [](int64_t pad) { return pad == 0; });
    bool single =
        llvm::all_of(op.getType().getShape().drop_front(2), [](int64_t size) { return size == 1; });
    if (spatial != op.getKernel() || !dense || !unpadded || !single)
      return rewriter.notifyMatchFailure(op, "the window is not the whole image");
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, 2 + spatial.size()));
    rewriter.replaceOpWithNewOp<ReduceMeanOp>(op, op.getType(), op.getInput(),
                                              rewriter.getDenseI64ArrayAttr(axes),
                                              rewriter.getBoolAttr(true));
    return success();
  }
};

/// x * hard_sigmoid(x), as exporters before opset 14 write it.
struct RecognizeHardSwish : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (auto [gate, input] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto sigmoid = gate.getDefiningOp<HardSigmoidOp>();
      if (!sigmoid || sigmoid.getInput() != input)
        continue;
      // 1/6 is written with six digits or more.
      if (std::fabs(sigmoid.getAlpha().convertToDouble() - 1.0 / 6.0) > 1e-6 ||
          sigmoid.getBeta().convertToDouble() != 0.5)
        continue;
      rewriter.replaceOpWithNewOp<HardSwishOp>(op, op.getType(), input);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no x * hard_sigmoid(x)");
  }
};

struct Simplify : quantc::nn::impl::NNSimplifyBase<Simplify> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateSimplifyPatterns(patterns);
    populateAbsorbPaddingPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void quantc::nn::populateSimplifyPatterns(RewritePatternSet &patterns) {
  addRecognizeGelu(patterns);
  patterns.add<MergeClamps<ReluOp>, MergeClamps<ClipOp>, DropUnboundedClip, MergeTransposes,
               TransposeToReshape, PoolToMean, RecognizeHardSwish>(patterns.getContext());
}
