//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The observers as one function over statistics, and their names.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Observer.h"
#include "ObserverSearch.h"
#include "quantc/Support/Errors.h"
#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace quantc;

// In the order of ObserverKind.
static constexpr StringRef kNames[] = {"min-max", "moving-average", "percentile", "entropy", "mse"};

StringRef quantc::observerName(ObserverKind kind) { return kNames[static_cast<int>(kind)]; }
ArrayRef<StringRef> quantc::observerNames() { return kNames; }

std::optional<ObserverKind> quantc::parseObserver(StringRef name) {
  const StringRef *found = llvm::find(kNames, name);
  if (found == std::end(kNames))
    return std::nullopt;
  return static_cast<ObserverKind>(found - kNames);
}

static RealRange averageRuns(ArrayRef<RunRange> runs, double constant) {
  RealRange range{runs[0].min, runs[0].max};
  for (const RunRange &run : runs.drop_front()) {
    range.lo += constant * (run.min - range.lo);
    range.hi += constant * (run.max - range.hi);
  }
  return range;
}

static RealRange cutPercentile(const Histogram &histogram, const ObserverOptions &options) {
  if (options.symmetric) {
    double threshold = histogram.magnitudeQuantile(options.percentile / 100);
    return {-threshold, threshold};
  }
  double tail = (100 - options.percentile) / 200;
  return {histogram.quantile(tail), histogram.quantile(1 - tail)};
}

static Error checkRequest(const Statistics &statistics, ObserverKind kind,
                          const ObserverOptions &options, int64_t qmin, int64_t qmax) {
  auto failure = [&](const Twine &what) {
    return makeError("tensor '" + statistics.name() + "': observer " + observerName(kind) + ": " +
                     what);
  };
  if (statistics.empty())
    return failure("expected values, but found none");
  constexpr int64_t kLargest = int64_t(1) << 32;
  if (qmin >= qmax || qmin < -kLargest || qmax > kLargest)
    return failure("expected an integer range, but found [" + Twine(qmin) + ", " + Twine(qmax) +
                   "]");
  bool needsHistogram = kind == ObserverKind::Percentile || kind == ObserverKind::Entropy ||
                        kind == ObserverKind::Mse;
  if (needsHistogram && statistics.histogram().empty())
    return failure("expected statistics with a histogram");
  if (kind == ObserverKind::MovingAverage && statistics.runRanges().empty())
    return failure("expected statistics with ranges of runs");
  if (kind == ObserverKind::Percentile && !(options.percentile > 0 && options.percentile <= 100))
    return failure("expected a percentile in (0, 100], but found " +
                   Twine(std::to_string(options.percentile)));
  if (kind == ObserverKind::MovingAverage &&
      !(options.averagingConstant > 0 && options.averagingConstant <= 1))
    return failure("expected an averaging constant in (0, 1], but found " +
                   Twine(std::to_string(options.averagingConstant)));
  return Error::success();
}

static RealRange choose(const Statistics &statistics, ObserverKind kind,
                        const ObserverOptions &options, int64_t qmin, int64_t qmax) {
  switch (kind) {
  case ObserverKind::MinMax:
    break;
  case ObserverKind::MovingAverage:
    return averageRuns(statistics.runRanges(), options.averagingConstant);
  case ObserverKind::Percentile:
    return cutPercentile(statistics.histogram(), options);
  case ObserverKind::Entropy:
    return searchEntropy(statistics.histogram(), options.symmetric, qmin, qmax);
  case ObserverKind::Mse:
    return searchMeanSquare(statistics.histogram(), options.symmetric, qmin, qmax);
  }
  return {statistics.min(), statistics.max()};
}

Expected<ObserverResult> quantc::chooseRange(const Statistics &statistics, ObserverKind kind,
                                             const ObserverOptions &options, int64_t qmin,
                                             int64_t qmax) {
  if (Error error = checkRequest(statistics, kind, options, qmin, qmax))
    return std::move(error);
  RealRange range = choose(statistics, kind, options, qmin, qmax);
  range.lo = std::min(range.lo, 0.0);
  range.hi = std::max(range.hi, 0.0);
  if (options.symmetric) {
    range.hi = std::max(-range.lo, range.hi);
    range.lo = -range.hi;
  }
  ObserverResult result;
  result.kind = kind;
  result.lo = static_cast<float>(range.lo) + 0.0f;
  result.hi = static_cast<float>(range.hi) + 0.0f;
  result.min = statistics.min();
  result.max = statistics.max();
  result.count = statistics.count();
  result.meanSquaredError =
      quantizationError(statistics.histogram(), result.lo, result.hi, qmin, qmax);
  return result;
}
