//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops that elementwise kernels share: rows of bytes computed four vectors at a time,
// and iteration over six strided dimensions.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_LOOPS_H
#define QUANTC_LIB_KERNELS_NATIVE_LOOPS_H

#include "Epilogue.h"

namespace quantc::kernels {
namespace {

#if !QK_PORTABLE

/// out[i] = clamp(saturated byte of fn(i)) for i < n; fn gives lanes i .. i + VL and may
/// read its inputs past n (by less than 64 bytes).
template <typename Fn>
QK_INLINE void mapBytes(uint8_t *out, int64_t n, int64_t lo, int64_t hi, Fn fn) {
  constexpr int64_t Step = 4 * VL;
  int64_t i = 0;
  QK_NO_UNROLL
  for (; i + Step <= n; i += Step)
    store(out + i, clampU8(packBytes(fn(i), fn(i + VL), fn(i + 2 * VL), fn(i + 3 * VL)), lo, hi));
  QK_NO_UNROLL
  for (; i < n; i += VL) {
    alignas(64) uint8_t bytes[Step];
    VI v = fn(i);
    store(bytes, clampU8(packBytes(v, v, v, v), lo, hi));
    __builtin_memcpy(out + i, bytes, static_cast<size_t>(minI64(n - i, VL)));
  }
}

#endif

/// Calls fn(o, a, b) with the element offsets of three tensors for each of the units
/// [begin, end) of five flattened dimensions.
template <typename Fn>
QK_INLINE void forEachUnit(int64_t begin, int64_t end, const int64_t (&d)[5], const int64_t (&o)[5],
                           const int64_t (&a)[5], const int64_t (&b)[5], Fn fn) {
  QK_NO_UNROLL
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t rest = unit, atO = 0, atA = 0, atB = 0;
    QK_UNROLL
    for (int i = 4; i >= 0; --i) {
      int64_t index = rest % d[i];
      rest /= d[i];
      atO += index * o[i];
      atA += index * a[i];
      atB += index * b[i];
    }
    fn(atO, atA, atB);
  }
}

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_LOOPS_H
