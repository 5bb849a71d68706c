//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Saturation and range arithmetic: exhaustive over short intervals, saturating at the ends of
// int64.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Saturation.h"

#include "gtest/gtest.h"
#include <algorithm>

using namespace quantc::numerics;

namespace {

// [NUM-SAT-1]
TEST(Saturation, SaturatesAtBothEnds) {
  for (int v = -400; v <= 400; ++v)
    EXPECT_EQ(saturate(v, -128, 127), std::clamp(v, -128, 127));
  EXPECT_EQ(saturate(INT64_MIN, 0, 255), 0);
  EXPECT_EQ(saturate(INT64_MAX, 0, 255), 255);
  EXPECT_EQ(saturateToInt64(int128_t(INT64_MAX) + 1), INT64_MAX);
  EXPECT_EQ(saturateToInt64(int128_t(INT64_MIN) - 1), INT64_MIN);
}

// [NUM-RNG-1] Every pair of intervals within [-4, 4]: the image is the smallest interval around it.
TEST(Saturation, RangeArithmeticIsExact) {
  constexpr int limit = 4;
  for (int a = -limit; a <= limit; ++a)
    for (int b = a; b <= limit; ++b)
      for (int c = -limit; c <= limit; ++c)
        for (int d = c; d <= limit; ++d) {
          IntRange sum(99, -99), difference(99, -99), product(99, -99);
          auto extend = [](IntRange &r, int64_t v) {
            r.lo = std::min(r.lo, v);
            r.hi = std::max(r.hi, v);
          };
          for (int x = a; x <= b; ++x)
            for (int y = c; y <= d; ++y) {
              extend(sum, x + y);
              extend(difference, x - y);
              extend(product, x * y);
            }
          ASSERT_EQ(add(IntRange(a, b), IntRange(c, d)), sum);
          ASSERT_EQ(sub(IntRange(a, b), IntRange(c, d)), difference);
          ASSERT_EQ(mul(IntRange(a, b), IntRange(c, d)), product);
          ASSERT_EQ(unite(IntRange(a, b), IntRange(c, d)),
                    IntRange(std::min(a, c), std::max(b, d)));
          ASSERT_EQ(contains(IntRange(a, b), IntRange(c, d)), a <= c && d <= b);
        }
}

TEST(Saturation, RangeArithmeticSaturates) {
  IntRange all(INT64_MIN, INT64_MAX);
  EXPECT_EQ(add(all, all), all);
  EXPECT_EQ(sub(all, all), all);
  EXPECT_EQ(mul(all, all), all);
  EXPECT_EQ(mul(all, 0), IntRange(0, 0));
  EXPECT_EQ(add(IntRange(INT64_MAX - 1, INT64_MAX), 5), IntRange(INT64_MAX, INT64_MAX));
  EXPECT_EQ(all.maxAbs(), UINT64_C(1) << 63);
  EXPECT_EQ(IntRange(-3, 2).maxAbs(), 3u);
  EXPECT_EQ(IntRange(-3, 20).clamp(0, 15), IntRange(0, 15));
}

// [NUM-RNG-2]
TEST(Saturation, BitsNeeded) {
  EXPECT_EQ(bitsNeeded({0, 0}), 1u);
  EXPECT_EQ(bitsNeeded({-1, 0}), 1u);
  EXPECT_EQ(bitsNeeded({0, 1}), 2u);
  EXPECT_EQ(bitsNeeded({INT64_MIN, 0}), 64u);
  EXPECT_EQ(bitsNeeded({0, INT64_MAX}), 64u);
  for (unsigned bits = 2; bits <= 63; ++bits) {
    IntRange type = IntRange::signedType(bits);
    EXPECT_EQ(bitsNeeded(type), bits);
    EXPECT_EQ(bitsNeeded({type.lo - 1, 0}), bits + 1);
    EXPECT_EQ(bitsNeeded({0, type.hi + 1}), bits + 1);
  }
  EXPECT_EQ(IntRange::signedType(8), IntRange(-128, 127));
  EXPECT_EQ(IntRange::signedType(64), IntRange(INT64_MIN, INT64_MAX));
  EXPECT_EQ(IntRange::ofType(false, 8), IntRange(0, 255));
}

} // namespace
