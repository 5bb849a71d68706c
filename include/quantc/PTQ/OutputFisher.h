//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an error of each element of an inner result costs at the network's output: the diagonal of
// the Fisher matrix with respect to the result, sample by sample. With z the result, y the logits,
// p = softmax(y) and J = dy/dz, the squared gradient of the cross entropy has, over labels drawn
// from p, the mean
//   F_i = sum_l p_l (dL_l / dz_i)^2 = (J^T (diag(p) - p p^T) J)_ii.
// Labels that a sure network hardly ever draws carry much of it, so none are drawn: for signs r of
// -1 and +1, c = sqrt(p) r - p (sqrt(p) . r) has the mean c c^T = diag(p) - p p^T, and (J^T c)_i^2
// the mean F_i, from one backward pass.
// Source: Li et al., "BRECQ", arXiv 2102.05426, equation 10.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_OUTPUTFISHER_H
#define QUANTC_PTQ_OUTPUTFISHER_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::ptq {

/// c for each row of logits and signs of the same size.
Matrix fisherCotangent(const Matrix &logits, const Matrix &signs);

/// (diag(p) - p p^T) times the row of `change`, for each row of logits, p = softmax(logits).
Matrix fisherProduct(const Matrix &logits, const Matrix &change);

/// For each row, with l its greatest logit, the gradient of its cross entropy, softmax(y) -
/// onehot(l), times the row's sign: over signs, the mean of (J^T c)^2 is the sum over rows of the
/// squared gradients of each. With one row each draw is exact.
Matrix empiricalCotangent(const Matrix &logits, const Vector &signs);

/// Means of squared gradients, for each sample and element.
class OutputFisher {
public:
  OutputFisher(int64_t samples, int64_t size);

  /// Bytes that the object takes.
  static int64_t memoryNeeded(int64_t samples, int64_t size) {
    return samples * size * int64_t(sizeof(float));
  }

  /// Of one backward pass for a sample; samples are to have the same number of them. Fails on
  /// another size and on values that are not finite.
  llvm::Error add(int64_t sample, llvm::ArrayRef<float> gradient);

  /// Mean over samples and elements; 0: nothing depends on the result.
  double mean() const;
  /// The square roots of F / mean of a sample, whose sums are gone afterwards: errors times such
  /// factors are weighted, and the mean of the weights over all samples and elements is 1. The mean
  /// must not be 0.
  std::vector<float> takeRoots(int64_t sample, double mean);

private:
  std::vector<std::vector<float>> squares;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_OUTPUTFISHER_H
