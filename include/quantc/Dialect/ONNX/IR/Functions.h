//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Model-local functions: who calls whom, and putting bodies in place of calls.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_IR_FUNCTIONS_H
#define QUANTC_DIALECT_ONNX_IR_FUNCTIONS_H

#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "llvm/ADT/StringMap.h"

namespace quantc::onnx {

/// The functions of a module by (domain, name, overload).
class FunctionTable {
public:
  explicit FunctionTable(mlir::ModuleOp module);

  /// The function that `node` calls, or null when it is an operator.
  FunctionOp lookup(NodeOp node) const;

private:
  llvm::StringMap<FunctionOp> functions;
};

/// Checks that no two functions have one identity, that none calls itself, directly or through
/// others, and that calls have no more inputs and outputs than the function. Each problem gets a
/// diagnostic.
mlir::LogicalResult verifyFunctions(mlir::ModuleOp module);

/// Puts the bodies of functions in place of their calls, and removes the functions. References to
/// attributes become the call's attributes, or the function's defaults, or are dropped where there
/// is neither. Nodes keep the opset that the function imports. Inner values and nodes are called
/// "call/inner". Fails, as above, and when the result would have more than a million nodes.
mlir::LogicalResult inlineFunctions(mlir::ModuleOp module);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_IR_FUNCTIONS_H
