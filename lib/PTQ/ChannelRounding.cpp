//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps and codes of weights by the error of the output; see ChannelRounding.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/ChannelRounding.h"
#include "Checks.h"
#include "quantc/Numerics/Rounding.h"
#include "quantc/PTQ/AffineGrid.h"
#include "quantc/PTQ/Gptq.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;
using numerics::roundHalfEven;

//===----------------------------------------------------------------------===//
// SteppedGrid
//===----------------------------------------------------------------------===//

SteppedGrid::SteppedGrid(int64_t columns, Vector steps, int64_t greatest)
    : WeightGrid(steps.size(), columns, 0), table(std::move(steps)), greatest(double(greatest)) {}

void SteppedGrid::roundColumn(int64_t, const double *column, double *rounded) const {
  for (int64_t row = 0; row < rows(); ++row)
    rounded[row] =
        table[row] * std::clamp(roundHalfEven(column[row] / table[row]), -greatest, greatest);
}

void SteppedGrid::codeColumn(int64_t, const double *column, int32_t *codes) const {
  for (int64_t row = 0; row < rows(); ++row)
    codes[row] = static_cast<int32_t>(
        std::clamp(roundHalfEven(column[row] / table[row]), -greatest, greatest));
}

void SteppedGrid::neighbours(int64_t, const double *column, double *below, double *above) const {
  for (int64_t row = 0; row < rows(); ++row) {
    const double step = table[row], value = column[row];
    const double code = std::clamp(std::floor(value / step), -greatest, greatest);
    below[row] = step * code;
    above[row] = step * std::min(code + 1, greatest);
    if (below[row] >= value)
      above[row] = below[row];
    else if (above[row] <= value)
      below[row] = above[row];
  }
}

//===----------------------------------------------------------------------===//
// Codes one by one
//===----------------------------------------------------------------------===//

int64_t ptq::improveCodes(const Matrix &target, const Matrix &moment, const Vector &steps,
                          int64_t greatest, int sweeps, Matrix &rounded) {
  int64_t changes = 0;
  Matrix slopes = (rounded - target) * moment; // half the gradient
  for (Eigen::Index row = 0; row < rounded.rows(); ++row) {
    const double step = steps[row];
    for (int sweep = 0; sweep < sweeps; ++sweep) {
      int64_t before = changes;
      for (Eigen::Index j = 0; j < rounded.cols(); ++j) {
        const double curvature = moment(j, j);
        if (!(curvature > 0))
          continue;
        const double code = roundHalfEven(rounded(row, j) / step);
        const double wanted = std::clamp(roundHalfEven(code - slopes(row, j) / (step * curvature)),
                                         -double(greatest), double(greatest));
        const double move = step * (wanted - code);
        // Less than nothing gained is a rounding error of the slope.
        if (move == 0 || 2 * move * slopes(row, j) + move * move * curvature >= 0)
          continue;
        rounded(row, j) = step * wanted;
        slopes.row(row) += move * moment.row(j);
        ++changes;
      }
      if (changes == before)
        break;
    }
  }
  return changes;
}

//===----------------------------------------------------------------------===//
// Steps and codes
//===----------------------------------------------------------------------===//

namespace {
class ChannelRounder {
public:
  ChannelRounder(const ChannelProblem &problem, const ChannelOptions &options)
      : problem(problem), options(options), weight(problem.weight),
        greatest((int64_t(1) << (problem.bits - 1)) - 1) {}

  Error run();
  ChannelResult result;

private:
  bool usesData() const {
    return options.method != ChannelMethod::Nearest && options.method != ChannelMethod::Mse;
  }
  Error check() const;
  Error prepare();
  Vector stepsOf(int candidate) const;
  SteppedGrid gridOf(const Vector &steps) const { return {weight.cols(), steps, greatest}; }
  Vector lossesOf(const Matrix &rounded) const;
  void keep(const Matrix &rounded, const Vector &steps, const Vector &losses);
  Error searchByMoments();
  Error searchByWeights();
  Error descend();
  void improve();
  void store();

  const ChannelProblem &problem;
  const ChannelOptions &options;
  const Matrix &weight;
  int64_t greatest;
  Matrix damped, target; ///< H + lambda I, t
  GptqFactor factor;
  Vector bestSteps, bestLosses;
};
} // namespace

Error ChannelRounder::check() const {
  const int64_t size = weight.cols();
  if (problem.bits < 2 || problem.bits > 16)
    return makeError("expected weights of 2 to 16 bits, but found " + Twine(problem.bits));
  if (options.candidates < 1 || options.candidates > 11)
    return makeError("expected 1 to 11 candidates of a step, but found " +
                     Twine(options.candidates));
  if (Error error = checkVector("steps", problem.steps, weight.rows()))
    return error;
  if (!(problem.steps.array() > 0).all())
    return makeError("expected positive steps");
  if (Error error = checkMatrix("a weight", weight, weight.rows(), size))
    return error;
  if (!usesData())
    return Error::success();
  if (!problem.second)
    return makeError("expected second moments, but found none");
  if (Error error = checkMatrix("second moments", *problem.second, size, size))
    return error;
  return problem.cross ? checkMatrix("cross moments", *problem.cross, size, size)
                       : Error::success();
}

/// The step that a row takes as a candidate: float32, as it is stored.
Vector ChannelRounder::stepsOf(int candidate) const {
  Vector steps = problem.steps;
  for (Eigen::Index row = 0; row < steps.size(); ++row) {
    auto step = static_cast<float>(problem.steps[row] * (1 - candidate / 12.0));
    bool usable = candidate != 0 && step > 0 && (!problem.allowed || problem.allowed(row, step));
    steps[row] = usable ? double(step) : double(float(problem.steps[row]));
  }
  return steps;
}

Vector ChannelRounder::lossesOf(const Matrix &rounded) const {
  Matrix change = rounded - target;
  return (change * damped).cwiseProduct(change).rowwise().sum();
}

Error ChannelRounder::prepare() {
  bestLosses = Vector::Constant(weight.rows(), std::numeric_limits<double>::infinity());
  bestSteps = stepsOf(0);
  result.weights = Matrix::Zero(weight.rows(), weight.cols());
  target = weight;
  if (!usesData())
    return Error::success();
  Expected<GptqFactor> made = factorSecondMoment(*problem.second, {options.damping, 1.0,
                                                                   /*actOrder=*/true});
  if (!made)
    return made.takeError();
  factor = std::move(*made);
  result.message = factor.message;
  damped = *problem.second;
  damped.diagonal().array() += factor.usable() ? factor.lambda : 1.0;
  if (problem.cross && options.method != ChannelMethod::Gptq) {
    Expected<Matrix> shifted = shiftedTarget(weight, *problem.cross, factor, options.alpha);
    if (!shifted)
      return shifted.takeError();
    target = std::move(*shifted);
  }
  Matrix nearest = cantFail(roundOnGrid(weight, gridOf(bestSteps)));
  result.nearestLoss = lossesOf(nearest).sum();
  return Error::success();
}

/// Takes the rows that are better than what was found before.
void ChannelRounder::keep(const Matrix &rounded, const Vector &steps, const Vector &losses) {
  for (Eigen::Index row = 0; row < rounded.rows(); ++row) {
    if (!(losses[row] < bestLosses[row]))
      continue;
    bestLosses[row] = losses[row];
    bestSteps[row] = steps[row];
    result.weights.row(row) = rounded.row(row);
  }
}

/// GPTQ tells its loss on the way; without it, or without a factor, losses take a product each.
Error ChannelRounder::searchByMoments() {
  const bool compensates = options.method != ChannelMethod::AdaRound;
  for (int candidate = 0; candidate < options.candidates; ++candidate) {
    Vector steps = stepsOf(candidate);
    SteppedGrid grid = gridOf(steps);
    if (!compensates) {
      Matrix rounded = cantFail(roundOnGrid(target, grid));
      keep(rounded, steps, lossesOf(rounded));
      continue;
    }
    Expected<GptqResult> gptq = roundByGptq(target, factor, grid);
    if (!gptq)
      return gptq.takeError();
    keep(gptq->weights, steps, gptq->nearest ? lossesOf(gptq->weights) : gptq->rowLosses);
  }
  return Error::success();
}

/// From GPTQ's codes at the steps found.
void ChannelRounder::improve() {
  improveCodes(target, damped, bestSteps, greatest, options.sweeps, result.weights);
  bestLosses = lossesOf(result.weights);
}

Error ChannelRounder::searchByWeights() {
  const bool searches = options.method == ChannelMethod::Mse;
  const RangeSearch range;
  for (int step = 0; step < (searches ? range.steps : 1); ++step) {
    Vector steps = bestSteps;
    for (Eigen::Index row = 0; row < steps.size(); ++row) {
      auto shrunk = static_cast<float>(problem.steps[row] * (1 - double(step) / range.grid));
      bool usable = step == 0 || (shrunk > 0 && (!problem.allowed || problem.allowed(row, shrunk)));
      if (usable)
        steps[row] = double(shrunk);
    }
    Matrix rounded = cantFail(roundOnGrid(weight, gridOf(steps)));
    keep(rounded, steps, (rounded - weight).array().abs().pow(range.norm).matrix().rowwise().sum());
  }
  return Error::success();
}

/// AdaRound at the steps found, on rows of the target.
Error ChannelRounder::descend() {
  SteppedGrid grid = gridOf(bestSteps);
  Expected<AdaRoundResult> rounded =
      roundByAdaRound(target, grid, damped, nullptr, options.adaRound);
  if (!rounded)
    return rounded.takeError();
  keep(rounded->weights, bestSteps, lossesOf(rounded->weights));
  return Error::success();
}

void ChannelRounder::store() {
  result.steps.resize(weight.rows());
  result.codes.resize(weight.size());
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    result.steps[row] = static_cast<float>(bestSteps[row]);
    for (Eigen::Index column = 0; column < weight.cols(); ++column)
      result.codes[row * weight.cols() + column] =
          static_cast<int32_t>(roundHalfEven(result.weights(row, column) / bestSteps[row]));
  }
  if (usesData())
    result.loss = bestLosses.sum();
}

Error ChannelRounder::run() {
  if (Error error = check())
    return error;
  if (Error error = prepare())
    return error;
  if (Error error = usesData() ? searchByMoments() : searchByWeights())
    return error;
  if (options.method == ChannelMethod::AdaRound)
    if (Error error = descend())
      return error;
  if (options.method == ChannelMethod::Gptaq)
    improve();
  store();
  return Error::success();
}

Expected<ChannelResult> ptq::roundChannels(const ChannelProblem &problem,
                                           const ChannelOptions &options) {
  ChannelRounder rounder(problem, options);
  if (Error error = rounder.run())
    return std::move(error);
  return std::move(rounder.result);
}
