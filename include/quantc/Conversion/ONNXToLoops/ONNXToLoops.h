//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From `onnx` to loops: the pass, and what it leaves for whoever runs the code.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_ONNXTOLOOPS_ONNXTOLOOPS_H
#define QUANTC_CONVERSION_ONNXTOLOOPS_ONNXTOLOOPS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "quantc/Support/DType.h"
#include <string>
#include <vector>

namespace quantc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Conversion/ONNXToLoops/Passes.h.inc"

/// \name Attributes of the lowered function's arguments and results
/// @{
inline constexpr llvm::StringLiteral loopsTypeAttr = "quantc.dtype"; ///< ONNX type code
inline constexpr llvm::StringLiteral loopsNameAttr = "quantc.name";  ///< of the graph's value
inline constexpr llvm::StringLiteral loopsConstantAttr = "quantc.constant"; ///< its elements
/// Of the module: what `qrt_loops_fail` means, by number.
inline constexpr llvm::StringLiteral loopsMessagesAttr = "quantc.messages";
/// @}

/// Told of each result of a node that got loops, also in bodies: its elements, and its sizes as far
/// as they are known before a run (-1: not known).
using LoopsResultFn =
    llvm::function_ref<void(mlir::Value result, DType type, llvm::ArrayRef<int64_t> sizes)>;

/// Options of the pass.
struct LoopsConversion {
  bool outlineNodes = false; ///< A function a node.
  bool destinations = false; ///< Results are written to trailing arguments, constants are globals.
  LoopsResultFn onResult = nullptr;
};

/// The pass as a function. On failure every node without loops has been reported by a diagnostic,
/// and the module is half converted.
mlir::LogicalResult convertONNXToLoops(mlir::ModuleOp module, const LoopsConversion &options = {});

/// The passes of the pipeline loops-to-llvm. `barePointers`: a buffer argument of known size is its
/// address, else MLIR's descriptor.
void buildLoopsToLLVM(mlir::OpPassManager &passes, bool barePointers);
void registerLoopsToLLVMPipeline();

/// An op of some domain that has loops, with the opsets it has them for.
struct LoopsOp {
  llvm::StringRef domain, opType;
  int64_t firstOpset, lastOpset;
};
/// The table, sorted by name.
std::vector<LoopsOp> loopsOps();

} // namespace quantc

#endif // QUANTC_CONVERSION_ONNXTOLOOPS_ONNXTOLOOPS_H
