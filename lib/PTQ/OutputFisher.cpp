//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Squared gradients by inner results; see OutputFisher.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/OutputFisher.h"
#include "Softmax.h"
#include "quantc/Support/Errors.h"
#include <cassert>
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

Matrix ptq::fisherCotangent(const Matrix &logits, const Matrix &signs) {
  assert(logits.rows() == signs.rows() && logits.cols() == signs.cols() && "one sign a logit");
  Matrix result(logits.rows(), logits.cols());
  for (Eigen::Index row = 0; row < logits.rows(); ++row) {
    const Vector p = softmax(logits.row(row).transpose());
    const Vector root = p.cwiseSqrt();
    const double sum = root.dot(signs.row(row).transpose());
    result.row(row) = root.cwiseProduct(signs.row(row).transpose()) - sum * p;
  }
  return result;
}

Matrix ptq::fisherProduct(const Matrix &logits, const Matrix &change) {
  assert(logits.rows() == change.rows() && logits.cols() == change.cols() && "one change a logit");
  Matrix result(logits.rows(), logits.cols());
  for (Eigen::Index row = 0; row < logits.rows(); ++row) {
    const Vector p = softmax(logits.row(row).transpose());
    const double mean = p.dot(change.row(row).transpose());
    result.row(row) = (p.array() * (change.row(row).transpose().array() - mean)).transpose();
  }
  return result;
}

Matrix ptq::empiricalCotangent(const Matrix &logits, const Vector &signs) {
  assert(logits.rows() == signs.size() && "one sign a row");
  Matrix result(logits.rows(), logits.cols());
  for (Eigen::Index row = 0; row < logits.rows(); ++row) {
    Vector error = softmax(logits.row(row).transpose());
    Eigen::Index label = 0;
    logits.row(row).maxCoeff(&label);
    error[label] -= 1;
    result.row(row) = signs[row] * error.transpose();
  }
  return result;
}

OutputFisher::OutputFisher(int64_t samples, int64_t size)
    : squares(samples, std::vector<float>(size, 0.0f)) {}

Error OutputFisher::add(int64_t sample, ArrayRef<float> gradient) {
  std::vector<float> &own = squares[sample];
  if (gradient.size() != own.size())
    return makeError("expected a gradient of " + Twine(own.size()) + " numbers, but found " +
                     Twine(gradient.size()));
  for (size_t i = 0; i < own.size(); ++i) {
    own[i] += gradient[i] * gradient[i];
    if (!std::isfinite(own[i]))
      return makeError("expected finite gradients");
  }
  return Error::success();
}

double OutputFisher::mean() const {
  double sum = 0, count = 0;
  for (const std::vector<float> &own : squares) {
    for (float square : own)
      sum += double(square);
    count += double(own.size());
  }
  return count > 0 ? sum / count : 0;
}

std::vector<float> OutputFisher::takeRoots(int64_t sample, double mean) {
  std::vector<float> own = std::move(squares[sample]);
  for (float &square : own)
    square = static_cast<float>(std::sqrt(double(square) / mean));
  return own;
}
