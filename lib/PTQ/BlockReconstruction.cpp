//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Learned rounding of a block; see BlockReconstruction.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/BlockReconstruction.h"
#include "Checks.h"
#include "quantc/Numerics/Random.h"
#include "quantc/PTQ/ChannelRounding.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// The variable begins at the start's side, so much of a step towards the weight. Codes that make
/// up for each other's errors are lost where all begin halfway: on a perceptron of 2 bits the loss
/// was 20 times that of the start then, and 1000 steps did not find back.
constexpr double kReach = 0.1;

static RoundingVariable makeVariable(const BlockWeight &given) {
  Matrix start = given.rounded;
  for (Eigen::Index row = 0; row < start.rows(); ++row)
    for (Eigen::Index column = 0; column < start.cols(); ++column) {
      double reach = kReach * given.steps[row];
      start(row, column) +=
          std::clamp(given.weight(row, column) - start(row, column), -reach, reach);
    }
  SteppedGrid grid(start.cols(), given.steps, given.greatest);
  return {start, cantFail(neighboursOnGrid(start, grid))};
}

static Error check(ArrayRef<BlockWeight> weights, int64_t samples, const BlockOptions &options) {
  if (weights.empty() || samples < 1)
    return makeError("expected weights and samples, but found " + Twine(weights.size()) + " and " +
                     Twine(samples));
  if (options.heldOut < 0 || options.heldOut >= samples)
    return makeError("expected fewer than " + Twine(samples) + " samples held out, but found " +
                     Twine(options.heldOut));
  if (options.iterations < 0 || options.batch < 1 || !(options.warmup >= 0 && options.warmup < 1))
    return makeError("expected iterations, a batch of at least 1 and a warm-up in [0, 1)");
  for (const BlockWeight &given : weights) {
    if (Error error =
            checkMatrix("a weight", given.weight, given.rounded.rows(), given.rounded.cols()))
      return error;
    if (Error error = checkVector("steps", given.steps, given.weight.rows()))
      return error;
  }
  return Error::success();
}

namespace {
class Reconstruction {
public:
  Reconstruction(ArrayRef<BlockWeight> given, int64_t samples, BlockLoss loss,
                 const BlockOptions &options)
      : samples(samples), loss(loss), options(options) {
    for (const BlockWeight &weight : given) {
      variables.push_back(makeVariable(weight));
      descents.emplace_back(options.rate);
      start.push_back(weight.rounded);
      total += weight.weight.size();
    }
  }

  Expected<BlockResult> run();

private:
  /// Of samples [first, last).
  Expected<Vector> losses(ArrayRef<Matrix> weights, int64_t first, int64_t last);
  Expected<Vector> decidingLosses(ArrayRef<Matrix> weights) {
    return losses(weights, options.heldOut ? samples - options.heldOut : 0, samples);
  }
  Error step(int iteration, double scale);

  int64_t samples;
  BlockLoss loss;
  const BlockOptions &options;
  std::vector<RoundingVariable> variables;
  std::vector<Adam> descents;
  std::vector<Matrix> start;
  int64_t total = 0;
  numerics::RandomState random{0};
};
} // namespace

Expected<Vector> Reconstruction::losses(ArrayRef<Matrix> weights, int64_t first, int64_t last) {
  Vector all(last - first);
  for (int64_t sample = first; sample < last; ++sample) {
    Expected<double> one = loss(sample, weights, {});
    if (!one)
      return one.takeError();
    all[sample - first] = *one;
  }
  return all;
}

/// By more than twice the standard error of the mean gain, where samples were held out: few of
/// them, and fewer that weigh much. One sample has no such error, and decides nothing.
static bool isBetter(const Vector &before, const Vector &after, bool heldOut) {
  const Vector gain = before - after;
  if (!heldOut)
    return gain.mean() > 0;
  const auto count = double(gain.size());
  if (count < 2)
    return false;
  const double variance = (gain.array() - gain.mean()).square().sum() / (count - 1);
  return gain.mean() > 2 * std::sqrt(variance / count);
}

Error Reconstruction::step(int iteration, double scale) {
  std::vector<Matrix> soft, sums;
  for (const RoundingVariable &variable : variables) {
    soft.push_back(variable.soft());
    sums.push_back(Matrix::Zero(soft.back().rows(), soft.back().cols()));
  }
  std::vector<Matrix> gradients = sums;
  for (int64_t i = 0; i < options.batch; ++i) {
    auto sample = static_cast<int64_t>(random.uniform() * double(samples - options.heldOut));
    Expected<double> one = loss(sample, soft, gradients);
    if (!one)
      return one.takeError();
    for (size_t k = 0; k < sums.size(); ++k)
      sums[k] += gradients[k];
  }
  const double warm = options.warmup * options.iterations;
  for (size_t k = 0; k < sums.size(); ++k) {
    sums[k] *= scale / double(options.batch);
    variables[k].toVariable(sums[k]);
    if (iteration >= warm) {
      double progress = (iteration - warm) / (options.iterations - warm);
      variables[k].addRegularizer(options.regularizer / double(total),
                                  annealedExponent(options.annealing, progress), sums[k]);
    }
    descents[k].step(variables[k].values(), sums[k]);
  }
  return Error::success();
}

Expected<BlockResult> Reconstruction::run() {
  random = numerics::RandomState(static_cast<int64_t>(options.seed));
  BlockResult result;
  result.weights = start;
  Expected<Vector> before = decidingLosses(start);
  if (!before)
    return before.takeError();
  result.before = result.after = before->mean();
  Expected<Vector> known = losses(start, 0, samples - options.heldOut);
  if (!known)
    return known.takeError();
  const double learning = known->mean();
  if (!(learning > 0) || !std::isfinite(learning))
    return result;
  for (int iteration = 0; iteration < options.iterations; ++iteration)
    if (Error error = step(iteration, 1 / learning))
      return std::move(error);
  std::vector<Matrix> learned;
  double decided = 0;
  for (const RoundingVariable &variable : variables) {
    learned.push_back(variable.hard());
    decided += variable.decided() * double(variable.values().size());
  }
  result.decided = decided / double(total);
  Expected<Vector> after = decidingLosses(learned);
  if (!after)
    return after.takeError();
  if (isBetter(*before, *after, options.heldOut > 0)) {
    result.after = after->mean();
    result.weights = std::move(learned);
  }
  return result;
}

Expected<BlockResult> ptq::reconstructBlock(ArrayRef<BlockWeight> weights, int64_t samples,
                                            BlockLoss loss, const BlockOptions &options) {
  if (Error error = check(weights, samples, options))
    return std::move(error);
  return Reconstruction(weights, samples, loss, options).run();
}
