//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One node as a function of its own; see Outline.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/Outline.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// Shapes, axes, pads and scalars; weights are operands, so that they are packed and shared.
static constexpr int64_t mostInlineElements = 64;

static bool belongsInside(Value value) {
  if (value.getDefiningOp<NoneOp>())
    return true;
  ElementsAttr constant = getConstantElements(value);
  return constant && constant.getNumElements() <= mostInlineElements;
}

static Value copyInside(OpBuilder &builder, Value value) {
  if (value.getDefiningOp<NoneOp>())
    return builder.clone(*value.getDefiningOp())->getResult(0);
  ElementsAttr elements = getConstantElements(value);
  return ConstantOp::create(builder, value.getLoc(), value.getType(), builder.getStringAttr(""),
                            elements, /*is_input=*/UnitAttr(), ValueInfoAttr(), DictionaryAttr())
      .getResult();
}

/// Elements that a buffer between steps holds, a whole number of bytes each.
static bool isStored(Type type) {
  auto tensor = dyn_cast<TensorType>(type);
  Type element = tensor ? tensor.getElementType() : Type();
  if (!element)
    return isa<NoneType>(type);
  return element.isF16() || element.isBF16() || element.isF32() || element.isF64() ||
         element.isInteger(1) || element.isInteger(8) || element.isInteger(16) ||
         element.isInteger(32) || element.isInteger(64);
}

std::optional<std::pair<Refusal, std::string>> quantc::onnx::whyNotKept(NodeOp node) {
  for (Value result : node.getResults()) {
    auto tensor = dyn_cast<RankedTensorType>(result.getType());
    if (!result.use_empty() && (!tensor || !tensor.hasStaticShape()))
      return std::pair(Refusal::Shape,
                       std::string("the sizes of its results are not known before a run; --dim "
                                   "gives those of the model's inputs"));
  }
  for (Value value : llvm::concat<Value>(node->getOperands(), node->getResults()))
    if (!isStored(value.getType()) && !getConstantElements(value))
      return std::pair(Refusal::ElementType,
                       std::string("no buffer between steps holds its operands and results"));
  return std::nullopt;
}

OutlinedNode quantc::onnx::outlineNode(NodeOp node, ModuleOp module, StringRef name) {
  llvm::SetVector<Value> used;
  for (Value operand : node->getOperands())
    used.insert(operand);
  getUsedValuesDefinedAbove(node->getRegions(), used);

  OutlinedNode result;
  SmallVector<Type> types;
  for (Value value : used)
    if (!belongsInside(value)) {
      result.operands.push_back(value);
      types.push_back(value.getType());
    }
  SmallVector<Type> resultTypes;
  for (OpResult value : node->getResults())
    if (!value.use_empty()) {
      result.results.push_back(value);
      resultTypes.push_back(value.getType());
    }
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  result.function = func::FuncOp::create(builder, node.getLoc(), name,
                                         builder.getFunctionType(types, resultTypes));
  Block *entry = result.function.addEntryBlock();
  IRMapping mapping;
  for (auto [value, argument] : llvm::zip_equal(result.operands, entry->getArguments()))
    mapping.map(value, argument);
  builder.setInsertionPointToStart(entry);
  for (Value value : used)
    if (belongsInside(value))
      mapping.map(value, copyInside(builder, value));
  Operation *copy = builder.clone(*node, mapping);
  SmallVector<Value> results;
  for (OpResult value : result.results)
    results.push_back(copy->getResult(value.getResultNumber()));
  func::ReturnOp::create(builder, node.getLoc(), results);
  return result;
}
