//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From imported nodes to the float graph.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_ONNXTONN_PASSES_TD
#define QUANTC_CONVERSION_ONNXTONN_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertONNXToNN : Pass<"convert-onnx-to-nn", "::mlir::ModuleOp"> {
  let summary = "legalise every ONNX node to nn and qnn, or list all that cannot be";
  let description = [{
    Each node is looked up by domain, op and opset, and written in the one form that
    `nn` has: auto_pad becomes padding, axes become non-negative attributes, a
    constant matrix of Gemm or MatMul becomes the weight of `nn.linear`, Softmax
    before opset 13 is coerced by reshapes. QuantizeLinear and DequantizeLinear
    become `qnn.quantize` and `qnn.dequantize`, and the module gets
    `qnn.quantized_in_file`. Initializers become `nn.constant`
    and share their blobs. Names stay: of inputs and outputs as `onnx.name`, of
    nodes as locations.

    A node that cannot be converted is an error of its own, with name, op, opset,
    kind of reason and reason; the pass looks at all nodes before it fails. Nodes
    that only miss the result of such a node are not reported.

    With `keep-nodes` such a node stays among the ops of `nn`, if its results have
    known sizes (docs/Nodes.md), as does one that reads or makes anything but float32 and codes of
    8 bits; `onnx-check-loops` says whether there is code for it.

    Run `onnx-infer-shapes` and `onnx-fold-constants` first: shape arithmetic has no
    form in `nn`, and operands that say shapes and axes must be constants.

    Source: ONNX operator specifications, opsets 7 to 27; docs/Dialects/NN.md.

    Example: see test/Conversion/ONNXToNN/doctest.mlir.
  }];
  let options = [Option<"keepNodes", "keep-nodes", "bool", "false",
                        "Nodes without a form in nn stay, where sizes are known">];
  let dependentDialects = ["::quantc::nn::NNDialect", "::quantc::qnn::QNNDialect"];
}

def RaiseNodesToNN : Pass<"raise-nodes-to-nn", "::mlir::ModuleOp"> {
  let summary = "nodes that the algebra of channels knows become nn ops";
  let description = [{
    Of the nodes that `convert-onnx-to-nn{keep-nodes}` kept, these become ops with a
    ChannelAlgebraInterface (docs/ChannelAlgebra.md): LayerNormalization along the last
    axis, Gather of a matrix's rows, Expand, Split, Slice with steps of 1, and Pow with
    exponent 2, which is a product. A node in another form stays. `lower-nn-to-nodes` is
    the way back.

    Example: see test/Conversion/ONNXToNN/raise-nodes-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

#endif // QUANTC_CONVERSION_ONNXTONN_PASSES_TD
