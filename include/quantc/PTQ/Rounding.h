//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What weights are rounded to, seen by the methods that choose the rounding: a grid of real values
// for each row and group of columns. Round-to-nearest is here; GPTQ, AdaRound and the others work
// on any grid. Design: docs/Rounding.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_ROUNDING_H
#define QUANTC_PTQ_ROUNDING_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::ptq {

/// A grid for weights [rows, columns]. A group is `groupSize` neighbouring columns (the last one
/// may be narrower); each row has its own parameters in each group, unless the grid says otherwise.
/// Grids that are not fitted have no values to round to: fit first.
///
/// A column is a pointer to `rows` values, one after the other. Rounding is to the nearest value,
/// ties as the grid's arithmetic has them (half to even); what lies outside saturates.
class WeightGrid {
public:
  virtual ~WeightGrid();

  int64_t rows() const { return numRows; }
  int64_t columns() const { return numColumns; }
  int64_t groupSize() const { return width; }
  int64_t groups() const { return (numColumns + width - 1) / width; }
  int64_t groupBegin(int64_t group) const { return group * width; }
  int64_t groupWidth(int64_t group) const;

  /// Chooses the parameters of all groups for `weights`, finite. `columnWeights`, none or one
  /// number per column, not negative, says how much an error counts where the grid searches.
  llvm::Error fit(const Matrix &weights, const double *columnWeights = nullptr);
  /// The same for one group from its columns [rows, 1..groupSize]; a grid whose groups depend on
  /// each other (fitsGroupsAlone() is false) refuses.
  llvm::Error fitGroup(int64_t group, const Matrix &weights, const double *columnWeights = nullptr);
  /// Whether the parameters of a group depend on its own weights alone.
  virtual bool fitsGroupsAlone() const { return true; }

  /// The grid's real value that is nearest to each entry. `rounded` may be `column`.
  virtual void roundColumn(int64_t group, const double *column, double *rounded) const = 0;
  /// Its code, as a number.
  virtual void codeColumn(int64_t group, const double *column, int32_t *codes) const = 0;
  /// The greatest value that is not above and the least one that is not below each entry; both the
  /// end of the grid for entries outside, both the entry for those on the grid.
  virtual void neighbours(int64_t group, const double *column, double *below,
                          double *above) const = 0;

protected:
  /// `groupSize` 0: one group of all columns.
  WeightGrid(int64_t rows, int64_t columns, int64_t groupSize);

  virtual void fitAll(const Matrix &weights, const double *columnWeights);
  virtual void fitOne(int64_t group, const Matrix &weights, const double *columnWeights) = 0;

private:
  int64_t numRows, numColumns, width;
};

/// The nearest values of a fitted grid. `groupOf`, none or one entry per column, tells the group
/// whose parameters a column uses where it is not its own.
llvm::Expected<Matrix> roundOnGrid(const Matrix &weights, const WeightGrid &grid,
                                   const std::vector<int64_t> *groupOf = nullptr);

/// Fits the grid to the weights and rounds them to it: round-to-nearest (RTN).
llvm::Expected<Matrix> roundToNearest(const Matrix &weights, WeightGrid &grid);

/// Codes [rows, columns], row-major.
llvm::Expected<std::vector<int32_t>> codesOnGrid(const Matrix &weights, const WeightGrid &grid,
                                                 const std::vector<int64_t> *groupOf = nullptr);

/// The values of the grid on either side of every weight: see WeightGrid::neighbours.
struct Neighbours {
  Matrix below, above;
};
llvm::Expected<Neighbours> neighboursOnGrid(const Matrix &weights, const WeightGrid &grid);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_ROUNDING_H
