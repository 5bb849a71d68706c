//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad-simplify: canonicalization of the dialect, and folding through IntegerSemantics.
//
//===----------------------------------------------------------------------===//

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;

namespace quantc::dyad {

#define GEN_PASS_DEF_DYADSIMPLIFY
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

namespace {
/// An op on constants is the constant that evaluating it gives.
struct FoldConstants : OpInterfaceRewritePattern<IntegerSemantics> {
  FoldConstants(MLIRContext *context, int64_t limitBytes)
      : OpInterfaceRewritePattern(context), limitBytes(limitBytes) {}

  LogicalResult matchAndRewrite(IntegerSemantics op, PatternRewriter &rewriter) const override {
    if (op->hasTrait<OpTrait::ConstantLike>() || op->getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "nothing to compute");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape() ||
        type.getNumElements() >
            limitBytes / static_cast<int64_t>(elementBytes(type.getElementType())))
      return rewriter.notifyMatchFailure(op, "the result is dynamic or too large");
    for (Value operand : op->getOperands())
      if (!getConstantElements(operand))
        return rewriter.notifyMatchFailure(op, "an operand is not constant");
    std::vector<IntTensor> constants;
    for (Value operand : op->getOperands()) {
      std::optional<IntTensor> constant = RangeAnalysis::readConstant(operand);
      if (!constant)
        return rewriter.notifyMatchFailure(op, "the data of a constant is missing");
      constants.push_back(std::move(*constant));
    }
    SmallVector<const IntTensor *> operands;
    for (const IntTensor &constant : constants)
      operands.push_back(&constant);
    FailureOr<SmallVector<IntTensor>> results = op.evaluate(operands);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "evaluation failed");
    std::vector<int64_t> values(results->front().data.begin(), results->front().data.end());
    rewriter.replaceOpWithNewOp<ConstantOp>(op, type, makeIntegerWeights(type, values, "folded"));
    return success();
  }

  int64_t limitBytes;
};

struct Simplify : impl::DyadSimplifyBase<Simplify> {
  using DyadSimplifyBase::DyadSimplifyBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    for (RegisteredOperationName name : context->getRegisteredOperations())
      if (name.getDialectNamespace() == DyadDialect::getDialectNamespace())
        name.getCanonicalizationPatterns(set, context);
    populateFoldConstantsPatterns(set, foldLimit);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (foldLimit < 0) {
      getOperation()->emitError("expected a fold limit of at least 0 bytes, but found ")
          << foldLimit.getValue();
      return signalPassFailure();
    }
    if (failed(applyPatternsGreedily(getOperation(), patterns)))
      signalPassFailure();
  }

  FrozenRewritePatternSet patterns;
};
} // namespace

void populateFoldConstantsPatterns(RewritePatternSet &patterns, int64_t limitBytes) {
  patterns.add<FoldConstants>(patterns.getContext(), limitBytes);
}

} // namespace quantc::dyad
