//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The int8 convolution / GEMM microkernel of the SIMD levels (portable code:
// ConvU8S8Portable.cpp). A convolution is a GEMM whose rows are adjacent output
// pixels and whose K runs over segments of contiguous input bytes, so nothing is
// copied. A tile of MR pixels x NV vectors of columns keeps its accumulators in
// registers; per 4 k it loads NV vectors of packed weights and broadcasts 4 bytes a
// pixel. A row is cut into tiles whose sizes differ by at most one, each size being
// its own variant, so there are no masked pixels. Tiles with few accumulators run
// several chains over k to hide the latency of the dot product.
//
//===----------------------------------------------------------------------===//

#include "Dot.h"
#include "Epilogue.h"

#if !QK_PORTABLE

using namespace quantc::kernels;

namespace {

// Tile sizes: accumulators, weights and temporaries must fit the registers.
#if QK_LEVEL == 5
constexpr int MaxMR = 14;
#elif QK_LEVEL == 4
constexpr int MaxMR = 12;
#elif QK_LEVEL == 3
constexpr int MaxMR = 6;
#else
constexpr int MaxMR = 4;
#endif

/// Parallel chains over k: about ten dot products have to be in flight.
constexpr int chains(int accumulators) {
  if (!QK_VNNI)
    return accumulators >= 4 ? 1 : 2;
  return accumulators >= 8 ? 1 : accumulators >= 4 ? 2 : 4;
}

/// Where a tile's results go, and how.
#define EPILOGUE_PARAMS                                                                            \
  const void *mult, const int32_t *shift, int64_t channel, int64_t full, int64_t valid,            \
      int64_t outPixelStride, int64_t epilogue, int64_t zp, int64_t lo, int64_t hi, int64_t accLo, \
      int64_t accHi
#define EPILOGUE_ARGS                                                                              \
  mult, shift, channel, full, valid, outPixelStride, epilogue, zp, lo, hi, accLo, accHi

#if QK_AVX512
/// Stores the first `valid` of Count bytes at `offset` (in bytes) of v.
template <int Count>
QK_INLINE void storeBytes(uint8_t *dst, VI v, int part, int64_t full, int64_t valid) {
  if constexpr (Count == 32) {
    __m256i half = part ? _mm512_extracti64x4_epi64(v, 1) : _mm512_castsi512_si256(v);
    if (full)
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(dst), half);
    else
      _mm256_mask_storeu_epi8(dst, _bzhi_u32(~0u, static_cast<unsigned>(valid)), half);
  } else {
    __m128i quarter = part == 0   ? _mm512_castsi512_si128(v)
                      : part == 1 ? _mm512_extracti32x4_epi32(v, 1)
                      : part == 2 ? _mm512_extracti32x4_epi32(v, 2)
                                  : _mm512_extracti32x4_epi32(v, 3);
    if (full)
      _mm_storeu_si128(reinterpret_cast<__m128i *>(dst), quarter);
    else
      _mm_mask_storeu_epi8(dst, static_cast<__mmask16>(_bzhi_u32(~0u, unsigned(valid))), quarter);
  }
}
QK_INLINE void storeInts(int32_t *dst, VI v, int64_t valid) {
  if (valid >= VL)
    store(dst, v);
  else if (valid > 0)
    _mm512_mask_storeu_epi32(dst, static_cast<__mmask16>((1u << valid) - 1), v);
}
#else
template <int Count>
QK_INLINE void storeBytes(uint8_t *dst, VI v, int part, int64_t full, int64_t valid) {
  static_assert(Count == 2 * VL || Count == VL);
  alignas(32) uint8_t bytes[4 * VL];
#if QK_AVX2
  if (full && Count == 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(dst),
                     part ? _mm256_extracti128_si256(v, 1) : _mm256_castsi256_si128(v));
    return;
  }
#else
  if (full && Count == 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i *>(dst), part ? _mm_unpackhi_epi64(v, v) : v);
    return;
  }
#endif
  store(bytes, v);
  QK_NO_UNROLL
  for (int64_t i = 0; i < valid; ++i)
    dst[i] = bytes[part * Count + i];
}
QK_INLINE void storeInts(int32_t *dst, VI v, int64_t valid) {
  if (valid >= VL) {
    store(dst, v);
    return;
  }
  alignas(32) int32_t lanes[VL];
  store(lanes, v);
  for (int64_t i = 0; i < valid; ++i)
    dst[i] = lanes[i];
}
#endif

template <int MR, int NV> QK_INLINE void clampAcc(VI (&acc)[MR][NV], int64_t lo, int64_t hi) {
  if (lo <= INT32_MIN && hi >= INT32_MAX)
    return;
  QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    acc[i][j] = maxI32(minI32(acc[i][j], set1(int32_t(hi))), set1(int32_t(lo)));
}

/// Packs and stores 4/NV rows of which the first `rows` exist.
template <int NV>
QK_INLINE void storeRows(uint8_t *out, VI a, VI b, VI c, VI d, int rows, int64_t full,
                         int64_t valid, int64_t outPixelStride, int64_t lo, int64_t hi) {
  VI bytes = clampU8(packBytes(a, b, c, d), lo, hi);
  QK_UNROLL
  for (int r = 0; r < 4 / NV; ++r)
    if (r < rows)
      storeBytes<NV * VL>(out + r * outPixelStride, bytes, r, full, valid);
}

/// The fp32 epilogue, all in registers.
template <int MR, int NV>
QK_INLINE void finishFma32(uint8_t *out, VI (&acc)[MR][NV], EPILOGUE_PARAMS) {
#if QK_FMA
  VF m[NV];
  QK_UNROLL
  for (int j = 0; j < NV; ++j)
    m[j] = loadF(static_cast<const float *>(mult) + channel + j * VL);
  VI zpm = magicZeroPoint(zp);
  QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    acc[i][j] = requantizeFma32(acc[i][j], m[j], zpm);
  constexpr int Step = 4 / NV;
  QK_UNROLL
  for (int i = 0; i < MR; i += Step) {
    // Rows that do not exist repeat the last one.
    constexpr int Last = MR - 1;
    int i1 = i + 1 < MR ? i + 1 : Last, i2 = i + 2 < MR ? i + 2 : Last,
        i3 = i + 3 < MR ? i + 3 : Last;
    uint8_t *dst = out + i * outPixelStride;
    if constexpr (NV == 2)
      storeRows<NV>(dst, acc[i][0], acc[i][1], acc[i1][0], acc[i1][1], MR - i, full, valid,
                    outPixelStride, lo, hi);
    else
      storeRows<NV>(dst, acc[i][0], acc[i1][0], acc[i2][0], acc[i3][0], MR - i, full, valid,
                    outPixelStride, lo, hi);
  }
#endif
}

/// All other epilogues go through memory, row by row: they are the rare ones, and
/// this keeps the variants small.
template <int MR, int NV>
QK_INLINE void finishOther(void *out, VI (&acc)[MR][NV], EPILOGUE_PARAMS) {
  alignas(64) int32_t tile[MR][NV * VL];
  QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    store(&tile[i][j * VL], acc[i][j]);
  QK_NO_UNROLL
  for (int i = 0; i < MR; ++i) {
    VI r[NV];
    QK_UNROLL
    for (int j = 0; j < NV; ++j) {
      r[j] = load(&tile[i][j * VL]);
      if (epilogue == EpilogueRaw)
        storeInts(static_cast<int32_t *>(out) + i * outPixelStride + j * VL, r[j], valid - j * VL);
      else
        r[j] = requantizeVector(epilogue, r[j], mult, shift, channel + j * VL, zp);
    }
    if (epilogue != EpilogueRaw)
      storeRows<NV>(static_cast<uint8_t *>(out) + i * outPixelStride, r[0], r[NV - 1], r[0], r[0],
                    1, full, valid, outPixelStride, lo, hi);
  }
}

/// The K loop over one segment.
template <int MR, int NV, int Chains>
QK_INLINE const int8_t *multiplySegment(VI (&acc)[Chains][MR][NV], const uint8_t *a,
                                        const int8_t *b, int64_t length, int64_t bStep,
                                        int64_t inPixelStep) {
  int64_t k = 0;
  if constexpr (Chains > 1) {
    QK_NO_UNROLL
    for (; k + 4 * Chains <= length; k += 4 * Chains) {
      QK_UNROLL
      for (int c = 0; c < Chains; ++c) {
        Bytes4S w[NV];
        QK_UNROLL
        for (int j = 0; j < NV; ++j)
          w[j] = splitS(load(b + j * 4 * VL));
        QK_UNROLL
        for (int i = 0; i < MR; ++i) {
          Bytes4U x = splitU(broadcast4(a + i * inPixelStep + k + 4 * c));
          QK_UNROLL
          for (int j = 0; j < NV; ++j)
            acc[c][i][j] = dot(acc[c][i][j], x, w[j]);
        }
        b += bStep;
      }
    }
  }
  QK_NO_UNROLL
  for (; k < length; k += 4) {
    Bytes4S w[NV];
    QK_UNROLL
    for (int j = 0; j < NV; ++j)
      w[j] = splitS(load(b + j * 4 * VL));
    QK_UNROLL
    for (int i = 0; i < MR; ++i) {
      Bytes4U x = splitU(broadcast4(a + i * inPixelStep + k));
      QK_UNROLL
      for (int j = 0; j < NV; ++j)
        acc[0][i][j] = dot(acc[0][i][j], x, w[j]);
    }
    b += bStep;
  }
  return b;
}

#define TILE_PARAMS                                                                                \
  const int8_t *weights, int64_t bStep, const int32_t *bias, int64_t inPixelStep, int64_t segH,    \
      int64_t segW, int64_t segLen, int64_t segStrideH, int64_t segStrideW
#define TILE_ARGS weights, bStep, bias, inPixelStep, segH, segW, segLen, segStrideH, segStrideW

template <int MR, int NV>
QK_INLINE void convTile(void *out, const uint8_t *in, TILE_PARAMS, EPILOGUE_PARAMS) {
  constexpr int Chains = chains(MR * NV);
  VI acc[Chains][MR][NV];
  QK_UNROLL
  for (int j = 0; j < NV; ++j) {
    VI start = load(bias + channel + j * VL);
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      acc[0][i][j] = start;
  }
  QK_UNROLL
  for (int c = 1; c < Chains; ++c)
    QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    acc[c][i][j] = zero();
  const int8_t *b = weights;
  QK_NO_UNROLL
  for (int64_t sh = 0; sh < segH; ++sh)
    QK_NO_UNROLL
  for (int64_t sw = 0; sw < segW; ++sw)
    b = multiplySegment<MR, NV, Chains>(acc, in + sh * segStrideH + sw * segStrideW, b, segLen,
                                        bStep, inPixelStep);
  QK_UNROLL
  for (int c = 1; c < Chains; ++c)
    QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    acc[0][i][j] = add(acc[0][i][j], acc[c][i][j]);
  clampAcc(acc[0], accLo, accHi);
  if (QK_FMA && epilogue == EpilogueFma32)
    finishFma32(static_cast<uint8_t *>(out), acc[0], EPILOGUE_ARGS);
  else
    finishOther(out, acc[0], EPILOGUE_ARGS);
}

#define RUN_PARAMS                                                                                 \
  int64_t rowBegin, int64_t rowEnd, int64_t outH, int64_t inBatchStride, int64_t inRowStep,        \
      int64_t outBatchStride, int64_t outRowStride
#define RUN_ARGS rowBegin, rowEnd, outH, inBatchStride, inRowStep, outBatchStride, outRowStride

/// `tiles` adjacent tiles of MR pixels in each of the rows, for one set of columns.
template <int MR, int NV>
QK_VARIANT void convTiles(void *out, const uint8_t *in, int64_t tiles, RUN_PARAMS, TILE_PARAMS,
                          EPILOGUE_PARAMS) {
  const int64_t outSize = epilogue == EpilogueRaw ? 4 : 1;
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    int64_t batch = row / outH, y = row % outH;
    const uint8_t *a = in + batch * inBatchStride + y * inRowStep;
    char *o = static_cast<char *>(out) + (batch * outBatchStride + y * outRowStride) * outSize;
    QK_NO_UNROLL
    for (int64_t t = 0; t < tiles; ++t) {
      convTile<MR, NV>(o, a, TILE_ARGS, EPILOGUE_ARGS);
      a += MR * inPixelStep;
      o += MR * outPixelStride * outSize;
    }
  }
}

/// Picks the variant for tiles of `size` pixels.
template <int NV>
QK_INLINE void convTilesOf(int64_t size, void *out, const uint8_t *in, int64_t tiles, RUN_PARAMS,
                           TILE_PARAMS, EPILOGUE_PARAMS) {
#define TILE_CASE(MR)                                                                              \
  case MR:                                                                                         \
    if constexpr (MR <= MaxMR)                                                                     \
      return convTiles<(MR <= MaxMR ? MR : 1), NV>(out, in, tiles, RUN_ARGS, TILE_ARGS,            \
                                                   EPILOGUE_ARGS);                                 \
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
QK_INLINE void convColumns(void *out, const uint8_t *in, int64_t outW, RUN_PARAMS, TILE_PARAMS,
                           EPILOGUE_PARAMS) {
  int64_t tiles = ceilDiv(outW, MaxMR);
  int64_t size = outW / tiles, larger = outW % tiles;
  if (larger > 0)
    convTilesOf<NV>(size + 1, out, in, larger, RUN_ARGS, TILE_ARGS, EPILOGUE_ARGS);
  int64_t x = larger * (size + 1);
  convTilesOf<NV>(size,
                  static_cast<char *>(out) + x * outPixelStride * (epilogue == EpilogueRaw ? 4 : 1),
                  in + x * inPixelStep, tiles - larger, RUN_ARGS, TILE_ARGS, EPILOGUE_ARGS);
}

/// One panel of columns for the rows.
QK_INLINE void convPanel(void *out, const uint8_t *in, int64_t outW, int64_t inGroupStride,
                         int64_t groupN, int64_t unit, RUN_PARAMS, TILE_PARAMS, const void *mult,
                         const int32_t *shift, int64_t outPixelStride, int64_t epilogue, int64_t zp,
                         int64_t lo, int64_t hi, int64_t accLo, int64_t accHi) {
  const int64_t k = segH * segW * roundUp(segLen, 4);
  const int64_t panels = ceilDiv(groupN, 32), tail = groupN - (panels - 1) * 32;
  const int64_t groupBytes = k * ((panels - 1) * 32 + (tail <= 16 ? 16 : 32));
  const int64_t group = unit / panels, panel = unit % panels;
  const bool narrow = panel == panels - 1 && tail <= 16;
  const int64_t columns = panel == panels - 1 ? tail : 32;
  const int64_t outSize = epilogue == EpilogueRaw ? 4 : 1,
                firstChannel = group * groupN + panel * 32;
  weights += group * groupBytes + panel * 32 * k;
  in += group * inGroupStride;
  char *o = static_cast<char *>(out) + firstChannel * outSize;
  bStep = narrow ? 64 : 128;
  if (QK_AVX512 && narrow) {
    int64_t channel = firstChannel, full = groupN % 16 == 0, valid = columns;
    return convColumns<1>(o, in, outW, RUN_ARGS, TILE_ARGS, EPILOGUE_ARGS);
  }
  constexpr int64_t Step = 2 * VL;
  const int64_t full = QK_AVX512 ? (tail == 32 || tail <= 16) : groupN % Step == 0;
  QK_NO_UNROLL
  for (int64_t c = 0; c < columns; c += Step, weights += 4 * Step) {
    int64_t channel = firstChannel + c, valid = minI64(columns - c, Step);
    convColumns<2>(o + c * outSize, in, outW, RUN_ARGS, TILE_ARGS, EPILOGUE_ARGS);
  }
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
  // Small weights stay in L1: then all columns of a row are made before the next row, so
  // that inputs are read and output lines are written once. Else all rows per panel.
  const int64_t weightBytes = groups * groupN * segH * segW * segLen;
  const int64_t chunk = weightBytes <= 16384 ? 1 : maxI64(rowEnd - rowBegin, 1);
  const int64_t bStep = 0; // set per panel
  QK_NO_UNROLL
  for (int64_t first = rowBegin, last = rowEnd; first < last; first += chunk) {
    rowBegin = first;
    rowEnd = minI64(first + chunk, last);
    QK_NO_UNROLL
    for (int64_t unit = panelBegin; unit < panelEnd; ++unit)
      convPanel(out, in, outW, inGroupStride, groupN, unit, RUN_ARGS, TILE_ARGS, mult, shift,
                outPixelStride, epilogue, zp, lo, hi, accLo, accHi);
  }
}

#endif // !QK_PORTABLE
