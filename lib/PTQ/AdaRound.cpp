//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AdaRound for one linear map.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/AdaRound.h"
#include "Checks.h"
#include "llvm/ADT/STLFunctionalExtras.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

namespace {

/// The first term of the loss as a function of the rounded weights.
struct Objective {
  function_ref<Matrix(const Matrix &rounded)> gradient;
  /// Of each output.
  function_ref<Vector(const Matrix &rounded)> losses;
};

} // namespace

static Error checkOptions(const AdaRoundOptions &options) {
  if (options.iterations < 0)
    return makeError("expected iterations that are not negative, but found " +
                     Twine(options.iterations));
  if (!(options.warmup >= 0 && options.warmup < 1))
    return makeError("expected a warm-up in [0, 1), but found " +
                     Twine(std::to_string(options.warmup)));
  return Error::success();
}

/// Takes from `nearest` the rows for which it is at least as good.
static void keepNearest(const Matrix &nearest, Objective objective, AdaRoundResult &result) {
  Vector learned = objective.losses(result.weights), simple = objective.losses(nearest);
  for (Eigen::Index row = 0; row < nearest.rows(); ++row) {
    if (learned[row] < simple[row])
      continue;
    learned[row] = simple[row];
    result.weights.row(row) = nearest.row(row);
    ++result.nearestRows;
  }
  result.loss = learned.sum();
  result.nearestLoss = simple.sum();
}

static Expected<AdaRoundResult> descend(const Matrix &weights, const WeightGrid &grid,
                                        Objective objective, const AdaRoundOptions &options) {
  Expected<Neighbours> neighbours = neighboursOnGrid(weights, grid);
  if (!neighbours)
    return neighbours.takeError();
  RoundingVariable variable(weights, std::move(*neighbours));
  Adam adam(options.rate);
  const double warm = options.warmup * options.iterations;
  for (int step = 0; step < options.iterations; ++step) {
    Matrix gradient = objective.gradient(variable.soft());
    variable.toVariable(gradient);
    if (step >= warm) {
      double progress = (step - warm) / (options.iterations - warm);
      variable.addRegularizer(options.lambda, annealedExponent(options.annealing, progress),
                              gradient);
    }
    adam.step(variable.values(), gradient);
  }
  AdaRoundResult result;
  result.weights = variable.hard();
  result.decided = variable.decided();
  keepNearest(cantFail(roundOnGrid(weights, grid)), objective, result);
  return result;
}

Expected<AdaRoundResult> ptq::roundByAdaRound(const Matrix &weights, const WeightGrid &grid,
                                              const Matrix &secondMoment, const Matrix *crossMoment,
                                              const AdaRoundOptions &options) {
  const int64_t size = weights.cols();
  if (Error error = checkOptions(options))
    return std::move(error);
  if (Error error = checkMatrix("second moments", secondMoment, size, size))
    return std::move(error);
  if (crossMoment)
    if (Error error = checkMatrix("cross moments", *crossMoment, size, size))
      return std::move(error);
  const Matrix shift =
      crossMoment ? Matrix(weights * *crossMoment) : Matrix::Zero(weights.rows(), size);
  auto gradient = [&](const Matrix &rounded) -> Matrix {
    return 2 * ((rounded - weights) * secondMoment - shift);
  };
  auto losses = [&](const Matrix &rounded) -> Vector {
    Matrix change = rounded - weights;
    return (change * secondMoment - 2 * shift).cwiseProduct(change).rowwise().sum();
  };
  return descend(weights, grid, {gradient, losses}, options);
}
