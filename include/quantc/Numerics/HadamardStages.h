//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stages of a Walsh-Hadamard transform on one vector, in place and without normalisation:
// butterflies and multiplication by a dense matrix of +-1. T is float or double, where each result
// has the roundings of [NUM-HAD-5] and [NUM-HAD-6] whatever the vector width W, or uint32_t, which
// carries int32 sums exactly modulo 2^32. Header-only and free of allocation: kernels share it.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_HADAMARDSTAGES_H
#define QUANTC_NUMERICS_HADAMARDSTAGES_H

#include <cstddef>
#include <cstdint>

#define QUANTC_HADAMARD_INLINE inline __attribute__((always_inline))

namespace quantc::numerics {

/// Lanes of a vector register that the stages are written for; any power of two from 8 on is right.
template <typename T> constexpr size_t kHadamardLanes = sizeof(T) == 8 ? 8 : 16;
/// Groups of four rows whose sums stand in the scratch at a time.
constexpr size_t kHadamardGroups = 16;

/// Elements of scratch that `hadamardDense` needs for a matrix of this order.
constexpr size_t hadamardScratch(size_t order, size_t lanes) {
  return (kHadamardGroups * 16 + (order > 4 * kHadamardGroups ? order : 0)) * lanes;
}

namespace detail {
template <typename T, size_t W> struct HadamardVector {
  typedef T Type __attribute__((vector_size(sizeof(T) * W)));
};
template <typename T, size_t W> using HadamardVec = typename HadamardVector<T, W>::Type;

template <typename T, size_t W>
QUANTC_HADAMARD_INLINE void loadLanes(HadamardVec<T, W> &v, const T *p) {
  __builtin_memcpy(&v, p, sizeof(v));
}
template <typename T, size_t W>
QUANTC_HADAMARD_INLINE void storeLanes(T *p, const HadamardVec<T, W> &v) {
  __builtin_memcpy(p, &v, sizeof(v));
}

/// One stage of butterflies at distance h, element by element.
template <typename T> QUANTC_HADAMARD_INLINE void scalarButterflies(T *x, size_t n, size_t h) {
  for (size_t i = 0; i < n; i += 2 * h)
    for (size_t j = i; j < i + h; ++j) {
      T a = x[j], b = x[j + h];
      x[j] = a + b;
      x[j + h] = a - b;
    }
}

/// The stages at distances 1, 2 and 4 of each 8 elements.
template <typename T> QUANTC_HADAMARD_INLINE void innermostButterflies(T *x, size_t n) {
  using Vec = HadamardVec<T, 8>;
  for (size_t i = 0; i < n; i += 8) {
    Vec v, other;
    loadLanes<T, 8>(v, x + i);
    other = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
    v = __builtin_shufflevector(v + other, other - v, 0, 9, 2, 11, 4, 13, 6, 15);
    other = __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
    v = __builtin_shufflevector(v + other, other - v, 0, 1, 10, 11, 4, 5, 14, 15);
    other = __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
    v = __builtin_shufflevector(v + other, other - v, 0, 1, 2, 3, 12, 13, 14, 15);
    storeLanes<T, 8>(x + i, v);
  }
}

/// The stages at distances h and 2h, h a multiple of W.
template <typename T, size_t W>
QUANTC_HADAMARD_INLINE void pairedButterflies(T *x, size_t n, size_t h) {
  for (size_t i = 0; i < n; i += 4 * h)
    for (size_t j = i; j < i + h; j += W) {
      HadamardVec<T, W> a, b, c, d;
      loadLanes<T, W>(a, x + j);
      loadLanes<T, W>(b, x + j + h);
      loadLanes<T, W>(c, x + j + 2 * h);
      loadLanes<T, W>(d, x + j + 3 * h);
      HadamardVec<T, W> ab = a + b, amb = a - b, cd = c + d, cmd = c - d;
      storeLanes<T, W>(x + j, ab + cd);
      storeLanes<T, W>(x + j + h, amb + cmd);
      storeLanes<T, W>(x + j + 2 * h, ab - cd);
      storeLanes<T, W>(x + j + 3 * h, amb - cmd);
    }
}

/// One stage at distance h, a multiple of W.
template <typename T, size_t W>
QUANTC_HADAMARD_INLINE void vectorButterflies(T *x, size_t n, size_t h) {
  for (size_t i = 0; i < n; i += 2 * h)
    for (size_t j = i; j < i + h; j += W) {
      HadamardVec<T, W> a, b;
      loadLanes<T, W>(a, x + j);
      loadLanes<T, W>(b, x + j + h);
      storeLanes<T, W>(x + j, a + b);
      storeLanes<T, W>(x + j + h, a - b);
    }
}

/// The 16 signed sums of four rows: bit r of the index is set where row r is taken negatively.
template <typename T, size_t W>
QUANTC_HADAMARD_INLINE void signedSums(const T *x, size_t stride, T *sums) {
  HadamardVec<T, W> a, b, c, d, outer[2], inner[2];
  loadLanes<T, W>(a, x);
  loadLanes<T, W>(b, x + stride);
  loadLanes<T, W>(c, x + 2 * stride);
  loadLanes<T, W>(d, x + 3 * stride);
  outer[0] = a + b;
  outer[1] = a - b;
  inner[0] = c + d;
  inner[1] = c - d;
  for (size_t second = 0; second < 2; ++second)
    for (size_t fourth = 0; fourth < 2; ++fourth) {
      HadamardVec<T, W> sum = outer[second] + inner[fourth], less = outer[second] - inner[fourth];
      size_t plus = 2 * second + 8 * fourth, minus = 2 * second + 4 + 8 * (1 - fourth);
      storeLanes<T, W>(sums + plus * W, sum);
      storeLanes<T, W>(sums + (15 - plus) * W, -sum);
      storeLanes<T, W>(sums + minus * W, less);
      storeLanes<T, W>(sums + (15 - minus) * W, -less);
    }
}

/// W neighbouring columns of `hadamardDense`.
template <typename T, size_t W>
QUANTC_HADAMARD_INLINE void denseColumns(T *x, size_t order, size_t stride, const uint8_t *codes,
                                         T *scratch) {
  const size_t groups = order / 4;
  T *sums = scratch, *partial = scratch + kHadamardGroups * 16 * W;
  for (size_t first = 0; first < groups; first += kHadamardGroups) {
    size_t count = groups - first < kHadamardGroups ? groups - first : kHadamardGroups;
    for (size_t g = 0; g < count; ++g)
      signedSums<T, W>(x + 4 * (first + g) * stride, stride, sums + g * 16 * W);
    bool last = first + count == groups;
    for (size_t j = 0; j < order; ++j) {
      const uint8_t *code = codes + first * order + j * count;
      HadamardVec<T, W> acc, term;
      loadLanes<T, W>(acc, sums + code[0] * W);
      if (first != 0) {
        loadLanes<T, W>(term, partial + j * W);
        acc = term + acc;
      }
      for (size_t g = 1; g < count; ++g) {
        loadLanes<T, W>(term, sums + (g * 16 + code[g]) * W);
        acc += term;
      }
      storeLanes<T, W>(last ? x + j * stride : partial + j * W, acc);
    }
  }
}
} // namespace detail

/// [NUM-HAD-5] x, seen as [length][inner], becomes (H_length (x) I_inner) x with Sylvester's
/// matrix; length is a power of two.
template <typename T, size_t W = kHadamardLanes<T>>
QUANTC_HADAMARD_INLINE void hadamardButterflies(T *x, size_t length, size_t inner) {
  const size_t n = length * inner;
  size_t h = inner;
  if (inner == 1 && n >= 8) {
    detail::innermostButterflies(x, n);
    h = 8;
  }
  for (; h < n && h % W != 0; h *= 2)
    detail::scalarButterflies(x, n, h);
  for (; 2 * h < n; h *= 4)
    detail::pairedButterflies<T, W>(x, n, h);
  if (h < n)
    detail::vectorButterflies<T, W>(x, n, h);
}

/// [NUM-HAD-6] x, seen as [order][stride], becomes (M (x) I_stride) x, M the matrix of +-1 that
/// `codes` (packHadamardCodes) describes. `scratch` holds hadamardScratch(order, W) elements.
template <typename T, size_t W = kHadamardLanes<T>>
QUANTC_HADAMARD_INLINE void hadamardDense(T *x, size_t order, size_t stride, const uint8_t *codes,
                                          T *scratch) {
  size_t c = 0;
  for (; c + W <= stride; c += W)
    detail::denseColumns<T, W>(x + c, order, stride, codes, scratch);
  for (; c + 4 <= stride; c += 4)
    detail::denseColumns<T, 4>(x + c, order, stride, codes, scratch);
  for (; c < stride; ++c)
    detail::denseColumns<T, 1>(x + c, order, stride, codes, scratch);
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_HADAMARDSTAGES_H
