//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Learned rotations: steps that keep a square matrix orthogonal. Formulas: docs/Migration.md.
//
// Sources: Li et al., "Efficient Riemannian Optimization on the Stiefel Manifold via the Cayley
// Transform", arXiv 2002.01113; Liu et al., SpinQuant, arXiv 2405.16406; Hu et al., OSTQuant, arXiv
// 2501.13987; Bécigneul and Ganea, "Riemannian Adaptive Optimization Methods", arXiv 1810.00760.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_STIEFEL_H
#define QUANTC_PTQ_STIEFEL_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <random>

namespace quantc::ptq {

//===----------------------------------------------------------------------===//
// Orthogonal matrices
//===----------------------------------------------------------------------===//

/// max |X^T X - I|.
double orthogonalityError(const Matrix &x);

/// The orthogonal factor U V^T of X = U S V^T, the nearest orthogonal matrix. Square, finite and of
/// full rank, else an error.
llvm::Expected<Matrix> polarFactor(const Matrix &x);

/// The same by X <- 1.5 X - 0.5 X X^T X, for matrices near the manifold: the error of orthogonality
/// e becomes about 3/4 e^2. Stops at `tolerance`, or where rounding ends progress. Expects an error
/// below 1/2 in the Frobenius norm of X^T X - I, where it converges whatever X is.
llvm::Expected<Matrix> newtonSchulzPolar(const Matrix &x, double tolerance = 1e-14);

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Cayley SGD as published, with the recipe's momentum of 0 on a square matrix. Every step scales
/// the rows to length 1; one step in 101, drawn by the seed, first replaces X by the Q of its QR
/// factorization. The step's length is limited by the 1-norm of its skew matrix.
class CayleySGD {
public:
  explicit CayleySGD(uint64_t seed = 0, int iterations = 5)
      : engine(seed), iterations(iterations) {}

  /// One step of `x` against its gradient. The Cayley transform is solved by that many fixed-point
  /// iterations, each of which shrinks the error by rate/2 ||W||, at most 1/2: orthogonality is
  /// exact in the limit of small rates only, and a rate that overshoots the minimum loses it.
  llvm::Error step(Matrix &x, const Matrix &gradient, double rate);

private:
  std::mt19937_64 engine;
  int iterations;
};

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Adam on square orthogonal matrices with the canonical metric, as in geoopt: the second moment is
/// one number per matrix, and the momentum is carried along with the matrix. A step moves X by
/// about 2 sqrt(2) rate in the Frobenius norm, whatever its size; rates of Adam for plain
/// parameters do not carry over.
class RiemannianAdam {
public:
  explicit RiemannianAdam(AdamOptions options = {}) : options(options) {}

  /// One step of `x` against its Euclidean gradient. `x` is first projected onto the manifold.
  llvm::Error step(Matrix &x, const Matrix &gradient, double rate);

private:
  AdamOptions options;
  Matrix momentum;
  double second = 0;
  int64_t steps = 0;
};

/// Adam (Kingma and Ba, arXiv 1412.6980) for free parameters, such as the logarithms of scales.
class Adam {
public:
  explicit Adam(AdamOptions options = {}) : options(options) {}

  llvm::Error step(Vector &x, const Vector &gradient, double rate);

private:
  AdamOptions options;
  Vector first, second;
  int64_t steps = 0;
};

/// rate * (1 + cos(pi step / steps)) / 2: from `rate` at step 0 to 0 at step `steps`.
double cosineRate(double rate, int64_t step, int64_t steps);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_STIEFEL_H
