//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of ONNX nodes by the type of the node.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_ROWS_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_ROWS_H

#include "Model.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"

namespace quantc::nn {

struct Row {
  llvm::LogicalResult (*pull)(onnx::NodeOp, Pullback &);
  uint32_t carried; ///< as of Model
};

/// `axis` counted from the front. Reports one that a tensor of this rank does not have.
mlir::FailureOr<int64_t> normalizeAxis(onnx::NodeOp op, int64_t axis, int64_t rank);

/// "node 'x' (Slice, opset 17): no derivative: expected ...".
llvm::LogicalResult refuse(onnx::NodeOp op, const llvm::Twine &expected);

/// The row of a node of ONNX's own domain, or null: products, functions of elements, and what moves
/// them.
const Row *contractionRow(llvm::StringRef type);
const Row *functionRow(llvm::StringRef type);
const Row *movementRow(llvm::StringRef type);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_ROWS_H
