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
