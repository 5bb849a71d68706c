//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Filters of a single NCHW plane. Some rows of the result at a time, the rows of the plane that
// they see are copied with their padding, columns sorted by their remainder of the stride
// (`Strip`): vectors of adjacent results then read adjacent elements at every tap.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_DEPTHWISENCHWF32_H
#define QUANTC_LIB_KERNELS_NATIVE_DEPTHWISENCHWF32_H

#include "ConvNchwF32.h"

namespace quantc::kernels {
namespace {

constexpr int64_t StripRows = 8; ///< of the result
constexpr int MaxSquare = 5;     ///< windows with code of their own
constexpr int RowsAtOnce = 4;
constexpr int64_t FetchedAhead = 1024; ///< elements

/// Elements of a row of one remainder: results in whole vectors, and the reach of the window.
QK_INLINE int64_t stripPitch(const PlainImage &s) {
  return (s.outW + (s.kernelW - 1) * s.dilW + 30) / 16 * 16;
}

struct Strip {
  float *data;
  int64_t pitch, rowSize;
  int64_t at[MaxSquare]; ///< of the taps of a row

  Strip(float *data, const PlainImage &s)
      : data(data), pitch(stripPitch(s)), rowSize(pitch * s.strideW) {
    QK_UNROLL
    for (int64_t i = 0; i < MaxSquare; ++i)
      at[i] = i % s.strideW * pitch + i / s.strideW;
  }
};

/// What results from row y on see: `count` rows.
QK_INLINE void fillStrip(const Strip &strip, const float *plane, const PlainImage &s, int64_t y,
                         int64_t count) {
  // A big plane is fetched ahead; small ones were written just before.
  const int64_t fetched = s.height * s.width >= 2048 ? s.width : 0;
  QK_NO_UNROLL
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = y * s.strideH - s.padTop + i;
    float *to = strip.data + i * strip.rowSize;
    const int64_t width = row < 0 || row >= s.height ? 0 : s.width;
    QK_NO_UNROLL
    for (int64_t j = 0; j < fetched; j += 16)
      __builtin_prefetch(plane + row * s.width + FetchedAhead + j);
    QK_NO_UNROLL
    for (int64_t phase = 0; phase < s.strideW; ++phase)
      copyPadded(to + phase * strip.pitch, plane + row * s.width, phase - s.padLeft, width,
                 s.strideW, strip.pitch);
  }
}

struct Filter {
  const float *weights;
  Finish finish;
};

/// Rows y of the strip, NR of them, each all columns; any window.
template <int NR>
QK_INLINE void anyRows(float *out, const float *from, const Strip &strip, const Filter &filter,
                       const PlainImage &s) {
  QK_NO_UNROLL
  for (int64_t x = 0; x < s.outW; x += VL) {
    VF acc[NR];
    QK_UNROLL
    for (int i = 0; i < NR; ++i)
      acc[i] = set1F(0.0f);
    const float *w = filter.weights;
    QK_NO_UNROLL
    for (int64_t ky = 0; ky < s.kernelH; ++ky) {
      const float *row = from + x + ky * s.dilH * strip.rowSize;
      QK_NO_UNROLL
      for (int64_t kx = 0, phase = 0; kx < s.kernelW; ++kx, ++w) {
        const float *tap = row + phase * strip.pitch;
        for (phase += s.dilW; phase >= s.strideW; phase -= s.strideW)
          ++row;
        QK_UNROLL
        for (int i = 0; i < NR; ++i)
          acc[i] = fmaF(set1F(*w), loadF(tap + i * s.strideH * strip.rowSize), acc[i]);
      }
    }
    QK_UNROLL
    for (int i = 0; i < NR; ++i)
      storeFirst(out + i * s.outW + x, filter.finish(acc[i]), s.outW - x);
  }
}

/// The same for K x K taps without dilation: a row that several results see is loaded once.
template <int NR, int K, int StrideH>
QK_INLINE void squareRows(float *out, const float *from, const Strip &strip, const Filter &filter,
                          const PlainImage &s) {
  VF w[K * K];
  QK_UNROLL
  for (int i = 0; i < K * K; ++i)
    w[i] = set1F(filter.weights[i]);
  QK_NO_UNROLL
  for (int64_t x = 0; x < s.outW; x += VL) {
    VF acc[NR];
    QK_UNROLL
    for (int i = 0; i < NR; ++i)
      acc[i] = set1F(0.0f);
    QK_UNROLL
    for (int r = 0; r < (NR - 1) * StrideH + K; ++r) {
      VF v[K];
      QK_UNROLL
      for (int kx = 0; kx < K; ++kx)
        v[kx] = loadF(from + r * strip.rowSize + strip.at[kx] + x);
      QK_UNROLL
      for (int i = 0; i < NR; ++i) {
        const int ky = r - i * StrideH;
        if (ky < 0 || ky >= K)
          continue;
        QK_UNROLL
        for (int kx = 0; kx < K; ++kx)
          acc[i] = fmaF(w[ky * K + kx], v[kx], acc[i]);
      }
    }
    QK_UNROLL
    for (int i = 0; i < NR; ++i)
      storeFirst(out + i * s.outW + x, filter.finish(acc[i]), s.outW - x);
  }
}

template <int NR>
QK_VARIANT void stripRows(float *out, const float *from, const Strip &strip, const Filter &filter,
                          const PlainImage &s) {
  const bool square = s.kernelH == s.kernelW && s.dilH == 1 && s.dilW == 1;
  if (square && s.kernelH == 3 && s.strideH == 1)
    return squareRows<NR, 3, 1>(out, from, strip, filter, s);
  if (square && s.kernelH == 3 && s.strideH == 2)
    return squareRows<NR, 3, 2>(out, from, strip, filter, s);
  if (square && s.kernelH == 5 && s.strideH == 1)
    return squareRows<NR, 5, 1>(out, from, strip, filter, s);
  anyRows<NR>(out, from, strip, filter, s);
}

/// Rows y on of one plane's results.
QK_INLINE void filterStrip(float *out, const Strip &strip, const Filter &filter,
                           const PlainImage &s, int64_t rows) {
  const float *from = strip.data;
  int64_t i = 0;
  QK_NO_UNROLL
  for (; i + RowsAtOnce <= rows; i += RowsAtOnce) {
    stripRows<RowsAtOnce>(out + i * s.outW, from, strip, filter, s);
    from += RowsAtOnce * s.strideH * strip.rowSize;
  }
  out += i * s.outW;
  switch (rows - i) {
  case 1:
    return stripRows<1>(out, from, strip, filter, s);
  case 2:
    return stripRows<2>(out, from, strip, filter, s);
  case 3:
    return stripRows<3>(out, from, strip, filter, s);
  default:
    return;
  }
}

/// `planes` planes, each with `filters` of its own.
void depthwisePlanes(float *out, const float *in, const float *weights, ChannelEpilogue epilogue,
                     float *scratch, const PlainImage &s, int64_t planes, int64_t filters) {
  const int64_t taps = s.kernelH * s.kernelW, size = s.outH * s.outW;
  const Strip strip(scratch, s);
  QK_NO_UNROLL
  for (int64_t plane = 0; plane < planes; ++plane, in += s.height * s.width) {
    QK_NO_UNROLL
    for (int64_t y = 0; y < s.outH; y += StripRows) {
      const int64_t rows = minI64(StripRows, s.outH - y);
      fillStrip(strip, in, s, y, (rows - 1) * s.strideH + (s.kernelH - 1) * s.dilH + 1);
      QK_NO_UNROLL
      for (int64_t o = plane * filters; o < (plane + 1) * filters; ++o)
        filterStrip(out + o * size + y * s.outW, strip, {weights + o * taps, epilogue.of(o)}, s,
                    rows);
    }
  }
}

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_DEPTHWISENCHWF32_H
