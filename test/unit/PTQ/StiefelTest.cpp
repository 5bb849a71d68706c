//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rotations: what every step keeps, and toy problems whose answer is known.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Stiefel.h"
#include "Samples.h"
#include <functional>
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
/// Orthogonal, determinant 1.
Matrix rotation(int64_t size, uint64_t seed) {
  Matrix q = cantFail(polarFactor(normalMatrix(size, size, seed)));
  if (q.determinant() < 0)
    q.row(0) *= -1;
  return q;
}

//===----------------------------------------------------------------------===//
// Projections
//===----------------------------------------------------------------------===//

TEST(Polar, IsTheNearestOrthogonalMatrix) {
  Matrix q = rotation(12, 1);
  // Q S with S positive definite has the factor Q.
  Matrix s = normalMatrix(12, 12, 2);
  s = s * s.transpose() + Matrix::Identity(12, 12);
  Matrix factor = cantFail(polarFactor(q * s));
  EXPECT_LT((factor - q).norm(), 1e-11);
  EXPECT_LT(orthogonalityError(factor), 1e-13);
}

TEST(Polar, NewtonSchulzAgreesWithTheDecomposition) {
  Matrix x = rotation(16, 3) + 0.02 * normalMatrix(16, 16, 4);
  Matrix byIteration = cantFail(newtonSchulzPolar(x));
  EXPECT_LT(orthogonalityError(byIteration), 1e-14);
  EXPECT_LT((byIteration - cantFail(polarFactor(x))).norm(), 1e-13);
  // Two or three iterations suffice near the manifold: one squares the error.
  Matrix near = rotation(16, 3) + 1e-4 * normalMatrix(16, 16, 4);
  double before = (near.transpose() * near - Matrix::Identity(16, 16)).norm();
  Matrix once = 1.5 * near - 0.5 * near * near.transpose() * near;
  EXPECT_LT((once.transpose() * once - Matrix::Identity(16, 16)).norm(), before * before);
}

TEST(Polar, Errors) {
  EXPECT_EQ(messageOf(newtonSchulzPolar(2 * rotation(4, 1))),
            "expected a matrix near an orthogonal one, but found ||X^T X - I|| = 6.000000");
  Matrix singular = Matrix::Zero(2, 2);
  singular(0, 0) = 1;
  EXPECT_EQ(messageOf(polarFactor(singular)), "expected a matrix of full rank, but found singular "
                                              "values from 0.000000 to 1.000000");
  EXPECT_EQ(messageOf(polarFactor(Matrix::Zero(2, 3))),
            "expected the matrix of shape 2x2, but found 2x3");
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// min ||A R - A R0||^2 over orthogonal R, whose solution is R0.
struct Procrustes {
  Matrix a, target;

  Procrustes(int64_t size, uint64_t seed)
      : a(normalMatrix(4 * size, size, seed) / std::sqrt(4.0 * size)),
        target(rotation(size, seed + 1)) {}

  double loss(const Matrix &r) const { return (a * (r - target)).squaredNorm(); }
  Matrix gradient(const Matrix &r) const { return 2 * a.transpose() * (a * (r - target)); }
};

using Step = std::function<void(Matrix &r, const Matrix &gradient, int step)>;

/// Runs from the identity; every step is checked for orthogonality.
Matrix minimize(const Procrustes &problem, int steps, double orthogonality, Step step) {
  Matrix r = Matrix::Identity(problem.target.rows(), problem.target.rows());
  for (int i = 0; i < steps; ++i) {
    step(r, problem.gradient(r), i);
    EXPECT_LT(orthogonalityError(r), orthogonality) << "step " << i;
  }
  return r;
}

TEST(CayleySGD, StaysOrthogonalAndFindsProcrustesSolution) {
  Procrustes problem(8, 3);
  CayleySGD sgd;
  Matrix r = minimize(problem, 1000, 0.05, [&](Matrix &r, const Matrix &gradient, int step) {
    cantFail(sgd.step(r, gradient, cosineRate(0.3, step, 1000)));
  });
  EXPECT_LT((r - problem.target).norm(), 1e-4);
  EXPECT_LT(orthogonalityError(r), 1e-6);
}

/// A step against the Euclidean gradient G from an orthogonal R, solved exactly:
///   A = G R^T - R G^T,   R <- (I + rate/2 A)^-1 (I - rate/2 A) R.
Matrix cayleyStep(const Matrix &r, const Matrix &gradient, double rate) {
  Matrix product = 0.5 * rate * (gradient * r.transpose()), half = product - product.transpose();
  Matrix one = Matrix::Identity(r.rows(), r.rows());
  return (one + half).partialPivLu().solve(r - half * r);
}

TEST(CayleySGD, IsTheExactStepOfHalfTheRateForSmallSteps) {
  Matrix r = rotation(6, 1), gradient = normalMatrix(6, 6, 2), x = r;
  CayleySGD sgd(1); // whose first draw does not ask for QR
  cantFail(sgd.step(x, gradient, 1e-3));
  EXPECT_LT((x - cayleyStep(r, gradient, 0.5e-3)).norm(), 1e-12);
  EXPECT_LT(orthogonalityError(x), 1e-12);
}

TEST(CayleySGD, IsAFunctionOfItsSeed) {
  Procrustes problem(5, 3);
  auto run = [&](uint64_t seed) {
    CayleySGD sgd(seed);
    return minimize(problem, 200, 0.05, [&](Matrix &r, const Matrix &gradient, int) {
      cantFail(sgd.step(r, gradient, 0.3));
    });
  };
  EXPECT_EQ(run(4), run(4));
}

TEST(RiemannianAdam, StaysOrthogonalAndFindsProcrustesSolution) {
  Procrustes problem(8, 5);
  RiemannianAdam adam;
  Matrix r = minimize(problem, 600, 1e-12, [&](Matrix &r, const Matrix &gradient, int step) {
    cantFail(adam.step(r, gradient, cosineRate(0.05, step, 600)));
  });
  EXPECT_LT((r - problem.target).norm(), 1e-3);
}

TEST(RiemannianAdam, StepsAreTangentAndOfALengthThatDoesNotDependOnSizeOrGradient) {
  for (int64_t size : {4, 16, 40})
    for (double scale : {1e-3, 1.0, 1e3}) {
      RiemannianAdam adam;
      Matrix before = rotation(size, size), x = before;
      cantFail(adam.step(x, scale * normalMatrix(size, size, 2), 1e-3));
      EXPECT_NEAR((x - before).norm(), 2 * std::sqrt(2.0) * 1e-3, 1e-6);
      Matrix tangent = before.transpose() * (x - before);
      EXPECT_LT((tangent + tangent.transpose()).norm(), 1e-5);
    }
}

// After a long step and with no gradient the momentum alone moves X. Only in the tangent space of
// the new X, where transport puts it, has it all of its length.
TEST(RiemannianAdam, CarriesTheMomentumAlong) {
  Matrix x = rotation(6, 1);
  RiemannianAdam adam;
  cantFail(adam.step(x, normalMatrix(6, 6, 2), 1));
  Matrix before = x;
  double rate = 1e-5;
  cantFail(adam.step(x, Matrix::Zero(6, 6), rate));
  // In units of the first tangent gradient: momentum 0.9 * 0.1 and second moment 0.999 * 0.001 / 2,
  // both without bias.
  double direction = 0.09 / (1 - 0.81) / std::sqrt(0.999 * 0.0005 / (1 - 0.999 * 0.999));
  EXPECT_NEAR((x - before).norm() / rate, 2 * direction, 1e-4);
}

TEST(RiemannianAdam, ProjectsWhatIsNotOrthogonal) {
  Matrix x = 1.5 * rotation(6, 1);
  RiemannianAdam adam;
  cantFail(adam.step(x, Matrix::Zero(6, 6), 0.1));
  EXPECT_LT((x - rotation(6, 1)).norm(), 1e-12);
}

TEST(Adam, FirstStepIsTheRateAndAQuadraticConverges) {
  Adam adam;
  Vector x = Vector::Zero(3), target(3);
  target << 1, -2, 0.5;
  cantFail(adam.step(x, x - target, 0.1));
  EXPECT_LT((x - Vector(Eigen::Vector3d(0.1, -0.1, 0.1))).norm(), 1e-7);
  for (int i = 0; i < 800; ++i)
    cantFail(adam.step(x, x - target, cosineRate(0.1, i, 800)));
  EXPECT_LT((x - target).norm(), 1e-4);
  EXPECT_EQ(messageOf(adam.step(x, Vector::Zero(2), 0.1)),
            "expected 3 values of the gradient, but found 2");
}

TEST(Steps, Rates) {
  EXPECT_DOUBLE_EQ(cosineRate(2, 0, 100), 2);
  EXPECT_DOUBLE_EQ(cosineRate(2, 50, 100), 1);
  EXPECT_NEAR(cosineRate(2, 100, 100), 0, 1e-15);
}

TEST(Steps, Errors) {
  Matrix r = rotation(3, 1), bad = r;
  bad(1, 2) = NAN;
  EXPECT_EQ(messageOf(CayleySGD().step(r, Matrix::Zero(3, 2), 1)),
            "expected the gradient of shape 3x3, but found 3x2");
  EXPECT_EQ(messageOf(CayleySGD().step(r, bad, 1)),
            "expected the gradient to be finite, but found nan at element 5");
  EXPECT_EQ(messageOf(RiemannianAdam().step(r, r, -1)),
            "expected a finite learning rate that is not negative");
  RiemannianAdam adam;
  cantFail(adam.step(r, r, 0.1));
  Matrix other = rotation(4, 1);
  EXPECT_EQ(messageOf(adam.step(other, other, 0.1)),
            "expected a rotation of 3 rows in every step, but found 4");
  Matrix zero = Matrix::Zero(3, 3);
  EXPECT_EQ(messageOf(CayleySGD().step(zero, r, 0.1)),
            "expected a rotation, but found a row of zeros: 0");
}

} // namespace
