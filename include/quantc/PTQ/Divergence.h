//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How far a student's distributions are from its teacher's over the teacher's most likely classes,
// and the gradient of that for training transforms (KL-Top).
//
// Source: Hu et al., OSTQuant, arXiv 2501.13987, section 3.3, as its code has it: without
// renormalizing.
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

/// Sum of p log(p / q) over the `k` largest logits of each teacher's row, the first ones of equals,
/// for the softmaxes p of the teacher and q of the student over all classes; logits are
/// [rows, classes] and finite. KL(p || q) when k is no smaller than the number of classes. Else it
/// is no divergence: it may be slightly negative, and its minimum is not at q = p.
llvm::Expected<Divergence> topDivergence(const Matrix &teacher, const Matrix &student, int64_t k);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_DIVERGENCE_H
