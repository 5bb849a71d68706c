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

static constexpr int64_t leastDepth = 2;

/// Beats of `operand` that arrive before the unit's last operand begins to.
static double skewedBeats(const DataflowEstimate &estimate, OpOperand &operand) {
  const StreamTimes &own = estimate.times.lookup(operand.get());
  double start = own.first;
  for (Value other : operand.getOwner()->getOperands())
    start = std::max(start, estimate.times.lookup(other).first);
  int64_t beats = cast<hls::StreamType>(operand.get().getType()).getBeats();
  double length = std::max(own.last - own.first, 1.0);
  return std::min(double(beats), (start - own.first) / length * double(beats));
}

static int64_t depthOf(const DataflowEstimate &estimate, Value stream, unsigned slack) {
  OpOperand &use = *stream.use_begin();
  auto reader = dyn_cast<hls::UnitOpInterface>(use.getOwner());
  auto type = cast<hls::StreamType>(stream.getType());
  int64_t depth = leastDepth;
  if (reader && !isa<hls::WindowOp>(stream.getDefiningOp()))
    depth = std::max(depth, reader.getBurst(use.getOperandNumber()));
  if (reader && reader->getNumOperands() > 1) {
    double skew = skewedBeats(estimate, use);
    // Times are averages; units in front work row by row, and a row is about the square root.
    double row = skew > 0 ? std::sqrt(double(type.getBeats())) : 0;
    depth = std::max(depth, int64_t(std::ceil(skew * (100 + slack) / 100 + row)) + leastDepth);
  }
  return std::clamp<int64_t>(depth, leastDepth, std::max(type.getBeats(), leastDepth));
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
      DataflowEstimate estimate = estimateDataflow(design);
      for (Operation &op : design.getBody().front()) {
        SmallVector<int64_t> depths;
        for (Value result : op.getResults())
          depths.push_back(depthOf(estimate, result, slack));
        if (!depths.empty())
          op.setAttr("depths", DenseI64ArrayAttr::get(&getContext(), depths));
      }
    }
  }
};
} // namespace
