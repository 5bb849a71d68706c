//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The mean-square observer and the error it minimises. A bin stands for its
// middle, the bin that holds zero for zero (which is exact at any scale).
//
// The search shrinks the seen range: both ends together by 1 %, 2 %, ...; from
// the best, each end alone; then both in steps of 0.1 % around the best. The
// error is piecewise smooth in the ends, with one broad valley and ripples from
// rounding, so a grid is safer than descent.
//
//===----------------------------------------------------------------------===//

#include "ObserverSearch.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace llvm;
using namespace quantc;

namespace {
/// The non-empty bins of a histogram as weighted values.
struct Points {
  explicit Points(const Histogram &histogram);
  /// Mean squared error of quantizing the points.
  double error(RealRange range, int64_t qmin, int64_t qmax) const;

  std::vector<double> value, weight;
  double total = 0;
};
} // namespace

Points::Points(const Histogram &histogram) {
  ArrayRef<uint64_t> bins = histogram.bins();
  double width = histogram.binWidth();
  for (int bin = 0; bin < static_cast<int>(bins.size()); ++bin) {
    if (bins[bin] == 0)
      continue;
    double middle = bin == Histogram::kHalf ? 0 : histogram.binEdge(bin) + width / 2;
    value.push_back(std::clamp<double>(middle, histogram.min(), histogram.max()));
    weight.push_back(static_cast<double>(bins[bin]));
    total += weight.back();
  }
}

/// Round to nearest even for |x| < 2^51, without a library call in the loop.
static double roundEven(double x) {
  constexpr double kMagic = 0x1.8p52;
  return (x + kMagic) - kMagic;
}

double Points::error(RealRange range, int64_t qmin, int64_t qmax) const {
  double low = static_cast<double>(qmin), high = static_cast<double>(qmax);
  double scale = (range.hi - range.lo) / (high - low);
  double inverse = scale > 0 ? 1 / scale : 0;
  if (!std::isfinite(inverse)) // a range below what 1/scale can express
    inverse = 0;
  double zeroPoint = std::clamp(roundEven(low - range.lo * inverse), low, high);
  // Four lanes in a fixed order.
  double lanes[4] = {};
  for (size_t i = 0; i < value.size(); ++i) {
    double bounded = std::clamp(value[i] * inverse + zeroPoint, low - 1, high + 1);
    double quantized = std::clamp(roundEven(bounded), low, high);
    double difference = (quantized - zeroPoint) * scale - value[i];
    lanes[i % 4] += weight[i] * difference * difference;
  }
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) / total;
}

double quantc::quantizationError(const Histogram &histogram, double lo, double hi, int64_t qmin,
                                 int64_t qmax) {
  return histogram.empty() ? 0 : Points(histogram).error({lo, hi}, qmin, qmax);
}

RealRange quantc::searchMeanSquare(const Histogram &histogram, bool symmetric, int64_t qmin,
                                   int64_t qmax) {
  Points points(histogram);
  RealRange seen{std::min<double>(histogram.min(), 0), std::max<double>(histogram.max(), 0)};
  if (symmetric) {
    seen.hi = std::max(-seen.lo, seen.hi);
    seen.lo = -seen.hi;
  }
  int bestLo = 1000, bestHi = 1000; // in thousandths of what was seen
  double least = std::numeric_limits<double>::infinity();
  auto tryShares = [&](int lo, int hi) {
    if (lo < 1 || hi < 1 || lo > 1000 || hi > 1000)
      return;
    double error = points.error({seen.lo * lo / 1000, seen.hi * hi / 1000}, qmin, qmax);
    if (error < least) {
      least = error;
      bestLo = lo;
      bestHi = hi;
    }
  };
  // From the full range down, so that the largest of equals wins.
  for (int share = 1000; share > 0; share -= 10)
    tryShares(share, share);
  if (!symmetric && seen.lo < 0 && seen.hi > 0) {
    for (int share = 1000, lo = bestLo; share > 0; share -= 10)
      tryShares(lo, share);
    for (int share = 1000, hi = bestHi; share > 0; share -= 10)
      tryShares(share, hi);
    for (int share = bestHi + 9, lo = bestLo, end = bestHi - 10; share > end; --share)
      tryShares(lo, share);
    for (int share = bestLo + 9, hi = bestHi, end = bestLo - 10; share > end; --share)
      tryShares(share, hi);
  } else {
    for (int share = bestHi + 9, end = bestHi - 10; share > end; --share)
      tryShares(share, share);
  }
  return {seen.lo * bestLo / 1000, seen.hi * bestHi / 1000};
}
