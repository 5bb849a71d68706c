//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Spearman's rank correlation with ties, and two intervals.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/RankCorrelation.h"
#include "Faults.h"
#include "quantc/Numerics/Random.h"
#include <cmath>
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

std::vector<double> alloc::averageRanks(ArrayRef<double> values) {
  std::vector<unsigned> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return std::pair(values[a], a) < std::pair(values[b], b);
  });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    for (end = begin; end < order.size() && values[order[end]] == values[order[begin]];)
      ++end;
    for (size_t i = begin; i < end; ++i)
      ranks[order[i]] = double(begin + 1 + end) / 2;
  }
  return ranks;
}

/// Pearson's correlation of the ranks; nothing for a constant series.
static std::optional<double> rankCorrelation(ArrayRef<double> x, ArrayRef<double> y) {
  std::vector<double> a = averageRanks(x), b = averageRanks(y);
  double mean = double(x.size() + 1) / 2, ab = 0, aa = 0, bb = 0;
  for (auto [u, v] : zip_equal(a, b)) {
    ab += (u - mean) * (v - mean);
    aa += (u - mean) * (u - mean);
    bb += (v - mean) * (v - mean);
  }
  if (aa == 0 || bb == 0)
    return std::nullopt;
  return std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0);
}

static Expected<double> checkedCorrelation(ArrayRef<double> x, ArrayRef<double> y,
                                           double confidence) {
  if (x.size() != y.size() || x.size() < 2)
    return makeError("expected two series of equal length >= 2, but found " + Twine(x.size()) +
                     " and " + Twine(y.size()) + " values");
  for (double value : concat<const double>(x, y))
    if (!std::isfinite(value))
      return makeError("expected finite values, but found " + number(value));
  if (!(confidence > 0 && confidence < 1))
    return makeError("expected a confidence in (0, 1), but found " + number(confidence));
  std::optional<double> result = rankCorrelation(x, y);
  if (!result)
    return makeError("expected series that vary, but found equal values");
  return *result;
}

/// The q with P(|N(0, 1)| <= q) = confidence, by bisection of erf.
static double normalQuantile(double confidence) {
  double low = 0, high = 40;
  for (int step = 0; step < 100; ++step) {
    double middle = (low + high) / 2;
    (std::erf(middle / std::sqrt(2.0)) < confidence ? low : high) = middle;
  }
  return low;
}

Expected<Correlation> alloc::spearman(ArrayRef<double> x, ArrayRef<double> y, double confidence) {
  Expected<double> value = checkedCorrelation(x, y, confidence);
  if (!value)
    return value.takeError();
  Correlation result{*value, -1, 1};
  if (x.size() < 4)
    return result;
  double r = *value, z = std::atanh(r); // infinite at +-1: the interval is the point
  double width = normalQuantile(confidence) * std::sqrt((1 + r * r / 2) / double(x.size() - 3));
  result.low = std::tanh(z - width);
  result.high = std::tanh(z + width);
  return result;
}

Expected<Correlation> alloc::bootstrapSpearman(ArrayRef<double> x, ArrayRef<double> y,
                                               const BootstrapOptions &options) {
  Expected<double> value = checkedCorrelation(x, y, options.confidence);
  if (!value)
    return value.takeError();
  if (options.resamples == 0)
    return makeError("expected one resample or more, but found none");
  numerics::RandomState random(options.seed);
  std::vector<double> draws, u(x.size()), v(x.size());
  for (unsigned draw = 0; draw < options.resamples; ++draw) {
    for (size_t i = 0; i < x.size(); ++i) {
      size_t from = size_t(random.uniform() * double(x.size()));
      u[i] = x[from];
      v[i] = y[from];
    }
    draws.push_back(rankCorrelation(u, v).value_or(0));
  }
  std::sort(draws.begin(), draws.end());
  double tail = (1 - options.confidence) / 2 * double(draws.size());
  size_t low = std::min(size_t(std::floor(tail)), draws.size() - 1);
  return Correlation{*value, draws[low], draws[draws.size() - 1 - low]};
}
