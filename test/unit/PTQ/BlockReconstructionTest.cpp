//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Roundings of two layers and the ReLU between them, learned together.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/BlockReconstruction.h"
#include "Samples.h"
#include "quantc/PTQ/ChannelRounding.h"
#include "gtest/gtest.h"

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

/// y = B relu(A x), its loss against the float weights and the gradients.
struct TwoLayers {
  static constexpr int64_t samples = 40, positions = 8, width = 10;
  Matrix first = normalMatrix(width, width, 3), second = normalMatrix(6, width, 4);
  std::vector<Matrix> inputs, targets;

  TwoLayers() {
    for (int64_t i = 0; i < samples; ++i) {
      inputs.push_back(normalMatrix(positions, width, 100 + i));
      targets.push_back(hidden(inputs.back(), first) * second.transpose());
    }
  }
  static Matrix hidden(const Matrix &x, const Matrix &weight) {
    return (x * weight.transpose()).cwiseMax(0);
  }

  llvm::Expected<double> loss(int64_t sample, llvm::ArrayRef<Matrix> weights,
                              llvm::MutableArrayRef<Matrix> gradients) const {
    Matrix h = hidden(inputs[sample], weights[0]);
    Matrix error = h * weights[1].transpose() - targets[sample];
    const double scale = 2.0 / double(error.size());
    if (!gradients.empty()) {
      gradients[1] = scale * error.transpose() * h;
      Matrix back = (h.array() > 0).select(error * weights[1], 0);
      gradients[0] = scale * back.transpose() * inputs[sample];
    }
    return error.squaredNorm() / double(error.size());
  }

  std::vector<BlockWeight> nearest() const {
    std::vector<BlockWeight> weights;
    for (const Matrix &weight : {first, second}) {
      BlockWeight &given = weights.emplace_back();
      given.weight = weight;
      given.greatest = 7;
      given.steps = weight.cwiseAbs().rowwise().maxCoeff() / 7;
      given.rounded = cantFail(roundOnGrid(weight, SteppedGrid(weight.cols(), given.steps, 7)));
    }
    return weights;
  }

  llvm::Expected<BlockResult> tryRun(const BlockOptions &options) const {
    return reconstructBlock(
        nearest(), samples,
        [&](int64_t sample, llvm::ArrayRef<Matrix> weights,
            llvm::MutableArrayRef<Matrix> gradients) { return loss(sample, weights, gradients); },
        options);
  }
  BlockResult run(const BlockOptions &options = {}) const { return cantFail(tryRun(options)); }
};

TEST(BlockReconstruction, LowersTheLossOfNearest) {
  TwoLayers block;
  BlockResult result = block.run();
  EXPECT_LT(result.after, 0.6 * result.before);
  EXPECT_GT(result.decided, 0.9);
  double sum = 0;
  for (int64_t sample = 0; sample < block.samples; ++sample)
    sum += cantFail(block.loss(sample, result.weights, {}));
  EXPECT_NEAR(result.after, sum / block.samples, 1e-12);
}

TEST(BlockReconstruction, WeightsAreNeighboursOnTheGrid) {
  TwoLayers block;
  std::vector<BlockWeight> given = block.nearest();
  BlockResult result = block.run();
  for (size_t k = 0; k < given.size(); ++k)
    for (int64_t row = 0; row < given[k].weight.rows(); ++row)
      for (int64_t column = 0; column < given[k].weight.cols(); ++column) {
        double code = result.weights[k](row, column) / given[k].steps[row];
        EXPECT_NEAR(code, std::round(code), 1e-9);
        EXPECT_LE(std::abs(code), 7 + 1e-9);
        EXPECT_LE(std::abs(result.weights[k](row, column) - given[k].weight(row, column)),
                  given[k].steps[row] * (1 + 1e-9));
      }
}

TEST(BlockReconstruction, OneSeedGivesOneResult) {
  TwoLayers block;
  BlockOptions options;
  options.iterations = 50;
  options.seed = 7;
  BlockResult one = block.run(options), two = block.run(options);
  EXPECT_EQ(one.weights[0], two.weights[0]);
  EXPECT_EQ(one.weights[1], two.weights[1]);
}

/// Without a step the start is what comes back, not what the variable leans to.
TEST(BlockReconstruction, KeepsTheStartWhereNothingIsBetter) {
  TwoLayers block;
  BlockOptions options;
  options.iterations = 0;
  BlockResult result = block.run(options);
  EXPECT_EQ(result.weights[0], block.nearest()[0].rounded);
  EXPECT_EQ(result.after, result.before);
}

/// The last samples are never learned from, and their loss is what is told.
TEST(BlockReconstruction, HeldOutSamplesDecideAndAreNotLearnedFrom) {
  TwoLayers block;
  BlockOptions options;
  options.iterations = 60;
  options.heldOut = 10;
  BlockResult one = block.run(options);
  for (int64_t sample = TwoLayers::samples - 10; sample < TwoLayers::samples; ++sample)
    block.targets[sample] *= 1.02;
  BlockResult two = block.run(options);
  EXPECT_NE(one.before, two.before);
  EXPECT_LT(one.after, one.before);
  EXPECT_LT(two.after, two.before);
  EXPECT_EQ(one.weights[0], two.weights[0]);
  EXPECT_EQ(one.weights[1], two.weights[1]);
  double sum = 0;
  for (int64_t sample = TwoLayers::samples - 10; sample < TwoLayers::samples; ++sample)
    sum += cantFail(block.loss(sample, two.weights, {}));
  EXPECT_NEAR(two.after, sum / 10, 1e-12);
  options.heldOut = TwoLayers::samples;
  EXPECT_NE(llvm::toString(block.tryRun(options).takeError()).find("fewer than 40 samples"),
            std::string::npos);
}

/// Its gain has no standard error.
TEST(BlockReconstruction, OneHeldOutSampleDecidesNothing) {
  TwoLayers block;
  for (int64_t sample = TwoLayers::samples - 2; sample < TwoLayers::samples; ++sample) {
    block.inputs[sample] = block.inputs[0];
    block.targets[sample] = block.targets[0];
  }
  BlockOptions options;
  options.iterations = 60;
  options.heldOut = 2;
  BlockResult result = block.run(options);
  ASSERT_LT(result.after, result.before);
  options.heldOut = 1;
  result = block.run(options);
  EXPECT_EQ(result.after, result.before);
  EXPECT_EQ(result.weights[0], block.nearest()[0].rounded);
}

/// A mean that one sample makes is no evidence, however large it is.
TEST(BlockReconstruction, OneSampleOfManyDoesNotDecide) {
  TwoLayers block;
  BlockOptions options;
  options.iterations = 60;
  options.heldOut = 10;
  const BlockResult taken = block.run(options);
  ASSERT_LT(taken.after, taken.before);
  const int64_t first = TwoLayers::samples - 10;
  block.inputs[first] *= 100;
  block.targets[first] *= 100;
  const BlockResult kept = block.run(options);
  double sum = 0;
  for (int64_t sample = first; sample < TwoLayers::samples; ++sample)
    sum += cantFail(block.loss(sample, taken.weights, {}));
  EXPECT_LT(sum / 10, kept.before); // what was learned is better in the mean
  EXPECT_EQ(kept.after, kept.before);
  EXPECT_EQ(kept.weights[0], block.nearest()[0].rounded);
}

} // namespace
