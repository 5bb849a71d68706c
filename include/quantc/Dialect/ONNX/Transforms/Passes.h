//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of Passes.td: shapes and constants of imported graphs.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_TRANSFORMS_PASSES_H
#define QUANTC_DIALECT_ONNX_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace quantc::onnx {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Dialect/ONNX/Transforms/Passes.h.inc"

/// Ops of the default domain that onnx-fold-constants evaluates where what they read is known.
std::vector<llvm::StringRef> foldableOps();
/// Domain and name of the ops that onnx-expand-qoperators writes as float ones between
/// DequantizeLinear and QuantizeLinear.
std::vector<std::pair<llvm::StringRef, llvm::StringRef>> qOperators();

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_TRANSFORMS_PASSES_H
