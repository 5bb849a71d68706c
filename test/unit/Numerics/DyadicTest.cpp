//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dyadic multipliers and requantization against exact rational arithmetic in 128 bits.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Dyadic.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <random>

using namespace quantc::numerics;

namespace {

Dyadic randomDyadic(std::mt19937_64 &rng, int loShift = 1, int hiShift = 62) {
  int shift = loShift + static_cast<int>(rng() % static_cast<unsigned>(hiShift - loShift + 1));
  return {static_cast<int32_t>((1 << 23) + 1 + 2 * (rng() % (1 << 22))), shift};
}

/// round(acc * m / 2^s) by comparing twice the remainder, half up; no shift is involved.
int64_t rational(int64_t acc, Dyadic d) {
  int128_t numerator = int128_t(acc) * d.multiplier, denominator = int128_t(1) << d.shift;
  int128_t quotient = numerator / denominator, remainder = numerator % denominator;
  if (remainder < 0) {
    remainder += denominator;
    --quotient;
  }
  return static_cast<int64_t>(quotient + (2 * remainder >= denominator));
}

// [NUM-REQ-2]
TEST(Dyadic, MultiplierIsOddHas24BitsAndIsNearest) {
  std::mt19937_64 rng(1);
  std::uniform_real_distribution<double> exponent(-38.99, 22.99);
  for (int i = 0; i < 300000; ++i) {
    double real = std::exp2(exponent(rng));
    std::optional<Dyadic> d = makeDyadic(real);
    ASSERT_TRUE(d.has_value()) << real;
    ASSERT_TRUE(isLegal(*d)) << real;
    double error = std::fabs(value(*d) - real);
    ASSERT_LE(error, std::ldexp(real, -23)) << real;
    for (int step : {-2, 2}) {
      Dyadic other{d->multiplier + step, d->shift};
      if (isLegal(other)) {
        ASSERT_LE(error, std::fabs(value(other) - real)) << real;
      }
    }
  }
}

// [NUM-REQ-2] Powers of two, whose multiplier is 2^23 + 1, and the limits of the legal shifts.
TEST(Dyadic, PowersOfTwoAndLimits) {
  for (int e = -39; e <= 22; ++e)
    EXPECT_EQ(makeDyadic(std::ldexp(1.0, e)), (Dyadic{(1 << 23) + 1, 23 - e})) << e;
  EXPECT_EQ(makeDyadic(std::nextafter(0x1p23, 0)), (Dyadic{kMaxMultiplier, 1}));
  EXPECT_EQ(makeDyadic(std::nextafter(1.0, 0)), (Dyadic{kMaxMultiplier, 24}));
  double infinity = std::numeric_limits<double>::infinity();
  for (double bad : {0.0, -0.0, -1.0, 0x1p23, std::nextafter(0x1p-39, 0), 1e-300, 1e300, infinity,
                     -infinity, std::nan("")})
    EXPECT_EQ(makeDyadic(bad), std::nullopt) << bad;
}

// [NUM-REQ-1]
TEST(Dyadic, IsLegal) {
  EXPECT_TRUE(isLegal(Dyadic{kMinMultiplier, 1}));
  EXPECT_TRUE(isLegal(Dyadic{kMaxMultiplier, 62}));
  EXPECT_FALSE(isLegal(Dyadic{kMinMultiplier + 1, 30})); // even
  EXPECT_FALSE(isLegal(Dyadic{(1 << 23) - 1, 30}));
  EXPECT_FALSE(isLegal(Dyadic{(1 << 24) + 1, 30}));
  EXPECT_FALSE(isLegal(Dyadic{kMinMultiplier, 0}));
  EXPECT_FALSE(isLegal(Dyadic{kMinMultiplier, 63}));
  EXPECT_FALSE(isLegal(Dyadic{-kMinMultiplier, 30}));
}

// [NUM-REQ-3] 10^7 random cases over all shifts and all of int32, against rational arithmetic.
TEST(Dyadic, RequantizeEqualsRationalReference) {
  std::mt19937_64 rng(2);
  for (int i = 0; i < 10000000; ++i) {
    Dyadic d = randomDyadic(rng);
    auto acc = static_cast<int32_t>(static_cast<int32_t>(rng()) >> (rng() % 32));
    ASSERT_EQ(requantize(acc, d), rational(acc, d))
        << acc << " m " << d.multiplier << " s " << d.shift;
  }
}

// [NUM-REQ-3] The wide path, and its seam with the 64-bit one.
TEST(Dyadic, RequantizeWideAccumulators) {
  std::mt19937_64 rng(3);
  for (int i = 0; i < 300000; ++i) {
    Dyadic d = randomDyadic(rng, 24);
    auto acc = static_cast<int64_t>(rng()) >> (rng() % 40);
    ASSERT_EQ(requantize(acc, d), rational(acc, d)) << acc;
  }
  for (int shift = 1; shift <= 62; ++shift)
    for (int64_t base : {INT64_C(1) << 31, -(INT64_C(1) << 31)})
      for (int64_t delta = -3; delta <= 3; ++delta) {
        Dyadic d{kMaxMultiplier, shift};
        ASSERT_EQ(requantize(base + delta, d), rational(base + delta, d));
      }
  EXPECT_EQ(requantize(INT64_MAX, Dyadic{kMaxMultiplier, 1}), INT64_MAX);
  EXPECT_EQ(requantize(INT64_MIN, Dyadic{kMaxMultiplier, 1}), INT64_MIN);
}

// [NUM-REQ-1] The reason for "odd": no tie below |acc| = 2^(s-1), and there the result is past
// 2^22.
TEST(Dyadic, TiesNeedLargeAccumulators) {
  std::mt19937_64 rng(4);
  for (int shift = 2; shift <= 20; ++shift)
    for (int trial = 0; trial < 8; ++trial) {
      Dyadic d = randomDyadic(rng, shift, shift);
      int64_t first = 0;
      for (int64_t acc = 1; first == 0 && acc <= (INT64_C(1) << 21); ++acc)
        if ((acc * d.multiplier) % (INT64_C(1) << shift) == INT64_C(1) << (shift - 1))
          first = acc;
      ASSERT_EQ(first, INT64_C(1) << (shift - 1));
      ASSERT_GT(double(first) * value(d), 0x1p22);
    }
}

// [NUM-REQ-3] Every round-to-nearest rule gives the same integer while the result is below 2^22.
TEST(Dyadic, RoundingRuleDoesNotMatter) {
  std::mt19937_64 rng(5);
  for (int i = 0; i < 1000000; ++i) {
    Dyadic d = randomDyadic(rng, 10);
    auto acc = static_cast<int32_t>(static_cast<int32_t>(rng()) >> (rng() % 32));
    if (std::fabs(acc * value(d)) > 0x1p22)
      continue;
    int128_t product = int128_t(acc) * d.multiplier;
    ASSERT_EQ(shiftRightRounded(product, d.shift, Rounding::HalfEven), requantize(acc, d));
    ASSERT_EQ(shiftRightRounded(product, d.shift, Rounding::HalfAway), requantize(acc, d));
  }
}

// [NUM-REQ-4] Saturation at both ends, monotone, exhaustive over [-2^20, 2^20].
TEST(Dyadic, RequantizeClampIsMonotoneAndSaturates) {
  std::mt19937_64 rng(6);
  for (int trial = 0; trial < 12; ++trial) {
    Dyadic d = randomDyadic(rng, 32, 40);
    auto zp = static_cast<int32_t>(rng() % 256);
    int32_t previous = 0;
    for (int64_t acc = -(1 << 20); acc <= (1 << 20); ++acc) {
      int32_t y = requantizeClamp(acc, d, zp, 0, 255);
      ASSERT_EQ(y, saturate(rational(acc, d) + zp, 0, 255));
      ASSERT_LE(previous, y);
      previous = y;
    }
    EXPECT_EQ(requantizeClamp(INT32_MIN, d, zp, 0, 255), 0);
    EXPECT_EQ(requantizeClamp(INT32_MAX, d, zp, 0, 255), 255);
  }
  EXPECT_EQ(requantizeClamp(INT64_MAX, Dyadic{kMaxMultiplier, 1}, INT32_MAX, INT32_MIN, INT32_MAX),
            INT32_MAX);
  EXPECT_EQ(requantizeClamp(INT64_MIN, Dyadic{kMaxMultiplier, 1}, INT32_MIN, INT32_MIN, INT32_MAX),
            INT32_MIN);
}

// [NUM-REQ-5] Ties to even (what an odd multiplier cannot do), saturation, float conversion.
TEST(Dyadic, RequantizeOnnx) {
  const int32_t expected[] = {-2, -2, -1, 0, 0, 0, 1, 2, 2};
  for (int acc = -4; acc <= 4; ++acc)
    EXPECT_EQ(requantizeOnnx(acc, 0.5f, 0, -128, 127), expected[acc + 4]) << acc;
  EXPECT_EQ(requantizeOnnx(1, 0.5f, 3, -128, 127), 3); // the zero point is added after rounding
  EXPECT_EQ(requantizeOnnx(3, 0.5f, 3, -128, 127), 5);
  EXPECT_EQ(requantizeOnnx(1000, 1.0f, 0, -128, 127), 127);
  EXPECT_EQ(requantizeOnnx(-1000, 1.0f, 0, -128, 127), -128);
  EXPECT_EQ(requantizeOnnx(16777217, 1.0f, 0, INT32_MIN, INT32_MAX), 16777216); // fp32 conversion
  EXPECT_EQ(requantizeOnnx(INT32_MAX, 1e30f, 7, INT32_MIN, INT32_MAX), INT32_MAX);
  EXPECT_EQ(requantizeOnnx(0, std::numeric_limits<float>::infinity(), 7, 0, 255), 7);
}

// [NUM-REQ-5] Both roundings to fp32 happen, of the accumulator and of the product: large
// accumulators tell them from fp64 arithmetic.
TEST(Dyadic, RequantizeOnnxRoundsTwiceToFloat) {
  std::mt19937_64 rng(7);
  size_t differsFromDouble = 0;
  for (int i = 0; i < 200000; ++i) {
    auto acc = static_cast<int32_t>(rng());
    float scale = 0.01f + static_cast<float>(rng() % 1000) * 1e-5f;
    volatile float rounded = static_cast<float>(acc);
    volatile float product = rounded * scale;
    int32_t y = requantizeOnnx(acc, scale, 0, INT32_MIN, INT32_MAX);
    ASSERT_EQ(y, std::nearbyint(double(product)));
    differsFromDouble += y != std::nearbyint(double(static_cast<float>(double(acc) * scale)));
  }
  EXPECT_GT(differsFromDouble, 0u);
}

// [NUM-MUL-1] All pairs of 8-bit operands.
TEST(Dyadic, MulRequantizeAllBytePairs) {
  Dyadic d = *makeDyadic(0.0123);
  for (int a = -255; a <= 255; ++a)
    for (int b = -255; b <= 255; ++b)
      ASSERT_EQ(mulRequantize(a, b, d, 100, 0, 255), saturate(rational(a * b, d) + 100, 0, 255));
}

} // namespace
