//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of Passes.td, and their patterns for reuse.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_TRANSFORMS_PASSES_H
#define QUANTC_DIALECT_NN_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

namespace quantc::nn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"

/// Clamps, transposes, hard_swish, whole-image pools.
void populateSimplifyPatterns(mlir::RewritePatternSet &patterns);
/// Padding in front of convolutions and pools.
void populateAbsorbPaddingPatterns(mlir::RewritePatternSet &patterns);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_TRANSFORMS_PASSES_H
