//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of two computed matrices of codes.
//
// A block of rows runs over the columns in strips whose sums stay in registers: each row of B is
// widened once for all rows of the block.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

namespace {

constexpr int64_t rowsAtOnce = 4, strip = 32;

struct Operands {
  const uint8_t *a, *b;
  int64_t k, lda, ldb;
  int32_t zpA, zpB;
};

/// `columns` <= strip sums of `rows` <= rowsAtOnce rows. Both are constants where they are full.
QK_INLINE void tile(int32_t *out, int64_t ldc, const Operands &o, int64_t rows, int64_t columns) {
  int32_t sums[rowsAtOnce][strip] = {};
  for (int64_t k = 0; k < o.k; ++k) {
    const uint8_t *b = o.b + k * o.ldb;
    for (int64_t r = 0; r < rows; ++r) {
      int32_t a = o.a[r * o.lda + k] - o.zpA;
      for (int64_t n = 0; n < columns; ++n)
        sums[r][n] += a * (b[n] - o.zpB);
    }
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t n = 0; n < columns; ++n)
      out[r * ldc + n] = sums[r][n];
}

QK_INLINE void rowBlock(int32_t *out, int64_t ldc, Operands o, int64_t rows, int64_t n) {
  int64_t done = 0;
  for (; done + strip <= n; done += strip, o.b += strip)
    if (rows == rowsAtOnce)
      tile(out + done, ldc, o, rowsAtOnce, strip);
    else
      tile(out + done, ldc, o, rows, strip);
  if (done < n)
    tile(out + done, ldc, o, rows, n - done);
}

} // namespace

extern "C" void QK_NAME(matmul_u8)(int32_t *out, const uint8_t *a, const uint8_t *b,
                                   int64_t rowBegin, int64_t rowEnd, int64_t m, int64_t n,
                                   int64_t k, int64_t lda, int64_t ldb, int64_t ldc,
                                   int64_t aBatchStride, int64_t bBatchStride, int64_t cBatchStride,
                                   int64_t zpA, int64_t zpB) {
  for (int64_t row = rowBegin; row < rowEnd;) {
    int64_t batch = row / m, inside = row % m;
    int64_t rows = m - inside < rowEnd - row ? m - inside : rowEnd - row;
    rows = rows < rowsAtOnce ? rows : rowsAtOnce;
    Operands o = {a + batch * aBatchStride + inside * lda,
                  b + batch * bBatchStride,
                  k,
                  lda,
                  ldb,
                  static_cast<int32_t>(zpA),
                  static_cast<int32_t>(zpB)};
    rowBlock(out + batch * cBatchStride + inside * ldc, ldc, o, rows, n);
    row += rows;
  }
}
