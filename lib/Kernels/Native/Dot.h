//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dot product of four u8 with four s8 per 32-bit lane: one instruction on VNNI
// levels. The others split each dword into its even and odd bytes, widened to 16 bits,
// and use pmaddwd twice: exact for any u8 and s8, unlike pmaddubsw, which saturates.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_DOT_H
#define QUANTC_LIB_KERNELS_NATIVE_DOT_H

#include "Simd.h"

#if !QK_PORTABLE

namespace quantc::kernels {
namespace {

/// Dwords of four u8, ready for `dot`.
struct Bytes4U {
#if QK_VNNI
  VI all;
#else
  VI even, odd;
#endif
};
/// Dwords of four s8, ready for `dot`.
using Bytes4S = Bytes4U;

#if QK_VNNI

QK_INLINE Bytes4U splitU(VI v) { return {v}; }
QK_INLINE Bytes4S splitS(VI v) { return {v}; }
QK_INLINE VI dot(VI acc, Bytes4U a, Bytes4S b) {
#if QK_AVX512
  return _mm512_dpbusd_epi32(acc, a.all, b.all);
#else
  return _mm256_dpbusd_avx_epi32(acc, a.all, b.all);
#endif
}

#else

#if QK_AVX512
QK_INLINE VI shrU16(VI a) { return _mm512_srli_epi16(a, 8); }
QK_INLINE VI shrS16(VI a) { return _mm512_srai_epi16(a, 8); }
QK_INLINE VI shl16(VI a) { return _mm512_slli_epi16(a, 8); }
#elif QK_AVX2
QK_INLINE VI shrU16(VI a) { return _mm256_srli_epi16(a, 8); }
QK_INLINE VI shrS16(VI a) { return _mm256_srai_epi16(a, 8); }
QK_INLINE VI shl16(VI a) { return _mm256_slli_epi16(a, 8); }
#else
QK_INLINE VI shrU16(VI a) { return _mm_srli_epi16(a, 8); }
QK_INLINE VI shrS16(VI a) { return _mm_srai_epi16(a, 8); }
QK_INLINE VI shl16(VI a) { return _mm_slli_epi16(a, 8); }
#endif
QK_INLINE Bytes4U splitU(VI v) { return {and32(v, set1(0x00ff00ff)), shrU16(v)}; }
QK_INLINE Bytes4S splitS(VI v) { return {shrS16(shl16(v)), shrS16(v)}; }
QK_INLINE VI dot(VI acc, Bytes4U a, Bytes4S b) {
  return add(add(acc, maddS16(a.even, b.even)), maddS16(a.odd, b.odd));
}

#endif // QK_VNNI

} // namespace
} // namespace quantc::kernels

#endif // !QK_PORTABLE

#endif // QUANTC_LIB_KERNELS_NATIVE_DOT_H
