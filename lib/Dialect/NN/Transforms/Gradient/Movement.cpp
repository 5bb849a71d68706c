//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of ops that move elements: the way back.
//
//===----------------------------------------------------------------------===//

#include "Model.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

static Value pullReshape(ReshapeOp op, Emitter &e, Value dy) {
  return e.reshape(dy, shapeOf(op.getInput()));
}

static Value pullTranspose(TransposeOp op, Emitter &e, Value dy) {
  SmallVector<int64_t> back(op.getPermutation().size());
  for (auto [to, from] : llvm::enumerate(op.getPermutation()))
    back[from] = static_cast<int64_t>(to);
  return e.transpose(dy, back);
}

static LogicalResult pullConcat(ConcatOp op, Pullback &p) {
  auto axis = static_cast<int64_t>(op.getAxis());
  SmallVector<int64_t> offsets(tensorType(p.cotangent).getRank(), 0);
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    if (p.wants(i))
      p.gradients[i] = p.e.slice(p.cotangent, offsets, shapeOf(input));
    offsets[axis] += shapeOf(input)[axis];
  }
  return success();
}

static Value pullPad(PadOp op, Emitter &e, Value dy) {
  return e.slice(dy, op.getPads().take_front(tensorType(dy).getRank()), shapeOf(op.getInput()));
}

static Value pullSlice(SliceOp op, Emitter &e, Value dy) {
  SmallVector<int64_t> after;
  for (auto [whole, part, offset] :
       llvm::zip_equal(shapeOf(op.getInput()), shapeOf(dy), op.getOffsets()))
    after.push_back(whole - part - offset);
  return e.pad(dy, op.getOffsets(), after);
}

static Value pullExpand(ExpandOp op, Emitter &e, Value dy) {
  return e.sumTo(dy, shapeOf(op.getInput()));
}

namespace {
/// Between floats alone; integers of a float have no derivative.
struct CastModel : DifferentiableOpInterface::ExternalModel<CastModel, CastOp> {
  LogicalResult vjp(Operation *op, OpBuilder &builder, ValueRange cotangents,
                    const llvm::BitVector &, MutableArrayRef<Value> gradients) const {
    Emitter e(builder, op);
    gradients[0] = CastOp::create(builder, e.loc, op->getOperand(0).getType(), cotangents.front());
    return success();
  }
  bool carriesGradient(Operation *op, unsigned) const {
    auto isFloat = [](Value value) { return isa<FloatType>(tensorType(value).getElementType()); };
    return isFloat(op->getOperand(0)) && isFloat(op->getResult(0));
  }
};
} // namespace

template <typename Op, Value (*fn)(Op, Emitter &, Value)> static void attach(MLIRContext *context) {
  Op::template attachInterface<Model<Op, pullUnary<Op, fn>>>(*context);
}

void quantc::nn::attachMovementGradients(MLIRContext *context) {
  attach<ReshapeOp, pullReshape>(context);
  attach<TransposeOp, pullTranspose>(context);
  ConcatOp::attachInterface<Model<ConcatOp, pullConcat>>(*context);
  attach<PadOp, pullPad>(context);
  attach<SliceOp, pullSlice>(context);
  attach<ExpandOp, pullExpand>(context);
  CastOp::attachInterface<CastModel>(*context);
}
