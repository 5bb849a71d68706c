//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The grid of a number format: any element, scale type and granularity that
// numerics::NumberFormat describes. Values are what the stored codes and scales decode to in fp32,
// bit for bit, so that what a method was told is what a kernel computes with.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_FORMATGRID_H
#define QUANTC_PTQ_FORMATGRID_H

#include "quantc/Numerics/BlockScale.h"
#include "quantc/PTQ/Rounding.h"

namespace quantc::ptq {

class FormatGrid final : public WeightGrid {
public:
  /// The format must have no faults. `search.columnWeights` is not read: fit() takes them.
  FormatGrid(int64_t rows, int64_t columns, const numerics::NumberFormat &format,
             const numerics::ScaleSearch &search = {});

  const numerics::NumberFormat &format() const { return codec.getFormat(); }
  /// What is to be stored; its blocks are rows times groups, or one for a format per tensor.
  const numerics::BlockScales &scales() const { return blocks; }

  /// False where scales have a second level.
  bool fitsGroupsAlone() const override;
  void roundColumn(int64_t group, const double *column, double *rounded) const override;
  /// Codes of signed integers as numbers, others as stored.
  void codeColumn(int64_t group, const double *column, int32_t *codes) const override;
  void neighbours(int64_t group, const double *column, double *below, double *above) const override;

protected:
  void fitAll(const Matrix &weights, const double *columnWeights) override;
  void fitOne(int64_t group, const Matrix &weights, const double *columnWeights) override;

private:
  const numerics::BlockParams &params(int64_t row, int64_t group) const;

  numerics::NumberFormatCodec codec;
  numerics::ScaleSearch search;
  numerics::BlockScales blocks;
  /// Per table, the codes that rounding gives, by value; one of each value.
  std::vector<std::vector<uint8_t>> ordered;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_FORMATGRID_H
