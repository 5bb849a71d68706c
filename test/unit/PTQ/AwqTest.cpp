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
  Matrix moment = x.transpose() * x / 50;
  Vector magnitude = cantFail(meanMagnitude(x));
  Vector weightMagnitude = cantFail(relativeWeightMagnitude(weights, 4));

  Expected<double> operator()(const Vector &scale) const {
    return weightOnlyLoss(weights, moment, scale, threeBits);
  }
};

TEST(Awq, MagnitudesByHand) {
  Matrix x(3, 2);
  x << 1, -2, -3, 4, 100, NAN;
  EXPECT_EQ(cantFail(meanMagnitude(x, {1, 1, 0})), Vector(Eigen::Vector2d(2, 3)));
  EXPECT_EQ(cantFail(meanMagnitude(x, {0, 0, 0})), Vector(Vector::Zero(2)));
  Matrix w(2, 4);
  w << 1, -2, 4, 8, 0, 0, 3, 3;
  // Rows in groups of 2: (1/2, 1, 1/2, 1) and (0, 0, 1, 1).
  EXPECT_EQ(cantFail(relativeWeightMagnitude(w, 2)), Vector(Eigen::Vector4d(0.25, 0.5, 0.75, 1)));
  // Whole rows: (1/8, 1/4, 1/2, 1) and (0, 0, 1, 1).
  EXPECT_EQ(cantFail(relativeWeightMagnitude(w, 0)),
            Vector(Eigen::Vector4d(0.0625, 0.125, 0.75, 1)));
}

TEST(Awq, ScaleByHand) {
  Vector magnitude = Eigen::Vector3d(16, 1, 4);
  // sqrt: (4, 1, 2) / sqrt(4 * 1).
  Vector scale = cantFail(awqScale(magnitude, 0.5));
  EXPECT_LT((scale - Vector(Eigen::Vector3d(2, 0.5, 1))).norm(), 1e-15);
  EXPECT_EQ(cantFail(awqScale(magnitude, 0)), Vector(Vector::Ones(3)));
  // (4, 1, 2) / (sqrt(w) + 1e-4), then normalized.
  Vector weight = Eigen::Vector3d(0.25, 1, 0.25);
  Vector duo = cantFail(awqDuoScale(magnitude, weight, 0.5));
  double a = 4 / 0.5001, b = 1 / 1.0001, c = 2 / 0.5001, n = std::sqrt(a * b);
  EXPECT_LT((duo - Vector(Eigen::Vector3d(a / n, b / n, c / n))).norm(), 1e-14);
}

TEST(Awq, ScalesAreNormalizedAndFinite) {
  for (double exponent : {0.05, 0.5, 0.95, 1.0})
    for (double unit : {1e-300, 1.0, 1e300}) {
      Vector magnitude = unit * normalProbe(1, 2, 9).cwiseAbs();
      magnitude[4] = 0;
      for (const Vector &scale : {cantFail(awqScale(magnitude, exponent)),
                                  cantFail(awqDuoScale(magnitude, Vector::Ones(9), exponent))}) {
        EXPECT_TRUE((scale.array() > 0).all());
        EXPECT_TRUE(scale.allFinite());
        if (unit == 1.0)
          EXPECT_NEAR(std::sqrt(scale.maxCoeff() * scale.minCoeff()), 1, 1e-12);
      }
    }
}

TEST(Awq, LossIsThatOfTheSamples) {
  Group group;
  Vector scale = cantFail(awqScale(group.magnitude, 0.4));
  double sum = 0;
  for (const Matrix &w : group.weights) {
    Matrix rounded = cantFail(threeBits(w * scale.asDiagonal()));
    Matrix scaledX = group.x * scale.cwiseInverse().asDiagonal();
    sum += (scaledX * rounded.transpose() - group.x * w.transpose()).squaredNorm();
  }
  double expected = sum / (50 * 10);
  EXPECT_NEAR(cantFail(group(scale)), expected, 1e-10 * expected);
}

TEST(AwqSearch, IsNeverWorseThanRoundingAlone) {
  for (bool duo : {false, true}) {
    Group group;
    std::vector<Matrix> before = group.weights;
    AwqOptions options;
    options.duoScaling = duo;
    AwqSearch search =
        cantFail(searchAwqScale(group.magnitude, group.weightMagnitude, group, options));
    EXPECT_EQ(search.losses.size(), 20u);
    EXPECT_EQ(search.unscaledLoss, cantFail(group(Vector::Ones(8))));
    EXPECT_LT(search.loss, search.unscaledLoss); // two channels are 50 times as large
    EXPECT_EQ(search.loss, cantFail(group(search.scale)));
    EXPECT_EQ(search.loss, *std::min_element(search.losses.begin(), search.losses.end()));
    EXPECT_EQ(before[0], group.weights[0]);
    EXPECT_EQ(before[1], group.weights[1]);
    // The float function is the same.
    const Vector &s = search.scale;
    Matrix y = group.x * group.weights[0].transpose();
    Matrix scaled = Matrix(group.x * s.cwiseInverse().asDiagonal()) *
                    Matrix(group.weights[0] * s.asDiagonal()).transpose();
    EXPECT_LT((scaled - y).cwiseAbs().maxCoeff(), 1e-12 * y.cwiseAbs().maxCoeff());
  }
}

TEST(AwqSearch, GridsAsPublished) {
  Vector magnitude = Eigen::Vector2d(1, 4), weight = Eigen::Vector2d(1, 0.25);
  std::vector<Vector> seen;
  auto loss = [&](const Vector &scale) -> Expected<double> {
    seen.push_back(scale);
    return 1.0 / seen.size();
  };
  AwqSearch search = cantFail(searchAwqScale(magnitude, weight, loss));
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(seen[i], cantFail(awqScale(magnitude, i / 20.0)));
  EXPECT_EQ(search.exponent, 0.95);

  seen.clear();
  AwqOptions options;
  options.duoScaling = true;
  search = cantFail(searchAwqScale(magnitude, weight, loss, options));
  ASSERT_EQ(seen.size(), 20u);
  EXPECT_EQ(seen[0], Vector(Vector::Ones(2)));
  for (int i = 0; i < 19; ++i)
    EXPECT_EQ(seen[1 + i], cantFail(awqDuoScale(magnitude, weight, i / 18.0)));
  EXPECT_EQ(search.exponent, 1.0);
}

TEST(AwqSearch, OfEqualsTheFirst) {
  auto flat = [](const Vector &) -> Expected<double> { return 3; };
  Vector magnitude = Eigen::Vector2d(1, 4);
  AwqSearch search = cantFail(searchAwqScale(magnitude, Vector(), flat));
  EXPECT_EQ(search.exponent, 0.0);
  EXPECT_EQ(search.scale, Vector(Vector::Ones(2)));
}

// An expert that no token was sent to has no magnitudes; clamping them would scale by 1e-4.
TEST(AwqSearch, WithoutTokensNothingIsScaled) {
  int calls = 0;
  auto loss = [&](const Vector &) -> Expected<double> { return ++calls; };
  for (bool duo : {false, true}) {
    AwqOptions options;
    options.duoScaling = duo;
    AwqSearch search = cantFail(searchAwqScale(Vector::Zero(3), Vector::Ones(3), loss, options));
    EXPECT_EQ(search.scale, Vector(Vector::Ones(3)));
    EXPECT_FALSE(search.exponent);
  }
  EXPECT_EQ(calls, 2);
}

TEST(AwqErrors, NameWhatWasExpected) {
  Vector two = Vector::Ones(2);
  auto never = [](const Vector &) -> Expected<double> { return NAN; };
  EXPECT_EQ(messageOf(searchAwqScale(two, two, never)),
            "expected a finite loss of at least one exponent, but found none among 20");
  AwqOptions options;
  options.gridPoints = 2;
  EXPECT_EQ(messageOf(searchAwqScale(two, two, never, options)),
            "expected at least 3 points of the grid, but found 2");
  EXPECT_EQ(messageOf(awqScale(two, -0.1)), "expected an exponent in [0, 1]");
  EXPECT_EQ(messageOf(awqDuoScale(two, Vector::Ones(3), 0.5)),
            "expected 2 values of the weights' magnitudes, but found 3");
  EXPECT_EQ(messageOf(weightOnlyLoss({Matrix::Zero(1, 2)}, Matrix::Zero(3, 3), two, threeBits)),
            "expected the second moment of shape 2x2, but found 3x3");
  EXPECT_EQ(messageOf(weightOnlyLoss({}, Matrix::Zero(2, 2), two, threeBits)),
            "expected at least one output of the weights that read the activation");
  EXPECT_EQ(messageOf(relativeWeightMagnitude({}, 4)),
            "expected at least one weight that reads the activation");
}
} // namespace
