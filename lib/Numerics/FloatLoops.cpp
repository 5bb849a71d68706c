//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Host loops with hardware FMA where the machine has it. The loop bodies are written once and
// inlined into a function compiled for AVX2 + FMA and into a baseline one; both run the same FMAs
// in the same order, so the choice changes speed only.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FloatLoops.h"
#include "quantc/Numerics/Fma.h"

#define QUANTC_INLINE inline __attribute__((always_inline))

namespace quantc::numerics {

namespace {

constexpr size_t kRows = 4, kCols = 16;

QUANTC_INLINE void axpyBody(float *acc, float a, const float *b, size_t n) {
  for (size_t j = 0; j < n; ++j)
    acc[j] = __builtin_fmaf(a, b[j], acc[j]);
}

/// A full kRows x kCols tile in registers; k innermost, so each output sums in k order.
QUANTC_INLINE void tileBody(float *c, const float *a, const float *b, size_t n, size_t k) {
  float tile[kRows][kCols];
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kCols; ++j)
      tile[i][j] = c[i * n + j];
  for (size_t p = 0; p < k; ++p)
    for (size_t i = 0; i < kRows; ++i)
      for (size_t j = 0; j < kCols; ++j)
        tile[i][j] = __builtin_fmaf(a[i * k + p], b[p * n + j], tile[i][j]);
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kCols; ++j)
      c[i * n + j] = tile[i][j];
}

QUANTC_INLINE void gemmBody(float *c, const float *a, const float *b, size_t m, size_t n,
                            size_t k) {
  size_t fullRows = m - m % kRows, fullCols = n - n % kCols;
  for (size_t i = 0; i < fullRows; i += kRows)
    for (size_t j = 0; j < fullCols; j += kCols)
      tileBody(c + i * n + j, a + i * k, b + j, n, k);
  for (size_t i = 0; i < m; ++i) {
    size_t from = i < fullRows ? fullCols : 0;
    for (size_t p = 0; p < k; ++p)
      axpyBody(c + i * n + from, a[i * k + p], b + p * n + from, n - from);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void axpyAvx2(float *acc, float a, const float *b, size_t n) {
  axpyBody(acc, a, b, n);
}
__attribute__((target("avx2,fma"))) void gemmAvx2(float *c, const float *a, const float *b,
                                                  size_t m, size_t n, size_t k) {
  gemmBody(c, a, b, m, n, k);
}
bool hasFma() {
  static const bool found = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  return found;
}
#endif

} // namespace

void axpyFmaF32(float *acc, float a, const float *b, size_t n) {
#if defined(__x86_64__)
  if (hasFma())
    return axpyAvx2(acc, a, b, n);
#endif
  axpyBody(acc, a, b, n);
}

void gemmFmaF32(float *c, const float *a, const float *b, size_t m, size_t n, size_t k) {
#if defined(__x86_64__)
  if (hasFma())
    return gemmAvx2(c, a, b, m, n, k);
#endif
  gemmBody(c, a, b, m, n, k);
}

} // namespace quantc::numerics
