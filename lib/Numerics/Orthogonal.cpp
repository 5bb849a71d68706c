//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Householder reflections on a matrix whose columns lie in a row each, so that every loop runs over
// neighbours. Sums run in eight interleaved chains, joined in a fixed order.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Orthogonal.h"
#include "quantc/Numerics/Random.h"

#include <algorithm>
#include <cmath>

namespace quantc::numerics {

namespace {
double dot(const double *a, const double *b, size_t n) {
  double chains[8] = {};
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (size_t c = 0; c < 8; ++c)
      chains[c] += a[i + c] * b[i + c];
  for (size_t c = 0; i < n; ++i, ++c)
    chains[c] += a[i] * b[i];
  return ((chains[0] + chains[4]) + (chains[2] + chains[6])) +
         ((chains[1] + chains[5]) + (chains[3] + chains[7]));
}

/// I - factor * v v^T, v of `n` elements.
struct Reflection {
  double factor = 0;

  void operator()(const double *v, double *x, size_t n) const {
    double along = factor * dot(v, x, n);
    for (size_t i = 0; i < n; ++i)
      x[i] -= along * v[i];
  }
};

/// Turns `x` into the vector v of the reflection that maps x onto (diagonal, 0, ..., 0).
Reflection makeReflection(double *x, size_t n, double &diagonal) {
  double norm = std::sqrt(dot(x, x, n));
  diagonal = x[0] > 0 ? -norm : norm;
  x[0] -= diagonal; // no cancellation: the signs differ
  double square = dot(x, x, n);
  return {square > 0 ? 2 / square : 0};
}
} // namespace

std::vector<double> randomOrthogonal(size_t n, int64_t seed) {
  RandomState random(seed);
  std::vector<double> columns(n * n), q(n * n), diagonal(n);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j)
      columns[j * n + i] = random.normal();
  std::vector<Reflection> reflections(n);
  for (size_t k = 0; k < n; ++k) {
    double *v = &columns[k * n + k];
    reflections[k] = makeReflection(v, n - k, diagonal[k]);
    for (size_t j = k + 1; j < n; ++j)
      reflections[k](v, &columns[j * n + k], n - k);
  }
  // Q = H_0 H_1 ... I: column j is touched by the reflections up to j only.
  for (size_t j = 0; j < n; ++j) {
    double *column = &q[j * n];
    column[j] = diagonal[j] < 0 ? -1 : 1;
    for (size_t k = j + 1; k-- > 0;)
      reflections[k](&columns[k * n + k], column + k, n - k);
  }
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < i; ++j)
      std::swap(q[i * n + j], q[j * n + i]);
  return q;
}

double orthogonalityError(const std::vector<double> &matrix, size_t n) {
  double error = 0;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j <= i; ++j) {
      double product = dot(&matrix[i * n], &matrix[j * n], n);
      error = std::max(error, std::fabs(product - (i == j ? 1.0 : 0.0)));
    }
  return error;
}

} // namespace quantc::numerics
