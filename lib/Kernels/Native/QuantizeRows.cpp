//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of floats as 8-bit codes with a scale each [NUM-W4-2], in loops that vectorise: the
// greatest magnitude is a maximum of bit patterns, and rounding is the magic addition.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "quantc/Numerics/Fma.h"
#include "quantc/Numerics/GroupedLinear.h"

using namespace quantc;
using namespace quantc::kernels;

namespace {

/// `count` activations that share a scale.
QK_INLINE float quantizeSpan(int8_t *codes, const float *x, int64_t count, int32_t most,
                             float clip) {
  uint32_t magnitude = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = numerics::bitsOf(x[i]) & 0x7fffffffu;
    magnitude = bits > magnitude ? bits : magnitude;
  }
  const float scale = numerics::rowScale(magnitude, most, clip);
  for (int64_t i = 0; i < count; ++i)
    codes[i] = numerics::rowCode(x[i], scale, most);
  return scale;
}

} // namespace

extern "C" void QK_NAME(quantize_rows)(int8_t *out, float *scales, int32_t *sums, const float *in,
                                       int64_t rowBegin, int64_t rowEnd, int64_t k, int64_t group,
                                       int64_t inRowStride, int64_t outRowStride, int64_t most,
                                       int64_t scaleGroups, float clip) {
  const int64_t groups = ceilDiv(k, group), span = scaleGroups ? group : k;
  const int64_t spans = scaleGroups ? scaleGroups : 1;
  for (int64_t r = rowBegin; r < rowEnd; ++r) {
    const float *x = in + r * inRowStride;
    int8_t *codes = out + r * outRowStride;
    for (int64_t s = 0; s < spans; ++s) {
      const int64_t first = s * span;
      scales[r * spans + s] = quantizeSpan(codes + first, x + first, minI64(span, k - first),
                                           static_cast<int32_t>(most), clip);
    }
    for (int64_t i = k; i < roundUp(k, 8); ++i)
      codes[i] = 0;
    for (int64_t g = 0; g < groups; ++g) {
      int32_t sum = 0;
      for (int64_t i = g * group; i < minI64(k, (g + 1) * group); ++i)
        sum += codes[i];
      sums[r * groups + g] = sum;
    }
  }
}
