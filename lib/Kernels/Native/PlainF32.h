//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vectors of floats at every level, portable included, and copies of floats that touch nothing
// behind the last one: arrays of these kernels may end where they end.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_PLAINF32_H
#define QUANTC_LIB_KERNELS_NATIVE_PLAINF32_H

#include "Kernel.h"

#if !QK_PORTABLE
#include "Simd.h"
#endif

#define QK_INLINE_MEMBER inline __attribute__((always_inline))

namespace quantc::kernels {
namespace {

#if QK_PORTABLE

constexpr int VL = 4;
typedef float VF __attribute__((vector_size(16)));

QK_INLINE VF loadF(const float *p) {
  VF v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
QK_INLINE void storeF(float *p, VF v) { __builtin_memcpy(p, &v, sizeof v); }
QK_INLINE VF set1F(float v) { return VF{v, v, v, v}; }
QK_INLINE VF addF(VF a, VF b) { return a + b; }
/// Of two zeros, and where one is NaN, the second.
QK_INLINE VF maxF(VF a, VF b) { return a > b ? a : b; }
QK_INLINE VF minF(VF a, VF b) { return a < b ? a : b; }
/// Two roundings: there is no FMA on this level.
QK_INLINE VF fmaF(VF a, VF b, VF c) { return a * b + c; }

#endif

/// The first `valid` lanes, at most all; none where it is not positive.
QK_INLINE void storeFirst(float *to, VF v, int64_t valid) {
  if (valid >= VL)
    return storeF(to, v);
#if QK_AVX512
  if (valid > 0)
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << valid) - 1), v);
#else
  alignas(32) float lanes[VL];
  storeF(lanes, v);
  QK_NO_UNROLL
  for (int64_t i = 0; i < valid; ++i)
    to[i] = lanes[i];
#endif
}

/// The first `valid` lanes, 0 behind them.
QK_INLINE VF loadFirst(const float *from, int64_t valid) {
  if (valid >= VL)
    return loadF(from);
#if QK_AVX512
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << valid) - 1), from);
#else
  alignas(32) float lanes[VL] = {};
  QK_NO_UNROLL
  for (int64_t i = 0; i < valid; ++i)
    lanes[i] = from[i];
  return loadF(lanes);
#endif
}

QK_INLINE void copyFloats(float *to, const float *from, int64_t count) {
  int64_t i = 0;
  QK_NO_UNROLL
  for (; i + VL <= count; i += VL)
    storeF(to + i, loadF(from + i));
#if QK_AVX512
  if (i < count) {
    const __mmask16 rest = static_cast<__mmask16>((1u << (count - i)) - 1);
    _mm512_mask_storeu_ps(to + i, rest, _mm512_maskz_loadu_ps(rest, from + i));
  }
#else
  QK_NO_UNROLL
  for (; i < count; ++i)
    to[i] = from[i];
#endif
}

/// to[i] = from[i * stride].
QK_INLINE void copyStrided(float *to, const float *from, int64_t count, int64_t stride) {
  if (stride == 1)
    return copyFloats(to, from, count);
  int64_t i = 0;
#if QK_AVX512
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const auto both = [&](int64_t left) __attribute__((always_inline)) {
    const uint32_t used = static_cast<uint32_t>((int64_t(1) << (2 * left - 1)) - 1);
    const VF low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(used), from + 2 * i);
    const VF high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(used >> 16), from + 2 * i + VL);
    return _mm512_permutex2var_ps(low, even, high);
  };
  if (stride == 2) {
    QK_NO_UNROLL
    for (; i + VL <= count; i += VL)
      storeF(to + i, both(VL));
    if (i < count)
      storeFirst(to + i, both(count - i), count - i);
    return;
  }
#endif
  QK_NO_UNROLL
  for (; i < count; ++i)
    to[i] = from[i * stride];
}

/// to[i] = row[column + i * stride] where that lies in [0, width), 0 elsewhere. `count` is a
/// multiple of 16.
QK_INLINE void copyPadded(float *to, const float *row, int64_t column, int64_t width,
                          int64_t stride, int64_t count) {
#if QK_AVX512
  constexpr int64_t Limit = 1 << 30; // of places in 32 bits
  if (stride <= 2 && width < Limit && column > -Limit && count < Limit) {
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i size = _mm512_set1_epi32(static_cast<int32_t>(width));
    const __m512i next = _mm512_set1_epi32(VL);
    __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int32_t>(column)));
    const float *from = row + column;
    const auto load = [&]() __attribute__((always_inline)) { // a negative place is a large one
      const VF v = _mm512_maskz_loadu_ps(_mm512_cmplt_epu32_mask(at, size), from);
      at = _mm512_add_epi32(at, next);
      from += VL;
      return v;
    };
    QK_NO_UNROLL
    for (int64_t i = 0; i < count; i += VL) {
      VF v = load();
      if (stride == 2)
        v = _mm512_permutex2var_ps(v, even, load());
      storeF(to + i, v);
    }
    return;
  }
#endif
  const int64_t begin = column >= 0 ? 0 : minI64(count, ceilDiv(-column, stride));
  const int64_t room = width - 1 - column;
  const int64_t end = room < 0 ? begin : maxI64(begin, minI64(count, room / stride + 1));
  QK_NO_UNROLL
  for (int64_t i = 0; i < count; i += VL)
    storeF(to + i, set1F(0.0f));
  copyStrided(to + begin, row + column + begin * stride, end - begin, stride);
}

/// Lanes of the lower, or upper, halves of two vectors in turn.
QK_INLINE VF zip(VF a, VF b, bool upper) {
#if QK_AVX512
  return upper ? __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
                                         15, 31)
               : __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
                                         23);
#elif QK_AVX2
  return upper ? __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
               : __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#else
  return upper ? __builtin_shufflevector(a, b, 2, 6, 3, 7)
               : __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}

/// Vector i becomes lanes i of all vectors.
QK_INLINE void turn(VF (&rows)[VL]) {
  // Each round moves the leading bit of a vector's number to the end of a lane's.
  QK_UNROLL
  for (int round = 1; round < VL; round *= 2) {
    VF turned[VL];
    QK_UNROLL
    for (int j = 0; j < VL; ++j)
      turned[j] = zip(rows[j / 2], rows[j / 2 + VL / 2], j % 2 == 1);
    QK_UNROLL
    for (int j = 0; j < VL; ++j)
      rows[j] = turned[j];
  }
}

/// Vector i holds element i of `count` rows of `from`, for i < length; 0 in lanes beyond.
QK_INLINE void loadTurned(VF (&to)[VL], const float *from, int64_t ld, int64_t count,
                          int64_t length) {
  QK_UNROLL
  for (int j = 0; j < VL; ++j)
    to[j] = j < count ? loadFirst(from + j * ld, length) : set1F(0.0f);
  turn(to);
}

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_PLAINF32_H
