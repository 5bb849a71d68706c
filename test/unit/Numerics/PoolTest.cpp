//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Average pooling by one requantize: every sum of small windows against the rounded rational mean.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Pool.h"

#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::numerics;

namespace {

// [NUM-POOL-1] Equal scales: the result is a nearest integer to sum / n, for every sum.
TEST(Pool, MeanIsCorrectlyRounded) {
  for (int64_t n : {1, 2, 3, 4, 7, 9, 16, 25, 49, 64}) {
    std::optional<Dyadic> d = makeAveragePool(0.37f, 0.37f, n);
    ASSERT_TRUE(d.has_value());
    for (int64_t sum = -128 * n; sum <= 127 * n; ++sum) {
      int64_t y = requantizeClamp(sum, *d, 0, -128, 127);
      ASSERT_LE(std::abs(2 * (y * n - sum)), n) << sum << " / " << n;
    }
  }
}

// [NUM-POOL-1] Different scales, against fp64 within the multiplier's error.
TEST(Pool, ScalesEnterOnce) {
  Dyadic d = *makeAveragePool(0.5f, 0.2f, 49);
  EXPECT_NEAR(value(d), double(0.5f) / (double(0.2f) * 49), value(d) * 0x1p-23);
  EXPECT_EQ(makeAveragePool(0.5f, 0.2f, 0), std::nullopt);
  EXPECT_EQ(makeAveragePool(0.5f, 0.2f, -1), std::nullopt);
  EXPECT_EQ(makeAveragePool(0.5f, 0.0f, 4), std::nullopt);
  EXPECT_EQ(makeAveragePool(1e-12f, 1.0f, 4), std::nullopt);
}

// [NUM-POOL-2]
TEST(Pool, SumRange) {
  EXPECT_EQ(poolSumRange({-128, 127}, 9), IntRange(-1152, 1143));
  EXPECT_EQ(poolSumRange({3, 10}, 4), IntRange(12, 40));
  EXPECT_EQ(poolSumRange({3, 10}, 4, /*partial=*/true), IntRange(0, 40));
}

} // namespace
