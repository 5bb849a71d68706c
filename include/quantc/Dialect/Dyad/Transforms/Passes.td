//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Passes on the integer graph: what it proves, and what it can do without.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_DYAD_TRANSFORMS_PASSES_TD
#define QUANTC_DIALECT_DYAD_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DyadSimplify : Pass<"dyad-simplify"> {
  let summary = "fold constants, merge tables and clamps, drop moves that move nothing";
  let description = [{
    Runs the canonicalization patterns of `dyad` and folds ops whose operands are
    constants by calling their IntegerSemantics. Every integer of the result is
    unchanged:

    * lookup of lookup becomes one table; a table that is the identity goes;
    * a table that acts as a clamp on the results of a requantize or add that
      nobody else reads tightens that op's `clamp_lo`/`clamp_hi`;
    * reshape of reshape, transpose of transpose, nested concatenations become one;
    * an op on constants becomes a constant of at most `fold-limit` bytes.

    Limits: a table behind a max pool or a concatenation is not moved in front.

    Example: see test/Dialect/Dyad/Transforms/simplify-doctest.mlir.
  }];
  let options = [
    Option<"foldLimit", "fold-limit", "int64_t", "1048576",
      "largest constant that folding makes, in bytes; at least 0, default 1048576">
  ];
  let dependentDialects = ["::quantc::dyad::DyadDialect"];
}

def DyadAnnotateRanges : Pass<"dyad-annotate-ranges"> {
  let summary = "write the proven ranges of integer values on the ops that make them";
  let description = [{
    Sets on every op with IntegerSemantics and one result

    * `dyad.range = array<i64: lo, hi>`, every value of the result;
    * with `channels`, `dyad.channel_ranges = array<i64: lo0, hi0, lo1, hi1, ...>`
      along `dyad.channel_axis`, where they are known;
    * `dyad.partial_sums = array<i64: lo, hi>`, every partial sum in any order, on
      ops that accumulate [NUM-ACC-2].

    The attributes are for people and tests; no pass reads them. Running the pass
    again replaces them.

    Example: see test/Dialect/Dyad/Transforms/annotate-ranges-doctest.mlir.
  }];
  let options = [
    Option<"channels", "channels", "bool", "false", "also write ranges per channel; default false">
  ];
}

def DyadProveAccumulators : Pass<"dyad-prove-accumulators"> {
  let summary = "prove that no accumulator overflows, or name the node where one may";
  let description = [{
    For each op that accumulates: from its constant weights and the range of its
    input, channel by channel, the exact range of the sums [NUM-ACC-1] and a bound
    on every partial sum in any order [NUM-ACC-2]. A proof sets
    `dyad.accumulator_width` (i32: bits of the narrowest accumulator that would do)
    on the op and emits the remark `AccumulatorProved`; a bound beyond `bits` is an
    error that names the ONNX node, its worst channel and the bound.

    Limits: weights that are not constant have the range of their type; values
    computed outside `dyad` have the range of theirs.

    Reference: Colbert et al., A2Q: accumulator-aware quantization with guaranteed
    overflow avoidance, ICCV 2023 (the bound by the l1 norm of the weights).

    Example: see test/Dialect/Dyad/Transforms/prove-accumulators-doctest.mlir.
  }];
  let options = [
    Option<"bits", "bits", "unsigned", "32", "width of the accumulators in bits, 2..32; default 32">
  ];
}

def DyadRequantizeToDyadic : Pass<"dyad-requantize-to-dyadic"> {
  let summary = "turn imported rescalings into dyadic ones where no integer changes";
  let description = [{
    A `dyad.requantize` with rounding `onnx_rne` multiplies by a float32 and rounds to the nearest
    even integer. Where the nearest dyadic number gives the same integer for every accumulator of the proven range,
    for every scale of the op (the at most 255 or 65535 steps of both are compared [NUM-STEP-3]), it takes its place
    and the rounding becomes `half_up`. The remark `Requantize` counts the scales for which they differ.

    Example: see test/Dialect/Dyad/Transforms/requantize-to-dyadic.mlir.
  }];
  let options = [
    Option<"all", "all", "bool", "false",
           "also where integers change, by one step at most: for targets without float; default false">
  ];
}

def DyadAnnotateEpilogues : Pass<"dyad-annotate-epilogues"> {
  let summary = "write on every requantize the fastest instructions that are proved exact";
  let description = [{
    Sets `dyad.epilogue` (one of "fma-f32", "fma-f64", "muladd-f64", "int64") on
    every `dyad.requantize`, proved for the accumulator range of each channel
    [NUM-EPI-1..5], and `dyad.epilogue_clamp = array<i64: lo, hi>` where the proof
    needs the accumulators limited first. Emits the remark `EpilogueProved`. The
    choice is made again where code is generated; the attributes show it.

    Example: see test/Dialect/Dyad/Transforms/annotate-epilogues-doctest.mlir.
  }];
  let options = [
    Option<"fma", "fma", "bool", "true", "the target has fused multiply-add; default true">
  ];
}

def VerifyIntegerOnly : Pass<"verify-integer-only", "::mlir::ModuleOp"> {
  let summary = "certify that nothing between quantize and dequantize is float";
  let description = [{
    Fails, with one error per op that names its ONNX node, when a float op lies
    between the first `qnn.quantize` (or integer input) and the last
    `qnn.dequantize` (or integer output), when a float op lies beside the integer
    ops, or when there is no integer op at all. Float means: an operand or a result
    is, and the op is no constant. Ops before the first quantize and behind the
    last dequantize are reported by the remark `FloatBorder`. A module that passes
    gets the remark `IntegerOnly`.

    Limits: a statement about the IR. Machine code may hold proven-exact integers
    in floating-point registers (docs/Numerics.md, NUM-EPI), unless it is built
    strictly.

    Example: see test/Dialect/Dyad/Transforms/verify-integer-only-doctest.mlir.
  }];
  let options = [
    Option<"reportOnly", "report-only", "bool", "false",
      "emit warnings instead of errors and succeed; default false">
  ];
}

#endif // QUANTC_DIALECT_DYAD_TRANSFORMS_PASSES_TD
