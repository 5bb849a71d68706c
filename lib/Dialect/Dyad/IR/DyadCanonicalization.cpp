//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Rewrites that leave every integer as it is and the graph smaller: tables of tables, clamps that a
// rescaling absorbs, and moves that move nothing.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "mlir/IR/PatternMatch.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::dyad;

//===----------------------------------------------------------------------===//
// lookup
//===----------------------------------------------------------------------===//

namespace {
/// lookup(lookup(x, inner), outer) is one lookup.
struct MergeLookups : OpRewritePattern<LookupOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LookupOp op, PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<LookupOp>();
    if (!producer)
      return rewriter.notifyMatchFailure(op, "the operand is no lookup");
    auto inner = constantValues(producer.getTable()), outer = constantValues(op.getTable());
    if (!inner || !outer)
      return rewriter.notifyMatchFailure(op, "a table is not constant");
    int64_t least = typeRange(op.getInput().getType()).lo;
    for (int64_t &value : *inner)
      value = (*outer)[value - least];
    auto type = cast<RankedTensorType>(op.getTable().getType());
    Value table =
        ConstantOp::create(rewriter, op.getLoc(), type, makeIntegerWeights(type, *inner, "table"));
    rewriter.replaceOpWithNewOp<LookupOp>(op, op.getResult().getType(), producer.getInput(), table);
    return success();
  }
};

/// A table that maps every value to itself.
struct DropIdentityLookup : OpRewritePattern<LookupOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LookupOp op, PatternRewriter &rewriter) const override {
    if (op.getInput().getType() != op.getResult().getType())
      return rewriter.notifyMatchFailure(op, "the type changes");
    auto table = constantValues(op.getTable());
    if (!table)
      return rewriter.notifyMatchFailure(op, "the table is not constant");
    int64_t value = typeRange(op.getInput().getType()).lo;
    for (int64_t entry : *table)
      if (entry != value++)
        return rewriter.notifyMatchFailure(op, "the table is not the identity");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// A table that acts on the clamped results of a rescaling as a clamp tightens that clamp.
template <typename Producer> struct AbsorbClamp : OpRewritePattern<LookupOp> {
  using OpRewritePattern<LookupOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(LookupOp op, PatternRewriter &rewriter) const override {
    auto producer = op.getInput().template getDefiningOp<Producer>();
    if (!producer || !producer->hasOneUse() || op.getInput().getType() != op.getResult().getType())
      return rewriter.notifyMatchFailure(op, "no rescaling of this type that only this op reads");
    auto table = constantValues(op.getTable());
    if (!table)
      return rewriter.notifyMatchFailure(op, "the table is not constant");
    int64_t least = typeRange(op.getInput().getType()).lo;
    auto image = [&](int64_t value) { return (*table)[value - least]; };
    int64_t lo = producer.getClampLo();
    int64_t hi = producer.getClampHi();
    int64_t newLo = image(lo), newHi = image(hi);
    if (newLo > newHi)
      return rewriter.notifyMatchFailure(op, "the table is no clamp");
    for (int64_t value = lo; value <= hi; ++value)
      if (image(value) != numerics::saturate(value, newLo, newHi))
        return rewriter.notifyMatchFailure(op, "the table is no clamp");
    rewriter.modifyOpInPlace(producer, [&] {
      producer.setClampLo(static_cast<int32_t>(newLo));
      producer.setClampHi(static_cast<int32_t>(newHi));
    });
    rewriter.replaceOp(op, producer.getResult());
    return success();
  }
};
} // namespace

void LookupOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeLookups, DropIdentityLookup, AbsorbClamp<RequantizeOp>, AbsorbClamp<AddOp>>(
      context);
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

/// reshape(reshape(x)) is one reshape; a reshape to the same static shape is nothing.
LogicalResult ReshapeOp::canonicalize(ReshapeOp op, PatternRewriter &rewriter) {
  if (op.getInput().getType() == op.getResult().getType() &&
      op.getInput().getType().hasStaticShape()) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto producer = op.getInput().getDefiningOp<ReshapeOp>();
  if (!producer)
    return rewriter.notifyMatchFailure(op, "the operand is no reshape");
  rewriter.modifyOpInPlace(op, [&] { op.getInputMutable().assign(producer.getInput()); });
  return success();
}

/// transpose(transpose(x)) is one transpose; the identity permutation is nothing.
LogicalResult TransposeOp::canonicalize(TransposeOp op, PatternRewriter &rewriter) {
  bool identity = true;
  for (auto [axis, source] : llvm::enumerate(op.getPermutation()))
    identity &= source == static_cast<int64_t>(axis);
  if (identity && op.getInput().getType() == op.getResult().getType()) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto producer = op.getInput().getDefiningOp<TransposeOp>();
  if (!producer)
    return rewriter.notifyMatchFailure(op, "the operand is no transpose");
  Dims permutation;
  for (int64_t axis : op.getPermutation())
    permutation.push_back(producer.getPermutation()[axis]);
  rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getResult().getType(), producer.getInput(),
                                           permutation);
  return success();
}

/// Concatenations along one axis are one; that of one tensor is nothing.
LogicalResult ConcatOp::canonicalize(ConcatOp op, PatternRewriter &rewriter) {
  if (op.getInputs().size() == 1 && op.getInputs()[0].getType() == op.getResult().getType()) {
    rewriter.replaceOp(op, op.getInputs()[0]);
    return success();
  }
  SmallVector<Value> inputs;
  bool changed = false;
  for (Value input : op.getInputs()) {
    auto producer = input.getDefiningOp<ConcatOp>();
    if (producer && producer.getAxis() == op.getAxis()) {
      llvm::append_range(inputs, producer.getInputs());
      changed = true;
    } else {
      inputs.push_back(input);
    }
  }
  if (!changed)
    return rewriter.notifyMatchFailure(op, "no operand is a concatenation along this axis");
  rewriter.modifyOpInPlace(op, [&] { op.getInputsMutable().assign(inputs); });
  return success();
}

/// Padding by nothing.
LogicalResult PadOp::canonicalize(PadOp op, PatternRewriter &rewriter) {
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; }) ||
      op.getInput().getType() != op.getResult().getType())
    return rewriter.notifyMatchFailure(op, "something is padded");
  rewriter.replaceOp(op, op.getInput());
  return success();
}
