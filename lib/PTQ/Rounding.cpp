//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grids in general, and rounding to the nearest value.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Rounding.h"
#include "Checks.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

WeightGrid::WeightGrid(int64_t rows, int64_t columns, int64_t groupSize)
    : numRows(rows), numColumns(columns),
      width(groupSize > 0 && groupSize < columns ? groupSize : std::max<int64_t>(columns, 1)) {}

WeightGrid::~WeightGrid() = default;

int64_t WeightGrid::groupWidth(int64_t group) const {
  return std::min(width, numColumns - groupBegin(group));
}

void WeightGrid::fitAll(const Matrix &weights, const double *columnWeights) {
  for (int64_t group = 0; group < groups(); ++group) {
    int64_t begin = groupBegin(group);
    fitOne(group, weights.middleCols(begin, groupWidth(group)),
           columnWeights ? columnWeights + begin : nullptr);
  }
}

Error WeightGrid::fit(const Matrix &weights, const double *columnWeights) {
  if (Error error = checkMatrix("a weight", weights, numRows, numColumns))
    return error;
  fitAll(weights, columnWeights);
  return Error::success();
}

Error WeightGrid::fitGroup(int64_t group, const Matrix &weights, const double *columnWeights) {
  if (group < 0 || group >= groups())
    return makeError("expected a group below " + Twine(groups()) + ", but found " + Twine(group));
  if (weights.cols() < 1 || weights.cols() > width)
    return makeError("expected 1 to " + Twine(width) + " columns of a group, but found " +
                     Twine(weights.cols()));
  if (groups() > 1 && !fitsGroupsAlone())
    return makeError("expected a grid whose groups do not depend on each other");
  if (Error error = checkMatrix("a group's weight", weights, numRows, weights.cols()))
    return error;
  fitOne(group, weights, columnWeights);
  return Error::success();
}

/// Calls visit(column, group, values of the column).
template <typename Visit>
static Error forEachColumn(const Matrix &weights, const WeightGrid &grid,
                           const std::vector<int64_t> *groupOf, Visit visit) {
  if (Error error = checkMatrix("a weight", weights, grid.rows(), grid.columns()))
    return error;
  if (groupOf && int64_t(groupOf->size()) != grid.columns())
    return makeError("expected " + Twine(grid.columns()) + " columns with a group, but found " +
                     Twine(groupOf->size()));
  for (int64_t column = 0; column < grid.columns(); ++column) {
    int64_t group = groupOf ? (*groupOf)[column] : column / grid.groupSize();
    if (group < 0 || group >= grid.groups())
      return makeError("expected a group below " + Twine(grid.groups()) + ", but found " +
                       Twine(group));
    Vector values = weights.col(column);
    visit(column, group, values);
  }
  return Error::success();
}

Expected<Matrix> ptq::roundOnGrid(const Matrix &weights, const WeightGrid &grid,
                                  const std::vector<int64_t> *groupOf) {
  Matrix rounded(weights.rows(), weights.cols());
  auto visit = [&](int64_t column, int64_t group, Vector &values) {
    grid.roundColumn(group, values.data(), values.data());
    rounded.col(column) = values;
  };
  if (Error error = forEachColumn(weights, grid, groupOf, visit))
    return std::move(error);
  return rounded;
}

Expected<Matrix> ptq::roundToNearest(const Matrix &weights, WeightGrid &grid) {
  if (Error error = grid.fit(weights))
    return std::move(error);
  return roundOnGrid(weights, grid);
}

Expected<std::vector<int32_t>> ptq::codesOnGrid(const Matrix &weights, const WeightGrid &grid,
                                                const std::vector<int64_t> *groupOf) {
  std::vector<int32_t> codes(weights.size()), column(weights.rows());
  auto visit = [&](int64_t index, int64_t group, Vector &values) {
    grid.codeColumn(group, values.data(), column.data());
    for (int64_t row = 0; row < weights.rows(); ++row)
      codes[row * weights.cols() + index] = column[row];
  };
  if (Error error = forEachColumn(weights, grid, groupOf, visit))
    return std::move(error);
  return codes;
}

Expected<Neighbours> ptq::neighboursOnGrid(const Matrix &weights, const WeightGrid &grid) {
  Neighbours result{Matrix(weights.rows(), weights.cols()), Matrix(weights.rows(), weights.cols())};
  Vector below(weights.rows()), above(weights.rows());
  auto visit = [&](int64_t column, int64_t group, Vector &values) {
    grid.neighbours(group, values.data(), below.data(), above.data());
    result.below.col(column) = below;
    result.above.col(column) = above;
  };
  if (Error error = forEachColumn(weights, grid, nullptr, visit))
    return std::move(error);
  return result;
}
