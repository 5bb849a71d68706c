//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hls-check-part: the estimated area against the part's supply.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Dialect/HLS/Transforms/Passes.h"

using namespace mlir;
using namespace quantc;

namespace quantc::hls {
#define GEN_PASS_DEF_HLSCHECKPART
#include "quantc/Dialect/HLS/Transforms/Passes.h.inc"
} // namespace quantc::hls

namespace {
struct HLSCheckPart : hls::impl::HLSCheckPartBase<HLSCheckPart> {
  using HLSCheckPartBase::HLSCheckPartBase;

  void runOnOperation() override {
    for (auto design : getOperation().getOps<hls::DesignOp>()) {
      const hls::Part *part = design.getPart() ? hls::findPart(*design.getPart()) : nullptr;
      if (!part) {
        design.emitError("expected a design with a part, but found none");
        return signalPassFailure();
      }
      DataflowEstimate estimate = estimateArea(design);
      int64_t percent = design.getUtilization().value_or(100);
      std::vector<std::string> missing = missingResources(estimate, *part, percent);
      if (missing.empty())
        continue;
      InFlightDiagnostic error = emitDoesNotFit(design) << shareOf(*part, percent);
      for (const std::string &line : missing)
        error.attachNote(design.getLoc()) << line;
      std::string others = partsThatHold(estimate.area, *part, percent);
      error.attachNote(design.getLoc())
          << (others.empty() ? "no other part of the table holds this folding"
                             : "this folding would fit " + others);
      if (int64_t more = utilizationFor(estimate.area, *part))
        error.attachNote(design.getLoc()) << "this folding would fit " << shareOf(*part, more);
      return signalPassFailure();
    }
  }
};
} // namespace
