//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's factors and their search, against brute force on samples.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Awq.h"
#include "Samples.h"
#include "quantc/Numerics/Rounding.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
/// Symmetric codes of 3 bits with one scale per row.
Expected<Matrix> threeBits(const Matrix &weight) {
  Matrix result = weight;
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    double scale = std::max(weight.row(row).cwiseAbs().maxCoeff(), 1e-30) / 3;
    for (double &value : result.row(row))
      value = scale * quantc::numerics::roundHalfEven(value / scale);
  }
  return result;
}

struct Group {
  Matrix x = outlierSamples(50, 8, 1);
  std::vector<Matrix> weights = {normalMatrix(6, 8, 2), normalMatrix(4, 8, 3)};
  Vector magnitude = x.cwiseAbs().colwise().mean().transpose();

  /// Mean squared error of the outputs when the weights alone are rounded.
  Expected<double> operator()(const Vector &scale) const {
    double sum = 0;
    for (const Matrix &w : weights) {
      Matrix rounded = cantFail(threeBits(w * scale.asDiagonal()));
      Matrix scaled = x * scale.cwiseInverse().asDiagonal();
      sum += (scaled * rounded.transpose() - x * w.transpose()).squaredNorm();
    }
    return sum / (50 * 10);
  }
};

TEST(Awq, ScaleByHand) {
  Vector magnitude = Eigen::Vector3d(16, 1, 4);
  // sqrt: (4, 1, 2) / sqrt(4 * 1).
  Vector scale = cantFail(awqScale(magnitude, 0.5));
  EXPECT_LT((scale - Vector(Eigen::Vector3d(2, 0.5, 1))).norm(), 1e-15);
  EXPECT_EQ(cantFail(awqScale(magnitude, 0)), Vector(Vector::Ones(3)));
}

TEST(Awq, ScalesAreNormalizedAndFinite) {
  for (double exponent : {0.05, 0.5, 0.95, 1.0})
    for (double unit : {1e-300, 1.0, 1e300}) {
      Vector magnitude = unit * normalProbe(1, 2, 9).cwiseAbs();
      magnitude[4] = 0;
      Vector scale = cantFail(awqScale(magnitude, exponent));
      EXPECT_TRUE((scale.array() > 0).all());
      EXPECT_TRUE(scale.allFinite());
      EXPECT_EQ(scale[4], 1);
      Vector live(8);
      live << scale.head(4), scale.tail(4);
      if (unit == 1.0)
        EXPECT_NEAR(std::sqrt(live.maxCoeff() * live.minCoeff()), 1, 1e-12);
    }
}

// The floor of a channel that was always 0 is no magnitude: it moves no other, and stays.
TEST(Awq, DeadChannelsDoNotScaleTheLiveOnes) {
  for (double exponent : {0.0, 0.25, 0.5, 1.0}) {
    Vector live = cantFail(awqScale(Eigen::Vector3d(16, 1, 4), exponent));
    Vector scale = cantFail(awqScale(Eigen::Vector4d(16, 0, 1, 4), exponent));
    EXPECT_EQ(scale, Vector(Eigen::Vector4d(live[0], 1, live[1], live[2])));
  }
  EXPECT_EQ(cantFail(awqScale(Vector::Zero(3), 0.5)), Vector(Vector::Ones(3)));
}

TEST(AwqSearch, IsNeverWorseThanRoundingAlone) {
  Group group;
  AwqSearch search = cantFail(searchAwqScale(group.magnitude, group));
  EXPECT_EQ(search.losses.size(), 20u);
  EXPECT_EQ(search.unscaledLoss, cantFail(group(Vector::Ones(8))));
  EXPECT_LT(search.loss, search.unscaledLoss); // two channels are 50 times as large
  EXPECT_EQ(search.loss, cantFail(group(search.scale)));
  EXPECT_EQ(search.loss, *std::min_element(search.losses.begin(), search.losses.end()));
}

TEST(AwqSearch, GridAsPublished) {
  Vector magnitude = Eigen::Vector2d(1, 4);
  std::vector<Vector> seen;
  auto loss = [&](const Vector &scale) -> Expected<double> {
    seen.push_back(scale);
    return 1.0 / seen.size();
  };
  AwqSearch search = cantFail(searchAwqScale(magnitude, loss));
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(seen[i], cantFail(awqScale(magnitude, i / 20.0)));
  EXPECT_EQ(search.exponent, 0.95);
}

TEST(AwqSearch, OfEqualsTheFirst) {
  auto flat = [](const Vector &) -> Expected<double> { return 3; };
  Vector magnitude = Eigen::Vector2d(1, 4);
  AwqSearch search = cantFail(searchAwqScale(magnitude, flat));
  EXPECT_EQ(search.exponent, 0.0);
  EXPECT_EQ(search.scale, Vector(Vector::Ones(2)));
}

// An expert that no token was sent to has no magnitudes; clamping them would scale by 1e-4.
TEST(AwqSearch, WithoutTokensNothingIsScaled) {
  int calls = 0;
  auto loss = [&](const Vector &) -> Expected<double> { return ++calls; };
  AwqSearch search = cantFail(searchAwqScale(Vector::Zero(3), loss));
  EXPECT_EQ(search.scale, Vector(Vector::Ones(3)));
  EXPECT_FALSE(search.exponent);
  EXPECT_EQ(calls, 1);
}

TEST(AwqErrors, NameWhatWasExpected) {
  Vector two = Vector::Ones(2);
  auto never = [](const Vector &) -> Expected<double> { return NAN; };
  EXPECT_EQ(messageOf(searchAwqScale(two, never)),
            "expected a finite loss of at least one exponent, but found none among 20");
  EXPECT_EQ(messageOf(searchAwqScale(two, never, 0)),
            "expected at least 1 point of the grid, but found 0");
  EXPECT_EQ(messageOf(awqScale(two, -0.1)), "expected an exponent in [0, 1]");
}
} // namespace
