//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calibration on compiled code; see JITExecutor.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/JITExecutor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/KernToLLVM/KernToLLVM.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Conversion/ToKern/ToKern.h"
#include "quantc/Dialect/Kern/Transforms/Passes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;

/// The text of the first error that `action` reports.
static llvm::Error runCapturing(MLIRContext *context, llvm::function_ref<LogicalResult()> action) {
  std::string message;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    StringRef node = getLocationName(diagnostic.getLocation());
    message += (message.empty() ? "" : "; ");
    message += node.empty() ? diagnostic.str() : ("node '" + node + "': " + diagnostic.str()).str();
    return success();
  });
  if (succeeded(action()))
    return llvm::Error::success();
  return llvm::createStringError(message.empty() ? "lowering failed" : message);
}

/// Lowers `module` in place.
static llvm::Error lowerToLLVM(ModuleOp module, kernels::Level level, bool strict) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  ConvertToKernOptions options;
  options.level = kernels::levelInfo(level).name;
  options.strict = strict;
  pm.addPass(createConvertToKern(options));
  pm.addNestedPass<func::FuncOp>(kern::createPartition());
  pm.addNestedPass<func::FuncOp>(kern::createPlanMemory());
  OpPassManager &nodes = pm.nest<ModuleOp>();
  ConvertONNXToLoopsOptions loops;
  loops.destinations = true;
  nodes.addPass(createConvertONNXToLoops(loops));
  buildLoopsToLLVM(nodes, /*barePointers=*/true);
  pm.addPass(createConvertKernToLLVM());
  return runCapturing(module.getContext(), [&] { return pm.run(module); });
}

llvm::Expected<std::unique_ptr<CompiledModel>>
quantc::compileInProcess(ModuleOp module, kernels::Level level, int threads, bool strict) {
  WeightScope scope(module.getContext()); // of packed weights
  OwningOpRef<ModuleOp> copy = module.clone();
  if (llvm::Error error = lowerToLLVM(*copy, level, strict))
    return std::move(error);
  llvm::Expected<std::unique_ptr<CompiledModel>> model = CompiledModel::jit(*copy, scope, threads);
  return model;
}

llvm::Expected<std::unique_ptr<JITExecutor>>
JITExecutor::create(ModuleOp module, kernels::Level level, int threads, int channelAxis) {
  OwningOpRef<ModuleOp> copy = module.clone();
  auto main = copy->lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return llvm::createStringError("expected a function '@main'");
  std::unique_ptr<JITExecutor> executor(new JITExecutor());
  auto returnOp = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  executor->ownOutputs = returnOp.getNumOperands();
  SmallVector<Value> results(returnOp.getOperands());
  SmallVector<DictionaryAttr> attributes;
  for (unsigned i = 0; i < executor->ownOutputs; ++i)
    attributes.push_back(main.getResultAttrDict(i));
  Builder builder(copy->getContext());
  main.walk([&](qnn::ObserveOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    ObservedTensor tensor;
    tensor.name = op.getName().str();
    tensor.extraBytes = 4 * uint64_t(type.getNumElements());
    if (channelAxis >= 0 && channelAxis < type.getRank()) {
      tensor.channelAxis = channelAxis;
      tensor.channels = type.getDimSize(channelAxis);
    }
    executor->tensors.push_back(std::move(tensor));
    results.push_back(op.getInput());
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr("onnx.name", builder.getStringAttr("observed:" + op.getName()))));
  });
  returnOp.getOperandsMutable().assign(results);
  SmallVector<Type> types;
  for (Value result : results)
    types.push_back(result.getType());
  main.setFunctionType(builder.getFunctionType(main.getArgumentTypes(), types));
  for (DictionaryAttr &dictionary : attributes)
    if (!dictionary)
      dictionary = builder.getDictionaryAttr({});
  main.setAllResultAttrs(attributes);
  main.walk([](qnn::ObserveOp op) {
    op.getResult().replaceAllUsesWith(op.getInput());
    op.erase();
  });
  auto model = compileInProcess(*copy, level, threads);
  if (!model)
    return model.takeError();
  executor->model = std::move(*model);
  return executor;
}

llvm::Error JITExecutor::run(const Feed &feed, llvm::ArrayRef<int> ids, ObserveFn observe) {
  std::vector<HostTensor> inputs;
  for (const NamedTensor &input : feed.inputs)
    inputs.push_back(input.tensor);
  auto outputs = model->run(inputs);
  if (!outputs)
    return outputs.takeError();
  for (int id : ids) {
    const HostTensor &tensor = (*outputs)[ownOutputs + id];
    observe(id, tensor.values<float>(), tensor.shape());
  }
  return llvm::Error::success();
}
