//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// By the rules of `qnn-insert-observers`: what is chosen stores codes of its result, unless a
// linear map has readers in float alone; what follows as a part of an op stores none in between.
//
//===----------------------------------------------------------------------===//

#include "ExplainFloat.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"

using namespace mlir;
using namespace quantc;

/// Whether the op reads codes.
static bool readsCodes(Operation *op) {
  return llvm::any_of(op->getOperands(), [](Value operand) {
    return operand.getDefiningOp<qnn::DequantizeOp>() || operand.getDefiningOp<qnn::DecodeOp>();
  });
}

/// Whether the op may be a part of an integer op in front of it: a function of one tensor, in float
/// between the codes that the integer op reads and those that it stores.
static bool isPart(Operation *op) {
  auto quantizable = dyn_cast_or_null<QuantizableOpInterface>(op);
  return quantizable && op->getNumResults() == 1 && !readsCodes(op) &&
         (quantizable.getClampBounds() || quantizable.evaluateUnary(0));
}

/// Parts behind the op, up to the codes of the last one's result.
static SmallVector<Operation *> partsBehind(Operation *op) {
  SmallVector<Operation *> parts;
  while (op->getNumResults() == 1 && op->getResult(0).hasOneUse()) {
    op = *op->getResult(0).getUsers().begin();
    if (isa<qnn::QuantizeOp>(op))
      return parts;
    if (!isPart(op))
      break;
    parts.push_back(op);
  }
  return {}; // no codes behind them: floats that nothing quantizes
}

/// Whether codes of `value`, an operand of `reader`, are no more when the reader is float; adds to
/// `parts` what has to be float for that.
static bool isFreed(Value operand, Operation *reader, bool keepsSums,
                    SmallVectorImpl<Operation *> &parts) {
  auto dequantize = operand.getDefiningOp<qnn::DequantizeOp>();
  auto quantize =
      dequantize ? dequantize.getInput().getDefiningOp<qnn::QuantizeOp>() : qnn::QuantizeOp();
  if (!quantize)
    return false;
  SmallVector<Operation *> chain;
  Value value = quantize.getInput();
  while (isPart(value.getDefiningOp()) && value.hasOneUse()) {
    chain.push_back(value.getDefiningOp());
    value = value.getDefiningOp()->getOperand(0);
  }
  Operation *maker = value.getDefiningOp();
  if (!maker || !readsCodes(maker))
    return true; // no integer op makes it: its codes are those of other readers
  bool isReadByOne =
      llvm::all_of(operand.getUsers(), [&](Operation *op) { return op == reader; }) &&
      dequantize.getInput().hasOneUse() && value.hasOneUse();
  if (!keepsSums || !isReadByOne || !isa<LinearMapOpInterface>(maker))
    return false;
  llvm::append_range(parts, chain);
  return true;
}

void quantc::dropCodesBehind(Operation *op) {
  if (SmallVector<Operation *> parts = partsBehind(op); !parts.empty())
    op = parts.back();
  if (op->getNumResults() != 1 || !op->getResult(0).hasOneUse())
    return;
  auto quantize = dyn_cast<qnn::QuantizeOp>(*op->getResult(0).getUsers().begin());
  if (!quantize)
    return;
  for (Operation *user : quantize->getUsers())
    if (!isa<qnn::DequantizeOp>(user) || llvm::any_of(user->getUsers(), [](Operation *reader) {
          return !reader->hasTrait<OpTrait::IsTerminator>();
        }))
      return;
  for (Operation *user : quantize->getUsers())
    user->getResult(0).replaceAllUsesWith(quantize.getInput());
}

FloatNode quantc::planFloat(const NodePlan &plan, bool keepsSums) {
  FloatNode node;
  node.names.push_back(getNodeName(plan.quantized));
  SmallVector<Operation *> parts;
  if (!plan.hasRows)
    for (auto [i, operand] : llvm::enumerate(plan.operands))
      node.isFreed.push_back(operand.codes && isFreed(plan.quantized->getOperand(i), plan.quantized,
                                                      keepsSums, parts));
  llvm::append_range(parts, partsBehind(plan.quantized));
  for (Operation *part : parts)
    if (StringRef name = getLocationName(part->getLoc());
        !name.empty() && !llvm::is_contained(node.names, name))
      node.names.push_back(name.str());
  return node;
}
