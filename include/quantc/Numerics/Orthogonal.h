//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random rotations, uniform over the orthogonal group: the factor Q of a Gaussian matrix whose
// factor R has a positive diagonal. Rule [NUM-HAD-12] of docs/Numerics.md.
//
// Source: Mezzadri, "How to generate random matrices from the classical compact groups", Notices
// of the AMS 54 (2007).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_ORTHOGONAL_H
#define QUANTC_NUMERICS_ORTHOGONAL_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quantc::numerics {

/// [NUM-HAD-12] A random orthogonal matrix [n][n], row-major: entries of the Gaussian matrix are
/// drawn row by row from RandomState(seed). 8/3 n^3 operations in fp64.
std::vector<double> randomOrthogonal(size_t n, int64_t seed);

/// max |M M^T - I| of a matrix [n][n], row-major; 0 when n is 0.
double orthogonalityError(const std::vector<double> &matrix, size_t n);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_ORTHOGONAL_H
