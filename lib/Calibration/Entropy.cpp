//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entropy observer: Migacz, "8-bit inference with TensorRT" (GTC 2017), in
// the form of NVIDIA's pytorch-quantization (calib/histogram.py).
//
// Let c_0, c_1, ... be the counts of magnitudes. For each threshold of i bins,
//   P = the first i counts, the last one increased by all that lie beyond;
//   Q = the first i counts without those, averaged inside each of L groups
//       (group g: bins [g*i/L, (g+1)*i/L)) over the bins that are not empty;
// both normalized; the threshold with the least KL(P || Q) wins, the largest of
// equals. c_0 is replaced by c_1: zero is exact at any scale, and a ReLU's peak
// there would decide everything. L is the number of levels that magnitudes get:
// all of them for data of one sign in an asymmetric range, else half. The result
// is the threshold on both sides, cut to what was seen.
//
// Unlike the originals, which rebuild P and Q for each i in O(i), prefix sums of
// c, c*log(c) and of non-empty bins give each divergence in O(L), so that every
// bin of the full resolution is a candidate.
//
//===----------------------------------------------------------------------===//

#include "ObserverSearch.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace llvm;
using namespace quantc;

namespace {
class Divergence {
public:
  Divergence(std::vector<double> magnitudes, int64_t levels);

  /// KL(P || Q) for the threshold of `bins` bins.
  double at(int64_t bins) const;
  int64_t size() const { return counts.size(); }

private:
  std::vector<double> counts;
  // Over the first k bins: counts, c log c, non-empty bins.
  std::vector<double> sum, entropy;
  std::vector<int64_t> filled;
  int64_t levels;
};
} // namespace

static double timesLog(double x) { return x > 0 ? x * std::log(x) : 0; }

Divergence::Divergence(std::vector<double> magnitudes, int64_t levels)
    : counts(std::move(magnitudes)), levels(levels) {
  sum.assign(counts.size() + 1, 0);
  entropy.assign(counts.size() + 1, 0);
  filled.assign(counts.size() + 1, 0);
  for (size_t k = 0; k < counts.size(); ++k) {
    sum[k + 1] = sum[k] + counts[k];
    entropy[k + 1] = entropy[k] + timesLog(counts[k]);
    filled[k + 1] = filled[k] + (counts[k] > 0);
  }
}

double Divergence::at(int64_t bins) const {
  double total = sum.back(), kept = sum[bins];
  double last = counts[bins - 1], clipped = total - kept;
  // Q has nothing where P has all that was clipped.
  if (kept == 0 || (last == 0 && clipped > 0))
    return std::numeric_limits<double>::infinity();
  // With p_j = P_j total and q_g the average of group g,
  //   KL = 1/total (sum p_j log p_j - sum p_j log q_g) - log total + log kept.
  double cross = 0;
  for (int64_t g = 0; g < levels; ++g) {
    int64_t from = g * bins / levels, to = (g + 1) * bins / levels;
    double inside = sum[to] - sum[from];
    if (inside == 0)
      continue;
    double average = inside / static_cast<double>(filled[to] - filled[from]);
    cross += (inside + (g + 1 == levels ? clipped : 0)) * std::log(average);
  }
  double own = entropy[bins] - timesLog(last) + timesLog(last + clipped);
  return (own - cross) / total - std::log(total) + std::log(kept);
}

RealRange quantc::searchEntropy(const Histogram &histogram, bool symmetric, int64_t qmin,
                                int64_t qmax) {
  double min = histogram.min(), max = histogram.max();
  bool oneSided = !symmetric && (min >= 0 || max <= 0);
  // More levels than bins would resolve every bin: no divergence but clipping.
  int64_t all = std::min<int64_t>(qmax - qmin + 1, Histogram::kNumBins);
  int64_t levels = std::max<int64_t>(1, oneSided ? all : all / 2);

  ArrayRef<uint64_t> bins = histogram.bins();
  std::vector<double> magnitudes(Histogram::kHalf);
  for (int k = 0; k < Histogram::kHalf; ++k)
    magnitudes[k] =
        static_cast<double>(bins[Histogram::kHalf + k] + bins[Histogram::kHalf - 1 - k]);
  while (!magnitudes.empty() && magnitudes.back() == 0)
    magnitudes.pop_back();
  if (magnitudes.size() > 1)
    magnitudes[0] = magnitudes[1];

  Divergence divergence(std::move(magnitudes), levels);
  int64_t best = divergence.size();
  double least = std::numeric_limits<double>::infinity();
  for (int64_t i = std::min(levels, divergence.size()); i <= divergence.size(); ++i) {
    double value = divergence.at(i);
    // Differences of rounding must not prefer a smaller range.
    if (value <= least + 1e-12) {
      best = i;
      least = std::min(least, value);
    }
  }
  double threshold = best * histogram.binWidth();
  return {std::max(min, -threshold), std::min(max, threshold)};
}
