//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// HQQ: without data, the zero of each group is moved to where a few large errors count less: the
// l_p error of the weights, p < 1, by half-quadratic splitting. Scales stay those of the range.
//
// Source: Badri and Shaji, "Half-Quadratic Quantization", mobiusml/hqq (2023).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_HQQ_H
#define QUANTC_PTQ_HQQ_H

#include "quantc/PTQ/AffineGrid.h"

namespace quantc::ptq {

struct HqqOptions {
  int bits = 4;           ///< 1..8
  int64_t groupSize = 64; ///< neighbours of a row; 0: the row
  int iterations = 20;
  double p = 0.7; ///< of the norm, in (0, 1]
  double beta = 10;
  double kappa = 1.01; ///< growth of beta each time
  /// Starts from a rounded zero, as the published code does for 4 bits.
  bool roundFirstZero = false;
};

struct HqqResult {
  AffineGrid grid; ///< of family FloatZero
  Matrix weights;  ///< rounded to it
  /// mean |W - rounded| over the matrix, first with the zeros of the range, then after each step
  /// that lessened it. The last one is that of `weights`.
  std::vector<double> errors;
};

/// Stops at the first step that does not lessen the error, and keeps the zeros from before it.
llvm::Expected<HqqResult> roundByHqq(const Matrix &weights, const HqqOptions &options = {});

/// The minimum over e of |e|^p + beta/2 (e - x)^2 as HQQ takes it, sign(x) max(|x| - |x|^(p-1) /
/// beta, 0); 0 for 0.
double shrinkLp(double x, double p, double beta);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_HQQ_H
