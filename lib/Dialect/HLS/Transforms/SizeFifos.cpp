//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hls-size-fifos: depths from bursts and from the skew of operands.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Dialect/HLS/Transforms/Passes.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

namespace quantc::hls {
#define GEN_PASS_DEF_HLSSIZEFIFOS
#include "quantc/Dialect/HLS/Transforms/Passes.h.inc"
} // namespace quantc::hls

/// What a stream's reader takes at once. A window writes as fast as its reader reads.
static int64_t burstOf(OpOperand &operand) {
  auto reader = dyn_cast<hls::UnitOpInterface>(operand.getOwner());
  if (!reader || isa<hls::WindowOp>(operand.get().getDefiningOp()))
    return 1;
  return reader.getBurst(operand.getOperandNumber());
}

namespace {
/// How far a stream lags behind the design's inputs: the part of a frame that must have been read
/// before its first beat, and cycles of pipelines.
struct Lag {
  double part = 0, cycles = 0;
};

/// Depths of a design's streams.
class FifoSizes {
public:
  FifoSizes(hls::DesignOp design, unsigned slack);
  int64_t depthOf(Value stream) const;

private:
  Lag behind(hls::UnitOpInterface unit) const;
  int64_t skew(OpOperand &operand) const;

  double interval;
  unsigned slack;
  llvm::DenseMap<Value, Lag> lags;
};
} // namespace

static int64_t beatsOf(Value stream) { return cast<hls::StreamType>(stream.getType()).getBeats(); }

FifoSizes::FifoSizes(hls::DesignOp design, unsigned slack)
    : interval(double(estimateDataflow(design).interval)), slack(slack) {
  for (Operation &op : design.getBody().front())
    if (auto unit = dyn_cast<hls::UnitOpInterface>(op)) {
      Lag lag = behind(unit);
      for (Value result : op.getResults())
        lags[result] = lag;
    }
}

/// A unit's results lag by what it reads before the first, and by the burst that it reads next.
Lag FifoSizes::behind(hls::UnitOpInterface unit) const {
  hls::Timing timing = unit.getTiming();
  Lag result;
  for (OpOperand &operand : unit->getOpOperands()) {
    Lag own = lags.lookup(operand.get());
    double reads = double(timing.lead[operand.getOperandNumber()] + burstOf(operand));
    result.part =
        std::max(result.part, own.part + std::min(reads / double(beatsOf(operand.get())), 1.0));
    result.cycles = std::max(result.cycles, own.cycles);
  }
  result.cycles += double(unit.getLatency() + 1);
  return result;
}

/// Beats of `operand` that are there before a later operand of the unit begins.
int64_t FifoSizes::skew(OpOperand &operand) const {
  Lag own = lags.lookup(operand.get());
  double beats = double(beatsOf(operand.get())), most = 0;
  for (Value other : operand.getOwner()->getOperands()) {
    Lag lag = lags.lookup(other);
    double held = std::max(lag.part - own.part, 0.0) * beats * (100 + slack) / 100;
    double moving = std::max(lag.cycles - own.cycles, 0.0) * beats / interval;
    most = std::max(most, held + std::min(moving, lag.cycles));
  }
  return int64_t(std::ceil(most));
}

/// Beats of one output row, for a unit behind a window; else 0. The window sends row by row and
/// pauses in between.
static int64_t rowOf(Value stream) {
  Operation *producer = stream.getDefiningOp();
  for (Value operand : producer->getOperands()) {
    Operation *before = operand.getDefiningOp();
    while (auto converter = dyn_cast<hls::WidthConverterOp>(before))
      before = converter.getInput().getDefiningOp();
    if (auto window = dyn_cast<hls::WindowOp>(before); window && !window.getParallel())
      return isa<hls::WidthConverterOp>(producer) ? 0 : beatsOf(stream) / window.getOut()[0];
  }
  return 0;
}

int64_t FifoSizes::depthOf(Value stream) const {
  OpOperand &use = *stream.use_begin();
  int64_t burst = burstOf(use);
  // A writer and a reader of nearly one pace drift apart by some part of a burst.
  int64_t depth = std::max<int64_t>({hls::leastDepth, burst + burst / 8, rowOf(stream)});
  depth = std::min(depth, beatsOf(stream));
  // A branch that reads whole frames first (a global pool) lets the other branch run ahead by more
  // than a frame.
  if (use.getOwner()->getNumOperands() > 1)
    depth = std::max(depth, skew(use) + hls::leastDepth);
  return std::max<int64_t>(depth, 2);
}

namespace {
struct HLSSizeFifos : hls::impl::HLSSizeFifosBase<HLSSizeFifos> {
  using HLSSizeFifosBase::HLSSizeFifosBase;

  void runOnOperation() override {
    if (slack > 1000) {
      getOperation().emitError("expected slack in 0..1000, but found ") << slack.getValue();
      return signalPassFailure();
    }
    for (auto design : getOperation().getOps<hls::DesignOp>()) {
      FifoSizes sizes(design, slack);
      for (Operation &op : design.getBody().front()) {
        SmallVector<int64_t> depths;
        for (Value result : op.getResults())
          depths.push_back(sizes.depthOf(result));
        if (!depths.empty())
          op.setAttr("depths", DenseI64ArrayAttr::get(&getContext(), depths));
      }
    }
  }
};
} // namespace
