//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps and projections on square orthogonal matrices.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Stiefel.h"
#include "Checks.h"
#include <algorithm>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

static Matrix eye(Eigen::Index size) { return Matrix::Identity(size, size); }

static Error checkSquare(StringRef name, const Matrix &x) {
  return checkMatrix(name, x, x.rows(), x.rows());
}

static Error checkStep(const Matrix &x, const Matrix &gradient, double rate) {
  if (Error error = checkSquare("the rotation", x))
    return error;
  if (Error error = checkMatrix("the gradient", gradient, x.rows(), x.cols()))
    return error;
  if (!std::isfinite(rate) || rate < 0)
    return makeError("expected a finite learning rate that is not negative");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Orthogonal matrices
//===----------------------------------------------------------------------===//

double ptq::orthogonalityError(const Matrix &x) {
  if (x.size() == 0)
    return 0;
  return (x.transpose() * x - eye(x.cols())).cwiseAbs().maxCoeff();
}

Expected<Matrix> ptq::polarFactor(const Matrix &x) {
  if (Error error = checkSquare("the matrix", x))
    return std::move(error);
  if (x.size() == 0)
    return x;
  Eigen::BDCSVD<Eigen::MatrixXd> svd(x, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const auto &values = svd.singularValues();
  if (!(values[x.rows() - 1] > values[0] * x.rows() * Eigen::NumTraits<double>::epsilon()))
    return makeError("expected a matrix of full rank, but found singular values from " +
                     Twine(std::to_string(values[x.rows() - 1])) + " to " +
                     Twine(std::to_string(values[0])));
  return Matrix(svd.matrixU() * svd.matrixV().transpose());
}

/// ||gram - I|| in the Frobenius norm.
static double distanceToIdentity(const Matrix &gram) { return (gram - eye(gram.rows())).norm(); }

/// Iterates from `x` with gram = X^T X near I.
static Matrix newtonSchulz(Matrix x, Matrix gram, double tolerance) {
  double distance = distanceToIdentity(gram);
  while (distance > tolerance) {
    Matrix next = 1.5 * x - 0.5 * (x * gram);
    gram = next.transpose() * next;
    double nextDistance = distanceToIdentity(gram);
    if (!(nextDistance < distance)) // rounding is all that is left
      break;
    x = std::move(next);
    distance = nextDistance;
  }
  return x;
}

/// Where the iteration converges from any X.
constexpr double kNear = 0.5;

Expected<Matrix> ptq::newtonSchulzPolar(const Matrix &x, double tolerance) {
  if (Error error = checkSquare("the matrix", x))
    return std::move(error);
  Matrix gram = x.transpose() * x;
  double distance = distanceToIdentity(gram);
  if (!(distance < kNear))
    return makeError("expected a matrix near an orthogonal one, but found ||X^T X - I|| = " +
                     Twine(std::to_string(distance)));
  return newtonSchulz(x, std::move(gram), tolerance);
}

/// Onto the manifold by the cheaper way that works; what a Cayley step leaves is near enough.
static Expected<Matrix> project(const Matrix &x) {
  Expected<Matrix> near = newtonSchulzPolar(x, 1e-12);
  if (near)
    return near;
  consumeError(near.takeError());
  return polarFactor(x);
}

//===----------------------------------------------------------------------===//
// Cayley steps
//===----------------------------------------------------------------------===//

/// Q^T of X^T = Q R with a positive diagonal of R.
static Matrix orthonormalRows(const Matrix &x) {
  Eigen::HouseholderQR<Eigen::MatrixXd> qr(x.transpose());
  Eigen::MatrixXd q = qr.householderQ();
  for (Eigen::Index i = 0; i < q.cols(); ++i)
    if (qr.matrixQR()(i, i) < 0)
      q.col(i) *= -1;
  return q.transpose();
}

Error CayleySGD::step(Matrix &x, const Matrix &gradient, double rate) {
  if (Error error = checkStep(x, gradient, rate))
    return error;
  if (x.size() == 0)
    return Error::success();
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    double norm = x.row(row).norm();
    if (norm == 0)
      return makeError("expected a rotation, but found a row of zeros: " + Twine(row));
    x.row(row) /= norm;
  }
  if (engine() % 101 == 0)
    x = orthonormalRows(x);
  Matrix v = -gradient.transpose(), transposed = x.transpose();
  Matrix m = v * x;
  Matrix hat = m - 0.5 * (transposed * (x * m));
  Matrix w = hat - hat.transpose();
  double length = std::min(rate, 1 / (w.cwiseAbs().colwise().sum().maxCoeff() + 1e-8));
  Matrix y = transposed + length * v;
  for (int i = 0; i < iterations; ++i)
    y = transposed + 0.5 * length * (w * (transposed + y));
  x = y.transpose();
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Adam
//===----------------------------------------------------------------------===//

/// 1 - beta^steps.
static double debias(double beta, int64_t steps) { return 1 - std::pow(beta, double(steps)); }

Error RiemannianAdam::step(Matrix &x, const Matrix &gradient, double rate) {
  if (Error error = checkStep(x, gradient, rate))
    return error;
  if (x.size() == 0)
    return Error::success();
  if (steps == 0)
    momentum = Matrix::Zero(x.rows(), x.cols());
  if (momentum.rows() != x.rows())
    return makeError("expected a rotation of " + Twine(momentum.rows()) +
                     " rows in every step, but found " + Twine(x.rows()));
  Expected<Matrix> projected = project(x);
  if (!projected)
    return projected.takeError();
  x = std::move(*projected);
  ++steps;
  Matrix g = gradient - x * gradient.transpose() * x; // tangent: X^T g is skew
  momentum = options.beta1 * momentum + (1 - options.beta1) * g;
  // The canonical metric's ||g||^2 - 1/2 ||X^T g||^2, of a square X.
  second = options.beta2 * second + (1 - options.beta2) * 0.5 * g.squaredNorm();
  double scale = debias(options.beta1, steps) *
                 (std::sqrt(second / debias(options.beta2, steps)) + options.epsilon);
  Matrix product = (-0.5 * rate / scale) * (momentum * x.transpose());
  Matrix half = product - product.transpose();
  Eigen::PartialPivLU<Eigen::MatrixXd> lu(eye(x.rows()) - half);
  x = lu.solve(x + half * x);
  momentum = lu.solve(momentum + half * momentum);
  return Error::success();
}

Error Adam::step(Vector &x, const Vector &gradient, double rate) {
  if (steps == 0)
    first = second = Vector::Zero(x.size());
  if (Error error = checkVector("the parameters", x, first.size()))
    return error;
  if (Error error = checkVector("the gradient", gradient, x.size()))
    return error;
  ++steps;
  first = options.beta1 * first + (1 - options.beta1) * gradient;
  second = options.beta2 * second + (1 - options.beta2) * gradient.cwiseAbs2();
  double firstScale = debias(options.beta1, steps), secondScale = debias(options.beta2, steps);
  x.array() -= rate * (first.array() / firstScale) /
               ((second.array() / secondScale).sqrt() + options.epsilon);
  return Error::success();
}

double ptq::cosineRate(double rate, int64_t step, int64_t steps) {
  return 0.5 * rate * (1 + std::cos(M_PI * double(step) / double(steps)));
}
