//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stages of a compilation as the ledger runs them: on ranges that are made up, around nodes
// that would stop them, with a look at the module after each pass.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LEDGERSTAGES_H
#define QUANTC_LIB_PIPELINES_LEDGERSTAGES_H

#include "LedgerTrace.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Pipelines/Recipe.h"
#include "llvm/ADT/MapVector.h"
#include <string>

namespace quantc::ledger {

/// What the stages said, by the nodes' numbers.
struct StageOutcome {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< of stage `integer`
  Trace trace;
  /// Nodes without a form in `nn`.
  llvm::MapVector<unsigned, std::pair<onnx::Refusal, std::string>> refused;
  /// Nodes at which a stage failed, with its message.
  llvm::MapVector<unsigned, std::string> stops;
  /// Of ops that stay float: what stands against integers, and what the lowering said.
  llvm::DenseMap<unsigned, qnn::Unquantizable> unquantizable;
  llvm::DenseMap<unsigned, std::string> remarks;
  /// The file's own quantize and dequantize nodes.
  llvm::DenseSet<unsigned> quantizers;
};

/// Shape inference and constant folding of an imported module with numbered nodes. Results that
/// inference does not know take the types that loops would give them. `trace` sees it.
mlir::LogicalResult prepare(mlir::ModuleOp module, const Recipe &recipe, Trace &trace);

/// The other stages, on a copy of a prepared module. Frees weights of the context that `prepared`
/// does not refer to.
mlir::FailureOr<StageOutcome> runStages(mlir::ModuleOp prepared, const Recipe &recipe,
                                        const Trace &trace);

/// What the loops conversion refuses of a prepared module, by number.
llvm::DenseMap<unsigned, std::string> refusedByLoops(mlir::ModuleOp prepared);

/// Of the nodes that stayed in the module of the last stage, those that cannot run beside integers
/// under this recipe, with the reason. Whether their sizes will be known, data may say.
llvm::DenseMap<unsigned, std::string> refusedBesideIntegers(mlir::ModuleOp module,
                                                            const Recipe &recipe);

} // namespace quantc::ledger

#endif // QUANTC_LIB_PIPELINES_LEDGERSTAGES_H
