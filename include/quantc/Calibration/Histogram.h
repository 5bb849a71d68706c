//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A histogram of floats that merges exactly. It has a fixed number of bins over
// [-2^e, 2^e), so a bin is a power of two wide. When a value does not fit, e
// grows and neighbouring bins are added in pairs; because
// floor(floor(x / w) / 2) = floor(x / 2w), the counts are those that the larger
// range would have given from the start. The result is therefore a function of
// the multiset of values: independent of their order, of batches and threads.
// Minimum and maximum are kept exactly.
//
// 16384 bins put 8192 on each side of zero: a tensor that reaches 6 has bins of
// 2^-10, a 24th of its 8-bit step.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_HISTOGRAM_H
#define QUANTC_CALIBRATION_HISTOGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace quantc {

class Histogram {
public:
  static constexpr int kNumBins = 16384;
  static constexpr int kHalf = kNumBins / 2;
  /// Smallest exponent: everything below 2^-63 in magnitude falls into the two
  /// bins at zero. The largest that a finite float needs is 128.
  static constexpr int kMinExponent = -50;

  Histogram() = default;

  /// Adds all values, or none and returns false if one is NaN or infinite.
  /// Streams about 10^9 values a second on one core.
  [[nodiscard]] bool add(llvm::ArrayRef<float> values);
  /// As `add` for finite values whose exact extremes are known already.
  void add(llvm::ArrayRef<float> values, float newMin, float newMax);
  /// Adds everything `other` has seen; commutative and associative.
  void merge(const Histogram &other);

  uint64_t count() const { return total; }
  bool empty() const { return total == 0; }
  /// Exact extremes; only if not empty. (-0.0 is kept as 0.0.)
  float min() const { return lowest; }
  float max() const { return highest; }
  /// The range is [-2^e, 2^e).
  int exponent() const { return rangeExponent; }
  /// Width of a bin, exact: 2^(e + 1) / kNumBins.
  double binWidth() const;
  /// Lower edge of bin `index`, exact.
  double binEdge(int index) const { return (index - kHalf) * binWidth(); }
  /// kNumBins counts, or empty if nothing was added.
  llvm::ArrayRef<uint64_t> bins() const { return counts; }
  /// The bin that holds `value` (finite, inside the range).
  int binOf(float value) const;

  /// The value below which a share `fraction` in [0, 1] of all values lies,
  /// linear within a bin, inside [min, max]; off by at most a bin's width.
  double quantile(double fraction) const;

  /// As quantile, of the absolute values.
  double magnitudeQuantile(double fraction) const;

  /// From parts, for reading statistics back. Returns false if they are
  /// inconsistent.
  static bool fromParts(int exponent, float min, float max, llvm::ArrayRef<uint64_t> bins,
                        Histogram &result);

  bool operator==(const Histogram &other) const;
  bool operator!=(const Histogram &other) const { return !(*this == other); }

  /// Bytes one non-empty histogram occupies.
  static constexpr uint64_t footprint() { return kNumBins * sizeof(uint64_t) + sizeof(Histogram); }
  /// Bytes that `add` needs while it runs, for all histograms together.
  static constexpr uint64_t scratchBytes() {
    return uint64_t(kNumTables) * kNumBins * sizeof(uint32_t);
  }

private:
  /// Tables counted into in turn; see Histogram.cpp.
  static constexpr int kNumTables = 4;
  struct BlockIndexer;

  void countLarge(llvm::ArrayRef<float> values, BlockIndexer &indexer, int numBins);
  void growTo(int exponent);

  std::vector<uint64_t> counts;
  uint64_t total = 0;
  float lowest = 0;
  float highest = 0;
  int rangeExponent = kMinExponent;
};

} // namespace quantc

#endif // QUANTC_CALIBRATION_HISTOGRAM_H
