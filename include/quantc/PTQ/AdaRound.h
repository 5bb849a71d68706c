//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AdaRound for one linear map: every weight goes up or down on its grid so that the output changes
// least, found by gradient descent on a relaxation.
//
//   loss = mean over rows, sum over outputs, of (W x - W~ xq)^2
//          + lambda sum (1 - |2 h(V) - 1|^beta)
//
// The first term is a quadratic form of the inputs' second moments, so each step sees all of the
// data. (Activations count in BlockReconstruction.h.)
//
// Source: Nagel et al., "AdaRound", arXiv 2004.10568; constants as AIMET has them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_ADAROUND_H
#define QUANTC_PTQ_ADAROUND_H

#include "quantc/PTQ/RoundingVariable.h"

namespace quantc::ptq {

struct AdaRoundOptions {
  int iterations = 10000;
  double rate = 1e-3; ///< of Adam
  double lambda = 0.01;
  double warmup = 0.2; ///< share of the iterations without regularizer, in [0, 1)
  Annealing annealing = Annealing::Cosine;
};

struct AdaRoundResult {
  Matrix weights;                   ///< each the neighbour below or above of the weight
  double loss = 0, nearestLoss = 0; ///< first term, of `weights` and of round-to-nearest
  double decided = 0;               ///< share of weights with |h - 1/2| > 0.49 at the end
  /// Outputs for which nearest was at least as good and was taken, so that loss <= nearestLoss.
  int64_t nearestRows = 0;
};

/// `grid` is fitted. `secondMoment` is Xq^T Xq / tokens [in, in]; `crossMoment`, none or (X -
/// Xq)^T Xq / tokens, aims at the outputs of the float inputs. Losses are then less a term that
/// does not depend on the rounding.
llvm::Expected<AdaRoundResult> roundByAdaRound(const Matrix &weights, const WeightGrid &grid,
                                               const Matrix &secondMoment,
                                               const Matrix *crossMoment = nullptr,
                                               const AdaRoundOptions &options = {});

} // namespace quantc::ptq

#endif // QUANTC_PTQ_ADAROUND_H
