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
/// Two tokens, (3, 1.6) and (-1, 0.4): centre (1, 1), half ranges (2, 0.6). One output reads them
/// with the weights (0.5, 1).
struct Small {
  Matrix x{2, 2}, w{1, 2};
  ChannelRange range;

  Small() {
    x << 3, 1.6, -1, 0.4;
    w << 0.5, 1;
    range = cantFail(channelRange(x));
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
  Vector shift = outlierShift(cantFail(channelRange(x)));
  EXPECT_DOUBLE_EQ(shift[0], -77.5);
  EXPECT_DOUBLE_EQ(shift[1], 24.35);
  ChannelRange centred = cantFail(channelRange(x.rowwise() - shift.transpose()));
  EXPECT_LT((centred.min + centred.max).norm(), 1e-13);
}

TEST(OutlierSuppression, SymmetricAndConstantChannels) {
  Matrix x(3, 2);
  x << -4, 7, 1, 7, 4, 7;
  Vector shift = outlierShift(cantFail(channelRange(x)));
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
  LinearLossOptions bits;
  bits.activationBits = bits.weightBits = 2;
  LinearOutputLoss loss =
      cantFail(LinearOutputLoss::create(small.x, {}, outlierShift(small.range), small.w, bits));
  OutlierOptions options;
  options.leastSteps = 1;
  options.stepSize = 5;
  OutlierSearch search = cantFail(suppressOutliers(small.range, loss, options));
  EXPECT_EQ(search.thresholds, (std::vector<double>{2, 1}));
  EXPECT_NEAR(search.losses[0], 1.6 * 1.6, 1e-14);
  EXPECT_NEAR(search.losses[1], 0.4 * 0.4, 1e-14);
  EXPECT_EQ(search.threshold, 1);
  EXPECT_EQ(search.scale, Vector(Eigen::Vector2d(2, 1)));
  EXPECT_EQ(search.unscaledLoss, search.losses[0]);
}

// One tensor scale of 1 for both rows rounds the second row's 0.5 to 0; its own scale keeps it.
TEST(OutlierSuppression, WeightsPerTensorAndPerChannelByHand) {
  Matrix x = Matrix::Ones(1, 1), w(2, 1);
  w << 1, 0.5;
  LinearLossOptions bits;
  bits.activationBits = bits.weightBits = 2;
  Vector none = Vector::Zero(1), one = Vector::Ones(1);
  LinearOutputLoss channels = cantFail(LinearOutputLoss::create(x, {}, none, w, bits));
  bits.perChannelWeights = false;
  LinearOutputLoss tensor = cantFail(LinearOutputLoss::create(x, {}, none, w, bits));
  EXPECT_EQ(cantFail(channels(1, one)), 0);
  EXPECT_EQ(cantFail(tensor(1, one)), 0.25);
}

// Codes -2 .. 1 for [-1, 2]: scale 1, zero point -1. In [-t, t] = [-2, 2]: scale 4/3, and 0.6 is
// lost.
TEST(OutlierSuppression, AsymmetricTokensByHand) {
  Matrix x(1, 2), w(1, 2);
  x << -1, 2;
  w << 1, 1;
  LinearLossOptions bits;
  bits.activationBits = 2;
  bits.symmetricActivation = false;
  Vector none = Vector::Zero(2), one = Vector::Ones(2);
  LinearOutputLoss tensor = cantFail(LinearOutputLoss::create(x, {}, none, w, bits));
  bits.perToken = true;
  LinearOutputLoss token = cantFail(LinearOutputLoss::create(x, {}, none, w, bits));
  EXPECT_EQ(cantFail(token(2, one)), 0);
  EXPECT_GT(cantFail(tensor(2, one)), 0.1);
}

TEST(OutlierSuppression, PaddingCountsNowhere) {
  Matrix x = outlierSamples(20, 6, 1), padded(22, 6);
  padded << x.topRows(7), Matrix::Constant(2, 6, 1e6), x.bottomRows(13);
  padded(7, 2) = NAN;
  std::vector<uint8_t> valid(22, 1);
  valid[7] = valid[8] = 0;
  Matrix w = normalMatrix(4, 6, 2);
  ChannelRange range = cantFail(channelRange(x)), same = cantFail(channelRange(padded, valid));
  EXPECT_EQ(range.min, same.min);
  EXPECT_EQ(range.max, same.max);
  Vector shift = outlierShift(range), one = Vector::Ones(6);
  LinearOutputLoss loss = cantFail(LinearOutputLoss::create(x, {}, shift, w));
  LinearOutputLoss masked = cantFail(LinearOutputLoss::create(padded, valid, shift, w));
  EXPECT_EQ(cantFail(loss(300, one)), cantFail(masked(300, one)));
}

TEST(OutlierSuppression, NeverWorseThanNothingAndBetterWithOutliers) {
  Matrix x = outlierSamples(64, 8, 1);
  std::vector<Matrix> w = {normalMatrix(6, 8, 2), normalMatrix(3, 8, 3)};
  ChannelRange range = cantFail(channelRange(x));
  for (int bits : {6, 8}) {
    LinearLossOptions options;
    options.activationBits = options.weightBits = bits;
    LinearOutputLoss loss =
        cantFail(LinearOutputLoss::create(x, {}, outlierShift(range), w, options));
    OutlierSearch search = cantFail(suppressOutliers(range, loss));
    EXPECT_LE(search.loss, search.losses.front());
    EXPECT_LT(search.loss, search.unscaledLoss);
    for (int j = 0; j < 8; ++j) {
      double half = 0.5 * (range.max[j] - range.min[j]);
      EXPECT_EQ(search.scale[j] == 1, half <= search.threshold);
    }
    // Neither shift nor scale.
    LinearOutputLoss raw = cantFail(LinearOutputLoss::create(x, {}, Vector::Zero(8), w, options));
    EXPECT_LT(search.loss, cantFail(raw(x.cwiseAbs().maxCoeff(), Vector::Ones(8))));
    // Deterministic.
    OutlierSearch again = cantFail(suppressOutliers(range, loss));
    EXPECT_EQ(again.losses, search.losses);
    EXPECT_EQ(again.scale, search.scale);
  }
}

TEST(OutlierSuppression, ConstantTensor) {
  Matrix x = Matrix::Constant(3, 2, 5), w = Matrix::Ones(1, 2);
  ChannelRange range = cantFail(channelRange(x));
  LinearOutputLoss loss = cantFail(LinearOutputLoss::create(x, {}, outlierShift(range), w));
  OutlierSearch search = cantFail(suppressOutliers(range, loss));
  EXPECT_EQ(search.scale, Vector(Vector::Ones(2)));
  EXPECT_EQ(search.loss, 0);
}

TEST(OutlierSuppressionErrors, NameWhatWasExpected) {
  Small small;
  uint8_t none[] = {0, 0};
  EXPECT_EQ(messageOf(channelRange(small.x, none)),
            "expected at least one token that is not padding, but found none among 2");
  EXPECT_EQ(messageOf(channelRange(small.x, {1})), "expected a mask of 2 tokens, but found 1");
  Matrix bad = small.x;
  bad(1, 0) = INFINITY;
  EXPECT_EQ(messageOf(channelRange(bad)),
            "expected token 1 to be finite, but found inf at element 0");
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
  LinearLossOptions bits;
  bits.weightBits = 1;
  EXPECT_EQ(messageOf(LinearOutputLoss::create(small.x, {}, Vector::Zero(2), small.w, bits)),
            "expected between 2 and 16 bits, but found 1");
  EXPECT_EQ(messageOf(LinearOutputLoss::create(small.x, {}, Vector::Zero(3), small.w)),
            "expected 2 values of the shift, but found 3");
}
} // namespace
