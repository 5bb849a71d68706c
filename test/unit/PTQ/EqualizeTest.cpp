//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equalization of layers: ranges that become equal, functions that stay the same, and biases that
// move on.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Equalize.h"
#include "Samples.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
/// Weights whose rows differ in size by powers of e.
LinearLayer layer(int64_t out, int64_t in, int64_t taps, uint64_t seed, int64_t groups = 1) {
  LinearLayer layer;
  layer.weight = normalMatrix(out, in / groups * taps, seed);
  layer.weight = Vector((2 * normalProbe(seed, 1, out)).array().exp()).asDiagonal() * layer.weight;
  layer.bias = normalProbe(seed, 2, out);
  layer.taps = taps;
  layer.groups = groups;
  return layer;
}

/// Every layer on one window per output position, all taps of an input seeing the same value, with
/// a ReLU behind all but the last.
Vector run(ArrayRef<LinearLayer> chain, Vector x) {
  for (const LinearLayer &layer : chain) {
    x = responseTo(layer, layer.weight, x);
    if (layer.bias.size() != 0)
      x += layer.bias;
    if (&layer != &chain.back())
      x = x.cwiseMax(0);
  }
  return x;
}

void expectNear(const Vector &a, const Vector &b, double relative = 1e-10) {
  EXPECT_LT((a - b).cwiseAbs().maxCoeff(), relative * b.cwiseAbs().maxCoeff());
}

TEST(LinearLayer, RangesAndScalesByHand) {
  LinearLayer conv; // 2 outputs, 2 inputs, 2 taps
  conv.weight.resize(2, 4);
  conv.weight << 1, -2, 3, 4, 5, 0, -7, 6;
  conv.taps = 2;
  conv.bias = Eigen::Vector2d(8, 16);
  EXPECT_EQ(outputRange(conv), Vector(Eigen::Vector2d(4, 7)));
  EXPECT_EQ(inputRange(conv), Vector(Eigen::Vector2d(5, 7)));
  EXPECT_EQ(responseTo(conv, conv.weight, Eigen::Vector2d(1, 10)), Vector(Eigen::Vector2d(69, -5)));
  divideOutputs(conv, Eigen::Vector2d(2, 4));
  multiplyInputs(conv, Eigen::Vector2d(10, 100));
  Matrix expected(2, 4);
  expected << 5, -10, 150, 200, 12.5, 0, -175, 150;
  EXPECT_EQ(conv.weight, expected);
  EXPECT_EQ(conv.bias, Vector(Eigen::Vector2d(4, 4)));
}

TEST(LinearLayer, GroupsReadTheirOwnInputs) {
  LinearLayer conv; // 4 outputs from 4 inputs in 2 groups
  conv.weight.resize(4, 2);
  conv.weight << 1, 2, 3, 4, 5, 6, 7, 8;
  conv.groups = 2;
  EXPECT_EQ(conv.inputs(), 4);
  EXPECT_EQ(inputRange(conv), Vector(Eigen::Vector4d(3, 4, 7, 8)));
  EXPECT_EQ(responseTo(conv, conv.weight, Eigen::Vector4d(1, 10, 100, 1000)),
            Vector(Eigen::Vector4d(21, 43, 6500, 8700)));
  multiplyInputs(conv, Eigen::Vector4d(1, 10, 100, 1000));
  Matrix expected(4, 2);
  expected << 1, 20, 3, 40, 500, 6000, 700, 8000;
  EXPECT_EQ(conv.weight, expected);
}

TEST(CrossLayerEqualization, PairByHand) {
  Vector scale = cantFail(equalizingScale(Eigen::Vector3d(8, 0, 3), Eigen::Vector3d(2, 5, 0)));
  EXPECT_EQ(scale, Vector(Eigen::Vector3d(2, 1, 1)));
}

/// One round over a pair.
void equalize(LinearLayer &first, LinearLayer &second) {
  Vector scale = cantFail(equalizingScale(outputRange(first), inputRange(second)));
  divideOutputs(first, scale);
  multiplyInputs(second, scale);
}

TEST(CrossLayerEqualization, PairHasEqualRangesAndASecondRoundDoesNothing) {
  for (int64_t groups : {1, 2, 6}) {
    LinearLayer chain[] = {layer(6, 4, 9, 1), layer(6, 6, 9, 2, groups)};
    Vector x = normalProbe(9, 9, 4), before = run(chain, x);
    Vector first = outputRange(chain[0]), second = inputRange(chain[1]);
    equalize(chain[0], chain[1]);
    expectNear(outputRange(chain[0]), inputRange(chain[1]));
    expectNear(outputRange(chain[0]), first.cwiseProduct(second).cwiseSqrt());
    expectNear(run(chain, x), before);
    Vector scale = cantFail(equalizingScale(outputRange(chain[0]), inputRange(chain[1])));
    EXPECT_LT((scale - Vector::Ones(6)).norm(), 1e-12);
  }
}

TEST(CrossLayerEqualization, ChannelsWithoutWeightsStay) {
  LinearLayer first = layer(3, 2, 1, 1), second = layer(2, 3, 1, 2);
  first.weight.row(1).setZero();
  second.weight.col(2).setZero();
  Matrix last = first.weight.row(2);
  equalize(first, second);
  EXPECT_EQ(first.weight.row(1), Matrix(Matrix::Zero(1, 2)));
  EXPECT_EQ(first.weight.row(2), last);
  EXPECT_NEAR(outputRange(first)[0], inputRange(second)[0], 1e-12);
}

TEST(HighBias, ByHand) {
  Vector beta = Eigen::Vector3d(5, 1, -2), gamma = Eigen::Vector3d(-1, 1, 0.1);
  EXPECT_EQ(cantFail(absorbableBias(beta, gamma)), Vector(Eigen::Vector3d(2, 0, 0)));
  EXPECT_EQ(cantFail(absorbableBias(beta, gamma, /*relu=*/false)), beta);
}

TEST(HighBias, MovesOnWithoutAChangeWhereValuesAreLarge) {
  for (int64_t groups : {1, 6}) {
    LinearLayer chain[] = {layer(6, 4, 1, 1), layer(6, 6, 9, 2, groups), layer(5, 6, 1, 3)};
    Vector x = normalProbe(9, 9, 4);
    // Each value before the ReLU lies above its constant.
    Vector values = responseTo(chain[0], chain[0].weight, x) + chain[0].bias;
    Vector constants = 0.9 * values.cwiseMax(0);
    Vector before = run(chain, x);
    cantFail(absorbBias(chain[0], chain[1], constants));
    expectNear(run(chain, x), before);
  }
}

TEST(EqualizeErrors, NameWhatWasExpected) {
  LinearLayer good = layer(4, 3, 9, 1), bad = good;
  bad.taps = 4;
  EXPECT_EQ(messageOf(checkLayer(bad)),
            "expected a weight of whole windows of 4 taps, but found 27 columns");
  bad = good;
  bad.groups = 3;
  EXPECT_EQ(messageOf(checkLayer(bad)), "expected 3 groups of equal size, but found 4 outputs");
  bad = good;
  bad.bias.resize(3);
  EXPECT_EQ(messageOf(checkLayer(bad)), "expected 4 values of the bias, but found 3");
  bad = good;
  bad.weight(1, 1) = NAN;
  EXPECT_EQ(messageOf(checkLayer(bad)),
            "expected the weight to be finite, but found nan at element 28");
  EXPECT_EQ(messageOf(equalizingScale(Vector::Ones(2), Vector::Ones(3))),
            "expected 2 values of the second ranges, but found 3");
  EXPECT_EQ(messageOf(absorbBias(good, good, Vector::Ones(4))),
            "expected 3 values of the constants, but found 4");
  LinearLayer noBias = layer(5, 4, 1, 2);
  noBias.bias.resize(0);
  EXPECT_EQ(messageOf(absorbBias(good, noBias, Vector::Ones(4))),
            "expected a bias on both sides of the absorbed constants");
}
} // namespace
