//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Means of clamped normal numbers against Monte Carlo and numeric integration, and the mean error
// that corrected biases leave.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/BiasCorrection.h"
#include "Samples.h"
#include "quantc/Numerics/Rounding.h"
#include "quantc/PTQ/PatchGeometry.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
/// E[min(max(x, low), high)] by the midpoint rule over +-12 standard deviations.
double integrate(double mean, double deviation, double low, double high) {
  const int steps = 200000;
  double sum = 0;
  for (int i = 0; i < steps; ++i) {
    double t = -12 + 24 * (i + 0.5) / steps;
    double x = std::min(std::max(mean + deviation * t, low), high);
    sum += x * std::exp(-0.5 * t * t) / std::sqrt(2 * M_PI) * 24 / steps;
  }
  return sum;
}

TEST(ClampedMean, AgreesWithIntegration) {
  for (double mean : {-4.0, -0.5, 0.0, 0.3, 3.0, 5.9, 8.0, 30.0})
    for (double deviation : {0.2, 1.0, 5.0}) {
      EXPECT_NEAR(meanOfRelu(mean, deviation), integrate(mean, deviation, 0, 1e30), 1e-8);
      EXPECT_NEAR(meanOfClamp(mean, deviation, 0, 6), integrate(mean, deviation, 0, 6), 1e-8);
      EXPECT_NEAR(meanOfClamp(mean, deviation, -1, 2), integrate(mean, deviation, -1, 2), 1e-8);
      EXPECT_EQ(meanOfRelu(mean, deviation), meanOfRelu(mean, -deviation));
    }
}

TEST(ClampedMean, AgreesWithMonteCarlo) {
  const int draws = 200000;
  Vector normal = normalProbe(4, 0, draws);
  for (auto [mean, deviation] : {std::pair(0.5, 1.0), {-1.0, 2.0}, {5.0, 2.0}}) {
    Vector x = mean + deviation * normal.array();
    auto expectMean = [&](const Vector &clamped, double expected) {
      double variance = (clamped.array() - clamped.mean()).square().mean();
      EXPECT_LT(std::abs(clamped.mean() - expected), 4 * std::sqrt(variance / draws));
    };
    expectMean(x.cwiseMax(0), meanOfRelu(mean, deviation));
    expectMean(x.cwiseMax(0).cwiseMin(6), meanOfClamp(mean, deviation, 0, 6));
  }
}

TEST(ClampedMean, ByFormulaOfThePaper) {
  double beta = 1.5, gamma = 2;
  auto phi = [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * M_PI); };
  auto below = [](double x) { return 0.5 * (1 + std::erf(x / std::sqrt(2.0))); };
  EXPECT_NEAR(meanOfRelu(beta, gamma),
              gamma * phi(-beta / gamma) + beta * (1 - below(-beta / gamma)), 1e-14);
  double b = beta / gamma, c = (6 - beta) / gamma;
  EXPECT_NEAR(meanOfClamp(beta, gamma, 0, 6),
              gamma * (phi(b) - phi(c)) + beta * (below(c) - below(-b)) + 6 * (1 - below(c)),
              1e-14);
}

TEST(ClampedMean, AgreesWithTheIntegral) {
  for (auto [mean, deviation] : {std::pair(0.5, 1.0), {-1.0, 2.0}, {5.0, -2.0}, {3.0, 0.0}}) {
    // Simpson's rule meets a kink: an error of width^2 / 2 times the density there.
    double bound = 0.5 * std::pow(16.0 / 1024, 2) * std::abs(deviation) + 1e-15;
    EXPECT_NEAR(meanOfFunction(mean, deviation, [](double x) { return std::max(x, 0.0); }),
                meanOfRelu(mean, deviation), bound);
    EXPECT_NEAR(
        meanOfFunction(mean, deviation, [](double x) { return std::min(std::max(x, 0.0), 6.0); }),
        meanOfClamp(mean, deviation, 0, 6), 2 * bound);
    EXPECT_NEAR(meanOfFunction(mean, deviation, [](double x) { return x * x; }),
                mean * mean + deviation * deviation, 1e-10);
  }
}

TEST(ClampedMean, Limits) {
  EXPECT_DOUBLE_EQ(meanOfRelu(0, 1), 1 / std::sqrt(2 * M_PI));
  EXPECT_EQ(meanOfRelu(2, 0), 2);
  EXPECT_EQ(meanOfRelu(-2, 0), 0);
  EXPECT_EQ(meanOfClamp(7, 0, 0, 6), 6);
  // Far out nothing is negative, nothing beyond the bounds.
  for (double mean : {-1e300, -50.0, -38.0, -10.0})
    EXPECT_GE(meanOfRelu(mean, 1), 0);
  EXPECT_EQ(meanOfRelu(1e6, 1), 1e6);
  EXPECT_EQ(meanOfClamp(1e6, 1, 0, 6), 6);
  EXPECT_EQ(meanOfClamp(-1e6, 1, 0, 6), 0);
  EXPECT_EQ(meanOfClamp(1, 0, 0, 6), 1);
  EXPECT_EQ(meanOfClamp(20, 1, 0, 6), 6);
}

TEST(BiasCorrection, ShiftByHand) {
  LinearLayer conv;
  conv.weight.resize(1, 4); // 2 inputs, 2 taps
  conv.weight << 0.2, 0.9, -0.4, 1.6;
  conv.taps = 2;
  Matrix rounded(1, 4);
  rounded << 0, 1, 0, 2;
  // (-0.2 + 0.1) * 10 + (0.4 + 0.4) * 1
  EXPECT_NEAR(cantFail(biasShift(conv, rounded, Eigen::Vector2d(10, 1)))[0], -0.2, 1e-14);
}

/// Mean over all positions of a convolution of constant channels, two groups, by the definition.
Vector meanOfConvolution(const PatchGeometry &g, const Matrix &weight, const Vector &inputs) {
  Vector sums = Vector::Zero(weight.rows());
  const int64_t inGroup = g.channels / g.groups, outGroup = weight.rows() / g.groups;
  for (int64_t o = 0; o < weight.rows(); ++o)
    for (int64_t y = 0; y < g.out[0]; ++y)
      for (int64_t x = 0; x < g.out[1]; ++x)
        for (int64_t i = 0; i < inGroup; ++i)
          for (int64_t ky = 0; ky < g.kernel[0]; ++ky)
            for (int64_t kx = 0; kx < g.kernel[1]; ++kx) {
              int64_t iy = y * g.strides[0] + ky * g.dilations[0] - g.padsBefore[0];
              int64_t ix = x * g.strides[1] + kx * g.dilations[1] - g.padsBefore[1];
              if (iy >= 0 && iy < g.size[0] && ix >= 0 && ix < g.size[1])
                sums[o] += weight(o, (i * g.kernel[0] + ky) * g.kernel[1] + kx) *
                           inputs[o / outGroup * inGroup + i];
            }
  return sums / double(g.positions());
}

/// Strides, dilations, and pads that differ from side to side; a kernel wider than the input, too.
TEST(BiasCorrection, BordersReadZeros) {
  PatchGeometry wide;
  wide.channels = 6;
  wide.groups = 2;
  wide.size = {9, 7, 1};
  wide.kernel = {3, 4, 1};
  wide.strides = {2, 3, 1};
  wide.dilations = {2, 1, 1};
  wide.padsBefore = {3, 1, 0};
  wide.out = {5, 3, 1}; // pads behind: 1 and 2
  PatchGeometry narrow = wide;
  narrow.size = {2, 1, 1};
  narrow.strides = {1, 1, 1};
  narrow.out = {3, 4, 1}; // pads behind: 2 and 5
  Vector inputs = normalProbe(8, 0, 6);
  for (const PatchGeometry &g : {wide, narrow}) {
    LinearLayer layer;
    layer.weight = normalMatrix(4, g.rowSize(), 9);
    layer.taps = g.taps();
    layer.groups = g.groups;
    Matrix rounded = layer.weight + 0.1 * normalMatrix(4, g.rowSize(), 10);
    Vector expected =
        meanOfConvolution(g, rounded, inputs) - meanOfConvolution(g, layer.weight, inputs);
    Vector shift = cantFail(biasShift(layer, rounded, inputs, g.tapShares()));
    EXPECT_LT((shift - expected).cwiseAbs().maxCoeff(), 1e-13);
    Vector borderless = cantFail(biasShift(layer, rounded, inputs));
    EXPECT_GT((borderless - expected).cwiseAbs().maxCoeff(), 0.01);
  }
}

/// Rounds to multiples of 1/4.
Matrix coarse(const Matrix &weight) {
  return weight.unaryExpr([](double w) { return quantc::numerics::roundHalfEven(4 * w) / 4; });
}

TEST(BiasCorrection, AnalyticMakesTheMeanErrorVanish) {
  const int samples = 20000, in = 6, out = 4;
  Vector beta = normalProbe(3, 1, in), gamma = normalProbe(3, 2, in);
  Matrix x = normalMatrix(samples, in, 5);
  x = ((x * gamma.asDiagonal()).rowwise() + beta.transpose()).cwiseMax(0);
  LinearLayer layer;
  layer.weight = normalMatrix(out, in, 6);
  Matrix rounded = coarse(layer.weight);
  Vector shift = cantFail(biasShift(layer, rounded, beta.binaryExpr(gamma, &meanOfRelu)));
  Matrix error = x * (rounded - layer.weight).transpose();
  Vector mean = error.colwise().mean().transpose();
  EXPECT_GT(mean.cwiseAbs().maxCoeff(), 0.05);
  for (int o = 0; o < out; ++o) {
    double deviation = std::sqrt((error.col(o).array() - mean[o]).square().mean());
    EXPECT_LT(std::abs(mean[o] - shift[o]), 4 * deviation / std::sqrt(samples));
  }
}

TEST(BiasCorrectionErrors, NameWhatWasExpected) {
  LinearLayer layer;
  layer.weight = Matrix::Ones(2, 3);
  EXPECT_EQ(messageOf(biasShift(layer, Matrix::Ones(2, 2), Vector::Ones(3))),
            "expected the rounded weight of shape 2x3, but found 2x2");
  EXPECT_EQ(messageOf(biasShift(layer, layer.weight, Vector::Ones(2))),
            "expected 3 values of the inputs' means, but found 2");
  EXPECT_EQ(messageOf(biasShift(layer, layer.weight, Vector::Ones(3), {1, 1})),
            "expected 1 shares of taps, but found 2");
}
} // namespace
