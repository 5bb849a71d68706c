//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See LearnRotation.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/LearnRotation.h"
#include "quantc/PTQ/Stiefel.h"
#include "quantc/Support/Errors.h"
#include <algorithm>
#include <cmath>
#include <vector>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// Rows whose products are one task.
static constexpr int64_t kRowsOfTask = 256;

/// Adds the squared error of `count` values that share a scale, and replaces them by its gradient.
static double quantizeSpan(double *x, int64_t count, double most, double clip) {
  int64_t largest = 0;
  for (int64_t i = 1; i < count; ++i)
    if (std::fabs(x[i]) > std::fabs(x[largest]))
      largest = i;
  const double sign = x[largest] < 0 ? -1 : 1;
  const double scale = std::fabs(x[largest]) * clip / most;
  if (!(scale >= 0x1p-126)) {
    std::fill(x, x + count, 0.0);
    return 0;
  }
  double sum = 0, scaleGradient = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double quotient = x[i] / scale, rounded = std::nearbyint(quotient);
    const double code = std::clamp(rounded, -most - 1, most), error = code * scale - x[i];
    sum += error * error;
    // Within the range the error is (code - quotient) * scale with the bracket held.
    scaleGradient += 2 * error * (code == rounded ? code - quotient : code);
    x[i] = code == rounded ? 0 : -2 * error;
  }
  x[largest] += scaleGradient * sign * clip / most;
  return sum;
}

static Error check(const Matrix &rows, const Matrix &rotation, const RowQuantizer &quantizer) {
  if (rotation.rows() != rotation.cols() || rotation.rows() == 0 ||
      rows.cols() % rotation.rows() != 0)
    return makeError("expected rows of as many channels as a square rotation, or a multiple of "
                     "them, but found " +
                     Twine(rows.cols()) + " and " + Twine(rotation.rows()) + " x " +
                     Twine(rotation.cols()));
  if (!rows.allFinite() || !rotation.allFinite())
    return makeError("expected finite rows and a finite rotation");
  if (quantizer.bits < 2 || quantizer.bits > 8 || !(quantizer.clip > 0 && quantizer.clip <= 1) ||
      quantizer.group < 0)
    return makeError("expected 2 to 8 bits, a clip in (0, 1] and a group of 0 or more inputs");
  return Error::success();
}

Expected<RotationLoss> ptq::rotationLoss(const Matrix &rows, const Matrix &rotation,
                                         const RowQuantizer &quantizer, ParallelFor parallel) {
  if (Error error = check(rows, rotation, quantizer))
    return std::move(error);
  const int64_t channels = rows.cols(), tasks = (rows.rows() + kRowsOfTask - 1) / kRowsOfTask;
  const int64_t size = rotation.rows(), parts = channels / size; // rows are [parts][size]
  const int64_t span = quantizer.group == 0 ? channels : quantizer.group;
  const double most = double((1 << (quantizer.bits - 1)) - 1);
  std::vector<double> losses(static_cast<size_t>(tasks));
  std::vector<Matrix> gradients(static_cast<size_t>(tasks));
  parallel(tasks, [&](int64_t task) {
    const int64_t first = task * kRowsOfTask;
    const int64_t count = std::min(kRowsOfTask, rows.rows() - first);
    const Eigen::Map<const Matrix> part(rows.row(first).data(), count * parts, size);
    Matrix rotated = part * rotation;
    double sum = 0;
    for (int64_t r = 0; r < count; ++r)
      for (int64_t at = 0; at < channels; at += span)
        sum += quantizeSpan(rotated.data() + r * channels + at, std::min(span, channels - at), most,
                            quantizer.clip);
    losses[size_t(task)] = sum;
    gradients[size_t(task)] = part.transpose() * rotated;
  });
  RotationLoss loss{0, Matrix::Zero(size, size)};
  for (int64_t task = 0; task < tasks; ++task) {
    loss.value += losses[size_t(task)];
    loss.gradient += gradients[size_t(task)];
  }
  if (const double total = rows.squaredNorm(); total > 0) {
    loss.value /= total;
    loss.gradient /= total;
  }
  return loss;
}

Expected<LearnedRotation> ptq::learnRotation(const Matrix &rows, const Matrix &start,
                                             const RowQuantizer &quantizer,
                                             const LearnRotationOptions &options,
                                             ParallelFor parallel) {
  if (options.steps < 0 || options.rowsOfStep < 1 || !(options.rate >= 0))
    return makeError("expected steps and a rate of 0 or more and at least a row for each step");
  Expected<RotationLoss> before = rotationLoss(rows, start, quantizer, parallel);
  if (!before)
    return before.takeError();
  LearnedRotation result{start, before->value, before->value};
  Matrix rotation = start;
  RiemannianAdam adam;
  const int64_t count = std::min<int64_t>(options.rowsOfStep, rows.rows());
  for (int64_t step = 0; step < options.steps && count > 0; ++step) {
    Matrix batch(count, rows.cols());
    for (int64_t i = 0; i < count; ++i)
      batch.row(i) = rows.row((step * count + i) % rows.rows());
    Expected<RotationLoss> loss = rotationLoss(batch, rotation, quantizer, parallel);
    if (!loss)
      return loss.takeError();
    if (Error error =
            adam.step(rotation, loss->gradient, cosineRate(options.rate, step, options.steps)))
      return std::move(error);
    if (options.progress)
      options.progress(step + 1, options.steps);
  }
  Expected<Matrix> nearest = polarFactor(rotation);
  if (!nearest)
    return nearest.takeError();
  Expected<RotationLoss> after = rotationLoss(rows, *nearest, quantizer, parallel);
  if (!after)
    return after.takeError();
  if (after->value < result.before) {
    result.rotation = std::move(*nearest);
    result.after = after->value;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// By the loss of a network
//===----------------------------------------------------------------------===//

namespace {
/// One way of making steps for each part of a point.
class Steps {
public:
  Steps(const TransformPoint &point, const LearnTransformOptions &options)
      : options(options), adam(point.rotations.size()), scales(point.logScales.size()) {
    for (size_t i = 0; i < point.rotations.size(); ++i)
      cayley.emplace_back(options.seed + i);
  }

  Error step(TransformPoint &point, const TransformPoint &gradients, int64_t number) {
    const double rate = cosineRate(options.rate, number, options.steps);
    const double scaleRate = cosineRate(options.scaleRate, number, options.steps);
    for (size_t i = 0; i < adam.size(); ++i)
      if (Error error = options.rotationSteps == RotationSteps::Adam
                            ? adam[i].step(point.rotations[i], gradients.rotations[i], rate)
                            : cayley[i].step(point.rotations[i], gradients.rotations[i], rate))
        return error;
    for (size_t i = 0; i < scales.size(); ++i)
      if (Error error = scales[i].step(point.logScales[i], gradients.logScales[i], scaleRate))
        return error;
    return Error::success();
  }

private:
  const LearnTransformOptions &options;
  std::vector<RiemannianAdam> adam;
  std::vector<CayleySGD> cayley;
  std::vector<Adam> scales;
};
} // namespace

Expected<LearnedTransforms>
ptq::learnTransforms(const TransformPoint &start,
                     function_ref<Expected<TransformLoss>(const TransformPoint &, int64_t)> train,
                     function_ref<Expected<double>(const TransformPoint &)> check,
                     const LearnTransformOptions &options) {
  if (options.steps < 0 || !(options.rate >= 0) || !(options.scaleRate >= 0))
    return makeError("expected steps and rates of 0 or more");
  Expected<double> before = check(start);
  if (!before)
    return before.takeError();
  LearnedTransforms result{start, *before, *before};
  TransformPoint point = start;
  Steps steps(point, options);
  for (int64_t step = 0; step < options.steps; ++step) {
    Expected<TransformLoss> loss = train(point, step);
    if (!loss)
      return loss.takeError();
    if (loss->gradients.rotations.size() != point.rotations.size() ||
        loss->gradients.logScales.size() != point.logScales.size())
      return makeError("expected a gradient for every rotation and scale");
    if (Error error = steps.step(point, loss->gradients, step))
      return std::move(error);
    if (options.progress)
      options.progress(step + 1, options.steps);
  }
  for (Matrix &rotation : point.rotations) {
    Expected<Matrix> nearest = polarFactor(rotation);
    if (!nearest)
      return nearest.takeError();
    rotation = std::move(*nearest);
  }
  Expected<double> after = check(point);
  if (!after)
    return after.takeError();
  if (*after < result.before) {
    result.point = std::move(point);
    result.after = *after;
  }
  return result;
}
