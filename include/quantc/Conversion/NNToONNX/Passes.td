//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From nn and qnn back to ONNX.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_NNTOONNX_PASSES_TD
#define QUANTC_CONVERSION_NNTOONNX_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertNNToONNX : Pass<"convert-nn-to-onnx", "::mlir::ModuleOp"> {
  let summary = "write nn and qnn ops as ONNX nodes";
  let description = [{
    Makes an `onnx` module of opset 17 that the exporter takes: a quantized module becomes
    a QDQ model, in which runtimes find their integer kernels. One op becomes one node with
    the name of the node that it came from, but for these:

    * a linear map over the last axis of a matrix is a Gemm with `transB`; of a tensor of
      another rank it is a MatMul with the weight's integers transposed, and an Add;
    * a mean over all spatial axes that keeps them is a GlobalAveragePool;
    * a pair that stores accumulators (si32) has no form in ONNX: the float passes through;
    * bounds of Clip, targets of Reshape and pads of Pad are initializers.

    Refused by the node's name: a `quantize` to fewer bits than its element type has, and
    `observe` with statistics that no quantize took up.

    Legal afterwards: func, onnx.

    Source: ONNX operator specifications, opset 17. Example: see
    test/Conversion/NNToONNX/doctest.mlir.
  }];
  let dependentDialects = ["::quantc::onnx::ONNXDialect"];
}

def LowerNNToNodes : Pass<"lower-nn-to-nodes", "::mlir::ModuleOp"> {
  let summary = "nn ops without a kernel become nodes or other nn ops";
  let description = [{
    The way back from `raise-nodes-to-nn` and `nn-recognize-norms`, once transforms of
    channels have been placed: `nn.layer_norm`, `nn.embedding`, `nn.slice`, `nn.expand`
    and `nn.cast` become nodes of opset 17, which run as loops (docs/Nodes.md);
    `nn.rms_norm` becomes the ops that files before opset 23 have for it. So does what
    computes with other floats than float32, as gradients of such nodes do.

    Legal afterwards: everything of float32 but these six ops.
    Example: see test/Conversion/NNToONNX/lower-to-nodes-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::onnx::ONNXDialect", "::quantc::nn::NNDialect"];
}

#endif // QUANTC_CONVERSION_NNTOONNX_PASSES_TD
