//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SmoothQuant's factors: what each exponent promises, exactness of the float function, and the
// search.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/SmoothQuant.h"
#include "Samples.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
Vector absMax(const Matrix &samples) { return samples.cwiseAbs().colwise().maxCoeff(); }

/// Over all readers.
Vector columnAbsMax(const std::vector<Matrix> &weights) {
  Vector most = Vector::Zero(weights.front().cols());
  for (const Matrix &weight : weights)
    most = most.cwiseMax(absMax(weight));
  return most;
}

/// Samples and two weights that read them.
struct Group {
  Matrix x = outlierSamples(40, 8, 1);
  std::vector<Matrix> weights = {normalMatrix(5, 8, 2), 3 * normalMatrix(7, 8, 3)};
  Vector activation = absMax(x), weight = columnAbsMax(weights);

  Vector scale(double alpha) const { return cantFail(smoothScale(activation, weight, alpha)); }
  Matrix scaledX(const Vector &s) const { return x * s.cwiseInverse().asDiagonal(); }
  std::vector<Matrix> scaledWeights(const Vector &s) const {
    return {weights[0] * s.asDiagonal(), weights[1] * s.asDiagonal()};
  }
};

TEST(SmoothQuant, ByHand) {
  Vector activation = Eigen::Vector3d(16, 1, 4), weight = Eigen::Vector3d(1, 0.25, 4);
  EXPECT_EQ(cantFail(smoothScale(activation, weight)), Vector(Eigen::Vector3d(4, 2, 1)));
  EXPECT_EQ(cantFail(smoothScale(activation, weight, 1)), activation);
  EXPECT_EQ(cantFail(smoothScale(activation, weight, 0)), Vector(Eigen::Vector3d(1, 4, 0.25)));
}

TEST(SmoothQuant, ExponentsMoveTheRange) {
  Group group;
  auto readers = [&](const Vector &s) { return columnAbsMax(group.scaledWeights(s)); };
  Vector one = group.scale(1), zero = group.scale(0), half = group.scale(0.5);
  EXPECT_LT((absMax(group.scaledX(one)) - Vector::Ones(8)).norm(), 1e-14);
  EXPECT_LT((readers(zero) - Vector::Ones(8)).norm(), 1e-14);
  EXPECT_LT((absMax(group.scaledX(half)) - readers(half)).norm(), 1e-12);
}

TEST(SmoothQuant, TheFloatFunctionIsTheSame) {
  Group group;
  for (double alpha : {0.0, 0.3, 0.5, 0.85, 1.0}) {
    Vector s = group.scale(alpha);
    EXPECT_TRUE((s.array() > 0).all());
    for (int reader : {0, 1}) {
      Matrix before = group.x * group.weights[reader].transpose();
      Matrix after = group.scaledX(s) * group.scaledWeights(s)[reader].transpose();
      EXPECT_LT((after - before).cwiseAbs().maxCoeff(), 1e-12 * before.cwiseAbs().maxCoeff());
    }
  }
}

TEST(SmoothQuant, ASecondRunChangesNothing) {
  Group group;
  Vector first = group.scale(0.5);
  Vector second =
      cantFail(smoothScale(absMax(group.scaledX(first)), columnAbsMax(group.scaledWeights(first))));
  EXPECT_LT((second - Vector::Ones(8)).norm(), 1e-13);
}

TEST(SmoothQuant, SilentChannelsAndWeightsStayFinite) {
  Vector none = Vector::Zero(1), some = Vector::Ones(1);
  EXPECT_EQ(cantFail(smoothScale(none, some))[0], 1e-5);
  EXPECT_DOUBLE_EQ(cantFail(smoothScale(none, none, 0))[0], 1e5);
  EXPECT_DOUBLE_EQ(cantFail(smoothScale(some, none))[0], 1 / std::sqrt(1e-5));
  EXPECT_EQ(cantFail(smoothScale(none, none, 1))[0], 1e-5);
}

TEST(SmoothQuant, EightBitsLoseLessThanWithoutIt) {
  Group group;
  Vector zero = Vector::Zero(8), one = Vector::Ones(8), s = group.scale(0.5);
  MigrationLoss loss = symmetricLoss(group.x, group.weights, 8);
  EXPECT_LT(cantFail(loss(zero, s)), cantFail(loss(zero, one)));
}

TEST(SmoothSearch, TakesTheFirstLeastLoss) {
  Group group;
  double alphas[] = {0.2, 0.4, 0.6, 0.8};
  double losses[] = {NAN, 2, 1, 1};
  int call = 0;
  SmoothSearch search = cantFail(searchSmoothScale(group.activation, group.weight, alphas,
                                                   [&](const Vector &scale) -> Expected<double> {
                                                     EXPECT_EQ(scale, group.scale(alphas[call]));
                                                     return losses[call++];
                                                   }));
  EXPECT_EQ(call, 4);
  EXPECT_EQ(search.alpha, 0.6);
  EXPECT_EQ(search.loss, 1);
  EXPECT_EQ(search.scale, group.scale(0.6));
  EXPECT_EQ(search.losses.size(), 4u);
}

TEST(SmoothQuantErrors, NameWhatWasExpected) {
  Vector two = Vector::Ones(2), three = Vector::Ones(3), negative = -two, bad = two;
  bad[1] = NAN;
  EXPECT_EQ(messageOf(smoothScale(two, three)),
            "expected 2 values of the weights' magnitudes, but found 3");
  EXPECT_EQ(messageOf(smoothScale(negative, two)), "expected the activation's magnitudes not to be "
                                                   "negative, but found -1.000000 at element 0");
  EXPECT_EQ(messageOf(smoothScale(bad, two)),
            "expected the activation's magnitudes to be finite, but found nan at element 1");
  EXPECT_EQ(messageOf(smoothScale(two, two, 1.5)), "expected alpha in [0, 1]");
  auto infinite = [](const Vector &) -> Expected<double> { return INFINITY; };
  EXPECT_EQ(messageOf(searchSmoothScale(two, two, {0.5}, infinite)),
            "expected a finite loss of at least one alpha, but found none among 1");
  auto fails = [](const Vector &) -> Expected<double> { return createStringError("no model"); };
  EXPECT_EQ(messageOf(searchSmoothScale(two, two, {0.5}, fails)), "no model");
}
} // namespace
