//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers with weights of 4 bits without intrinsics: plain loops over the same layouts. They
// round after each multiplication, because this level has no FMA.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "quantc/Numerics/Fma.h"

#if QK_PORTABLE

using namespace quantc;
using namespace quantc::kernels;

namespace {

constexpr int64_t GroupedColumns = 32;

/// Packed weights, scales and zeros, by column and k.
struct Weights {
  const uint8_t *codes;
  const float *scales;
  const uint8_t *zeros;
  int64_t k, group, zeroStride;

  inline int64_t place(int64_t n, int64_t at) const {
    return (n / GroupedColumns * ceilDiv(k, group) + at / group) * GroupedColumns +
           n % GroupedColumns;
  }
  inline float scale(int64_t n, int64_t at) const { return scales[place(n, at)]; }
  inline int32_t code(int64_t n, int64_t at) const {
    const int64_t block = n / GroupedColumns * ceilDiv(k, 8) + at / 8;
    const uint8_t byte = codes[(block * GroupedColumns + n % GroupedColumns) * 4 + at % 4];
    return (at % 8 < 4 ? byte & 15 : byte >> 4) - zeros[place(n, at) * zeroStride];
  }
};

} // namespace

extern "C" void QK_NAME(grouped_linear_f32)(float *out, const float *in, const uint8_t *weights,
                                            const float *scales, const uint8_t *zeros,
                                            const float *bias, int64_t rowBegin, int64_t rowEnd,
                                            int64_t panelBegin, int64_t panelEnd, int64_t n,
                                            int64_t k, int64_t group, int64_t inRowStride,
                                            int64_t outRowStride, int64_t zeroStride) {
  const Weights w = {weights, scales, zeros, k, group, zeroStride};
  for (int64_t c = panelBegin * GroupedColumns; c < minI64(n, panelEnd * GroupedColumns); ++c) {
    for (int64_t r = rowBegin; r < rowEnd; ++r)
      out[r * outRowStride + c] = 0.0f;
    for (int64_t i = 0; i < k; ++i) {
      const float weight = static_cast<float>(w.code(c, i)) * w.scale(c, i);
      for (int64_t r = rowBegin; r < rowEnd; ++r)
        out[r * outRowStride + c] =
            numerics::fmaF32(in[r * inRowStride + i], weight, out[r * outRowStride + c]);
    }
    for (int64_t r = rowBegin; r < rowEnd; ++r)
      out[r * outRowStride + c] += bias[c];
  }
}

extern "C" void QK_NAME(grouped_linear_s8)(
    float *out, const int8_t *in, const float *rowScales, const int32_t *, const uint8_t *weights,
    const float *scales, const uint8_t *zeros, const float *bias, int64_t rowBegin, int64_t rowEnd,
    int64_t panelBegin, int64_t panelEnd, int64_t n, int64_t k, int64_t group, int64_t inRowStride,
    int64_t outRowStride, int64_t zeroStride, int64_t scaleGroups) {
  const Weights w = {weights, scales, zeros, k, group, zeroStride};
  for (int64_t c = panelBegin * GroupedColumns; c < minI64(n, panelEnd * GroupedColumns); ++c)
    for (int64_t r = rowBegin; r < rowEnd; ++r) {
      float real = 0.0f;
      for (int64_t first = 0; first < k; first += group) {
        int32_t sum = 0;
        for (int64_t i = first; i < minI64(k, first + group); ++i)
          sum += in[r * inRowStride + i] * w.code(c, i);
        const float rowScale = scaleGroups ? rowScales[r * scaleGroups + first / group] : 1.0f;
        real = numerics::fmaF32(static_cast<float>(sum) * rowScale, w.scale(c, first), real);
      }
      out[r * outRowStride + c] =
          numerics::fmaF32(real, scaleGroups ? 1.0f : rowScales[r], bias[c]);
    }
}

#endif // QK_PORTABLE
