//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Zero points by half-quadratic splitting [NUM-FMT-10].
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/BlockScale.h"

#include <algorithm>
#include <cmath>

namespace quantc::numerics {

double shrinkLp(double x, double p, double beta) {
  double magnitude = std::fabs(x);
  if (magnitude == 0)
    return 0;
  return std::copysign(std::max(magnitude - std::pow(magnitude, p - 1) / beta, 0.0), x);
}

namespace {
/// One matrix; blocks whose scale is NaN are left out.
class ZeroSearch {
public:
  ZeroSearch(const NumberFormat &format, const ScaleSearch &search, const float *matrix)
      : format(format), search(search), codec(format), matrix(matrix) {}

  /// mean |x - decode(encode(x))|.
  double meanError(const BlockScales &scales) const;
  /// The zeros that fit best where the shrunk errors are left out.
  BlockScales step(const BlockScales &scales, double beta) const;

private:
  const NumberFormat &format;
  const ScaleSearch &search;
  NumberFormatCodec codec;
  const float *matrix;

  template <typename Visit> void forBlocks(const BlockScales &scales, const Visit &visit) const {
    for (size_t block = 0; block < scales.params.size(); ++block)
      if (size_t n = format.blockLength(block, scales.rows, scales.columns);
          n != 0 && !std::isnan(scales.params[block].scale))
        visit(block, matrix + format.blockBegin(block, scales.columns), n);
  }
};
} // namespace

double ZeroSearch::meanError(const BlockScales &scales) const {
  double sum = 0, count = 0;
  forBlocks(scales, [&](size_t block, const float *x, size_t n) {
    sum += codec.error(x, n, scales.params[block], {1.0, nullptr});
    count += static_cast<double>(n);
  });
  return count == 0 ? 0 : sum / count;
}

BlockScales ZeroSearch::step(const BlockScales &scales, double beta) const {
  BlockScales next = scales;
  std::vector<float> rounded;
  forBlocks(scales, [&](size_t block, const float *x, size_t n) {
    const BlockParams &params = scales.params[block];
    rounded.resize(n);
    codec.fakeQuantize(x, n, params, rounded.data());
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      double error = double(x[i]) - double(rounded[i]);
      sum += error - shrinkLp(error, search.norm, beta);
    }
    double zero = double(params.zero) + sum / static_cast<double>(n);
    next.params[block].zero = roundToScale(format.scale, zero);
  });
  return next;
}

void moveZeros(const NumberFormat &format, const ScaleSearch &search, const float *matrix,
               BlockScales &scales) {
  const ZeroSearch zeros(format, search, matrix);
  double error = zeros.meanError(scales), beta = search.beta;
  for (int i = 0; i < search.steps; ++i, beta *= search.kappa) {
    BlockScales next = zeros.step(scales, beta);
    double moved = zeros.meanError(next);
    if (!(moved < error))
      break;
    error = moved;
    scales = std::move(next);
  }
}

} // namespace quantc::numerics
