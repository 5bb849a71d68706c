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
// "Duo scaling" weighs the weights in: s = m^r / (wbar^(1 - r) + 1e-4), r = i / (points - 2), i = 0
// .. points - 2, next to one candidate without scaling; wbar_j is the mean over rows of |W_ij|
// divided by the greatest magnitude of its group.
//
// To be combined with no rotation before it: rotated activations have no salient channels.
//
// Sources: Lin et al., "AWQ", arXiv 2306.00978, section 3.2; vllm-project/llm-compressor for duo
// scaling.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_AWQ_H
#define QUANTC_PTQ_AWQ_H

#include "quantc/PTQ/SmoothQuant.h"
#include <optional>

namespace quantc::ptq {

/// mean_t |X_tj| over the rows t of samples [tokens, channels] whose `valid` is not 0; all rows
/// when `valid` is empty. Zeros when no row is valid: an expert that no token was sent to.
llvm::Expected<Vector> meanMagnitude(const Matrix &samples, llvm::ArrayRef<uint8_t> valid = {});

/// wbar of duo scaling over all weights [out, channels] that read the activation. Groups of
/// `groupSize` columns of a row; 0: the whole row. An all-zero group counts as 0.
llvm::Expected<Vector> relativeWeightMagnitude(llvm::ArrayRef<Matrix> weights, int64_t groupSize);

/// s for one exponent, normalized so that sqrt(max s * min s) = 1; exactly 1 for r = 0. A value
/// that is not finite becomes 1.
llvm::Expected<Vector> awqScale(const Vector &magnitude, double exponent);
llvm::Expected<Vector> awqDuoScale(const Vector &magnitude, const Vector &weightMagnitude,
                                   double exponent);

struct AwqOptions {
  int gridPoints = 20; ///< at least 3
  bool duoScaling = false;
};

struct AwqSearch {
  Vector scale;
  /// Empty where the candidate without scaling won, or there was nothing to search.
  std::optional<double> exponent;
  double loss = 0;
  double unscaledLoss = 0;    ///< of s = 1
  std::vector<double> losses; ///< of every candidate, in the order tried
};

/// The candidate with the least loss, the first of equals. Where no channel was ever other than 0,
/// the scale is 1 and the loss is asked once. `weightMagnitude` is read for duo scaling alone.
llvm::Expected<AwqSearch> searchAwqScale(const Vector &magnitude, const Vector &weightMagnitude,
                                         ScaleLoss loss, const AwqOptions &options = {});

/// Rounds a weight to its codes and back.
using WeightRounding = llvm::function_ref<llvm::Expected<Matrix>(const Matrix &)>;

/// mean((y - y0)^2) over tokens and outputs of linear maps whose weights alone are rounded, for the
/// factors `scale`: dW = round(W s) / s - W and the mean of diag(dW G dW^T), G = X^T X / tokens
/// [channels, channels]. Weights are not changed.
llvm::Expected<double> weightOnlyLoss(llvm::ArrayRef<Matrix> weights, const Matrix &secondMoment,
                                      const Vector &scale, WeightRounding round);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_AWQ_H
