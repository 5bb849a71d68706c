//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Error metrics between a reference and a tested tensor, and measures of outliers. All sums are
// fp64 in index order, so a metric is reproducible. Rules [NUM-MET-*] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_METRICS_H
#define QUANTC_NUMERICS_METRICS_H

#include <cstddef>

namespace quantc::numerics {

/// 10*log10(sum ref^2 / sum (ref-test)^2) in dB: +infinity when equal, -infinity when only the
/// reference is all zero, NaN when a value is NaN.
double sqnrDb(const float *ref, const float *test, size_t n);

/// Cosine of the angle between two vectors; 1 when both are zero, 0 when one is.
double cosine(const float *a, const float *b, size_t n);

/// max |a-b|. Equal infinities and pairs of NaN count as equal; a one-sided NaN gives +infinity.
double maxAbsDiff(const float *a, const float *b, size_t n);

/// [NUM-MET-1] max|a-b| / max|ref| over the finite values of ref; 0 when equal, +infinity when only
/// the reference is all zero.
double maxRelDiff(const float *ref, const float *test, size_t n);

/// Mean over rows of KL(softmax(ref) || softmax(test)) in nats; [rows, cols] row-major. 0 when
/// empty.
double meanKl(const float *ref, const float *test, size_t rows, size_t cols);

/// Index of the largest value, the first of equals; NaN never wins. 0 when cols is 0.
size_t argMax(const float *row, size_t cols);

/// [NUM-MET-2] Fourth central moment over the squared second: 3 for a normal distribution, 1 for
/// +-1, about n for one outlier among n. 0 when all values are equal, or there are none.
double kurtosis(const float *x, size_t n);

/// [NUM-MET-2] max|x| over the root of the mean square, from 1 to sqrt(n). 0 when all values are 0,
/// or there are none.
double maxToRms(const float *x, size_t n);

/// Means of the two over the rows for which they are not 0; [rows, cols] row-major. 0 when there is
/// none.
double meanRowKurtosis(const float *x, size_t rows, size_t cols);
double meanRowMaxToRms(const float *x, size_t rows, size_t cols);

/// Share of rows with the same argMax; 1 when empty.
double top1Agreement(const float *ref, const float *test, size_t rows, size_t cols);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_METRICS_H
