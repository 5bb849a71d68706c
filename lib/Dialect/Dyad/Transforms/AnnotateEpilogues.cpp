//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad-annotate-epilogues: the exactness analysis as attributes and remarks.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "quantc/Analysis/ExactnessAnalysis.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"

using namespace mlir;

namespace quantc::dyad {

#define GEN_PASS_DEF_DYADANNOTATEEPILOGUES
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

namespace {
struct AnnotateEpilogues : impl::DyadAnnotateEpiloguesBase<AnnotateEpilogues> {
  using DyadAnnotateEpiloguesBase::DyadAnnotateEpiloguesBase;

  void runOnOperation() override {
    Builder builder(&getContext());
    RangeAnalysis ranges(getOperation());
    for (const ExactnessResult &result : analyzeExactness(getOperation(), ranges, fma)) {
      StringRef form = numerics::stringifyEpilogueForm(result.choice.form);
      result.op->removeDiscardableAttr("dyad.epilogue_clamp");
      result.op->setDiscardableAttr("dyad.epilogue", builder.getStringAttr(form));
      if (result.choice.clampAcc)
        result.op->setDiscardableAttr(
            "dyad.epilogue_clamp",
            builder.getDenseI64ArrayAttr({result.choice.accClamp.lo, result.choice.accClamp.hi}));
      remark::analysis(result.op->getLoc(),
                       remark::RemarkOpts::name("EpilogueProved").category(getArgument()))
          << remark::metric("node", result.node) << remark::metric("form", form)
          << remark::metric("channels", result.channels.size());
    }
  }
};
} // namespace

} // namespace quantc::dyad
