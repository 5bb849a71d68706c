//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The histogram on values whose bins are known, at the edges of its ranges, and
// in reading parts back. Its algebra is in test/property.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Histogram.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>

using namespace llvm;
using namespace quantc;

namespace {
Histogram of(std::vector<float> values) {
  Histogram histogram;
  EXPECT_TRUE(histogram.add(values));
  return histogram;
}

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kSmallest = std::numeric_limits<float>::denorm_min();

TEST(Histogram, Empty) {
  Histogram histogram;
  EXPECT_TRUE(histogram.empty());
  EXPECT_TRUE(histogram.add({}));
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram, Histogram());
}

TEST(Histogram, RangeIsTheSmallestPowerOfTwo) {
  EXPECT_EQ(of({5.9f}).exponent(), 3);
  EXPECT_EQ(of({8.0f}).exponent(), 4);  // the upper end is open
  EXPECT_EQ(of({-8.0f}).exponent(), 3); // the lower end is closed
  EXPECT_EQ(of({std::nextafterf(-8.0f, -9.0f)}).exponent(), 4);
  EXPECT_EQ(of({0.0f}).exponent(), Histogram::kMinExponent);
  EXPECT_EQ(of({kSmallest, -kSmallest}).exponent(), Histogram::kMinExponent);
  EXPECT_EQ(of({kLargest}).exponent(), 128);
  EXPECT_EQ(of({-kLargest}).exponent(), 128);
}

TEST(Histogram, BinsAreHalfOpen) {
  Histogram histogram = of({6.0f, 0.0f, -0.0f});
  float width = histogram.binWidth();
  EXPECT_EQ(width, 0x1p-10f);
  EXPECT_EQ(histogram.binOf(0), Histogram::kHalf);
  EXPECT_EQ(histogram.bins()[Histogram::kHalf], 2u); // -0.0 is 0.0
  EXPECT_EQ(histogram.binOf(width), Histogram::kHalf + 1);
  EXPECT_EQ(histogram.binOf(std::nextafterf(width, 0)), Histogram::kHalf);
  EXPECT_EQ(histogram.binOf(-width), Histogram::kHalf - 1);
  EXPECT_EQ(histogram.binOf(std::nextafterf(-width, -1)), Histogram::kHalf - 2);
  EXPECT_EQ(histogram.binOf(-kSmallest), Histogram::kHalf - 1);
  EXPECT_EQ(histogram.binOf(6.0f), Histogram::kHalf + 6144);
  EXPECT_EQ(histogram.binEdge(Histogram::kHalf + 6144), 6.0);
}

TEST(Histogram, TinyNegativesKeepTheirSideInTheLargestRange) {
  // value / width underflows to -0.0 here; its floor is -1 all the same.
  Histogram histogram = of({kLargest, -1e-30f, -kSmallest, 1e-30f});
  EXPECT_EQ(histogram.bins()[Histogram::kHalf - 1], 2u);
  EXPECT_EQ(histogram.bins()[Histogram::kHalf], 1u);
}

TEST(Histogram, ExtremesAreExact) {
  Histogram histogram = of({0.1f, -0.3f, 0.25f});
  EXPECT_EQ(histogram.min(), -0.3f);
  EXPECT_EQ(histogram.max(), 0.25f);
  EXPECT_TRUE(histogram.add({1e-3f}));
  EXPECT_EQ(histogram.min(), -0.3f);
  EXPECT_FALSE(std::signbit(of({-0.0f}).min()));
}

TEST(Histogram, NonFiniteIsRejectedAsAWhole) {
  Histogram histogram = of({1.0f});
  for (float bad : {HUGE_VALF, -HUGE_VALF, std::nanf(""), -std::nanf("1")}) {
    Histogram before = histogram;
    EXPECT_FALSE(histogram.add({2.0f, bad, 3.0f}));
    EXPECT_EQ(histogram, before);
  }
}

TEST(Histogram, LargeAndSmallAddsAgree) {
  // A tensor that goes through the tables, and the same values one by one.
  std::vector<float> values(100003);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(0.1f * i) * (i % 97);
  Histogram whole = of(values), single;
  for (float value : values)
    ASSERT_TRUE(single.add(value));
  EXPECT_EQ(whole, single);
  EXPECT_EQ(std::accumulate(whole.bins().begin(), whole.bins().end(), uint64_t(0)), values.size());
}

TEST(Histogram, QuantilesOfKnownData) {
  std::vector<float> values;
  for (int i = 1; i <= 1000; ++i)
    values.push_back(i / 100.0f);
  Histogram histogram = of(values);
  EXPECT_NEAR(histogram.quantile(0.5), 5.0, histogram.binWidth());
  EXPECT_EQ(histogram.quantile(0), histogram.min());
  EXPECT_EQ(histogram.quantile(1), histogram.max());
  // All mass of the upper tail in one value that is the maximum: exact.
  Histogram clipped = of({0, 0, 0, 0, 1.25f, 3, 6, 6, 6, 6});
  EXPECT_EQ(clipped.quantile(0.9), 6.0);
  EXPECT_NEAR(clipped.quantile(0.001), 0.0, clipped.binWidth());
  EXPECT_EQ(of({-2.5f, -2.5f}).quantile(0.5), -2.5);
}

TEST(Histogram, MagnitudeQuantiles) {
  Histogram histogram = of({-4, -3, -2, -1, 0.5f, 1, 2, 3.5f});
  EXPECT_NEAR(histogram.magnitudeQuantile(1), 4, 0);
  EXPECT_NEAR(histogram.magnitudeQuantile(0.5), 2, histogram.binWidth());
  EXPECT_NEAR(histogram.magnitudeQuantile(0.125), 0.5, histogram.binWidth());
}

TEST(Histogram, PartsRoundTrip) {
  Histogram histogram = of({-1.5f, 0, 2, 6});
  Histogram back;
  ASSERT_TRUE(Histogram::fromParts(histogram.exponent(), histogram.min(), histogram.max(),
                                   histogram.bins(), back));
  EXPECT_EQ(back, histogram);
}

TEST(Histogram, InconsistentPartsAreRefused) {
  Histogram good = of({-1.5f, 6}), result;
  std::vector<uint64_t> bins = good.bins().vec();
  EXPECT_FALSE(Histogram::fromParts(3, -1.5f, 6, ArrayRef(bins).drop_back(), result));
  EXPECT_FALSE(Histogram::fromParts(2, -1.5f, 6, bins, result)); // 6 does not fit
  EXPECT_FALSE(Histogram::fromParts(129, -1.5f, 6, bins, result));
  EXPECT_FALSE(Histogram::fromParts(3, 6, -1.5f, bins, result));
  EXPECT_FALSE(Histogram::fromParts(3, -1.5f, HUGE_VALF, bins, result));
  EXPECT_FALSE(Histogram::fromParts(3, -1.5f, 5, bins, result)); // nothing at 5
  bins[good.binOf(7)] = 1;                                       // beyond the maximum
  EXPECT_FALSE(Histogram::fromParts(3, -1.5f, 6, bins, result));
  bins = good.bins().vec();
  bins[good.binOf(0)] = UINT64_MAX; // the sum overflows
  EXPECT_FALSE(Histogram::fromParts(3, -1.5f, 6, bins, result));
  EXPECT_TRUE(result.empty());
}
} // namespace
