//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Applying a plan to rows: butterflies, then one dense stage for each factor, then normalisation.
// A vector stays in the cache over all stages.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Hadamard.h"
#include "quantc/Numerics/HadamardStages.h"
#include "quantc/Numerics/Random.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <type_traits>

namespace quantc::numerics {

namespace {
/// 1 / sqrt(size), rounded once from fp64.
template <typename T> T normalization(int64_t size) {
  return static_cast<T>(1.0 / std::sqrt(static_cast<double>(size)));
}
} // namespace

std::vector<uint8_t> packHadamardCodes(const SignMatrix &matrix, bool transposed) {
  const int64_t groups = matrix.order / 4;
  std::vector<uint8_t> codes;
  codes.reserve(static_cast<size_t>(matrix.order * groups));
  for (int64_t first = 0; first < groups; first += kHadamardGroups) {
    int64_t end = std::min<int64_t>(first + kHadamardGroups, groups);
    for (int64_t j = 0; j < matrix.order; ++j)
      for (int64_t g = first; g < end; ++g) {
        uint8_t code = 0;
        for (int64_t r = 0, i = 4 * g; r < 4; ++r, ++i)
          if ((transposed ? matrix.at(j, i) : matrix.at(i, j)) < 0)
            code |= static_cast<uint8_t>(1 << r);
        codes.push_back(code);
      }
  }
  return codes;
}

std::vector<int8_t> randomSigns(int64_t count, int64_t seed) {
  RandomState random(seed);
  std::vector<int8_t> signs(static_cast<size_t>(count));
  for (int8_t &sign : signs)
    sign = random.uniform() < 0.5 ? -1 : 1;
  return signs;
}

Hadamard::Hadamard(HadamardPlan plan) : Hadamard(std::move(plan), {}) {}

Hadamard::Hadamard(HadamardPlan plan, std::vector<int8_t> signs)
    : shape(std::move(plan)), flips(std::move(signs)) {
  assert((flips.empty() || flips.size() == static_cast<size_t>(shape.channels())) &&
         "one sign for each channel");
  for (const HadamardFactor &factor : shape.factors) {
    SignMatrix matrix = factor.matrix();
    codes[0].push_back(packHadamardCodes(matrix));
    codes[1].push_back(packHadamardCodes(matrix, /*transposed=*/true));
  }
}

template <typename T>
void Hadamard::transform(T *rows, size_t count, HadamardDirection direction, size_t inner) const {
  bool inverse = direction == HadamardDirection::Inverse;
  const std::vector<std::vector<uint8_t>> &packed = codes[inverse ? 1 : 0];
  auto blocks = static_cast<size_t>(shape.blocks);
  size_t length = size_t(1) << shape.log2, block = static_cast<size_t>(shape.size) * inner,
         need = 0;
  for (const HadamardFactor &factor : shape.factors)
    need = std::max(need, hadamardScratch(static_cast<size_t>(factor.order), kHadamardLanes<T>));
  std::vector<T> scratch(need);
  [[maybe_unused]] const T scale = normalization<T>(shape.size);
  auto flip = [&](T *x, size_t b) {
    for (size_t i = 0; i < block && !flips.empty(); ++i)
      if (flips[b * static_cast<size_t>(shape.size) + i / inner] < 0)
        x[i] = -x[i];
  };
  for (size_t r = 0; r < count * blocks; ++r) {
    T *x = rows + r * block;
    if (!inverse)
      flip(x, r % blocks);
    for (size_t i = 0; i < block; i += length * inner)
      hadamardButterflies(x + i, length, inner);
    size_t stride = length * inner;
    for (size_t f = packed.size(); f-- > 0;) {
      auto order = static_cast<size_t>(shape.factors[f].order);
      for (size_t i = 0; i < block; i += order * stride)
        hadamardDense(x + i, order, stride, packed[f].data(), scratch.data());
      stride *= order;
    }
    if constexpr (std::is_floating_point_v<T>)
      for (size_t i = 0; i < block; ++i)
        x[i] *= scale;
    if (inverse)
      flip(x, r % blocks);
  }
}

void Hadamard::apply(float *rows, size_t count, HadamardDirection direction, size_t inner) const {
  transform(rows, count, direction, inner);
}

void Hadamard::apply(double *rows, size_t count, HadamardDirection direction, size_t inner) const {
  transform(rows, count, direction, inner);
}

void Hadamard::sums(int32_t *rows, size_t count, HadamardDirection direction, size_t inner) const {
  // Signed and unsigned types of one width may alias; unsigned arithmetic is modulo 2^32.
  transform(reinterpret_cast<uint32_t *>(rows), count, direction, inner);
}

void Hadamard::sums(int64_t *rows, size_t count, HadamardDirection direction, size_t inner) const {
  transform(reinterpret_cast<uint64_t *>(rows), count, direction, inner);
}

std::vector<double> Hadamard::matrix() const {
  // Row i of R is the transform of the i-th unit vector, whose sums are exact.
  auto n = static_cast<size_t>(shape.channels());
  std::vector<double> result(n * n);
  std::vector<int32_t> row(n);
  const auto scale = normalization<double>(shape.size);
  for (size_t i = 0; i < n; ++i) {
    std::fill(row.begin(), row.end(), 0);
    row[i] = 1;
    sums(row.data(), 1);
    for (size_t j = 0; j < n; ++j)
      result[i * n + j] = row[j] * scale;
  }
  return result;
}

IntRange hadamardSumRange(int64_t size, IntRange xMinusZp) {
  int64_t bound = saturateToInt64(int128_t(size) * static_cast<int128_t>(xMinusZp.maxAbs()));
  return {-bound, bound};
}

std::optional<Dyadic> hadamardScale(int64_t size, double inScale, double outScale) {
  return makeDyadic(inScale / (outScale * std::sqrt(static_cast<double>(size))));
}

std::optional<int> hadamardShift(int64_t size) {
  if (size < 1 || (size & (size - 1)) != 0)
    return std::nullopt;
  int twos = __builtin_ctzll(static_cast<uint64_t>(size));
  if (twos % 2 != 0)
    return std::nullopt;
  return twos / 2;
}

} // namespace quantc::numerics
