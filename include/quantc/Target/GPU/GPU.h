//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a module lowered by convert-kern-to-gpu, whose kernels are in the LLVM dialect, to PTX text
// and to the host module of a model library. LLVM's NVPTX target does it all, in process; nothing
// of the CUDA toolkit is used.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TARGET_GPU_GPU_H
#define QUANTC_TARGET_GPU_GPU_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include <string>

namespace quantc::gpu {

/// Whether `module` was made by convert-kern-to-gpu.
bool isGPUModule(mlir::ModuleOp module);

/// PTX text of the module's kernels, for the chip and PTX version of its `#nvvm.target`. An
/// external function, which only the driver would find missing, is an error that names it.
llvm::Expected<std::string> emitPTX(mlir::ModuleOp module);

/// An LLVM module for the host with PTX, constants and launch table as data, and the description
/// of the library. cpu::emitModelDescriptor and cpu::completeModule finish it.
llvm::Expected<TranslatedModel> translateGPUModel(mlir::ModuleOp module, llvm::StringRef name,
                                                  llvm::LLVMContext &context);

} // namespace quantc::gpu

#endif // QUANTC_TARGET_GPU_GPU_H
