//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Softmax in fp64, stable for any finite logits.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PTQ_SOFTMAX_H
#define QUANTC_LIB_PTQ_SOFTMAX_H

#include "quantc/PTQ/Matrix.h"
#include <cmath>

namespace quantc::ptq {

/// log of the sum of exp(logits), summed in index order. At least one logit.
inline double logSumExp(const Vector &logits) {
  double most = logits.maxCoeff(), sum = 0;
  for (Eigen::Index i = 0; i < logits.size(); ++i)
    sum += std::exp(logits[i] - most);
  return most + std::log(sum);
}

/// exp(logits - logSumExp(logits)).
inline Vector softmax(const Vector &logits) {
  double normalizer = logSumExp(logits);
  Vector p(logits.size());
  for (Eigen::Index i = 0; i < logits.size(); ++i)
    p[i] = std::exp(logits[i] - normalizer);
  return p;
}

} // namespace quantc::ptq

#endif // QUANTC_LIB_PTQ_SOFTMAX_H
