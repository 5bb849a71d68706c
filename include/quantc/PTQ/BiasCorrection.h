//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bias correction: rounding a weight shifts the mean of every output by the rounding error times
// the mean of the inputs; the bias takes that back. The means come from the parameters of batch
// normalization (analytic) or from running both models (empirical). Expects a rounding that leaves
// the mean to others: after AdaRound or GPTQ, which minimize the output's error, there is little to
// take back.
//
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
// arXiv 1906.04721, section 4.2 and appendix C.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_BIASCORRECTION_H
#define QUANTC_PTQ_BIASCORRECTION_H

#include "quantc/PTQ/Equalize.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quantc::ptq {

/// E[max(0, x)] for x normal with this mean and standard deviation (its sign does not matter; 0
/// gives max(0, mean)).
double meanOfRelu(double mean, double deviation);

/// E[min(max(x, low), high)] for low <= high: ReLU6 has 0 and 6.
double meanOfClamp(double mean, double deviation, double low, double high);

/// E[f(x)] of any function, by Simpson's rule over 8 standard deviations on both sides; f(mean)
/// where there is no deviation.
double meanOfFunction(double mean, double deviation, llvm::function_ref<double(double)> function);

/// The means of the inputs of a layer behind a ReLU (or a ReLU6 when `six`) behind a batch
/// normalization with these parameters.
llvm::Expected<Vector> meanBehindRelu(const Vector &beta, const Vector &gamma, bool six = false);

/// What to subtract from the bias: sum over inputs and taps of (rounded - original) * E[x], per
/// output. `original` gives shape; `rounded` is a weight of the same shape; `inputMean` has one
/// value per input channel, `tapShares` one per tap: how often it meets the input and no border
/// (PatchGeometry::tapShares); none: always.
llvm::Expected<Vector> biasShift(const LinearLayer &original, const Matrix &rounded,
                                 const Vector &inputMean, llvm::ArrayRef<double> tapShares = {});

/// The means of what a quantized and a float model compute at one place, per channel: what to
/// subtract from the bias when layers are taken in topological order, each with its predecessors
/// already corrected. Sums run in the order of the additions.
class MeanShift {
public:
  explicit MeanShift(int64_t channels) : sums(Vector::Zero(channels)) {}

  /// Outputs [positions, channels] of both models on the same data: samples and space as rows.
  llvm::Error add(const Matrix &quantized, const Matrix &original);

  int64_t positions() const { return count; }
  /// mean(quantized - original) per channel; zeros before the first addition.
  Vector shift() const;

private:
  Vector sums;
  int64_t count = 0;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_BIASCORRECTION_H
