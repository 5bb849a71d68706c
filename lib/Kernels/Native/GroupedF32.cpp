//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers with weights of 4 bits and float activations, on the SIMD levels.
//
// Weights become float in registers. A code is cut out of its dword where it stands and given the
// exponent that makes it an integer's offset from a power of two, so that one subtraction leaves
// code - zero exactly: no shift and no conversion. One multiplication by the scale is the only
// rounding, as in the definition [NUM-W4-1]; then each output takes one FMA per k in order. A few
// rows do this as they go; for more, panels are decoded once and multiplied as in TileF32.h.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#if !QK_PORTABLE

#include "TileF32.h"

using namespace quantc::kernels;

namespace {

constexpr int64_t GroupedColumns = 32; ///< of a panel of packed weights
constexpr int NV = 2;                  ///< vectors of columns that are decoded together
#if QK_AVX512
constexpr int64_t FewRows = 8; ///< that are cheaper than decoding a panel to memory
#else
constexpr int64_t FewRows = 4;
#endif
constexpr int64_t SummedRows = 96; ///< for which a panel is decoded once
constexpr int64_t DecodedK = 128;  ///< of a decoded panel of 64 columns: 32 KiB

/// One panel of packed weights and what belongs to it.
struct Panel {
  const uint8_t *codes;
  const float *scales;
  const uint8_t *zeros;
  int64_t group, zeroStride;
  bool hasRest; ///< the inputs are no multiple of 8
};

/// code - zero of the weights at position p (4 bits each) of 32-bit lanes: `offset` is
/// 2^(23 - 4p) + zero.
template <int P> QK_INLINE VF codesAt(VI dwords, VF offset) {
  const VI mask = set1(0xf << 4 * P), exponent = set1((127 + 23 - 4 * P) << 23);
  return subF(floatOf(or32(and32(dwords, mask), exponent)), offset);
}

/// Calls use(k, j, weights) for k in [begin, end) and vector j of the NV from `column` on. begin
/// is a multiple of 8.
template <typename Use>
QK_INLINE void decode(const Panel &p, int64_t column, int64_t begin, int64_t end, Use use) {
  const uint8_t *codes = p.codes + begin / 8 * (4 * GroupedColumns) + 4 * column;
  QK_NO_UNROLL
  for (int64_t k = begin; k < end;) {
    const int64_t g = k / p.group, stop = minI64(end, (g + 1) * p.group);
    VF scale[NV], offset[NV][5];
    QK_UNROLL
    for (int j = 0; j < NV; ++j) {
      const int64_t at = g * GroupedColumns + column + j * VL;
      scale[j] = loadF(p.scales + at);
      const VF zero =
          p.zeroStride ? toFloat(widenU8(p.zeros + at)) : set1F(static_cast<float>(p.zeros[0]));
      QK_UNROLL
      for (int i = 0; i < 5; ++i)
        offset[j][i] = addF(zero, set1F(static_cast<float>(1 << (23 - 4 * i))));
    }
    const auto some = [&](int64_t count) __attribute__((always_inline)) {
      VI low[NV], high[NV];
      QK_UNROLL
      for (int j = 0; j < NV; ++j) {
        low[j] = load(codes + j * (4 * VL));
        high[j] = shrU32(low[j], 12);
      }
#define QK_CODE(I, FROM, P)                                                                        \
  if (I < count) {                                                                                 \
    QK_UNROLL                                                                                      \
    for (int j = 0; j < NV; ++j)                                                                   \
      use(k + I, j, mulF(codesAt<P>(FROM[j], offset[j][P]), scale[j]));                            \
  }
      QK_CODE(0, low, 0)
      QK_CODE(1, low, 2)
      QK_CODE(2, low, 4)
      QK_CODE(3, high, 3)
      QK_CODE(4, low, 1)
      QK_CODE(5, low, 3)
      QK_CODE(6, high, 2)
      QK_CODE(7, high, 4)
#undef QK_CODE
    };
    QK_NO_UNROLL
    for (; k + 8 <= stop; k += 8, codes += 4 * GroupedColumns) {
      __builtin_prefetch(codes + 8192);
      some(8);
    }
    if (p.hasRest && k < stop) {
      some(stop - k);
      k = stop;
    }
  }
}

struct Rows {
  float *out;
  const float *in;
  int64_t inRowStride, outRowStride;
};

/// MR rows times `valid` columns of a panel.
template <int MR>
QK_VARIANT void fewRows(const Rows &rows, const Panel &p, const float *bias, int64_t k,
                        int64_t valid) {
  QK_NO_UNROLL
  for (int64_t column = 0; column < valid; column += NV * VL) {
    VF acc[MR][NV];
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      QK_UNROLL
    for (int j = 0; j < NV; ++j)
      acc[i][j] = set1F(0.0f);
    decode(p, column, 0, k, [&](int64_t at, int j, VF weights) __attribute__((always_inline)) {
      QK_UNROLL
      for (int i = 0; i < MR; ++i)
        acc[i][j] = fmaF(set1F(rows.in[i * rows.inRowStride + at]), weights, acc[i][j]);
    });
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      QK_UNROLL
    for (int j = 0; j < NV; ++j) {
      const int64_t c = column + j * VL;
      if (c < valid)
        storeFirst(rows.out + i * rows.outRowStride + c, addF(acc[i][j], loadF(bias + c)),
                   valid - c);
    }
  }
}

struct Resumed {
  static constexpr bool resumes = true;
  QK_INLINE_MEMBER Resumed from(int64_t) const { return {}; }
  QK_INLINE_MEMBER Resumed of(int64_t) const { return {}; }
  QK_INLINE_MEMBER VF operator()(VF v) const { return v; }
};

/// Sums of rows and two panels, some k at a time: whole vectors, whatever the layer's size, so that
/// few shapes of tiles are compiled.
struct Sums {
  alignas(64) float decoded[DecodedK * PanelColumns];
  alignas(64) float values[SummedRows * PanelColumns];

  QK_INLINE_MEMBER void add(const Rows &rows, int64_t count, const Panel *panels, int64_t first,
                            int64_t last, int64_t valid) {
    QK_NO_UNROLL
    for (int64_t c = 0; c < valid; c += NV * VL)
      decode(panels[c / GroupedColumns], c % GroupedColumns, first, last,
             [&](int64_t at, int j, VF weights) __attribute__((always_inline)) {
               storeF(decoded + (at - first) * PanelColumns + c + j * VL, weights);
             });
    allColumns(PanelProduct{values, rows.in + first, decoded, PanelColumns, rows.inRowStride,
                            PanelColumns, count, PanelColumns, last - first},
               Resumed());
  }
};

/// At most SummedRows rows. `count` is best a constant: it decides which tiles are compiled.
QK_INLINE void summedRows(Sums &sums, const Rows &rows, int64_t count, const Panel *panels,
                          const float *bias, int64_t k, int64_t valid) {
  QK_NO_UNROLL
  for (int64_t i = 0; i < count * PanelColumns; i += VL)
    storeF(sums.values + i, set1F(0.0f));
  QK_NO_UNROLL
  for (int64_t first = 0; first < k; first += DecodedK)
    sums.add(rows, count, panels, first, minI64(k, first + DecodedK), valid);
  QK_NO_UNROLL
  for (int64_t i = 0; i < count; ++i)
    QK_NO_UNROLL
  for (int64_t c = 0; c < valid; c += VL)
    storeFirst(rows.out + i * rows.outRowStride + c,
               addF(loadF(sums.values + i * PanelColumns + c), loadF(bias + c)), valid - c);
}

/// Two panels at most, all rows.
QK_VARIANT void manyRows(Rows rows, int64_t count, const Panel *panels, const float *bias,
                         int64_t k, int64_t valid) {
  Sums sums;
  for (float &value : sums.decoded) // columns that are not there
    value = 0.0f;
  QK_NO_UNROLL
  for (int64_t whole = count / SummedRows; whole > 0; --whole) {
    summedRows(sums, rows, SummedRows, panels, bias, k, valid);
    rows.out += SummedRows * rows.outRowStride, rows.in += SummedRows * rows.inRowStride;
  }
  if (count % SummedRows > 0)
    summedRows(sums, rows, count % SummedRows, panels, bias, k, valid);
}

} // namespace

extern "C" void QK_NAME(grouped_linear_f32)(float *out, const float *in, const uint8_t *weights,
                                            const float *scales, const uint8_t *zeros,
                                            const float *bias, int64_t rowBegin, int64_t rowEnd,
                                            int64_t panelBegin, int64_t panelEnd, int64_t n,
                                            int64_t k, int64_t group, int64_t inRowStride,
                                            int64_t outRowStride, int64_t zeroStride) {
  const int64_t groups = ceilDiv(k, group), panelBytes = ceilDiv(k, 8) * (4 * GroupedColumns);
  const int64_t rowCount = rowEnd - rowBegin, step = rowCount > FewRows ? 2 : 1;
  if (rowCount <= 0)
    return;
  QK_NO_UNROLL
  for (int64_t panel = panelBegin; panel < panelEnd; panel += step) {
    Panel panels[2];
    QK_UNROLL
    for (int i = 0; i < 2; ++i) {
      const int64_t at = (panel + i) * groups * GroupedColumns;
      panels[i] = {weights + (panel + i) * panelBytes,
                   scales + at,
                   zeros + at * zeroStride,
                   group,
                   zeroStride,
                   k % 8 != 0};
    }
    const int64_t first = panel * GroupedColumns;
    const int64_t valid = minI64(n, minI64(panelEnd, panel + step) * GroupedColumns) - first;
    const Rows rows = {out + rowBegin * outRowStride + first, in + rowBegin * inRowStride,
                       inRowStride, outRowStride};
    if (rowCount > FewRows) {
      manyRows(rows, rowCount, panels, bias + first, k, valid);
      continue;
    }
    switch (rowCount) {
#define ROWS_CASE(MR)                                                                              \
  case MR:                                                                                         \
    fewRows<(MR <= FewRows ? MR : 1)>(rows, panels[0], bias + first, k, valid);                    \
    break;
      // clang-format off
      ROWS_CASE(1) ROWS_CASE(2) ROWS_CASE(3) ROWS_CASE(4)
      ROWS_CASE(5) ROWS_CASE(6) ROWS_CASE(7) ROWS_CASE(8)
    default:
      break;
    }
    // clang-format on
#undef ROWS_CASE
  }
}

#endif // !QK_PORTABLE
