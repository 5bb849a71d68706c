//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Affine grids by family, and the search of their range.
//
//===----------------------------------------------------------------------===//

#include "AffineGrid.h"
#include "quantc/Numerics/Rounding.h"
#include "quantc/Support/TileProduct.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;
using namespace quantc::ptq::test;
using numerics::roundHalfEven;

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

static bool isSigned(GridFamily family) {
  return family == GridFamily::SymmetricNarrow || family == GridFamily::Symmetric;
}

CodeRange test::codeRange(GridFamily family, int bits) {
  double half = std::ldexp(1.0, bits - 1);
  if (!isSigned(family))
    return {0, 2 * half - 1};
  return {family == GridFamily::Symmetric ? -half : 1 - half, half - 1};
}

/// GPTQ's range: 0 is inside, zeros are [-1, 1].
static void includeZero(double &lo, double &hi) {
  lo = std::min(lo, 0.0);
  hi = std::max(hi, 0.0);
  if (lo == 0 && hi == 0) {
    lo = -1;
    hi = 1;
  }
}

AffineParams test::paramsOfRange(GridFamily family, int bits, double lo, double hi) {
  constexpr double kLeast = 1e-5;
  const double last = std::ldexp(1.0, bits) - 1, half = std::ldexp(1.0, bits - 1);
  const double most = std::max(std::fabs(lo), std::fabs(hi));
  switch (family) {
  case GridFamily::SymmetricNarrow:
  case GridFamily::Symmetric:
    return {std::max(most, kLeast) / (half - 1), 0};
  case GridFamily::SymmetricUnsigned:
    includeZero(lo, hi);
    hi = std::max(std::fabs(lo), hi);
    return {(lo < 0 ? 2 * hi : hi) / last, half};
  case GridFamily::AsymmetricZero: {
    includeZero(lo, hi);
    double scale = (hi - lo) / last;
    return {scale, roundHalfEven(-lo / scale)};
  }
  case GridFamily::Asymmetric: {
    double scale = std::max(hi - lo, kLeast) / last;
    return {scale, std::clamp(-roundHalfEven(lo / scale), 0.0, last)};
  }
  case GridFamily::AsymmetricFree: {
    double scale = std::max(hi - lo, kLeast) / last;
    return {scale, roundHalfEven(-lo / scale)};
  }
  case GridFamily::LearnedBounds: {
    double scale = std::clamp((hi - lo) / last, kLeast, 1e4);
    return {scale, -roundHalfEven(lo / scale)};
  }
  case GridFamily::FloatZero: {
    constexpr double kFlat = 1e-4, kMostInverse = 2e4;
    double inverse = std::min(last / (hi - lo <= kFlat ? 1.0 : hi - lo), kMostInverse);
    return {1 / inverse, -lo * inverse};
  }
  }
  return {};
}

/// A zero as what is added after rounding, where it is an integer, or else before.
static inline std::pair<double, double> splitZero(double zero) {
  bool whole = roundHalfEven(zero) == zero;
  return {whole ? 0 : zero, whole ? zero : 0};
}

double test::affineCode(double x, const AffineParams &params, const CodeRange &codes) {
  auto [fraction, whole] = splitZero(params.zero);
  double code = roundHalfEven(x / params.scale + fraction) + whole;
  return std::min(std::max(code, codes.least), codes.greatest);
}

//===----------------------------------------------------------------------===//
// Search of a range
//===----------------------------------------------------------------------===//

namespace {
/// How much of an error sum a chunk adds, and the lanes it is added in: the order of additions is
/// the same for every width of registers.
constexpr int64_t kChunk = 64;
constexpr int64_t kLanes = 8;
} // namespace

/// x^(1/5) for x >= 0, to about 1 ulp; a small number, not 0, for 0. From a guess within 4 % by a
/// fifth of the exponent, with Newton's steps.
static inline double fifthRoot(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  uint64_t guess = ((bits >> 32) * UINT64_C(0xCCCCCCCD)) >> 34; // / 5
  guess = (guess + 858160000) << 32;                            // + 4/5 of the exponent's bias
  double y;
  std::memcpy(&y, &guess, sizeof y);
  for (int step = 0; step < 4; ++step) {
    double square = y * y;
    y = 0.2 * (4 * y + x / (square * square));
  }
  return y;
}

/// Raises `count` squares d^2 to |d|^norm.
static inline void raise(double *squares, int64_t count, double norm) {
  if (norm == 2)
    return;
  if (norm == 2.4) {
    for (int64_t i = 0; i < count; ++i)
      squares[i] *= fifthRoot(squares[i]);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    squares[i] = std::pow(squares[i], norm / 2);
}

/// sum w |x - x^|^norm, or any number of at least `bound` when it is at least that.
QUANTC_HOST_LEVELS
static double rangeError(const double *values, int64_t count, AffineParams params, CodeRange codes,
                         const double *weights, double norm, double bound) {
  double lanes[kLanes] = {}, powers[kChunk];
  const auto [fraction, whole] = splitZero(params.zero);
  double sum = 0;
  for (int64_t begin = 0; begin < count && sum < bound; begin += kChunk) {
    const int64_t size = std::min(kChunk, count - begin);
    const double *x = values + begin;
    for (int64_t i = 0; i < size; ++i) {
      double code = roundHalfEven(x[i] / params.scale + fraction) + whole;
      code = code < codes.least ? codes.least : code;
      code = code > codes.greatest ? codes.greatest : code;
      double difference = x[i] - params.scale * (code - params.zero);
      powers[i] = difference * difference;
    }
    raise(powers, size, norm);
    if (weights)
      for (int64_t i = 0; i < size; ++i)
        powers[i] *= weights[begin + i];
    for (int64_t i = size; i < kChunk; ++i)
      powers[i] = 0;
    for (int64_t i = 0; i < kChunk; i += kLanes)
      for (int64_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] += powers[i + lane];
    sum = 0;
    for (double lane : lanes)
      sum += lane;
  }
  return sum;
}

RangeChoice test::searchRange(GridFamily family, int bits, const double *values, int64_t count,
                              const RangeSearch &search, const double *weights) {
  const auto [lo, hi] = std::minmax_element(values, values + count);
  const CodeRange codes = codeRange(family, bits);
  RangeChoice best;
  best.error = std::numeric_limits<double>::infinity();
  for (int step = 0; step < search.steps; ++step) {
    double shrink = 1 - double(step) / search.grid;
    AffineParams params = paramsOfRange(family, bits, shrink * *lo, shrink * *hi);
    double error = rangeError(values, count, params, codes, weights, search.norm, best.error);
    if (step == 0 || error < best.error)
      best = {params, shrink, error};
  }
  return best;
}

//===----------------------------------------------------------------------===//
// The grid
//===----------------------------------------------------------------------===//

std::string test::affineGridFault(const AffineGridOptions &options) {
  int least = isSigned(options.family) ? 2 : 1;
  if (options.bits < least || options.bits > 16)
    return "expected " + std::to_string(least) + " to 16 bits, but found " +
           std::to_string(options.bits);
  if (options.groupSize < 0)
    return "expected a size of groups that is not negative, but found " +
           std::to_string(options.groupSize);
  if (options.search && !(options.search->norm > 0 && options.search->steps >= 1 &&
                          options.search->grid >= options.search->steps))
    return "expected a search of a positive norm and 1 to grid steps, but found norm " +
           std::to_string(options.search->norm) + " and " + std::to_string(options.search->steps) +
           " steps of a grid of " + std::to_string(options.search->grid);
  if (!(options.lowFactor > 0 && options.highFactor > 0))
    return "expected positive factors of the bounds, but found " +
           std::to_string(options.lowFactor) + " and " + std::to_string(options.highFactor);
  return "";
}

AffineGrid::AffineGrid(int64_t rows, int64_t columns, const AffineGridOptions &options)
    : WeightGrid(rows, columns, options.groupSize), opts(options),
      range(codeRange(options.family, options.bits)), table(rows * groups()) {}

void AffineGrid::fitOne(int64_t group, const Matrix &weights, const double *columnWeights) {
  for (int64_t row = 0; row < rows(); ++row) {
    const double *values = weights.data() + row * weights.cols();
    AffineParams &params = table[group * rows() + row];
    if (opts.search) {
      params =
          searchRange(opts.family, opts.bits, values, weights.cols(), *opts.search, columnWeights)
              .params;
      continue;
    }
    auto [lo, hi] = std::minmax_element(values, values + weights.cols());
    bool learned = opts.family == GridFamily::LearnedBounds;
    params = paramsOfRange(opts.family, opts.bits, learned ? *lo * opts.lowFactor : *lo,
                           learned ? *hi * opts.highFactor : *hi);
  }
}

void AffineGrid::roundColumn(int64_t group, const double *column, double *rounded) const {
  const AffineParams *params = table.data() + group * rows();
  for (int64_t row = 0, end = rows(); row < end; ++row)
    rounded[row] =
        params[row].scale * (affineCode(column[row], params[row], range) - params[row].zero);
}

void AffineGrid::codeColumn(int64_t group, const double *column, int32_t *codes) const {
  const AffineParams *params = table.data() + group * rows();
  for (int64_t row = 0, end = rows(); row < end; ++row)
    codes[row] = static_cast<int32_t>(affineCode(column[row], params[row], range));
}

void AffineGrid::neighbours(int64_t group, const double *column, double *below,
                            double *above) const {
  const AffineParams *params = table.data() + group * rows();
  for (int64_t row = 0, end = rows(); row < end; ++row) {
    auto [scale, zero] = params[row];
    double value = column[row];
    double code = std::clamp(std::floor(value / scale + zero), range.least, range.greatest);
    below[row] = scale * (code - zero);
    above[row] = scale * (std::min(code + 1, range.greatest) - zero);
    if (below[row] >= value) // on the grid, or below all of it
      above[row] = below[row];
    else if (above[row] <= value) // the quotient was rounded down, or above all of it
      below[row] = above[row];
  }
}
