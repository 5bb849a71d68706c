//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fp32 contractions without intrinsics: plain loops over the same layouts. They
// round after each multiplication, because this level has no FMA.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "quantc/Numerics/Float.h"

#if QK_PORTABLE

using namespace quantc;
using namespace quantc::kernels;

extern "C" void QK_NAME(conv_f32)(float *out, const float *in, const float *weights,
                                  const float *bias, int64_t rowBegin, int64_t rowEnd,
                                  int64_t panelBegin, int64_t panelEnd, int64_t outH, int64_t outW,
                                  int64_t inBatchStride, int64_t inRowStep, int64_t inPixelStep,
                                  int64_t segH, int64_t segW, int64_t segLen, int64_t segStrideH,
                                  int64_t segStrideW, int64_t groups, int64_t groupN,
                                  int64_t inGroupStride, int64_t outBatchStride,
                                  int64_t outRowStride, int64_t outPixelStride, int64_t clamp,
                                  float lo, float hi) {
  const int64_t k = segH * segW * segLen;
  const int64_t panels = ceilDiv(groupN, 32), tail = groupN - (panels - 1) * 32;
  const int64_t groupSize = k * ((panels - 1) * 32 + (tail <= 16 ? 16 : 32));
  for (int64_t unit = panelBegin; unit < panelEnd; ++unit) {
    const int64_t group = unit / panels, panel = unit % panels;
    const int64_t columns = panel == panels - 1 ? tail : 32, width = columns <= 16 ? 16 : 32;
    const int64_t first = group * groupN + panel * 32;
    for (int64_t row = rowBegin; row < rowEnd; ++row)
      for (int64_t x = 0; x < outW; ++x) {
        const float *a = in + row / outH * inBatchStride + row % outH * inRowStep +
                         x * inPixelStep + group * inGroupStride;
        const float *w = weights + group * groupSize + panel * 32 * k;
        float acc[32] = {};
        for (int64_t seg = 0; seg < segH * segW; ++seg) {
          const float *p = a + seg / segW * segStrideH + seg % segW * segStrideW;
          for (int64_t i = 0; i < segLen; ++i, w += width)
            for (int64_t n = 0; n < columns; ++n)
              acc[n] = numerics::fmaF32(p[i], w[n], acc[n]);
        }
        float *o = out + row / outH * outBatchStride + row % outH * outRowStride +
                   x * outPixelStride + first;
        for (int64_t n = 0; n < columns; ++n) {
          float v = acc[n] + bias[first + n];
          o[n] = clamp ? numerics::clipF32(v, lo, hi) : v;
        }
      }
  }
}

extern "C" void QK_NAME(matmul_f32)(float *out, const float *a, const float *b, int64_t rowBegin,
                                    int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int64_t m,
                                    int64_t n, int64_t k, int64_t lda, int64_t ldb, int64_t ldc,
                                    int64_t aBatchStride, int64_t bBatchStride,
                                    int64_t cBatchStride) {
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    const float *x = a + row / m * aBatchStride + row % m * lda;
    float *o = out + row / m * cBatchStride + row % m * ldc;
    const int64_t begin = panelBegin * 32, end = minI64(panelEnd * 32, n);
    for (int64_t c = begin; c < end; ++c)
      o[c] = 0.0f;
    for (int64_t i = 0; i < k; ++i)
      for (int64_t c = begin; c < end; ++c)
        o[c] = numerics::fmaF32(x[i], b[row / m * bBatchStride + i * ldb + c], o[c]);
  }
}

#endif // QK_PORTABLE
