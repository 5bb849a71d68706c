//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Refusing a node that lacks operands, or has others than it needs.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_OPERANDS_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_OPERANDS_H

#include "NodeLowering.h"

namespace quantc::toloops {

/// For a row of a table: the lowering of an op whose first `count` inputs must be there.
template <unsigned count, Lowering lower> mlir::LogicalResult withInputs(NodeLowering &n) {
  for (unsigned i = 0; i < count; ++i)
    if (!n.has(i))
      return n.refuse(Refusal::Operand, "expected input " + llvm::Twine(i) + ", but it is absent");
  return lower(n);
}

/// Refuses operands (absent ones are good) that are no vectors; a run checks that each has `size`
/// elements.
inline mlir::LogicalResult expectVectors(NodeLowering &n, llvm::ArrayRef<Tensor> vectors,
                                         Index size) {
  for (const Tensor &t : vectors) {
    if (!t)
      continue;
    if (t.rank() != 1)
      return n.refuse(Refusal::Rank, "expected a vector, but found rank " + llvm::Twine(t.rank()));
    n.e.check(n.e.equal(t.dim(0), size), "expected a vector with an element for each channel");
  }
  return mlir::success();
}

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_OPERANDS_H
