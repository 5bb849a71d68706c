//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grids by family: each convention by numbers worked out by hand, and the search of a range.
//
//===----------------------------------------------------------------------===//

#include "AffineGrid.h"
#include "Samples.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

constexpr GridFamily kFamilies[] = {GridFamily::SymmetricNarrow,   GridFamily::Symmetric,
                                    GridFamily::SymmetricUnsigned, GridFamily::AsymmetricZero,
                                    GridFamily::Asymmetric,        GridFamily::AsymmetricFree,
                                    GridFamily::LearnedBounds,     GridFamily::FloatZero};

AffineGridOptions optionsOf(GridFamily family, int bits = 4, int64_t groupSize = 0) {
  AffineGridOptions options;
  options.family = family;
  options.bits = bits;
  options.groupSize = groupSize;
  return options;
}

double roundedBy(GridFamily family, int bits, double lo, double hi, double x) {
  AffineParams params = paramsOfRange(family, bits, lo, hi);
  return params.scale * (affineCode(x, params, codeRange(family, bits)) - params.zero);
}

TEST(AffineGrid, SymmetricFamiliesDivideByDifferentNumbers) {
  // absmax 7: steps of 1 in QB, of 14/15 in QC.
  EXPECT_EQ(paramsOfRange(GridFamily::Symmetric, 4, -7, 3).scale, 1);
  EXPECT_EQ(paramsOfRange(GridFamily::SymmetricNarrow, 4, -7, 3).scale, 1);
  AffineParams gptq = paramsOfRange(GridFamily::SymmetricUnsigned, 4, -7, 3);
  EXPECT_EQ(gptq.scale, 14.0 / 15);
  EXPECT_EQ(gptq.zero, 8);
  EXPECT_EQ(roundedBy(GridFamily::Symmetric, 4, -7, 3, 3.0), 3.0);
  EXPECT_NEAR(roundedBy(GridFamily::SymmetricUnsigned, 4, -7, 3, 3.0), 2.8, 1e-12);
}

TEST(AffineGrid, NarrowGridHasNoLeastCode) {
  EXPECT_EQ(roundedBy(GridFamily::Symmetric, 4, -7, 7, -9.0), -8);
  EXPECT_EQ(roundedBy(GridFamily::SymmetricNarrow, 4, -7, 7, -9.0), -7);
}

TEST(AffineGrid, UnsignedSymmetricGridCutsPositiveRows) {
  // No weight is negative: the range is [0, hi], but the zero stays at code 8.
  EXPECT_EQ(roundedBy(GridFamily::SymmetricUnsigned, 4, 0.5, 15, 15), 7);
  EXPECT_EQ(roundedBy(GridFamily::SymmetricUnsigned, 4, 0.5, 15, 6), 6);
}

TEST(AffineGrid, AsymmetricFamiliesTreatZeroDifferently) {
  // Weights of [1, 2.5].
  AffineParams withZero = paramsOfRange(GridFamily::AsymmetricZero, 4, 1, 2.5);
  EXPECT_EQ(withZero.scale, 2.5 / 15);
  EXPECT_EQ(withZero.zero, 0);
  AffineParams awq = paramsOfRange(GridFamily::Asymmetric, 4, 1, 2.5);
  EXPECT_EQ(awq.scale, 0.1);
  EXPECT_EQ(awq.zero, 0); // -10 is no code
  AffineParams quarot = paramsOfRange(GridFamily::AsymmetricFree, 4, 1, 2.5);
  EXPECT_EQ(quarot.scale, 0.1);
  EXPECT_EQ(quarot.zero, -10);
  EXPECT_EQ(paramsOfRange(GridFamily::LearnedBounds, 4, 1, 2.5).zero, -10);
  AffineParams hqq = paramsOfRange(GridFamily::FloatZero, 4, 1.04, 2.54);
  EXPECT_NEAR(hqq.scale, 0.1, 1e-15);
  EXPECT_NEAR(hqq.zero, -10.4, 1e-12);
  EXPECT_NEAR(roundedBy(GridFamily::FloatZero, 4, 1.04, 2.54, 1.04), 1.04, 1e-12);
}

TEST(AffineGrid, ConstantAndZeroRowsStayFinite) {
  for (GridFamily family : kFamilies)
    for (double value : {0.0, 0.25, -3.0}) {
      double rounded = roundedBy(family, 4, value, value, value);
      ASSERT_TRUE(std::isfinite(rounded)) << int(family) << " " << value;
      if (value == 0)
        EXPECT_EQ(rounded, 0) << int(family);
    }
  EXPECT_NEAR(roundedBy(GridFamily::AsymmetricFree, 4, 0.25, 0.25, 0.25), 0.25, 1e-6);
}

TEST(AffineGrid, TiesGoToEvenBeforeTheZeroIsAdded) {
  AffineParams odd{1, 3};
  CodeRange codes{0, 15};
  EXPECT_EQ(affineCode(0.5, odd, codes), 3);
  EXPECT_EQ(affineCode(1.5, odd, codes), 5);
  AffineParams fractional{1, 3.5}; // the zero is added before: 4.0 and 4.5
  EXPECT_EQ(affineCode(0.5, fractional, codes), 4);
  EXPECT_EQ(affineCode(1.0, fractional, codes), 4);
}

TEST(AffineGrid, RoundsEachGroupByItself) {
  Matrix weights = normalMatrix(5, 22, 1);
  weights.middleCols(8, 8) *= 100;
  for (GridFamily family : kFamilies) {
    AffineGrid grid(5, 22, optionsOf(family, 4, 8));
    ASSERT_EQ(grid.groups(), 3);
    ASSERT_EQ(grid.groupWidth(2), 6);
    Matrix rounded = cantFail(roundToNearest(weights, grid));
    for (int64_t row = 0; row < 5; ++row)
      for (int64_t column = 0; column < 22; ++column) {
        Vector group =
            weights.row(row).segment(column / 8 * 8, grid.groupWidth(column / 8)).transpose();
        EXPECT_EQ(rounded(row, column),
                  roundedBy(family, 4, group.minCoeff(), group.maxCoeff(), weights(row, column)));
      }
    // What is on the grid stays, and codes say the same.
    EXPECT_LT((cantFail(roundOnGrid(rounded, grid)) - rounded).cwiseAbs().maxCoeff(), 1e-12);
    std::vector<int32_t> codes = cantFail(codesOnGrid(weights, grid));
    const AffineParams &params = grid.params(3, 1);
    EXPECT_EQ(rounded(3, 9), params.scale * (codes[3 * 22 + 9] - params.zero));
  }
}

TEST(AffineGrid, NeighboursEncloseEveryWeight) {
  Matrix weights = normalMatrix(4, 32, 2);
  for (GridFamily family : kFamilies) {
    AffineGrid grid(4, 32, optionsOf(family, 3, 16));
    Matrix rounded = cantFail(roundToNearest(weights, grid));
    Matrix wider = 1.5 * weights; // some outside
    Neighbours sides = cantFail(neighboursOnGrid(wider, grid));
    Matrix nearest = cantFail(roundOnGrid(wider, grid));
    int outside = 0;
    for (int64_t i = 0; i < wider.size(); ++i) {
      double w = wider.data()[i], below = sides.below.data()[i], above = sides.above.data()[i];
      ASSERT_LE(below, above);
      ASSERT_TRUE(nearest.data()[i] == below || nearest.data()[i] == above);
      if (below < above) {
        ASSERT_LE(below, w);
        ASSERT_GE(above, w);
        const AffineParams &params = grid.params(i / 32, i % 32 / 16);
        ASSERT_NEAR(above - below, params.scale, 1e-12);
      } else {
        outside += below != w;
      }
    }
    EXPECT_GT(outside, 0);
    Neighbours same = cantFail(neighboursOnGrid(rounded, grid));
    EXPECT_LT((same.above - same.below).cwiseAbs().maxCoeff(), 1e-12) << int(family);
  }
}

/// The same search, written down plainly.
RangeChoice plainSearch(GridFamily family, int bits, const Vector &values,
                        const RangeSearch &search) {
  RangeChoice best;
  for (int i = 0; i < search.steps; ++i) {
    double p = 1 - double(i) / search.grid, error = 0;
    for (double x : values)
      error += std::pow(
          std::fabs(x - roundedBy(family, bits, p * values.minCoeff(), p * values.maxCoeff(), x)),
          search.norm);
    if (i == 0 || error < best.error) {
      best.error = error;
      best.shrink = p;
    }
  }
  return best;
}

TEST(AffineGrid, RangeSearchFindsWhatAPlainSearchFinds) {
  for (GridFamily family : kFamilies)
    for (int bits : {2, 3, 4, 8})
      for (double norm : {2.4, 2.0, 1.0, 3.5}) {
        Vector values = normalProbe(5, bits, 201);
        values[17] = 7;
        RangeSearch search;
        search.norm = norm;
        RangeChoice choice = searchRange(family, bits, values.data(), values.size(), search);
        RangeChoice plain = plainSearch(family, bits, values, search);
        EXPECT_EQ(choice.shrink, plain.shrink) << int(family) << " " << bits << " " << norm;
        EXPECT_NEAR(choice.error, plain.error, 1e-12 * plain.error);
      }
}

TEST(AffineGrid, RangeSearchClipsOutliersAndNeverLoses) {
  Vector values = normalProbe(6, 1, 256);
  values[3] = 12;
  RangeSearch search, none;
  none.steps = 1;
  for (GridFamily family : kFamilies) {
    RangeChoice best = searchRange(family, 3, values.data(), values.size(), search);
    RangeChoice unclipped = searchRange(family, 3, values.data(), values.size(), none);
    EXPECT_EQ(unclipped.shrink, 1);
    EXPECT_LE(best.error, unclipped.error);
    EXPECT_LT(best.shrink, 1) << int(family);
  }
}

TEST(AffineGrid, RangeSearchHeedsWeights) {
  Vector values = normalProbe(8, 1, 64), heed = Vector::Constant(64, 1e-6);
  values[3] = 12;
  heed[3] = 1; // the outlier is all that counts
  RangeChoice choice =
      searchRange(GridFamily::Symmetric, 3, values.data(), 64, RangeSearch(), heed.data());
  double step = choice.params.scale;
  EXPECT_GT(choice.shrink, 0.9);
  EXPECT_GE(3.5 * step, 11.0);
}

TEST(AffineGrid, BoundsAreMultipliedByLearnedFactors) {
  AffineGridOptions options = optionsOf(GridFamily::LearnedBounds);
  options.lowFactor = 0.5;
  options.highFactor = 0.75;
  AffineGrid grid(1, 3, options);
  Matrix weights(1, 3);
  weights << -4, 0, 4;
  llvm::cantFail(grid.fit(weights));
  EXPECT_EQ(grid.params(0, 0).scale, 5.0 / 15);
  EXPECT_EQ(grid.params(0, 0).zero, 6);
}

TEST(AffineGrid, FaultsAndErrorsSayWhatIsExpected) {
  AffineGridOptions options = optionsOf(GridFamily::Symmetric, 1);
  EXPECT_EQ(affineGridFault(options), "expected 2 to 16 bits, but found 1");
  options.family = GridFamily::AsymmetricZero;
  EXPECT_EQ(affineGridFault(options), "");
  options.search = RangeSearch();
  options.search->steps = 101;
  EXPECT_NE(affineGridFault(options), "");
  AffineGrid grid(2, 4, optionsOf(GridFamily::Symmetric, 4, 2));
  EXPECT_EQ(messageOf(grid.fit(Matrix::Zero(2, 3))),
            "expected a weight of shape 2x4, but found 2x3");
  Matrix infinite = Matrix::Zero(2, 4);
  infinite(1, 1) = INFINITY;
  EXPECT_EQ(messageOf(grid.fit(infinite)),
            "expected a weight to be finite, but found inf at element 5");
  EXPECT_EQ(messageOf(grid.fitGroup(2, Matrix::Zero(2, 2))),
            "expected a group below 2, but found 2");
}

} // namespace
