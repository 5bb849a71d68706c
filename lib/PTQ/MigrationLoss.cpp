//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Noise of quantized linear maps on sample rows; see MigrationLoss.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/MigrationLoss.h"
#include "Checks.h"
#include "quantc/Numerics/Quantize.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

static Error checkRead(const ReadRows &read, int64_t channels) {
  int64_t inputs = static_cast<int64_t>(read.channels.size());
  if (read.taps < 1 || inputs < 1)
    return makeError("expected at least one input and tap");
  for (int64_t channel : read.channels)
    if (channel < 0 || channel >= channels)
      return makeError("expected channels below " + Twine(channels) + ", but found " +
                       Twine(channel));
  if (Error error = checkMatrix("rows", read.rows, read.rows.rows(), inputs * read.taps))
    return error;
  if (Error error = checkVector("least values", read.min, inputs))
    return error;
  if (Error error = checkVector("greatest values", read.max, inputs))
    return error;
  for (const ReadingMap &map : read.maps) {
    if (map.groups < 1 || inputs % map.groups || map.weight.rows() % map.groups)
      return makeError("expected groups of equal size, but found " + Twine(map.groups));
    if (Error error =
            checkMatrix("a weight", map.weight, map.weight.rows(), inputs / map.groups * read.taps))
      return error;
  }
  return Error::success();
}

/// Rows times the transposed weight of each group.
static Matrix apply(const ReadingMap &map, const Matrix &weight, const Matrix &rows) {
  int64_t outputs = weight.rows() / map.groups, width = weight.cols();
  Matrix result(rows.rows(), weight.rows());
  for (int64_t g = 0; g < map.groups; ++g)
    result.middleCols(g * outputs, outputs).noalias() =
        rows.middleCols(g * width, width) * weight.middleRows(g * outputs, outputs).transpose();
  return result;
}

Expected<MigrationLoss> MigrationLoss::create(std::vector<ReadRows> reads, int64_t channels,
                                              MigrationLossOptions options) {
  if (options.activationBits < 2 || options.activationBits > 16)
    return makeError("expected 2 to 16 bits, but found " + Twine(options.activationBits));
  if (!(options.percentile > 0 && options.percentile <= 100))
    return makeError("expected a percentile in (0, 100]");
  MigrationLoss loss;
  for (const ReadRows &read : reads) {
    if (Error error = checkRead(read, channels))
      return std::move(error);
    for (const ReadingMap &map : read.maps)
      loss.signal += apply(map, map.weight, read.rows).squaredNorm();
  }
  loss.reads = std::move(reads);
  loss.options = std::move(options);
  loss.channels = channels;
  return loss;
}

namespace {
struct Range {
  double lo = 0, hi = 0;
};
} // namespace

/// The range that keeps `percent` of the values, 0 among them.
static Range percentileRange(const Matrix &values, double percent) {
  std::vector<double> all(values.data(), values.data() + values.size());
  auto cut = static_cast<size_t>((1 - percent / 100) / 2 * static_cast<double>(all.size()));
  if (all.empty())
    return {};
  std::nth_element(all.begin(), all.begin() + cut, all.end());
  double lo = all[cut];
  size_t top = all.size() - 1 - cut;
  std::nth_element(all.begin(), all.begin() + top, all.end());
  return {std::min(lo, 0.0), std::max(all[top], 0.0)};
}

static Error roundValues(double *values, int64_t count, Range range,
                         const MigrationLossOptions &options) {
  int32_t least = options.isSigned ? -(1 << (options.activationBits - 1)) : 0;
  int32_t most = least + (1 << options.activationBits) - 1;
  std::optional<numerics::QuantParams> params =
      numerics::chooseParams(float(range.lo), float(range.hi), least, most, options.symmetric);
  if (!params)
    return makeError("expected activations within the range of fp32");
  for (int64_t i = 0; i < count; ++i)
    values[i] = numerics::dequantizeLinear(
        numerics::quantizeLinear(float(values[i]), params->scale, params->zeroPoint, least, most),
        params->scale, params->zeroPoint);
  return Error::success();
}

/// Codes of the transformed rows and back; `whole` is the range over all data.
static Error roundRows(Matrix &rows, Range whole, const MigrationLossOptions &options) {
  if (options.activations == ActivationCodes::Float)
    return Error::success();
  if (options.activations == ActivationCodes::Row) {
    for (Eigen::Index row = 0; row < rows.rows(); ++row) {
      Range range{std::min(rows.row(row).minCoeff(), 0.0), std::max(rows.row(row).maxCoeff(), 0.0)};
      if (Error error = roundValues(rows.row(row).data(), rows.cols(), range, options))
        return error;
    }
    return Error::success();
  }
  bool clips = options.percentile < 100 && !(options.clipTwoSidedOnly && whole.lo >= 0);
  Range range = clips ? percentileRange(rows, options.percentile) : whole;
  return roundValues(rows.data(), rows.size(), range, options);
}

Expected<ShiftedMigrationLoss> MigrationLoss::at(const Vector &shift) const {
  if (Error error = checkVector("the shift", shift, channels))
    return std::move(error);
  ShiftedMigrationLoss result(*this);
  result.shift = shift;
  for (const ReadRows &read : reads) {
    Matrix rows = read.rows;
    for (Eigen::Index column = 0; column < rows.cols(); ++column)
      rows.col(column).array() -= shift[read.channels[column / read.taps]];
    std::vector<Matrix> &results = result.results.emplace_back();
    for (const ReadingMap &map : read.maps)
      results.push_back(apply(map, map.weight, rows));
    result.rows.push_back(std::move(rows));
  }
  return result;
}

/// Each column of a group's weight by the factor of what it reads.
static Matrix scaledWeight(const ReadingMap &map, const Vector &factors) {
  Matrix weight = map.weight;
  int64_t outputs = weight.rows() / map.groups, width = weight.cols();
  for (int64_t g = 0; g < map.groups; ++g)
    weight.middleRows(g * outputs, outputs) *= factors.segment(g * width, width).asDiagonal();
  return weight;
}

/// The sum of squares of what rounded rows and weights change in `exact`.
static Expected<double> mapNoise(const ReadingMap &map, const Vector &factors,
                                 const Matrix &rounded, const Matrix &exact,
                                 const MigrationLossOptions &options) {
  Matrix weight = scaledWeight(map, factors);
  if (options.roundWeights) {
    Expected<Matrix> codes = options.roundWeights(weight);
    if (!codes)
      return codes.takeError();
    if (Error error = checkMatrix("the rounded weight", *codes, weight.rows(), weight.cols()))
      return std::move(error);
    weight = std::move(*codes);
  }
  return (apply(map, weight, rounded) - exact).squaredNorm();
}

/// Of the maps of `read`, whose shifted rows and exact results are given.
static Expected<double> readNoise(const ReadRows &read, const Matrix &rows,
                                  ArrayRef<Matrix> results, const Vector &shift,
                                  const Vector &scale, bool floored,
                                  const MigrationLossOptions &options) {
  Vector factors(rows.cols());
  Range whole;
  for (size_t input = 0; input < read.channels.size(); ++input) {
    int64_t channel = read.channels[input];
    factors.segment(static_cast<Eigen::Index>(input) * read.taps, read.taps)
        .setConstant(scale[channel]);
    whole.lo = std::min(whole.lo, (read.min[input] - shift[channel]) / scale[channel]);
    whole.hi = std::max(whole.hi, (read.max[input] - shift[channel]) / scale[channel]);
  }
  Matrix rounded = rows * factors.cwiseInverse().asDiagonal();
  if (floored) {
    rounded = rounded.cwiseMax(0.0);
    whole.lo = 0;
  }
  if (Error error = roundRows(rounded, whole, options))
    return std::move(error);
  double sum = 0;
  for (auto [map, exact] : zip_equal(read.maps, results)) {
    Expected<double> part = mapNoise(map, factors, rounded, exact, options);
    if (!part)
      return part.takeError();
    sum += *part;
  }
  return sum;
}

Expected<double> ShiftedMigrationLoss::operator()(const Vector &scale, bool floored) const {
  if (Error error = checkVector("the factors", scale, loss->channels))
    return std::move(error);
  if (!(scale.array() > 0).all())
    return makeError("expected positive factors");
  double sum = 0;
  for (auto [read, shifted, exact] : zip_equal(loss->reads, rows, results)) {
    Expected<double> part = readNoise(read, shifted, exact, shift, scale, floored, loss->options);
    if (!part)
      return part.takeError();
    sum += *part;
  }
  return loss->signal > 0 ? sum / loss->signal : sum;
}

Expected<double> MigrationLoss::operator()(const Vector &shift, const Vector &scale,
                                           bool floored) const {
  Expected<ShiftedMigrationLoss> shifted = at(shift);
  if (!shifted)
    return shifted.takeError();
  return (*shifted)(scale, floored);
}
