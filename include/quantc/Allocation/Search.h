//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assignments beyond the additive model: local search by a measured loss.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_SEARCH_H
#define QUANTC_ALLOCATION_SEARCH_H

#include "quantc/Allocation/Problem.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace quantc::alloc {

/// The loss of an assignment as measured, on data that nothing was chosen by.
using MeasureLoss = llvm::function_ref<llvm::Expected<double>(const Assignment &)>;

struct SearchOptions {
  uint32_t seed = 0;
  unsigned maxMeasurements = 200; ///< the start's included; at least 1
  bool flips = true;              ///< one group (and its tied ones) takes another candidate
  bool swaps = true;              ///< two groups do
  /// Also measure what each flip alone changes, within the budgets or not, where measurements are
  /// left for it: what solvers make of these losses is tried, and flips and swaps go by them, not
  /// by the problem's. Both include interactions with everything that the start chose.
  bool marginals = true;
};

struct SearchStep {
  Assignment assignment;
  double loss = 0; ///< measured
  int64_t measurement = 0;
};

struct SearchResult {
  Assignment assignment; ///< the best confirmed; the start unless something is better
  double loss = 0, startLoss = 0;
  /// By `confirm`, where there is one.
  std::optional<double> confirmedLoss, confirmedStartLoss;
  unsigned measurements = 0; ///< by `measure`
  /// No flip and no swap of the result that meets the rules was left unmeasured.
  bool localOptimum = false;
  std::vector<SearchStep> steps; ///< the start and each improvement
};

/// First-improvement search from `start` (an optimum of the additive model, say) over moves that
/// keep ties, pins and budgets: the solvers' answer to marginal losses, then flips, then swaps,
/// the most promising first; equal ones in an order drawn from the seed. A move is taken that
/// lowers the loss and that `confirm`, another loss (of other data), does not find worse; null
/// confirms all. Nothing is measured twice. Error: `start` breaks a rule, a measurement fails or is
/// not a number.
llvm::Expected<SearchResult> localSearch(const Problem &problem, const Assignment &start,
                                         MeasureLoss measure, const SearchOptions &options = {},
                                         MeasureLoss confirm = nullptr);

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_SEARCH_H
