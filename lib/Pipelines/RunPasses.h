//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A textual pass pipeline over a module beside the compiler's own.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_RUNPASSES_H
#define QUANTC_LIB_PIPELINES_RUNPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

namespace quantc {

/// `text` is "builtin.module(...)".
inline llvm::LogicalResult runPasses(mlir::ModuleOp module, llvm::StringRef text) {
  llvm::FailureOr<mlir::OpPassManager> parsed = mlir::parsePassPipeline(text, llvm::errs());
  if (failed(parsed))
    return llvm::failure();
  mlir::PassManager pm(module.getContext(), mlir::ModuleOp::getOperationName());
  static_cast<mlir::OpPassManager &>(pm) = std::move(*parsed);
  return pm.run(module);
}

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_RUNPASSES_H
