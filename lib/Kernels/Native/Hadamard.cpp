//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walsh-Hadamard transforms of rows: the stages of Numerics, compiled for each level. Additions
// alone round, one at a time, so every level gives the same bits.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"
#include "quantc/Numerics/HadamardStages.h"

namespace {

constexpr size_t kMaxOrder = 1024;

template <typename T> QK_VARIANT void butterflies(T *x, size_t length, size_t inner) {
  quantc::numerics::hadamardButterflies(x, length, inner);
}

template <typename T>
QK_VARIANT void dense(T *x, size_t order, size_t stride, const uint8_t *codes) {
  using namespace quantc::numerics;
  alignas(64) T scratch[hadamardScratch(kMaxOrder, kHadamardLanes<T>)];
  hadamardDense(x, order, stride, codes, scratch);
}

struct Shape {
  size_t length, orders[3], inner;

  size_t elements() const { return length * orders[0] * orders[1] * orders[2] * inner; }
};

template <typename T> QK_INLINE void transformRow(T *x, const Shape &shape, const uint8_t *codes) {
  const size_t elements = shape.elements();
  size_t stride = shape.length * shape.inner;
  if (shape.length > 1)
    for (size_t i = 0; i < elements; i += stride)
      butterflies(x + i, shape.length, shape.inner);
  for (size_t f = 0; f < 3; ++f) {
    const size_t order = shape.orders[f];
    if (order == 1)
      continue;
    for (size_t i = 0; i < elements; i += order * stride)
      dense(x + i, order, stride, codes);
    codes += order * order / 4;
    stride *= order;
  }
}

} // namespace

extern "C" void QK_NAME(hadamard_f32)(float *out, const float *in, const uint8_t *codes,
                                      int64_t rowBegin, int64_t rowEnd, int64_t length,
                                      int64_t order0, int64_t order1, int64_t order2, int64_t inner,
                                      float scale) {
  const Shape shape = {
      size_t(length), {size_t(order0), size_t(order1), size_t(order2)}, size_t(inner)};
  const size_t elements = shape.elements();
  for (size_t row = size_t(rowBegin); row < size_t(rowEnd); ++row) {
    float *x = out + row * elements;
    const float *from = in + row * elements;
    if (x != from)
      std::memcpy(x, from, elements * sizeof(float));
    transformRow(x, shape, codes);
    for (size_t i = 0; i < elements; ++i)
      x[i] *= scale;
  }
}

extern "C" void QK_NAME(hadamard_u8)(int32_t *out, const uint8_t *in, const uint8_t *codes,
                                     int64_t rowBegin, int64_t rowEnd, int64_t length,
                                     int64_t order0, int64_t order1, int64_t order2, int64_t inner,
                                     int64_t zpIn) {
  const Shape shape = {
      size_t(length), {size_t(order0), size_t(order1), size_t(order2)}, size_t(inner)};
  const size_t elements = shape.elements();
  for (size_t row = size_t(rowBegin); row < size_t(rowEnd); ++row) {
    // Signed and unsigned types of one width may alias; the sums are right modulo 2^32.
    uint32_t *x = reinterpret_cast<uint32_t *>(out + row * elements);
    const uint8_t *from = in + row * elements;
    for (size_t i = 0; i < elements; ++i)
      x[i] = uint32_t(from[i]) - uint32_t(zpIn);
    transformRow(x, shape, codes);
  }
}
