//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pooling, integer and float. A window is clipped to the image once per output pixel;
// then channels are processed in register-sized pieces over its taps.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"

using namespace quantc::kernels;

namespace {

/// Taps [begin, end) of a window that lie inside the image, and its first input index.
struct Clipped {
  int64_t begin, end, first;
};
/// Taps t in [0, kernel) with 0 <= origin + t * dil < size.
QK_INLINE Clipped clip(int64_t origin, int64_t kernel, int64_t dil, int64_t size) {
  int64_t begin = origin < 0 ? ceilDiv(-origin, dil) : 0;
  int64_t end = origin >= size ? 0 : minI64(kernel, ceilDiv(size - origin, dil));
  return {begin, maxI64(begin, end), origin + begin * dil};
}

#define POOL_SHAPE                                                                                 \
  int64_t rowBegin, int64_t rowEnd, int64_t channelBegin, int64_t channelEnd, int64_t outH,        \
      int64_t outW, int64_t inH, int64_t inW, int64_t inBatchStride, int64_t inRowStride,          \
      int64_t inPixelStride, int64_t kernelH, int64_t kernelW, int64_t strideH, int64_t strideW,   \
      int64_t dilH, int64_t dilW, int64_t padTop, int64_t padLeft
#define POOL_OUT int64_t outBatchStride, int64_t outRowStride, int64_t outPixelStride

/// Calls fn(output, first input pixel, rows of taps, columns of taps, y, x) per pixel.
template <typename T, typename Fn>
QK_INLINE void forEachWindow(T *out, const T *in, POOL_SHAPE, POOL_OUT, Fn fn) {
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    int64_t batch = row / outH, y = row % outH;
    Clipped v = clip(y * strideH - padTop, kernelH, dilH, inH);
    QK_NO_UNROLL
    for (int64_t x = 0; x < outW; ++x) {
      Clipped h = clip(x * strideW - padLeft, kernelW, dilW, inW);
      fn(out + batch * outBatchStride + y * outRowStride + x * outPixelStride,
         in + batch * inBatchStride + v.first * inRowStride + h.first * inPixelStride,
         v.end - v.begin, h.end - h.begin, y, x);
    }
  }
}
#define POOL_ARGS                                                                                  \
  rowBegin, rowEnd, channelBegin, channelEnd, outH, outW, inH, inW, inBatchStride, inRowStride,    \
      inPixelStride, kernelH, kernelW, strideH, strideW, dilH, dilW, padTop, padLeft,              \
      outBatchStride, outRowStride, outPixelStride

/// Calls fn(pointer) for each tap.
template <typename T, typename Fn>
QK_INLINE void forEachTap(const T *p, int64_t rows, int64_t cols, int64_t rowStep, int64_t colStep,
                          Fn fn) {
  QK_NO_UNROLL
  for (int64_t ky = 0; ky < rows; ++ky) {
    const T *q = p + ky * rowStep;
    QK_NO_UNROLL
    for (int64_t kx = 0; kx < cols; ++kx, q += colStep)
      fn(q);
  }
}

/// The first of equal values (+0 and -0); NaN stays.
QK_INLINE float maxNaN(float a, float b) { return b > a || b != b ? b : a; }

} // namespace

extern "C" void QK_NAME(max_pool_u8)(uint8_t *out, const uint8_t *in, POOL_SHAPE, POOL_OUT) {
  forEachWindow(out, in, POOL_ARGS,
                [&](uint8_t *o, const uint8_t *p, int64_t rows, int64_t cols, int64_t, int64_t)
                    __attribute__((always_inline)) {
                      int64_t c = channelBegin;
#if !QK_PORTABLE
                      QK_NO_UNROLL
                      for (; c < channelEnd; c += 4 * VL) {
                        VI m = zero();
                        forEachTap(p + c, rows, cols, dilH * inRowStride, dilW * inPixelStride,
                                   [&](const uint8_t *q)
                                       __attribute__((always_inline)) { m = maxU8(m, load(q)); });
                        if (c + 4 * VL <= channelEnd) {
                          store(o + c, m);
                        } else {
                          alignas(64) uint8_t bytes[4 * VL];
                          store(bytes, m);
                          __builtin_memcpy(o + c, bytes, static_cast<size_t>(channelEnd - c));
                        }
                      }
#endif
                      for (; c < channelEnd; ++c) {
                        uint8_t m = 0;
                        forEachTap(p + c, rows, cols, dilH * inRowStride, dilW * inPixelStride,
                                   [&](const uint8_t *q) { m = *q > m ? *q : m; });
                        o[c] = m;
                      }
                    });
}

extern "C" void QK_NAME(avg_pool_u8)(uint8_t *out, const uint8_t *in, const void *mult,
                                     const int32_t *shift, POOL_SHAPE, POOL_OUT, int64_t multStride,
                                     int64_t zpIn, int64_t epilogue, int64_t zp, int64_t lo,
                                     int64_t hi) {
  forEachWindow(
      out, in, POOL_ARGS,
      [&](uint8_t *o, const uint8_t *p, int64_t rows, int64_t cols, int64_t y,
          int64_t x) __attribute__((always_inline)) {
        const int64_t index = (y * outW + x) * multStride;
        const int32_t start = static_cast<int32_t>(-zpIn * rows * cols);
        const int64_t rowStep = dilH * inRowStride, colStep = dilW * inPixelStride;
        int64_t c = channelBegin;
#if !QK_PORTABLE
        // The pixel's multiplier, copied to a vector's worth of channels.
        alignas(64) char mults[8 * VL];
        alignas(64) int32_t shifts[VL];
        const int64_t size = epilogue == EpilogueFma64 ? 8 : 4;
        for (int i = 0; i < VL; ++i) {
          if (size == 8)
            __builtin_memcpy(mults + 8 * i, static_cast<const char *>(mult) + 8 * index, 8);
          else
            __builtin_memcpy(mults + 4 * i, static_cast<const char *>(mult) + 4 * index, 4);
          shifts[i] = epilogue == EpilogueInteger ? shift[index] : 0;
        }
        QK_NO_UNROLL
        for (; c < channelEnd; c += 4 * VL) {
          VI acc[4] = {set1(start), set1(start), set1(start), set1(start)};
          forEachTap(p + c, rows, cols, rowStep, colStep,
                     [&](const uint8_t *q) __attribute__((always_inline)) {
                       QK_UNROLL
                       for (int j = 0; j < 4; ++j)
                         acc[j] = add(acc[j], widenU8(q + j * VL));
                     });
          QK_UNROLL
          for (int j = 0; j < 4; ++j)
            acc[j] = requantizeVector(epilogue, acc[j], mults, shifts, 0, zp);
          alignas(64) uint8_t bytes[4 * VL];
          VI packed = clampU8(packBytes(acc[0], acc[1], acc[2], acc[3]), lo, hi);
          if (c + 4 * VL <= channelEnd) {
            store(o + c, packed);
          } else {
            store(bytes, packed);
            __builtin_memcpy(o + c, bytes, static_cast<size_t>(channelEnd - c));
          }
        }
#endif
        for (; c < channelEnd; ++c) {
          int32_t acc = start;
          forEachTap(p + c, rows, cols, rowStep, colStep, [&](const uint8_t *q) { acc += *q; });
          o[c] = static_cast<uint8_t>(requantizeAny(epilogue, acc, mult, shift, index, zp, lo, hi));
        }
      });
}

// The float kernels accumulate in memory over whole rows of channels, in tap order:
// loops that the compiler vectorises, at the speed of L1.

extern "C" void QK_NAME(max_pool_f32)(float *out, const float *in, POOL_SHAPE, POOL_OUT) {
  forEachWindow(out, in, POOL_ARGS,
                [&](float *o, const float *p, int64_t rows, int64_t cols, int64_t, int64_t)
                    __attribute__((always_inline)) {
                      for (int64_t c = channelBegin; c < channelEnd; ++c)
                        o[c] = p[c];
                      forEachTap(p, rows, cols, dilH * inRowStride, dilW * inPixelStride,
                                 [&](const float *q) __attribute__((always_inline)) {
                                   for (int64_t c = channelBegin; c < channelEnd; ++c)
                                     o[c] = maxNaN(o[c], q[c]);
                                 });
                    });
}

extern "C" void QK_NAME(avg_pool_f32)(float *out, const float *in, POOL_SHAPE, int64_t padBottom,
                                      int64_t padRight, POOL_OUT, int64_t countIncludePad) {
  forEachWindow(out, in, POOL_ARGS,
                [&](float *o, const float *p, int64_t rows, int64_t cols, int64_t y, int64_t x)
                    __attribute__((always_inline)) {
                      int64_t count = rows * cols;
                      if (countIncludePad) {
                        // Positions within the padded image, whose origin is the padding's corner.
                        Clipped v = clip(y * strideH, kernelH, dilH, inH + padTop + padBottom);
                        Clipped h = clip(x * strideW, kernelW, dilW, inW + padLeft + padRight);
                        count = (v.end - v.begin) * (h.end - h.begin);
                      }
                      for (int64_t c = channelBegin; c < channelEnd; ++c)
                        o[c] = 0.0f;
                      forEachTap(p, rows, cols, dilH * inRowStride, dilW * inPixelStride,
                                 [&](const float *q) __attribute__((always_inline)) {
                                   for (int64_t c = channelBegin; c < channelEnd; ++c)
                                     o[c] += q[c];
                                 });
                      const float divisor = static_cast<float>(count);
                      for (int64_t c = channelBegin; c < channelEnd; ++c)
                        o[c] /= divisor;
                    });
}
