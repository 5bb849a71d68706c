//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-recognize-norms: normalisations along the last axis from the ops that exporters write.
//
//===----------------------------------------------------------------------===//

#include "Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"

namespace quantc::nn {
#define GEN_PASS_DEF_NNRECOGNIZENORMS
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// x of mean(x) along the last axis, the axis kept.
static Value inputOfRowMean(Value value) {
  auto mean = value.getDefiningOp<ReduceMeanOp>();
  if (!mean || !mean.getKeepdims())
    return {};
  int64_t last = mean.getInput().getType().getRank() - 1;
  return mean.getAxes() == ArrayRef<int64_t>{last} ? mean.getInput() : Value();
}

/// x and epsilon of sqrt(mean(x * x) + epsilon).
static std::pair<Value, std::optional<double>> inputOfDeviation(Value value) {
  auto root = value.getDefiningOp<SqrtOp>();
  auto sum = root ? root.getInput().getDefiningOp<AddOp>() : AddOp();
  if (!sum)
    return {};
  bool constantLeft = scalarConstant(sum.getLhs()).has_value();
  std::optional<double> epsilon = scalarConstant(constantLeft ? sum.getLhs() : sum.getRhs());
  Value squares = inputOfRowMean(constantLeft ? sum.getRhs() : sum.getLhs());
  auto square = squares ? squares.getDefiningOp<MulOp>() : MulOp();
  if (!epsilon || *epsilon < 0.0 || !square || square.getLhs() != square.getRhs())
    return {};
  return {square.getLhs(), epsilon};
}

/// x and epsilon of x / sqrt(mean(x * x) + epsilon), as a quotient or a product.
static std::pair<Value, std::optional<double>> inputOfNorm(Operation *op) {
  auto matches = [](Value x, Value deviation) -> std::pair<Value, std::optional<double>> {
    auto found = inputOfDeviation(deviation);
    return found.first && found.first == x ? found : std::pair<Value, std::optional<double>>();
  };
  if (auto quotient = dyn_cast<DivOp>(op)) {
    if (auto one = scalarConstant(quotient.getLhs()); one && *one == 1.0)
      return {};
    return matches(quotient.getLhs(), quotient.getRhs());
  }
  auto product = cast<MulOp>(op);
  for (auto [x, factor] : {std::pair(product.getLhs(), product.getRhs()),
                           std::pair(product.getRhs(), product.getLhs())}) {
    Value deviation;
    if (auto inverse = factor.getDefiningOp<ReciprocalOp>())
      deviation = inverse.getInput();
    else if (auto quotient = factor.getDefiningOp<DivOp>();
             quotient && scalarConstant(quotient.getLhs()) == 1.0)
      deviation = quotient.getRhs();
    if (!deviation)
      continue;
    if (auto found = matches(x, deviation); found.first)
      return found;
  }
  return {};
}

namespace {
template <typename OpTy> struct RecognizeCore : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    auto [x, epsilon] = inputOfNorm(op);
    if (!x || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no x / sqrt(mean(x * x) + epsilon)");
    auto type = cast<RankedTensorType>(x.getType());
    if (!type.getElementType().isF32() || ShapedType::isDynamic(type.getShape().back()))
      return rewriter.notifyMatchFailure(op, "expected channels of type f32, their number known");
    APFloat eps(static_cast<float>(*epsilon));
    auto centered = x.template getDefiningOp<SubOp>();
    if (centered && inputOfRowMean(centered.getRhs()) == centered.getLhs())
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), centered.getLhs(), Value(),
                                               Value(), eps);
    else
      rewriter.replaceOpWithNewOp<RMSNormOp>(op, op.getType(), x, Value(), eps);
    return success();
  }
};

/// A normalisation without other readers and the constant beside it that holds one number for each
/// channel; nulls where there is none.
template <typename NormOp, typename OpTy> static std::pair<NormOp, Value> normAndConstant(OpTy op) {
  for (auto [normal, constant] :
       {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
    auto norm = normal.template getDefiningOp<NormOp>();
    ElementsAttr elements = getConstantElements(constant);
    if (!norm || !norm->hasOneUse() || !elements || norm.getType() != op.getType())
      continue;
    int64_t channels = norm.getType().getShape().back();
    auto type = cast<RankedTensorType>(constant.getType());
    if (elements.getNumElements() == channels && type.getRank() > 0 &&
        type.getShape().back() == channels)
      return {norm, constant};
  }
  return {};
}

/// The constant as a parameter of type [channels]; null when its bytes are not there.
static Value parameterOf(Value constant, PatternRewriter &rewriter) {
  std::optional<std::vector<float>> values = readFloats(getConstantElements(constant));
  if (!values)
    return {};
  auto type = RankedTensorType::get({static_cast<int64_t>(values->size())},
                                    cast<RankedTensorType>(constant.getType()).getElementType());
  return ConstantOp::create(rewriter, constant.getLoc(), type,
                            makeFloatWeights(type, *values, "norm"));
}

template <typename NormOp> struct TakeGain : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto [norm, constant] = normAndConstant<NormOp>(op);
    if (!norm || norm.getGain())
      return rewriter.notifyMatchFailure(op, "no norm without gain times a constant");
    if constexpr (std::is_same_v<NormOp, LayerNormOp>)
      if (norm.getBias())
        return rewriter.notifyMatchFailure(op, "the bias comes before the gain");
    Value gain = parameterOf(constant, rewriter);
    if (!gain)
      return rewriter.notifyMatchFailure(op, "the gain has no bytes");
    if constexpr (std::is_same_v<NormOp, LayerNormOp>)
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), norm.getInput(), gain, Value(),
                                               norm.getEpsilon());
    else
      rewriter.replaceOpWithNewOp<RMSNormOp>(op, op.getType(), norm.getInput(), gain,
                                             norm.getEpsilon());
    return success();
  }
};

struct TakeBias : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    auto [norm, constant] = normAndConstant<LayerNormOp>(op);
    if (!norm || norm.getBias())
      return rewriter.notifyMatchFailure(op, "no norm without bias plus a constant");
    Value bias = parameterOf(constant, rewriter);
    if (!bias)
      return rewriter.notifyMatchFailure(op, "the bias has no bytes");
    rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), norm.getInput(), norm.getGain(),
                                             bias, norm.getEpsilon());
    return success();
  }
};

struct RecognizeNorms : quantc::nn::impl::NNRecognizeNormsBase<RecognizeNorms> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RecognizeCore<DivOp>, RecognizeCore<MulOp>, TakeGain<RMSNormOp>,
                 TakeGain<LayerNormOp>, TakeBias>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
