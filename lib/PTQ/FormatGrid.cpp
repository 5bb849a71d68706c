//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Number formats as grids.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/FormatGrid.h"
#include <algorithm>
#include <cmath>

using namespace quantc;
using namespace quantc::ptq;
using namespace quantc::numerics;

static int64_t groupSizeOf(const NumberFormat &format) {
  return format.granularity == Granularity::Group ? static_cast<int64_t>(format.groupSize) : 0;
}

/// The codes that `codec` can give in blocks of table `selector`, by value.
static std::vector<uint8_t> orderedCodes(const NumberFormatCodec &codec, uint8_t selector) {
  BlockParams unit;
  unit.selector = selector;
  if (codec.getFormat().zeroPoint == ZeroPointKind::Integer)
    unit.zeroPoint = codec.getFormat().minCode();
  auto value = [&](uint8_t code) { return codec.decode(code, unit); };
  std::vector<uint8_t> codes;
  for (int i = 0; i < 1 << codec.getFormat().elementBits(); ++i) {
    uint8_t code = static_cast<uint8_t>(i);
    if (std::isfinite(value(code)) && codec.encode(value(code), unit) == code)
      codes.push_back(code);
  }
  std::stable_sort(codes.begin(), codes.end(),
                   [&](uint8_t a, uint8_t b) { return value(a) < value(b); });
  auto same = [&](uint8_t a, uint8_t b) { return value(a) == value(b); };
  codes.erase(std::unique(codes.begin(), codes.end(), same), codes.end());
  return codes;
}

FormatGrid::FormatGrid(int64_t rows, int64_t columns, const NumberFormat &format,
                       const ScaleSearch &search)
    : WeightGrid(rows, columns, groupSizeOf(format)), codec(format), search(search) {
  blocks.rows = static_cast<size_t>(rows);
  blocks.columns = static_cast<size_t>(columns);
  size_t count = format.blockCount(blocks.rows, blocks.columns);
  blocks.codes.resize(count, encodeScale(format.scale, 1.0));
  blocks.params.resize(count);
  size_t tables = format.selectorBits() == 0 ? 1 : format.codebook.tables.size();
  for (size_t table = 0; table < tables; ++table)
    ordered.push_back(orderedCodes(codec, static_cast<uint8_t>(table)));
}

bool FormatGrid::fitsGroupsAlone() const {
  return format().scale != ScaleType::E4M3 && format().scale != ScaleType::Double;
}

const BlockParams &FormatGrid::params(int64_t row, int64_t group) const {
  bool perTensor = format().granularity == Granularity::Tensor;
  return blocks.params[perTensor ? 0 : row * groups() + group];
}

void FormatGrid::fitAll(const Matrix &weights, const double *columnWeights) {
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> narrow =
      weights.cast<float>();
  ScaleSearch weighted = search;
  weighted.columnWeights = columnWeights;
  blocks = chooseScales(format(), narrow.data(), blocks.rows, blocks.columns, weighted);
}

void FormatGrid::fitOne(int64_t group, const Matrix &weights, const double *columnWeights) {
  if (groups() == 1)
    return fitAll(weights, columnWeights);
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> narrow =
      weights.cast<float>();
  ScaleSearch weighted = search;
  weighted.columnWeights = columnWeights;
  BlockScales part = chooseScales(format(), narrow.data(), static_cast<size_t>(weights.rows()),
                                  static_cast<size_t>(weights.cols()), weighted);
  for (int64_t row = 0; row < rows(); ++row) {
    blocks.codes[row * groups() + group] = part.codes[row];
    blocks.params[row * groups() + group] = part.params[row];
  }
}

void FormatGrid::roundColumn(int64_t group, const double *column, double *rounded) const {
  for (int64_t row = 0; row < rows(); ++row)
    rounded[row] = codec.fakeQuantize(static_cast<float>(column[row]), params(row, group));
}

void FormatGrid::codeColumn(int64_t group, const double *column, int32_t *codes) const {
  const bool isSigned = format().element == ElementKind::Integer && format().isSigned;
  const int bits = format().elementBits();
  for (int64_t row = 0; row < rows(); ++row) {
    int32_t code = codec.encode(static_cast<float>(column[row]), params(row, group));
    codes[row] = isSigned && (code >> (bits - 1)) ? code - (1 << bits) : code;
  }
}

void FormatGrid::neighbours(int64_t group, const double *column, double *below,
                            double *above) const {
  for (int64_t row = 0; row < rows(); ++row) {
    const BlockParams &block = params(row, group);
    const std::vector<uint8_t> &codes = ordered[block.selector];
    const double value = column[row];
    auto less = [&](double v, uint8_t code) { return v < double(codec.decode(code, block)); };
    auto next = std::upper_bound(codes.begin(), codes.end(), value, less);
    auto previous = next == codes.begin() ? next : next - 1;
    below[row] = codec.decode(*previous, block);
    above[row] =
        next == codes.end() || below[row] >= value ? below[row] : codec.decode(*next, block);
  }
}
