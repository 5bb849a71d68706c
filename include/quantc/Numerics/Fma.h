//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fused multiply-add and bit casts, spelled so that kernels need no libm. Host code (interpreter,
// folder, tests) always gets a true fused operation. Code built for a target without FMA defines
// QUANTC_NUMERICS_MULADD and gets a multiply and an add, because a software fmaf is never called in
// generated code; such a target may use only what is exact either way. Rule [NUM-FLT-1].
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_FMA_H
#define QUANTC_NUMERICS_FMA_H

#include <cstdint>

namespace quantc::numerics {

/// a * b + c with one rounding (two when QUANTC_NUMERICS_MULADD is defined).
inline float fmaF32(float a, float b, float c) {
#ifdef QUANTC_NUMERICS_MULADD
  return a * b + c;
#else
  return __builtin_fmaf(a, b, c);
#endif
}

/// The same in fp64.
inline double fmaF64(double a, double b, double c) {
#ifdef QUANTC_NUMERICS_MULADD
  return a * b + c;
#else
  return __builtin_fma(a, b, c);
#endif
}

inline uint32_t bitsOf(float v) {
  uint32_t bits;
  __builtin_memcpy(&bits, &v, sizeof(bits));
  return bits;
}
inline uint64_t bitsOf(double v) {
  uint64_t bits;
  __builtin_memcpy(&bits, &v, sizeof(bits));
  return bits;
}
inline float floatOfBits(uint32_t bits) {
  float v;
  __builtin_memcpy(&v, &bits, sizeof(v));
  return v;
}
inline double doubleOfBits(uint64_t bits) {
  double v;
  __builtin_memcpy(&v, &bits, sizeof(v));
  return v;
}

/// 2^e for -126 <= e <= 127.
inline float powerOfTwoF32(int e) { return floatOfBits(static_cast<uint32_t>(e + 127) << 23); }
/// 2^e for -1022 <= e <= 1023.
inline double powerOfTwoF64(int e) { return doubleOfBits(static_cast<uint64_t>(e + 1023) << 52); }

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_FMA_H
