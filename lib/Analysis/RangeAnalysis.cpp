//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Range analysis; see RangeAnalysis.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/RangeAnalysis.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;

namespace quantc {

using numerics::IntRange;

bool isIntegerTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto integer = tensor ? dyn_cast<IntegerType>(tensor.getElementType()) : IntegerType();
  return integer && !integer.isSignless() && integer.getWidth() <= 32;
}

/// Every value of the element type; with `bits`, of an integer of so many bits and the same sign.
static ResultRange rangeOfType(Type type, IntegerAttr bits = {}) {
  auto integer = cast<IntegerType>(cast<RankedTensorType>(type).getElementType());
  ResultRange result;
  unsigned width = bits ? unsigned(bits.getInt()) : integer.getWidth();
  result.range = IntRange::ofType(integer.isSigned(), std::min(width, integer.getWidth()));
  return result;
}

/// The width that the border's description gives an argument's codes.
static IntegerAttr argumentBits(BlockArgument argument) {
  auto function = dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  if (!function || !argument.getOwner()->isEntryBlock())
    return {};
  return function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), "quantc.bits");
}

RangeAnalysis::RangeAnalysis(Operation *root) {
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          if (isIntegerTensor(argument.getType()))
            ranges[argument] = std::make_unique<ResultRange>(
                rangeOfType(argument.getType(), argumentBits(argument)));
    visit(op);
  });
}

const ResultRange *RangeAnalysis::lookup(Value value) const {
  auto it = ranges.find(value);
  return it == ranges.end() ? nullptr : it->second.get();
}

std::optional<IntTensor> RangeAnalysis::readConstant(Value value) {
  ElementsAttr elements = getConstantElements(value);
  std::optional<std::vector<int64_t>> values = readIntegers(elements);
  if (!values || !isIntegerTensor(value.getType()))
    return std::nullopt;
  IntTensor tensor;
  tensor.shape = elements.getShapedType().getShape().vec();
  tensor.data.assign(values->begin(), values->end());
  return tensor;
}

static void includeExtremes(const IntTensor &tensor, IntRange &range) {
  auto [least, greatest] = std::minmax_element(tensor.data.begin(), tensor.data.end());
  range = {*least, *greatest};
}

void RangeAnalysis::visit(Operation *op) {
  if (auto semantics = dyn_cast<IntegerSemantics>(op)) {
    visitSemantics(semantics);
    return;
  }
  for (Value result : op->getResults()) {
    if (!isIntegerTensor(result.getType()))
      continue;
    // What quantizes to fewer bits than it stores says so.
    auto range = std::make_unique<ResultRange>(
        rangeOfType(result.getType(), op->getAttrOfType<IntegerAttr>("bits")));
    if (std::optional<IntTensor> constant = readConstant(result); constant && constant->size())
      includeExtremes(*constant, range->range);
    ranges[result] = std::move(range);
  }
}

void RangeAnalysis::visitSemantics(IntegerSemantics op) {
  // Constants live for this visit only: a model's weights are not held as 32-bit integers at once.
  std::vector<std::unique_ptr<IntTensor>> constants;
  std::vector<OperandRange> operands;
  for (Value operand : op->getOperands()) {
    OperandRange range;
    if (const ResultRange *known = lookup(operand)) {
      range.range = known->range;
      range.channelAxis = known->channelAxis;
      range.channels = known->channels;
    } else if (isIntegerTensor(operand.getType())) {
      range.range = rangeOfType(operand.getType()).range; // defined in a block not yet visited
    }
    if (std::optional<IntTensor> constant = readConstant(operand); constant && constant->size()) {
      constants.push_back(std::make_unique<IntTensor>(std::move(*constant)));
      range.constant = constants.back().get();
      includeExtremes(*range.constant, range.range);
    }
    operands.push_back(range);
  }
  for (Value result : op->getResults())
    ranges[result] = std::make_unique<ResultRange>(op.inferRange(operands));
}

} // namespace quantc
