//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AdaRound: what holds of every result, and how near it comes to the best of all roundings.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/AdaRound.h"
#include "AffineGrid.h"
#include "Samples.h"
#include "quantc/PTQ/FormatGrid.h"
#include "quantc/PTQ/Gptq.h"
#include "gtest/gtest.h"

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

Matrix correlatedSamples(int64_t tokens, int64_t channels, uint64_t seed) {
  Matrix samples = normalMatrix(tokens, channels, seed);
  for (int64_t channel = 1; channel < channels; ++channel)
    samples.col(channel) = 0.8 * samples.col(channel - 1) + 0.6 * samples.col(channel);
  return samples;
}

Matrix momentOf(const Matrix &samples) {
  return samples.transpose() * samples / double(samples.rows());
}

AffineGrid fittedGrid(const Matrix &weights, int bits) {
  AffineGridOptions options;
  options.bits = bits;
  options.search = RangeSearch();
  AffineGrid grid(weights.rows(), weights.cols(), options);
  llvm::cantFail(grid.fit(weights));
  return grid;
}

AdaRoundOptions shortRun(int iterations = 1500) {
  AdaRoundOptions options;
  options.iterations = iterations;
  options.rate = 1e-2;
  return options;
}

/// The least dW G dW^T of one row over all choices of neighbours.
double bestOfAll(const Matrix &weights, const Neighbours &sides, const Matrix &moment) {
  double best = 1e300;
  for (uint32_t choice = 0; choice < (1u << weights.cols()); ++choice) {
    Matrix change(1, weights.cols());
    for (int64_t i = 0; i < weights.cols(); ++i)
      change(0, i) = (choice >> i & 1 ? sides.above : sides.below)(0, i) - weights(0, i);
    best = std::min(best, outputCost(change, moment));
  }
  return best;
}

TEST(AdaRound, ComesNearTheBestOfAllRoundings) {
  double best = 0, learned = 0, nearest = 0, gptq = 0;
  for (uint64_t trial = 0; trial < 20; ++trial) {
    Matrix weights = normalMatrix(1, 10, 50 + trial);
    Matrix moment = momentOf(correlatedSamples(100, 10, trial));
    AffineGrid grid = fittedGrid(weights, 3);
    Neighbours sides = cantFail(neighboursOnGrid(weights, grid));
    AdaRoundResult result = cantFail(roundByAdaRound(weights, grid, moment, nullptr, shortRun()));
    double least = bestOfAll(weights, sides, moment);
    EXPECT_GE(result.loss, least * (1 - 1e-9));
    EXPECT_LE(result.loss, result.nearestLoss);
    best += least;
    learned += result.loss;
    nearest += result.nearestLoss;
    GptqFactor factor = cantFail(factorSecondMoment(moment, {}));
    Matrix rounded = cantFail(roundByGptq(weights, factor, grid)).weights;
    gptq += outputCost(rounded - weights, moment);
  }
  EXPECT_LT(learned, 1.3 * best);
  EXPECT_GT(nearest, 1.5 * learned);
  EXPECT_LT(gptq, nearest);
}

TEST(AdaRound, EveryWeightIsANeighbourAndDecided) {
  // Weights of a layer's usual size, and the published settings.
  Matrix weights = 0.1 * normalMatrix(8, 32, 1), moment = momentOf(correlatedSamples(200, 32, 2));
  for (Annealing annealing : {Annealing::Cosine, Annealing::Linear}) {
    AffineGrid grid = fittedGrid(weights, 4);
    AdaRoundOptions options;
    options.annealing = annealing;
    AdaRoundResult result = cantFail(roundByAdaRound(weights, grid, moment, nullptr, options));
    Neighbours sides = cantFail(neighboursOnGrid(weights, grid));
    for (int64_t i = 0; i < weights.size(); ++i)
      EXPECT_TRUE(result.weights.data()[i] == sides.below.data()[i] ||
                  result.weights.data()[i] == sides.above.data()[i]);
    EXPECT_GT(result.decided, 0.99);
    EXPECT_LT(result.loss, 0.5 * result.nearestLoss);
    EXPECT_NEAR(result.loss, outputCost(result.weights - weights, moment),
                1e-12 * result.nearestLoss);
    EXPECT_EQ(result.nearestRows, 0);
  }
}

TEST(AdaRound, WithoutIterationsItIsNearest) {
  Matrix weights = normalMatrix(4, 16, 3), moment = momentOf(correlatedSamples(50, 16, 4));
  AffineGrid grid = fittedGrid(weights, 4);
  AdaRoundResult result = cantFail(roundByAdaRound(weights, grid, moment, nullptr, shortRun(0)));
  EXPECT_EQ(result.weights, cantFail(roundOnGrid(weights, grid)));
  EXPECT_EQ(result.loss, result.nearestLoss);
}

TEST(AdaRound, AimsAtTheFloatInputs) {
  Matrix weights = normalMatrix(6, 24, 9), exact = correlatedSamples(400, 24, 10);
  Matrix inputs = exact + 0.02 * exact * normalMatrix(24, 24, 11);
  Matrix moment = momentOf(inputs), cross = (exact - inputs).transpose() * inputs / 400.0;
  AffineGrid grid = fittedGrid(weights, 4);
  Matrix plain = cantFail(roundByAdaRound(weights, grid, moment, nullptr, shortRun())).weights;
  AdaRoundResult shifted = cantFail(roundByAdaRound(weights, grid, moment, &cross, shortRun()));
  auto error = [&](const Matrix &rounded) {
    return (inputs * rounded.transpose() - exact * weights.transpose()).norm();
  };
  EXPECT_LT(error(shifted.weights), 0.9 * error(plain));
  EXPECT_NEAR(shifted.loss, asymmetricCost(weights, shifted.weights, moment, cross), 1e-9);
}

TEST(AdaRound, WorksOnTablesOfNumbers) {
  Matrix weights = 0.1 * normalMatrix(4, 32, 12), moment = momentOf(correlatedSamples(100, 32, 13));
  for (const char *text : {"nf4:g16", "mxfp4"}) {
    FormatGrid grid(4, 32, *quantc::numerics::parseNumberFormat(text).format);
    llvm::cantFail(grid.fit(weights));
    AdaRoundResult result =
        cantFail(roundByAdaRound(weights, grid, moment, nullptr, AdaRoundOptions()));
    EXPECT_LT(result.loss, 0.6 * result.nearestLoss) << text;
    EXPECT_EQ(cantFail(roundOnGrid(result.weights, grid)), result.weights) << text;
  }
}

TEST(AdaRound, RefusesWhatDoesNotFit) {
  Matrix weights = normalMatrix(2, 4, 16);
  AffineGrid grid = fittedGrid(weights, 4);
  EXPECT_EQ(messageOf(roundByAdaRound(weights, grid, Matrix::Zero(3, 3))),
            "expected second moments of shape 4x4, but found 3x3");
  AdaRoundOptions options;
  options.iterations = -1;
  EXPECT_EQ(messageOf(roundByAdaRound(weights, grid, Matrix::Identity(4, 4), nullptr, options)),
            "expected iterations that are not negative, but found -1");
  options = {};
  options.warmup = 1;
  EXPECT_EQ(messageOf(roundByAdaRound(weights, grid, Matrix::Identity(4, 4), nullptr, options)),
            "expected a warm-up in [0, 1), but found 1.000000");
}

} // namespace
