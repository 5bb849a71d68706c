//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad-prove-accumulators: the overflow proof as a gate.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "quantc/Analysis/OverflowProof.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"

using namespace mlir;

namespace quantc::dyad {

#define GEN_PASS_DEF_DYADPROVEACCUMULATORS
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

namespace {
struct ProveAccumulators : impl::DyadProveAccumulatorsBase<ProveAccumulators> {
  using DyadProveAccumulatorsBase::DyadProveAccumulatorsBase;

  void runOnOperation() override {
    if (bits < 2 || bits > 32) {
      getOperation()->emitError("expected an accumulator width of 2 to 32 bits, but found ")
          << bits.getValue();
      return signalPassFailure();
    }
    RangeAnalysis ranges(getOperation());
    OverflowReport report = proveAccumulators(getOperation(), ranges, bits);
    report.annotate();
    for (const AccumulatorProof &proof : report.proofs)
      record(proof);
    if (!report.allProven())
      signalPassFailure();
  }

  void record(const AccumulatorProof &proof) {
    if (!proof.proven) {
      proof.op->emitOpError("expected accumulators that fit ")
          << bits.getValue() << " bits, but found partial sums in [" << proof.partial.lo << ", "
          << proof.partial.hi << "], widest in channel " << proof.widestChannel << " of node '"
          << proof.node << "' [NUM-ACC-2]";
      return;
    }
    remark::passed(proof.op->getLoc(),
                   remark::RemarkOpts::name("AccumulatorProved").category(getArgument()))
        << remark::metric("node", proof.node) << remark::metric("width", proof.width)
        << remark::metric("min", proof.range.lo) << remark::metric("max", proof.range.hi)
        << remark::metric("channels", proof.channels);
  }
};
} // namespace

} // namespace quantc::dyad
