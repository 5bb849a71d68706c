//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fp32 convolution / GEMM microkernel of the SIMD levels, for packed weights and
// for a right operand that is only known at run time. The structure is that of
// ConvU8S8.cpp. Every output starts at +0, takes one FMA per k in order, and then the
// bias: so its bits depend neither on tile shapes nor on the level [NUM-FLT-2].
//
//===----------------------------------------------------------------------===//

#include "Simd.h"

#if !QK_PORTABLE

using namespace quantc::kernels;

namespace {

#if QK_AVX512
constexpr int MaxMR = 14;
#elif QK_AVX2
constexpr int MaxMR = 6;
#else
constexpr int MaxMR = 4;
#endif

template <int N> struct Size {
  static constexpr int value = N;
};

QK_INLINE void storeColumns(float *dst, VF v, int64_t full, int64_t valid) {
  if (full || valid >= VL)
    return storeF(dst, v);
#if QK_AVX512
  if (valid > 0)
    _mm512_mask_storeu_ps(dst, static_cast<__mmask16>((1u << valid) - 1), v);
#else
  alignas(32) float lanes[VL];
  storeF(lanes, v);
  QK_NO_UNROLL
  for (int64_t i = 0; i < valid; ++i)
    dst[i] = lanes[i];
#endif
}

// What a tile needs besides its operands. `bias` is null for none; `bStep` is the
// distance of consecutive k in b.
#define TILE_PARAMS                                                                                \
  const float *b, int64_t bStep, const float *bias, int64_t inPixelStep, int64_t segH,             \
      int64_t segW, int64_t segLen, int64_t segStrideH, int64_t segStrideW, int64_t full,          \
      int64_t valid, int64_t outPixelStride, int64_t clamp, float lo, float hi
#define TILE_ARGS                                                                                  \
  b, bStep, bias, inPixelStep, segH, segW, segLen, segStrideH, segStrideW, full, valid,            \
      outPixelStride, clamp, lo, hi

template <int MR, int NV> QK_INLINE void tile(float *out, const float *in, TILE_PARAMS) {
  VF acc[MR][NV];
  QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    acc[i][j] = set1F(0.0f);
  QK_NO_UNROLL
  for (int64_t sh = 0; sh < segH; ++sh)
    QK_NO_UNROLL
  for (int64_t sw = 0; sw < segW; ++sw) {
    const float *a = in + sh * segStrideH + sw * segStrideW;
    QK_NO_UNROLL
    for (int64_t k = 0; k < segLen; ++k, b += bStep) {
      VF w[NV];
      QK_UNROLL
      for (int j = 0; j < NV; ++j)
        w[j] = loadF(b + j * VL);
      QK_UNROLL
      for (int i = 0; i < MR; ++i) {
        VF x = set1F(a[i * inPixelStep + k]);
        QK_UNROLL
        for (int j = 0; j < NV; ++j)
          acc[i][j] = fmaF(x, w[j], acc[i][j]);
      }
    }
  }
  QK_UNROLL
  for (int j = 0; j < NV; ++j) {
    VF start = bias ? loadF(bias + j * VL) : set1F(0.0f);
    QK_UNROLL
    for (int i = 0; i < MR; ++i) {
      VF v = acc[i][j];
      if (bias)
        v = addF(v, start);
      // In this order NaN stays NaN, and hi wins over lo.
      if (clamp)
        v = minF(set1F(hi), maxF(set1F(lo), v));
      storeColumns(out + i * outPixelStride + j * VL, v, full, valid - j * VL);
    }
  }
}

#define RUN_PARAMS                                                                                 \
  int64_t rowBegin, int64_t rowEnd, int64_t outH, int64_t inBatchStride, int64_t inRowStep,        \
      int64_t outBatchStride, int64_t outRowStride
#define RUN_ARGS rowBegin, rowEnd, outH, inBatchStride, inRowStep, outBatchStride, outRowStride

/// `tiles` adjacent tiles of MR pixels in each of the rows, for one set of columns.
template <int MR, int NV>
QK_VARIANT void tiles(float *out, const float *in, int64_t count, RUN_PARAMS, TILE_PARAMS) {
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    int64_t batch = row / outH, y = row % outH;
    const float *a = in + batch * inBatchStride + y * inRowStep;
    float *o = out + batch * outBatchStride + y * outRowStride;
    QK_NO_UNROLL
    for (int64_t t = 0; t < count; ++t) {
      tile<MR, NV>(o, a, TILE_ARGS);
      a += MR * inPixelStep;
      o += MR * outPixelStride;
    }
  }
}

template <int NV>
QK_INLINE void tilesOf(int64_t size, float *out, const float *in, int64_t count, RUN_PARAMS,
                       TILE_PARAMS) {
#define TILE_CASE(MR)                                                                              \
  case MR:                                                                                         \
    if constexpr (MR <= MaxMR)                                                                     \
      return tiles<(MR <= MaxMR ? MR : 1), NV>(out, in, count, RUN_ARGS, TILE_ARGS);               \
    break;
  // clang-format off
  switch (size) {
    TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6) TILE_CASE(7)
    TILE_CASE(8) TILE_CASE(9) TILE_CASE(10) TILE_CASE(11) TILE_CASE(12) TILE_CASE(13) TILE_CASE(14)
  default:
    break;
  }
  // clang-format on
#undef TILE_CASE
}

/// All pixels of the rows for NV vectors of columns.
template <int NV>
QK_INLINE void columns(float *out, const float *in, int64_t outW, RUN_PARAMS, TILE_PARAMS) {
  int64_t count = ceilDiv(outW, MaxMR), size = outW / count, larger = outW % count;
  if (larger > 0)
    tilesOf<NV>(size + 1, out, in, larger, RUN_ARGS, TILE_ARGS);
  int64_t x = larger * (size + 1);
  tilesOf<NV>(size, out + x * outPixelStride, in + x * inPixelStep, count - larger, RUN_ARGS,
              TILE_ARGS);
}

/// All rows of a range whose length is only known at run time: three tile sizes instead
/// of one variant per size.
template <int NV>
QK_INLINE void matmulColumns(float *out, const float *in, int64_t rows, TILE_PARAMS) {
  int64_t y = 0;
  auto run = [&](auto size) __attribute__((always_inline)) {
    constexpr int MR = decltype(size)::value;
    const int64_t count = (rows - y) / MR;
    if (count > 0)
      tiles<MR, NV>(out + y * outPixelStride, in + y * inPixelStep, count, 0, 1, 1, 0, 0, 0, 0,
                    TILE_ARGS);
    y += count * MR;
  };
  run(Size<MaxMR>());
  run(Size<(MaxMR >= 12 ? 4 : 2)>());
  run(Size<1>());
}

} // namespace

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
  QK_NO_UNROLL
  for (int64_t unit = panelBegin; unit < panelEnd; ++unit) {
    int64_t group = unit / panels, panel = unit % panels;
    bool narrow = panel == panels - 1 && tail <= 16;
    int64_t width = narrow ? 16 : 32, count = panel == panels - 1 ? tail : 32;
    const float *w = weights + group * groupSize + panel * 32 * k;
    const float *a = in + group * inGroupStride;
    const int64_t channel = group * groupN + panel * 32;
    if (QK_AVX512 && narrow) {
      columns<1>(out + channel, a, outW, rowBegin, rowEnd, outH, inBatchStride, inRowStep,
                 outBatchStride, outRowStride, w, 16, bias + channel, inPixelStep, segH, segW,
                 segLen, segStrideH, segStrideW, groupN % 16 == 0, count, outPixelStride, clamp, lo,
                 hi);
      continue;
    }
    constexpr int64_t Step = 2 * VL;
    const int64_t full = QK_AVX512 ? (tail == 32 || tail <= 16) : groupN % Step == 0;
    QK_NO_UNROLL
    for (int64_t c = 0; c < count; c += Step)
      columns<2>(out + channel + c, a, outW, rowBegin, rowEnd, outH, inBatchStride, inRowStep,
                 outBatchStride, outRowStride, w + c, width, bias + channel + c, inPixelStep, segH,
                 segW, segLen, segStrideH, segStrideW, full, minI64(count - c, Step),
                 outPixelStride, clamp, lo, hi);
  }
}

// Batches are independent: a range of rows is cut where one begins.
extern "C" void QK_NAME(matmul_f32)(float *out, const float *a, const float *b, int64_t rowBegin,
                                    int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int64_t m,
                                    int64_t n, int64_t k, int64_t lda, int64_t ldb, int64_t ldc,
                                    int64_t aBatchStride, int64_t bBatchStride,
                                    int64_t cBatchStride) {
  QK_NO_UNROLL
  for (int64_t first = rowBegin, last; first < rowEnd; first = last) {
    const int64_t batch = first / m, y = first % m;
    last = minI64(rowEnd, (batch + 1) * m);
    const float *rows = a + batch * aBatchStride + y * lda;
    float *dst = out + batch * cBatchStride + y * ldc;
    QK_NO_UNROLL
    for (int64_t c = panelBegin * 32; c < minI64(panelEnd * 32, n);) {
      // Reading b past n must stay below 64 bytes: a narrow vector where 16 remain.
      const bool narrow = QK_AVX512 && n - c <= 16;
      const int64_t step = narrow ? VL : 2 * VL, valid = minI64(n - c, step);
      const float *panel = b + batch * bBatchStride + c;
      if (narrow)
        matmulColumns<1>(dst + c, rows, last - first, panel, ldb, nullptr, lda, 1, 1, k, 0, 0,
                         n % VL == 0, valid, ldc, 0, 0.0f, 0.0f);
      else
        matmulColumns<2>(dst + c, rows, last - first, panel, ldb, nullptr, lda, 1, 1, k, 0, 0,
                         n % (2 * VL) == 0, valid, ldc, 0, 0.0f, 0.0f);
      c += step;
    }
  }
}

#endif // !QK_PORTABLE
