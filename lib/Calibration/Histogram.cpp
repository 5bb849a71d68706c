//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Filling works on blocks: a vectorizable loop turns values into bin numbers,
// then a scalar loop counts them into several interleaved tables, so that runs
// of equal values (zeros after a ReLU) do not wait for one counter.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Histogram.h"
#include "RangeScan.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

using namespace llvm;
using namespace quantc;

/// The smallest e with -2^e <= min and max < 2^e.
static int exponentFor(float min, float max) {
  int exponent = Histogram::kMinExponent;
  int found;
  if (max > 0) {
    std::frexp(max, &found); // max < 2^found
    exponent = std::max(exponent, found);
  }
  if (min < 0) {
    float mantissa = std::frexp(min, &found);
    exponent = std::max(exponent, mantissa == -0.5f ? found - 1 : found);
  }
  return exponent;
}

/// floor(value / width), exactly. The product with 1/width is exact
/// unless it underflows; truncation and the comparison of exact products then
/// still give the floor.
static inline int32_t binIndex(float value, float inverseWidth, float width) {
  int32_t truncated = static_cast<int32_t>(value * inverseWidth);
  return truncated - (static_cast<float>(truncated) * width > value);
}

double Histogram::binWidth() const { return std::ldexp(2.0 / kNumBins, rangeExponent); }

int Histogram::binOf(float value) const {
  float width = static_cast<float>(binWidth());
  return std::clamp(binIndex(value, 1 / width, width) + kHalf, 0, kNumBins - 1);
}

static constexpr size_t kBlock = 2048;

/// Turns one block at a time into bin numbers, counted from bin `first`.
struct Histogram::BlockIndexer {
  BlockIndexer(float width, int first) : width(width), inverseWidth(1 / width), first(first) {}

  float width, inverseWidth;
  int32_t first;
  uint16_t bins[kBlock];

  ArrayRef<uint16_t> operator()(ArrayRef<float> block) {
    const float *values = block.data();
    int32_t offset = kHalf - first;
    for (size_t i = 0, e = block.size(); i < e; ++i)
      bins[i] = static_cast<uint16_t>(binIndex(values[i], inverseWidth, width) + offset);
    return {bins, block.size()};
  }
};

/// Counts values that fall into `numBins` bins from indexer.first on.
void Histogram::countLarge(ArrayRef<float> values, BlockIndexer &indexer, int numBins) {
  // The tables' counters for one bin lie side by side.
  std::vector<uint32_t> tables(size_t(numBins) * kNumTables);
  for (; !values.empty(); values = values.drop_front(std::min(kBlock, values.size()))) {
    ArrayRef<uint16_t> bins = indexer(values.take_front(kBlock));
    size_t i = 0;
    for (; i + kNumTables <= bins.size(); i += kNumTables)
      for (unsigned t = 0; t < kNumTables; ++t)
        ++tables[bins[i + t] * kNumTables + t];
    for (; i < bins.size(); ++i)
      ++tables[bins[i] * kNumTables];
  }
  for (int bin = 0; bin < numBins; ++bin)
    for (unsigned t = 0; t < kNumTables; ++t)
      counts[indexer.first + bin] += tables[bin * kNumTables + t];
}

bool Histogram::add(ArrayRef<float> values) {
  if (values.empty())
    return true;
  float newMin, newMax;
  if (!scanRange(values, newMin, newMax))
    return false;
  add(values, newMin, newMax);
  return true;
}

void Histogram::add(ArrayRef<float> values, float newMin, float newMax) {
  if (values.empty())
    return;
  lowest = empty() ? newMin : std::min(lowest, newMin);
  highest = empty() ? newMax : std::max(highest, newMax);
  growTo(exponentFor(newMin, newMax));
  total += values.size();

  int first = binOf(newMin), numBins = binOf(newMax) - first + 1;
  BlockIndexer indexer(static_cast<float>(binWidth()), first);
  // Clearing and adding up the tables costs about as much as counting a value
  // for each of their bins.
  if (values.size() < static_cast<size_t>(numBins)) {
    for (; !values.empty(); values = values.drop_front(std::min(kBlock, values.size())))
      for (uint16_t bin : indexer(values.take_front(kBlock)))
        ++counts[first + bin];
    return;
  }
  // Pieces, so that 32-bit counters cannot wrap.
  constexpr size_t kPiece = size_t(1) << 31;
  for (; !values.empty(); values = values.drop_front(std::min(kPiece, values.size())))
    countLarge(values.take_front(kPiece), indexer, numBins);
}

void Histogram::growTo(int exponent) {
  if (counts.empty()) {
    counts.resize(kNumBins);
    rangeExponent = exponent;
    return;
  }
  if (exponent <= rangeExponent)
    return;
  // Bin k from zero goes to floor(k / 2^shift). Going outwards from zero, a
  // bin's target has always been read before it is written.
  int shift = std::min(exponent - rangeExponent, 30);
  rangeExponent = exponent;
  for (int k = 0; k < kHalf; ++k) {
    uint64_t up = std::exchange(counts[kHalf + k], 0);
    counts[kHalf + (k >> shift)] += up;
    uint64_t down = std::exchange(counts[kHalf - 1 - k], 0);
    counts[kHalf - 1 - (k >> shift)] += down;
  }
}

void Histogram::merge(const Histogram &other) {
  if (other.empty())
    return;
  lowest = empty() ? other.lowest : std::min(lowest, other.lowest);
  highest = empty() ? other.highest : std::max(highest, other.highest);
  growTo(other.rangeExponent);
  total += other.total;
  int shift = std::min(rangeExponent - other.rangeExponent, 30);
  for (int k = -kHalf; k < kHalf; ++k)
    counts[kHalf + (k >> shift)] += other.counts[kHalf + k];
}

/// How many of `total` values a share is. Shares are decimal fractions such as
/// 0.999, whose rounding must not ask for one value more.
static double rankOf(double fraction, uint64_t total) {
  double rank = fraction * static_cast<double>(total), whole = std::nearbyint(rank);
  return std::fabs(rank - whole) <= 1e-9 * std::max(1.0, rank) ? whole : rank;
}

double Histogram::quantile(double fraction) const {
  assert(!empty() && fraction >= 0 && fraction <= 1 && "no such quantile");
  double target = rankOf(fraction, total);
  double below = 0;
  for (int bin = binOf(lowest), last = binOf(highest); bin <= last; ++bin) {
    double inside = static_cast<double>(counts[bin]);
    if (inside == 0 || below + inside < target) {
      below += inside;
      continue;
    }
    double from = std::max<double>(binEdge(bin), lowest);
    double to = std::min<double>(binEdge(bin + 1), highest);
    return from + (to - from) * std::max(0.0, (target - below) / inside);
  }
  return highest;
}

double Histogram::magnitudeQuantile(double fraction) const {
  assert(!empty() && fraction >= 0 && fraction <= 1 && "no such quantile");
  double target = rankOf(fraction, total);
  double largest = std::max(std::fabs(lowest), std::fabs(highest));
  double below = 0;
  for (int k = 0; k < kHalf; ++k) {
    double inside = static_cast<double>(counts[kHalf + k] + counts[kHalf - 1 - k]);
    if (inside == 0 || below + inside < target) {
      below += inside;
      continue;
    }
    double from = k * binWidth();
    double to = std::min((k + 1) * binWidth(), largest);
    return from + (to - from) * std::max(0.0, (target - below) / inside);
  }
  return largest;
}

bool Histogram::fromParts(int exponent, float min, float max, ArrayRef<uint64_t> bins,
                          Histogram &result) {
  if (bins.size() != kNumBins || !std::isfinite(min) || !std::isfinite(max) || min > max ||
      exponent < kMinExponent || exponent > 128 || exponentFor(min, max) > exponent)
    return false;
  Histogram parts;
  parts.growTo(exponent);
  parts.lowest = min + 0.0f;
  parts.highest = max + 0.0f;
  int first = parts.binOf(min), last = parts.binOf(max);
  for (int bin = 0; bin < kNumBins; ++bin) {
    if (bins[bin] != 0 && (bin < first || bin > last))
      return false;
    if (parts.total + bins[bin] < parts.total)
      return false;
    parts.counts[bin] = bins[bin];
    parts.total += bins[bin];
  }
  if (bins[first] == 0 || bins[last] == 0)
    return false;
  result = std::move(parts);
  return true;
}

bool Histogram::operator==(const Histogram &other) const {
  return total == other.total && lowest == other.lowest && highest == other.highest &&
         rangeExponent == other.rangeExponent && counts == other.counts;
}
