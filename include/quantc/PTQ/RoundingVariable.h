//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding as something to learn: the variable that stands for the choice of each weight, what a
// gradient by the rounded weights means for it, and two ways to descend: Adam, and by signs. They
// know nothing of the loss: AdaRound.h takes the error of one linear map, others may take that
// of a block.
//
// Sources: Nagel et al., "AdaRound", arXiv 2004.10568; Li et al., "BRECQ", arXiv 2102.05426; Cheng
// et al., "SignRound", arXiv 2309.05516; Kingma and Ba, "Adam", arXiv 1412.6980.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_ROUNDINGVARIABLE_H
#define QUANTC_PTQ_ROUNDINGVARIABLE_H

#include "quantc/PTQ/Rounding.h"

namespace quantc::ptq {

//===----------------------------------------------------------------------===//
// AdaRound's variable
//===----------------------------------------------------------------------===//

/// h(v) = clip(1.2 sigmoid(v) - 0.1, 0, 1); its derivative, 0 where clipped; its inverse in [0, 1].
double rectifiedSigmoid(double v);
double rectifiedSigmoidSlope(double v);
double rectifiedSigmoidInverse(double h);

/// How the exponent of the regularizer falls from 20 to 2.
enum class Annealing : uint8_t {
  Cosine, ///< 2 + 9 (1 + cos(pi r)): AIMET
  Linear  ///< 2 + 18 (1 - r): BRECQ
};
/// At progress r in [0, 1] behind the warm-up.
double annealedExponent(Annealing annealing, double progress);

/// One number V for each weight: rounded = below + h(V) (above - below), with the neighbours on the
/// grid. For grids of equal steps this is scale * clip(floor(W / scale) + h(V), ...). Weights on
/// the grid or outside of it have nothing to choose and no gradient.
class RoundingVariable {
public:
  /// Starts where the rounded weights are the weights themselves, as far as the grid reaches.
  RoundingVariable(const Matrix &weights, Neighbours neighbours);

  Matrix &values() { return variable; }
  const Matrix &values() const { return variable; }

  Matrix soft() const;
  /// `above` where V >= 0.
  Matrix hard() const;
  /// From dL/d(rounded) to dL/dV, in place.
  void toVariable(Matrix &gradient) const;

  /// sum (1 - |2 h(V) - 1|^exponent) over weights that have a choice.
  double regularizer(double exponent) const;
  /// Adds `factor` times its gradient by V.
  void addRegularizer(double factor, double exponent, Matrix &gradient) const;
  /// The share of weights with a choice for which |h(V) - 1/2| > 0.49; 1 where there is none.
  double decided() const;

private:
  Neighbours sides;
  Matrix variable;
};

//===----------------------------------------------------------------------===//
// Descent
//===----------------------------------------------------------------------===//

class Adam {
public:
  explicit Adam(double rate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
      : rate(rate), beta1(beta1), beta2(beta2), epsilon(epsilon) {}

  /// One step; `x` and `gradient` keep their shape from call to call.
  void step(Matrix &x, const Matrix &gradient);

private:
  double rate, beta1, beta2, epsilon;
  int64_t steps = 0;
  Matrix first, second;
};

/// x -= rate sign(gradient), the rate falling from `rate` to 0 over `total` steps: AutoRound takes
/// 200 steps and a rate of 1 / total.
class SignDescent {
public:
  SignDescent(int64_t total, double rate) : total(total), rate(rate) {}
  explicit SignDescent(int64_t total) : SignDescent(total, 1.0 / double(total)) {}

  double currentRate() const { return rate * double(std::max<int64_t>(total - done, 0)) / total; }
  /// Moves several variables at the same rate: call step() for each, then advance().
  void step(Matrix &x, const Matrix &gradient, double lowest, double highest) const;
  void advance() { ++done; }

private:
  int64_t total, done = 0;
  double rate;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_ROUNDINGVARIABLE_H
