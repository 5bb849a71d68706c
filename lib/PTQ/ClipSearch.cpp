//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's search of a clipped range.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/ClipSearch.h"
#include "Checks.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// `weights` with each row clamped to its limit.
static Matrix clampRows(const Matrix &weights, const Vector &limits) {
  Matrix clamped = weights;
  for (Eigen::Index row = 0; row < weights.rows(); ++row)
    clamped.row(row) = weights.row(row).cwiseMin(limits[row]).cwiseMax(-limits[row]);
  return clamped;
}

/// diag(dW G dW^T) of one group whose clamped weights are rounded on a grid fitted to them.
static Expected<Vector> groupError(int64_t group, const Matrix &weights, const Matrix &clamped,
                                   const Matrix &moment, WeightGrid &grid) {
  if (Error error = grid.fitGroup(group, clamped))
    return std::move(error);
  Matrix change(weights.rows(), weights.cols());
  for (Eigen::Index column = 0; column < weights.cols(); ++column) {
    Vector values = clamped.col(column);
    grid.roundColumn(group, values.data(), values.data());
    change.col(column) = values - weights.col(column);
  }
  return Vector((change * moment).cwiseProduct(change).rowwise().sum());
}

static Error clipGroup(int64_t group, const Matrix &secondMoment, WeightGrid &grid,
                       const ActivationClipOptions &options, ActivationClip &result) {
  int64_t begin = grid.groupBegin(group), width = grid.groupWidth(group);
  const Matrix weights = result.weights.middleCols(begin, width);
  const Matrix moment = secondMoment.block(begin, begin, width, width);
  const Vector most = weights.cwiseAbs().rowwise().maxCoeff();
  Vector limits = most, best;
  for (int step = 0; step < options.steps; ++step) {
    Vector candidate = most * (1 - double(step) / options.grid);
    Expected<Vector> error =
        groupError(group, weights, clampRows(weights, candidate), moment, grid);
    if (!error)
      return error.takeError();
    if (step == 0) {
      best = *error;
      result.unclippedError.col(group) = *error;
    }
    for (Eigen::Index row = 0; row < best.size(); ++row)
      if ((*error)[row] < best[row]) {
        best[row] = (*error)[row];
        limits[row] = candidate[row];
      }
  }
  Matrix clamped = clampRows(weights, limits);
  result.weights.middleCols(begin, width) = clamped;
  result.limits.col(group) = limits;
  result.error.col(group) = best;
  return grid.fitGroup(group, clamped);
}

Expected<ActivationClip> ptq::clipByActivation(const Matrix &weights, const Matrix &secondMoment,
                                               WeightGrid &grid,
                                               const ActivationClipOptions &options) {
  if (options.steps < 1 || options.grid < options.steps)
    return makeError("expected 1 to grid steps, but found " + Twine(options.steps) +
                     " steps of a grid of " + Twine(options.grid));
  if (Error error = checkMatrix("a weight", weights, grid.rows(), grid.columns()))
    return std::move(error);
  if (Error error = checkMatrix("second moments", secondMoment, grid.columns(), grid.columns()))
    return std::move(error);
  ActivationClip result;
  result.weights = weights;
  result.limits = result.error = result.unclippedError = Matrix(grid.rows(), grid.groups());
  for (int64_t group = 0; group < grid.groups(); ++group)
    if (Error error = clipGroup(group, secondMoment, grid, options, result))
      return std::move(error);
  return result;
}
