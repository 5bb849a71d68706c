//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sensitivities as formulas.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Sensitivity.h"
#include "Faults.h"
#include "quantc/Numerics/Random.h"
#include "quantc/Numerics/Rounding.h"
#include <cmath>
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

static Error checkSame(StringRef name, size_t found, size_t expected) {
  if (found == expected)
    return Error::success();
  return makeError("expected " + Twine(expected) + " values of " + name + ", but found " +
                   Twine(found));
}

static Error checkFinite(StringRef name, ArrayRef<double> values) {
  for (auto [i, value] : enumerate(values))
    if (!std::isfinite(value))
      return makeError("expected " + name + " to be finite, but found " + number(value) +
                       " at entry " + Twine(i));
  return Error::success();
}

static Error checkNotNegative(StringRef name, ArrayRef<double> values) {
  for (auto [i, value] : enumerate(values))
    if (value < 0)
      return makeError("expected " + name + " not to be negative, but found " + number(value) +
                       " at entry " + Twine(i));
  return checkFinite(name, values);
}

/// max(curvature, 0) / parameters.
static Expected<Sensitivities> perParameter(StringRef name, ArrayRef<double> curvatures,
                                            ArrayRef<int64_t> parameters) {
  if (Error error = checkFinite(name, curvatures))
    return std::move(error);
  if (Error error = checkSame("parameters", parameters.size(), curvatures.size()))
    return std::move(error);
  Sensitivities result;
  for (auto [curvature, count] : zip_equal(curvatures, parameters)) {
    if (count <= 0)
      return makeError("expected layers to have parameters, but found " + Twine(count));
    result.clamped += curvature < 0;
    result.values.push_back(std::max(curvature, 0.0) / double(count));
  }
  return result;
}

Expected<Sensitivities> alloc::hawqSensitivities(ArrayRef<double> eigenvalues,
                                                 ArrayRef<int64_t> parameters) {
  return perParameter("eigenvalues", eigenvalues, parameters);
}

Expected<Sensitivities> alloc::averageTraces(ArrayRef<double> traces,
                                             ArrayRef<int64_t> parameters) {
  return perParameter("traces", traces, parameters);
}

Expected<double> alloc::hawqOmega(double sensitivity, double squaredError) {
  if (Error error = checkNotNegative("sensitivity and squared error", {sensitivity, squaredError}))
    return std::move(error);
  return sensitivity * squaredError;
}

Expected<double> alloc::qbertSensitivity(ArrayRef<double> eigenvalues) {
  if (eigenvalues.empty())
    return makeError("expected eigenvalues of one subset or more, but found none");
  if (Error error = checkFinite("eigenvalues", eigenvalues))
    return std::move(error);
  double count = double(eigenvalues.size());
  double mean = std::accumulate(eigenvalues.begin(), eigenvalues.end(), 0.0) / count;
  double squares = 0;
  for (double value : eigenvalues)
    squares += (value - mean) * (value - mean);
  return std::abs(mean) + std::sqrt(squares / count);
}

Expected<int64_t> alloc::maskedChannels(int64_t channels, double share) {
  if (channels <= 0 || !(share >= 0 && share <= 1))
    return makeError("expected channels and a share of them in [0, 1], but found " +
                     Twine(channels) + " and " + number(share));
  int64_t count = int64_t(numerics::roundHalfEven(double(channels) * share));
  return share > 0 ? std::max<int64_t>(count, 1) : 0;
}

Expected<std::vector<int64_t>> alloc::drawMask(int64_t channels, double share, uint32_t seed) {
  Expected<int64_t> count = maskedChannels(channels, share);
  if (!count)
    return count.takeError();
  // Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): ascending and without memory.
  numerics::RandomState random(seed);
  std::vector<int64_t> mask;
  for (int64_t c = 0; c < channels && int64_t(mask.size()) < *count; ++c)
    if (random.uniform() * double(channels - c) < double(*count - int64_t(mask.size())))
      mask.push_back(c);
  return mask;
}

double alloc::cladoTerm(double both, double first, double second, double base) {
  return both - first - second + base;
}

double alloc::interactionShare(ArrayRef<double> own, ArrayRef<double> pairs) {
  auto magnitude = [](ArrayRef<double> values) {
    double sum = 0;
    for (double value : values)
      sum += std::abs(value);
    return sum;
  };
  double off = magnitude(pairs);
  return off == 0 ? 0 : off / magnitude(own);
}
