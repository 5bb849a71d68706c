//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cross-layer equalization and high-bias absorption on layers as matrices.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Equalize.h"
#include "Checks.h"
#include <algorithm>
#include <limits>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Error ptq::checkLayer(const LinearLayer &layer) {
  const Matrix &weight = layer.weight;
  if (layer.taps < 1 || weight.size() == 0 || weight.cols() % layer.taps != 0)
    return makeError("expected a weight of whole windows of " + Twine(layer.taps) +
                     " taps, but found " + Twine(weight.cols()) + " columns");
  if (layer.groups < 1 || weight.rows() % layer.groups != 0)
    return makeError("expected " + Twine(layer.groups) + " groups of equal size, but found " +
                     Twine(weight.rows()) + " outputs");
  if (Error error = checkFinite("the weight", weight))
    return error;
  if (layer.bias.size() == 0)
    return Error::success();
  return checkVector("the bias", layer.bias, weight.rows());
}

/// What reads input `c`: rows of its group, columns of its window.
static auto readersOf(const LinearLayer &layer, Matrix &weight, int64_t c) {
  int64_t group = c / layer.inputsPerGroup(), column = c % layer.inputsPerGroup();
  return weight.block(group * layer.outputsPerGroup(), column * layer.taps, layer.outputsPerGroup(),
                      layer.taps);
}

Vector ptq::responseTo(const LinearLayer &layer, const Matrix &weight, const Vector &constants) {
  Vector response = Vector::Zero(layer.outputs());
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    int64_t first = row / layer.outputsPerGroup() * layer.inputsPerGroup();
    for (Eigen::Index column = 0; column < weight.cols(); ++column)
      response[row] += weight(row, column) * constants[first + column / layer.taps];
  }
  return response;
}

Vector ptq::outputRange(const LinearLayer &layer) {
  return layer.weight.cwiseAbs().rowwise().maxCoeff();
}

Vector ptq::inputRange(const LinearLayer &layer) {
  Matrix magnitude = layer.weight.cwiseAbs();
  Vector range(layer.inputs());
  for (Eigen::Index c = 0; c < range.size(); ++c)
    range[c] = readersOf(layer, magnitude, c).maxCoeff();
  return range;
}

void ptq::divideOutputs(LinearLayer &layer, const Vector &scale) {
  layer.weight = scale.cwiseInverse().asDiagonal() * layer.weight;
  if (layer.bias.size() != 0)
    layer.bias = layer.bias.cwiseQuotient(scale);
}

void ptq::multiplyInputs(LinearLayer &layer, const Vector &scale) {
  for (Eigen::Index c = 0; c < scale.size(); ++c)
    readersOf(layer, layer.weight, c) *= scale[c];
}

//===----------------------------------------------------------------------===//
// Equalization
//===----------------------------------------------------------------------===//

Expected<Vector> ptq::equalizingScale(const Vector &first, const Vector &second) {
  if (Error error = checkNotNegative("the first ranges", first))
    return std::move(error);
  if (Error error = checkVector("the second ranges", second, first.size()))
    return std::move(error);
  if (Error error = checkNotNegative("the second ranges", second))
    return std::move(error);
  Vector scale = Vector::Ones(first.size());
  for (Eigen::Index c = 0; c < scale.size(); ++c)
    if (first[c] > 0 && second[c] > 0)
      scale[c] = std::sqrt(first[c]) / std::sqrt(second[c]);
  return scale;
}

Expected<TripleScale> ptq::equalizingScale(const Vector &first, const Vector &depthwise,
                                           const Vector &third) {
  for (const Vector *ranges : {&depthwise, &third})
    if (Error error = checkVector("the further ranges", *ranges, first.size()))
      return std::move(error);
  for (const Vector *ranges : {&first, &depthwise, &third})
    if (Error error = checkNotNegative("the ranges", *ranges))
      return std::move(error);
  TripleScale scale{Vector::Ones(first.size()), Vector::Ones(first.size())};
  for (Eigen::Index c = 0; c < first.size(); ++c) {
    if (!(first[c] > 0 && depthwise[c] > 0 && third[c] > 0))
      continue;
    double mean = std::cbrt(first[c]) * std::cbrt(depthwise[c]) * std::cbrt(third[c]);
    scale.first[c] = first[c] / mean;
    scale.second[c] = mean / third[c];
  }
  return scale;
}

namespace {
/// Chains in rounds; remembers what each tensor was divided by.
class Equalizer {
public:
  Equalizer(MutableArrayRef<LinearLayer> chain, const EqualizeOptions &options)
      : chain(chain), options(options) {
    for (const LinearLayer &layer : chain)
      result.scales.push_back(Vector::Ones(layer.outputs()));
  }

  Expected<EqualizeResult> run();

private:
  Error round();
  /// Divides what layer `i` makes by `scale`, within the limits.
  void apply(size_t i, Vector scale);

  MutableArrayRef<LinearLayer> chain;
  const EqualizeOptions &options;
  EqualizeResult result;
};
} // namespace

void Equalizer::apply(size_t i, Vector scale) {
  scale = scale.cwiseMax(options.leastScale).cwiseMin(options.greatestScale);
  divideOutputs(chain[i], scale);
  multiplyInputs(chain[i + 1], scale);
  result.scales[i] = result.scales[i].cwiseProduct(scale);
}

Error Equalizer::round() {
  for (size_t i = 0; i + 1 < chain.size();) {
    bool triple = i + 2 < chain.size() && chain[i + 1].isDepthwise() && !chain[i].isDepthwise() &&
                  !chain[i + 2].isDepthwise();
    if (!triple) {
      Expected<Vector> scale = equalizingScale(outputRange(chain[i]), inputRange(chain[i + 1]));
      if (!scale)
        return scale.takeError();
      apply(i++, std::move(*scale));
      continue;
    }
    Expected<TripleScale> scale =
        equalizingScale(outputRange(chain[i]), outputRange(chain[i + 1]), inputRange(chain[i + 2]));
    if (!scale)
      return scale.takeError();
    apply(i, std::move(scale->first));
    apply(i + 1, std::move(scale->second));
    i += 2;
  }
  return Error::success();
}

Expected<EqualizeResult> Equalizer::run() {
  double least = std::numeric_limits<double>::infinity();
  int stagnant = 0;
  while (result.rounds < options.maxRounds && stagnant < options.patience && !result.converged) {
    std::vector<Matrix> before;
    for (const LinearLayer &layer : chain)
      before.push_back(layer.weight);
    if (Error error = round())
      return std::move(error);
    ++result.rounds;
    double change = 0; // the sum over layers of the mean
    for (auto [layer, old] : zip_equal(chain, before))
      change += (layer.weight - old).cwiseAbs().mean();
    result.converged = change < options.tolerance;
    stagnant = change < least ? 0 : stagnant + 1;
    least = std::min(least, change);
  }
  return std::move(result);
}

Expected<EqualizeResult> ptq::equalizeChain(MutableArrayRef<LinearLayer> chain,
                                            const EqualizeOptions &options) {
  if (!(options.leastScale > 0) || !(options.greatestScale >= options.leastScale))
    return makeError("expected positive limits of scales in ascending order");
  for (size_t i = 0; i < chain.size(); ++i) {
    if (Error error = checkLayer(chain[i]))
      return addContext("layer " + Twine(i), std::move(error));
    if (i > 0 && chain[i].inputs() != chain[i - 1].outputs())
      return makeError("expected layer " + Twine(i) + " to read " + Twine(chain[i - 1].outputs()) +
                       " channels, but found " + Twine(chain[i].inputs()));
  }
  return Equalizer(chain, options).run();
}

//===----------------------------------------------------------------------===//
// High biases
//===----------------------------------------------------------------------===//

Expected<Vector> ptq::absorbableBias(const Vector &beta, const Vector &gamma, bool relu) {
  if (Error error = checkFinite("beta", beta))
    return std::move(error);
  if (Error error = checkVector("gamma", gamma, beta.size()))
    return std::move(error);
  return relu ? Vector((beta - 3 * gamma.cwiseAbs()).cwiseMax(0.0)) : beta;
}

Error ptq::absorbBias(LinearLayer &first, LinearLayer &second, const Vector &constants) {
  for (const LinearLayer *layer : {&first, &second})
    if (Error error = checkLayer(*layer))
      return error;
  for (int64_t channels : {first.outputs(), second.inputs()})
    if (Error error = checkVector("the constants", constants, channels))
      return error;
  if (first.bias.size() == 0 || second.bias.size() == 0)
    return makeError("expected a bias on both sides of the absorbed constants");
  first.bias -= constants;
  second.bias += responseTo(second, second.weight, constants);
  return Error::success();
}
