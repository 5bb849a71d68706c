//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reproducible fp32: statistics are taken from float execution, so interpreter, JIT and every ISA
// level with FMA must give the same floats. Dot products use one FMA per k in k order; elementary
// functions are built here from multiply, add, FMA, IEEE division and bit operations only, never
// from libm. Everything is branch-light inline code that a compiler vectorises lane by lane without
// changing a result. Rules [NUM-FLT-*] of docs/Numerics.md, with the measured errors. Coefficients
// of exp: Cephes.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_FLOAT_H
#define QUANTC_NUMERICS_FLOAT_H

#include "quantc/Numerics/Fma.h"

#include <cstddef>
#include <cstdint>

namespace quantc::numerics {

/// [NUM-FLT-2] init, then one FMA per k in k order: acc = fma(a[k], b[k], acc). Contractions start
/// from +0 and add the bias last, with one fp32 add; blocks over k carry the accumulator on. A
/// convolution's k is (kernel row, kernel column, channel).
inline float dotFmaF32(const float *a, const float *b, size_t n, size_t strideA = 1,
                       size_t strideB = 1, float init = 0.0f) {
  float acc = init;
  for (size_t k = 0; k < n; ++k)
    acc = fmaF32(a[k * strideA], b[k * strideB], acc);
  return acc;
}

namespace detail {
constexpr float kLog2E = 1.44269504f;
constexpr float kLn2Hi = 0.693359375f; // nine bits: n * kLn2Hi is exact
constexpr float kLn2Lo = -2.12194440e-4f;
constexpr float kExpHigh = 88.7228317f;    // the largest argument with a finite result
constexpr float kExpLow = -87.3365402f;    // below it the result would be subnormal
constexpr float kRoundMagic = 12582912.0f; // 1.5 * 2^23
constexpr uint32_t kRoundMagicBits = 0x4B400000;

/// x = n ln2 + r with |r| <= ln2/2 (a little more by rounding); expm1(r) without its leading r is
/// r^2 * q.
struct ExpParts {
  float r;
  float q;
  float n;     ///< an integer
  int32_t exp; ///< the same integer
};
inline ExpParts reduceExp(float x) {
  float shifted = fmaF32(x, kLog2E, kRoundMagic);
  float n = shifted - kRoundMagic;
  float r = fmaF32(n, -kLn2Hi, x);
  r = fmaF32(n, -kLn2Lo, r);
  float q = 1.9875691500e-4f;
  q = fmaF32(q, r, 1.3981999507e-3f);
  q = fmaF32(q, r, 8.3334519073e-3f);
  q = fmaF32(q, r, 4.1665795894e-2f);
  q = fmaF32(q, r, 1.6666665459e-1f);
  q = fmaF32(q, r, 5.0000001201e-1f);
  return {r, q, n, static_cast<int32_t>(bitsOf(shifted) - kRoundMagicBits)};
}
inline float absF32(float x) { return floatOfBits(bitsOf(x) & 0x7FFFFFFFu); }
inline float copySignF32(float magnitude, float sign) {
  return floatOfBits((bitsOf(magnitude) & 0x7FFFFFFFu) | (bitsOf(sign) & 0x80000000u));
}
} // namespace detail

/// [NUM-FLT-3] e^x. Results below the smallest normal number are 0, above the largest +infinity;
/// NaN stays NaN. Error below 1.1 ulp elsewhere.
inline float expF32(float x) {
  float c = x > detail::kExpHigh ? detail::kExpHigh : x;
  c = c < detail::kExpLow ? detail::kExpLow : c;
  detail::ExpParts e = detail::reduceExp(c);
  float y = fmaF32(e.r * e.r, e.q, e.r) + 1.0f;
  float scaled = floatOfBits(bitsOf(y) + (static_cast<uint32_t>(e.exp) << 23));
  float result = x > detail::kExpHigh ? floatOfBits(0x7F800000u) : scaled;
  result = x < detail::kExpLow ? 0.0f : result;
  return x != x ? x : result;
}

/// [NUM-FLT-4] 1 / (1 + e^-x) from e^-|x|, so that both tails keep their relative precision. Error
/// at most 2.5 ulp; 0 below -87.33.
inline float sigmoidF32(float x) {
  float e = expF32(-detail::absF32(x));
  float numerator = x < 0.0f ? e : 1.0f;
  float result = numerator / (1.0f + e);
  return x != x ? x : result;
}

/// [NUM-FLT-5] tanh x = t / (t + 2) with t = expm1(2|x|); +-1 for |x| >= 9.02. Odd exactly. Error
/// at most 2.5 ulp.
inline float tanhF32(float x) {
  float a = detail::absF32(x);
  float c = a > 9.02f ? 9.02f : a;
  detail::ExpParts e = detail::reduceExp(2.0f * c);
  float p = fmaF32(e.r * e.r, e.q, e.r);
  float scale = floatOfBits(static_cast<uint32_t>(e.exp + 127) << 23);
  float t = fmaF32(scale, p, scale - 1.0f);
  float y = a >= 9.02f ? 1.0f : t / (t + 2.0f);
  float result = detail::copySignF32(y, x);
  return x != x ? x : result;
}

/// [NUM-FLT-10] erf x: x + x p(x^2) up to 0.921875, 1 - exp(-q(|x|)) from there to 4, then +-1. Odd
/// exactly. Error at most 1.12 ulp.
inline float erfF32(float x) {
  float a = detail::absF32(x);
  float s = x * x;
  float p = fmaF32(0x1.5f113cp-14f, s, -0x1.aae984p-11f);
  p = fmaF32(p, s, 0x1.54dad8p-8f);
  p = fmaF32(p, s, -0x1.b8107cp-6f);
  p = fmaF32(p, s, 0x1.ce2e2p-4f);
  p = fmaF32(p, s, -0x1.812744p-2f);
  p = fmaF32(p, s, 0x1.06eba8p-3f);
  float near = fmaF32(x, p, x);
  float t = a > 4.0f ? 4.0f : a;
  float q = fmaF32(0x1.0df61ep-21f, t, 0x1.e9288p-17f);
  q = fmaF32(q, t, -0x1.a1a74cp-12f);
  q = fmaF32(q, t, 0x1.0a0042p-8f);
  q = fmaF32(q, t, -0x1.98107ep-6f);
  q = fmaF32(q, t, 0x1.ba79a2p-4f);
  q = fmaF32(q, t, 0x1.445e5ap-1f);
  q = fmaF32(q, t, 0x1.2122eap+0f);
  q = fmaF32(q, t, -0x1.525528p-13f);
  float far = detail::copySignF32(1.0f - expF32(-q), x);
  float result = a > 0.921875f ? far : near;
  return x != x ? x : result;
}

/// [NUM-FLT-11] x / 2 * (1 + erf(x / sqrt(2))), each operation rounded.
inline float geluF32(float x) { return 0.5f * x * (1.0f + erfF32(x * 0.70710678f)); }

/// [NUM-FLT-6] max(x, 0) with +0 for -0; NaN stays NaN.
inline float reluF32(float x) { return x <= 0.0f ? 0.0f : x; }
/// x, or slope * x where x < 0.
inline float leakyReluF32(float x, float slope) { return x < 0.0f ? slope * x : x; }
/// x limited to [lo, hi]: hi wins when lo > hi, as in ONNX Clip; NaN stays NaN.
inline float clipF32(float x, float lo, float hi) {
  float v = x < lo ? lo : x;
  return v > hi ? hi : v;
}
/// max(0, min(1, fma(alpha, x, beta))).
inline float hardSigmoidF32(float x, float alpha, float beta) {
  return clipF32(fmaF32(alpha, x, beta), 0.0f, 1.0f);
}
/// x * hardSigmoid(x, 1/6, 1/2).
inline float hardSwishF32(float x) { return x * hardSigmoidF32(x, 0.16666667f, 0.5f); }

/// [NUM-FLT-7] Softmax of one row: e_k = exp(x_k - max), sum in k order from +0, e_k / sum. `out`
/// may be `in`. A row with a NaN, or whose maximum is infinite, gives NaN.
inline void softmaxF32(const float *in, float *out, size_t n, size_t stride = 1) {
  float max = n ? in[0] : 0.0f;
  for (size_t k = 1; k < n; ++k)
    max = in[k * stride] > max ? in[k * stride] : max;
  float sum = 0.0f;
  for (size_t k = 0; k < n; ++k) {
    out[k * stride] = expF32(in[k * stride] - max);
    sum += out[k * stride];
  }
  for (size_t k = 0; k < n; ++k)
    out[k * stride] = out[k * stride] / sum;
}

/// [NUM-FLT-8] Sum in index order from +0; the mean divides it by float(n) once.
inline float sumF32(const float *in, size_t n, size_t stride = 1) {
  float sum = 0.0f;
  for (size_t k = 0; k < n; ++k)
    sum += in[k * stride];
  return sum;
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_FLOAT_H
