//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The int8 convolutions without intrinsics: plain loops over the same packed
// layouts, complete for every shape, and the form in which to read what the fast
// kernels compute.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"

#if QK_PORTABLE

using namespace quantc::kernels;

namespace {

/// Applies the epilogue to one accumulator and stores it at element `at`.
QK_INLINE void finish(void *out, int64_t at, int32_t acc, const void *mult, const int32_t *shift,
                      int64_t channel, int64_t epilogue, int64_t zp, int64_t lo, int64_t hi,
                      int64_t accLo, int64_t accHi) {
  acc = static_cast<int32_t>(minI64(maxI64(acc, accLo), accHi));
  if (epilogue == EpilogueRaw)
    static_cast<int32_t *>(out)[at] = acc;
  else
    static_cast<uint8_t *>(out)[at] =
        static_cast<uint8_t>(requantizeAny(epilogue, acc, mult, shift, channel, zp, lo, hi));
}

} // namespace

extern "C" void
QK_NAME(conv_u8s8)(void *out, const uint8_t *in, const int8_t *weights, const int32_t *bias,
                   const void *mult, const int32_t *shift, int64_t rowBegin, int64_t rowEnd,
                   int64_t panelBegin, int64_t panelEnd, int64_t outH, int64_t outW,
                   int64_t inBatchStride, int64_t inRowStep, int64_t inPixelStep, int64_t segH,
                   int64_t segW, int64_t segLen, int64_t segStrideH, int64_t segStrideW,
                   int64_t groups, int64_t groupN, int64_t inGroupStride, int64_t outBatchStride,
                   int64_t outRowStride, int64_t outPixelStride, int64_t epilogue, int64_t zp,
                   int64_t lo, int64_t hi, int64_t accLo, int64_t accHi) {
  const int64_t paddedLen = roundUp(segLen, 4), k = segH * segW * paddedLen;
  const int64_t panels = ceilDiv(groupN, 32), tail = groupN - (panels - 1) * 32;
  const int64_t groupBytes = k * ((panels - 1) * 32 + (tail <= 16 ? 16 : 32));
  for (int64_t unit = panelBegin; unit < panelEnd; ++unit) {
    const int64_t group = unit / panels, panel = unit % panels;
    const int64_t columns = panel == panels - 1 ? tail : 32, width = columns <= 16 ? 16 : 32;
    const int8_t *panelWeights = weights + group * groupBytes + panel * 32 * k;
    const int64_t first = group * groupN + panel * 32;
    for (int64_t row = rowBegin; row < rowEnd; ++row)
      for (int64_t x = 0; x < outW; ++x) {
        const uint8_t *a = in + row / outH * inBatchStride + row % outH * inRowStep +
                           x * inPixelStep + group * inGroupStride;
        int32_t acc[32];
        for (int64_t n = 0; n < columns; ++n)
          acc[n] = bias[first + n];
        for (int64_t seg = 0; seg < segH * segW; ++seg) {
          const uint8_t *p = a + seg / segW * segStrideH + seg % segW * segStrideW;
          const int8_t *w = panelWeights + seg * paddedLen * width;
          for (int64_t i = 0; i < segLen; ++i)
            for (int64_t n = 0; n < columns; ++n)
              acc[n] += p[i] * w[(i / 4 * width + n) * 4 + i % 4];
        }
        const int64_t at =
            row / outH * outBatchStride + row % outH * outRowStride + x * outPixelStride + first;
        for (int64_t n = 0; n < columns; ++n)
          finish(out, at + n, acc[n], mult, shift, first + n, epilogue, zp, lo, hi, accLo, accHi);
      }
  }
}

extern "C" void QK_NAME(dwconv_u8s8)(void *out, const uint8_t *in, const int8_t *weights,
                                     const int32_t *bias, const void *mult, const int32_t *shift,
                                     int64_t rowBegin, int64_t rowEnd, int64_t blockBegin,
                                     int64_t blockEnd, int64_t outH, int64_t outW, int64_t channels,
                                     int64_t inBatchStride, int64_t inRowStride,
                                     int64_t inPixelStride, int64_t kernelH, int64_t kernelW,
                                     int64_t strideH, int64_t strideW, int64_t dilH, int64_t dilW,
                                     int64_t outBatchStride, int64_t outRowStride,
                                     int64_t outPixelStride, int64_t epilogue, int64_t zp,
                                     int64_t lo, int64_t hi, int64_t accLo, int64_t accHi) {
  const int64_t quads = ceilDiv(kernelH, 4);
  for (int64_t row = rowBegin; row < rowEnd; ++row)
    for (int64_t x = 0; x < outW; ++x) {
      const uint8_t *a = in + row / outH * inBatchStride + row % outH * strideH * inRowStride +
                         x * strideW * inPixelStride;
      const int64_t at =
          row / outH * outBatchStride + row % outH * outRowStride + x * outPixelStride;
      for (int64_t c = blockBegin * 64; c < minI64(blockEnd * 64, channels); ++c) {
        // One lane a block: 16 channels in natural order.
        const int8_t *w = weights + c / 16 * 16 * kernelW * quads * 4 + c % 16 * 4;
        int32_t acc = bias[c];
        for (int64_t ky = 0; ky < kernelH; ++ky)
          for (int64_t kx = 0; kx < kernelW; ++kx)
            acc += a[ky * dilH * inRowStride + kx * dilW * inPixelStride + c] *
                   w[(kx * quads + ky / 4) * 64 + ky % 4];
        finish(out, at + c, acc, mult, shift, c, epilogue, zp, lo, hi, accLo, accHi);
      }
    }
}

#endif // QK_PORTABLE
