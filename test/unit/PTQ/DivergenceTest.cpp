//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// KL-Top and its gradients against small cases by hand and finite differences.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Divergence.h"
#include "Samples.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
/// log(p), whose softmax is p.
Matrix logits(std::initializer_list<double> p) {
  Matrix row(1, p.size());
  std::copy(p.begin(), p.end(), row.data());
  return row.array().log() + 3;
}

void expectGradient(const Matrix &teacher, const Matrix &student, int64_t k, TopClasses classes) {
  Divergence at = cantFail(topDivergence(teacher, student, k, classes));
  for (Eigen::Index i = 0; i < student.size(); ++i) {
    Matrix above = student, below = student;
    double h = 1e-5;
    above.data()[i] += h;
    below.data()[i] -= h;
    double slope = (cantFail(topDivergence(teacher, above, k, classes)).value -
                    cantFail(topDivergence(teacher, below, k, classes)).value) /
                   (2 * h);
    EXPECT_NEAR(at.gradient.data()[i], slope, 1e-9);
  }
}

TEST(Divergence, ByHand) {
  double expected = 0.5 * std::log(0.5 / 0.25) + 0.25 * std::log(1.0) + 0.25 * std::log(0.25 / 0.5);
  Divergence result = cantFail(divergence(logits({0.5, 0.25, 0.25}), logits({0.25, 0.25, 0.5})));
  EXPECT_NEAR(result.value, expected, 1e-15);
  Matrix gradient(1, 3); // q - p
  gradient << -0.25, 0, 0.25;
  EXPECT_LT((result.gradient - gradient).norm(), 1e-15);
}

TEST(Divergence, IsZeroAtTheTeacherAndPositiveElsewhere) {
  Matrix teacher = 3 * normalMatrix(5, 12, 1);
  Divergence same = cantFail(divergence(teacher, teacher));
  EXPECT_EQ(same.value, 0);
  EXPECT_LT(same.gradient.norm(), 1e-15);
  for (int seed = 2; seed < 20; ++seed)
    EXPECT_GT(cantFail(divergence(teacher, 3 * normalMatrix(5, 12, seed))).value, 0);
  // Adding a constant to a row's logits changes nothing.
  Matrix shifted = teacher.array() + 100;
  EXPECT_NEAR(cantFail(divergence(teacher, shifted)).value, 0, 1e-12);
}

TEST(Divergence, ExtremeLogitsStayFinite) {
  Matrix teacher(1, 3), student(1, 3);
  teacher << 1000, 0, -1000;
  student << -1000, 0, 1000;
  Divergence result = cantFail(divergence(teacher, student));
  EXPECT_DOUBLE_EQ(result.value, 2000);
  EXPECT_TRUE(result.gradient.allFinite());
}

TEST(TopDivergence, OfAllClassesIsTheWholeDivergence) {
  Matrix teacher = normalMatrix(4, 9, 1), student = normalMatrix(4, 9, 2);
  Divergence whole = cantFail(divergence(teacher, student));
  for (TopClasses classes : {TopClasses::Shares, TopClasses::Renormalized})
    for (int64_t k : {9, 1000}) {
      Divergence top = cantFail(topDivergence(teacher, student, k, classes));
      EXPECT_NEAR(top.value, whole.value, 1e-14);
      EXPECT_LT((top.gradient - whole.gradient).norm(), 1e-14);
    }
}

TEST(TopDivergence, ByHand) {
  Matrix teacher = logits({0.1, 0.5, 0.3, 0.1}), student = logits({0.3, 0.4, 0.2, 0.1});
  Divergence shares = cantFail(topDivergence(teacher, student, 2, TopClasses::Shares));
  EXPECT_NEAR(shares.value, 0.5 * std::log(0.5 / 0.4) + 0.3 * std::log(0.3 / 0.2), 1e-15);
  Matrix gradient(1, 4); // q * 0.8 - p on I
  gradient << 0.24, 0.32 - 0.5, 0.16 - 0.3, 0.08;
  EXPECT_LT((shares.gradient - gradient).norm(), 1e-15);

  Divergence part = cantFail(topDivergence(teacher, student, 2, TopClasses::Renormalized));
  double p = 0.5 / 0.8, q = 0.4 / 0.6;
  EXPECT_NEAR(part.value, p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q)), 1e-15);
  gradient << 0, q - p, p - q, 0;
  EXPECT_LT((part.gradient - gradient).norm(), 1e-15);
}

TEST(TopDivergence, SharesMayBeNegative) {
  Divergence shares =
      cantFail(topDivergence(logits({0.6, 0.4}), logits({0.9, 0.1}), 1, TopClasses::Shares));
  EXPECT_NEAR(shares.value, 0.6 * std::log(0.6 / 0.9), 1e-15);
  EXPECT_LT(shares.value, 0);
}

TEST(TopDivergence, OfEqualsTheFirstCount) {
  Matrix teacher = logits({0.2, 0.2, 0.4, 0.2}), student = logits({0.4, 0.3, 0.2, 0.1});
  Divergence part = cantFail(topDivergence(teacher, student, 2, TopClasses::Renormalized));
  EXPECT_NE(part.gradient(0, 0), 0);
  EXPECT_NE(part.gradient(0, 2), 0);
  EXPECT_EQ(part.gradient(0, 1), 0);
  EXPECT_EQ(part.gradient(0, 3), 0);
}

TEST(TopDivergence, GradientsAgreeWithDifferences) {
  Matrix teacher = normalMatrix(3, 7, 4), student = normalMatrix(3, 7, 5);
  for (TopClasses classes : {TopClasses::Shares, TopClasses::Renormalized})
    for (int64_t k : {1, 3, 7})
      expectGradient(teacher, student, k, classes);
}

TEST(DivergenceErrors, NameWhatWasExpected) {
  auto messageOf = [](Expected<Divergence> result) {
    return result ? "no error" : toString(result.takeError());
  };
  Matrix three = Matrix::Zero(1, 3), bad = three;
  bad(0, 2) = INFINITY;
  EXPECT_EQ(messageOf(divergence(three, Matrix::Zero(1, 2))),
            "expected the student's logits of shape 1x3, but found 1x2");
  EXPECT_EQ(messageOf(divergence(bad, three)),
            "expected the teacher's logits to be finite, but found inf at element 2");
  EXPECT_EQ(messageOf(topDivergence(three, three, 0, TopClasses::Shares)),
            "expected at least one class per row, but found 0");
  EXPECT_EQ(messageOf(divergence(Matrix(), Matrix())),
            "expected at least one row and one class of logits");
}
} // namespace
