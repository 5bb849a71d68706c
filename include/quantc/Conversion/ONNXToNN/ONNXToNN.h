//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From imported nodes to the float graph; see Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_ONNXTONN_ONNXTONN_H
#define QUANTC_CONVERSION_ONNXTONN_ONNXTONN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include <string>

namespace quantc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Conversion/ONNXToNN/Passes.h.inc"

/// A node that has no form in `nn`.
struct UnsupportedNode {
  std::string node; ///< Name, op and opset: "node 'conv1' (Conv, opset 13)".
  onnx::Refusal kind;
  std::string reason;
  mlir::Location loc; ///< of the node
};

/// Converts all functions of the module. On failure every unsupported node has been reported by a
/// diagnostic, and appended to `unsupported` when that is given; the module is then half converted.
/// With `keepNodes` a node without a form in `nn` stays when its results have known sizes.
mlir::LogicalResult convertONNXToNN(mlir::ModuleOp module,
                                    llvm::SmallVectorImpl<UnsupportedNode> *unsupported = nullptr,
                                    bool keepNodes = false);

/// Converts what can be converted, without diagnostics: every other node stays as it is among the
/// ops of `nn`, and is returned, also one that only misses the type of another one's result. Nodes
/// for which `leave` holds stay without being looked at, and are not returned. With `anyFloats` ops
/// may compute with other floats than float32.
llvm::SmallVector<UnsupportedNode>
convertSupportedONNXToNN(mlir::ModuleOp module,
                         llvm::function_ref<bool(onnx::NodeOp)> leave = nullptr,
                         bool anyFloats = false);

/// An op that is converted, for the page of supported ops.
struct SupportedOp {
  llvm::StringRef opType;
  int64_t firstOpset; ///< Oldest and newest opset of this form.
  int64_t lastOpset;
};
/// The conversion table, sorted by name.
std::vector<SupportedOp> supportedONNXOps();

} // namespace quantc

#endif // QUANTC_CONVERSION_ONNXTONN_ONNXTONN_H
