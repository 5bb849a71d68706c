//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One node as a function of its own (docs/Nodes.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_OUTLINE_H
#define QUANTC_DIALECT_ONNX_UTILS_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"

namespace quantc::onnx {

struct OutlinedNode {
  mlir::func::FuncOp function;
  /// What to call it with: operands of the node and values that its bodies use, each once.
  llvm::SmallVector<mlir::Value> operands;
  /// What it returns: the node's results that somebody uses.
  llvm::SmallVector<mlir::OpResult> results;
};

/// A function at the end of `module` with a copy of the node. Constants of few elements (shapes,
/// axes, scalars) and absent operands become part of it. The node stays.
OutlinedNode outlineNode(NodeOp node, mlir::ModuleOp module, llvm::StringRef name);

/// Why a node cannot stay among the ops of `nn`: a result that somebody uses has no known sizes, or
/// elements are of a type that no step passes on (strings, less than a byte, float8).
std::optional<std::pair<Refusal, std::string>> whyNotKept(NodeOp node);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_OUTLINE_H
