//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data movement of both graphs: reshape, transpose, concat, pad. All of it is copies between views,
// or no code at all.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

static LogicalResult lowerReshape(Lowering &lowering, Operation *op) {
  Value memory = lowering.rowMajorInput(op->getOperand(0));
  if (!memory)
    return op->emitError("expected the input to be computed before");
  Value result = op->getResult(0);
  if (!isImage(result.getType())) {
    lowering.alias(result,
                   lowering.reshape(memory, cast<RankedTensorType>(result.getType()).getShape()));
    return success();
  }
  Value logical = lowering.reshape(memory, cast<RankedTensorType>(result.getType()).getShape());
  Value physical = lowering.transposed(logical, {0, 2, 3, 1});
  if (kern::isDense(physical.getType())) {
    lowering.alias(result, physical);
    return success();
  }
  lowering.copy(lowering.output(result), physical);
  return success();
}

/// The logical (ONNX order) view of a tensor's memory.
static Value logicalInput(Lowering &lowering, Value tensor) {
  Value source = lowering.stridedInput(tensor);
  if (source && isImage(tensor.getType()))
    return lowering.transposed(source, {0, 3, 1, 2});
  return source;
}
static Value logicalOutput(Lowering &lowering, Value tensor) {
  Value target = lowering.output(tensor);
  return isImage(tensor.getType()) ? lowering.transposed(target, {0, 3, 1, 2}) : target;
}

static LogicalResult lowerTranspose(Lowering &lowering, Operation *op) {
  Value source = logicalInput(lowering, op->getOperand(0));
  if (!source)
    return op->emitError("expected the input to be computed before");
  auto permutation = op->getAttrOfType<DenseI64ArrayAttr>("permutation");
  Value target = logicalOutput(lowering, op->getResult(0));
  kern::CopyOp::create(lowering.builder, op->getLoc(), target,
                       lowering.transposed(source, permutation.asArrayRef()),
                       kern::PartitionAttr());
  return success();
}

/// The part of `memory` that starts at `begin` along `axis` with `shape`.
static Value slice(Lowering &lowering, Value memory, ArrayRef<int64_t> shape,
                   ArrayRef<int64_t> begin) {
  SmallVector<int64_t> strides = kern::getStrides(memory.getType());
  int64_t offset = 0;
  for (auto [b, s] : llvm::zip_equal(begin, strides))
    offset += b * s;
  return lowering.view(memory, shape, strides, offset);
}

static LogicalResult lowerConcat(Lowering &lowering, Operation *op) {
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt(), position = 0;
  Value target = logicalOutput(lowering, op->getResult(0));
  for (Value tensor : op->getOperands()) {
    Value source = logicalInput(lowering, tensor);
    if (!source)
      return op->emitError("expected the inputs to be computed before");
    SmallVector<int64_t> begin(typeOf(source).getRank(), 0);
    begin[axis] = position;
    kern::CopyOp::create(lowering.builder, op->getLoc(),
                         slice(lowering, target, typeOf(source).getShape(), begin), source,
                         kern::PartitionAttr());
    position += typeOf(source).getDimSize(axis);
  }
  return success();
}

/// Fills the output with a value (as a broadcast constant) and copies the interior.
static LogicalResult emitPad(Lowering &lowering, Operation *op, Value value) {
  Value source = logicalInput(lowering, op->getOperand(0));
  if (!source)
    return op->emitError("expected the input to be computed before");
  ArrayRef<int64_t> pads = op->getAttrOfType<DenseI64ArrayAttr>("pads").asArrayRef();
  Value target = logicalOutput(lowering, op->getResult(0));
  MemRefType type = typeOf(target);
  SmallVector<int64_t> zeros(type.getRank(), 0);
  kern::CopyOp::create(lowering.builder, op->getLoc(), target,
                       lowering.view(value, type.getShape(), zeros), kern::PartitionAttr());
  kern::CopyOp::create(
      lowering.builder, op->getLoc(),
      slice(lowering, target, typeOf(source).getShape(), pads.take_front(type.getRank())), source,
      kern::PartitionAttr());
  return success();
}

static LogicalResult lowerDyadPad(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::PadOp>(operation);
  FailureOr<int64_t> value = lowering.scalar(op, op.getValue());
  Type element = storageType(cast<RankedTensorType>(op.getType()).getElementType());
  if (failed(value))
    return failure();
  if (element.isInteger(8))
    return emitPad(lowering, op,
                   lowering.constant(element, std::vector<int8_t>{
                                                  int8_t(Lowering::stored(op.getType(), *value))}));
  return emitPad(lowering, op, lowering.constant(element, std::vector<int32_t>{int32_t(*value)}));
}

static LogicalResult lowerPad(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::PadOp>(operation);
  return emitPad(lowering, op,
                 lowering.constant(lowering.builder.getF32Type(),
                                   std::vector<float>{op.getValue().convertToFloat()}));
}

void quantc::tokern::addMovement(HandlerMap &handlers) {
  handlers["dyad.reshape"] = handlers["nn.reshape"] = lowerReshape;
  handlers["dyad.transpose"] = handlers["nn.transpose"] = lowerTranspose;
  handlers["dyad.concat"] = handlers["nn.concat"] = lowerConcat;
  handlers["dyad.pad"] = lowerDyadPad;
  handlers["nn.pad"] = lowerPad;
}
