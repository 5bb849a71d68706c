//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Streaming second moments: right to fp32 products, and the same bits however they are collected.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/SecondMoment.h"
#include "Samples.h"
#include "gtest/gtest.h"
#include <random>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

FloatMatrix sampleOf(int64_t tokens, int64_t channels, uint64_t seed) {
  return normalMatrix(tokens, channels, seed).cast<float>();
}

SecondMoment collect(const FloatMatrix &sample) {
  SecondMoment moment(sample.cols());
  moment.addRows(sample.data(), sample.rows());
  moment.endSample();
  return moment;
}

TEST(SecondMoment, IsTheProductOfTheSamples) {
  for (int64_t channels : {1, 5, 96, 97, 200})
    for (int64_t tokens : {1, 127, 128, 300}) {
      FloatMatrix sample = sampleOf(tokens, channels, 1);
      SecondMoment moment = collect(sample);
      Matrix exact = sample.cast<double>().transpose() * sample.cast<double>();
      EXPECT_LT((moment.sum() - exact).cwiseAbs().maxCoeff(), 1e-6 * tokens);
      EXPECT_EQ(moment.sum(), moment.sum().transpose());
      EXPECT_EQ(moment.tokens(), tokens);
      EXPECT_LT((moment.mean() - exact / tokens).cwiseAbs().maxCoeff(), 1e-6);
      Vector mean = sample.cast<double>().colwise().mean().transpose();
      EXPECT_LT((moment.columnMean() - mean).cwiseAbs().maxCoeff(), 1e-12);
    }
}

TEST(SecondMoment, DoesNotDependOnHowRowsArrive) {
  FloatMatrix sample = sampleOf(500, 130, 2);
  Matrix expected = collect(sample).sum();
  std::mt19937 random(3);
  for (int trial = 0; trial < 5; ++trial) {
    SecondMoment moment(130);
    for (int64_t row = 0; row < 500;) {
      int64_t count = std::min<int64_t>(random() % 150, 500 - row);
      moment.addRows(sample.data() + row * 130, count);
      row += count;
    }
    moment.endSample();
    EXPECT_EQ(moment.sum(), expected);
  }
}

TEST(SecondMoment, DoesNotDependOnTheOrderOfBlocks) {
  FloatMatrix sample = sampleOf(300, 250, 4);
  SecondMoment moment(250);
  auto backwards = [](int64_t count, llvm::function_ref<void(int64_t)> task) {
    while (count > 0)
      task(--count);
  };
  moment.addRows(sample.data(), 300, backwards);
  moment.endSample(backwards);
  EXPECT_EQ(moment.sum(), collect(sample).sum());
}

TEST(SecondMoment, TilesBeginWithTheSample) {
  // Two samples of 100 rows are two tiles, not one and a piece.
  FloatMatrix first = sampleOf(100, 20, 5), second = sampleOf(100, 20, 6);
  SecondMoment moment = collect(first);
  moment.addRows(second.data(), 100);
  moment.endSample();
  EXPECT_EQ(moment.sum(), collect(first).sum() + collect(second).sum());
}

TEST(SecondMoment, MergesAndRestores) {
  FloatMatrix first = sampleOf(100, 110, 7), second = sampleOf(50, 110, 8);
  SecondMoment both = collect(first);
  llvm::cantFail(both.merge(collect(second)));
  EXPECT_EQ(both.tokens(), 150);
  EXPECT_EQ(both.sum(), collect(first).sum() + collect(second).sum());
  SecondMoment restored = cantFail(SecondMoment::restore(150, both.sum(), both.columnSum()));
  EXPECT_EQ(restored.sum(), both.sum());
  EXPECT_EQ(restored.columnMean(), both.columnMean());
  // And goes on as if it had never been saved.
  llvm::cantFail(restored.merge(collect(first)));
  llvm::cantFail(both.merge(collect(first)));
  EXPECT_EQ(restored.sum(), both.sum());
}

TEST(SecondMoment, RefusesWhatItCannotMerge) {
  SecondMoment moment(4), open(4);
  float row[4] = {1, 2, 3, 4};
  open.addRows(row, 1);
  EXPECT_EQ(messageOf(moment.merge(SecondMoment(3))),
            "expected second moments of 4 channels, but found 3");
  EXPECT_EQ(messageOf(moment.merge(open)), "expected samples to have ended before a merge");
  EXPECT_EQ(messageOf(SecondMoment::restore(1, Matrix::Zero(2, 3), Vector::Zero(2))),
            "expected second moments of shape 2x2, but found 2x3");
}

TEST(SecondMoment, IsZeroBeforeTheFirstSample) {
  SecondMoment moment(3);
  EXPECT_TRUE(moment.mean().isZero(0));
  EXPECT_EQ(moment.tokens(), 0);
}

TEST(SecondMoment, SaysWhatMemoryItTakes) {
  // The upper triangle of 16 by 16 blocks of 96 by 96, tiles of 128 rows three times.
  EXPECT_EQ(SecondMoment::memoryNeeded(1536),
            136 * 96 * 96 * 8 + 2 * 1536 * 128 * 4 + 1536 * 8 + 128 * 1536 * 4);
  EXPECT_GT(CrossMoment::memoryNeeded(1536), 1536 * 1536 * 8);
}

TEST(CrossMoment, IsTheProductOfDifferenceAndInput) {
  FloatMatrix exact = sampleOf(300, 100, 9), rounded = exact + 0.1f * sampleOf(300, 100, 10);
  CrossMoment moment(100), pieces(100);
  moment.addRows(exact.data(), rounded.data(), 300);
  moment.endSample();
  FloatMatrix difference = exact - rounded;
  Matrix expected = difference.cast<double>().transpose() * rounded.cast<double>();
  EXPECT_LT((moment.sum() - expected).cwiseAbs().maxCoeff(), 1e-4);
  pieces.addRows(exact.data(), rounded.data(), 77);
  pieces.addRows(exact.data() + 7700, rounded.data() + 7700, 223);
  pieces.endSample();
  EXPECT_EQ(pieces.mean(), moment.mean());
  llvm::cantFail(pieces.merge(moment));
  EXPECT_EQ(pieces.sum(), 2 * moment.sum());
  EXPECT_EQ(pieces.tokens(), 600);
}

} // namespace
