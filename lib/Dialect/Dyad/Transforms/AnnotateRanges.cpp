//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad-annotate-ranges: the range analysis as attributes.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"

using namespace mlir;

namespace quantc::dyad {

#define GEN_PASS_DEF_DYADANNOTATERANGES
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

using numerics::IntRange;

namespace {
struct AnnotateRanges : impl::DyadAnnotateRangesBase<AnnotateRanges> {
  using DyadAnnotateRangesBase::DyadAnnotateRangesBase;

  void runOnOperation() override {
    RangeAnalysis ranges(getOperation());
    getOperation()->walk([&](IntegerSemantics op) {
      if (op->getNumResults() != 1)
        return;
      for (StringRef name :
           {"dyad.range", "dyad.channel_ranges", "dyad.channel_axis", "dyad.partial_sums"})
        op->removeDiscardableAttr(name);
      if (const quantc::ResultRange *range = ranges.lookup(op->getResult(0)))
        annotate(op, *range);
    });
  }

  void annotate(Operation *op, const quantc::ResultRange &range) {
    Builder builder(&getContext());
    auto set = [&](StringRef name, ArrayRef<IntRange> values) {
      SmallVector<int64_t> bounds;
      for (IntRange value : values) {
        bounds.push_back(value.lo);
        bounds.push_back(value.hi);
      }
      op->setDiscardableAttr(name, builder.getDenseI64ArrayAttr(bounds));
    };
    set("dyad.range", range.range);
    if (channels && !range.channels.empty()) {
      set("dyad.channel_ranges", range.channels);
      op->setDiscardableAttr("dyad.channel_axis", builder.getI64IntegerAttr(range.channelAxis));
    }
    if (range.accumulator.empty())
      return;
    IntRange partial = range.accumulator.front();
    for (IntRange channel : range.accumulator)
      partial = partial.unionWith(channel);
    set("dyad.partial_sums", partial);
  }
};
} // namespace

} // namespace quantc::dyad
