//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 products of plain arrays whose sizes only a run knows: nothing is packed beforehand. As
// many columns of the right operand as a second-level cache holds are copied into panels: some
// hundred at a time, because rows of a wide operand lie a page or more apart. For a few rows of the
// left operand, panels that need no turning are read in place, and others turned in registers.
//
//===----------------------------------------------------------------------===//

#include "TileF32.h"

using namespace quantc::kernels;

namespace {

constexpr int64_t FewRows = 8, FewTurned = 4;

/// Columns that are copied at a time; FloatKernels.def tells callers of the memory.
QK_INLINE int64_t columnsAtOnce(int64_t k) {
  const int64_t fit = 131072 / maxI64(k, 1) / PanelColumns * PanelColumns;
  return maxI64(PanelColumns, minI64(fit, 8 * PanelColumns));
}

/// Columns of b, side by side in panels; zeros fill the last one's last vector.
void copyPanels(float *to, const float *b, int64_t ldb, int64_t k, int64_t columns) {
  QK_NO_UNROLL
  for (int64_t i = 0; i < k; ++i, b += ldb, to += PanelColumns) {
    QK_NO_UNROLL
    for (int64_t at = 0; at < columns; at += PanelColumns) {
      const int64_t width = minI64(columns - at, PanelColumns);
      copyFloats(to + at * k, b + at, width);
      QK_NO_UNROLL
      for (int64_t j = width; j % VL != 0; ++j)
        to[at * k + j] = 0.0f;
    }
  }
}

/// The same where b holds columns as rows.
void turnPanels(float *to, const float *b, int64_t ldb, int64_t k, int64_t columns) {
  VF turned[VL];
  QK_NO_UNROLL
  for (int64_t at = 0; at < columns; at += VL) {
    float *panel = to + at / PanelColumns * PanelColumns * k + at % PanelColumns;
    QK_NO_UNROLL
    for (int64_t i = 0; i < k; i += VL) {
      loadTurned(turned, b + at * ldb + i, ldb, columns - at, k - i);
      QK_UNROLL
      for (int j = 0; j < VL; ++j)
        if (j < k - i)
          storeF(panel + (i + j) * PanelColumns, turned[j]);
    }
  }
}

/// Rows of a times columns that b holds as rows, which for a few are turned in registers.
template <int MR>
QK_VARIANT void turnedRows(float *out, const float *a, const float *b, int64_t lda, int64_t ldb,
                           int64_t ldc, int64_t n, int64_t k) {
  VF turned[VL];
  QK_NO_UNROLL
  for (int64_t at = 0; at < n; at += VL) {
    VF acc[MR];
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      acc[i] = set1F(0.0f);
    int64_t first = 0;
    const auto add = [&](int64_t count) __attribute__((always_inline)) {
      loadTurned(turned, b + at * ldb + first, ldb, n - at, count);
      QK_UNROLL
      for (int j = 0; j < VL; ++j)
        QK_UNROLL
      for (int i = 0; i < MR; ++i)
        if (j < count)
          acc[i] = fmaF(set1F(a[i * lda + first + j]), turned[j], acc[i]);
    };
    QK_NO_UNROLL
    for (; first + VL <= k; first += VL)
      add(VL);
    if (first < k)
      add(k - first);
    QK_UNROLL
    for (int i = 0; i < MR; ++i)
      storeFirst(out + i * ldc + at, acc[i], n - at);
  }
}

} // namespace

extern "C" void QK_NAME(gemm_f32)(float *out, const float *a, const float *b, float *scratch,
                                  int64_t m, int64_t n, int64_t k, int64_t lda, int64_t ldb,
                                  int64_t ldc, int64_t transB) {
  if (m <= 0)
    return;
  if (transB && m <= FewTurned) {
    const auto run = m == 1   ? turnedRows<1>
                     : m == 2 ? turnedRows<2>
                     : m == 3 ? turnedRows<3>
                              : turnedRows<FewTurned>;
    return run(out, a, b, lda, ldb, ldc, n, k);
  }
  PanelProduct product = {out, a, b, ldc, lda, ldb, m, PanelColumns, k};
  if (!transB && m <= FewRows)
    // The last columns are copied, because a vector may reach behind them.
    for (; n >= PanelColumns;
         n -= PanelColumns, product = product.beside(PanelColumns, PanelColumns))
      multiply(product, NoEpilogue());
  out = product.out, b = transB ? b : product.panel;
  product.step = PanelColumns;
  const int64_t most = columnsAtOnce(k);
  QK_NO_UNROLL
  for (int64_t first = 0; first < n; first += most) {
    const int64_t columns = minI64(most, n - first);
    if (transB)
      turnPanels(scratch, b + first * ldb, ldb, k, columns);
    else
      copyPanels(scratch, b + first, ldb, k, columns);
    QK_NO_UNROLL
    for (int64_t at = 0; at < columns; at += PanelColumns) {
      product.out = out + first + at, product.panel = scratch + at * k;
      product.columns = minI64(columns - at, PanelColumns);
      multiply(product, NoEpilogue());
    }
  }
}
