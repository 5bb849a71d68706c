//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The diagonal Fisher of an inner result against its closed form.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/OutputFisher.h"
#include "Samples.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

constexpr int64_t kClasses = 4, kWidth = 5;

/// All 2^n vectors of signs.
std::vector<Matrix> allSigns(int64_t size) {
  std::vector<Matrix> all;
  for (int64_t bits = 0; bits < (int64_t(1) << size); ++bits) {
    Matrix &signs = all.emplace_back(1, size);
    for (int64_t i = 0; i < size; ++i)
      signs(0, i) = (bits >> i & 1) != 0 ? 1 : -1;
  }
  return all;
}

Vector softmax(const Matrix &logits) {
  Vector p = logits.row(0).array().exp().matrix().transpose();
  return p / p.sum();
}

/// Over all signs the mean is the covariance of the one-hot label, exactly.
TEST(OutputFisher, CotangentsHaveTheSoftmaxCovariance) {
  Matrix logits = 2 * normalMatrix(1, kClasses, 1);
  Vector p = softmax(logits);
  Matrix mean = Matrix::Zero(kClasses, kClasses);
  std::vector<Matrix> all = allSigns(kClasses);
  for (const Matrix &signs : all) {
    Matrix c = fisherCotangent(logits, signs);
    EXPECT_NEAR(c.sum(), 0, 1e-14); // a constant added to logits changes nothing
    mean += c.transpose() * c / double(all.size());
  }
  Matrix expected = p.asDiagonal();
  expected -= p * p.transpose();
  EXPECT_LT((mean - expected).cwiseAbs().maxCoeff(), 1e-14);
  Matrix change = normalMatrix(1, kClasses, 3);
  EXPECT_LT((fisherProduct(logits, change) - change * expected).cwiseAbs().maxCoeff(), 1e-14);
}

/// F of z for y = J z: by signs what all labels give by their probabilities.
TEST(OutputFisher, IsTheMeanOfSquaredGradientsOverLabels) {
  Matrix jacobian = normalMatrix(kClasses, kWidth, 2);
  std::vector<Matrix> all = allSigns(kClasses);
  OutputFisher fisher(2, kWidth);
  Matrix expected = Matrix::Zero(2, kWidth);
  for (int64_t sample = 0; sample < 2; ++sample) {
    Matrix logits = normalMatrix(1, kWidth, 10 + sample) * jacobian.transpose();
    Vector p = softmax(logits);
    for (int64_t label = 0; label < kClasses; ++label) {
      Vector error = p;
      error[label] -= 1; // d cross entropy / dy
      Vector gradient = jacobian.transpose() * error;
      expected.row(sample) += p[label] * gradient.cwiseAbs2().transpose();
    }
    for (const Matrix &signs : all) {
      Vector gradient = jacobian.transpose() * fisherCotangent(logits, signs).transpose();
      Eigen::VectorXf rounded = gradient.cast<float>();
      cantFail(fisher.add(sample, {rounded.data(), size_t(rounded.size())}));
    }
  }
  // Sums of 16 squares in float32.
  EXPECT_NEAR(fisher.mean() / double(all.size()) / expected.mean(), 1, 1e-6);
  const double mean = fisher.mean();
  double squares = 0;
  for (int64_t sample = 0; sample < 2; ++sample) {
    std::vector<float> roots = fisher.takeRoots(sample, mean);
    for (int64_t i = 0; i < kWidth; ++i) {
      double root = roots[i];
      EXPECT_NEAR(root, std::sqrt(expected(sample, i) / expected.mean()), 1e-5);
      squares += root * root;
    }
  }
  EXPECT_NEAR(squares / (2 * kWidth), 1, 1e-6);
}

TEST(OutputFisher, RefusesOtherSizesAndWhatIsNotFinite) {
  OutputFisher fisher(1, 2);
  EXPECT_EQ(fisher.mean(), 0);
  EXPECT_EQ(llvm::toString(fisher.add(0, {1.0f})), "expected a gradient of 2 numbers, but found 1");
  EXPECT_EQ(llvm::toString(fisher.add(0, {1.0f, std::nanf("")})), "expected finite gradients");
}

} // namespace
