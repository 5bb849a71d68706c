//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's factors and their search.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Awq.h"
#include "Checks.h"
#include "FirstMinimum.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// Least factor before normalization, and what keeps a weight's magnitude from dividing by 0.
constexpr double kFloor = 1e-4;

Expected<Vector> ptq::meanMagnitude(const Matrix &samples, ArrayRef<uint8_t> valid) {
  if (Error error = checkSamples(samples, valid))
    return std::move(error);
  Vector sum = Vector::Zero(samples.cols());
  int64_t rows = 0;
  for (Eigen::Index row = 0; row < samples.rows(); ++row) {
    if (!valid.empty() && !valid[row])
      continue;
    sum += samples.row(row).transpose().cwiseAbs();
    ++rows;
  }
  return rows == 0 ? sum : Vector(sum / double(rows));
}

Expected<Vector> ptq::relativeWeightMagnitude(ArrayRef<Matrix> weights, int64_t groupSize) {
  if (weights.empty())
    return makeError("expected at least one weight that reads the activation");
  Eigen::Index channels = weights.front().cols();
  if (groupSize < 0)
    return makeError("expected a size of groups that is not negative, but found " +
                     Twine(groupSize));
  Eigen::Index width = groupSize == 0 ? channels : groupSize;
  Vector sum = Vector::Zero(channels);
  int64_t rows = 0;
  for (const Matrix &weight : weights) {
    if (Error error = checkMatrix("a reader's weight", weight, weight.rows(), channels))
      return std::move(error);
    rows += weight.rows();
    for (Eigen::Index row = 0; row < weight.rows(); ++row)
      for (Eigen::Index first = 0; first < channels; first += width) {
        Eigen::Index size = std::min(width, channels - first);
        Vector group = weight.row(row).segment(first, size).transpose().cwiseAbs();
        if (double most = group.maxCoeff(); most > 0)
          sum.segment(first, size) += group / most;
      }
  }
  return rows == 0 ? sum : Vector(sum / double(rows));
}

/// Clamped from below, divided by sqrt(max * min), and 1 where that leaves no finite number.
static Vector normalized(Vector scale) {
  if (scale.size() == 0)
    return scale;
  scale = scale.cwiseMax(kFloor);
  // Not sqrt(max * min), which overflows first.
  scale /= std::sqrt(scale.maxCoeff()) * std::sqrt(scale.minCoeff());
  for (double &value : scale)
    if (!std::isfinite(value) || value == 0)
      value = 1;
  return scale;
}

static Error checkMagnitudes(const Vector &magnitude, double exponent) {
  if (!(exponent >= 0 && exponent <= 1))
    return makeError("expected an exponent in [0, 1]");
  return checkNotNegative("the activation's magnitudes", magnitude);
}

Expected<Vector> ptq::awqScale(const Vector &magnitude, double exponent) {
  if (Error error = checkMagnitudes(magnitude, exponent))
    return std::move(error);
  return normalized(magnitude.array().pow(exponent));
}

Expected<Vector> ptq::awqDuoScale(const Vector &magnitude, const Vector &weightMagnitude,
                                  double exponent) {
  if (Error error = checkMagnitudes(magnitude, exponent))
    return std::move(error);
  if (Error error = checkVector("the weights' magnitudes", weightMagnitude, magnitude.size()))
    return std::move(error);
  if (Error error = checkNotNegative("the weights' magnitudes", weightMagnitude))
    return std::move(error);
  return normalized(magnitude.array().pow(exponent) /
                    (weightMagnitude.array().pow(1 - exponent) + kFloor));
}

/// The exponents to try; none: no scaling. That comes first, so that it wins where nothing is
/// gained.
static std::vector<std::optional<double>> candidates(const AwqOptions &options) {
  std::vector<std::optional<double>> exponents;
  if (options.duoScaling)
    exponents.push_back(std::nullopt);
  int points = options.duoScaling ? options.gridPoints - 1 : options.gridPoints;
  int steps = options.duoScaling ? options.gridPoints - 2 : options.gridPoints;
  for (int i = 0; i < points; ++i)
    exponents.push_back(double(i) / steps);
  return exponents;
}

Expected<AwqSearch> ptq::searchAwqScale(const Vector &magnitude, const Vector &weightMagnitude,
                                        ScaleLoss loss, const AwqOptions &options) {
  if (options.gridPoints < 3)
    return makeError("expected at least 3 points of the grid, but found " +
                     Twine(options.gridPoints));
  if (Error error = checkMagnitudes(magnitude, 0))
    return std::move(error);
  std::vector<std::optional<double>> exponents = candidates(options);
  if (magnitude.isZero(0))
    exponents = {std::nullopt};
  AwqSearch search;
  FirstMinimum least;
  for (std::optional<double> exponent : exponents) {
    Expected<Vector> scale = !exponent ? Expected<Vector>(Vector(Vector::Ones(magnitude.size())))
                             : options.duoScaling
                                 ? awqDuoScale(magnitude, weightMagnitude, *exponent)
                                 : awqScale(magnitude, *exponent);
    if (!scale)
      return scale.takeError();
    Expected<double> value = loss(*scale);
    if (!value)
      return value.takeError();
    search.losses.push_back(*value);
    if (!least.offer(*value))
      continue;
    search.scale = std::move(*scale);
    search.exponent = exponent;
    search.loss = *value;
  }
  if (!least.found())
    return makeError("expected a finite loss of at least one exponent, but found none among " +
                     Twine(exponents.size()));
  search.unscaledLoss = search.losses.front();
  return search;
}

Expected<double> ptq::weightOnlyLoss(ArrayRef<Matrix> weights, const Matrix &secondMoment,
                                     const Vector &scale, WeightRounding round) {
  Eigen::Index channels = scale.size();
  if (Error error = checkMatrix("the second moment", secondMoment, channels, channels))
    return std::move(error);
  if (!(scale.array() > 0).all())
    return makeError("expected positive factors");
  double sum = 0;
  int64_t outputs = 0;
  for (const Matrix &weight : weights) {
    if (Error error = checkMatrix("a reader's weight", weight, weight.rows(), channels))
      return std::move(error);
    Expected<Matrix> rounded = round(weight * scale.asDiagonal());
    if (!rounded)
      return rounded.takeError();
    if (Error error = checkMatrix("the rounded weight", *rounded, weight.rows(), weight.cols()))
      return std::move(error);
    Matrix change = *rounded * scale.cwiseInverse().asDiagonal() - weight;
    sum += (change * secondMoment).cwiseProduct(change).sum();
    outputs += weight.rows();
  }
  if (outputs == 0)
    return makeError("expected at least one output of the weights that read the activation");
  return sum / double(outputs);
}
