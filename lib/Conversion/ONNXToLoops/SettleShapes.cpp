//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-settle-shapes: what loops know about sizes helps shape inference on, and the reverse.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"

namespace quantc {
#define GEN_PASS_DEF_ONNXSETTLESHAPES
#include "quantc/Conversion/ONNXToLoops/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;

static bool isFullyKnown(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

/// `known` with the sizes that only `found` has; `found` where nothing is known.
static Type refine(Type known, RankedTensorType found) {
  auto tensor = dyn_cast<RankedTensorType>(known);
  if (!tensor)
    return found;
  if (tensor.getElementType() != found.getElementType() || tensor.getRank() != found.getRank())
    return known;
  SmallVector<int64_t> shape(tensor.getShape());
  for (auto [size, other] : llvm::zip_equal(shape, found.getShape()))
    size = ShapedType::isDynamic(size) ? other : size;
  return tensor.clone(shape);
}

/// Types of results as loops make them, by place in the module; null where they do not say.
static SmallVector<RankedTensorType> typesOfLoops(ModuleOp module) {
  SmallVector<RankedTensorType> types;
  llvm::DenseMap<Value, size_t> places;
  OwningOpRef<ModuleOp> copy = module.clone();
  copy->walk([&](quantc::onnx::NodeOp node) {
    for (Value result : node.getResults())
      places.try_emplace(result, places.size());
  });
  types.resize(places.size());
  auto note = [&](Value result, DType type, ArrayRef<int64_t> sizes) {
    SmallVector<int64_t> shape(sizes);
    llvm::replace(shape, int64_t(-1), ShapedType::kDynamic);
    Type element = quantc::onnx::elementTypeOf(onnxCode(type), module.getContext());
    if (auto place = places.find(result); place != places.end() && element)
      types[place->second] = RankedTensorType::get(shape, element);
  };
  LoopsConversion options;
  options.onResult = note;
  // A node without loops tells nothing; whoever must lower it says so.
  ScopedDiagnosticHandler silence(module.getContext(), [](Diagnostic &) { return success(); });
  (void)convertONNXToLoops(*copy, options);
  return types;
}

/// True when a result got a better type.
static bool takeTypesOfLoops(ModuleOp module) {
  bool complete = true, changed = false;
  auto forEach = [&](llvm::function_ref<void(Value)> visit) {
    module.walk([&](quantc::onnx::NodeOp node) {
      for (Value result : node.getResults())
        visit(result);
    });
  };
  forEach([&](Value result) {
    complete &= isa<NoneType>(result.getType()) || isFullyKnown(result.getType());
  });
  if (complete)
    return false;
  SmallVector<RankedTensorType> types = typesOfLoops(module);
  size_t place = 0;
  forEach([&](Value result) {
    RankedTensorType found = types[place++];
    Type better = found ? refine(result.getType(), found) : result.getType();
    changed |= better != result.getType();
    result.setType(better);
  });
  return changed;
}

namespace {
struct SettlePass : quantc::impl::ONNXSettleShapesBase<SettlePass> {
  using ONNXSettleShapesBase::ONNXSettleShapesBase;
  void runOnOperation() override {
    OpPassManager passes(ModuleOp::getOperationName());
    if (failed(parsePassPipeline("onnx-infer-shapes,onnx-fold-constants", passes)))
      return signalPassFailure();
    for (unsigned round = 0; round < rounds; ++round)
      if (failed(runPipeline(passes, getOperation())))
        return signalPassFailure();
      else if (!takeTypesOfLoops(getOperation()))
        return;
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }
};
} // namespace
