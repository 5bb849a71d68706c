//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Outlier Suppression+: an activation that linear maps read is first centred, then only the
// channels beyond one threshold t are shrunk:
//   z_j = (max_j + min_j) / 2,   s_j = max(1, (max_j - z_j) / t, (z_j - min_j) / t)
//   x~ = (x - z) / s,   W~[:, j] = W[:, j] s_j,   b~ = b + W z  (W before scaling)
// t is searched from the greatest magnitude A downwards: t_k = A - k (A - lower) / K, k = 0 .. K,
// K = max(least steps, floor(A / step size)); the first least loss wins, and t = A scales nothing.
//
// Source: Wei et al., "Outlier Suppression+", arXiv 2304.09145, and its code for the grid.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_OUTLIERSUPPRESSION_H
#define QUANTC_PTQ_OUTLIERSUPPRESSION_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace quantc::ptq {

/// What each channel of an activation took.
struct ChannelRange {
  Vector min, max;
};

/// z: the middles of the ranges.
Vector outlierShift(const ChannelRange &range);

/// s for a threshold; all at least 1.
Vector outlierScale(const ChannelRange &range, const Vector &shift, double threshold);

struct OutlierOptions {
  /// Least threshold: 1 for BERT, OPT and BLOOM, 0.1 for LLaMA (values of the reference code).
  double lowerBound = 1.0;
  double stepSize = 0.5;
  int leastSteps = 100;
  /// Off for readers that have no bias and shall get none: z = 0.
  bool shift = true;
};

struct OutlierSearch {
  Vector shift, scale;
  double threshold = 0;
  double loss = 0;
  double unscaledLoss = 0;        ///< of t = A
  std::vector<double> thresholds; ///< those tried, in that order
  std::vector<double> losses;     ///< of each
};

/// What quantization costs for a threshold and its factors; a value that is not finite loses. The
/// loss of the output that matters serves best: of attention as a whole for queries, keys and
/// values, of act(gate) * up for those two.
using OutlierLoss =
    llvm::function_ref<llvm::Expected<double>(double threshold, const Vector &scale)>;

/// Searches the threshold. Where A is no more than the lower bound, nothing is scaled.
llvm::Expected<OutlierSearch> suppressOutliers(const ChannelRange &range, OutlierLoss loss,
                                               const OutlierOptions &options = {});

} // namespace quantc::ptq

#endif // QUANTC_PTQ_OUTLIERSUPPRESSION_H
