//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of Passes.td, and the same steps as functions for pipelines.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_PASSES_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "quantc/Dialect/QNN/Transforms/Options.h"
#include <optional>

namespace quantc::qnn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"

/// `qnn-insert-observers`. Fails with a diagnostic on options out of range, and on an exclusion
/// that matches no node.
mlir::LogicalResult insertObservers(mlir::ModuleOp module, const QuantizeOptions &options);

/// `qnn-quantize`. On failure the module is left half rewritten.
mlir::LogicalResult quantize(mlir::ModuleOp module, const QuantizeOptions &options);

/// Why an op cannot become integer, whatever its neighbours are.
enum class Unquantizable {
  NoIntegerForm,  ///< no QuantizableOpInterface
  Excluded,       ///< marked by `qnn-insert-observers`
  ElementType,    ///< a tensor is not f32
  DynamicOperand, ///< a weight or bias is computed at run time
};
/// Nullopt when nothing stands against it.
std::optional<Unquantizable> whyUnquantizable(mlir::Operation *op);

/// `qnn-quantize` with the options that concern it.
std::unique_ptr<mlir::Pass> createQuantizePass(const QuantizeOptions &options);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_PASSES_H
