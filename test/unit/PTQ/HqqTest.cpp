//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// HQQ: error falls from that of the range, nothing blows up.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Hqq.h"
#include "Samples.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

HqqOptions optionsOf(int bits) {
  HqqOptions options;
  options.bits = bits;
  return options;
}

TEST(Hqq, ShrinksByThePowerOfTheNorm) {
  EXPECT_EQ(shrinkLp(0, 0.7, 10), 0);
  EXPECT_EQ(shrinkLp(1e-300, 0.7, 10), 0);
  EXPECT_NEAR(shrinkLp(2, 0.7, 10), 2 - std::pow(2, -0.3) / 10, 1e-15);
  EXPECT_EQ(shrinkLp(-2, 0.7, 10), -shrinkLp(2, 0.7, 10));
  EXPECT_EQ(shrinkLp(0.05, 1, 10), 0); // p = 1: soft thresholding at 1 / beta
  EXPECT_NEAR(shrinkLp(0.3, 1, 10), 0.2, 1e-15);
}

TEST(Hqq, ErrorFallsFromThatOfTheRange) {
  for (int bits : {2, 3, 4}) {
    Matrix weights = normalMatrix(16, 256, 1);
    for (int64_t i = 0; i < 16; ++i)
      weights(i, 64 * (i % 4) + 5) = 6; // an outlier in some groups
    HqqResult result = cantFail(roundByHqq(weights, optionsOf(bits)));
    ASSERT_GT(result.errors.size(), 1u) << bits;
    for (size_t i = 1; i < result.errors.size(); ++i)
      EXPECT_LT(result.errors[i], result.errors[i - 1]);
    EXPECT_EQ(result.errors.back(), (weights - result.weights).cwiseAbs().mean());
    AffineGridOptions range;
    range.family = GridFamily::FloatZero;
    range.bits = bits;
    range.groupSize = 64;
    AffineGrid grid(16, 256, range);
    Matrix nearest = cantFail(roundToNearest(weights, grid));
    EXPECT_EQ(result.errors.front(), (weights - nearest).cwiseAbs().mean());
    // Scales did not move, and the grid gives the weights again.
    EXPECT_EQ(result.grid.params(3, 1).scale, grid.params(3, 1).scale);
    EXPECT_EQ(cantFail(roundOnGrid(weights, result.grid)), result.weights);
  }
}

TEST(Hqq, EightBitsAreNearlyTheWeights) {
  Matrix weights = normalMatrix(4, 128, 2);
  HqqResult result = cantFail(roundByHqq(weights, optionsOf(8)));
  EXPECT_LT((result.weights - weights).cwiseAbs().maxCoeff(), 0.03);
}

TEST(Hqq, WeightsOnTheGridStay) {
  Matrix weights(2, 4);
  weights << 0, 1, 2, 3, 0, 0, 0, 0; // no error anywhere: 0^(p - 1) must not show
  HqqResult result = cantFail(roundByHqq(weights, optionsOf(2)));
  EXPECT_EQ(result.weights, weights);
  EXPECT_EQ(result.errors, std::vector<double>{0});
}

TEST(Hqq, RoundedFirstZeroIsAnInteger) {
  Matrix weights = normalMatrix(2, 64, 3);
  HqqOptions options = optionsOf(4);
  options.roundFirstZero = true;
  options.iterations = 0;
  HqqResult result = cantFail(roundByHqq(weights, options));
  double zero = result.grid.params(1, 0).zero;
  EXPECT_EQ(zero, std::round(zero));
}

TEST(Hqq, RefusesWhatItCannotDo) {
  EXPECT_EQ(messageOf(roundByHqq(Matrix::Zero(1, 1), optionsOf(9))),
            "expected 1 to 8 bits, but found 9");
  HqqOptions options;
  options.p = 0;
  EXPECT_EQ(messageOf(roundByHqq(Matrix::Zero(1, 1), options)),
            "expected p in (0, 1] and positive beta and kappa, but found 0.000000, 10.000000 and "
            "1.010000");
}

} // namespace
