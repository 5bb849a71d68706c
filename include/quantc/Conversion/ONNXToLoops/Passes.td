//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The complete way from ONNX to code: every op, every type, any sizes, no speed.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_ONNXTOLOOPS_PASSES_TD
#define QUANTC_CONVERSION_ONNXTOLOOPS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertONNXToLoops : Pass<"convert-onnx-to-loops", "::mlir::ModuleOp"> {
  let summary = "lower ONNX nodes to loops over buffers";
  let description = [{
    Each function becomes one of `scf` loops over contiguous row-major memrefs of signless
    elements. Sizes may be known or not; axes, shapes and other operands that decide sizes may be
    run-time values as far as ranks are known. Constants become trailing arguments with the
    attribute `quantc.constant`, so weights are neither copied nor printed. Integers are computed
    in 64 bits and wrap to their type, floats of at most 32 bits in float32 (docs/Dialects/ONNX.md,
    "Loops").

    A refused node is an error with its name and reason; all nodes are looked at first. What a run
    finds wrong (an index out of range, sizes that do not fit) calls `qrt_loops_fail` with the
    number of a message in `quantc.messages`.

    Source: ONNX operator specifications, opsets 7 to 27.

    Example: see test/Conversion/ONNXToLoops/doctest.mlir.
  }];
  let options = [Option<"outlineNodes", "outline-nodes", "bool", "false",
                        "Give the ops of each node a function of their own: LLVM's time grows faster "
                        "than a function's length">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

#endif // QUANTC_CONVERSION_ONNXTOLOOPS_PASSES_TD
