//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The constructions of Sylvester and Paley. Paley's matrices are bordered matrices of differences
// of the quadratic character.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FiniteField.h"
#include "quantc/Numerics/Hadamard.h"

#include <cassert>

namespace quantc::numerics {

namespace {
constexpr int64_t kMaxSylvester = 1 << 14;

SignMatrix matrixOf(int64_t order) {
  return {order, std::vector<int8_t>(static_cast<size_t>(order * order))};
}

/// S = [[0, 1^T], [corner, Q]], Q[a][b] = chi(a - b); order q + 1.
SignMatrix borderedCharacter(const FiniteField &field, int8_t corner) {
  std::vector<int8_t> chi = field.quadraticCharacter();
  auto q = static_cast<int64_t>(field.order());
  SignMatrix s = matrixOf(q + 1);
  int8_t *entry = s.entries.data();
  *entry++ = 0;
  for (int64_t b = 0; b < q; ++b)
    *entry++ = 1;
  for (uint32_t a = 0; a < field.order(); ++a) {
    *entry++ = corner;
    for (uint32_t b = 0; b < field.order(); ++b)
      *entry++ = chi[field.subtract(a, b)];
  }
  return s;
}

/// GF(q) when q mod 4 = residue.
std::optional<FiniteField> fieldFor(int64_t q, int64_t residue, int64_t limit) {
  if (q < 3 || q > limit || q % 4 != residue)
    return std::nullopt;
  return FiniteField::create(static_cast<uint32_t>(q));
}

/// Rows as bits, one where the entry is -1.
std::vector<uint64_t> packRows(const SignMatrix &matrix, size_t words) {
  std::vector<uint64_t> bits(static_cast<size_t>(matrix.order) * words);
  for (int64_t i = 0; i < matrix.order; ++i)
    for (int64_t j = 0; j < matrix.order; ++j)
      if (matrix.at(i, j) < 0)
        bits[static_cast<size_t>(i) * words + static_cast<size_t>(j / 64)] |= UINT64_C(1)
                                                                              << (j % 64);
  return bits;
}
} // namespace

bool isHadamard(const SignMatrix &matrix) {
  int64_t n = matrix.order;
  if (n < 1 || matrix.entries.size() != static_cast<size_t>(n * n))
    return false;
  for (int8_t entry : matrix.entries)
    if (entry != 1 && entry != -1)
      return false;
  auto words = static_cast<size_t>((n + 63) / 64);
  std::vector<uint64_t> bits = packRows(matrix, words);
  for (size_t i = 0; i < static_cast<size_t>(n); ++i)
    for (size_t j = 0; j < i; ++j) {
      int64_t different = 0;
      for (size_t w = 0; w < words; ++w)
        different += __builtin_popcountll(bits[i * words + w] ^ bits[j * words + w]);
      if (2 * different != n)
        return false;
    }
  return true;
}

SignMatrix kronecker(const SignMatrix &a, const SignMatrix &b) {
  SignMatrix product = matrixOf(a.order * b.order);
  int8_t *entry = product.entries.data();
  for (int64_t i = 0; i < product.order; ++i)
    for (int64_t j = 0; j < product.order; ++j)
      *entry++ =
          static_cast<int8_t>(a.at(i / b.order, j / b.order) * b.at(i % b.order, j % b.order));
  return product;
}

std::optional<SignMatrix> sylvester(int64_t order) {
  if (order < 1 || order > kMaxSylvester || (order & (order - 1)) != 0)
    return std::nullopt;
  SignMatrix matrix = matrixOf(order);
  int8_t *entry = matrix.entries.data();
  for (int64_t i = 0; i < order; ++i)
    for (int64_t j = 0; j < order; ++j)
      *entry++ = (__builtin_popcountll(static_cast<uint64_t>(i & j)) & 1) ? -1 : 1;
  return matrix;
}

std::optional<SignMatrix> paleyOne(int64_t q) {
  std::optional<FiniteField> field = fieldFor(q, 3, int64_t(1) << 13);
  if (!field)
    return std::nullopt;
  SignMatrix matrix = borderedCharacter(*field, -1); // skew: the diagonal is 0
  for (int64_t i = 0; i <= q; ++i)
    matrix.entries[static_cast<size_t>(i * (q + 1) + i)] = 1;
  return matrix;
}

std::optional<SignMatrix> paleyTwo(int64_t q) {
  std::optional<FiniteField> field = fieldFor(q, 1, int64_t(1) << 12);
  if (!field)
    return std::nullopt;
  SignMatrix s = borderedCharacter(*field, 1), matrix = matrixOf(2 * (q + 1));
  constexpr int8_t offDiagonal[2][2] = {{1, 1}, {1, -1}}, diagonal[2][2] = {{1, -1}, {-1, -1}};
  int8_t *entry = matrix.entries.data();
  for (int64_t i = 0; i < matrix.order; ++i)
    for (int64_t j = 0; j < matrix.order; ++j)
      *entry++ = i / 2 == j / 2
                     ? diagonal[i % 2][j % 2]
                     : static_cast<int8_t>(s.at(i / 2, j / 2) * offDiagonal[i % 2][j % 2]);
  return matrix;
}

SignMatrix HadamardFactor::matrix() const {
  std::optional<SignMatrix> result = kind == HadamardKind::PaleyOne ? paleyOne(q) : paleyTwo(q);
  assert(result && result->order == order && "a plan holds factors that exist");
  return *std::move(result);
}

} // namespace quantc::numerics
