//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The algebra of histograms: whatever the values and however they are grouped,
// ordered and merged, the result is that of counting each value once into the
// bins of the final range.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Histogram.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

using namespace quantc;

namespace {
/// Finite floats of every magnitude, with many near powers of two and zero.
rc::Gen<float> anyFloat() {
  return rc::gen::map(rc::gen::arbitrary<std::tuple<uint32_t, uint8_t>>(), [](auto parts) {
    auto [bits, choice] = parts;
    float value;
    if (choice % 4 == 0) { // any bit pattern
      std::memcpy(&value, &bits, 4);
      return std::isfinite(value) ? value : 1.0f;
    }
    float sign = bits & 1 ? -1.0f : 1.0f;
    if (choice % 4 == 1) { // at a power of two, or its neighbour
      value = std::ldexp(sign, int(bits >> 1) % 40 - 20);
      return choice & 16 ? std::nextafterf(value, choice & 32 ? 0.0f : sign * 100) : value;
    }
    if (choice % 4 == 2) // zeros and subnormals
      return choice & 16 ? sign * 0.0f : sign * std::ldexp(float(bits >> 1 & 0xff), -149);
    return sign * float(bits >> 1) * 0x1p-29f; // ordinary activations
  });
}

rc::Gen<std::vector<float>> anyValues() {
  return rc::gen::container<std::vector<float>>(anyFloat());
}

/// i / parts for any i in [0, parts].
rc::Gen<double> share(int parts) {
  auto numerator = rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, parts + 1));
  return rc::gen::map(numerator, [=](int i) { return double(i) / parts; });
}

Histogram of(const std::vector<float> &values) {
  Histogram histogram;
  RC_ASSERT(histogram.add(values));
  return histogram;
}

RC_GTEST_PROP(HistogramProperty, CountsAreThoseOfTheDefinition, ()) {
  auto values = *rc::gen::nonEmpty(anyValues());
  Histogram histogram = of(values);
  // In long double the division is exact enough for an exact floor: the width
  // is a power of two and a float has 24 bits.
  std::vector<uint64_t> bins(Histogram::kNumBins);
  for (float value : values)
    ++bins[Histogram::kHalf +
           int64_t(std::floor((long double)(value) / (long double)(histogram.binWidth())))];
  RC_ASSERT(histogram.bins().vec() == bins);
  RC_ASSERT(histogram.count() == values.size());
  RC_ASSERT(histogram.min() == *std::min_element(values.begin(), values.end()));
  RC_ASSERT(histogram.max() == *std::max_element(values.begin(), values.end()));
}

RC_GTEST_PROP(HistogramProperty, OrderDoesNotMatter, ()) {
  auto values = *anyValues();
  Histogram forward = of(values);
  auto keys =
      *rc::gen::container<std::vector<uint32_t>>(values.size(), rc::gen::arbitrary<uint32_t>());
  std::vector<std::pair<uint32_t, float>> pairs;
  for (size_t i = 0; i < values.size(); ++i)
    pairs.emplace_back(keys[i], values[i]);
  std::sort(pairs.begin(), pairs.end());
  Histogram shuffled;
  for (auto &[key, value] : pairs)
    RC_ASSERT(shuffled.add(value)); // one at a time: as many range changes as there can be
  RC_ASSERT(forward == shuffled);
}

RC_GTEST_PROP(HistogramProperty, GroupingDoesNotMatter, ()) {
  auto groups = *rc::gen::container<std::vector<std::vector<float>>>(anyValues());
  std::vector<float> all;
  Histogram added, mergedLeft, mergedRight;
  for (const std::vector<float> &group : groups) {
    all.insert(all.end(), group.begin(), group.end());
    RC_ASSERT(added.add(group));
    mergedLeft.merge(of(group));
    Histogram next = of(group);
    next.merge(mergedRight);
    mergedRight = next;
  }
  RC_ASSERT(added == of(all));
  RC_ASSERT(mergedLeft == added);
  RC_ASSERT(mergedRight == added);
}

RC_GTEST_PROP(HistogramProperty, MergeIsAssociative, ()) {
  Histogram a = of(*anyValues()), b = of(*anyValues()), c = of(*anyValues());
  Histogram left = a, right = b;
  left.merge(b);
  left.merge(c);
  right.merge(c);
  Histogram other = a;
  other.merge(right);
  RC_ASSERT(left == other);
}

RC_GTEST_PROP(HistogramProperty, LargeTensorsCountAsSmallOnes, ()) {
  // Repeated until the tables are used, which small tensors do without.
  auto values = *rc::gen::nonEmpty(anyValues());
  size_t times = 2 * Histogram::kNumBins / values.size() + 1;
  std::vector<float> large;
  for (size_t i = 0; i < times; ++i)
    large.insert(large.end(), values.begin(), values.end());
  Histogram one = of(values), many = of(large);
  RC_ASSERT(one.exponent() == many.exponent());
  for (int bin = 0; bin < Histogram::kNumBins; ++bin)
    RC_ASSERT(many.bins()[bin] == one.bins()[bin] * times);
}

RC_GTEST_PROP(HistogramProperty, QuantilesAreWithinABinOfTheSortedValues, ()) {
  auto values = *rc::gen::nonEmpty(anyValues());
  double fraction = *share(100000);
  Histogram histogram = of(values);
  std::vector<float> sorted = values, magnitudes = values;
  for (float &value : magnitudes)
    value = std::fabs(value);
  std::sort(sorted.begin(), sorted.end());
  std::sort(magnitudes.begin(), magnitudes.end());
  // Fractions are decimal; their rounding must not ask for one value more.
  size_t rank = std::max(0.0, std::ceil(fraction * values.size() - 1e-6) - 1);
  double width = histogram.binWidth();
  RC_ASSERT(std::fabs(histogram.quantile(fraction) - sorted[rank]) <= width);
  RC_ASSERT(std::fabs(histogram.magnitudeQuantile(fraction) - magnitudes[rank]) <= width);
  RC_ASSERT(histogram.quantile(fraction) >= histogram.min());
  RC_ASSERT(histogram.quantile(fraction) <= histogram.max());
}

RC_GTEST_PROP(HistogramProperty, QuantilesAreMonotone, ()) {
  Histogram histogram = of(*rc::gen::nonEmpty(anyValues()));
  double a = *share(1000), b = *share(1000);
  RC_ASSERT(histogram.quantile(std::min(a, b)) <= histogram.quantile(std::max(a, b)));
}

RC_GTEST_PROP(HistogramProperty, PartsRoundTrip, ()) {
  Histogram histogram = of(*rc::gen::nonEmpty(anyValues())), back;
  RC_ASSERT(Histogram::fromParts(histogram.exponent(), histogram.min(), histogram.max(),
                                 histogram.bins(), back));
  RC_ASSERT(back == histogram);
}
} // namespace
