//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ: a weight is rounded column by column, and what a column loses is made good in the columns
// to come, so that tr((Q - W) G (Q - W)^T) stays small for the inputs' second moments G. GPTAQ
// aims at the outputs of the float inputs instead. How they are computed: docs/Rounding.md.
//
// With H = G + lambda I and U upper triangular, U^T U = H^-1:
//   q = round(w_i), e = (w_i - q) / U_ii, W[:, k] -= e U_ik for k > i
// Then W - Q = E U and sum e^2 = tr((W - Q) H (W - Q)^T), whatever the size of blocks.
//
// Sources: Frantar et al., "GPTQ", arXiv 2210.17323, algorithm 1; Li et al., "GPTAQ", arXiv
// 2504.02692.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_GPTQ_H
#define QUANTC_PTQ_GPTQ_H

#include "quantc/PTQ/Rounding.h"
#include <string>

namespace quantc::ptq {

struct GptqOptions {
  /// lambda in units of the mean of G's diagonal over channels that are not dead. Where H has no
  /// Cholesky factor it is doubled (0 becomes 0.01), up to maxDamping.
  double damping = 0.01;
  double maxDamping = 1.0;
  /// Columns by falling diagonal of G, equals in their order.
  bool actOrder = false;
};

/// What the second moments say, for all weights that read the same input.
struct GptqFactor {
  std::vector<int64_t> order; ///< order[i] is the column that is rounded i-th
  std::vector<int64_t> dead;  ///< channels whose input was always 0
  Matrix upper;               ///< U, in that order; empty where there is none
  double meanMoment = 0;      ///< of the diagonal over channels that are not dead
  double lambda = 0;
  double damping = 0; ///< lambda / meanMoment
  /// "" or what happened: more damping than asked for, or why there is no factor, in which case
  /// weights are rounded to nearest.
  std::string message;

  bool usable() const { return upper.size() > 0; }
};

/// `secondMoment` is X^T X / tokens [d, d], symmetric. Never fails on its values: where they are
/// not finite, or have no factor even with maxDamping, the result says so. Takes about 2/3 d^3
/// multiply-adds and 24 d^2 bytes besides the moments.
llvm::Expected<GptqFactor> factorSecondMoment(const Matrix &secondMoment,
                                              const GptqOptions &options = {});

struct GptqRounding {
  int64_t blockSize = 128; ///< of lazy updates; the result does not depend on it
  /// Static: parameters of all groups from the weights before any rounding, groups of neighbouring
  /// columns. Otherwise those of a group are chosen when its first column comes up, from the
  /// weights as corrected by then, and with actOrder its columns lie scattered.
  bool staticGroups = true;
  /// Of each column, for a grid that searches its scales by error (`WeightGrid::fit`); none: 1.
  const Vector *columnWeights = nullptr;
};

struct GptqResult {
  Matrix weights;               ///< real values of the codes [out, d]
  std::vector<int64_t> groupOf; ///< the group of the grid that each column uses
  /// sum e^2 = tr(dW H dW^T) of plain GPTQ, for dW = Q - W. (The published code reports half of
  /// it.) 0 without a factor.
  double dampedLoss = 0;
  Vector rowLosses; ///< the same of each row; empty without a factor
  /// tr(dW G dW^T) of plain GPTQ: the squared error of the output, summed over outputs, mean over
  /// tokens. 0 without a factor.
  double loss = 0;
  bool nearest = false; ///< there was no factor: rounded to nearest
};

/// Rounds a finite weight [out, d] to `grid`, which is fitted on the way. Weights of dead channels
/// go to the nearest codes (the published code makes them 0). Ask for static groups where the
/// grid's groups depend on each other.
llvm::Expected<GptqResult> roundByGptq(const Matrix &weight, const GptqFactor &factor,
                                       WeightGrid &grid, const GptqRounding &options = {});

/// W + alpha W D (G + lambda I)^-1 for D = (X_float - X)^T X / tokens [d, d]: the weight whose
/// outputs on the quantized inputs come nearest to those of W on the float ones (alpha 1, lambda
/// 0). Rounding this by GPTQ is the way to GPTAQ's aim. The factor may have any order.
llvm::Expected<Matrix> shiftedTarget(const Matrix &weight, const Matrix &crossMoment,
                                     const GptqFactor &factor, double alpha = 1.0);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_GPTQ_H
