//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function a node: LLVM's time grows faster than a function's length.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_OUTLINE_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quantc::toloops {

/// Neighbouring ops of one block that a node became.
struct NodeOps {
  std::string name;
  mlir::Operation *first, *last;
};

/// Moves each of the ranges, but the shortest, to a function of its own, `name` and a number,
/// behind `main`; values that others use come back as results.
void outline(mlir::func::FuncOp main, llvm::ArrayRef<NodeOps> ranges);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_OUTLINE_H
