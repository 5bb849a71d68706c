//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From i32 accumulators to 8-bit outputs: the epilogues of Kernels.h on vectors.
// Each returns, per lane, a value that saturating packs to u8 turn into the right
// byte; clamping to [lo, hi] inside [0, 255] is left to bytes.
//
// The integer form multiplies and shifts in 64 bits. So that its result fits in 32
// bits for every i32 accumulator, the accumulator is first clamped to +-2^(s-13),
// where the output is saturated anyway: |acc| >= 2^(s-13) and m >= 2^23 give
// |acc * m >> s| >= 2^10 > 255 + zp.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_EPILOGUE_H
#define QUANTC_LIB_KERNELS_NATIVE_EPILOGUE_H

#include "Simd.h"

namespace quantc::kernels {
namespace {

/// clamp(((acc * m + 2^(s-1)) >> s) + zp, lo, hi): the definition.
QK_INLINE int32_t requantizeScalar(int32_t acc, int32_t m, int32_t s, int64_t zp, int64_t lo,
                                   int64_t hi) {
  int64_t r = ((int64_t(acc) * m + (INT64_C(1) << (s - 1))) >> s) + zp;
  return static_cast<int32_t>(minI64(maxI64(r, lo), hi));
}

/// clamp(rint(float(acc) * scale) + zp, lo, hi), ties to even.
QK_INLINE int32_t requantizeOnnxScalar(int32_t acc, float scale, int64_t zp, int64_t lo,
                                       int64_t hi) {
  float v = static_cast<float>(acc) * scale;
  v = v < -65536.0f ? -65536.0f : v > 65536.0f ? 65536.0f : v;
  // Adding 1.5*2^23 leaves the nearest integer in the low mantissa bits.
  float shifted = v + 12582912.0f;
  int32_t bits;
  __builtin_memcpy(&bits, &shifted, 4);
  return static_cast<int32_t>(minI64(maxI64(int64_t(bits) - 0x4B400000 + zp, lo), hi));
}

/// The fp64 form, as in Kernels.h; |acc * scale| < 2^31.
QK_INLINE int32_t requantizeF64Scalar(int32_t acc, double scale, int64_t zp, int64_t lo,
                                      int64_t hi) {
  double shifted = static_cast<double>(acc) * scale + 6755399441055744.0;
  int64_t bits;
  __builtin_memcpy(&bits, &shifted, 8);
  return static_cast<int32_t>(minI64(maxI64(int64_t(static_cast<int32_t>(bits)) + zp, lo), hi));
}

/// Dispatches on the epilogue for one accumulator of channel c.
QK_INLINE int32_t requantizeAny(int64_t epilogue, int32_t acc, const void *mult,
                                const int32_t *shift, int64_t c, int64_t zp, int64_t lo,
                                int64_t hi) {
  switch (epilogue) {
  case EpilogueFma64:
    return requantizeF64Scalar(acc, static_cast<const double *>(mult)[c], zp, lo, hi);
  case EpilogueOnnx:
    return requantizeOnnxScalar(acc, static_cast<const float *>(mult)[c], zp, lo, hi);
  default:
    return requantizeScalar(acc, static_cast<const int32_t *>(mult)[c], shift[c], zp, lo, hi);
  }
}

#if !QK_PORTABLE

/// fma(acc, m*2^-s, 1.5*2^23) has rint(acc*m*2^-s) in its low bits. zpMinusMagic =
/// zp - bits(1.5*2^23).
QK_INLINE VI requantizeFma32(VI acc, VF m, VI zpMinusMagic) {
  return add(bitsOf(fmaF(toFloat(acc), m, set1F(12582912.0f))), zpMinusMagic);
}
QK_INLINE VI magicZeroPoint(int64_t zp) { return set1(static_cast<int32_t>(zp - 0x4B400000)); }

QK_INLINE VI requantizeOnnx(VI acc, VF scale, VI zp) {
  VF v = mulF(toFloat(acc), scale);
  v = minF(set1F(65536.0f), maxF(set1F(-65536.0f), v));
  return add(toInt(v), zp);
}

#if QK_AVX512

QK_INLINE VI requantizeInteger(VI acc, VI m, VI s, VI zp) {
  VI bound = _mm512_sllv_epi32(set1(1), maxI32(sub(s, set1(13)), zero()));
  bound = _mm512_mask_mov_epi32(bound, _mm512_cmpgt_epi32_mask(s, set1(43)), set1(INT32_MAX));
  acc = maxI32(minI32(acc, bound), sub(zero(), bound));
  const VI one = _mm512_set1_epi64(1), lowHalf = _mm512_set1_epi64(0xffffffff);
  VI sEven = _mm512_and_si512(s, lowHalf), sOdd = _mm512_srli_epi64(s, 32);
  VI even = _mm512_mul_epi32(acc, m);
  VI odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32), _mm512_srli_epi64(m, 32));
  even = _mm512_add_epi64(even, _mm512_sllv_epi64(one, _mm512_sub_epi64(sEven, one)));
  odd = _mm512_add_epi64(odd, _mm512_sllv_epi64(one, _mm512_sub_epi64(sOdd, one)));
  even = _mm512_srav_epi64(even, sEven);
  odd = _mm512_srav_epi64(odd, sOdd);
  return add(_mm512_mask_shuffle_epi32(even, 0xAAAA, odd, _MM_PERM_CCAA), zp);
}

QK_INLINE VI requantizeFma64(VI acc, const double *m) {
  const __m512d magic = _mm512_set1_pd(6755399441055744.0);
  __m512d lo = _mm512_cvtepi32_pd(_mm512_castsi512_si256(acc));
  __m512d hi = _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(acc, 1));
  lo = _mm512_fmadd_pd(lo, _mm512_loadu_pd(m), magic);
  hi = _mm512_fmadd_pd(hi, _mm512_loadu_pd(m + 8), magic);
  __m256i l = _mm512_cvtepi64_epi32(_mm512_castpd_si512(lo));
  __m256i h = _mm512_cvtepi64_epi32(_mm512_castpd_si512(hi));
  return _mm512_inserti64x4(_mm512_castsi256_si512(l), h, 1);
}

#elif QK_AVX2

QK_INLINE VI shiftRight64(VI v, VI s) {
  // There is no arithmetic 64-bit shift: shift v + 2^63 logically, take it off again.
  const VI sign = _mm256_set1_epi64x(INT64_MIN);
  VI shifted = _mm256_srlv_epi64(_mm256_add_epi64(v, sign), s);
  return _mm256_sub_epi64(shifted, _mm256_srlv_epi64(sign, s));
}

QK_INLINE VI requantizeInteger(VI acc, VI m, VI s, VI zp) {
  VI bound = _mm256_sllv_epi32(set1(1), maxI32(sub(s, set1(13)), zero()));
  bound = _mm256_blendv_epi8(bound, set1(INT32_MAX), _mm256_cmpgt_epi32(s, set1(43)));
  acc = maxI32(minI32(acc, bound), sub(zero(), bound));
  const VI one = _mm256_set1_epi64x(1), lowHalf = _mm256_set1_epi64x(0xffffffff);
  VI sEven = _mm256_and_si256(s, lowHalf), sOdd = _mm256_srli_epi64(s, 32);
  VI even = _mm256_mul_epi32(acc, m);
  VI odd = _mm256_mul_epi32(_mm256_srli_epi64(acc, 32), _mm256_srli_epi64(m, 32));
  even = _mm256_add_epi64(even, _mm256_sllv_epi64(one, _mm256_sub_epi64(sEven, one)));
  odd = _mm256_add_epi64(odd, _mm256_sllv_epi64(one, _mm256_sub_epi64(sOdd, one)));
  odd = _mm256_slli_epi64(shiftRight64(odd, sOdd), 32);
  return add(_mm256_blend_epi32(shiftRight64(even, sEven), odd, 0xAA), zp);
}

QK_INLINE VI requantizeFma64(VI acc, const double *m) {
  const __m256d magic = _mm256_set1_pd(6755399441055744.0);
  __m256d lo = _mm256_cvtepi32_pd(_mm256_castsi256_si128(acc));
  __m256d hi = _mm256_cvtepi32_pd(_mm256_extracti128_si256(acc, 1));
  lo = _mm256_fmadd_pd(lo, _mm256_loadu_pd(m), magic);
  hi = _mm256_fmadd_pd(hi, _mm256_loadu_pd(m + 4), magic);
  __m256 mixed = _mm256_shuffle_ps(_mm256_castpd_ps(lo), _mm256_castpd_ps(hi), 0x88);
  return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xD8);
}

#else

QK_INLINE VI requantizeInteger(VI acc, VI m, VI s, VI zp) {
  alignas(16) int32_t a[4], mm[4], ss[4];
  store(a, acc);
  store(mm, m);
  store(ss, s);
  for (int i = 0; i < 4; ++i)
    a[i] = requantizeScalar(a[i], mm[i], ss[i], 0, -65536, 65536);
  return add(load(a), zp);
}

/// Without FMA: exact while |acc| < 2^29, because the product then is.
QK_INLINE VI requantizeFma64(VI acc, const double *m) {
  const __m128d magic = _mm_set1_pd(6755399441055744.0);
  __m128d lo = _mm_mul_pd(_mm_cvtepi32_pd(acc), _mm_loadu_pd(m));
  __m128d hi = _mm_mul_pd(_mm_cvtepi32_pd(_mm_shuffle_epi32(acc, 0xEE)), _mm_loadu_pd(m + 2));
  lo = _mm_add_pd(lo, magic);
  hi = _mm_add_pd(hi, magic);
  return _mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(lo), _mm_castpd_ps(hi), 0x88));
}

#endif

/// Adds zp to any i32: what is near the top saturates anyway.
QK_INLINE VI addZeroPoint(VI v, VI zp) { return add(minI32(v, set1(INT32_MAX - 255)), zp); }

/// Any epilogue but Raw on the VL accumulators of channels [c, c + VL).
QK_INLINE VI requantizeVector(int64_t epilogue, VI acc, const void *mult, const int32_t *shift,
                              int64_t c, int64_t zp) {
  VI zps = set1(static_cast<int32_t>(zp));
  switch (epilogue) {
  case EpilogueFma32:
    return requantizeFma32(acc, loadF(static_cast<const float *>(mult) + c), magicZeroPoint(zp));
  case EpilogueFma64:
    return addZeroPoint(requantizeFma64(acc, static_cast<const double *>(mult) + c), zps);
  case EpilogueOnnx:
    return requantizeOnnx(acc, loadF(static_cast<const float *>(mult) + c), zps);
  default:
    return requantizeInteger(acc, load(static_cast<const int32_t *>(mult) + c), load(shift + c),
                             zps);
  }
}

#endif // !QK_PORTABLE

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_EPILOGUE_H
