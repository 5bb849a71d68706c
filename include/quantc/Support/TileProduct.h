//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The inner product of every contraction on the host: a matrix of weights times a block of columns,
// each output one chain of multiply-adds in order of k. Written with vector types of 16 lanes,
// which the compiler maps to whatever registers a function's target has, so that a file can compile
// it for several ISA levels with `target_clones` and get the same values from each: lanes never
// mix.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_TILEPRODUCT_H
#define QUANTC_SUPPORT_TILEPRODUCT_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

/// Compiles a function for the x86-64 levels as well, chosen at run time. (An instrumented program
/// runs its selector before the sanitizer is ready.)
#if defined(__x86_64__) && !__has_feature(address_sanitizer) && !__has_feature(memory_sanitizer)
#define QUANTC_HOST_LEVELS                                                                         \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define QUANTC_HOST_LEVELS
#endif

namespace quantc {

/// Columns of a tile; blocks have a multiple of it.
constexpr int64_t kTileColumns = 16;
/// Rows of a tile.
constexpr int64_t kTileRows = 6;

/// out[r * outStride + c] = init[r] + sum over k of weights(r, k) * columns[k * columnStride + c].
template <typename T> struct ProductArgs {
  T *out;
  int64_t outStride;
  const T *weights; ///< packed by packRows
  const T *init;    ///< one per row
  const T *columns; ///< rows of at least roundUp(numColumns, kTileColumns) elements
  int64_t columnStride;
  int64_t rows, depth, numColumns;
};

/// Weights in tiles of kTileRows rows: [tile][k][row in tile], the last tile narrower. Element (r,
/// k) is read at `weights(r, k)`.
template <typename T, typename Fn>
std::vector<T> packRows(int64_t rows, int64_t depth, Fn weights) {
  std::vector<T> packed(static_cast<size_t>(rows * depth));
  T *out = packed.data();
  for (int64_t r = 0; r < rows; r += kTileRows) {
    int64_t height = std::min(kTileRows, rows - r);
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t i = 0; i < height; ++i)
        *out++ = weights(r + i, k);
  }
  return packed;
}

namespace detail {

template <typename T> struct TileVector;
template <> struct TileVector<float> {
  typedef float Type __attribute__((vector_size(64), aligned(4)));
};
/// Unsigned: sums modulo 2^32 are defined.
template <> struct TileVector<uint32_t> {
  typedef uint32_t Type __attribute__((vector_size(64), aligned(4)));
};

template <typename T, int Rows>
[[gnu::always_inline]] inline void tile(const ProductArgs<T> &args, const T *weights, int64_t row,
                                        int64_t column) {
  using Vector = typename TileVector<T>::Type;
  Vector sums[Rows];
  for (int r = 0; r < Rows; ++r)
    sums[r] = Vector{} + args.init[row + r];
  const T *in = args.columns + column;
  for (int64_t k = 0; k < args.depth; ++k, in += args.columnStride, weights += Rows) {
    Vector x = *reinterpret_cast<const Vector *>(in);
    for (int r = 0; r < Rows; ++r) {
      Vector w = Vector{} + weights[r];
      if constexpr (std::is_floating_point_v<T>)
        sums[r] = __builtin_elementwise_fma(w, x, sums[r]);
      else
        sums[r] += w * x;
    }
  }
  int64_t width = std::min(kTileColumns, args.numColumns - column);
  for (int r = 0; r < Rows; ++r)
    std::memcpy(args.out + (row + r) * args.outStride + column, &sums[r],
                static_cast<size_t>(width) * sizeof(T));
}

} // namespace detail

/// To be called from a function marked QUANTC_HOST_LEVELS, which it becomes a part of.
template <typename T> [[gnu::always_inline]] inline void runProduct(const ProductArgs<T> &args) {
  const T *weights = args.weights;
  for (int64_t row = 0; row < args.rows; row += kTileRows) {
    int64_t height = std::min(kTileRows, args.rows - row);
    for (int64_t column = 0; column < args.numColumns; column += kTileColumns)
      switch (height) {
      case 1:
        detail::tile<T, 1>(args, weights, row, column);
        break;
      case 2:
        detail::tile<T, 2>(args, weights, row, column);
        break;
      case 3:
        detail::tile<T, 3>(args, weights, row, column);
        break;
      case 4:
        detail::tile<T, 4>(args, weights, row, column);
        break;
      case 5:
        detail::tile<T, 5>(args, weights, row, column);
        break;
      default:
        detail::tile<T, 6>(args, weights, row, column);
      }
    weights += height * args.depth;
  }
}

} // namespace quantc

#endif // QUANTC_SUPPORT_TILEPRODUCT_H
