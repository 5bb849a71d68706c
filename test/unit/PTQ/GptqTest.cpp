//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ by its identities, on random problems against round-to-nearest, and where it must give up.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Gptq.h"
#include "AffineGrid.h"
#include "Samples.h"
#include "quantc/PTQ/FormatGrid.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

/// Inputs whose neighbouring channels are alike, and with different magnitudes.
Matrix correlatedSamples(int64_t tokens, int64_t channels, uint64_t seed) {
  Matrix samples = normalMatrix(tokens, channels, seed);
  for (int64_t channel = 1; channel < channels; ++channel)
    samples.col(channel) = 0.8 * samples.col(channel - 1) + 0.6 * samples.col(channel);
  for (int64_t channel = 0; channel < channels; ++channel)
    samples.col(channel) *= 1 + 0.1 * ((channel * 7) % 11);
  return samples;
}

Matrix momentOf(const Matrix &samples) {
  return samples.transpose() * samples / double(samples.rows());
}

AffineGrid gridFor(const Matrix &weights, int bits, int64_t groupSize = 0,
                   GridFamily family = GridFamily::Symmetric) {
  AffineGridOptions options;
  options.family = family;
  options.bits = bits;
  options.groupSize = groupSize;
  return AffineGrid(weights.rows(), weights.cols(), options);
}

Matrix nearest(const Matrix &weights, int bits) {
  AffineGrid grid = gridFor(weights, bits);
  return cantFail(roundToNearest(weights, grid));
}

double costOf(const Matrix &rounded, const Matrix &weights, const Matrix &moment) {
  return outputCost(rounded - weights, moment);
}

GptqResult rounded(const Matrix &weights, const Matrix &moment, WeightGrid &grid,
                   const GptqOptions &options = {}, const GptqRounding &rounding = {}) {
  GptqFactor factor = cantFail(factorSecondMoment(moment, options));
  EXPECT_EQ(factor.message, "");
  return cantFail(roundByGptq(weights, factor, grid, rounding));
}

TEST(Gptq, BeatsNearestOnEveryRandomProblem) {
  for (bool white : {true, false})
    for (int bits : {2, 3, 4, 8}) {
      double ratios = 0;
      for (uint64_t trial = 0; trial < 40; ++trial) {
        Matrix weights = normalMatrix(32, 64, 100 + trial);
        Matrix moment =
            momentOf(white ? normalMatrix(256, 64, trial) : correlatedSamples(256, 64, trial));
        AffineGrid grid = gridFor(weights, bits);
        Matrix result = rounded(weights, moment, grid).weights;
        double ratio =
            costOf(result, weights, moment) / costOf(nearest(weights, bits), weights, moment);
        EXPECT_LT(ratio, 1) << bits << " bits, trial " << trial;
        ratios += ratio / 40;
      }
      if (white)
        EXPECT_NEAR(ratios, 0.88, 0.08) << bits;
      else
        EXPECT_LT(ratios, 0.55) << bits;
    }
}

TEST(Gptq, DoesNotDependOnTheBlockSize) {
  Matrix weights = normalMatrix(16, 64, 1), moment = momentOf(correlatedSamples(200, 64, 2));
  for (bool dynamic : {false, true})
    for (int64_t groupSize : {0, 16, 24}) {
      Matrix first;
      for (int64_t block : {1, 16, 20, 64, 1000}) {
        AffineGrid grid = gridFor(weights, 4, groupSize);
        GptqRounding rounding;
        rounding.blockSize = block;
        rounding.staticGroups = !dynamic;
        Matrix result = rounded(weights, moment, grid, {}, rounding).weights;
        if (block == 1)
          first = result;
        EXPECT_LT((result - first).cwiseAbs().maxCoeff(), 1e-9) << groupSize << " " << block;
      }
    }
}

TEST(Gptq, SquaredErrorsSumToTheDampedLoss) {
  Matrix weights = normalMatrix(32, 64, 3), moment = momentOf(correlatedSamples(300, 64, 4));
  for (bool actOrder : {false, true})
    for (int64_t groupSize : {0, 16}) {
      GptqOptions options;
      options.actOrder = actOrder;
      GptqFactor factor = cantFail(factorSecondMoment(moment, options));
      AffineGrid grid = gridFor(weights, 3, groupSize);
      GptqResult result = cantFail(roundByGptq(weights, factor, grid));
      Matrix damped = moment + factor.lambda * Matrix::Identity(64, 64);
      double expected = costOf(result.weights, weights, damped);
      EXPECT_NEAR(result.dampedLoss, expected, 1e-10 * expected);
      double plain = costOf(result.weights, weights, moment);
      EXPECT_NEAR(result.loss, plain, 1e-10 * plain);
      EXPECT_NEAR(factor.lambda, 0.01 * moment.trace() / 64, 1e-15);
    }
}

TEST(Gptq, FactorInvertsTheDampedMoments) {
  Matrix moment = momentOf(correlatedSamples(500, 150, 5));
  GptqOptions options;
  options.actOrder = true;
  GptqFactor factor = cantFail(factorSecondMoment(moment, options));
  Matrix damped = moment(factor.order, factor.order) + factor.lambda * Matrix::Identity(150, 150);
  Matrix identity = factor.upper * damped * factor.upper.transpose();
  EXPECT_LT((identity - Matrix::Identity(150, 150)).cwiseAbs().maxCoeff(), 1e-10);
  EXPECT_TRUE(factor.upper.isUpperTriangular(0));
  for (size_t i = 1; i < factor.order.size(); ++i)
    EXPECT_GE(moment(factor.order[i - 1], factor.order[i - 1]),
              moment(factor.order[i], factor.order[i]));
}

TEST(Gptq, UncorrelatedInputsRoundToNearest) {
  Matrix weights = normalMatrix(8, 40, 6), moment = 3.7 * Matrix::Identity(40, 40);
  AffineGrid grid = gridFor(weights, 3);
  EXPECT_EQ(rounded(weights, moment, grid).weights, nearest(weights, 3));
}

TEST(Gptq, OneColumnRoundsToNearest) {
  Matrix weights = normalMatrix(8, 1, 7), moment = Matrix::Constant(1, 1, 2.5);
  AffineGrid grid = gridFor(weights, 2);
  EXPECT_EQ(rounded(weights, moment, grid).weights, nearest(weights, 2));
}

TEST(Gptq, ActOrderDoesNotDependOnTheOrderOfChannels) {
  Matrix weights = normalMatrix(16, 48, 8), moment = momentOf(correlatedSamples(300, 48, 9));
  std::vector<int64_t> shuffle;
  for (int64_t i = 0; i < 48; ++i)
    shuffle.push_back(i * 19 % 48);
  GptqOptions options;
  options.actOrder = true;
  AffineGrid grid = gridFor(weights, 4), other = gridFor(weights, 4);
  Matrix straight = rounded(weights, moment, grid, options).weights;
  Matrix shuffled =
      rounded(weights(Eigen::all, shuffle), moment(shuffle, shuffle), other, options).weights;
  EXPECT_EQ(Matrix(straight(Eigen::all, shuffle)), shuffled);
}

TEST(Gptq, GroupsFollowTheColumns) {
  Matrix weights = normalMatrix(4, 32, 10), moment = momentOf(correlatedSamples(100, 32, 11));
  GptqOptions options;
  options.actOrder = true;
  GptqFactor factor = cantFail(factorSecondMoment(moment, options));
  for (bool isStatic : {true, false}) {
    AffineGrid grid = gridFor(weights, 4, 8);
    GptqRounding rounding;
    rounding.staticGroups = isStatic;
    GptqResult result = cantFail(roundByGptq(weights, factor, grid, rounding));
    for (int64_t i = 0; i < 32; ++i) {
      int64_t column = factor.order[i];
      EXPECT_EQ(result.groupOf[column], (isStatic ? column : i) / 8);
    }
    // Every result is on the grid of its group.
    Matrix again = cantFail(roundOnGrid(result.weights, grid, &result.groupOf));
    EXPECT_LT((again - result.weights).cwiseAbs().maxCoeff(), 1e-12);
  }
}

/// They were made 0, as the published code makes them: all of a channel that other data uses was
/// lost.
TEST(Gptq, DeadChannelsAreRoundedToNearest) {
  Matrix samples = correlatedSamples(200, 32, 12);
  samples.col(5).setZero();
  samples.col(20).setZero();
  Matrix weights = normalMatrix(8, 32, 13), moment = momentOf(samples);
  GptqFactor factor = cantFail(factorSecondMoment(moment, {}));
  EXPECT_EQ(factor.dead, (std::vector<int64_t>{5, 20}));
  for (GridFamily family :
       {GridFamily::Symmetric, GridFamily::SymmetricUnsigned, GridFamily::AsymmetricZero}) {
    AffineGrid grid = gridFor(weights, 4, 0, family), plain = gridFor(weights, 4, 0, family);
    GptqResult result = cantFail(roundByGptq(weights, factor, grid));
    Matrix nearest = cantFail(roundToNearest(weights, plain));
    for (int column : {5, 20}) {
      EXPECT_EQ(Matrix(result.weights.col(column)), Matrix(nearest.col(column)));
      EXPECT_FALSE(result.weights.col(column).isZero(0));
    }
    double loss = costOf(result.weights, weights, moment);
    EXPECT_NEAR(result.loss, loss, 1e-9 * loss);
  }
}

TEST(Gptq, FewerTokensThanChannelsNeedNoMoreThanDamping) {
  Matrix weights = normalMatrix(8, 64, 14), moment = momentOf(correlatedSamples(10, 64, 15));
  AffineGrid grid = gridFor(weights, 4);
  Matrix result = rounded(weights, moment, grid).weights;
  EXPECT_LT(costOf(result, weights, moment), 0.5 * costOf(nearest(weights, 4), weights, moment));
}

TEST(Gptq, DampingClimbsAndSaysSo) {
  Matrix moment(2, 2);
  moment << 1, 1.05, 1.05, 1; // eigenvalues 2.05 and -0.05
  GptqFactor factor = cantFail(factorSecondMoment(moment, {}));
  ASSERT_TRUE(factor.usable());
  EXPECT_EQ(factor.damping, 0.08);
  EXPECT_EQ(factor.message, "second moments needed a damping of 0.080000 in place of 0.010000");
}

TEST(Gptq, WithoutAFactorItRoundsToNearest) {
  Matrix weights = normalMatrix(4, 2, 16), indefinite(2, 2), infinite(2, 2);
  indefinite << 1, 3, 3, 1;
  infinite << 1, INFINITY, INFINITY, 1;
  const char *messages[] = {
      "second moments are not positive definite even with a damping of 1.000000",
      "second moments are not finite", "no input was ever other than 0"};
  const Matrix moments[] = {indefinite, infinite, Matrix::Zero(2, 2)};
  for (int i = 0; i < 3; ++i) {
    GptqFactor factor = cantFail(factorSecondMoment(moments[i], {}));
    EXPECT_FALSE(factor.usable());
    EXPECT_EQ(factor.message, messages[i]);
    AffineGrid grid = gridFor(weights, 4);
    GptqResult result = cantFail(roundByGptq(weights, factor, grid));
    EXPECT_TRUE(result.nearest);
    EXPECT_EQ(result.weights, nearest(weights, 4));
  }
}

TEST(Gptq, RoundsToAnyNumberFormat) {
  Matrix weights = normalMatrix(16, 64, 17), moment = momentOf(correlatedSamples(300, 64, 18));
  for (const char *text : {"int4:g32:sym:f16", "uint3:g16:asym:f16", "nf4:g32", "mxfp4", "nvfp4"}) {
    auto format = quantc::numerics::parseNumberFormat(text).format;
    ASSERT_TRUE(format) << text;
    FormatGrid grid(16, 64, *format), plain(16, 64, *format);
    GptqResult result = rounded(weights, moment, grid);
    Matrix simple = cantFail(roundToNearest(weights, plain));
    EXPECT_LT(costOf(result.weights, weights, moment), 0.8 * costOf(simple, weights, moment))
        << text;
    EXPECT_EQ(cantFail(roundOnGrid(result.weights, grid)), result.weights) << text;
  }
}

/// A great weight whose input is small is clipped, one whose input is great is not.
TEST(Gptq, SearchesScalesByTheErrorOfTheOutput) {
  auto format = quantc::numerics::parseNumberFormat("int4:sym").format;
  for (double size : {0.01, 100.0}) {
    Matrix weights = normalMatrix(8, 32, 19);
    weights.col(5).setConstant(6);
    Vector squares = Vector::Ones(32);
    squares[5] = size;
    Matrix moment = squares.asDiagonal();
    auto search = quantc::numerics::ScaleSearch::clip(2.0);
    FormatGrid byWeight(8, 32, *format, search), byOutput(8, 32, *format, search);
    GptqRounding rounding;
    rounding.columnWeights = &squares;
    GptqResult plain = rounded(weights, moment, byWeight);
    GptqResult weighted = rounded(weights, moment, byOutput, {}, rounding);
    EXPECT_LT(costOf(weighted.weights, weights, moment),
              0.9 * costOf(plain.weights, weights, moment));
    EXPECT_EQ(weighted.weights(0, 5) < 5, size < 1);
  }
}

TEST(Gptq, RefusesWhatDoesNotFit) {
  Matrix skew(2, 2);
  skew << 1, 0.5, 0.2, 1;
  EXPECT_EQ(messageOf(factorSecondMoment(skew, {})),
            "expected symmetric second moments, but found others");
  EXPECT_EQ(messageOf(factorSecondMoment(Matrix::Zero(2, 3), {})),
            "expected square second moments, but found 2x3");
  GptqFactor factor = cantFail(factorSecondMoment(Matrix::Identity(2, 2), {}));
  AffineGrid grid = gridFor(Matrix::Zero(3, 3), 4);
  EXPECT_EQ(messageOf(roundByGptq(Matrix::Zero(3, 2), factor, grid)),
            "expected a grid of 3x2, but found 3x3");
  FormatGrid twoLevels(1, 64, *quantc::numerics::parseNumberFormat("nvfp4").format);
  GptqFactor wide = cantFail(factorSecondMoment(Matrix::Identity(64, 64), {}));
  GptqRounding dynamic;
  dynamic.staticGroups = false;
  EXPECT_EQ(messageOf(roundByGptq(Matrix::Zero(1, 64), wide, twoLevels, dynamic)),
            "expected static groups for a grid whose groups depend on each other");
  GptqRounding weighted;
  Vector few = Vector::Ones(1);
  weighted.columnWeights = &few;
  AffineGrid fitting = gridFor(Matrix::Zero(1, 2), 4);
  EXPECT_EQ(messageOf(roundByGptq(Matrix::Zero(1, 2), factor, fitting, weighted)),
            "expected a non-negative weight for each of 2 columns");
}

//===----------------------------------------------------------------------===//
// GPTAQ
//===----------------------------------------------------------------------===//

/// Inputs of the float model, and those of the quantized one: mixed with a fixed matrix.
struct Drift {
  Matrix weights = normalMatrix(32, 64, 20);
  Matrix exact = correlatedSamples(400, 64, 21);
  Matrix inputs, moment, cross;

  explicit Drift(double amount) {
    inputs = exact + amount / 8 * exact * normalMatrix(64, 64, 22);
    moment = momentOf(inputs);
    cross = (exact - inputs).transpose() * inputs / 400.0;
  }
  /// ||Q X - W X_float|| over ||W X_float||.
  double error(const Matrix &result) const {
    Matrix target = exact * weights.transpose();
    return (inputs * result.transpose() - target).norm() / target.norm();
  }
  Matrix round(double alpha, int bits) const {
    GptqFactor factor = cantFail(factorSecondMoment(moment, {}));
    Matrix target = cantFail(shiftedTarget(weights, cross, factor, alpha));
    AffineGrid grid = gridFor(target, bits);
    return cantFail(roundByGptq(target, factor, grid)).weights;
  }
};

TEST(Gptaq, ErrorFallsAsAlphaGrows) {
  for (double amount : {0.05, 0.1, 0.2})
    for (int bits : {3, 4}) {
      Drift drift(amount);
      AffineGrid grid = gridFor(drift.weights, bits);
      Matrix plain = rounded(drift.weights, drift.moment, grid).weights;
      EXPECT_EQ(drift.round(0, bits), plain);
      EXPECT_LT(drift.error(plain), drift.error(nearest(drift.weights, bits)));
      EXPECT_LT(drift.error(drift.round(0.25, bits)), drift.error(plain));
      EXPECT_LT(drift.error(drift.round(0.5, bits)), drift.error(drift.round(0.25, bits)));
      EXPECT_LT(drift.error(drift.round(1, bits)), drift.error(drift.round(0.5, bits)));
    }
}

TEST(Gptaq, ShiftedTargetIsTheLeastSquaresWeight) {
  Drift drift(0.2);
  GptqOptions options;
  options.damping = 1e-12;
  for (bool actOrder : {false, true}) {
    options.actOrder = actOrder;
    GptqFactor factor = cantFail(factorSecondMoment(drift.moment, options));
    Matrix target = cantFail(shiftedTarget(drift.weights, drift.cross, factor));
    Matrix expected = drift.weights * (drift.moment + drift.cross);
    EXPECT_LT((target * drift.moment - expected).cwiseAbs().maxCoeff(), 1e-8);
  }
}

TEST(Gptaq, CostIsTheErrorLessAConstant) {
  Drift drift(0.1);
  auto exactError = [&](const Matrix &result) {
    double error = drift.error(result) * (drift.exact * drift.weights.transpose()).norm();
    return error * error / 400;
  };
  Matrix one = drift.round(1, 4), other = nearest(drift.weights, 4);
  double costOne = asymmetricCost(drift.weights, one, drift.moment, drift.cross);
  double costOther = asymmetricCost(drift.weights, other, drift.moment, drift.cross);
  EXPECT_NEAR(costOther - costOne, exactError(other) - exactError(one), 1e-9);
}

} // namespace
