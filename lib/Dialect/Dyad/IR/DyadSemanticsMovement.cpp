//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Meaning of constants and of the ops that move data: constant, concat, reshape, transpose, pad.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;

namespace quantc::dyad {

using numerics::IntRange;

/// Moves cost no arithmetic.
static OpCost moveCost(Operation *op) {
  OpCost cost;
  cost.constantBytes = constantBytes(op);
  return cost;
}

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<IntTensor>> ConstantOp::evaluate(ArrayRef<const IntTensor *> operands) {
  std::optional<std::vector<int64_t>> values = readIntegers(getValue());
  if (!values)
    return emitOpError("expected a constant with its values, but found none: was the module "
                       "printed without its weights?");
  IntTensor result;
  result.shape = getResult().getType().getShape().vec();
  result.data.assign(values->begin(), values->end());
  return single(std::move(result));
}

ResultRange ConstantOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result;
  result.range = typeRange(getResult().getType());
  std::optional<std::vector<int64_t>> values = readIntegers(getValue());
  if (values && !values->empty()) {
    auto [least, greatest] = std::minmax_element(values->begin(), values->end());
    result.range = {*least, *greatest};
  }
  return result;
}

OpCost ConstantOp::getCost() { return {}; }

//===----------------------------------------------------------------------===//
// concat
//===----------------------------------------------------------------------===//

SmallVector<Value> ConcatOp::getCopiedOperands() { return SmallVector<Value>(getInputs()); }

FailureOr<SmallVector<IntTensor>> ConcatOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  int64_t axis = getAxis();
  std::vector<int64_t> shape = operands[0]->shape;
  for (const IntTensor *operand : operands.drop_front()) {
    std::vector<int64_t> rest = operand->shape;
    rest[axis] = operands[0]->shape[axis];
    if (rest != operands[0]->shape)
      return emitOpError("expected operands that differ along axis ")
             << axis << " only [DYAD-CAT-2]";
    shape[axis] += operand->shape[axis];
  }
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape);
  Dims strides = rowMajorStrides(shape);
  int32_t *out = result.data.data();
  for (const IntTensor *operand : operands) {
    scatter(out, operand->data.data(), operand->shape, strides);
    out += operand->shape[axis] * strides[axis];
  }
  return single(std::move(result));
}

ResultRange ConcatOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result;
  result.range = operands[0].range;
  bool anyChannels = false, allAlongAxis = true;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    result.range = result.range.unionWith(operand.range);
    auto type = cast<RankedTensorType>(getInputs()[index].getType());
    anyChannels |= !operand.channels.empty();
    allAlongAxis &= !type.isDynamicDim(getAxis()) &&
                    (operand.channels.empty() || operand.channelAxis == int64_t(getAxis()));
  }
  if (anyChannels && allAlongAxis) {
    result.channelAxis = getAxis();
    for (auto [index, operand] : llvm::enumerate(operands)) {
      auto type = cast<RankedTensorType>(getInputs()[index].getType());
      if (operand.channels.empty())
        result.channels.insert(result.channels.end(), type.getDimSize(getAxis()), operand.range);
      else
        result.channels.insert(result.channels.end(), operand.channels.begin(),
                               operand.channels.end());
    }
    return result;
  }
  // Concatenation along another axis: channel by channel, when all operands have them.
  for (const OperandRange &operand : operands)
    if (operand.channels.empty() || operand.channelAxis != operands[0].channelAxis ||
        operand.channelAxis == int64_t(getAxis()) ||
        operand.channels.size() != operands[0].channels.size())
      return result;
  result.channelAxis = operands[0].channelAxis;
  result.channels = operands[0].channels.vec();
  for (const OperandRange &operand : operands.drop_front())
    for (auto [channel, other] : llvm::zip(result.channels, operand.channels))
      channel = channel.unionWith(other);
  return result;
}

OpCost ConcatOp::getCost() { return moveCost(*this); }

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

SmallVector<Value> ReshapeOp::getCopiedOperands() { return {getInput()}; }

FailureOr<SmallVector<IntTensor>> ReshapeOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  std::vector<int64_t> shape = getResult().getType().getShape().vec();
  int64_t known = 1, total = static_cast<int64_t>(operands[0]->size());
  for (int64_t size : shape)
    known *= ShapedType::isDynamic(size) ? 1 : size;
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size))
      size = known == 0 ? 0 : total / known;
  if (IntTensor::count(shape) != total)
    return emitOpError("expected a shape of ")
           << total << " elements, but found " << getResult().getType() << " [DYAD-RSH-1]";
  IntTensor result = *operands[0];
  result.shape = shape;
  return single(std::move(result));
}

/// Channels stay channels when an axis of the same size has as many elements before it.
ResultRange ReshapeOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result = passThrough(operands[0]);
  if (result.channels.empty())
    return result;
  ArrayRef<int64_t> from = getInput().getType().getShape();
  ArrayRef<int64_t> to = getResult().getType().getShape();
  int64_t axis = result.channelAxis, channels = static_cast<int64_t>(result.channels.size());
  result.channelAxis = -1;
  // Equal leading sizes, dynamic ones included.
  if (axis < static_cast<int64_t>(to.size()) &&
      from.take_front(axis + 1) == to.take_front(axis + 1)) {
    result.channelAxis = axis;
    return result;
  }
  int64_t before = 1, seen = 1;
  for (int64_t size : from.take_front(axis))
    before = ShapedType::isDynamic(size) || before < 0 ? -1 : before * size;
  for (size_t i = 0; i < to.size() && before >= 0 && !ShapedType::isDynamic(to[i]); ++i) {
    if (seen == before && to[i] == channels) {
      result.channelAxis = static_cast<int64_t>(i);
      return result;
    }
    seen *= to[i];
  }
  result.channels.clear();
  return result;
}

OpCost ReshapeOp::getCost() { return moveCost(*this); }

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

SmallVector<Value> TransposeOp::getCopiedOperands() { return {getInput()}; }

FailureOr<SmallVector<IntTensor>> TransposeOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  Dims own = rowMajorStrides(operands[0]->shape), strides;
  std::vector<int64_t> shape;
  for (int64_t axis : getPermutation()) {
    shape.push_back(operands[0]->shape[axis]);
    strides.push_back(own[axis]);
  }
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape);
  gather(result.data.data(), operands[0]->data.data(), shape, strides);
  return single(std::move(result));
}

ResultRange TransposeOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result = passThrough(operands[0]);
  for (auto [axis, source] : llvm::enumerate(getPermutation()))
    if (source == operands[0].channelAxis)
      result.channelAxis = static_cast<int64_t>(axis);
  return result;
}

OpCost TransposeOp::getCost() { return moveCost(*this); }

//===----------------------------------------------------------------------===//
// pad
//===----------------------------------------------------------------------===//

SmallVector<Value> PadOp::getCopiedOperands() { return {getInput()}; }

FailureOr<SmallVector<IntTensor>> PadOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  std::vector<int64_t> shape = operands[0]->shape;
  for (int64_t i = 0; i < operands[0]->rank(); ++i)
    shape[i] += getPads()[i] + getPads()[operands[0]->rank() + i];
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape, operands[1]->data[0]);
  Dims strides = rowMajorStrides(shape);
  int32_t *out = result.data.data();
  for (size_t i = 0; i < strides.size(); ++i)
    out += getPads()[i] * strides[i];
  scatter(out, operands[0]->data.data(), operands[0]->shape, strides);
  return single(std::move(result));
}

ResultRange PadOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result = passThrough(operands[0]);
  int64_t rank = getInput().getType().getRank();
  IntRange value = operands[1].range;
  bool padsOthers = false;
  for (int64_t i = 0; i < rank; ++i)
    padsOthers |= i != result.channelAxis && (getPads()[i] != 0 || getPads()[rank + i] != 0);
  if (llvm::any_of(getPads(), [](int64_t pad) { return pad != 0; }))
    result.range = result.range.unionWith(value);
  if (result.channels.empty())
    return result;
  for (IntRange &channel : result.channels)
    if (padsOthers)
      channel = channel.unionWith(value);
  result.channels.insert(result.channels.begin(), getPads()[result.channelAxis], value);
  result.channels.insert(result.channels.end(), getPads()[rank + result.channelAxis], value);
  return result;
}

OpCost PadOp::getCost() { return moveCost(*this); }

} // namespace quantc::dyad
