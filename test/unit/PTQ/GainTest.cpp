//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gains of paired scores against their spread.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Gain.h"
#include "gtest/gtest.h"
#include <random>
#include <vector>

using quantc::ptq::isGain;

namespace {

// Gains 1, 2 and 3: the standard error is 1 / sqrt(3).
TEST(Gain, ByTheFormula) {
  std::vector<double> before = {10, 20, 30}, after = {11, 22, 33};
  EXPECT_TRUE(isGain(before, after, 2, 0));
  EXPECT_FALSE(isGain(before, after, 2.001, 0));
  EXPECT_TRUE(isGain(before, after, 0, 3.464));
  EXPECT_FALSE(isGain(before, after, 0, 3.465));
  EXPECT_FALSE(isGain(after, before, 0, 0));
}

TEST(Gain, OfFewPairs) {
  EXPECT_FALSE(isGain({1.0}, {9.0}, 0.05, 2)) << "one pair tells no error";
  EXPECT_TRUE(isGain({1.0, 5.0}, {2.0, 6.0}, 0.1, 2)) << "equal gains have no error";
  EXPECT_FALSE(isGain({}, {}, 0.1, 2));
}

// Scores without a difference pass by chance as often as a mean of 16 numbers exceeds two of its
// standard errors: t with 15 degrees of freedom, 3.2 %.
TEST(Gain, OfNothingIsRare) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  int passed = 0;
  const int trials = 4000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> before, after;
    for (int i = 0; i < 16; ++i) {
      before.push_back(normal(random));
      after.push_back(normal(random));
    }
    passed += isGain(before, after, 0, 2);
  }
  EXPECT_NEAR(passed / double(trials), 0.032, 4 * std::sqrt(0.032 / trials));
}

} // namespace
