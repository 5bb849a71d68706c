//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sensitivities, monotone assignments and rank correlations, by hand.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Sensitivity.h"
#include "HawqV3.h"
#include "quantc/Allocation/RankCorrelation.h"
#include "quantc/Allocation/Solvers.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::alloc;
using namespace quantc::alloc::test;

namespace {
TEST(Sensitivity, HawqDividesByParametersAndClampsNegatives) {
  Sensitivities s = cantFail(hawqSensitivities({8, -1, 3}, {4, 1, 6}));
  EXPECT_EQ(s.values, (std::vector<double>{2, 0, 0.5}));
  EXPECT_EQ(s.clamped, 1u);
  EXPECT_EQ(cantFail(averageTraces({8, 3}, {4, 6})).values, (std::vector<double>{2, 0.5}));
  EXPECT_EQ(cantFail(hawqOmega(2, 0.25)), 0.5);
  EXPECT_EQ(toString(hawqSensitivities({1}, {0}).takeError()),
            "expected layers to have parameters, but found 0");
  EXPECT_EQ(toString(averageTraces({NAN}, {1}).takeError()),
            "expected traces to be finite, but found nan at entry 0");
}

TEST(Sensitivity, Formulas) {
  EXPECT_EQ(cantFail(qbertSensitivity({-3, -1})), 2 + 1); // |mean| + population deviation
  EXPECT_EQ(cantFail(qbertSensitivity({5})), 5);
  EXPECT_EQ(cladoTerm(10, 3, 4, 1), 4);
  EXPECT_EQ(interactionShare({2, -2}, {1, -1}), 0.5);
  EXPECT_EQ(interactionShare({}, {}), 0);
}

TEST(Sensitivity, Masks) {
  EXPECT_EQ(cantFail(maskedChannels(64, 0)), 0);
  EXPECT_EQ(cantFail(maskedChannels(64, 0.001)), 1);
  EXPECT_EQ(cantFail(maskedChannels(64, 0.5)), 32);
  std::vector<int64_t> mask = cantFail(drawMask(64, 0.25, 7));
  EXPECT_EQ(mask.size(), 16u);
  EXPECT_TRUE(std::is_sorted(mask.begin(), mask.end()));
  EXPECT_EQ(mask, cantFail(drawMask(64, 0.25, 7)));
  EXPECT_NE(mask, cantFail(drawMask(64, 0.25, 8)));
  EXPECT_EQ(cantFail(drawMask(5, 1, 0)), (std::vector<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(errorToBool(maskedChannels(4, 1.5).takeError()));
}

TEST(RankCorrelation, TiesShareRanks) {
  EXPECT_EQ(averageRanks({10, 20, 10, 5}), (std::vector<double>{2.5, 4, 2.5, 1}));
  EXPECT_EQ(cantFail(spearman({1, 2, 3, 4, 5}, {2, 3, 5, 9, 11})).value, 1);
  EXPECT_EQ(cantFail(spearman({1, 2, 3}, {3, 2, 1})).value, -1);
  // scipy.stats.spearmanr
  EXPECT_NEAR(cantFail(spearman({1, 2, 2, 4, 5, 6}, {2, 1, 3, 3, 6, 4})).value, 0.8088235294117647,
              1e-15);
  EXPECT_EQ(toString(spearman({1, 1}, {1, 2}).takeError()),
            "expected series that vary, but found equal values");
}

TEST(RankCorrelation, Intervals) {
  std::vector<double> x, y;
  for (int i = 0; i < 15; ++i) {
    x.push_back(i);
    y.push_back(i + (i % 3 == 0 ? 4 : 0));
  }
  Correlation fisher = cantFail(spearman(x, y));
  double r = fisher.value, width = 1.959963984540054 * std::sqrt((1 + r * r / 2) / 12);
  EXPECT_NEAR(fisher.low, std::tanh(std::atanh(r) - width), 1e-12);
  EXPECT_NEAR(fisher.high, std::tanh(std::atanh(r) + width), 1e-12);
  Correlation bootstrap = cantFail(bootstrapSpearman(x, y));
  EXPECT_EQ(bootstrap.value, r);
  EXPECT_LT(bootstrap.low, r);
  EXPECT_GT(bootstrap.high, r);
  EXPECT_EQ(bootstrap.low, cantFail(bootstrapSpearman(x, y)).low);
  Correlation few = cantFail(spearman({1, 2, 3}, {1, 3, 2}));
  EXPECT_EQ(few.low, -1);
  EXPECT_EQ(few.high, 1);
}
} // namespace
