//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 depthwise convolution: every output starts at +0, takes one FMA per tap in
// (ky, kx) order, then the bias. Four pixels at a time share the weights they load.
//
//===----------------------------------------------------------------------===//

#include "Simd.h"

#include "quantc/Numerics/Float.h"

using namespace quantc;
using namespace quantc::kernels;

namespace {

#define DW_PARAMS                                                                                  \
  const float *weights, const float *bias, int64_t channels, int64_t kernelH, int64_t kernelW,     \
      int64_t rowStep, int64_t colStep, int64_t pixelStep, int64_t outPixelStride, int64_t clamp,  \
      float lo, float hi
#define DW_ARGS                                                                                    \
  weights, bias, channels, kernelH, kernelW, rowStep, colStep, pixelStep, outPixelStride, clamp,   \
      lo, hi

#if !QK_PORTABLE
/// Pixels adjacent outputs of VL channels.
template <int Pixels> QK_INLINE void pixels(float *out, const float *in, DW_PARAMS) {
  VF acc[Pixels];
  QK_UNROLL
  for (int i = 0; i < Pixels; ++i)
    acc[i] = set1F(0.0f);
  const float *w = weights;
  QK_NO_UNROLL
  for (int64_t ky = 0; ky < kernelH; ++ky)
    QK_NO_UNROLL
  for (int64_t kx = 0; kx < kernelW; ++kx, w += channels) {
    VF tap = loadF(w);
    const float *p = in + ky * rowStep + kx * colStep;
    QK_UNROLL
    for (int i = 0; i < Pixels; ++i)
      acc[i] = fmaF(loadF(p + i * pixelStep), tap, acc[i]);
  }
  QK_UNROLL
  for (int i = 0; i < Pixels; ++i) {
    VF v = addF(acc[i], loadF(bias));
    if (clamp)
      v = minF(set1F(hi), maxF(set1F(lo), v));
    storeF(out + i * outPixelStride, v);
  }
}
#endif

QK_INLINE void pixelScalar(float *out, const float *in, DW_PARAMS) {
  float acc = 0.0f;
  QK_NO_UNROLL
  for (int64_t ky = 0; ky < kernelH; ++ky)
    QK_NO_UNROLL
  for (int64_t kx = 0; kx < kernelW; ++kx)
    acc = numerics::fmaF32(in[ky * rowStep + kx * colStep], weights[(ky * kernelW + kx) * channels],
                           acc);
  acc += *bias;
  *out = clamp ? numerics::clipF32(acc, lo, hi) : acc;
}

} // namespace

extern "C" void QK_NAME(dwconv_f32)(float *out, const float *in, const float *weights,
                                    const float *bias, int64_t rowBegin, int64_t rowEnd,
                                    int64_t blockBegin, int64_t blockEnd, int64_t outH,
                                    int64_t outW, int64_t channels, int64_t inBatchStride,
                                    int64_t inRowStride, int64_t inPixelStride, int64_t kernelH,
                                    int64_t kernelW, int64_t strideH, int64_t strideW, int64_t dilH,
                                    int64_t dilW, int64_t outBatchStride, int64_t outRowStride,
                                    int64_t outPixelStride, int64_t clamp, float lo, float hi) {
  const int64_t rowStep = dilH * inRowStride, colStep = dilW * inPixelStride;
  const int64_t pixelStep = strideW * inPixelStride;
  const int64_t begin = blockBegin * 64, end = minI64(blockEnd * 64, channels);
  const float *const weightBase = weights, *const biasBase = bias;
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    const float *a = in + row / outH * inBatchStride + row % outH * strideH * inRowStride;
    float *o = out + row / outH * outBatchStride + row % outH * outRowStride;
    int64_t c = begin;
#if !QK_PORTABLE
    QK_NO_UNROLL
    for (; c + VL <= end; c += VL) {
      weights = weightBase + c;
      bias = biasBase + c;
      int64_t x = 0;
      QK_NO_UNROLL
      for (; x + 4 <= outW; x += 4)
        pixels<4>(o + x * outPixelStride + c, a + x * pixelStep + c, DW_ARGS);
      QK_NO_UNROLL
      for (; x < outW; ++x)
        pixels<1>(o + x * outPixelStride + c, a + x * pixelStep + c, DW_ARGS);
    }
#endif
    QK_NO_UNROLL
    for (; c < end; ++c) {
      weights = weightBase + c;
      bias = biasBase + c;
      QK_NO_UNROLL
      for (int64_t x = 0; x < outW; ++x)
        pixelScalar(o + x * outPixelStride + c, a + x * pixelStep + c, DW_ARGS);
    }
  }
}
