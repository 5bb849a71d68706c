//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shift, scale, the search for the threshold, and the loss of linear maps.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/OutlierSuppression.h"
#include "Checks.h"
#include "FirstMinimum.h"
#include "quantc/Numerics/Quantize.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// More steps than any sensible grid has.
constexpr double kMostSteps = 1e6;

static Error checkRange(const ChannelRange &range) {
  if (Error error = checkFinite("the least values", range.min))
    return error;
  if (Error error = checkVector("the greatest values", range.max, range.min.size()))
    return error;
  for (Eigen::Index j = 0; j < range.min.size(); ++j)
    if (range.min[j] > range.max[j])
      return makeError("expected min <= max, but found a channel where it is not: " + Twine(j));
  return Error::success();
}

Expected<ChannelRange> ptq::channelRange(const Matrix &samples, ArrayRef<uint8_t> valid) {
  if (Error error = checkSamples(samples, valid))
    return std::move(error);
  ChannelRange range;
  for (Eigen::Index row = 0; row < samples.rows(); ++row) {
    if (!valid.empty() && !valid[row])
      continue;
    Vector token = samples.row(row).transpose();
    range.min = range.min.size() == 0 ? token : Vector(range.min.cwiseMin(token));
    range.max = range.max.size() == 0 ? token : Vector(range.max.cwiseMax(token));
  }
  if (range.min.size() == 0)
    return makeError("expected at least one token that is not padding, but found none among " +
                     Twine(samples.rows()));
  return range;
}

Vector ptq::outlierShift(const ChannelRange &range) { return 0.5 * range.max + 0.5 * range.min; }

Vector ptq::outlierScale(const ChannelRange &range, const Vector &shift, double threshold) {
  Vector beyond = (range.max - shift).cwiseMax(shift - range.min) / threshold;
  return beyond.cwiseMax(1.0);
}

/// t_0 = `most`, ..., t_K = `least`.
static Expected<std::vector<double>> thresholds(double most, const OutlierOptions &options) {
  if (!(options.lowerBound > 0) || !(options.stepSize > 0) || options.leastSteps < 1)
    return makeError("expected a positive lower bound, step size and number of steps");
  if (most <= options.lowerBound)
    return std::vector<double>{most};
  double steps = std::max(double(options.leastSteps), std::floor(most / options.stepSize));
  if (!(steps <= kMostSteps))
    return makeError("expected a grid of at most 1000000 thresholds, but a step size of " +
                     Twine(std::to_string(options.stepSize)) + " below " +
                     Twine(std::to_string(most)) + " asks for more");
  std::vector<double> result;
  for (double k = 0; k < steps; ++k)
    result.push_back(most - k * ((most - options.lowerBound) / steps));
  result.push_back(options.lowerBound);
  return result;
}

Expected<OutlierSearch> ptq::suppressOutliers(const ChannelRange &range, OutlierLoss loss,
                                              const OutlierOptions &options) {
  if (Error error = checkRange(range))
    return std::move(error);
  if (range.min.size() == 0)
    return makeError("expected at least one channel");
  OutlierSearch search;
  search.shift = options.shift ? outlierShift(range) : Vector(Vector::Zero(range.min.size()));
  double most = (range.max - search.shift).cwiseMax(search.shift - range.min).cwiseAbs().maxCoeff();
  Expected<std::vector<double>> grid = thresholds(most, options);
  if (!grid)
    return grid.takeError();
  FirstMinimum least;
  for (double threshold : *grid) {
    // The first threshold divides the greatest channel by itself; of a constant tensor it is 0.
    Vector scale = threshold == most ? Vector(Vector::Ones(range.min.size()))
                                     : outlierScale(range, search.shift, threshold);
    Expected<double> value = loss(threshold, scale);
    if (!value)
      return value.takeError();
    search.losses.push_back(*value);
    if (!least.offer(*value))
      continue;
    search.scale = std::move(scale);
    search.threshold = threshold;
    search.loss = *value;
  }
  if (!least.found())
    return makeError("expected a finite loss of at least one threshold, but found none among " +
                     Twine(grid->size()));
  search.thresholds = std::move(*grid);
  search.unscaledLoss = search.losses.front();
  return search;
}

//===----------------------------------------------------------------------===//
// The loss of linear maps
//===----------------------------------------------------------------------===//

/// Quantizes and dequantizes a row of values in [min, max].
static Error roundActivation(Eigen::Ref<Eigen::RowVectorXd> values, double min, double max,
                             const LinearLossOptions &options) {
  int32_t hi = (1 << (options.activationBits - 1)) - 1;
  int32_t lo = options.symmetricActivation ? -hi : -hi - 1;
  std::optional<numerics::QuantParams> params =
      numerics::chooseParams(float(min), float(max), lo, hi, options.symmetricActivation);
  if (!params)
    return makeError("expected activations within the range of fp32");
  for (double &value : values)
    value = numerics::dequantizeLinear(
        numerics::quantizeLinear(float(value), params->scale, params->zeroPoint, lo, hi),
        params->scale, params->zeroPoint);
  return Error::success();
}

static void roundWeights(Eigen::Ref<Matrix> weight, int bits) {
  int32_t most = (1 << (bits - 1)) - 1;
  float scale = numerics::symmetricWeightScale(float(weight.cwiseAbs().maxCoeff()), bits);
  for (Eigen::Index row = 0; row < weight.rows(); ++row)
    for (double &value : weight.row(row))
      value = numerics::dequantizeLinear(
          numerics::quantizeLinear(float(value), scale, 0, -most, most), scale, 0);
}

Expected<LinearOutputLoss> LinearOutputLoss::create(const Matrix &samples, ArrayRef<uint8_t> valid,
                                                    const Vector &shift, ArrayRef<Matrix> weights,
                                                    const LinearLossOptions &options) {
  for (int bits : {options.activationBits, options.weightBits})
    if (bits < 2 || bits > 16)
      return makeError("expected between 2 and 16 bits, but found " + Twine(bits));
  if (Error error = checkSamples(samples, valid))
    return std::move(error);
  if (Error error = checkVector("the shift", shift, samples.cols()))
    return std::move(error);
  if (weights.empty() || samples.cols() == 0)
    return makeError("expected at least one channel and one weight that reads it");
  LinearOutputLoss loss;
  loss.options = options;
  loss.centred.resize(samples.rows(), samples.cols());
  Eigen::Index rows = 0;
  for (Eigen::Index row = 0; row < samples.rows(); ++row)
    if (valid.empty() || valid[row])
      loss.centred.row(rows++) = samples.row(row) - shift.transpose();
  if (rows == 0)
    return makeError("expected at least one token that is not padding, but found none among " +
                     Twine(samples.rows()));
  loss.centred.conservativeResize(rows, samples.cols());
  for (const Matrix &weight : weights) {
    if (Error error = checkMatrix("a reader's weight", weight, weight.rows(), samples.cols()))
      return std::move(error);
    loss.weights.push_back(weight);
    loss.outputs.push_back(loss.centred * weight.transpose());
  }
  return loss;
}

Expected<double> LinearOutputLoss::operator()(double threshold, const Vector &scale) const {
  if (Error error = checkVector("the factors", scale, centred.cols()))
    return std::move(error);
  if (!(scale.array() > 0).all())
    return makeError("expected positive factors");
  Matrix activation = centred * scale.cwiseInverse().asDiagonal();
  for (Eigen::Index row = 0; row < activation.rows(); ++row) {
    double min = options.perToken ? activation.row(row).minCoeff() : -threshold;
    double max = options.perToken ? activation.row(row).maxCoeff() : threshold;
    if (Error error = roundActivation(activation.row(row), min, max, options))
      return std::move(error);
  }
  double sum = 0;
  for (auto [weight, output] : zip_equal(weights, outputs)) {
    Matrix scaled = weight * scale.asDiagonal();
    if (options.perChannelWeights)
      for (Eigen::Index row = 0; row < scaled.rows(); ++row)
        roundWeights(scaled.row(row), options.weightBits);
    else
      roundWeights(scaled, options.weightBits);
    sum += (activation * scaled.transpose() - output).squaredNorm();
  }
  return sum / double(centred.rows());
}
