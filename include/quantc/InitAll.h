//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that a tool registers: one line for each dialect and each group of passes.
//
// Tools include this header; libraries never do. Order does not matter.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INITALL_H
#define QUANTC_INITALL_H

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "quantc/Conversion/DyadToHLS/DyadToHLS.h"
#include "quantc/Conversion/KernToGPU/KernToGPU.h"
#include "quantc/Conversion/KernToLLVM/KernToLLVM.h"
#include "quantc/Conversion/NNToDyad/NNToDyad.h"
#include "quantc/Conversion/NNToONNX/NNToONNX.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "quantc/Conversion/ToKern/ToKern.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include "quantc/Dialect/HLS/Transforms/Passes.h"
#include "quantc/Dialect/Kern/IR/Kern.h"
#include "quantc/Dialect/Kern/Transforms/Passes.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"

namespace quantc {

/// All dialects that a module of any stage may hold.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect>();
  registry.insert<mlir::LLVM::LLVMDialect, mlir::memref::MemRefDialect>();
  registry.insert<mlir::cf::ControlFlowDialect, mlir::gpu::GPUDialect, mlir::NVVM::NVVMDialect,
                  mlir::scf::SCFDialect>();
  mlir::arith::registerConvertArithToLLVMInterface(registry);
  mlir::cf::registerConvertControlFlowToLLVMInterface(registry);
  registry.insert<onnx::ONNXDialect, nn::NNDialect, qnn::QNNDialect, dyad::DyadDialect,
                  kern::KernDialect, hls::HLSDialect>();
}

/// All passes and pipelines, and those of upstream that pipelines name: clean-up
/// (canonicalize, cse, ...), and the way from a gpu.module to the LLVM dialect.
inline void registerAllPasses() {
  mlir::registerTransformsPasses();
  mlir::registerSCFToControlFlowPass();
  mlir::registerConvertGpuOpsToNVVMOps();
  mlir::registerConvertNVVMToLLVMPass();
  mlir::registerReconcileUnrealizedCastsPass();
  onnx::registerQuantcONNXPasses();
  registerQuantcONNXToLoopsPasses();
  registerLoopsToLLVMPipeline();
  registerQuantcONNXToNNPasses();
  nn::registerQuantcNNPasses();
  qnn::registerQuantcQNNPasses();
  dyad::registerQuantcDyadPasses();
  kern::registerQuantcKernPasses();
  hls::registerQuantcHLSPasses();
  registerQuantcNNToDyadPasses();
  registerQuantcNNToONNXPasses();
  registerQuantcDyadToHLSPasses();
  registerQuantcToKernPasses();
  registerQuantcKernToGPUPasses();
  registerQuantcKernToLLVMPasses();
}

} // namespace quantc

#endif // QUANTC_INITALL_H
