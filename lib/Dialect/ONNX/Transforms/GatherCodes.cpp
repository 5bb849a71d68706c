//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-gather-codes: rows are taken out of stored tables, not out of the float tables that
// dequantizing them would make.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"

namespace quantc::onnx {
#define GEN_PASS_DEF_ONNXGATHERCODES
#include "quantc/Dialect/ONNX/Transforms/Passes.h.inc"
} // namespace quantc::onnx

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// The DequantizeLinear of constant codes with one scale that makes the table, or null.
static NodeOp storedTable(NodeOp gather) {
  Value table = gather.getOptionalInput(0);
  auto dequantize = table ? table.getDefiningOp<NodeOp>() : NodeOp();
  if (!dequantize || !dequantize.isOp("DequantizeLinear") || dequantize.getInputs().size() < 2)
    return {};
  ElementsAttr scale = getConstantElements(dequantize.getInputs()[1]);
  ElementsAttr codes = getConstantElements(dequantize.getInputs()[0]);
  bool stored = codes && codes.getElementType().isInteger(8); // what steps pass on
  return stored && scale && scale.getNumElements() == 1 ? dequantize : NodeOp();
}

/// dequantize(gather(codes)) in place of gather(dequantize(codes)).
static void moveBehind(NodeOp gather, NodeOp dequantize) {
  OpBuilder builder(gather);
  Value codes = dequantize.getInputs()[0];
  Type element = cast<TensorType>(codes.getType()).getElementType();
  auto taken = cast<NodeOp>(builder.clone(*gather));
  taken->setOperand(0, codes);
  Type type = gather.getResult(0).getType();
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    type = tensor.clone(element);
  else
    type = UnknownType::get(gather.getContext());
  taken.getResult(0).setType(type);
  auto floats = cast<NodeOp>(builder.clone(*dequantize));
  floats->setOperand(0, taken.getResult(0));
  floats->setLoc(gather.getLoc());
  floats.getResult(0).setType(gather.getResult(0).getType());
  gather.getResult(0).replaceAllUsesWith(floats.getResult(0));
  gather.erase();
}

namespace {
struct GatherCodesPass : quantc::onnx::impl::ONNXGatherCodesBase<GatherCodesPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (NodeOp node : llvm::make_early_inc_range(function.getOps<NodeOp>()))
        if (node.isOp("Gather") && node.getNumResults() == 1)
          if (NodeOp dequantize = storedTable(node))
            moveBehind(node, dequantize);
  }
};
} // namespace
