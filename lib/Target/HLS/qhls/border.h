//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The border with float, for host code and testbenches; no unit computes it.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_BORDER_H
#define QHLS_BORDER_H

#include <cstdint>

#ifdef __FAST_MATH__
#error "the border needs IEEE semantics: do not build with -ffast-math"
#endif

namespace qhls {

/// [NUM-QNT-1] clamp(rne(fp32(x / scale)) + zero_point, lo, hi); NaN gives zero_point, limited.
inline int32_t quantize_linear(float x, float scale, int32_t zero_point, int32_t lo, int32_t hi) {
  float ratio = x / scale;
  double v = ratio;
  const double magic = 4503599627370496.0; // 2^52 [NUM-RND-3]
  double a = v < 0 ? -v : v;
  if (a < magic) {
    double r = (a + magic) - magic;
    v = v < 0 ? -r : r;
  }
  v = v != v ? zero_point : v + zero_point;
  return v < lo ? lo : v > hi ? hi : static_cast<int32_t>(v);
}

/// [NUM-QNT-2]
inline float dequantize_linear(int32_t code, float scale, int32_t zero_point) {
  return static_cast<float>(static_cast<int64_t>(code) - zero_point) * scale;
}

} // namespace qhls

#endif // QHLS_BORDER_H
