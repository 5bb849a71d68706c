//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Means of clamped normal numbers, and what rounding does to the mean of a layer's output.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/BiasCorrection.h"
#include "Checks.h"
#include <algorithm>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

//===----------------------------------------------------------------------===//
// Clamped normal numbers
//===----------------------------------------------------------------------===//

/// The standard normal density.
static double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI); }

/// P(standard normal > x), accurate in the tail.
static double above(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }

double ptq::meanOfRelu(double mean, double deviation) {
  double sigma = std::abs(deviation);
  if (sigma == 0)
    return std::max(0.0, mean);
  // The two terms cancel far below 0, where rounding may leave less than nothing.
  double start = -mean / sigma;
  return std::max(0.0, sigma * density(start) + mean * above(start));
}

double ptq::meanOfClamp(double mean, double deviation, double low, double high) {
  // clamp(x) = low + relu(x - low) - relu(x - high).
  double result = low + meanOfRelu(mean - low, deviation) - meanOfRelu(mean - high, deviation);
  return std::min(std::max(result, low), high);
}

double ptq::meanOfFunction(double mean, double deviation, function_ref<double(double)> function) {
  if (deviation == 0)
    return function(mean);
  constexpr int steps = 1024; // even
  constexpr double reach = 8, width = 2 * reach / steps;
  double sum = 0, total = 0;
  for (int i = 0; i <= steps; ++i) {
    double x = -reach + i * width;
    double weight = density(x) * (i == 0 || i == steps ? 1 : i % 2 ? 4 : 2);
    sum += weight * function(mean + x * std::abs(deviation));
    total += weight;
  }
  return sum / total;
}

//===----------------------------------------------------------------------===//
// Shifts
//===----------------------------------------------------------------------===//

Expected<Vector> ptq::biasShift(const LinearLayer &original, const Matrix &rounded,
                                const Vector &inputMean, ArrayRef<double> tapShares) {
  if (Error error = checkLayer(original))
    return std::move(error);
  if (Error error = checkMatrix("the rounded weight", rounded, original.weight.rows(),
                                original.weight.cols()))
    return std::move(error);
  if (Error error = checkVector("the inputs' means", inputMean, original.inputs()))
    return std::move(error);
  if (!tapShares.empty() && int64_t(tapShares.size()) != original.taps)
    return makeError("expected " + Twine(original.taps) + " shares of taps, but found " +
                     Twine(tapShares.size()));
  Matrix error = rounded - original.weight;
  if (!tapShares.empty())
    for (Eigen::Index column = 0; column < error.cols(); ++column)
      error.col(column) *= tapShares[column % original.taps];
  return responseTo(original, error, inputMean);
}
