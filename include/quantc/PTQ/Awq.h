//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's scale search: weights whose input channels carry large activations are scaled up before
// rounding, s_j = m_j^r for the mean magnitude m_j of channel j and one exponent r per group of
// weights, the best of a grid:
//   s <- max(m^r, 1e-4),  s <- s / sqrt(max s * min s),  r = i / points, i = 0 .. points - 1
// r = 0 leaves everything as it is. The activation is divided by s where it is made.
//
// To be combined with no rotation before it: rotated activations have no salient channels.
//
// Source: Lin et al., "AWQ", arXiv 2306.00978, section 3.2.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_AWQ_H
#define QUANTC_PTQ_AWQ_H

#include "quantc/PTQ/SmoothQuant.h"
#include <optional>

namespace quantc::ptq {

/// s for one exponent, normalized so that sqrt(max s * min s) = 1 over the channels with a
/// magnitude; exactly 1 for r = 0, and for a channel that was always 0. A value that is not finite
/// becomes 1.
llvm::Expected<Vector> awqScale(const Vector &magnitude, double exponent);

struct AwqSearch {
  Vector scale;
  /// Empty where there was nothing to search.
  std::optional<double> exponent;
  double loss = 0;
  double unscaledLoss = 0;    ///< of s = 1
  std::vector<double> losses; ///< of every candidate, in the order tried
};

/// The candidate of `points` with the least loss, the first of equals. Where no channel was ever
/// other than 0, the scale is 1 and the loss is asked once.
llvm::Expected<AwqSearch> searchAwqScale(const Vector &magnitude, ScaleLoss loss, int points = 20);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_AWQ_H
