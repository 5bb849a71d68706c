//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// HQQ.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Hqq.h"
#include "Checks.h"
#include "quantc/Numerics/Rounding.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

double ptq::shrinkLp(double x, double p, double beta) {
  double magnitude = std::fabs(x);
  if (magnitude == 0)
    return 0;
  return std::copysign(std::max(magnitude - std::pow(magnitude, p - 1) / beta, 0.0), x);
}

/// The zero of a group that fits best where the shrunk errors are left out.
static double nextZero(const double *weights, int64_t count, const AffineParams &params,
                       const CodeRange &codes, double p, double beta) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    double code = affineCode(weights[i], params, codes);
    double error = weights[i] - params.scale * (code - params.zero);
    sum += code - (weights[i] - shrinkLp(error, p, beta)) / params.scale;
  }
  return sum / double(count);
}

static double meanError(const Matrix &weights, const Matrix &rounded) {
  return weights.size() == 0 ? 0 : (weights - rounded).cwiseAbs().mean();
}

static Error checkOptions(const HqqOptions &options) {
  if (options.bits < 1 || options.bits > 8)
    return makeError("expected 1 to 8 bits, but found " + Twine(options.bits));
  if (options.groupSize < 0)
    return makeError("expected a size of groups that is not negative, but found " +
                     Twine(options.groupSize));
  if (!(options.p > 0 && options.p <= 1 && options.beta > 0 && options.kappa > 0))
    return makeError("expected p in (0, 1] and positive beta and kappa, but found " +
                     Twine(std::to_string(options.p)) + ", " + Twine(std::to_string(options.beta)) +
                     " and " + Twine(std::to_string(options.kappa)));
  return Error::success();
}

Expected<HqqResult> ptq::roundByHqq(const Matrix &weights, const HqqOptions &options) {
  if (Error error = checkOptions(options))
    return std::move(error);
  AffineGridOptions gridOptions;
  gridOptions.family = GridFamily::FloatZero;
  gridOptions.bits = options.bits;
  gridOptions.groupSize = options.groupSize;
  HqqResult result{AffineGrid(weights.rows(), weights.cols(), gridOptions), {}, {}};
  AffineGrid &grid = result.grid;
  if (Error error = grid.fit(weights))
    return std::move(error);
  if (options.roundFirstZero)
    for (int64_t row = 0; row < grid.rows(); ++row)
      for (int64_t group = 0; group < grid.groups(); ++group) {
        AffineParams params = grid.params(row, group);
        params.zero = numerics::roundHalfEven(params.zero);
        grid.setParams(row, group, params);
      }
  result.weights = cantFail(roundOnGrid(weights, grid));
  result.errors.push_back(meanError(weights, result.weights));

  double beta = options.beta;
  for (int step = 0; step < options.iterations; ++step, beta *= options.kappa) {
    AffineGrid next = grid;
    for (int64_t row = 0; row < grid.rows(); ++row)
      for (int64_t group = 0; group < grid.groups(); ++group) {
        AffineParams params = grid.params(row, group);
        const double *first = weights.data() + row * weights.cols() + grid.groupBegin(group);
        params.zero =
            nextZero(first, grid.groupWidth(group), params, grid.codes(), options.p, beta);
        next.setParams(row, group, params);
      }
    Matrix rounded = cantFail(roundOnGrid(weights, next));
    double error = meanError(weights, rounded);
    if (!(error < result.errors.back()))
      break;
    result.errors.push_back(error);
    grid = std::move(next);
    result.weights = std::move(rounded);
  }
  return result;
}
