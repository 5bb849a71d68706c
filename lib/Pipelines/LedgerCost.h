//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Multiply-adds and weights of ONNX nodes, from their types alone.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LEDGERCOST_H
#define QUANTC_LIB_PIPELINES_LEDGERCOST_H

#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace quantc::ledger {

/// Multiply-adds of one run of the model; nullopt when they, or the number of rounds of a body that
/// holds the node, are not known.
std::optional<int64_t> nodeMacs(onnx::NodeOp node);

/// Counts each constant once, where it is read first.
class WeightCounter {
public:
  /// `passesOn`: the node's result is known before a run, so its constants are its readers'.
  explicit WeightCounter(llvm::function_ref<bool(onnx::NodeOp)> passesOn) : passesOn(passesOn) {}

  /// Bytes, as the file holds them, of what `node` reads and nobody before it.
  int64_t bytesOf(onnx::NodeOp node);

private:
  llvm::function_ref<bool(onnx::NodeOp)> passesOn;
  llvm::DenseSet<mlir::Operation *> counted;
};

} // namespace quantc::ledger

#endif // QUANTC_LIB_PIPELINES_LEDGERCOST_H
