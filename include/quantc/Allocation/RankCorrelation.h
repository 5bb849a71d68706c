//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How well one series orders another: predicted against measured loss.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_RANKCORRELATION_H
#define QUANTC_ALLOCATION_RANKCORRELATION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::alloc {

/// Ranks 1..n by ascending value; equal values share the mean of their ranks.
std::vector<double> averageRanks(llvm::ArrayRef<double> values);

struct Correlation {
  double value = 0;         ///< in [-1, 1]
  double low = 0, high = 0; ///< confidence interval
};

/// Spearman's rank correlation: Pearson's of the average ranks. The interval is Fisher's,
/// tanh(atanh r +- q sqrt((1 + r^2/2) / (n - 3))) with the variance of Bonett and Wright,
/// Psychometrika 65 (2000); q is the normal quantile. [-1, 1] for n < 4. Error: lengths that differ
/// or are below 2, values that are not finite, a series of equal values.
llvm::Expected<Correlation> spearman(llvm::ArrayRef<double> x, llvm::ArrayRef<double> y,
                                     double confidence = 0.95);

struct BootstrapOptions {
  double confidence = 0.95;
  unsigned resamples = 2000;
  uint32_t seed = 0;
};

/// The same value with the percentile interval over pairs drawn with replacement. Draws in which
/// one series is constant count as 0: nothing is ordered.
llvm::Expected<Correlation> bootstrapSpearman(llvm::ArrayRef<double> x, llvm::ArrayRef<double> y,
                                              const BootstrapOptions &options = {});

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_RANKCORRELATION_H
