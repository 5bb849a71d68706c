//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of two activations: views of their matrices, and the integer product.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

/// Leading axes of an operand brought to the result's: a copy where a broadcast is neither of one
/// matrix nor none at all.
static Value broadcastLeading(Lowering &lowering, Value memory, ArrayRef<int64_t> leading) {
  MemRefType type = typeOf(memory);
  ArrayRef<int64_t> own = type.getShape().drop_back(2);
  SmallVector<int64_t> strides = kern::getStrides(type), shape(leading), steps;
  size_t added = leading.size() - own.size();
  for (size_t i = 0; i < leading.size(); ++i)
    steps.push_back(i < added || own[i - added] == 1 ? 0 : strides[i - added]);
  for (int64_t i = type.getRank() - 2; i < type.getRank(); ++i) {
    shape.push_back(type.getDimSize(i));
    steps.push_back(strides[i]);
  }
  if (ArrayRef<int64_t>(shape) == type.getShape())
    return memory;
  Value copied = lowering.buffer(shape, type.getElementType());
  lowering.copy(copied, lowering.view(memory, shape, steps));
  return copied;
}

/// One operand as [batch, rows, columns]; a single matrix is repeated with stride 0.
static Value matrices(Lowering &lowering, Value tensor, ArrayRef<int64_t> leading) {
  Value memory = lowering.rowMajorInput(tensor);
  if (!memory)
    return {};
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor.getType()).getShape();
  int64_t rows = shape[shape.size() - 2], columns = shape.back(), batch = 1;
  for (int64_t size : leading)
    batch *= size;
  bool single = llvm::all_of(shape.drop_back(2), [](int64_t size) { return size == 1; });
  if (!single)
    memory = broadcastLeading(lowering, memory, leading);
  return lowering.view(memory, {batch, rows, columns}, {single ? 0 : rows * columns, columns, 1});
}

std::optional<MatMulViews> quantc::tokern::matMulViews(Lowering &lowering, Operation *op,
                                                       Value out) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  ArrayRef<int64_t> leading = shape.drop_back(2);
  MatMulViews views;
  views.lhs = matrices(lowering, op->getOperand(0), leading);
  views.rhs = matrices(lowering, op->getOperand(1), leading);
  if (!views.lhs || !views.rhs) {
    op->emitError("expected the operands to be computed before");
    return std::nullopt;
  }
  int64_t batch = 1;
  for (int64_t size : leading)
    batch *= size;
  views.out = lowering.reshape(out, {batch, shape[shape.size() - 2], shape.back()});
  return views;
}

static LogicalResult lowerMatMul(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::MatMulOp>(operation);
  if (lowering.natural)
    return op.emitError("no kernel for 'dyad.matmul' on this target");
  auto za = lowering.scalar(op, op.getLhsZeroPoint()),
       zb = lowering.scalar(op, op.getRhsZeroPoint());
  if (failed(za) || failed(zb))
    return failure();
  RowMajorOutput out(lowering, op.getResult());
  std::optional<MatMulViews> views = matMulViews(lowering, op, out.memory);
  if (!views)
    return failure();
  kern::MatMulU8Op::create(lowering.builder, op.getLoc(), views->out, views->lhs, views->rhs,
                           Lowering::stored(op.getLhs().getType(), *za),
                           Lowering::stored(op.getRhs().getType(), *zb), kern::PartitionAttr());
  out.finish();
  return success();
}

void quantc::tokern::addMatMul(HandlerMap &handlers) { handlers["dyad.matmul"] = lowerMatMul; }
