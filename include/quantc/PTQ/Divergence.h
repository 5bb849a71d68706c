//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How far a student's distributions are from its teacher's, and the gradients of that for training
// transforms: Kullback-Leibler divergence of softmaxes over all classes, or over the teacher's most
// likely ones alone.
//
// Source: Hu et al., OSTQuant, arXiv 2501.13987, section 3.3 (KL-Top), and its code for the variant
// that does not renormalize.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_DIVERGENCE_H
#define QUANTC_PTQ_DIVERGENCE_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/Support/Error.h"
#include <cstdint>

namespace quantc::ptq {

struct Divergence {
  double value = 0; ///< nats, mean over rows
  Matrix gradient;  ///< of `value` with respect to the student's logits, [rows, classes]
};

/// KL(softmax(teacher) || softmax(student)), both logits [rows, classes] and finite.
llvm::Expected<Divergence> divergence(const Matrix &teacher, const Matrix &student);

/// Which probabilities enter the sum over the k classes I that the teacher holds most likely.
enum class TopClasses {
  /// Those of the softmax over all classes. Not a divergence: the sum over I of p log(p / q) may be
  /// slightly negative, and its minimum is not at q = p unless the teacher leaves no more than I.
  Shares,
  /// Renormalized over I on both sides: says nothing about the other classes, whose gradient is 0.
  Renormalized,
};

/// The same over the `k` largest logits of each teacher's row, the first ones of equals; over all
/// classes when k is no smaller than their number.
llvm::Expected<Divergence> topDivergence(const Matrix &teacher, const Matrix &student, int64_t k,
                                         TopClasses classes);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_DIVERGENCE_H
