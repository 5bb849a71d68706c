//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantization space utilization rate (QSUR) of OSTQuant, for covariance matrices. The published
// derivation takes the cube from the ends of the ellipsoid's axes; here it is the least that holds
// the whole ellipsoid, whose support along axis j is |mean_j| + sqrt(radiusSquared C_jj).
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "quantc/PTQ/Stiefel.h"
#include <limits>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// log of the volume of the unit ball.
static double logUnitBall(int64_t dimension) {
  double half = 0.5 * double(dimension);
  return half * std::log(M_PI) - std::lgamma(half + 1);
}

using EigenSolver = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

/// Eigenvalues in ascending order, none negative beyond rounding.
static Expected<EigenSolver> decompose(const Matrix &covariance) {
  Eigen::Index size = covariance.rows();
  if (size == 0)
    return makeError("expected at least one dimension");
  if (Error error = checkMatrix("the covariance", covariance, size, size))
    return std::move(error);
  double scale = covariance.cwiseAbs().maxCoeff();
  double rounding = scale * double(size) * 64 * Eigen::NumTraits<double>::epsilon();
  if (!((covariance - covariance.transpose()).cwiseAbs().maxCoeff() <= rounding))
    return makeError("expected a symmetric covariance");
  EigenSolver solver(covariance);
  if (solver.info() != Eigen::Success || !(solver.eigenvalues()[0] >= -rounding))
    return makeError("expected a covariance without negative eigenvalues");
  return solver;
}

static double halfLogDeterminant(const EigenSolver &solver) {
  double sum = 0;
  for (double value : solver.eigenvalues()) {
    if (!(value > 0))
      return -std::numeric_limits<double>::infinity();
    sum += std::log(value);
  }
  return 0.5 * sum;
}

Expected<double> ptq::logSpaceUtilization(const Matrix &covariance, const Vector &mean,
                                          double radiusSquared) {
  Expected<EigenSolver> solver = decompose(covariance);
  if (!solver)
    return solver.takeError();
  if (!(radiusSquared > 0) || !std::isfinite(radiusSquared))
    return makeError("expected a positive squared radius");
  double dimension = double(covariance.rows());
  Vector edge = (radiusSquared * covariance.diagonal()).cwiseSqrt(); // half the cube's
  if (mean.size() != 0) {
    if (Error error = checkVector("the mean", mean, covariance.rows()))
      return std::move(error);
    edge += mean.cwiseAbs();
  }
  double logVolume = halfLogDeterminant(*solver) + 0.5 * dimension * std::log(radiusSquared);
  if (std::isinf(logVolume))
    return logVolume;
  return logWhiteningBound(covariance.rows()) + logVolume - dimension * std::log(edge.maxCoeff());
}

Expected<double> ptq::logRotationBound(const Matrix &covariance) {
  Expected<EigenSolver> solver = decompose(covariance);
  if (!solver)
    return solver.takeError();
  double logVolume = halfLogDeterminant(*solver), dimension = double(covariance.rows());
  if (std::isinf(logVolume))
    return logVolume;
  return logWhiteningBound(covariance.rows()) + logVolume -
         0.5 * dimension * std::log(covariance.trace() / dimension);
}

double ptq::logWhiteningBound(int64_t dimension) {
  return logUnitBall(dimension) - double(dimension) * std::log(2.0);
}

Expected<Matrix> ptq::principalAxes(const Matrix &covariance) {
  Expected<EigenSolver> solver = decompose(covariance);
  if (!solver)
    return solver.takeError();
  Matrix axes = solver->eigenvectors().rowwise().reverse();
  for (Eigen::Index i = 0; i < axes.cols(); ++i) {
    Eigen::Index most = 0;
    for (Eigen::Index j = 1; j < axes.rows(); ++j)
      if (std::abs(axes(j, i)) > std::abs(axes(most, i)))
        most = j;
    if (axes(most, i) < 0)
      axes.col(i) *= -1;
  }
  return axes;
}
