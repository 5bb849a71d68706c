//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From integer tensors to units joined by streams.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_DYADTOHLS_PASSES_TD
#define QUANTC_CONVERSION_DYADTOHLS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertDyadToHLS : Pass<"convert-dyad-to-hls", "::mlir::ModuleOp"> {
  let summary = "lower an integer graph to a folded dataflow design";
  let description = [{
    Replaces `@main` by an `hls.design` in which every unit has folding 1. `@main`
    takes and returns integers (convert-nn-to-dyad{io-type=int8}); quantize and
    dequantize at the border are host code.

    * A requantization behind an accumulating op becomes its epilogue; with outputs
      of at most `threshold-bits` bits the epilogue is a table of thresholds, the
      same function [NUM-STEP-1].
    * Element types are the narrowest that hold a tensor's proven range, so any
      width from 1 to 16 bits follows from clamps and weights. Tensors that are
      copies of each other share one type. Accumulators have the bits of the final
      sum in the overflow proof.
    * Convolutions and pools get a window where they need one; depthwise
      convolutions a unit of their own.
    * A stream with several readers is duplicated; one that nobody reads is
      discarded. Broadcast operands are repeated or spread, constants come from ROM.
    * Flattening is free: the next weight's columns are permuted instead.

    Limits: static shapes, batch 1, one or two spatial axes, linear layers on rank
    2, reductions over all spatial axes or over all channels. Everything that cannot
    be lowered is reported at once, each with its ONNX node.

    Example: see test/Conversion/DyadToHLS/doctest.mlir.
  }];
  let options = [
    Option<"thresholdBits", "threshold-bits", "unsigned", "4",
      "widest output in bits whose requantization becomes thresholds, 0..4; default 4">
  ];
  let dependentDialects = ["::quantc::hls::HLSDialect"];
}

#endif // QUANTC_CONVERSION_DYADTOHLS_PASSES_TD
