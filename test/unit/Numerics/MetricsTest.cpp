//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Error metrics on values worked out by hand, and on special values.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Metrics.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace quantc::numerics;

namespace {

const float kNan = std::nanf("");
const float kInf = std::numeric_limits<float>::infinity();

TEST(Metrics, Sqnr) {
  const float ref[] = {3, 4}, test[] = {3, 4.5f}, zero[] = {0, 0};
  EXPECT_DOUBLE_EQ(sqnrDb(ref, test, 2), 20.0); // 25 / 0.25
  EXPECT_EQ(sqnrDb(ref, ref, 2), HUGE_VAL);
  EXPECT_EQ(sqnrDb(zero, test, 2), -HUGE_VAL);
  EXPECT_DOUBLE_EQ(sqnrDb(ref, zero, 2), 0.0);
  const float bad[] = {3, kNan};
  EXPECT_TRUE(std::isnan(sqnrDb(ref, bad, 2)));
}

TEST(Metrics, Cosine) {
  const float a[] = {1, 0}, b[] = {0, 2}, c[] = {-3, 0}, d[] = {1, 1}, zero[] = {0, 0};
  EXPECT_DOUBLE_EQ(cosine(a, b, 2), 0);
  EXPECT_DOUBLE_EQ(cosine(a, c, 2), -1);
  EXPECT_DOUBLE_EQ(cosine(a, a, 2), 1);
  EXPECT_NEAR(cosine(a, d, 2), std::sqrt(0.5), 1e-15);
  EXPECT_EQ(cosine(zero, zero, 2), 1);
  EXPECT_EQ(cosine(zero, a, 2), 0);
}

// [NUM-MET-1]
TEST(Metrics, MaxDifferences) {
  const float ref[] = {1, -8, 2}, test[] = {1.5f, -8, 1.75f};
  EXPECT_DOUBLE_EQ(maxAbsDiff(ref, test, 3), 0.5);
  EXPECT_DOUBLE_EQ(maxRelDiff(ref, test, 3), 0.0625);
  EXPECT_EQ(maxRelDiff(ref, ref, 3), 0);
  const float zero[] = {0, 0, 0};
  EXPECT_EQ(maxRelDiff(zero, test, 3), HUGE_VAL);
  EXPECT_EQ(maxRelDiff(zero, zero, 3), 0);
  const float special[] = {kNan, kInf, 1}, oneSided[] = {0, kInf, 1}, opposite[] = {kNan, -kInf, 1};
  EXPECT_EQ(maxAbsDiff(special, special, 3), 0);
  EXPECT_EQ(maxAbsDiff(special, oneSided, 3), HUGE_VAL);
  EXPECT_EQ(maxAbsDiff(special, opposite, 3), HUGE_VAL);
}

TEST(Metrics, MeanKl) {
  // softmax (log 1, log 3) = (1/4, 3/4); softmax (0, 0) = (1/2, 1/2).
  const float ref[] = {0, std::log(3.0f), 5, 5}, test[] = {0, 0, 7, 7};
  double expected = (0.25 * std::log(0.5) + 0.75 * std::log(1.5)) / 2;
  EXPECT_NEAR(meanKl(ref, test, 2, 2), expected, 1e-7);
  EXPECT_EQ(meanKl(ref, ref, 2, 2), 0);
  EXPECT_EQ(meanKl(ref, ref, 0, 2), 0);
  const float shifted[] = {1000, 1000 + std::log(3.0f)}; // shift invariance without overflow
  EXPECT_NEAR(meanKl(ref, shifted, 1, 2), 0, 1e-4);
}

TEST(Metrics, Top1) {
  const float ref[] = {0, 1, 2, 3, 3, 0, kNan, 1, 0}, test[] = {5, 1, 2, 1, 1, 0, 0, 1, 0};
  EXPECT_EQ(argMax(ref, 3), 2u);
  EXPECT_EQ(argMax(ref + 3, 3), 0u); // the first of equals
  EXPECT_EQ(argMax(ref + 6, 3), 1u); // NaN never wins
  EXPECT_DOUBLE_EQ(top1Agreement(ref, test, 3, 3), 2.0 / 3);
  EXPECT_EQ(top1Agreement(ref, test, 0, 3), 1);
}

// [NUM-MET-2]
TEST(Metrics, Outliers) {
  const float signs[] = {1, -1, -1, 1}, outlier[] = {0, 0, 8, 0}, equal[] = {2, 2, 2, 2};
  EXPECT_DOUBLE_EQ(kurtosis(signs, 4), 1);
  EXPECT_DOUBLE_EQ(maxToRms(signs, 4), 1);
  // Deviations 6 and three of -2: (1296 + 48) / 4 over ((36 + 12) / 4)^2.
  EXPECT_DOUBLE_EQ(kurtosis(outlier, 4), 336.0 / 144);
  EXPECT_DOUBLE_EQ(maxToRms(outlier, 4), 2);
  EXPECT_EQ(kurtosis(equal, 4), 0);
  EXPECT_EQ(kurtosis(equal, 0), 0);
  EXPECT_DOUBLE_EQ(maxToRms(equal, 4), 1);
  EXPECT_EQ(maxToRms(outlier, 2), 0);
  const float bad[] = {1, kNan};
  EXPECT_TRUE(std::isnan(kurtosis(bad, 2)));
  EXPECT_TRUE(std::isnan(maxToRms(bad, 2)));
}

TEST(Metrics, OutliersOfRowsLeaveOutEmptyOnes) {
  const float rows[] = {1, -1, -1, 1, 0, 0, 8, 0, 0, 0, 0, 0};
  EXPECT_DOUBLE_EQ(meanRowKurtosis(rows, 3, 4), (1 + 336.0 / 144) / 2);
  EXPECT_DOUBLE_EQ(meanRowMaxToRms(rows, 3, 4), 1.5);
  EXPECT_EQ(meanRowKurtosis(rows, 0, 4), 0);
  EXPECT_EQ(meanRowMaxToRms(rows + 8, 1, 4), 0);
}

} // namespace
