//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes on folded dataflow: folding, streams' depths, the part's budget.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_TD
#define QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def HLSFold : Pass<"hls-fold", "::mlir::ModuleOp"> {
  let summary = "choose each unit's folding for a frame interval or for a part";
  let description = [{
    Sets `simd`, `pe`, `lanes` and the kind of multipliers of every unit, the types
    of streams, and width converters where writer and reader differ.

    A design is as fast as its slowest unit, so for a given interval each unit
    takes the cheapest folding (divisors of its sizes only) that reaches it; that is
    where raising the slowest unit and lowering the fast ones ends. With `interval=N`
    this is done for N cycles a frame; without, for the least interval whose
    estimated area fits `utilization` percent of the part, found by bisection over
    the intervals that foldings can have. Cheapest means the least sum of the shares
    of the part's LUTs, flip-flops, DSP slices and block RAMs; where one kind runs
    out, units change one at a time to the folding that leaves the least excess.

    An interval that no folding reaches is an error that names the slowest node. A
    design that does not fit the part in any folding is an error that lists what is
    missing, the largest layers, and which parts would hold it. Running the pass
    again chooses the same.

    Limits: the area is an estimate (docs/Dialects/HLS.md).

    Example: see test/Dialect/HLS/fold-doctest.mlir.
  }];
  let options = [
    Option<"part", "part", "std::string", "\"\"", "name of the part (Parts.def); required">,
    Option<"interval", "interval", "int64_t", "0",
      "target cycles per frame, at least 1; 0, the default: the fewest that fit">,
    Option<"utilization", "utilization", "unsigned", "80",
      "percent of the part that may be used, 1..100; default 80">
  ];
  let dependentDialects = ["::quantc::hls::HLSDialect"];
}

def HLSSizeFifos : Pass<"hls-size-fifos", "::mlir::ModuleOp"> {
  let summary = "give every stream its depth";
  let description = [{
    Sets `depths` on every unit and input. A stream is as deep as

    * 16 beats, which a shift register holds in the LUTs that 2 would take;
    * the reader's burst and an eighth (the rows that a window reads at once, the
      inputs of a matrix-vector product with several output folds), unless a window
      writes it, which is fast;
    * one output row behind a unit that a window feeds, because windows pause between
      rows;
    * at a unit with two operands, the beats of the earlier one that are there before
      the later one's first: the parts of a frame that the units on either way read
      before they write, bursts included, with `slack` percent on top, and what moves
      through their pipelines meanwhile.

    No stream is deeper than a frame. Depths can be compared with the peaks that
    the simulation measures (`make csim` in the emitted project). Running the pass
    again changes nothing.

    Example: see test/Dialect/HLS/size-fifos-doctest.mlir.
  }];
  let options = [
    Option<"slack", "slack", "unsigned", "10", "percent added to estimated skews, 0..1000; default 10">
  ];
}

def HLSCheckPart : Pass<"hls-check-part", "::mlir::ModuleOp"> {
  let summary = "refuse a design that does not fit its part";
  let description = [{
    Compares the estimated area, streams included, with the part's supply; the upper
    ends of bands count. What is missing is an error that names the largest layers,
    says by how much, and which parts would hold the design.

    Example: see test/Dialect/HLS/check-part-doctest.mlir.
  }];
}

#endif // QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_TD
