//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers with weights of 4 bits on rows of 8-bit codes, on the SIMD levels.
//
// Weights are the unsigned side of the byte products, so their zero point is one product with the
// sum of the row's codes, where a group's sum starts. Without VNNI, pmaddubsw makes sums of two
// products in 16 bits: |2 * 15 * 128| = 3840, so eight of them, of 32 k, stay exact.
//
//===----------------------------------------------------------------------===//

#include "Simd.h"

#if !QK_PORTABLE

#include "PlainF32.h"

using namespace quantc::kernels;

namespace {

constexpr int64_t GroupedColumns = 32;
constexpr int NV = 2;
#if QK_AVX512
constexpr int64_t MaxRows = 8;
#else
constexpr int64_t MaxRows = 4;
#endif

#if QK_VNNI
constexpr int64_t ExactK = int64_t(1) << 40; ///< that `products` may add up before `widened`
QK_INLINE VI products(VI acc, VI codes, VI x) {
#if QK_AVX512
  return _mm512_dpbusd_epi32(acc, codes, x);
#else
  return _mm256_dpbusd_avx_epi32(acc, codes, x);
#endif
}
QK_INLINE VI widened(VI sums) { return sums; }
#else
constexpr int64_t ExactK = 32;
QK_INLINE VI products(VI acc, VI codes, VI x) {
#if QK_AVX512
  return _mm512_add_epi16(acc, _mm512_maddubs_epi16(codes, x));
#elif QK_AVX2
  return _mm256_add_epi16(acc, _mm256_maddubs_epi16(codes, x));
#else
  return _mm_add_epi16(acc, _mm_maddubs_epi16(codes, x));
#endif
}
QK_INLINE VI widened(VI sums) { return maddS16(sums, set1(0x00010001)); }
#endif

struct Panel {
  const uint8_t *codes;
  const float *scales;
  const uint8_t *zeros;
  int64_t group, groups, zeroStride;
};

struct Rows {
  float *out;
  const int8_t *in;
  const float *scales;
  const int32_t *sums;
  int64_t inRowStride, outRowStride, scaleGroups;
};

/// sum[i][j] += the products of `length` codes of row i with columns j; moves `in` and `codes` on.
template <int MR>
QK_INLINE void addProducts(VI (&sum)[MR][NV], const int8_t *&in, int64_t inRowStride,
                           const uint8_t *&codes, int64_t length) {
  const VI mask = set1(0x0f0f0f0f);
  QK_NO_UNROLL
  for (int64_t at = 0; at < length; at += 8, in += 8, codes += 4 * GroupedColumns) {
    __builtin_prefetch(codes + 8192);
    VI low[NV], high[NV];
    QK_UNROLL
    for (int j = 0; j < NV; ++j) {
      const VI both = load(codes + j * (4 * VL));
      low[j] = and32(both, mask);
      high[j] = and32(shrU32(both, 4), mask);
    }
    QK_UNROLL
    for (int i = 0; i < MR; ++i) {
      const VI x = broadcast4(in + i * inRowStride);
      const VI y = broadcast4(in + i * inRowStride + 4);
      QK_UNROLL
      for (int j = 0; j < NV; ++j)
        sum[i][j] = products(products(sum[i][j], low[j], x), high[j], y);
    }
  }
}

/// The same for a whole group, in parts that 16 bits hold where products add up there.
template <int MR>
QK_INLINE void addGroup(VI (&sum)[MR][NV], const int8_t *&in, int64_t inRowStride,
                        const uint8_t *&codes, int64_t length) {
  QK_NO_UNROLL
  for (int64_t first = 0; first < length; first += ExactK) {
    const bool direct = QK_VNNI;
    VI part[MR][NV];
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      QK_UNROLL
    for (int j = 0; j < NV; ++j)
      part[i][j] = direct ? sum[i][j] : zero();
    addProducts(part, in, inRowStride, codes, minI64(length - first, ExactK));
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      QK_UNROLL
    for (int j = 0; j < NV; ++j)
      sum[i][j] = direct ? part[i][j] : add(sum[i][j], widened(part[i][j]));
  }
}

/// MR rows times `valid` columns of a panel.
template <int MR>
QK_VARIANT void tile(const Rows &rows, const Panel &p, const float *bias, int64_t k,
                     int64_t valid) {
  QK_NO_UNROLL
  for (int64_t column = 0; column < valid; column += NV * VL) {
    const uint8_t *codes = p.codes + 4 * column;
    const int8_t *in = rows.in;
    VF real[MR][NV];
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      QK_UNROLL
    for (int j = 0; j < NV; ++j)
      real[i][j] = set1F(0.0f);
    QK_NO_UNROLL
    for (int64_t g = 0; g < p.groups; ++g) {
      VI sum[MR][NV];
      QK_UNROLL
      for (int j = 0; j < NV; ++j) {
        const VI zero = p.zeroStride ? widenU8(p.zeros + g * GroupedColumns + column + j * VL)
                                     : set1(p.zeros[0]);
        QK_UNROLL
        for (int i = 0; i < MR; ++i)
          sum[i][j] = p.zeroStride ? mul(zero, set1(-rows.sums[i * p.groups + g]))
                                   : set1(-rows.sums[i * p.groups + g] * p.zeros[0]);
      }
      addGroup(sum, in, rows.inRowStride, codes, minI64(p.group, k - g * p.group));
      QK_UNROLL
      for (int j = 0; j < NV; ++j) {
        const VF scale = loadF(p.scales + g * GroupedColumns + column + j * VL);
        QK_UNROLL
        for (int i = 0; i < MR; ++i)
          real[i][j] =
              fmaF(rows.scaleGroups ? mulF(toFloat(sum[i][j]), set1F(rows.scales[i * p.groups + g]))
                                    : toFloat(sum[i][j]),
                   scale, real[i][j]);
      }
    }
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      QK_UNROLL
    for (int j = 0; j < NV; ++j) {
      const int64_t c = column + j * VL;
      if (c < valid)
        storeFirst(
            rows.out + i * rows.outRowStride + c,
            fmaF(real[i][j], set1F(rows.scaleGroups ? 1.0f : rows.scales[i]), loadF(bias + c)),
            valid - c);
    }
  }
}

/// `count` tiles of `size` rows, and all panels' columns that are given.
QK_INLINE void tilesOf(int64_t size, int64_t count, Rows rows, const Panel &p, const float *bias,
                       int64_t k, int64_t valid) {
  QK_NO_UNROLL
  for (int64_t t = 0; t < count; ++t) {
    switch (size) {
#define TILE_CASE(MR)                                                                              \
  case MR:                                                                                         \
    tile<(MR <= MaxRows ? MR : 1)>(rows, p, bias, k, valid);                                       \
    break;
      // clang-format off
      TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4)
      TILE_CASE(5) TILE_CASE(6) TILE_CASE(7) TILE_CASE(8)
    default:
      break;
    }
    // clang-format on
#undef TILE_CASE
    rows.out += size * rows.outRowStride, rows.in += size * rows.inRowStride;
    rows.scales += size * (rows.scaleGroups ? rows.scaleGroups : 1);
    rows.sums += size * p.groups;
  }
}

} // namespace

extern "C" void QK_NAME(grouped_linear_s8)(float *out, const int8_t *in, const float *rowScales,
                                           const int32_t *rowSums, const uint8_t *weights,
                                           const float *scales, const uint8_t *zeros,
                                           const float *bias, int64_t rowBegin, int64_t rowEnd,
                                           int64_t panelBegin, int64_t panelEnd, int64_t n,
                                           int64_t k, int64_t group, int64_t inRowStride,
                                           int64_t outRowStride, int64_t zeroStride,
                                           int64_t scaleGroups) {
  const int64_t groups = ceilDiv(k, group), panelBytes = ceilDiv(k, 8) * (4 * GroupedColumns);
  const int64_t rowCount = rowEnd - rowBegin;
  if (rowCount <= 0)
    return;
  const int64_t count = ceilDiv(rowCount, MaxRows), size = rowCount / count;
  const int64_t larger = rowCount % count;
  QK_NO_UNROLL
  for (int64_t panel = panelBegin; panel < panelEnd; ++panel) {
    const int64_t at = panel * groups * GroupedColumns, first = panel * GroupedColumns;
    const int64_t valid = minI64(n - first, GroupedColumns);
    const Panel p = {weights + panel * panelBytes,
                     scales + at,
                     zeros + at * zeroStride,
                     group,
                     groups,
                     zeroStride};
    const auto rowsFrom = [&](int64_t row) __attribute__((always_inline)) {
      return Rows{out + row * outRowStride + first,
                  in + row * inRowStride,
                  rowScales + row * (scaleGroups ? scaleGroups : 1),
                  rowSums + row * groups,
                  inRowStride,
                  outRowStride,
                  scaleGroups};
    };
    // Tiles that differ by one row at most.
    tilesOf(size + 1, larger, rowsFrom(rowBegin), p, bias + first, k, valid);
    tilesOf(size, count - larger, rowsFrom(rowBegin + larger * (size + 1)), p, bias + first, k,
            valid);
  }
}

#endif // !QK_PORTABLE
