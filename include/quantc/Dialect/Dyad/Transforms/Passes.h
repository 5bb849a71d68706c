//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The passes of Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_DYAD_TRANSFORMS_PASSES_H
#define QUANTC_DIALECT_DYAD_TRANSFORMS_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

namespace quantc::dyad {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

/// Folding of ops with IntegerSemantics and constant operands into constants of at most
/// `limitBytes`.
void populateFoldConstantsPatterns(mlir::RewritePatternSet &patterns, int64_t limitBytes);

} // namespace quantc::dyad

#endif // QUANTC_DIALECT_DYAD_TRANSFORMS_PASSES_H
