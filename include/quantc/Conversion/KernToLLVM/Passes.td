//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From scheduled kernel calls to the LLVM dialect.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_KERNTOLLVM_PASSES_TD
#define QUANTC_CONVERSION_KERNTOLLVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertKernToLLVM : Pass<"convert-kern-to-llvm", "::mlir::ModuleOp"> {
  let summary = "lower kernel calls to one function a step";
  let description = [{
    Each kernel call of `@main` becomes a function of the runtime's step type,
    `(arena, io, worker, workers)`, which calls the microkernel of the module's
    `kern.level` with immediates for everything but the worker's unit range.
    Constants become private globals. Needs `kern-plan-memory` (every buffer has an
    offset) and takes `kern-partition`'s attributes; a call without one is serial.
    What the model's library says about itself stays as module attributes
    (`quantc.inputs`, `quantc.outputs`, `quantc.arena_bytes`) and on the steps
    (`quantc.step_name`, `quantc.step_kind`, `quantc.max_workers`).

    Example: see test/Conversion/KernToLLVM/doctest.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // QUANTC_CONVERSION_KERNTOLLVM_PASSES_TD
