//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Goldens of gemmlowp, TFLite and TOSA, and the equality of their single-rounding forms.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FixedPoint.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <random>

using namespace quantc::numerics;

namespace {

// [NUM-FIX-1]
TEST(FixedPoint, QuantizeMultiplier) {
  auto one = *quantizeMultiplier(1.0);
  EXPECT_EQ(one.multiplier, 1 << 30);
  EXPECT_EQ(one.exponent, 1);
  auto carry = *quantizeMultiplier(std::nextafter(1.0, 0)); // the mantissa rounds up to 2^31
  EXPECT_EQ(carry.multiplier, 1 << 30);
  EXPECT_EQ(carry.exponent, 1);
  auto small = *quantizeMultiplier(1e-12);
  EXPECT_EQ(small.multiplier, 0);
  EXPECT_EQ(small.exponent, 0);
  EXPECT_EQ(quantizeMultiplier(0.0)->multiplier, 0);
  auto golden = *quantizeMultiplier(std::ldexp(1583594044.0, -9 - 31));
  EXPECT_EQ(golden.multiplier, 1583594044);
  EXPECT_EQ(golden.exponent, -9);
  for (double bad : {-1.0, 0x1p31, std::numeric_limits<double>::infinity(), std::nan("")})
    EXPECT_FALSE(quantizeMultiplier(bad).has_value());
}

// [NUM-FIX-2]
TEST(FixedPoint, SaturatingRoundingDoublingHighMul) {
  EXPECT_EQ(saturatingRoundingDoublingHighMul(INT32_MIN, INT32_MIN), INT32_MAX);
  EXPECT_EQ(saturatingRoundingDoublingHighMul(1, 1 << 30), 1);
  EXPECT_EQ(saturatingRoundingDoublingHighMul(-1, 1 << 30), 0);
  EXPECT_EQ(saturatingRoundingDoublingHighMul(3, 1 << 30), 2);
  EXPECT_EQ(saturatingRoundingDoublingHighMul(-3, 1 << 30), -1);
}

// [NUM-FIX-3]
TEST(FixedPoint, RoundingDivideByPot) {
  EXPECT_EQ(roundingDivideByPot(1, 1), 1);
  EXPECT_EQ(roundingDivideByPot(-1, 1), -1);
  EXPECT_EQ(roundingDivideByPot(3, 1), 2);
  EXPECT_EQ(roundingDivideByPot(-3, 1), -2);
  // gemmlowp's own formula, exhaustively on a window.
  for (int exponent = 1; exponent <= 12; ++exponent)
    for (int32_t x = -20000; x <= 20000; ++x) {
      int32_t mask = (1 << exponent) - 1, remainder = x & mask;
      int32_t threshold = (mask >> 1) + (x < 0);
      ASSERT_EQ(roundingDivideByPot(x, exponent), (x >> exponent) + (remainder > threshold));
    }
}

// [NUM-FIX-4] [NUM-FIX-5] The published divergence of one and two roundings, and an agreement.
TEST(FixedPoint, OneAndTwoRoundings) {
  FixedMultiplier m{1583594044, -9}; // 7984 * 0.00144027 = 11.499119
  EXPECT_EQ(scaleDoubleRounding(7984, m), 12);
  EXPECT_EQ(scaleSingleRounding(7984, m), 11);
  FixedMultiplier tie{1527099593, -6};
  EXPECT_EQ(scaleDoubleRounding(585, tie), 7);
  EXPECT_EQ(scaleSingleRounding(585, tie), 7);
  FixedMultiplier one = *quantizeMultiplier(1.0);
  for (int32_t x : {0, 1, -1, 12345, -12345, (1 << 29)})
    EXPECT_EQ(scaleSingleRounding(x, one), x);
}

// [NUM-FIX-6] TOSA with shift 31 - exponent equals TFLite, single and double, within its
// precondition.
TEST(FixedPoint, TosaEqualsTflite) {
  std::mt19937_64 rng(1);
  for (int i = 0; i < 2000000; ++i) {
    FixedMultiplier m{static_cast<int32_t>((1u << 30) + rng() % (1u << 30)),
                      -static_cast<int32_t>(rng() % 31)};
    int32_t shift = 31 - m.exponent;
    auto x = static_cast<int32_t>(static_cast<int32_t>(rng()) >> (1 + rng() % 30));
    ASSERT_EQ(tosaApplyScale32(x, m.multiplier, shift, false), scaleSingleRounding(x, m));
    ASSERT_EQ(tosaApplyScale32(x, m.multiplier, shift, true), scaleDoubleRounding(x, m));
  }
}

// [NUM-FIX-7]
TEST(FixedPoint, ReciprocalScale) {
  struct {
    uint32_t n;
    int32_t multiplier, shift;
  } goldens[] = {{2, 1073741825, 31},  {3, 1431655766, 32},  {9, 1908874355, 34},
                 {49, 1402438302, 36}, {64, 1073741825, 36}, {1, 1073741825, 30}};
  for (auto g : goldens) {
    ReciprocalScale r = reciprocalScale(g.n);
    EXPECT_EQ(r.multiplier, g.multiplier) << g.n;
    EXPECT_EQ(r.shift, g.shift) << g.n;
  }
}

} // namespace
