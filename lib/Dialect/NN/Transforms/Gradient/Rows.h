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
  uint32_t carried;    ///< as of Model
  bool floats = false; ///< between floats alone: an operand or a result of integers ends the way
};

inline int64_t rankOf(mlir::Value x) { return static_cast<int64_t>(shapeOf(x).size()); }

/// `axis` counted from the front. Reports one that a tensor of this rank does not have.
mlir::FailureOr<int64_t> normalizeAxis(onnx::NodeOp op, int64_t axis, int64_t rank);

/// That of the attribute, or `otherwise`.
mlir::FailureOr<int64_t> axisOf(onnx::NodeOp op, mlir::Value x, int64_t otherwise);
/// Axis `from` of x to place `to`; the others keep their order.
mlir::Value moveAxis(Emitter &e, mlir::Value x, int64_t from, int64_t to);

/// Elements of the matrices that derivatives of nodes make at most.
inline constexpr int64_t largestMatrix = int64_t(1) << 24;

/// "node 'x' (Slice, opset 17): no derivative: expected ...".
llvm::LogicalResult refuse(onnx::NodeOp op, const llvm::Twine &expected);

/// The row of a node of ONNX's own domain, or null: products, copies and sums of copies, functions
/// of elements, norms, and what moves or mixes elements otherwise.
const Row *contractionRow(llvm::StringRef type);
const Row *copyRow(llvm::StringRef type);
const Row *functionRow(llvm::StringRef type);
const Row *normRow(llvm::StringRef type);
const Row *movementRow(llvm::StringRef type);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_ROWS_H
