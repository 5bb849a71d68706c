//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shift, scale, and the search for the threshold.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/OutlierSuppression.h"
#include "Checks.h"
#include "FirstMinimum.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// More steps than any sensible grid has.
constexpr double kMostSteps = 1e6;

static Error checkRange(const ChannelRange &range) {
  if (Error error = checkFinite("the least values", range.min))
    return error;
  if (Error error = checkVector("the greatest values", range.max, range.min.size()))
    return error;
  for (Eigen::Index j = 0; j < range.min.size(); ++j)
    if (range.min[j] > range.max[j])
      return makeError("expected min <= max, but found a channel where it is not: " + Twine(j));
  return Error::success();
}

Vector ptq::outlierShift(const ChannelRange &range) { return 0.5 * range.max + 0.5 * range.min; }

Vector ptq::outlierScale(const ChannelRange &range, const Vector &shift, double threshold) {
  Vector beyond = (range.max - shift).cwiseMax(shift - range.min) / threshold;
  return beyond.cwiseMax(1.0);
}

/// t_0 = `most`, ..., t_K = `least`.
static Expected<std::vector<double>> thresholds(double most, const OutlierOptions &options) {
  if (!(options.lowerBound > 0) || !(options.stepSize > 0) || options.leastSteps < 1)
    return makeError("expected a positive lower bound, step size and number of steps");
  if (most <= options.lowerBound)
    return std::vector<double>{most};
  double steps = std::max(double(options.leastSteps), std::floor(most / options.stepSize));
  if (!(steps <= kMostSteps))
    return makeError("expected a grid of at most 1000000 thresholds, but a step size of " +
                     Twine(std::to_string(options.stepSize)) + " below " +
                     Twine(std::to_string(most)) + " asks for more");
  std::vector<double> result;
  for (double k = 0; k < steps; ++k)
    result.push_back(most - k * ((most - options.lowerBound) / steps));
  result.push_back(options.lowerBound);
  return result;
}

Expected<OutlierSearch> ptq::suppressOutliers(const ChannelRange &range, OutlierLoss loss,
                                              const OutlierOptions &options) {
  if (Error error = checkRange(range))
    return std::move(error);
  if (range.min.size() == 0)
    return makeError("expected at least one channel");
  OutlierSearch search;
  search.shift = options.shift ? outlierShift(range) : Vector(Vector::Zero(range.min.size()));
  double most = (range.max - search.shift).cwiseMax(search.shift - range.min).cwiseAbs().maxCoeff();
  Expected<std::vector<double>> grid = thresholds(most, options);
  if (!grid)
    return grid.takeError();
  FirstMinimum least;
  for (double threshold : *grid) {
    // The first threshold divides the greatest channel by itself; of a constant tensor it is 0.
    Vector scale = threshold == most ? Vector(Vector::Ones(range.min.size()))
                                     : outlierScale(range, search.shift, threshold);
    Expected<double> value = loss(threshold, scale);
    if (!value)
      return value.takeError();
    search.losses.push_back(*value);
    if (!least.offer(*value))
      continue;
    search.scale = std::move(scale);
    search.threshold = threshold;
    search.loss = *value;
  }
  if (!least.found())
    return makeError("expected a finite loss of at least one threshold, but found none among " +
                     Twine(grid->size()));
  search.thresholds = std::move(*grid);
  search.unscaledLoss = search.losses.front();
  return search;
}
