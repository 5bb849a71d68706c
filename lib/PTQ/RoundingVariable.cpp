//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Variables of learned rounding and their descent.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/RoundingVariable.h"
#include <cmath>

using namespace quantc;
using namespace quantc::ptq;

//===----------------------------------------------------------------------===//
// Rectified sigmoid
//===----------------------------------------------------------------------===//

/// The stretch: from -0.1 to 1.1.
constexpr double kLow = -0.1, kStretch = 1.2;

static double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

double ptq::rectifiedSigmoid(double v) {
  return std::clamp(kStretch * sigmoid(v) + kLow, 0.0, 1.0);
}

double ptq::rectifiedSigmoidSlope(double v) {
  double s = sigmoid(v), h = kStretch * s + kLow;
  return h <= 0 || h >= 1 ? 0 : kStretch * s * (1 - s);
}

double ptq::rectifiedSigmoidInverse(double h) {
  return -std::log(kStretch / (std::clamp(h, 0.0, 1.0) - kLow) - 1);
}

double ptq::annealedExponent(Annealing annealing, double progress) {
  progress = std::clamp(progress, 0.0, 1.0);
  if (annealing == Annealing::Linear)
    return 2 + 18 * (1 - progress);
  return 2 + 9 * (1 + std::cos(3.14159265358979323846 * progress));
}

//===----------------------------------------------------------------------===//
// RoundingVariable
//===----------------------------------------------------------------------===//

RoundingVariable::RoundingVariable(const Matrix &weights, Neighbours neighbours)
    : sides(std::move(neighbours)), variable(weights.rows(), weights.cols()) {
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    double below = sides.below.data()[i], above = sides.above.data()[i];
    double rest = below < above ? (weights.data()[i] - below) / (above - below) : 0;
    variable.data()[i] = rectifiedSigmoidInverse(rest);
  }
}

Matrix RoundingVariable::soft() const {
  return sides.below +
         variable.unaryExpr(&rectifiedSigmoid).cwiseProduct(sides.above - sides.below);
}

Matrix RoundingVariable::hard() const {
  return (variable.array() >= 0).select(sides.above, sides.below);
}

void RoundingVariable::toVariable(Matrix &gradient) const {
  gradient = gradient.cwiseProduct(sides.above - sides.below)
                 .cwiseProduct(variable.unaryExpr(&rectifiedSigmoidSlope));
}

double RoundingVariable::regularizer(double exponent) const {
  double sum = 0;
  for (Eigen::Index i = 0; i < variable.size(); ++i)
    if (sides.below.data()[i] < sides.above.data()[i])
      sum += 1 - std::pow(std::fabs(2 * rectifiedSigmoid(variable.data()[i]) - 1), exponent);
  return sum;
}

void RoundingVariable::addRegularizer(double factor, double exponent, Matrix &gradient) const {
  for (Eigen::Index i = 0; i < variable.size(); ++i) {
    if (!(sides.below.data()[i] < sides.above.data()[i]))
      continue;
    double v = variable.data()[i], slope = rectifiedSigmoidSlope(v);
    double distance = 2 * rectifiedSigmoid(v) - 1;
    if (slope != 0 && distance != 0)
      gradient.data()[i] -= factor * exponent *
                            std::copysign(std::pow(std::fabs(distance), exponent - 1), distance) *
                            2 * slope;
  }
}

double RoundingVariable::decided() const {
  int64_t choices = 0, made = 0;
  for (Eigen::Index i = 0; i < variable.size(); ++i)
    if (sides.below.data()[i] < sides.above.data()[i]) {
      ++choices;
      made += std::fabs(rectifiedSigmoid(variable.data()[i]) - 0.5) > 0.49;
    }
  return choices == 0 ? 1 : double(made) / double(choices);
}

//===----------------------------------------------------------------------===//
// Descent
//===----------------------------------------------------------------------===//

void Adam::step(Matrix &x, const Matrix &gradient) {
  if (steps == 0) {
    first = Matrix::Zero(x.rows(), x.cols());
    second = Matrix::Zero(x.rows(), x.cols());
  }
  ++steps;
  first = beta1 * first + (1 - beta1) * gradient;
  second = beta2 * second + (1 - beta2) * gradient.cwiseAbs2();
  const double firstShare = 1 - std::pow(beta1, double(steps));
  const double secondShare = 1 - std::pow(beta2, double(steps));
  x.array() -=
      rate * (first.array() / firstShare) / ((second.array() / secondShare).sqrt() + epsilon);
}

void SignDescent::step(Matrix &x, const Matrix &gradient, double lowest, double highest) const {
  x = (x.array() - currentRate() * gradient.array().sign()).cwiseMax(lowest).cwiseMin(highest);
}
