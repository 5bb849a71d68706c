//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Factors of SmoothQuant, and the search for the exponent.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/SmoothQuant.h"
#include "Checks.h"
#include "FirstMinimum.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// Least range and least factor, as published.
constexpr double kFloor = 1e-5;

Expected<Vector> ptq::smoothScale(const Vector &activationAbsMax, const Vector &weightAbsMax,
                                  double alpha) {
  if (!(alpha >= 0 && alpha <= 1))
    return makeError("expected alpha in [0, 1]");
  if (Error error = checkNotNegative("the activation's magnitudes", activationAbsMax))
    return std::move(error);
  if (Error error = checkVector("the weights' magnitudes", weightAbsMax, activationAbsMax.size()))
    return std::move(error);
  if (Error error = checkNotNegative("the weights' magnitudes", weightAbsMax))
    return std::move(error);
  Vector scale(activationAbsMax.size());
  for (Eigen::Index j = 0; j < scale.size(); ++j) {
    double activation = std::pow(activationAbsMax[j], alpha);
    double weight = std::pow(std::max(kFloor, weightAbsMax[j]), 1 - alpha);
    scale[j] = std::max(kFloor, activation / weight);
  }
  if (Error error = checkFinite("the factors", scale))
    return std::move(error);
  return scale;
}

Expected<SmoothSearch> ptq::searchSmoothScale(const Vector &activationAbsMax,
                                              const Vector &weightAbsMax, ArrayRef<double> alphas,
                                              ScaleLoss loss) {
  SmoothSearch search;
  FirstMinimum least;
  for (double alpha : alphas) {
    Expected<Vector> scale = smoothScale(activationAbsMax, weightAbsMax, alpha);
    if (!scale)
      return scale.takeError();
    Expected<double> value = loss(*scale);
    if (!value)
      return value.takeError();
    search.losses.push_back(*value);
    if (!least.offer(*value))
      continue;
    search.scale = std::move(*scale);
    search.alpha = alpha;
    search.loss = *value;
  }
  if (!least.found())
    return makeError("expected a finite loss of at least one alpha, but found none among " +
                     Twine(alphas.size()));
  return search;
}
