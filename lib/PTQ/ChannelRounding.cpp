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
#include "quantc/PTQ/Curvature.h"
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
      : problem(problem), options(options), weight(problem.weight), method(options.method),
        greatest((int64_t(1) << (problem.bits - 1)) - 1), damping(options.damping),
        alpha(options.alpha) {}

  Error run();
  ChannelResult result;

private:
  bool usesData() const { return method != ChannelMethod::Nearest && method != ChannelMethod::Mse; }
  bool learns() const {
    return method == ChannelMethod::AdaRound || method == ChannelMethod::AutoRound;
  }
  bool shifts() const { return method != ChannelMethod::Gptq; }
  Error check() const;
  void fallBack();
  Error chooseByHeldOut();
  Expected<double> unseenLoss(double damping, double &alpha) const;
  Error prepare();
  Vector stepsOf(int candidate) const;
  SteppedGrid gridOf(const Vector &steps) const { return {weight.cols(), steps, greatest}; }
  Vector lossesOf(const Matrix &rounded) const;
  double outputErrorOf(const Matrix &rounded) const {
    return outputCost(rounded - target, *problem.second);
  }
  void keep(const Matrix &rounded, const Vector &steps, const Vector &losses);
  Error searchByMoments();
  Error searchByWeights();
  Error descend();
  void descendBySigns();
  void improve();
  void store();

  const ChannelProblem &problem;
  const ChannelOptions &options;
  const Matrix &weight;
  ChannelMethod method; ///< Nearest where the moments are of no use
  int64_t greatest;
  double damping, alpha;
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
  if (Error error = checkShape("second moments", *problem.second, size, size))
    return error;
  for (const HeldOutMoments &held : problem.heldOut) {
    for (const Matrix *matrix : {&held.second, &held.unseenSecond})
      if (Error error = checkShape("held out moments", *matrix, size, size))
        return error;
    for (const Matrix *matrix : {&held.cross, &held.unseenCross})
      if (matrix->size() != 0)
        if (Error error = checkShape("held out cross moments", *matrix, size, size))
          return error;
  }
  return problem.cross ? checkShape("cross moments", *problem.cross, size, size) : Error::success();
}

/// Inputs whose squares exceed float32 have moments that are not finite: nearest codes, and why.
void ChannelRounder::fallBack() {
  if (!usesData())
    return;
  bool finite = problem.second->allFinite() && (!problem.cross || problem.cross->allFinite());
  for (const HeldOutMoments &held : problem.heldOut)
    for (const Matrix *matrix : {&held.second, &held.cross, &held.unseenSecond, &held.unseenCross})
      finite = finite && matrix->allFinite();
  if (finite)
    return;
  method = ChannelMethod::Nearest;
  result.message = "second moments are not finite";
}

//===----------------------------------------------------------------------===//
// What data that was held out says
//===----------------------------------------------------------------------===//

/// Candidates of the damping; more than 1 says that channels do not matter to each other.
static constexpr double kDampings[] = {0.01, 0.03, 0.1, 0.3, 1, 3, 10};

static GptqOptions dampedBy(double damping) {
  return {damping, std::max(damping, 1.0), /*actOrder=*/true};
}

/// The loss of GPTQ at the largest step, with a shift chosen on the same data: for a shift S from
/// what is known the unseen loss of w + alpha S is alpha^2 <S G, S> - 2 alpha <S, w D>, up to a
/// constant.
Expected<double> ChannelRounder::unseenLoss(double tried, double &best) const {
  std::vector<GptqFactor> factors;
  std::vector<Matrix> shifts;
  double gain = 0, curvature = 0;
  for (const HeldOutMoments &held : problem.heldOut) {
    Expected<GptqFactor> made = factorSecondMoment(held.second, dampedBy(tried));
    if (!made)
      return made.takeError();
    factors.push_back(std::move(*made));
    shifts.push_back(Matrix::Zero(weight.rows(), weight.cols()));
    if (!this->shifts() || held.cross.size() == 0)
      continue;
    Expected<Matrix> shifted = shiftedTarget(weight, held.cross, factors.back());
    if (!shifted)
      return shifted.takeError();
    shifts.back() = *shifted - weight;
    gain += held.weight * shifts.back().cwiseProduct(weight * held.unseenCross).sum();
    curvature +=
        held.weight * (shifts.back() * held.unseenSecond).cwiseProduct(shifts.back()).sum();
  }
  best = curvature > 0 ? std::clamp(gain / curvature, 0.0, 1.0) : 0;
  double loss = 0;
  for (auto [held, factor, shift] : zip_equal(problem.heldOut, factors, shifts)) {
    SteppedGrid grid = gridOf(stepsOf(0));
    Expected<GptqResult> rounded = roundByGptq(weight + best * shift, factor, grid);
    if (!rounded)
      return rounded.takeError();
    const Matrix change = rounded->weights - weight;
    double one = (change * held.unseenSecond).cwiseProduct(change).sum();
    if (held.unseenCross.size() != 0)
      one -= 2 * change.cwiseProduct(weight * held.unseenCross).sum();
    loss += held.weight * one;
  }
  return loss;
}

Error ChannelRounder::chooseByHeldOut() {
  double least = std::numeric_limits<double>::infinity();
  for (double tried : kDampings) {
    double best = 0;
    Expected<double> loss = unseenLoss(tried, best);
    if (!loss)
      return loss.takeError();
    if (!(*loss < least))
      continue;
    least = *loss;
    damping = tried;
    alpha = best;
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

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
  if (!problem.heldOut.empty())
    if (Error error = chooseByHeldOut())
      return error;
  Expected<GptqFactor> made = factorSecondMoment(*problem.second, dampedBy(damping));
  if (!made)
    return made.takeError();
  factor = std::move(*made);
  result.message = factor.message;
  damped = *problem.second;
  damped.diagonal().array() += factor.usable() ? factor.lambda : 1.0;
  // An input that was always 0 weighs as in the factor, so that GPTQ's losses compare. What learns
  // compares its own alone: there such inputs have no say in steps, nor in the regularizer's unit.
  if (!learns())
    for (int64_t channel : factor.dead)
      damped(channel, channel) += factor.meanMoment;
  result.damping = factor.damping;
  if (problem.cross && shifts()) {
    result.alpha = alpha;
    Expected<Matrix> shifted = shiftedTarget(weight, *problem.cross, factor, alpha);
    if (!shifted)
      return shifted.takeError();
    target = std::move(*shifted);
  }
  Matrix nearest = cantFail(roundOnGrid(weight, gridOf(bestSteps)));
  result.nearestLoss = lossesOf(nearest).sum();
  result.nearestOutputError = outputErrorOf(nearest);
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
  for (int candidate = 0; candidate < options.candidates; ++candidate) {
    Vector steps = stepsOf(candidate);
    SteppedGrid grid = gridOf(steps);
    if (learns()) {
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

/// From the codes at the steps found.
void ChannelRounder::improve() {
  improveCodes(target, damped, bestSteps, greatest, options.sweeps, result.weights);
  bestLosses = lossesOf(result.weights);
}

/// GPTQ's and BRECQ's search of a range: shares 1 - i / grid for i below `steps`, by the sum of
/// |error|^norm.
static constexpr int kRangeSteps = 80, kRangeGrid = 100;
static constexpr double kRangeNorm = 2.4;

Error ChannelRounder::searchByWeights() {
  const bool searches = method == ChannelMethod::Mse;
  for (int step = 0; step < (searches ? kRangeSteps : 1); ++step) {
    Vector steps = bestSteps;
    for (Eigen::Index row = 0; row < steps.size(); ++row) {
      auto shrunk = static_cast<float>(problem.steps[row] * (1 - double(step) / kRangeGrid));
      bool usable = step == 0 || (shrunk > 0 && (!problem.allowed || problem.allowed(row, shrunk)));
      if (usable)
        steps[row] = double(shrunk);
    }
    Matrix rounded = cantFail(roundOnGrid(weight, gridOf(steps)));
    keep(rounded, steps, (rounded - weight).array().abs().pow(kRangeNorm).matrix().rowwise().sum());
  }
  return Error::success();
}

/// AdaRound at the steps found, on rows of the target. Its regularizer is a sum over weights: with
/// the loss in units of that of nearest codes, maps of any size and magnitude are treated alike.
Error ChannelRounder::descend() {
  const double nearest = bestLosses.sum();
  if (!(nearest > 0))
    return Error::success();
  SteppedGrid grid = gridOf(bestSteps);
  AdaRoundOptions descent = options.adaRound;
  descent.lambda = options.regularizer / double(weight.size());
  Expected<AdaRoundResult> rounded =
      roundByAdaRound(target, grid, damped / nearest, nullptr, descent);
  if (!rounded)
    return rounded.takeError();
  keep(rounded->weights, bestSteps, lossesOf(rounded->weights));
  return Error::success();
}

/// AutoRound at the steps found. Rows do not depend on each other, so each keeps its best codes.
void ChannelRounder::descendBySigns() {
  const Vector steps = bestSteps;
  const SteppedGrid grid = gridOf(steps);
  const Matrix places = steps.cwiseInverse().asDiagonal() * target;
  Matrix offset = Matrix::Zero(target.rows(), target.cols());
  SignDescent descent(options.signSteps);
  for (int64_t step = 0; step < options.signSteps; ++step, descent.advance()) {
    Matrix moved = places + offset;
    Matrix rounded = cantFail(roundOnGrid(steps.asDiagonal() * moved, grid));
    Matrix change = rounded - target, slope = change * damped; // half the gradient
    keep(rounded, steps, slope.cwiseProduct(change).rowwise().sum());
    slope = (moved.array().abs() < double(greatest)).select(slope, 0);
    descent.step(offset, slope, -0.5, 0.5);
  }
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
  if (!usesData())
    return;
  result.loss = bestLosses.sum();
  result.outputError = outputErrorOf(result.weights);
}

Error ChannelRounder::run() {
  if (Error error = check())
    return error;
  fallBack();
  if (Error error = prepare())
    return error;
  if (Error error = usesData() ? searchByMoments() : searchByWeights())
    return error;
  if (method == ChannelMethod::AdaRound)
    if (Error error = descend())
      return error;
  if (method == ChannelMethod::AutoRound)
    descendBySigns();
  if (method == ChannelMethod::Gptaq || learns())
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
