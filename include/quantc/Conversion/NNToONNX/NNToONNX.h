//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantized graphs as ONNX nodes; see Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_NNTOONNX_NNTOONNX_H
#define QUANTC_CONVERSION_NNTOONNX_NNTOONNX_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quantc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Conversion/NNToONNX/Passes.h.inc"

/// Replaces all ops of a function by nodes, its constants by those of files. Reports ops that no
/// node stands for.
mlir::LogicalResult writeNodes(mlir::func::FuncOp function);

} // namespace quantc

#endif // QUANTC_CONVERSION_NNTOONNX_NNTOONNX_H
