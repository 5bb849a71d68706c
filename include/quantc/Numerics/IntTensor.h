//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dense tensor of integers with at most 32 bits: what the interpreter of the integer graph
// computes on. The storage width and signedness live in the IR's types, not here.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_INTTENSOR_H
#define QUANTC_NUMERICS_INTTENSOR_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quantc {

/// Row-major values; `data.size()` equals the product of `shape` (1 for rank 0).
struct IntTensor {
  std::vector<int64_t> shape;
  std::vector<int32_t> data;

  IntTensor() = default;
  IntTensor(std::vector<int64_t> tensorShape, int32_t fill = 0)
      : shape(std::move(tensorShape)), data(static_cast<size_t>(count(shape)), fill) {}

  size_t size() const { return data.size(); }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }

  static int64_t count(const std::vector<int64_t> &shape) {
    int64_t n = 1;
    for (int64_t d : shape)
      n *= d;
    return n;
  }
  bool operator==(const IntTensor &other) const {
    return shape == other.shape && data == other.data;
  }
};

} // namespace quantc

#endif // QUANTC_NUMERICS_INTTENSOR_H
