//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Walks over dense row-major tensors, shared by everything that evaluates ops on host memory:
// strides, NumPy broadcasting, and loops whose innermost dimension is a plain row.
// Sees no element arithmetic and no IR.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_TENSORLOOPS_H
#define QUANTC_SUPPORT_TENSORLOOPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <array>
#include <cstdint>
#include <optional>

namespace quantc {

using Dims = llvm::SmallVector<int64_t, 6>;

/// Strides of a dense row-major tensor, in elements.
inline Dims rowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  Dims strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// The shape of an elementwise op by NumPy's rules; nullopt if the shapes do not fit.
inline std::optional<Dims> broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) {
  size_t rank = std::max(a.size(), b.size());
  Dims result(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1)
      return std::nullopt;
    result[rank - 1 - i] = da == 1 ? db : da;
  }
  return result;
}

/// Strides for reading a tensor of `shape` as if it had `result`'s shape: 0 along broadcast axes.
/// Requires that `shape` broadcasts to `result`.
inline Dims broadcastStrides(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> result) {
  Dims own = rowMajorStrides(shape), strides(result.size(), 0);
  for (size_t i = 0; i < shape.size(); ++i) {
    size_t axis = result.size() - shape.size() + i;
    strides[axis] = shape[i] == 1 ? 0 : own[i];
  }
  return strides;
}

/// Calls `row(offsets, length, steps)` for rows that cover every element of `shape` once, in
/// row-major order; operand j is at offsets[j], offsets[j] + steps[j], and so on. Neighbouring axes
/// are joined where all operands allow it, so that rows are as long as possible.
template <size_t N, typename Fn>
void forEachRow(llvm::ArrayRef<int64_t> shape, const std::array<Dims, N> &strides, Fn row) {
  Dims dims;
  std::array<Dims, N> steps;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0)
      return;
    if (shape[axis] == 1)
      continue;
    bool joins = !dims.empty();
    for (size_t j = 0; j < N && joins; ++j)
      joins = steps[j].back() == strides[j][axis] * shape[axis];
    if (joins)
      dims.back() *= shape[axis];
    else
      dims.push_back(shape[axis]);
    for (size_t j = 0; j < N; ++j) {
      if (joins)
        steps[j].back() = strides[j][axis];
      else
        steps[j].push_back(strides[j][axis]);
    }
  }
  std::array<int64_t, N> offsets{}, inner{};
  if (dims.empty()) {
    row(offsets, int64_t(1), inner);
    return;
  }
  int64_t length = dims.pop_back_val();
  for (size_t j = 0; j < N; ++j)
    inner[j] = steps[j].pop_back_val();
  Dims index(dims.size(), 0);
  while (true) {
    row(offsets, length, inner);
    size_t axis = dims.size();
    while (axis-- > 0) {
      for (size_t j = 0; j < N; ++j)
        offsets[j] += steps[j][axis];
      if (++index[axis] < dims[axis])
        break;
      for (size_t j = 0; j < N; ++j)
        offsets[j] -= steps[j][axis] * dims[axis];
      index[axis] = 0;
    }
    if (axis == size_t(-1))
      return;
  }
}

/// out[i] = in[index i of the result read through `strides`]: transposes, slices and broadcasts.
template <typename T>
void gather(T *out, const T *in, llvm::ArrayRef<int64_t> shape, const Dims &strides) {
  forEachRow<1>(
      shape, {strides},
      [&](const std::array<int64_t, 1> &at, int64_t length, const std::array<int64_t, 1> &step) {
        const T *source = in + at[0];
        for (int64_t i = 0; i < length; ++i)
          *out++ = source[i * step[0]];
      });
}

/// Writes a dense tensor of `shape` into a larger one through its strides: concatenation, padding.
template <typename T>
void scatter(T *out, const T *in, llvm::ArrayRef<int64_t> shape, const Dims &strides) {
  forEachRow<1>(
      shape, {strides},
      [&](const std::array<int64_t, 1> &at, int64_t length, const std::array<int64_t, 1> &step) {
        T *target = out + at[0];
        for (int64_t i = 0; i < length; ++i)
          target[i * step[0]] = *in++;
      });
}

} // namespace quantc

#endif // QUANTC_SUPPORT_TENSORLOOPS_H
