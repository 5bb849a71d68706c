//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ's clip: never worse than no clip, the same as with the tokens themselves, better than
// searching by weights where few channels matter.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/ClipSearch.h"
#include "Samples.h"
#include "quantc/PTQ/AffineGrid.h"
#include "quantc/PTQ/FormatGrid.h"
#include "gtest/gtest.h"

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

AffineGrid gridFor(const Matrix &weights, int bits, int64_t groupSize) {
  AffineGridOptions options;
  options.family = GridFamily::Asymmetric;
  options.bits = bits;
  options.groupSize = groupSize;
  return AffineGrid(weights.rows(), weights.cols(), options);
}

Matrix momentOf(const Matrix &samples) {
  return samples.transpose() * samples / double(samples.rows());
}

TEST(ClipSearch, NeverLosesToNoClip) {
  Matrix weights = normalMatrix(12, 64, 1), samples = outlierSamples(200, 64, 2);
  for (int bits : {2, 3, 4}) {
    AffineGrid grid = gridFor(weights, bits, 32);
    ActivationClip clip = cantFail(clipByActivation(weights, momentOf(samples), grid));
    EXPECT_TRUE((clip.error.array() <= clip.unclippedError.array()).all());
    EXPECT_LT(clip.error.sum(), 0.95 * clip.unclippedError.sum());
    EXPECT_TRUE((clip.limits.array() > 0).all());
  }
}

TEST(ClipSearch, ErrorIsThatOfTheTokens) {
  Matrix weights = normalMatrix(6, 32, 3), samples = normalMatrix(150, 32, 4);
  AffineGrid grid = gridFor(weights, 3, 16);
  ActivationClip clip = cantFail(clipByActivation(weights, momentOf(samples), grid));
  // The grid is the one of the clamped weights.
  Matrix rounded = cantFail(roundOnGrid(clip.weights, grid));
  AffineGrid again = gridFor(weights, 3, 16);
  EXPECT_EQ(cantFail(roundToNearest(clip.weights, again)), rounded);
  for (int64_t group = 0; group < 2; ++group) {
    Matrix change = (rounded - weights).middleCols(16 * group, 16);
    Matrix share = samples.middleCols(16 * group, 16) * change.transpose();
    Vector error = share.cwiseAbs2().colwise().mean().transpose();
    EXPECT_LT((error - clip.error.col(group)).cwiseAbs().maxCoeff(), 1e-12);
    for (int64_t row = 0; row < 6; ++row) {
      double most = weights.row(row).segment(16 * group, 16).cwiseAbs().maxCoeff();
      double steps = (1 - clip.limits(row, group) / most) * 20;
      EXPECT_NEAR(steps, std::round(steps), 1e-9);
      EXPECT_LE(steps, 9.5);
    }
  }
}

TEST(ClipSearch, KeepsTheRangeWhereTheOutlierMatters) {
  Matrix weights = normalMatrix(1, 32, 5), quiet = Matrix::Identity(32, 32), loud = quiet;
  weights(0, 7) = 8;
  quiet(7, 7) = 1e-6;
  loud(7, 7) = 1e6;
  AffineGrid grid = gridFor(weights, 3, 32);
  EXPECT_LT(cantFail(clipByActivation(weights, quiet, grid)).limits(0, 0), 5);
  EXPECT_EQ(cantFail(clipByActivation(weights, loud, grid)).limits(0, 0), 8);
}

TEST(ClipSearch, RefusesGroupsThatDependOnEachOther) {
  FormatGrid grid(1, 64, *quantc::numerics::parseNumberFormat("nvfp4").format);
  EXPECT_EQ(messageOf(clipByActivation(Matrix::Zero(1, 64), Matrix::Identity(64, 64), grid)),
            "expected a grid whose groups do not depend on each other");
  AffineGrid other = gridFor(Matrix::Zero(1, 4), 4, 2);
  ActivationClipOptions options;
  options.steps = 21;
  EXPECT_EQ(messageOf(clipByActivation(Matrix::Zero(1, 4), Matrix::Identity(4, 4), other, options)),
            "expected 1 to grid steps, but found 21 steps of a grid of 20");
}

} // namespace
