//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What option `exclude` makes of a node of a quantized module: which nodes it has to name, and
// which operands are floats then.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_EXPLAINFLOAT_H
#define QUANTC_LIB_PIPELINES_EXPLAINFLOAT_H

#include "ExplainPlan.h"
#include "llvm/ADT/SmallVector.h"

namespace quantc {

/// A node in float.
struct FloatNode {
  /// The node, and what is a part of an integer op with it or with the one in front of it: clamps
  /// and unary chains, which would be quantized by themselves otherwise.
  llvm::SmallVector<std::string> names;
  /// For each operand, whether it has codes that are no more.
  llvm::SmallVector<bool> isFreed;
};

/// `keepsSums`: results of linear maps that floats alone read are no codes (without
/// `quantize-outputs`).
FloatNode planFloat(const NodePlan &plan, bool keepsSums);

/// Codes of the result of a node in float, or of what is a part of it, that leave the graph: they
/// are no more. The values take their place.
void dropCodesBehind(mlir::Operation *op);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_EXPLAINFLOAT_H
