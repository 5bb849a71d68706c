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
#include "quantc/Numerics/Rounding.h"
#include <cmath>

using namespace quantc;
using namespace quantc::ptq;
using numerics::roundHalfEven;

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
// OffsetVariable
//===----------------------------------------------------------------------===//

OffsetVariable::OffsetVariable(const Matrix &weights, int bits, int64_t groupSize)
    : weights(weights), last(std::ldexp(1.0, bits) - 1),
      width(groupSize > 0 ? groupSize : std::max<int64_t>(weights.cols(), 1)) {
  const int64_t groups = (weights.cols() + width - 1) / width;
  offset = Matrix::Zero(weights.rows(), weights.cols());
  low = high = Matrix::Ones(weights.rows(), groups);
  least = most = Matrix::Zero(weights.rows(), groups);
  for (int64_t row = 0; row < weights.rows(); ++row)
    for (int64_t column = 0; column < weights.cols(); ++column) {
      double value = weights(row, column);
      least(row, column / width) = std::min(least(row, column / width), value);
      most(row, column / width) = std::max(most(row, column / width), value);
    }
}

OffsetVariable::Step OffsetVariable::stepOf(int64_t row, int64_t group) const {
  double lo = low(row, group) * least(row, group), hi = high(row, group) * most(row, group);
  double scale = hi > lo ? (hi - lo) / last : 1;
  return {scale, roundHalfEven(-lo / scale), lo};
}

Matrix OffsetVariable::rounded() const {
  Matrix result(weights.rows(), weights.cols());
  for (int64_t row = 0; row < weights.rows(); ++row)
    for (int64_t column = 0; column < weights.cols(); ++column) {
      Step step = stepOf(row, column / width);
      double code = roundHalfEven(weights(row, column) / step.scale + offset(row, column));
      result(row, column) = step.scale * (std::clamp(code + step.zero, 0.0, last) - step.zero);
    }
  return result;
}

OffsetVariable::Gradient OffsetVariable::gradient(const Matrix &rounded) const {
  Gradient result{Matrix::Zero(weights.rows(), weights.cols()),
                  Matrix::Zero(low.rows(), low.cols()), Matrix::Zero(low.rows(), low.cols())};
  for (int64_t row = 0; row < weights.rows(); ++row)
    for (int64_t column = 0; column < weights.cols(); ++column) {
      const int64_t group = column / width;
      const Step step = stepOf(row, group);
      const double exact = weights(row, column) / step.scale;
      const double place = exact + offset(row, column) + step.zero;
      const double code = std::clamp(roundHalfEven(place - step.zero) + step.zero, 0.0, last);
      const double given = rounded(row, column);
      double byScale = 0, byLow = 0;
      if (place > 0 && place < last) {
        result.offset(row, column) = given * step.scale;
        byScale = code - step.zero - exact;
      } else { // s (code - z) with z = -lo / s
        byScale = code;
        byLow = 1;
      }
      result.high(row, group) += given * byScale / last * most(row, group);
      result.low(row, group) += given * (byLow - byScale / last) * least(row, group);
    }
  return result;
}

double ptq::stepGradient(const double *x, const double *gradient, int64_t count, double step,
                         double least, double greatest) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    double place = x[i] / step;
    double slope = place <= least      ? least
                   : place >= greatest ? greatest
                                       : roundHalfEven(place) - place;
    sum += gradient[i] * slope;
  }
  return sum / std::sqrt(double(count) * greatest);
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
