//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From quantized floats to integers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_NNTODYAD_PASSES_TD
#define QUANTC_CONVERSION_NNTODYAD_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertNNToDyad : Pass<"convert-nn-to-dyad", "::mlir::ModuleOp"> {
  let summary = "lower quantized nn ops to integer ops";
  let description = [{
    Rewrites `dequantize -> nn op -> clamps -> quantize` to integer ops with one
    rounding each:

    * linear maps: integer accumulators and one `dyad.requantize` with the scale
      s_x * s_w / s_y [NUM-REQ-2], per channel where the weight's scales differ; a
      result quantized to si32 at scale s_x * s_w is the accumulators themselves;
    * sum and difference: `dyad.add` [NUM-ADD-2]; product: `dyad.mul` and a
      requantize;
    * average pools and means: the integer sum and a requantize by
      s_x / (s_y * n) [NUM-POOL-1], per position where n differs at borders;
    * chains of unary functions: one table [NUM-LUT-1];
    * a concatenation whose scales differ: a requantize per branch;
    * maximum pools, reshapes, transposes, zero padding and concatenations of equal
      scales move integers: the dequantize sinks below them;
    * a clamp becomes the requantize's limits, and a quantize of a dequantize with
      other parameters a requantize.

    The first quantize and the last dequantize stay `qnn` ops, unless `io-type=int8`.
    Then arguments and results are the integer tensors, with `quantc.scale` (f32) and
    `quantc.zero_point` (i64) as attributes (or `quantc.scales` and `quantc.axis`
    where a result has a scale per channel); a float argument or result that has no
    integer form is an error.

    What has no integer form stays float, with a remark that gives the node and the
    reason; `verify-integer-only` decides whether that is an error. A rescaling
    outside [2^-39, 2^23) is an error that names the node.

    Reference: Yao et al., HAWQ-V3: Dyadic Neural Network Quantization, ICML 2021;
    docs/Numerics.md.

    Example: see test/Conversion/NNToDyad/doctest.mlir.
  }];
  let options = [
    Option<"ioType", "io-type", "std::string", "\"float\"",
      "type of the model's arguments and results: float or int8; default float">
  ];
  let dependentDialects = ["::quantc::dyad::DyadDialect", "::quantc::qnn::QNNDialect"];
}

#endif // QUANTC_CONVERSION_NNTODYAD_PASSES_TD
