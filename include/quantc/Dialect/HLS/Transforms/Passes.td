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
    Streams and converters are part of it: a choice is sized as hls-size-fifos does
    with the same `slack`, measured, and made again with the difference if it does
    not fit. The design keeps `utilization` for hls-check-part.

    An interval that no folding reaches is an error that names the slowest node. A
    design for which no folding that fits is found is an error that says what units
    need at least in any folding, what the smallest design found lacks and which
    layers are the largest, and what would hold it: more of this part, other parts, a
    longer interval. Running the pass again chooses the same.

    Limits: the area is an estimate (docs/Dialects/HLS.md).

    Example: see test/Dialect/HLS/fold-doctest.mlir.
  }];
  let options = [
    Option<"part", "part", "std::string", "\"\"", "name of the part (Parts.def); required">,
    Option<"interval", "interval", "int64_t", "0",
      "target cycles per frame, at least 1; 0, the default: the fewest that fit">,
    Option<"utilization", "utilization", "unsigned", "80",
      "percent of the part that may be used, 1..100; default 80">,
    Option<"slack", "slack", "unsigned", "10", "that of hls-size-fifos, 0..1000; default 10">
  ];
  let dependentDialects = ["::quantc::hls::HLSDialect"];
}

def HLSSizeFifos : Pass<"hls-size-fifos", "::mlir::ModuleOp"> {
  let summary = "give every stream its depth";
  let description = [{
    Sets `depths` on every unit and input, so that the design runs as fast as with
    streams of any depth. A schedule without bounds gives the interval that the units
    allow. In a second one, frames come in at that interval, their beats evenly
    spread; the most beats that a stream holds there, with `slack` percent on top, is
    its depth. That schedule is possible with these depths, and units work as early
    as they can, so frames are never further apart. A branch beside a global pool so
    gets the frame and more that it runs ahead. Streams that windows write are cut to
    the least depth where the schedule with all of them cut is as fast.

    The least depth is 16 beats (or a frame), which a shift register holds in the
    LUTs that 2 would take. Depths can be compared with the peaks that the simulation
    measures (`make sim` in the emitted project). Running the pass again changes
    nothing.

    Example: see test/Dialect/HLS/size-fifos-doctest.mlir.
  }];
  let options = [
    Option<"slack", "slack", "unsigned", "10", "percent added to the most beats held, 0..1000; default 10">
  ];
}

def HLSCheckPart : Pass<"hls-check-part", "::mlir::ModuleOp"> {
  let summary = "refuse a design that does not fit its part";
  let description = [{
    Compares the estimated area, streams included, with the design's `utilization`
    percent of its part (100 when absent); the upper ends of bands count. What is
    missing is an error that names the largest layers, says by how much, and which
    parts or which percentage would hold the design.

    Example: see test/Dialect/HLS/check-part-doctest.mlir.
  }];
}

#endif // QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_TD
