//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x / 2 * (1 + erf(x / sqrt(2))) as exporters write it, in any order of its factors.
//
//===----------------------------------------------------------------------===//

#include "RecognizeGelu.h"
#include "Values.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/Weights.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

static bool isNear(std::optional<double> value, double expected) {
  return value && std::fabs(*value - expected) <= 1e-6 * std::fabs(expected);
}

/// The operand beside the constant `expected`, or null.
template <typename Op> static Value besideConstant(Value value, double expected) {
  auto op = value.getDefiningOp<Op>();
  if (!op)
    return {};
  if (isNear(scalarConstant(op.getRhs()), expected))
    return op.getLhs();
  return op->template hasTrait<OpTrait::IsCommutative>() &&
                 isNear(scalarConstant(op.getLhs()), expected)
             ? op.getRhs()
             : Value();
}

/// x of 1 + erf(x / sqrt(2)).
static Value inputOfGate(Value gate) {
  Value sum = besideConstant<AddOp>(gate, 1.0);
  auto erf = sum ? sum.getDefiningOp<ErfOp>() : ErfOp();
  if (!erf)
    return {};
  if (Value x = besideConstant<DivOp>(erf.getInput(), std::sqrt(2.0)))
    return x;
  return besideConstant<MulOp>(erf.getInput(), std::sqrt(0.5));
}

/// Factors of a product whose partial products have no other use.
static void collectFactors(MulOp product, SmallVectorImpl<Value> &factors) {
  for (Value operand : product->getOperands()) {
    auto part = operand.getDefiningOp<MulOp>();
    if (part && operand.hasOneUse() && factors.size() < 4)
      collectFactors(part, factors);
    else
      factors.push_back(operand);
  }
}

namespace {
struct RecognizeGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> factors;
    collectFactors(op, factors);
    if (factors.size() != 3)
      return rewriter.notifyMatchFailure(op, "no product of three factors");
    Value x;
    bool half = false;
    for (Value factor : factors) {
      half |= isNear(scalarConstant(factor), 0.5);
      if (Value input = inputOfGate(factor))
        x = input;
    }
    if (!half || !x || !llvm::is_contained(factors, x) || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no x, 1/2 and 1 + erf(x / sqrt(2))");
    rewriter.replaceOpWithNewOp<GeluOp>(op, op.getType(), x);
    return success();
  }
};
} // namespace

void quantc::nn::addRecognizeGelu(RewritePatternSet &patterns) {
  patterns.add<RecognizeGelu>(patterns.getContext());
}
