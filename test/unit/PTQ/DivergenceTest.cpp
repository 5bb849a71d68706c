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

void expectGradient(const Matrix &teacher, const Matrix &student, int64_t k) {
  Divergence at = cantFail(topDivergence(teacher, student, k));
  for (Eigen::Index i = 0; i < student.size(); ++i) {
    Matrix above = student, below = student;
    double h = 1e-5;
    above.data()[i] += h;
    below.data()[i] -= h;
    double slope = (cantFail(topDivergence(teacher, above, k)).value -
                    cantFail(topDivergence(teacher, below, k)).value) /
                   (2 * h);
    EXPECT_NEAR(at.gradient.data()[i], slope, 1e-9);
  }
}

/// Over all classes.
Divergence divergence(const Matrix &teacher, const Matrix &student) {
  return cantFail(topDivergence(teacher, student, teacher.cols()));
}

TEST(Divergence, ByHand) {
  double expected = 0.5 * std::log(0.5 / 0.25) + 0.25 * std::log(1.0) + 0.25 * std::log(0.25 / 0.5);
  Divergence result = divergence(logits({0.5, 0.25, 0.25}), logits({0.25, 0.25, 0.5}));
  EXPECT_NEAR(result.value, expected, 1e-15);
  Matrix gradient(1, 3); // q - p
  gradient << -0.25, 0, 0.25;
  EXPECT_LT((result.gradient - gradient).norm(), 1e-15);
}

TEST(Divergence, IsZeroAtTheTeacherAndPositiveElsewhere) {
  Matrix teacher = 3 * normalMatrix(5, 12, 1);
  Divergence same = divergence(teacher, teacher);
  EXPECT_EQ(same.value, 0);
  EXPECT_LT(same.gradient.norm(), 1e-15);
  for (int seed = 2; seed < 20; ++seed)
    EXPECT_GT(divergence(teacher, 3 * normalMatrix(5, 12, seed)).value, 0);
  // Adding a constant to a row's logits changes nothing.
  Matrix shifted = teacher.array() + 100;
  EXPECT_NEAR(divergence(teacher, shifted).value, 0, 1e-12);
}

TEST(Divergence, ExtremeLogitsStayFinite) {
  Matrix teacher(1, 3), student(1, 3);
  teacher << 1000, 0, -1000;
  student << -1000, 0, 1000;
  Divergence result = divergence(teacher, student);
  EXPECT_DOUBLE_EQ(result.value, 2000);
  EXPECT_TRUE(result.gradient.allFinite());
}

TEST(TopDivergence, MoreClassesThanThereAreAreAll) {
  Matrix teacher = normalMatrix(4, 9, 1), student = normalMatrix(4, 9, 2);
  Divergence whole = divergence(teacher, student);
  Divergence top = cantFail(topDivergence(teacher, student, 1000));
  EXPECT_EQ(top.value, whole.value);
  EXPECT_EQ(top.gradient, whole.gradient);
}

TEST(TopDivergence, ByHand) {
  Matrix teacher = logits({0.1, 0.5, 0.3, 0.1}), student = logits({0.3, 0.4, 0.2, 0.1});
  Divergence shares = cantFail(topDivergence(teacher, student, 2));
  EXPECT_NEAR(shares.value, 0.5 * std::log(0.5 / 0.4) + 0.3 * std::log(0.3 / 0.2), 1e-15);
  Matrix gradient(1, 4); // q * 0.8 - p on I
  gradient << 0.24, 0.32 - 0.5, 0.16 - 0.3, 0.08;
  EXPECT_LT((shares.gradient - gradient).norm(), 1e-15);
}

TEST(TopDivergence, MayBeNegative) {
  Divergence shares = cantFail(topDivergence(logits({0.6, 0.4}), logits({0.9, 0.1}), 1));
  EXPECT_NEAR(shares.value, 0.6 * std::log(0.6 / 0.9), 1e-15);
  EXPECT_LT(shares.value, 0);
}

TEST(TopDivergence, OfEqualsTheFirstCount) {
  Matrix teacher = logits({0.2, 0.2, 0.4, 0.2}), student = logits({0.4, 0.3, 0.2, 0.1});
  Divergence part = cantFail(topDivergence(teacher, student, 2));
  EXPECT_NEAR(part.value, 0.2 * std::log(0.2 / 0.4) + 0.4 * std::log(0.4 / 0.2), 1e-15);
}

TEST(TopDivergence, GradientsAgreeWithDifferences) {
  Matrix teacher = normalMatrix(3, 7, 4), student = normalMatrix(3, 7, 5);
  for (int64_t k : {1, 3, 7})
    expectGradient(teacher, student, k);
}

TEST(DivergenceErrors, NameWhatWasExpected) {
  auto messageOf = [](Expected<Divergence> result) {
    return result ? "no error" : toString(result.takeError());
  };
  Matrix three = Matrix::Zero(1, 3), bad = three;
  bad(0, 2) = INFINITY;
  EXPECT_EQ(messageOf(topDivergence(three, Matrix::Zero(1, 2), 3)),
            "expected the student's logits of shape 1x3, but found 1x2");
  EXPECT_EQ(messageOf(topDivergence(bad, three, 3)),
            "expected the teacher's logits to be finite, but found inf at element 2");
  EXPECT_EQ(messageOf(topDivergence(three, three, 0)),
            "expected at least one class per row, but found 0");
  EXPECT_EQ(messageOf(topDivergence(Matrix(), Matrix(), 1)),
            "expected at least one row and one class of logits");
}
} // namespace
