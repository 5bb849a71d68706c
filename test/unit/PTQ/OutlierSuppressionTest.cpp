//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Outlier Suppression+: values by hand on small inputs, exactness of the float function with a
// residual path, and what the search promises.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/OutlierSuppression.h"
#include "Samples.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
ChannelRange rangeOf(const Matrix &samples) {
  return {samples.colwise().minCoeff(), samples.colwise().maxCoeff()};
}

/// Two tokens, (3, 1.6) and (-1, 0.4): centre (1, 1), half ranges (2, 0.6). One output reads them
/// with the weights (0.5, 1).
struct Small {
  Matrix x{2, 2}, w{1, 2};
  ChannelRange range;

  Small() {
    x << 3, 1.6, -1, 0.4;
    w << 0.5, 1;
    range = rangeOf(x);
  }
};

TEST(OutlierSuppression, ShiftAndScaleByHand) {
  Small small;
  Vector shift = outlierShift(small.range);
  EXPECT_EQ(shift, Vector(Eigen::Vector2d(1, 1)));
  EXPECT_EQ(outlierScale(small.range, shift, 1), Vector(Eigen::Vector2d(2, 1)));
  EXPECT_EQ(outlierScale(small.range, shift, 0.5)[0], 4);
  EXPECT_DOUBLE_EQ(outlierScale(small.range, shift, 0.5)[1], 1.2);
  EXPECT_EQ(outlierScale(small.range, shift, 2), Vector(Vector::Ones(2)));
}

// The asymmetric channels that the paper shows of OPT-66B.
TEST(OutlierSuppression, CentresAsymmetricChannels) {
  Matrix x(2, 2);
  x << -97, 5.7, -58, 43;
  Vector shift = outlierShift(rangeOf(x));
  EXPECT_DOUBLE_EQ(shift[0], -77.5);
  EXPECT_DOUBLE_EQ(shift[1], 24.35);
  ChannelRange centred = rangeOf(x.rowwise() - shift.transpose());
  EXPECT_LT((centred.min + centred.max).norm(), 1e-13);
}

TEST(OutlierSuppression, SymmetricAndConstantChannels) {
  Matrix x(3, 2);
  x << -4, 7, 1, 7, 4, 7;
  Vector shift = outlierShift(rangeOf(x));
  EXPECT_EQ(shift, Vector(Eigen::Vector2d(0, 7)));
  EXPECT_EQ((x.col(1).array() - shift[1]).matrix(), Eigen::VectorXd::Zero(3));
}

TEST(OutlierSuppression, GridGoesFromTheGreatestMagnitudeToTheBound) {
  Small small;
  std::vector<double> seen;
  auto loss = [&](double threshold, const Vector &scale) -> Expected<double> {
    seen.push_back(threshold);
    EXPECT_GE(scale.minCoeff(), 1);
    return 1;
  };
  OutlierOptions options;
  options.leastSteps = 2; // floor(2 / 0.5) = 4 are more
  OutlierSearch search = cantFail(suppressOutliers(small.range, loss, options));
  EXPECT_EQ(seen, (std::vector<double>{2, 1.75, 1.5, 1.25, 1}));
  EXPECT_EQ(search.thresholds, seen);
  // The first of equals: no scaling.
  EXPECT_EQ(search.threshold, 2);
  EXPECT_EQ(search.scale, Vector(Vector::Ones(2)));

  seen.clear();
  cantFail(suppressOutliers(small.range, loss));
  EXPECT_EQ(seen.size(), 101u);

  seen.clear();
  options.lowerBound = 3;
  cantFail(suppressOutliers(small.range, loss, options));
  EXPECT_EQ(seen, (std::vector<double>{2}));
}

TEST(OutlierSuppression, WithoutShift) {
  Small small;
  OutlierOptions options;
  options.shift = false;
  OutlierSearch search = cantFail(suppressOutliers(
      small.range, [](double t, const Vector &) -> Expected<double> { return t; }, options));
  EXPECT_EQ(search.thresholds.front(), 3);
  EXPECT_EQ(search.shift, Vector(Vector::Zero(2)));
  EXPECT_EQ(search.threshold, 1);
  EXPECT_EQ(search.scale, Vector(Eigen::Vector2d(3, 1.6)));
}

// 2 bits: codes -1, 0, 1. Without scaling (t = 2) the activation (2, 0.6) becomes (2, 0) and the
// weights (0.5, 1) become (0, 1): 0 instead of 1.6. With t = 1, s = (2, 1): (1, 0.6) becomes (1,
// 1), (1, 1) stays: 2 instead of 1.6. Both tokens are mirror images.
TEST(OutlierSuppression, SearchByHand) {
  Small small;
  MigrationLoss ratio = symmetricLoss(small.x, {small.w}, 2);
  Vector shift = outlierShift(small.range);
  auto loss = [&](double, const Vector &scale) { return ratio(shift, scale); };
  OutlierOptions options;
  options.leastSteps = 1;
  options.stepSize = 5;
  OutlierSearch search = cantFail(suppressOutliers(small.range, loss, options));
  EXPECT_EQ(search.thresholds, (std::vector<double>{2, 1}));
  const double signal = (small.x * small.w.transpose()).squaredNorm();
  EXPECT_NEAR(search.losses[0], 2 * 1.6 * 1.6 / signal, 1e-6); // activations are float32
  EXPECT_NEAR(search.losses[1], 2 * 0.4 * 0.4 / signal, 1e-6);
  EXPECT_EQ(search.threshold, 1);
  EXPECT_EQ(search.scale, Vector(Eigen::Vector2d(2, 1)));
  EXPECT_EQ(search.unscaledLoss, search.losses[0]);
}

TEST(OutlierSuppression, NeverWorseThanNothingAndBetterWithOutliers) {
  Matrix x = outlierSamples(64, 8, 1);
  std::vector<Matrix> w = {normalMatrix(6, 8, 2), normalMatrix(3, 8, 3)};
  ChannelRange range = rangeOf(x);
  Vector shift = outlierShift(range);
  for (int bits : {6, 8}) {
    MigrationLoss ratio = symmetricLoss(x, w, bits);
    auto loss = [&](double, const Vector &scale) { return ratio(shift, scale); };
    OutlierSearch search = cantFail(suppressOutliers(range, loss));
    EXPECT_LE(search.loss, search.losses.front());
    EXPECT_LT(search.loss, search.unscaledLoss);
    for (int j = 0; j < 8; ++j) {
      double half = 0.5 * (range.max[j] - range.min[j]);
      EXPECT_EQ(search.scale[j] == 1, half <= search.threshold);
    }
    // Deterministic.
    OutlierSearch again = cantFail(suppressOutliers(range, loss));
    EXPECT_EQ(again.losses, search.losses);
    EXPECT_EQ(again.scale, search.scale);
  }
}

TEST(OutlierSuppression, ConstantTensor) {
  ChannelRange range = rangeOf(Matrix::Constant(3, 2, 5));
  auto loss = [](double, const Vector &) -> Expected<double> { return 0; };
  OutlierSearch search = cantFail(suppressOutliers(range, loss));
  EXPECT_EQ(search.scale, Vector(Vector::Ones(2)));
  EXPECT_EQ(search.losses.size(), 1u);
}

TEST(OutlierSuppressionErrors, NameWhatWasExpected) {
  Small small;
  auto never = [](double, const Vector &) -> Expected<double> { return NAN; };
  OutlierOptions options;
  options.leastSteps = 1;
  options.stepSize = 5;
  EXPECT_EQ(messageOf(suppressOutliers(small.range, never, options)),
            "expected a finite loss of at least one threshold, but found none among 2");
  options.stepSize = 1e-9;
  EXPECT_EQ(messageOf(suppressOutliers(small.range, never, options)),
            "expected a grid of at most 1000000 thresholds, but a step size of 0.000000 below "
            "2.000000 asks for more");
  ChannelRange wrong{small.range.max, small.range.min};
  EXPECT_EQ(messageOf(suppressOutliers(wrong, never)),
            "expected min <= max, but found a channel where it is not: 0");
}
} // namespace
