//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that make an imported graph explicit: all types known, shape arithmetic gone.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_TRANSFORMS_PASSES_TD
#define QUANTC_DIALECT_ONNX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def OnnxInferShapes : Pass<"onnx-infer-shapes", "::mlir::ModuleOp"> {
  let summary = "set the result types of the nodes from their inputs";
  let description = [{
    Walks the nodes of every function in order and writes inferred result types;
    declared intermediate types are not believed, because exporters leave stale ones
    behind. A declared graph output that disagrees is a warning. Dynamic sizes of
    graph inputs are followed by name (equal symbols are equal sizes), also through
    shape arithmetic such as Shape, Gather, Concat, Reshape, which is evaluated
    element by element without being changed; `onnx-fold-constants` removes it.

    A node of an op that quantc does not know, or whose operands do not fit, keeps
    its declared type; `convert-onnx-to-nn` says why. Bodies of If, Loop and Scan
    are not entered.

    Source: ONNX operator specifications, opsets 7 to 27.

    Example: see test/Dialect/ONNX/Transforms/infer-shapes-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::onnx::ONNXDialect"];
}

def OnnxFoldConstants : Pass<"onnx-fold-constants", "::mlir::ModuleOp"> {
  let summary = "evaluate shape arithmetic and constants, and drop what is then unused";
  let description = [{
    * A node whose result is known becomes an `onnx.constant`: Constant, Shape and
      Size of static sizes, and arithmetic and movement on tensors of up to 65536
      elements (ConstantOfShape also beyond: a splat).
    * Identity and Dropout (inference) give way to their input.
    * An If whose condition is known gives way to the nodes of its branch.
    * The target of a Reshape becomes a constant when the result has at most one
      dynamic size, so that shape arithmetic on a dynamic batch disappears.
    * Nodes, initializers and absent inputs without uses are erased.

    Types are inferred first, exactly as `onnx-infer-shapes` does. Float constants are folded with
    one rounding for each operation, to nearest even. Integer division by zero and casts out of range are
    left alone.

    Example: see test/Dialect/ONNX/Transforms/fold-constants-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::onnx::ONNXDialect"];
}

def ONNXExpandQOperators : Pass<"onnx-expand-qoperators", "::mlir::ModuleOp"> {
  let summary = "write operators on codes as float ones between DequantizeLinear and QuantizeLinear";
  let description = [{
    QLinearConv and QLinearMatMul, and com.microsoft's QGemm, QLinearAdd, QLinearMul,
    QLinearSigmoid, QLinearLeakyRelu, QLinearSoftmax (since opset 13), QLinearAveragePool,
    QLinearGlobalAveragePool and QLinearConcat: the two ways to write a quantized model (QOperator
    and QDQ) become one. A bias in 32 bits gets the scale x * w. A node with a scale or zero point that is no
    constant stays.

    Source: ONNX operator specifications; onnxruntime, docs/ContribOperators.md.

    Example: see test/Dialect/ONNX/Transforms/expand-qoperators.mlir.
  }];
  let dependentDialects = ["::quantc::onnx::ONNXDialect"];
}

def ONNXGatherCodes : Pass<"onnx-gather-codes", "::mlir::ModuleOp"> {
  let summary = "gather from stored codes, and dequantize what was gathered";
  let description = [{
    A Gather of a dequantized constant with one scale: a table of embeddings in 8 bits. Both orders give the same numbers; this one
    keeps the table in 8 bits, and a quantize behind it with the table's scale and zero point vanishes.

    Example: see test/Dialect/ONNX/Transforms/gather-codes.mlir.
  }];
  let dependentDialects = ["::quantc::onnx::ONNXDialect"];
}

#endif // QUANTC_DIALECT_ONNX_TRANSFORMS_PASSES_TD
