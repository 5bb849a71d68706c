//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Which instruction sequence may compute a requantization: the fastest one that provably gives the
// same integers on the proven range of the accumulators (numerics/Epilogue.h, rules [NUM-EPI-*]).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_EXACTNESSANALYSIS_H
#define QUANTC_ANALYSIS_EXACTNESSANALYSIS_H

#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Numerics/Epilogue.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace quantc {

/// The proven form of one requantization, one for all channels.
struct EpilogueChoice {
  numerics::EpilogueForm form = numerics::EpilogueForm::Int64;
  /// Accumulators must first be limited to `accClamp`, which lies within 32 bits.
  bool clampAcc = false;
  numerics::IntRange accClamp{INT32_MIN, INT32_MAX};

  bool operator==(const EpilogueChoice &o) const {
    return form == o.form && clampAcc == o.clampAcc && (!clampAcc || accClamp == o.accClamp);
  }
};

/// The forms to try on a machine with or without hardware FMA, fastest first (as in
/// numerics::provenForm).
llvm::ArrayRef<numerics::EpilogueForm> fastEpilogueForms(bool hasFma);

/// The first of `forms` that is exact for every channel, with one clamp for all; else Int64.
/// `acc` (zero point already subtracted) and `scales` have one element per channel, or one for all.
EpilogueChoice
chooseEpilogue(llvm::ArrayRef<numerics::IntRange> acc, llvm::ArrayRef<numerics::Dyadic> scales,
               int32_t zp, int32_t lo, int32_t hi,
               llvm::ArrayRef<numerics::EpilogueForm> forms = fastEpilogueForms(/*hasFma=*/true));

struct ExactnessResult {
  mlir::Operation *op = nullptr;
  std::string node; ///< ONNX node
  /// For all channels at once, and for each by itself (one entry when there are no channels).
  EpilogueChoice choice;
  std::vector<numerics::EpilogueForm> channels;
};

/// Every requantization inside `root`. Multipliers that are not constant, other roundings than
/// half-up, and multipliers that vary along more than one axis get what is proved without looking
/// at channels.
std::vector<ExactnessResult> analyzeExactness(mlir::Operation *root, const RangeAnalysis &ranges,
                                              bool hasFma = true);

/// {"ops": [{"node", "form", "clamp": [lo, hi], "channels": {"fma-f32": n, ...}}]}.
llvm::json::Value toJSON(llvm::ArrayRef<ExactnessResult> results);

} // namespace quantc

#endif // QUANTC_ANALYSIS_EXACTNESSANALYSIS_H
