//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From tensors to scheduled kernel calls.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_TOKERN_PASSES_TD
#define QUANTC_CONVERSION_TOKERN_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertToKern : Pass<"convert-to-kern", "::mlir::ModuleOp"> {
  let summary = "lower nn, qnn and dyad to kernel calls on buffers";
  let description = [{
    Rewrites `@main` from tensors to buffers in destination-passing style: its
    results become trailing memref arguments. The pass fixes what `nn` and `dyad`
    leave open:

    * layout: a tensor of rank 4 is stored NHWC, all others row-major;
    * padding: a convolution's input buffer has a border that already holds the
      zero point, so that one loop serves every pixel;
    * constants: packed for the microkernels of `level`;
    * fusion: the requantization behind a contraction becomes its epilogue, a
      clamp behind a float contraction its output range;
    * the epilogue's instructions, from the proven accumulator range
      (docs/Numerics.md, NUM-EPI); `strict` admits integer instructions only.

    For a GPU (`level=cuda:sm_80`) constants stay in natural order (`natural`):
    convert-kern-to-gpu packs them for its tiles.

    All shapes must be static. An op without a kernel form is an error that names
    its ONNX node.

    Example: see test/Conversion/ToKern/doctest.mlir.
  }];
  let options = [
    Option<"level", "level", "std::string", "\"native\"",
      "ISA level: portable, x86-64-v2, x86-64-v3, x86-64-v3-vnni, x86-64-v4, x86-64-v4-vnni, native, or cuda:CHIP; default native">,
    Option<"strict", "strict", "bool", "false", "use no floating-point instruction in integer ops; default false">
  ];
  let dependentDialects = ["::quantc::kern::KernDialect", "::mlir::memref::MemRefDialect"];
}

#endif // QUANTC_CONVERSION_TOKERN_PASSES_TD
