//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data types of the IntegerSemantics interface, and the interface itself.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_INTEGERSEMANTICS_H
#define QUANTC_INTERFACES_INTEGERSEMANTICS_H

#include "mlir/IR/OpDefinition.h"
#include "quantc/Numerics/IntTensor.h"
#include "quantc/Numerics/Saturation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

namespace quantc {

/// What is known about an operand: the range of all its elements, and its values when it is a
/// constant (null otherwise). `channels` is empty or holds one range per element of axis
/// `channelAxis`, each contained in `range`.
struct OperandRange {
  numerics::IntRange range;
  const IntTensor *constant = nullptr;
  int64_t channelAxis = -1;
  llvm::ArrayRef<numerics::IntRange> channels = {};
};

/// What follows for a result. `channels` is empty or holds one range per element of axis
/// `channelAxis`, each contained in `range`. `accumulator` is empty for ops that do not
/// accumulate; otherwise it bounds every partial sum of the channel, in any order.
struct ResultRange {
  numerics::IntRange range;
  int64_t channelAxis = -1;
  std::vector<numerics::IntRange> channels;
  std::vector<numerics::IntRange> accumulator;
};

/// A bias and the axis of the result along which it varies.
struct ChannelBias {
  mlir::OpOperand *operand = nullptr;
  int64_t axis = 0;
};

/// Work of one execution.
struct OpCost {
  int64_t macs = 0;          ///< multiply-accumulates
  int64_t operations = 0;    ///< other integer operations
  int64_t constantBytes = 0; ///< bytes of constant operands
};

} // namespace quantc

#include "quantc/Interfaces/IntegerSemantics.h.inc"

#endif // QUANTC_INTERFACES_INTEGERSEMANTICS_H
