//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One vocabulary over three vector widths (SSE4.1, AVX2, AVX-512) for the integer
// kernels: 32-bit lanes, conversion to float, the packing of results. With Dot.h it holds
// everything that differs between ISA levels, so kernels are written once.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_SIMD_H
#define QUANTC_LIB_KERNELS_NATIVE_SIMD_H

#include "Kernel.h"

#include <immintrin.h>

namespace quantc::kernels {
namespace {

#if QK_AVX512

constexpr int VL = 16; ///< 32-bit lanes of a vector
constexpr int VLanes = 4;
using VI = __m512i;
using VF = __m512;

QK_INLINE VI load(const void *p) { return _mm512_loadu_si512(p); }
QK_INLINE void store(void *p, VI v) { _mm512_storeu_si512(p, v); }
QK_INLINE VI set1(int32_t v) { return _mm512_set1_epi32(v); }
QK_INLINE VI zero() { return _mm512_setzero_si512(); }
QK_INLINE VI add(VI a, VI b) { return _mm512_add_epi32(a, b); }
QK_INLINE VI sub(VI a, VI b) { return _mm512_sub_epi32(a, b); }
QK_INLINE VI mul(VI a, VI b) { return _mm512_mullo_epi32(a, b); }
QK_INLINE VI maxI32(VI a, VI b) { return _mm512_max_epi32(a, b); }
QK_INLINE VI minI32(VI a, VI b) { return _mm512_min_epi32(a, b); }
QK_INLINE VI maxU8(VI a, VI b) { return _mm512_max_epu8(a, b); }
QK_INLINE VI minU8(VI a, VI b) { return _mm512_min_epu8(a, b); }
QK_INLINE VI set1U8(int64_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
QK_INLINE VI packS32(VI a, VI b) { return _mm512_packs_epi32(a, b); }
QK_INLINE VI packU16(VI a, VI b) { return _mm512_packus_epi16(a, b); }
QK_INLINE VI unpackLo8(VI a, VI b) { return _mm512_unpacklo_epi8(a, b); }
QK_INLINE VI unpackHi8(VI a, VI b) { return _mm512_unpackhi_epi8(a, b); }
QK_INLINE VI unpackLo16(VI a, VI b) { return _mm512_unpacklo_epi16(a, b); }
QK_INLINE VI unpackHi16(VI a, VI b) { return _mm512_unpackhi_epi16(a, b); }
QK_INLINE VI shl32(VI a, int n) { return _mm512_slli_epi32(a, n); }
QK_INLINE VI shrU32(VI a, int n) { return _mm512_srli_epi32(a, n); }
QK_INLINE VI and32(VI a, VI b) { return _mm512_and_si512(a, b); }
QK_INLINE VI or32(VI a, VI b) { return _mm512_or_si512(a, b); }
QK_INLINE VI maddS16(VI a, VI b) { return _mm512_madd_epi16(a, b); }
QK_INLINE VF floatOf(VI bits) { return _mm512_castsi512_ps(bits); }
/// Dwords 4l + v of the result of two packs become dwords v * VLanes + l.
QK_INLINE VI lanesToRows(VI a) {
  const VI index = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(index, a);
}
QK_INLINE VF toFloat(VI a) { return _mm512_cvtepi32_ps(a); }
QK_INLINE VI toInt(VF a) { return _mm512_cvtps_epi32(a); }
QK_INLINE VF loadF(const float *p) { return _mm512_loadu_ps(p); }
QK_INLINE void storeF(float *p, VF v) { _mm512_storeu_ps(p, v); }
QK_INLINE VF set1F(float v) { return _mm512_set1_ps(v); }
QK_INLINE VF mulF(VF a, VF b) { return _mm512_mul_ps(a, b); }
QK_INLINE VF addF(VF a, VF b) { return _mm512_add_ps(a, b); }
QK_INLINE VF maxF(VF a, VF b) { return _mm512_max_ps(a, b); }
QK_INLINE VF minF(VF a, VF b) { return _mm512_min_ps(a, b); }
QK_INLINE VF fmaF(VF a, VF b, VF c) { return _mm512_fmadd_ps(a, b, c); }
QK_INLINE VF subF(VF a, VF b) { return _mm512_sub_ps(a, b); }
QK_INLINE VI bitsOf(VF a) { return _mm512_castps_si512(a); }
QK_INLINE VF divF(VF a, VF b) { return _mm512_div_ps(a, b); }
QK_INLINE VF zeroIfNaN(VF a) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, a, _CMP_ORD_Q), a);
}
QK_INLINE VI sra(VI a, int64_t n) { return _mm512_srai_epi32(a, static_cast<unsigned>(n)); }
/// VL bytes as 32-bit lanes.
QK_INLINE VI widenU8(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)));
}

#elif QK_AVX2

constexpr int VL = 8;
constexpr int VLanes = 2;
using VI = __m256i;
using VF = __m256;

QK_INLINE VI load(const void *p) { return _mm256_loadu_si256(static_cast<const VI *>(p)); }
QK_INLINE void store(void *p, VI v) { _mm256_storeu_si256(static_cast<VI *>(p), v); }
QK_INLINE VI set1(int32_t v) { return _mm256_set1_epi32(v); }
QK_INLINE VI zero() { return _mm256_setzero_si256(); }
QK_INLINE VI add(VI a, VI b) { return _mm256_add_epi32(a, b); }
QK_INLINE VI sub(VI a, VI b) { return _mm256_sub_epi32(a, b); }
QK_INLINE VI mul(VI a, VI b) { return _mm256_mullo_epi32(a, b); }
QK_INLINE VI maxI32(VI a, VI b) { return _mm256_max_epi32(a, b); }
QK_INLINE VI minI32(VI a, VI b) { return _mm256_min_epi32(a, b); }
QK_INLINE VI maxU8(VI a, VI b) { return _mm256_max_epu8(a, b); }
QK_INLINE VI minU8(VI a, VI b) { return _mm256_min_epu8(a, b); }
QK_INLINE VI set1U8(int64_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
QK_INLINE VI packS32(VI a, VI b) { return _mm256_packs_epi32(a, b); }
QK_INLINE VI packU16(VI a, VI b) { return _mm256_packus_epi16(a, b); }
QK_INLINE VI unpackLo8(VI a, VI b) { return _mm256_unpacklo_epi8(a, b); }
QK_INLINE VI unpackHi8(VI a, VI b) { return _mm256_unpackhi_epi8(a, b); }
QK_INLINE VI unpackLo16(VI a, VI b) { return _mm256_unpacklo_epi16(a, b); }
QK_INLINE VI unpackHi16(VI a, VI b) { return _mm256_unpackhi_epi16(a, b); }
QK_INLINE VI shl32(VI a, int n) { return _mm256_slli_epi32(a, n); }
QK_INLINE VI shrU32(VI a, int n) { return _mm256_srli_epi32(a, n); }
QK_INLINE VI and32(VI a, VI b) { return _mm256_and_si256(a, b); }
QK_INLINE VI or32(VI a, VI b) { return _mm256_or_si256(a, b); }
QK_INLINE VI maddS16(VI a, VI b) { return _mm256_madd_epi16(a, b); }
QK_INLINE VF floatOf(VI bits) { return _mm256_castsi256_ps(bits); }
QK_INLINE VI lanesToRows(VI a) {
  return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
QK_INLINE VF toFloat(VI a) { return _mm256_cvtepi32_ps(a); }
QK_INLINE VI toInt(VF a) { return _mm256_cvtps_epi32(a); }
QK_INLINE VF loadF(const float *p) { return _mm256_loadu_ps(p); }
QK_INLINE void storeF(float *p, VF v) { _mm256_storeu_ps(p, v); }
QK_INLINE VF set1F(float v) { return _mm256_set1_ps(v); }
QK_INLINE VF mulF(VF a, VF b) { return _mm256_mul_ps(a, b); }
QK_INLINE VF addF(VF a, VF b) { return _mm256_add_ps(a, b); }
QK_INLINE VF maxF(VF a, VF b) { return _mm256_max_ps(a, b); }
QK_INLINE VF minF(VF a, VF b) { return _mm256_min_ps(a, b); }
QK_INLINE VF fmaF(VF a, VF b, VF c) { return _mm256_fmadd_ps(a, b, c); }
QK_INLINE VF subF(VF a, VF b) { return _mm256_sub_ps(a, b); }
QK_INLINE VI bitsOf(VF a) { return _mm256_castps_si256(a); }
QK_INLINE VF divF(VF a, VF b) { return _mm256_div_ps(a, b); }
QK_INLINE VF zeroIfNaN(VF a) { return _mm256_and_ps(a, _mm256_cmp_ps(a, a, _CMP_ORD_Q)); }
QK_INLINE VI sra(VI a, int64_t n) { return _mm256_srai_epi32(a, static_cast<int>(n)); }
QK_INLINE VI widenU8(const uint8_t *p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(p)));
}

#elif QK_SSE4

constexpr int VL = 4;
constexpr int VLanes = 1;
using VI = __m128i;
using VF = __m128;

QK_INLINE VI load(const void *p) { return _mm_loadu_si128(static_cast<const VI *>(p)); }
QK_INLINE void store(void *p, VI v) { _mm_storeu_si128(static_cast<VI *>(p), v); }
QK_INLINE VI set1(int32_t v) { return _mm_set1_epi32(v); }
QK_INLINE VI zero() { return _mm_setzero_si128(); }
QK_INLINE VI add(VI a, VI b) { return _mm_add_epi32(a, b); }
QK_INLINE VI sub(VI a, VI b) { return _mm_sub_epi32(a, b); }
QK_INLINE VI mul(VI a, VI b) { return _mm_mullo_epi32(a, b); }
QK_INLINE VI maxI32(VI a, VI b) { return _mm_max_epi32(a, b); }
QK_INLINE VI minI32(VI a, VI b) { return _mm_min_epi32(a, b); }
QK_INLINE VI maxU8(VI a, VI b) { return _mm_max_epu8(a, b); }
QK_INLINE VI minU8(VI a, VI b) { return _mm_min_epu8(a, b); }
QK_INLINE VI set1U8(int64_t v) { return _mm_set1_epi8(static_cast<char>(v)); }
QK_INLINE VI packS32(VI a, VI b) { return _mm_packs_epi32(a, b); }
QK_INLINE VI packU16(VI a, VI b) { return _mm_packus_epi16(a, b); }
QK_INLINE VI unpackLo8(VI a, VI b) { return _mm_unpacklo_epi8(a, b); }
QK_INLINE VI unpackHi8(VI a, VI b) { return _mm_unpackhi_epi8(a, b); }
QK_INLINE VI unpackLo16(VI a, VI b) { return _mm_unpacklo_epi16(a, b); }
QK_INLINE VI unpackHi16(VI a, VI b) { return _mm_unpackhi_epi16(a, b); }
QK_INLINE VI shl32(VI a, int n) { return _mm_slli_epi32(a, n); }
QK_INLINE VI shrU32(VI a, int n) { return _mm_srli_epi32(a, n); }
QK_INLINE VI and32(VI a, VI b) { return _mm_and_si128(a, b); }
QK_INLINE VI or32(VI a, VI b) { return _mm_or_si128(a, b); }
QK_INLINE VI maddS16(VI a, VI b) { return _mm_madd_epi16(a, b); }
QK_INLINE VF floatOf(VI bits) { return _mm_castsi128_ps(bits); }
QK_INLINE VI lanesToRows(VI a) { return a; }
QK_INLINE VF toFloat(VI a) { return _mm_cvtepi32_ps(a); }
QK_INLINE VI toInt(VF a) { return _mm_cvtps_epi32(a); }
QK_INLINE VF loadF(const float *p) { return _mm_loadu_ps(p); }
QK_INLINE void storeF(float *p, VF v) { _mm_storeu_ps(p, v); }
QK_INLINE VF set1F(float v) { return _mm_set1_ps(v); }
QK_INLINE VF mulF(VF a, VF b) { return _mm_mul_ps(a, b); }
QK_INLINE VF addF(VF a, VF b) { return _mm_add_ps(a, b); }
QK_INLINE VF maxF(VF a, VF b) { return _mm_max_ps(a, b); }
QK_INLINE VF minF(VF a, VF b) { return _mm_min_ps(a, b); }
/// Two roundings: there is no FMA on this level.
QK_INLINE VF fmaF(VF a, VF b, VF c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
QK_INLINE VF subF(VF a, VF b) { return _mm_sub_ps(a, b); }
QK_INLINE VI bitsOf(VF a) { return _mm_castps_si128(a); }
QK_INLINE VF divF(VF a, VF b) { return _mm_div_ps(a, b); }
QK_INLINE VF zeroIfNaN(VF a) { return _mm_and_ps(a, _mm_cmpord_ps(a, a)); }
QK_INLINE VI sra(VI a, int64_t n) { return _mm_srai_epi32(a, static_cast<int>(n)); }
QK_INLINE VI widenU8(const uint8_t *p) { return _mm_cvtepu8_epi32(_mm_loadu_si32(p)); }

#endif

#if !QK_PORTABLE

/// The four bytes at p in every dword.
QK_INLINE VI broadcast4(const void *p) {
  int32_t v;
  __builtin_memcpy(&v, p, 4);
  return set1(v);
}

/// The saturated bytes of four vectors of i32, one after the other: result byte
/// j*VL + i is lane i of vector j.
QK_INLINE VI packBytes(VI a, VI b, VI c, VI d) {
  return lanesToRows(packU16(packS32(a, b), packS32(c, d)));
}

/// The same without the final reordering: lanes stay where unpack left them.
QK_INLINE VI packBytesInLanes(VI a, VI b, VI c, VI d) {
  return packU16(packS32(a, b), packS32(c, d));
}

QK_INLINE VI clampU8(VI v, int64_t lo, int64_t hi) {
  if (lo > 0)
    v = maxU8(v, set1U8(lo));
  if (hi < 255)
    v = minU8(v, set1U8(hi));
  return v;
}

#endif // !QK_PORTABLE

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_SIMD_H
