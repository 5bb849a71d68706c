//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's factors and their search.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Awq.h"
#include "Checks.h"
#include "FirstMinimum.h"
#include <limits>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// Least factor before normalization.
constexpr double kFloor = 1e-4;

/// Of the channels with a magnitude: clamped from below, divided by sqrt(max * min), and 1 where
/// that leaves no finite number. A channel without one says nothing, to the others neither: 1.
static Vector normalized(Vector scale, const Vector &magnitude) {
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (Eigen::Index c = 0; c < scale.size(); ++c) {
    if (magnitude[c] == 0)
      continue;
    scale[c] = std::max(scale[c], kFloor);
    least = std::min(least, scale[c]);
    most = std::max(most, scale[c]);
  }
  // Not sqrt(max * min), which overflows first.
  const double middle = std::sqrt(most) * std::sqrt(least);
  for (Eigen::Index c = 0; c < scale.size(); ++c) {
    scale[c] = magnitude[c] == 0 ? 1 : scale[c] / middle;
    if (!std::isfinite(scale[c]) || scale[c] == 0)
      scale[c] = 1;
  }
  return scale;
}

static Error checkMagnitudes(const Vector &magnitude, double exponent) {
  if (!(exponent >= 0 && exponent <= 1))
    return makeError("expected an exponent in [0, 1]");
  return checkNotNegative("the activation's magnitudes", magnitude);
}

Expected<Vector> ptq::awqScale(const Vector &magnitude, double exponent) {
  if (Error error = checkMagnitudes(magnitude, exponent))
    return std::move(error);
  return normalized(magnitude.array().pow(exponent), magnitude);
}

Expected<AwqSearch> ptq::searchAwqScale(const Vector &magnitude, ScaleLoss loss, int points) {
  if (points < 1)
    return makeError("expected at least 1 point of the grid, but found " + Twine(points));
  if (Error error = checkMagnitudes(magnitude, 0))
    return std::move(error);
  AwqSearch search;
  const bool silent = magnitude.isZero(0);
  FirstMinimum least;
  for (int i = 0; i < (silent ? 1 : points); ++i) {
    const double exponent = double(i) / points;
    Expected<Vector> scale = silent ? Expected<Vector>(Vector(Vector::Ones(magnitude.size())))
                                    : awqScale(magnitude, exponent);
    if (!scale)
      return scale.takeError();
    Expected<double> value = loss(*scale);
    if (!value)
      return value.takeError();
    search.losses.push_back(*value);
    if (!least.offer(*value))
      continue;
    search.scale = std::move(*scale);
    if (!silent)
      search.exponent = exponent;
    search.loss = *value;
  }
  if (!least.found())
    return makeError("expected a finite loss of at least one exponent, but found none among " +
                     Twine(search.losses.size()));
  search.unscaledLoss = search.losses.front();
  return search;
}
