//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX nodes that `nn` does not hold: calls of functions that become loops (docs/Nodes.md).
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "quantc/Dialect/ONNX/Utils/Outline.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static LogicalResult lowerNode(Lowering &lowering, Operation *op) {
  auto node = cast<onnx::NodeOp>(op);
  if (lowering.natural)
    return node.emitError() << onnx::describeNode(node)
                            << ": float loops run on the CPU alone, not on this target";
  for (Value value : llvm::concat<Value>(node->getOperands(), node->getResults()))
    if (auto tensor = dyn_cast<RankedTensorType>(value.getType());
        tensor && !storageType(tensor.getElementType()) && !getConstantElements(value))
      return node.emitError() << onnx::describeNode(node) << ": no buffer holds a " << tensor;
  ModuleOp nodes = lowering.nodesModule();
  std::string name = ("node_" + Twine(llvm::range_size(nodes.getOps<func::FuncOp>()))).str();
  onnx::OutlinedNode outlined = onnx::outlineNode(node, nodes, name);
  SmallVector<Value> ins, outs;
  for (Value operand : outlined.operands) {
    ins.push_back(lowering.plainInput(operand));
    if (!ins.back())
      return node.emitError("expected the operands to be computed before");
  }
  std::vector<RowMajorOutput> results;
  for (OpResult result : outlined.results) {
    results.emplace_back(lowering, result);
    outs.push_back(results.back().memory);
  }
  kern::CallOp::create(lowering.builder, node.getLoc(), name, outs, ins);
  for (auto [result, tensor] : llvm::zip_equal(results, outlined.results)) {
    if (isSignedByte(tensor))
      lowering.flipSigns(result.memory, result.memory);
    result.finish();
  }
  return success();
}

void quantc::tokern::addNodes(HandlerMap &handlers) {
  handlers[onnx::NodeOp::getOperationName()] = lowerNode;
  handlers[onnx::NoneOp::getOperationName()] =
      Handler([](Lowering &, Operation *) { return success(); });
}
