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

/// What to subtract from the bias: sum over inputs and taps of (rounded - original) * E[x], per
/// output. `original` gives shape; `rounded` is a weight of the same shape; `inputMean` has one
/// value per input channel, `tapShares` one per tap: how often it meets the input and no border
/// (PatchGeometry::tapShares); none: always.
llvm::Expected<Vector> biasShift(const LinearLayer &original, const Matrix &rounded,
                                 const Vector &inputMean, llvm::ArrayRef<double> tapShares = {});

} // namespace quantc::ptq

#endif // QUANTC_PTQ_BIASCORRECTION_H
