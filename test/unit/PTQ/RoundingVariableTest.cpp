//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Variables of learned rounding: gradients against differences, and what they round to.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/RoundingVariable.h"
#include "AffineGrid.h"
#include "Samples.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

RoundingVariable variableOf(const Matrix &weights, Neighbours &sides, int bits = 3) {
  AffineGridOptions options;
  options.bits = bits;
  options.search = RangeSearch(); // some weights are outside of the grid
  AffineGrid grid(weights.rows(), weights.cols(), options);
  llvm::cantFail(grid.fit(weights));
  sides = cantFail(neighboursOnGrid(weights, grid));
  return RoundingVariable(weights, sides);
}

TEST(RoundingVariable, SigmoidInvertsAndClips) {
  EXPECT_EQ(rectifiedSigmoid(0), 0.5);
  EXPECT_EQ(rectifiedSigmoid(10), 1);
  EXPECT_EQ(rectifiedSigmoid(-10), 0);
  EXPECT_EQ(rectifiedSigmoidSlope(10), 0);
  EXPECT_NEAR(rectifiedSigmoidSlope(0), 0.3, 1e-15);
  for (double h : {0.0, 0.1, 0.5, 0.99, 1.0})
    EXPECT_NEAR(rectifiedSigmoid(rectifiedSigmoidInverse(h)), h, 1e-15);
}

TEST(RoundingVariable, ExponentFallsFrom20To2) {
  for (Annealing annealing : {Annealing::Cosine, Annealing::Linear}) {
    EXPECT_EQ(annealedExponent(annealing, 0), 20);
    EXPECT_NEAR(annealedExponent(annealing, 0.5), 11, 1e-12);
    EXPECT_NEAR(annealedExponent(annealing, 1), 2, 1e-12);
  }
  EXPECT_GT(annealedExponent(Annealing::Cosine, 0.25), annealedExponent(Annealing::Linear, 0.25));
}

TEST(RoundingVariable, StartsWithTheClippedWeights) {
  Matrix weights = normalMatrix(8, 32, 1);
  Neighbours sides;
  RoundingVariable variable = variableOf(weights, sides);
  Matrix clipped = weights.cwiseMax(sides.below).cwiseMin(sides.above);
  EXPECT_LT((variable.soft() - clipped).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_GT((weights - clipped).cwiseAbs().maxCoeff(), 0.01);
  // Hard rounding goes to the nearer side.
  Matrix hard = variable.hard();
  for (int64_t i = 0; i < weights.size(); ++i)
    EXPECT_LE(std::fabs(hard.data()[i] - clipped.data()[i]),
              (sides.above.data()[i] - sides.below.data()[i]) / 2 + 1e-12);
}

TEST(RoundingVariable, GradientsAreThoseOfDifferences) {
  Matrix weights = normalMatrix(3, 8, 2), direction = normalMatrix(3, 8, 3);
  Neighbours sides;
  RoundingVariable variable = variableOf(weights, sides);
  Matrix gradient = direction;
  variable.toVariable(gradient);
  Matrix penalty = Matrix::Zero(3, 8);
  variable.addRegularizer(0.5, 7, penalty);
  for (int64_t i = 0; i < weights.size(); ++i) {
    const double eps = 1e-6, v = variable.values().data()[i];
    auto at = [&](double shift) {
      variable.values().data()[i] = v + shift;
      std::pair<double, double> values{variable.soft().cwiseProduct(direction).sum(),
                                       0.5 * variable.regularizer(7)};
      variable.values().data()[i] = v;
      return values;
    };
    auto [softUp, penaltyUp] = at(eps);
    auto [softDown, penaltyDown] = at(-eps);
    EXPECT_NEAR(gradient.data()[i], (softUp - softDown) / (2 * eps), 1e-8);
    EXPECT_NEAR(penalty.data()[i], (penaltyUp - penaltyDown) / (2 * eps), 1e-7);
  }
}

TEST(RoundingVariable, WeightsWithoutAChoiceDoNotCount) {
  Matrix weights(1, 3), below(1, 3), above(1, 3);
  weights << 5, 0.5, 1;
  below << 3, 0, 1;
  above << 3, 1, 1;
  RoundingVariable variable(weights, {below, above});
  EXPECT_EQ(variable.regularizer(2), 1);
  EXPECT_EQ(variable.decided(), 0);
  variable.values()(0, 1) = 9;
  EXPECT_EQ(variable.decided(), 1);
  EXPECT_EQ(variable.regularizer(2), 0);
  EXPECT_EQ(variable.hard(), above);
}

TEST(Descent, AdamMovesByTheRateAtFirst) {
  Matrix x = Matrix::Zero(1, 2), gradient(1, 2);
  gradient << 3, -0.01;
  Adam adam(0.1);
  adam.step(x, gradient);
  EXPECT_NEAR(x(0, 0), -0.1, 1e-8);
  EXPECT_NEAR(x(0, 1), 0.1, 1e-6);
  for (int i = 0; i < 2000; ++i)
    adam.step(x, 2 * (x - Matrix::Ones(1, 2)));
  EXPECT_LT((x - Matrix::Ones(1, 2)).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(Descent, SignsFallToRestWithinTheirLimits) {
  Matrix x = Matrix::Zero(1, 3), gradient(1, 3);
  gradient << 3, -0.01, 0;
  SignDescent descent(4);
  for (double rate : {0.25, 0.1875, 0.125, 0.0625, 0.0}) {
    EXPECT_EQ(descent.currentRate(), rate);
    descent.step(x, gradient, -0.5, 0.5);
    descent.advance();
  }
  EXPECT_EQ(x, (Matrix(1, 3) << -0.5, 0.5, 0).finished());
}

} // namespace
