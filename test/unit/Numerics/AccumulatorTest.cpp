//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accumulator ranges against enumeration of all inputs, and the depths of the literature.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Accumulator.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <random>
#include <vector>

using namespace quantc::numerics;

namespace {

// [NUM-ACC-1] Every weight triple of [-2, 2]^3, every input of a short interval: the range is
// attained.
TEST(Accumulator, RangeIsExact) {
  for (int code = 0; code < 125; ++code) {
    const int8_t w[3] = {static_cast<int8_t>(code % 5 - 2), static_cast<int8_t>(code / 5 % 5 - 2),
                         static_cast<int8_t>(code / 25 - 2)};
    for (IntRange x : {IntRange(0, 3), IntRange(-2, 1), IntRange(1, 2), IntRange(-3, -1)}) {
      int64_t lo = INT64_MAX, hi = INT64_MIN;
      for (int64_t a = x.lo; a <= x.hi; ++a)
        for (int64_t b = x.lo; b <= x.hi; ++b)
          for (int64_t c = x.lo; c <= x.hi; ++c) {
            int64_t sum = 7 + w[0] * a + w[1] * b + w[2] * c;
            lo = std::min(lo, sum);
            hi = std::max(hi, sum);
          }
      ASSERT_EQ(accumulatorRange(w, 3, 7, x), IntRange(lo, hi));
    }
  }
}

// [NUM-ACC-2] Random orders of random extreme inputs never leave the prefix bound, and the worst
// order attains it.
TEST(Accumulator, PrefixBoundHoldsInAnyOrder) {
  std::mt19937_64 rng(1);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<int8_t> w(1 + rng() % 40);
    for (int8_t &v : w)
      v = static_cast<int8_t>(rng());
    IntRange x(-static_cast<int64_t>(rng() % 256), static_cast<int64_t>(rng() % 256));
    auto bias = static_cast<int32_t>(rng()) >> 12;
    int64_t bound = prefixBound(w.data(), w.size(), bias, x);
    std::vector<size_t> order(w.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    std::shuffle(order.begin(), order.end(), rng);
    int64_t sum = bias;
    for (size_t k : order) {
      sum += w[k] * (rng() & 1 ? x.lo : x.hi);
      ASSERT_LE(std::abs(sum), bound);
    }
    ASSERT_TRUE(IntRange(-bound, bound).contains(accumulatorRange(w.data(), w.size(), bias, x)));
  }
  const int8_t w[] = {3, -4};
  EXPECT_EQ(prefixBound(w, 2, -10, {-5, 2}), 10 + 7 * 5);
  EXPECT_EQ(prefixRange(w, 2, 10, {-5, 2}), IntRange(-45, 45));
}

TEST(Accumulator, StridesAndWideWeights) {
  const int8_t w[] = {1, 100, -2, 100, 3, 100};
  EXPECT_EQ(accumulatorRange(w, 3, 0, {0, 10}, 2), IntRange(-20, 40));
  EXPECT_EQ(prefixBound(w, 3, 0, {0, 10}, 2), 60);
  const int32_t wide[] = {INT32_MAX, INT32_MIN};
  EXPECT_EQ(accumulatorRange(wide, 2, 0, {0, 2}),
            IntRange(2 * int64_t(INT32_MIN), 2 * int64_t(INT32_MAX)));
  EXPECT_EQ(accumulatorRange(wide, 2, 0, {INT64_MIN, INT64_MAX}), IntRange(INT64_MIN, INT64_MAX));
  EXPECT_EQ(accumulatorRange(wide, 0, 5, {0, 2}), IntRange(5, 5));
  EXPECT_EQ(prefixBound(wide, 0, INT64_MIN, {0, 2}), INT64_MAX);
}

// [NUM-ACC-3] Folding, with wrap-around of the folded bias as a kernel computes it.
TEST(Accumulator, FoldedZeroPointGivesTheSameSum) {
  std::mt19937_64 rng(2);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<int8_t> w(1 + rng() % 64);
    auto zp = static_cast<int32_t>(rng() % 256);
    auto bias = static_cast<int32_t>(rng());
    int64_t centred = bias;
    for (int8_t &v : w)
      v = static_cast<int8_t>(rng());
    auto folded = static_cast<uint32_t>(foldZeroPoint(bias, w.data(), w.size(), zp));
    for (int8_t v : w) {
      auto x = static_cast<int32_t>(rng() % 256);
      centred += v * (x - zp);
      folded += static_cast<uint32_t>(v * x);
    }
    if (IntRange::signedType(32).contains(centred))
      ASSERT_EQ(static_cast<int32_t>(folded), centred);
  }
  const int8_t w[] = {127, 1};
  EXPECT_EQ(foldZeroPoint(INT32_MIN, w, 2, 255), int64_t(INT32_MIN) - 128 * 255);
}

// [NUM-ACC-4] Known depths.
TEST(Accumulator, SafeDepthGoldens) {
  IntRange u8(0, 255), s8(-128, 127), s8sym(-127, 127), s16(-32768, 32767);
  EXPECT_EQ(safeDepth(u8, s8), 65793);
  EXPECT_EQ(safeDepth(u8, s8sym), 66311);
  EXPECT_EQ(safeDepth(s8, s8), 131071);
  EXPECT_EQ(safeDepth(s16, s8sym), 516);
  EXPECT_EQ(safeDepth({0, 15}, {-8, 7}, 16), 273);
  EXPECT_EQ(safeDepth(u8, {-2, 1}, 16), 64);
  EXPECT_EQ(safeDepth(s8sym, s8sym, 16), 2);
  EXPECT_EQ(safeDepth({0, 0}, s8), INT64_MAX);
}

// [NUM-ACC-4] One more product could overflow, this many cannot.
TEST(Accumulator, SafeDepthIsTight) {
  for (IntRange a : {IntRange(0, 255), IntRange(-128, 127), IntRange(0, 15), IntRange(-3, 0)})
    for (IntRange b : {IntRange(-128, 127), IntRange(-127, 127), IntRange(-2, 1), IntRange(5, 9)})
      for (unsigned bits : {16u, 24u, 32u}) {
        int64_t k = safeDepth(a, b, bits);
        IntRange type = IntRange::signedType(bits);
        EXPECT_TRUE(type.contains(mul(mul(a, b), k)));
        EXPECT_FALSE(type.contains(mul(mul(a, b), k + 1)));
      }
}

// [NUM-ACC-5] Every pair of weights.
TEST(Accumulator, PairFitsInt16) {
  for (int a = -128; a <= 127; ++a)
    for (int b = -128; b <= 127; ++b) {
      int high = 255 * (std::max(a, 0) + std::max(b, 0));
      int low = 255 * (std::min(a, 0) + std::min(b, 0));
      ASSERT_EQ(pairFitsInt16(static_cast<int8_t>(a), static_cast<int8_t>(b)),
                high <= 32767 && low >= -32768);
    }
  EXPECT_TRUE(pairFitsInt16(64, 64));
  EXPECT_FALSE(pairFitsInt16(127, 127));
  EXPECT_TRUE(pairFitsInt16(127, 127, {0, 127}));
}

} // namespace
