//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From scheduled kernel calls to GPU kernels and their launches.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_KERNTOGPU_PASSES_TD
#define QUANTC_CONVERSION_KERNTOGPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertKernToGPU : Pass<"convert-kern-to-gpu", "::mlir::ModuleOp"> {
  let summary = "lower kernel calls to kernels of a gpu.module and their launches";
  let description = [{
    Each kernel call of `@main` becomes a `gpu.launch_func` in `@launches(arena,
    constants)`, whose operands are addresses in these two blocks of memory, and a
    kernel in `gpu.module @kernels`; calls that need the same code share it. The chip
    is the module's `kern.level`, `cuda:` and a name from the table in
    lib/Conversion/KernToGPU/Tiles.cpp. The tile of a contraction follows from its
    shape and the chip, and its weights are packed for that tile here.

    Needs `convert-to-kern{level=cuda:CHIP}` and `kern-plan-memory`. Inputs and
    outputs get places behind the planned arena. What the model's library says
    about itself stays as module attributes (`quantc.inputs`, `quantc.outputs` with
    `quantc.arena_offset`, `quantc.arena_bytes`, `quantc.constants`, `quantc.chip`)
    and on the launches (`quantc.step_name`, `quantc.step_kind`). A call without a
    kernel is an error that names its ONNX node.

    Example: see test/Conversion/KernToGPU/doctest.mlir.
  }];
  let options = [
    ListOption<"tile", "tile", "int64_t",
      "rows, columns, warp-rows, warp-columns, stages for every contraction instead of the table's; for measurements">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::gpu::GPUDialect",
    "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect", "::mlir::func::FuncDialect"];
}

#endif // QUANTC_CONVERSION_KERNTOGPU_PASSES_TD
