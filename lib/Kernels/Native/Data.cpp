//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conversion between float and integer tensors, and data movement.
//
//===----------------------------------------------------------------------===//

#include "Loops.h"

using namespace quantc::kernels;

namespace {

/// rint(x / scale) + zp in [lo, hi], ties to even; NaN gives zp.
struct Quantizer {
  float scale;
  int64_t zp, lo, hi;

  inline __attribute__((always_inline)) uint8_t operator()(float x) const {
    float q = x / scale;
    q = q == q ? q : 0.0f;
    const float low = static_cast<float>(lo - zp), high = static_cast<float>(hi - zp);
    q = q < low ? low : q > high ? high : q;
    // |q| <= 510: adding 1.5*2^23 rounds it to an integer in the low mantissa bits.
    float shifted = q + 12582912.0f;
    int32_t bits;
    __builtin_memcpy(&bits, &shifted, 4);
    return static_cast<uint8_t>(bits - 0x4B400000 + static_cast<int32_t>(zp));
  }
#if !QK_PORTABLE
  inline __attribute__((always_inline)) VI vector(const float *p) const {
    VF q = zeroIfNaN(divF(loadF(p), set1F(scale)));
    q = minF(maxF(q, set1F(static_cast<float>(lo - zp))), set1F(static_cast<float>(hi - zp)));
    return add(toInt(q), set1(static_cast<int32_t>(zp)));
  }
  /// n dense elements.
  inline __attribute__((always_inline)) void dense(uint8_t *out, const float *in, int64_t n) const {
    mapBytes(out, n, 0, 255,
             [&](int64_t i) __attribute__((always_inline)) { return vector(in + i); });
  }
#else
  inline __attribute__((always_inline)) void dense(uint8_t *out, const float *in, int64_t n) const {
    for (int64_t i = 0; i < n; ++i)
      out[i] = (*this)(in[i]);
  }
#endif
};

/// Interleaves three planes of n bytes into n pixels of three bytes.
QK_INLINE void interleave3(uint8_t *out, const uint8_t *a, const uint8_t *b, const uint8_t *c,
                           int64_t n) {
  int64_t i = 0;
#if !QK_PORTABLE
  const __m128i a0 = _mm_setr_epi8(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5);
  const __m128i a1 = _mm_setr_epi8(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1);
  const __m128i a2 = _mm_setr_epi8(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1);
  const __m128i b0 = _mm_setr_epi8(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1);
  const __m128i b1 = _mm_setr_epi8(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10);
  const __m128i b2 = _mm_setr_epi8(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1);
  const __m128i c0 = _mm_setr_epi8(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1);
  const __m128i c1 = _mm_setr_epi8(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1);
  const __m128i c2 = _mm_setr_epi8(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15);
  QK_NO_UNROLL
  for (; i + 16 <= n; i += 16) {
    __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i *>(a + i));
    __m128i y = _mm_loadu_si128(reinterpret_cast<const __m128i *>(b + i));
    __m128i z = _mm_loadu_si128(reinterpret_cast<const __m128i *>(c + i));
    auto mix = [&](__m128i p, __m128i q, __m128i r) __attribute__((always_inline)) {
      return _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(x, p), _mm_shuffle_epi8(y, q)),
                          _mm_shuffle_epi8(z, r));
    };
    __m128i *dst = reinterpret_cast<__m128i *>(out + 3 * i);
    _mm_storeu_si128(dst, mix(a0, b0, c0));
    _mm_storeu_si128(dst + 1, mix(a1, b1, c1));
    _mm_storeu_si128(dst + 2, mix(a2, b2, c2));
  }
#endif
  QK_NO_UNROLL
  for (; i < n; ++i) {
    out[3 * i] = a[i];
    out[3 * i + 1] = b[i];
    out[3 * i + 2] = c[i];
  }
}

/// One image row whose channels are planes: pieces of a row are quantized plane by
/// plane into a scratch and then interleaved.
QK_INLINE void quantizePlanes(uint8_t *out, const float *in, int64_t width, int64_t channels,
                              int64_t inChannelStride, int64_t outPixelStride,
                              const Quantizer &quantizer) {
  constexpr int64_t Piece = 128;
  alignas(64) uint8_t planes[3][Piece];
  QK_NO_UNROLL
  for (int64_t x = 0; x < width; x += Piece) {
    const int64_t n = minI64(width - x, Piece);
    int64_t c = 0;
    if (channels == 3 && outPixelStride == 3) {
      for (; c < 3; ++c)
        quantizer.dense(planes[c], in + x + c * inChannelStride, n);
      interleave3(out + x * 3, planes[0], planes[1], planes[2], n);
    }
    QK_NO_UNROLL
    for (; c < channels; ++c) {
      quantizer.dense(planes[0], in + x + c * inChannelStride, n);
      QK_NO_UNROLL
      for (int64_t i = 0; i < n; ++i)
        out[(x + i) * outPixelStride + c] = planes[0][i];
    }
  }
}

template <typename T>
QK_INLINE void copyRow(T *out, const T *in, int64_t n, int64_t outStep, int64_t inStep) {
  if (outStep == 1 && inStep == 1) {
    __builtin_memcpy(out, in, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < n; ++i)
    out[i * outStep] = in[i * inStep];
}

} // namespace

extern "C" void QK_NAME(quantize_f32)(uint8_t *out, const float *in, int64_t rowBegin,
                                      int64_t rowEnd, int64_t height, int64_t width,
                                      int64_t channels, int64_t inBatchStride, int64_t inRowStride,
                                      int64_t inPixelStride, int64_t inChannelStride,
                                      int64_t outBatchStride, int64_t outRowStride,
                                      int64_t outPixelStride, float scale, int64_t zp, int64_t lo,
                                      int64_t hi) {
  const Quantizer quantizer{scale, zp, lo, hi};
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    const float *a = in + row / height * inBatchStride + row % height * inRowStride;
    uint8_t *o = out + row / height * outBatchStride + row % height * outRowStride;
    if (channels == 1 && inPixelStride == 1 && outPixelStride == 1) {
      quantizer.dense(o, a, width);
    } else if (inPixelStride == 1) {
      quantizePlanes(o, a, width, channels, inChannelStride, outPixelStride, quantizer);
    } else if (inChannelStride == 1 && inPixelStride == channels && outPixelStride == channels) {
      quantizer.dense(o, a, width * channels);
    } else {
      QK_NO_UNROLL
      for (int64_t x = 0; x < width; ++x)
        QK_NO_UNROLL
      for (int64_t c = 0; c < channels; ++c)
        o[x * outPixelStride + c] = quantizer(a[x * inPixelStride + c * inChannelStride]);
    }
  }
}

extern "C" void QK_NAME(dequantize_u8)(float *out, const uint8_t *in, int64_t rowBegin,
                                       int64_t rowEnd, int64_t height, int64_t width,
                                       int64_t channels, int64_t outBatchStride,
                                       int64_t outRowStride, int64_t outPixelStride,
                                       int64_t outChannelStride, int64_t inBatchStride,
                                       int64_t inRowStride, int64_t inPixelStride, float scale,
                                       int64_t zp) {
  const int32_t zero = static_cast<int32_t>(zp);
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    const uint8_t *a = in + row / height * inBatchStride + row % height * inRowStride;
    float *o = out + row / height * outBatchStride + row % height * outRowStride;
    if (outChannelStride == 1 && (channels == inPixelStride || width == 1) &&
        (channels == outPixelStride || width == 1)) {
      for (int64_t i = 0; i < width * channels; ++i)
        o[i] = static_cast<float>(a[i] - zero) * scale;
    } else if (outPixelStride == 1) {
      QK_NO_UNROLL
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t x = 0; x < width; ++x)
          o[c * outChannelStride + x] = static_cast<float>(a[x * inPixelStride + c] - zero) * scale;
    } else {
      QK_NO_UNROLL
      for (int64_t x = 0; x < width; ++x)
        for (int64_t c = 0; c < channels; ++c)
          o[x * outPixelStride + c * outChannelStride] =
              static_cast<float>(a[x * inPixelStride + c] - zero) * scale;
    }
  }
}

extern "C" void QK_NAME(dequantize_i32)(float *out, const int32_t *in, const float *scale,
                                        int64_t rowBegin, int64_t rowEnd, int64_t cols,
                                        int64_t outRowStride, int64_t inRowStride,
                                        int64_t channelStride) {
  QK_NO_UNROLL
  for (int64_t r = rowBegin; r < rowEnd; ++r) {
    float *o = out + r * outRowStride;
    const int32_t *a = in + r * inRowStride;
    if (channelStride == 0) {
      const float one = *scale;
      for (int64_t c = 0; c < cols; ++c)
        o[c] = static_cast<float>(a[c]) * one;
    } else {
      for (int64_t c = 0; c < cols; ++c)
        o[c] = static_cast<float>(a[c]) * scale[c];
    }
  }
}

extern "C" void QK_NAME(copy_nd)(void *out, const void *in, int64_t elemSize, int64_t begin,
                                 int64_t end, int64_t d0, int64_t d1, int64_t d2, int64_t d3,
                                 int64_t d4, int64_t d5, int64_t o0, int64_t o1, int64_t o2,
                                 int64_t o3, int64_t o4, int64_t o5, int64_t i0, int64_t i1,
                                 int64_t i2, int64_t i3, int64_t i4, int64_t i5) {
  auto copyAll = [&](auto *dst, const auto *src) __attribute__((always_inline)) {
    forEachUnit(begin, end, {d0, d1, d2, d3, d4}, {o0, o1, o2, o3, o4}, {i0, i1, i2, i3, i4},
                {0, 0, 0, 0, 0}, [&](int64_t o, int64_t i, int64_t) __attribute__((always_inline)) {
                  copyRow(dst + o, src + i, d5, o5, i5);
                });
  };
  switch (elemSize) {
  case 1:
    return copyAll(static_cast<uint8_t *>(out), static_cast<const uint8_t *>(in));
  case 2:
    return copyAll(static_cast<uint16_t *>(out), static_cast<const uint16_t *>(in));
  case 4:
    return copyAll(static_cast<uint32_t *>(out), static_cast<const uint32_t *>(in));
  case 8:
    return copyAll(static_cast<uint64_t *>(out), static_cast<const uint64_t *>(in));
  default:
    return;
  }
}

extern "C" void QK_NAME(fill_border)(void *buf, int64_t batches, int64_t batchStride,
                                     int64_t height, int64_t width, int64_t rowStride,
                                     int64_t pixelBytes, int64_t top, int64_t left, int64_t bottom,
                                     int64_t right, int64_t value) {
  const int byte = static_cast<int>(value);
  const size_t rowBytes = static_cast<size_t>((left + width + right) * pixelBytes);
  QK_NO_UNROLL
  for (int64_t b = 0; b < batches; ++b) {
    char *image = static_cast<char *>(buf) + b * batchStride;
    QK_NO_UNROLL
    for (int64_t y = 0; y < top + height + bottom; ++y) {
      char *row = image + y * rowStride;
      if (y < top || y >= top + height) {
        __builtin_memset(row, byte, rowBytes);
        continue;
      }
      __builtin_memset(row, byte, static_cast<size_t>(left * pixelBytes));
      __builtin_memset(row + (left + width) * pixelBytes, byte,
                       static_cast<size_t>(right * pixelBytes));
    }
  }
}

extern "C" void QK_NAME(fill)(void *out, int64_t begin, int64_t end, int64_t value) {
  if (begin < end)
    __builtin_memset(static_cast<char *>(out) + begin, static_cast<int>(value),
                     static_cast<size_t>(end - begin));
}
