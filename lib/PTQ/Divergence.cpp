//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything goes through log-probabilities, so that no finite logit gives log(0).
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Divergence.h"
#include "Checks.h"
#include "Softmax.h"
#include <algorithm>
#include <numeric>
#include <vector>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

using Indices = std::vector<Eigen::Index>;

/// The k largest logits' indices in ascending order; of equals the first.
static Indices largest(const Vector &logits, int64_t k) {
  Indices order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto before = [&](Eigen::Index a, Eigen::Index b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  std::nth_element(order.begin(), order.begin() + (k - 1), order.end(), before);
  order.resize(k);
  std::sort(order.begin(), order.end());
  return order;
}

/// Adds one row's sum to `value` and writes its gradient.
static void addRow(const Vector &teacher, const Vector &student, const Indices &top, double &value,
                   Eigen::Ref<Vector> gradient) {
  double teacherSum = logSumExp(teacher), studentSum = logSumExp(student), mass = 0;
  gradient.setZero();
  for (Eigen::Index i : top) {
    double logP = teacher[i] - teacherSum, p = std::exp(logP);
    value += p * (logP - (student[i] - studentSum));
    mass += p;
    gradient[i] -= p;
  }
  for (Eigen::Index j = 0; j < student.size(); ++j)
    gradient[j] += mass * std::exp(student[j] - studentSum);
}

Expected<Divergence> ptq::topDivergence(const Matrix &teacher, const Matrix &student, int64_t k) {
  if (teacher.size() == 0)
    return makeError("expected at least one row and one class of logits");
  if (k < 1)
    return makeError("expected at least one class per row, but found " + Twine(k));
  if (Error error = checkFinite("the teacher's logits", teacher))
    return std::move(error);
  if (Error error = checkMatrix("the student's logits", student, teacher.rows(), teacher.cols()))
    return std::move(error);
  Divergence result;
  result.gradient.resize(teacher.rows(), teacher.cols());
  Vector gradient(teacher.cols());
  for (Eigen::Index row = 0; row < teacher.rows(); ++row) {
    Vector t = teacher.row(row).transpose(), s = student.row(row).transpose();
    addRow(t, s, largest(t, std::min<int64_t>(k, t.size())), result.value, gradient);
    result.gradient.row(row) = gradient.transpose() / double(teacher.rows());
  }
  result.value /= double(teacher.rows());
  return result;
}
