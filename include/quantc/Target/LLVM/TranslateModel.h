//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a module lowered by convert-kern-to-llvm to LLVM IR and to what the library says about
// itself.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TARGET_LLVM_TRANSLATEMODEL_H
#define QUANTC_TARGET_LLVM_TRANSLATEMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Target/CPU/ModelInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace quantc {

/// An LLVM module with the model's steps, and the description that the runtime needs. The module
/// declares the kernels it calls; cpu::emitModelDescriptor and cpu::completeModule finish it.
struct TranslatedModel {
  std::unique_ptr<llvm::Module> module;
  cpu::ModelInfo info;
};

/// Translates `module`, whose attributes `quantc.inputs`, `quantc.outputs` and `quantc.arena_bytes`
/// and whose steps convert-kern-to-llvm made. `quantc.certificate` (a string) is carried over.
llvm::Expected<TranslatedModel> translateModel(mlir::ModuleOp module, llvm::StringRef name,
                                               llvm::LLVMContext &context);

/// What the attributes of a lowered module say about its library: all but level, steps and
/// self-tests.
llvm::Expected<cpu::ModelInfo> readModelInfo(mlir::ModuleOp module, llvm::StringRef name);

/// The compiler's version, "0.1.0".
llvm::StringRef quantcVersion();

} // namespace quantc

#endif // QUANTC_TARGET_LLVM_TRANSLATEMODEL_H
