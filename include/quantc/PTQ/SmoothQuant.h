//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SmoothQuant: per channel j of an activation that linear maps read, the factor
//   s_j = max(1e-5, a_j^alpha / w_j^(1 - alpha))
// by which the activation is divided and the weights' columns are multiplied. a_j: the greatest
// magnitude of the activation; w_j: that of the columns j of ALL weights that read it, at least
// 1e-5. alpha moves range from the activation (1: each channel's range becomes 1) to the weights
// (0: each column's does).
//
// Source: Xiao et al., "SmoothQuant", arXiv 2211.10438, equation 4.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_SMOOTHQUANT_H
#define QUANTC_PTQ_SMOOTHQUANT_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace quantc::ptq {

/// What a choice of factors costs; a value that is not finite loses against every other.
using ScaleLoss = llvm::function_ref<llvm::Expected<double>(const Vector &scale)>;

/// The factors; positive and finite. Magnitudes are not negative and of equal number, alpha in
/// [0, 1]. A channel that was always 0 gets 1e-5 for alpha > 0.
llvm::Expected<Vector> smoothScale(const Vector &activationAbsMax, const Vector &weightAbsMax,
                                   double alpha = 0.5);

struct SmoothSearch {
  Vector scale;
  double alpha = 0;
  double loss = 0;
  std::vector<double> losses; ///< of every alpha offered
};

/// The alpha with the least loss, the first of equals. An error when no loss is finite.
llvm::Expected<SmoothSearch> searchSmoothScale(const Vector &activationAbsMax,
                                               const Vector &weightAbsMax,
                                               llvm::ArrayRef<double> alphas, ScaleLoss loss);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_SMOOTHQUANT_H
