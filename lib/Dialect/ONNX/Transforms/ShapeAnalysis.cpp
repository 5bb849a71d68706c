//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The walk of the shape analysis, and the tables of what it knows; see ShapeAnalysis.h.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static const llvm::StringMap<InferFn> &inferenceTable() {
  static const llvm::StringMap<InferFn> table = [] {
    llvm::StringMap<InferFn> entries;
    addArithmeticInference(entries);
    addMovementInference(entries);
    return entries;
  }();
  return table;
}

static const llvm::StringMap<EvaluateFn> &evaluationTable() {
  static const llvm::StringMap<EvaluateFn> table = [] {
    llvm::StringMap<EvaluateFn> entries;
    addArithmeticEvaluation(entries);
    addMovementEvaluation(entries);
    return entries;
  }();
  return table;
}

std::vector<StringRef> quantc::onnx::foldableOps() {
  std::vector<StringRef> ops;
  for (StringRef op : evaluationTable().keys())
    ops.push_back(op);
  return ops;
}

Type NodeContext::elementType(unsigned index) {
  Value value = reader.optionalInput(index);
  auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  return type ? type.getElementType() : Type();
}

ShapeAnalysis::ShapeAnalysis(func::FuncOp function) {
  if (function.getBody().empty())
    return;
  nameArguments(function);
  for (Operation &op : function.getBody().front())
    if (auto node = dyn_cast<NodeOp>(op))
      visit(node);
}

/// Names are -1, -2, ...: one for each symbol, and one for each dynamic size without a symbol.
void ShapeAnalysis::nameArguments(func::FuncOp function) {
  llvm::StringMap<int64_t> symbols;
  int64_t next = -1;
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), dimsAttr);
    Shape shape(type.getShape());
    for (auto [axis, size] : llvm::enumerate(shape)) {
      if (!ShapedType::isDynamic(size))
        continue;
      auto name = names && axis < names.size() ? dyn_cast<StringAttr>(names[axis]) : StringAttr();
      if (!name || name.empty()) {
        size = next--;
        continue;
      }
      auto [entry, isNew] = symbols.try_emplace(name.getValue(), next);
      next -= isNew ? 1 : 0;
      size = entry->second;
    }
    shapes[argument] = shape;
  }
}

void ShapeAnalysis::visit(NodeOp node) {
  if (!node.getNormalizedDomain().empty() || node.getNumResults() == 0 ||
      node.getOpset() < oldestFormOpset)
    return;
  NodeContext context{NodeReader(node, *this), *this};
  if (EvaluateFn evaluate = evaluationTable().lookup(node.getOpType()))
    if (std::optional<TrackedTensor> tensor = evaluate(context)) {
      set(node.getResult(0), std::move(*tensor));
      return;
    }
  // Why a node cannot be inferred is said when it is converted.
  if (InferFn infer = inferenceTable().lookup(node.getOpType()))
    (void)infer(context);
}

std::optional<quantc::onnx::Shape> ShapeAnalysis::shape(Value value) const {
  if (auto entry = shapes.find(value); entry != shapes.end())
    return entry->second;
  return ValueSource::shape(value);
}

const TrackedTensor *ShapeAnalysis::tracked(Value value) const {
  auto [entry, isNew] = tensors.try_emplace(value);
  if (isNew)
    if (std::optional<TrackedTensor> tensor = readTracked(getConstantElements(value)))
      entry->second = std::make_unique<TrackedTensor>(std::move(*tensor));
  return entry->second.get();
}

std::optional<SmallVector<int64_t>> ShapeAnalysis::integers(Value value) const {
  const TrackedTensor *tensor = tracked(value);
  return tensor ? tensor->integers() : std::nullopt;
}

void ShapeAnalysis::set(Value value, Type elementType, ShapeRef shape) {
  if (!elementType)
    return;
  SmallVector<int64_t> sizes(shape);
  for (int64_t &size : sizes)
    size = size < 0 ? ShapedType::kDynamic : size;
  shapes[value] = Shape(shape);
  value.setType(RankedTensorType::get(sizes, elementType));
}

void ShapeAnalysis::set(Value value, TrackedTensor tensor) {
  set(value, tensor.elementType, tensor.shape);
  tensors[value] = std::make_unique<TrackedTensor>(std::move(tensor));
}
