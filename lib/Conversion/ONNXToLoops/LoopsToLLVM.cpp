//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// loops-to-llvm: the upstream passes behind convert-onnx-to-loops.
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"

using namespace mlir;

void quantc::buildLoopsToLLVM(OpPassManager &passes, bool barePointers) {
  passes.addPass(createCSEPass());
  passes.addPass(arith::createArithExpandOpsPass());
  passes.addPass(createSCFToControlFlowPass());
  FinalizeMemRefToLLVMConversionPassOptions memory;
  memory.useGenericFunctions = true;
  passes.addPass(createFinalizeMemRefToLLVMConversionPass(memory));
  passes.addPass(createArithToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = barePointers;
  passes.addPass(createConvertFuncToLLVMPass(functions));
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

namespace {
struct Options : PassPipelineOptions<Options> {
  Option<bool> barePointers{*this, "bare-pointers",
                            llvm::cl::desc("A buffer of known size is passed as its address"),
                            llvm::cl::init(false)};
};
} // namespace

void quantc::registerLoopsToLLVMPipeline() {
  PassPipelineRegistration<Options>("loops-to-llvm",
                                    "Lower the loops of convert-onnx-to-loops to the LLVM dialect",
                                    [](OpPassManager &passes, const Options &options) {
                                      buildLoopsToLLVM(passes, options.barePointers);
                                    });
}
