//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which tensors of a forward pass are kept when the rest is computed again.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_BLOCKS_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_BLOCKS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace quantc::nn {

/// Cuts `ops`, those with a derivative to compute, in program order, into consecutive blocks, and
/// returns the index of the first op of each. A cut lies where exactly one tensor is read behind
/// that an op in front of it made. Of all ways to fill blocks one after the other up to a limit on
/// the bytes of their results, the one with the least sum of (bytes of tensors at cuts) and (bytes
/// of the largest block) is taken, of equal ones that with fewer blocks.
std::vector<size_t> chooseBlocks(llvm::ArrayRef<mlir::Operation *> ops);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_BLOCKS_H
