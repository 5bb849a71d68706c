//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Number formats as grids: the same values as Numerics stores, groups fitted alone or together.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/FormatGrid.h"
#include "Samples.h"
#include "gtest/gtest.h"

using namespace quantc::ptq;
using namespace quantc::ptq::test;
using namespace quantc::numerics;

namespace {

constexpr const char *kFormats[] = {"int4:g16:sym:f16",
                                    "int2:channel:sym",
                                    "uint4:g16:asym:f16",
                                    "int8:tensor:sym",
                                    "nf4:g16",
                                    "mxfp4",
                                    "nvfp4",
                                    "fp<e4m3fn>:tensor",
                                    "bfp<4>:g16"};

NumberFormat formatOf(const char *text) {
  ParsedNumberFormat parsed = parseNumberFormat(text);
  EXPECT_TRUE(parsed.format) << text;
  return *parsed.format;
}

std::vector<float> narrowed(const Matrix &weights) {
  std::vector<float> values;
  for (int64_t i = 0; i < weights.size(); ++i)
    values.push_back(float(weights.data()[i]));
  return values;
}

TEST(FormatGrid, RoundsAsTheStoredMatrixDoes) {
  Matrix weights = normalMatrix(6, 40, 3);
  std::vector<float> values = narrowed(weights);
  for (const char *text : kFormats) {
    NumberFormat format = formatOf(text);
    FormatGrid grid(6, 40, format);
    Matrix rounded = cantFail(roundToNearest(weights, grid));
    std::vector<float> expected(values.size());
    BlockScales scales = chooseScales(format, values.data(), 6, 40);
    fakeQuantizeMatrix(format, scales, values.data(), expected.data());
    EXPECT_EQ(narrowed(rounded), expected) << text;
    EXPECT_EQ(grid.scales().codes, scales.codes) << text;
  }
}

TEST(FormatGrid, GroupsFittedAloneEqualGroupsFittedTogether) {
  Matrix weights = normalMatrix(6, 40, 4);
  for (const char *text : kFormats) {
    FormatGrid together(6, 40, formatOf(text)), alone(6, 40, formatOf(text));
    Matrix expected = cantFail(roundToNearest(weights, together));
    if (!alone.fitsGroupsAlone()) {
      EXPECT_EQ(messageOf(alone.fitGroup(0, weights.leftCols(alone.groupWidth(0)))),
                "expected a grid whose groups do not depend on each other");
      continue;
    }
    for (int64_t group = 0; group < alone.groups(); ++group)
      llvm::cantFail(alone.fitGroup(
          group, weights.middleCols(alone.groupBegin(group), alone.groupWidth(group))));
    EXPECT_EQ(cantFail(roundOnGrid(weights, alone)), expected) << text;
  }
}

TEST(FormatGrid, NeighboursAreAdjacentValues) {
  Matrix weights = normalMatrix(4, 32, 5);
  for (const char *text : kFormats) {
    FormatGrid grid(4, 32, formatOf(text));
    Matrix rounded = cantFail(roundToNearest(weights, grid));
    Neighbours sides = cantFail(neighboursOnGrid(weights, grid));
    int open = 0;
    for (int64_t i = 0; i < weights.size(); ++i) {
      double w = weights.data()[i], below = sides.below.data()[i], above = sides.above.data()[i];
      ASSERT_LE(below, above) << text;
      ASSERT_TRUE(rounded.data()[i] == below || rounded.data()[i] == above) << text;
      if (below == above)
        continue;
      ++open;
      ASSERT_LE(below, w) << text;
      ASSERT_GE(above, w) << text;
    }
    EXPECT_GT(open, 32) << text;
    Neighbours same = cantFail(neighboursOnGrid(rounded, grid));
    EXPECT_EQ(same.below, rounded) << text;
    EXPECT_EQ(same.above, rounded) << text;
  }
}

TEST(FormatGrid, CodesOfSignedIntegersAreNumbers) {
  Matrix weights(1, 4);
  weights << -7, -1, 0, 3;
  FormatGrid grid(1, 4, formatOf("int4:channel:sym"));
  llvm::cantFail(grid.fit(weights));
  EXPECT_EQ(cantFail(codesOnGrid(weights, grid)), (std::vector<int32_t>{-7, -1, 0, 3}));
}

} // namespace
