//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-infer-shapes: writes inferred types to nodes and function signatures.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"

namespace quantc::onnx {
#define GEN_PASS_DEF_ONNXINFERSHAPES
#include "quantc/Dialect/ONNX/Transforms/Passes.h.inc"
} // namespace quantc::onnx

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// Whether two types cannot describe one value.
static bool disagree(RankedTensorType declared, RankedTensorType inferred) {
  if (declared.getElementType() != inferred.getElementType() ||
      declared.getRank() != inferred.getRank())
    return true;
  for (auto [a, b] : llvm::zip_equal(declared.getShape(), inferred.getShape()))
    if (!ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b)
      return true;
  return false;
}

void quantc::onnx::updateResultTypes(func::FuncOp function) {
  if (function.getBody().empty())
    return;
  Operation *terminator = function.getBody().front().getTerminator();
  FunctionType type = function.getFunctionType();
  for (auto [i, declared, value] : llvm::enumerate(type.getResults(), terminator->getOperands())) {
    auto from = dyn_cast<RankedTensorType>(declared);
    auto to = dyn_cast<RankedTensorType>(value.getType());
    if (!from || !to || !disagree(from, to))
      continue;
    auto name = function.getResultAttrOfType<StringAttr>(i, nameAttr);
    function.emitWarning("output '") << (name ? name.getValue() : "") << "' is declared as " << from
                                     << ", but inference gives " << to;
  }
  function.setType(
      FunctionType::get(function.getContext(), type.getInputs(), terminator->getOperandTypes()));
}

namespace {
struct InferShapes : quantc::onnx::impl::OnnxInferShapesBase<InferShapes> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      ShapeAnalysis analysis(function);
      updateResultTypes(function);
    }
  }
};
} // namespace
