//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's search of a clipped range, one for each row and group, by the error of the group's share of
// the output. (The search by the error of the weights alone is a property of grids: RangeSearch of
// AffineGrid.h, numerics::ScaleSearch of number formats.)
//
// Source: Lin et al., "AWQ", arXiv 2306.00978; mit-han-lab/llm-awq.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_CLIPSEARCH_H
#define QUANTC_PTQ_CLIPSEARCH_H

#include "quantc/PTQ/Rounding.h"

namespace quantc::ptq {

struct ActivationClipOptions {
  int steps = 10; ///< candidates M = absmax (1 - i / grid), i = 0 .. steps - 1; at least 1
  int grid = 20;  ///< at least `steps`
};

struct ActivationClip {
  Matrix weights; ///< clamped to the limits; to be rounded with a grid fitted to them
  Matrix limits;  ///< [rows, groups]
  /// mean over tokens of the squared error of a group's share of the output [rows, groups], with
  /// the chosen limit, and without any.
  Matrix error, unclippedError;
};

/// The limit with the least error, the first of equals. With dW = round(clamp(W, -M, M)) - W in a
/// group, the error is dW G dW^T for the group's block of `secondMoment`, the inputs' X^T X /
/// tokens [columns, columns]: that of all tokens that G was collected from, without them. `grid` is
/// fitted on the way and left with the parameters of the clamped weights; its groups may not depend
/// on each other.
llvm::Expected<ActivationClip> clipByActivation(const Matrix &weights, const Matrix &secondMoment,
                                                WeightGrid &grid,
                                                const ActivationClipOptions &options = {});

} // namespace quantc::ptq

#endif // QUANTC_PTQ_CLIPSEARCH_H
