//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranges of integer dot products. Sums are kept in 128 bits and saturated once at the end: with n <
// 2^63 terms of less than 2^95 each, no sum here can overflow for any tensor that fits memory.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Accumulator.h"

#include <algorithm>

namespace quantc::numerics {

namespace {

template <typename T>
IntRange rangeOf(const T *w, size_t n, int64_t bias, IntRange x, size_t stride) {
  int128_t positive = 0, negative = 0; // sums of the positive and of the negative weights
  for (size_t k = 0; k < n; ++k) {
    int64_t v = w[k * stride];
    (v > 0 ? positive : negative) += v;
  }
  int128_t lo = positive * x.lo + negative * x.hi + bias;
  int128_t hi = positive * x.hi + negative * x.lo + bias;
  return {saturateToInt64(lo), saturateToInt64(hi)};
}

template <typename T>
int64_t boundOf(const T *w, size_t n, int64_t bias, IntRange x, size_t stride) {
  int128_t sum = 0;
  for (size_t k = 0; k < n; ++k) {
    int64_t v = w[k * stride];
    sum += v < 0 ? -v : v;
  }
  int128_t magnitude = bias < 0 ? -int128_t(bias) : int128_t(bias);
  return saturateToInt64(sum * static_cast<int128_t>(x.maxAbs()) + magnitude);
}

} // namespace

IntRange accumulatorRange(const int8_t *w, size_t n, int64_t bias, IntRange xMinusZp,
                          size_t stride) {
  return rangeOf(w, n, bias, xMinusZp, stride);
}
IntRange accumulatorRange(const int32_t *w, size_t n, int64_t bias, IntRange xMinusZp,
                          size_t stride) {
  return rangeOf(w, n, bias, xMinusZp, stride);
}

int64_t prefixBound(const int8_t *w, size_t n, int64_t bias, IntRange xMinusZp, size_t stride) {
  return boundOf(w, n, bias, xMinusZp, stride);
}
int64_t prefixBound(const int32_t *w, size_t n, int64_t bias, IntRange xMinusZp, size_t stride) {
  return boundOf(w, n, bias, xMinusZp, stride);
}

int64_t foldZeroPoint(int64_t bias, const int8_t *w, size_t n, int32_t zp, size_t stride) {
  int128_t sum = 0;
  for (size_t k = 0; k < n; ++k)
    sum += w[k * stride];
  return saturateToInt64(bias - sum * zp);
}

int64_t safeDepth(IntRange a, IntRange b, unsigned accBits) {
  IntRange product = mul(a, b);
  IntRange type = IntRange::signedType(accBits);
  int64_t depth = INT64_MAX;
  if (product.hi > 0)
    depth = std::min(depth, type.hi / product.hi);
  if (product.lo < 0)
    depth = std::min(depth, saturateToInt64(int128_t(type.lo) / product.lo));
  return depth;
}

bool pairFitsInt16(int8_t w0, int8_t w1, IntRange x) {
  const int8_t pair[2] = {w0, w1};
  return IntRange::signedType(16).contains(accumulatorRange(pair, 2, 0, x));
}

} // namespace quantc::numerics
