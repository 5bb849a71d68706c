//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hls-size-fifos: depths from the schedule.
//
//===----------------------------------------------------------------------===//

#include "Foldings.h"
#include "quantc/Analysis/DataflowSchedule.h"
#include "quantc/Dialect/HLS/Transforms/Passes.h"

using namespace mlir;
using namespace quantc;

namespace quantc::hls {
#define GEN_PASS_DEF_HLSSIZEFIFOS
#include "quantc/Dialect/HLS/Transforms/Passes.h.inc"
} // namespace quantc::hls

static SmallVector<int64_t> depthsOf(Operation &op) {
  auto depths = op.getAttrOfType<DenseI64ArrayAttr>("depths");
  return depths ? SmallVector<int64_t>(depths.asArrayRef()) : SmallVector<int64_t>();
}

static int64_t leastDepthOf(Value stream) {
  int64_t beats = cast<hls::StreamType>(stream.getType()).getBeats();
  return std::max<int64_t>(std::min(hls::leastDepth, beats), 2);
}

static bool comesFromWindow(Value stream) {
  Operation *op = stream.getDefiningOp();
  while (auto converter = dyn_cast<hls::WidthConverterOp>(op))
    op = converter.getInput().getDefiningOp();
  return isa<hls::WindowOp>(op);
}

/// A window can wait with what it sends, so its beats, the widest of a design, need no room unless
/// its reader then comes too late. Tries that for all windows at once.
static void shrinkBehindWindows(hls::DesignOp design, int64_t interval) {
  SmallVector<std::pair<Operation *, Attribute>> before;
  for (Operation &op : design.getBody().front()) {
    SmallVector<int64_t> depths = depthsOf(op), smaller = depths;
    for (OpResult result : op.getResults())
      if (comesFromWindow(result))
        smaller[result.getResultNumber()] = leastDepthOf(result);
    if (smaller == depths)
      continue;
    before.emplace_back(&op, op.getAttr("depths"));
    op.setAttr("depths", DenseI64ArrayAttr::get(op.getContext(), smaller));
  }
  if (before.empty())
    return;
  DataflowSchedule schedule(design);
  if (schedule.runUntilSteady() && schedule.interval() <= interval)
    return;
  for (auto [op, depths] : before)
    op->setAttr("depths", depths);
}

/// Depths with which the design runs as fast as with streams of any depth.
///
/// Without bounds, the schedule gives the interval P that units allow. Then frames come in every P
/// cycles, and the peaks of that schedule are the depths: it is possible with them, and since each
/// unit works as early as it can, the design is never later than that schedule, whose frames are P
/// apart.
void hls::sizeStreams(DesignOp design, unsigned slack) {
  DataflowSchedule free(design, {true, 0});
  free.runUntilSteady();
  DataflowSchedule paced(design, {true, std::max<int64_t>(free.interval(), 1)});
  paced.runUntilPeaksStay();
  for (Operation &op : design.getBody().front()) {
    SmallVector<int64_t> depths;
    for (Value result : op.getResults()) {
      int64_t peak = paced.peak(result), depth = peak + (peak * slack + 99) / 100;
      depths.push_back(std::max(depth, leastDepthOf(result)));
    }
    if (!depths.empty())
      op.setAttr("depths", DenseI64ArrayAttr::get(op.getContext(), depths));
  }
  shrinkBehindWindows(design, free.interval());
}

namespace {
struct HLSSizeFifos : hls::impl::HLSSizeFifosBase<HLSSizeFifos> {
  using HLSSizeFifosBase::HLSSizeFifosBase;

  void runOnOperation() override {
    if (slack > 1000) {
      getOperation().emitError("expected slack in 0..1000, but found ") << slack.getValue();
      return signalPassFailure();
    }
    for (auto design : getOperation().getOps<hls::DesignOp>())
      hls::sizeStreams(design, slack);
  }
};
} // namespace
