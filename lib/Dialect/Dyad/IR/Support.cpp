//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Helpers shared by the verifiers and the semantics of the dyad ops.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;

namespace quantc::dyad {

numerics::IntRange typeRange(Type type) {
  auto integer = cast<IntegerType>(getElementTypeOrSelf(type));
  return numerics::IntRange::ofType(!integer.isUnsigned(), integer.getWidth());
}

std::optional<std::vector<int64_t>> constantValues(Value value) {
  ElementsAttr elements = getConstantElements(value);
  return elements ? readIntegers(elements) : std::nullopt;
}

bool shapesAgree(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() != b.size())
    return false;
  for (auto [x, y] : llvm::zip(a, b))
    if (!dimensionsAgree(x, y))
      return false;
  return true;
}

LogicalResult verifyZeroPoint(Operation *op, RankedTensorType zeroPoint, RankedTensorType of,
                              StringRef what) {
  auto expected = RankedTensorType::get({}, of.getElementType());
  if (zeroPoint == expected)
    return success();
  return op->emitOpError("expected ")
         << what << " of type " << expected << ", but found " << zeroPoint << " [DYAD-ZP-1]";
}

LogicalResult verifyClamp(Operation *op, RankedTensorType result, int64_t lo, int64_t hi) {
  numerics::IntRange range = typeRange(result);
  if (lo <= hi && range.contains(lo) && range.contains(hi))
    return success();
  return op->emitOpError("expected clamp_lo <= clamp_hi in [")
         << range.lo << ", " << range.hi << "], but found " << lo << " and " << hi
         << " [DYAD-CLAMP-1]";
}

static InFlightDiagnostic shapeError(Operation *op, Twine what, Type type,
                                     ArrayRef<int64_t> shape) {
  InFlightDiagnostic diagnostic = op->emitOpError("expected ");
  diagnostic << what << " of type " << type << ", but found shape [";
  llvm::interleaveComma(shape, diagnostic);
  diagnostic << "]";
  return diagnostic;
}

LogicalResult checkOperands(Operation *op, ArrayRef<const IntTensor *> operands) {
  if (operands.size() != op->getNumOperands())
    return op->emitOpError("expected ")
           << op->getNumOperands() << " operands, but found " << operands.size();
  for (auto [index, tensor] : llvm::enumerate(operands)) {
    auto type = cast<RankedTensorType>(op->getOperand(index).getType());
    if (!shapesAgree(type.getShape(), tensor->shape) ||
        static_cast<int64_t>(tensor->size()) != IntTensor::count(tensor->shape))
      return shapeError(op, "operand " + Twine(index), type, tensor->shape);
  }
  return success();
}

LogicalResult checkResultShape(Operation *op, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!shapesAgree(type.getShape(), shape))
    return shapeError(op, "a result", type, shape);
  // What a row-major index of 32 bits can address; nothing larger is allocated.
  numerics::IntRange count = numerics::IntRange::point(1);
  for (int64_t size : shape)
    count = numerics::mul(count, size);
  if (count.hi > INT32_MAX)
    return op->emitOpError("expected a result of fewer than 2^31 elements, but found ") << count.hi;
  return success();
}

numerics::IntRange unionOf(ArrayRef<numerics::IntRange> ranges) {
  numerics::IntRange all = ranges.front();
  for (numerics::IntRange range : ranges)
    all = all.unionWith(range);
  return all;
}

ResultRange passThrough(const OperandRange &operand) {
  ResultRange result;
  result.range = operand.range;
  result.channelAxis = operand.channels.empty() ? -1 : operand.channelAxis;
  result.channels = operand.channels.vec();
  return result;
}

int64_t constantBytes(Operation *op) {
  int64_t bytes = 0;
  for (Value operand : op->getOperands())
    if (getConstantElements(operand)) {
      auto type = cast<RankedTensorType>(operand.getType());
      bytes += (nominalElements(type) * type.getElementTypeBitWidth() + 7) / 8;
    }
  return bytes;
}

InFlightDiagnostic reportScale(RequantizeOp op, int64_t multiplier, int64_t shift) {
  bool dyadic = op.getRounding() != Rounding::OnnxRne;
  InFlightDiagnostic error =
      op.emitOpError(dyadic ? "expected an odd multiplier in [2^23, 2^24) and a shift in [1, 62]"
                            : "expected the bits of a positive, finite, normal float32 and a shift "
                              "of 0");
  return std::move(error << ", but found " << multiplier << " and " << shift
                         << (dyadic ? " [DYAD-REQ-3]" : " [DYAD-REQ-4]"));
}

int64_t nominalElements(Type type) {
  int64_t count = 1;
  for (int64_t size : cast<RankedTensorType>(type).getShape())
    count *= ShapedType::isDynamic(size) ? 1 : size;
  return count;
}

OpCost elementwiseCost(Operation *op) {
  OpCost cost;
  cost.operations = nominalElements(op->getResult(0).getType());
  cost.constantBytes = constantBytes(op);
  return cost;
}

} // namespace quantc::dyad
