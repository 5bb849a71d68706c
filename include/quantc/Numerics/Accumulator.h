//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exact ranges of integer dot products with constant weights: the proof that no accumulator
// overflows. `accumulatorRange` bounds the final sum; `prefixBound` bounds every partial sum in any
// order, which is what saturating instructions and reordered loops need. Two's-complement
// wrap-around of partial sums is harmless where the final sum fits. Rules [NUM-ACC-*] of
// docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_ACCUMULATOR_H
#define QUANTC_NUMERICS_ACCUMULATOR_H

#include "quantc/Numerics/Saturation.h"

#include <cstddef>
#include <cstdint>

namespace quantc::numerics {

/// [NUM-ACC-1] Exact range of sum_k w[k*stride] * x_k + bias when each x_k (zero point already
/// subtracted) varies independently over `xMinusZp`. Where padding exists a tap may be 0: pass a
/// range that holds 0. Saturates at int64.
IntRange accumulatorRange(const int8_t *w, size_t n, int64_t bias, IntRange xMinusZp,
                          size_t stride = 1);
IntRange accumulatorRange(const int32_t *w, size_t n, int64_t bias, IntRange xMinusZp,
                          size_t stride = 1);

/// [NUM-ACC-2] |bias| + sum_k |w_k| * max|x|: no partial sum, in any order, is larger in magnitude.
int64_t prefixBound(const int8_t *w, size_t n, int64_t bias, IntRange xMinusZp, size_t stride = 1);
int64_t prefixBound(const int32_t *w, size_t n, int64_t bias, IntRange xMinusZp, size_t stride = 1);

/// The prefix bound as a range, [-bound, bound].
inline IntRange prefixRange(const int8_t *w, size_t n, int64_t bias, IntRange xMinusZp,
                            size_t stride = 1) {
  int64_t b = prefixBound(w, n, bias, xMinusZp, stride);
  return {-b, b};
}

/// [NUM-ACC-3] bias - zp * sum_k w_k: the bias of the same sum over raw values x. It may leave
/// int32; a kernel takes the low 32 bits, which is exact when the final sum fits (two's
/// complement).
int64_t foldZeroPoint(int64_t bias, const int8_t *w, size_t n, int32_t zp, size_t stride = 1);

/// [NUM-ACC-4] Most products a*b whose sum is certain to fit a signed accumulator of `accBits`
/// (2..64), for independent a, b of the given ranges. INT64_MAX when every product is 0.
int64_t safeDepth(IntRange a, IntRange b, unsigned accBits = 32);

/// [NUM-ACC-5] Whether w0*x0 + w1*x1 fits int16 for all x0, x1 of `x`: what vpmaddubsw needs in
/// order not to saturate.
bool pairFitsInt16(int8_t w0, int8_t w1, IntRange x = {0, 255});

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_ACCUMULATOR_H
