//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of plain arrays: rows of a left operand in its own layout times a panel of columns
// (k rows of `step` elements). Tiles of rows by vectors of columns run through all k, so every
// result is one FMA per k in order from +0 [NUM-FLT-2], whatever the tile.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_TILEF32_H
#define QUANTC_LIB_KERNELS_NATIVE_TILEF32_H

#include "PlainF32.h"

namespace quantc::kernels {
namespace {

constexpr int64_t PanelColumns = 64;

#if QK_AVX512
constexpr int MaxVectors = 4, MaxRows = 6;
#elif QK_AVX2
constexpr int MaxVectors = 2, MaxRows = 6;
#else
constexpr int MaxVectors = 2, MaxRows = 4;
#endif

/// out[i][j] = sum of a[i][k] * panel[k][j].
struct PanelProduct {
  float *out;
  const float *a, *panel;
  int64_t ldc, lda, step;
  int64_t rows, columns, k;

  QK_INLINE_MEMBER PanelProduct below(int64_t first, int64_t count) const {
    return {out + first * ldc, a + first * lda, panel, ldc, lda, step, count, columns, k};
  }
  QK_INLINE_MEMBER PanelProduct beside(int64_t first, int64_t count) const {
    return {out + first, a, panel + first, ldc, lda, step, rows, count, k};
  }
};

/// Results are the sums.
struct NoEpilogue {
  static constexpr bool resumes = false; ///< sums start at what `out` holds, not at +0
  QK_INLINE_MEMBER NoEpilogue from(int64_t) const { return {}; }
  QK_INLINE_MEMBER NoEpilogue of(int64_t) const { return {}; }
  QK_INLINE_MEMBER VF operator()(VF v) const { return v; }
};

/// MR rows, all columns of at most NV vectors. `epilogue.of(row)` gives what a vector of sums of
/// that row becomes.
template <int MR, int NV, typename Epilogue>
QK_VARIANT void tile(const PanelProduct &p, Epilogue epilogue) {
  VF acc[MR][NV];
  QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    acc[i][j] =
        Epilogue::resumes ? loadFirst(p.out + i * p.ldc + j * VL, p.columns - j * VL) : set1F(0.0f);
  // Rows of the result lie apart: nothing but this fetches them before they are stored.
  QK_UNROLL
  for (int i = 0; i < MR; ++i)
    QK_UNROLL
  for (int j = 0; j < NV; ++j)
    __builtin_prefetch(p.out + i * p.ldc + j * VL, 1);
  const float *a = p.a, *b = p.panel;
  QK_NO_UNROLL
  for (int64_t left = p.k; left > 0; --left, b += p.step, ++a) {
    VF x[NV];
    QK_UNROLL
    for (int j = 0; j < NV; ++j)
      x[j] = loadF(b + j * VL);
    QK_UNROLL
    for (int i = 0; i < MR; ++i) {
      const VF y = set1F(a[i * p.lda]);
      QK_UNROLL
      for (int j = 0; j < NV; ++j)
        acc[i][j] = fmaF(y, x[j], acc[i][j]);
    }
  }
  QK_UNROLL
  for (int i = 0; i < MR; ++i) {
    const auto finish = epilogue.of(i);
    QK_UNROLL
    for (int j = 0; j < NV; ++j)
      storeFirst(p.out + i * p.ldc + j * VL, finish(acc[i][j]), p.columns - j * VL);
  }
}

/// All rows in tiles of `size`.
template <int NV, typename Epilogue>
QK_INLINE void tilesOf(int64_t size, const PanelProduct &p, Epilogue epilogue) {
  QK_NO_UNROLL
  for (int64_t i = 0; i < p.rows; i += size) {
    const PanelProduct part = p.below(i, size);
    switch (size) {
#define TILE_CASE(MR)                                                                              \
  case MR:                                                                                         \
    tile<(MR <= MaxRows ? MR : 1), NV>(part, epilogue.from(i));                                    \
    break;
      // clang-format off
      TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6)
    default:
      break;
    }
    // clang-format on
#undef TILE_CASE
  }
}

/// All rows, in tiles that differ by one row at most.
template <int NV, typename Epilogue>
QK_INLINE void allRows(const PanelProduct &p, Epilogue epilogue) {
  const int64_t count = ceilDiv(p.rows, MaxRows), size = p.rows / count;
  const int64_t larger = p.rows % count * (size + 1);
  tilesOf<NV>(size + 1, p.below(0, larger), epilogue);
  tilesOf<NV>(size, p.below(larger, p.rows - larger), epilogue.from(larger));
}

/// All columns, some vectors at a time.
template <typename Epilogue> QK_INLINE void allColumns(const PanelProduct &p, Epilogue epilogue) {
  constexpr int64_t Step = MaxVectors * VL;
  QK_NO_UNROLL
  for (int64_t at = 0; at < p.columns; at += Step) {
    const PanelProduct part = p.beside(at, minI64(p.columns - at, Step));
    switch (ceilDiv(part.columns, VL)) {
#define VECTORS_CASE(NV)                                                                           \
  case NV:                                                                                         \
    allRows<(NV <= MaxVectors ? NV : 1)>(part, epilogue);                                          \
    break;
      // clang-format off
      VECTORS_CASE(1) VECTORS_CASE(2) VECTORS_CASE(3) VECTORS_CASE(4)
    default:
      break;
    }
    // clang-format on
#undef VECTORS_CASE
  }
}

/// The panel is readable up to a whole vector. A panel of more than PanelColumns columns must fit
/// the first-level cache: a few rows of the result are then written along their whole length.
template <typename Epilogue> void multiply(const PanelProduct &p, Epilogue epilogue) {
  const int64_t rows = p.columns > PanelColumns ? MaxRows : p.rows;
  QK_NO_UNROLL
  for (int64_t i = 0; i < p.rows; i += rows)
    allColumns(p.below(i, minI64(p.rows - i, rows)), epilogue.from(i));
}

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_TILEF32_H
