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
                        "than a function's length">,
                 Option<"destinations", "destinations", "bool", "false",
                        "Write results, whose sizes are known, to trailing arguments; constants "
                        "become globals">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ONNXSettleShapes : Pass<"onnx-settle-shapes", "::mlir::ModuleOp"> {
  let summary = "infer shapes, also of nodes whose rule only their loops know";
  let description = [{
    Repeats `onnx-infer-shapes` and `onnx-fold-constants`, and takes the sizes of what they leave
    unknown from the loops that the nodes would become, until nothing new is learnt (at most
    `rounds` times). The loops are thrown away.

    Example: see test/Conversion/ONNXToLoops/settle-shapes.mlir.
  }];
  let options = [Option<"rounds", "rounds", "unsigned", "8", "How often at most">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ONNXCheckLoops : Pass<"onnx-check-loops", "::mlir::ModuleOp"> {
  let summary = "list the nodes that have no loops either";
  let description = [{
    Behind `convert-onnx-to-nn{keep-nodes}`: lowers every node that is left to loops and throws the
    result away, so that all refusals are known before anything is calibrated (docs/Nodes.md).

    Example: see test/Conversion/ONNXToLoops/check-loops.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

#endif // QUANTC_CONVERSION_ONNXTOLOOPS_PASSES_TD
