//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `onnx` dialect: generic nodes, initializers, model-local functions.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_IR_ONNX_H
#define QUANTC_DIALECT_ONNX_IR_ONNX_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <optional>

#include "quantc/Dialect/ONNX/IR/ONNXDialect.h.inc"
#include "quantc/Dialect/ONNX/IR/ONNXEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "quantc/Dialect/ONNX/IR/ONNXTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/ONNX/IR/ONNXAttrs.h.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/ONNX/IR/ONNXOps.h.inc"

namespace quantc::onnx {

/// Names of discardable attributes of the module, its function, and arguments and results.
inline constexpr llvm::StringLiteral irVersionAttr = "onnx.ir_version";
inline constexpr llvm::StringLiteral opsetImportsAttr = "onnx.opset_imports";
inline constexpr llvm::StringLiteral nameAttr = "onnx.name";
inline constexpr llvm::StringLiteral dimsAttr = "onnx.dims";
inline constexpr llvm::StringLiteral docAttr = "onnx.doc";
inline constexpr llvm::StringLiteral declaredAttr = "onnx.declared";
inline constexpr llvm::StringLiteral inputOrderAttr = "onnx.input_order";
inline constexpr llvm::StringLiteral extraAttr = "onnx.extra";
inline constexpr llvm::StringLiteral graphNameAttr = "onnx.graph_name";
inline constexpr llvm::StringLiteral valueInfoAttr = "onnx.value_info";
inline constexpr llvm::StringLiteral metadataAttr = "onnx.metadata";
inline constexpr llvm::StringLiteral producerNameAttr = "onnx.producer_name";
inline constexpr llvm::StringLiteral producerVersionAttr = "onnx.producer_version";
inline constexpr llvm::StringLiteral domainAttr = "onnx.domain";
inline constexpr llvm::StringLiteral modelVersionAttr = "onnx.model_version";

/// The function that holds the model's graph.
inline constexpr llvm::StringLiteral graphFunction = "main";

/// "node 'conv1' (Conv, opset 13)": how diagnostics name a node. Ops of other domains are written
/// "domain.OpType".
std::string describeNode(llvm::StringRef name, llvm::StringRef opType, llvm::StringRef domain,
                         int64_t opset);
std::string describeNode(NodeOp node);

/// The node's name as its location tells it: the ONNX name, or the one made up at import.
llvm::StringRef getNodeLabel(mlir::Operation *op);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_IR_ONNX_H
