//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The nodes of a file in its order, with those of bodies and functions, and a flat copy to compile.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LEDGERLIST_H
#define QUANTC_LIB_PIPELINES_LEDGERLIST_H

#include "mlir/IR/OwningOpRef.h"
#include "quantc/Pipelines/Ledger.h"
#include "llvm/ADT/DenseSet.h"

namespace quantc::ledger {

struct FileListing {
  /// Names, ops and declared outputs. A node's place is its number.
  std::vector<LedgerNode> nodes;
  /// Calls of model-local functions.
  llvm::DenseSet<unsigned> calls;
  /// The model with functions in place of their calls; nodes have numbered locations.
  mlir::OwningOpRef<mlir::ModuleOp> flat;
};

/// Fails after diagnostics when the file cannot be read.
mlir::FailureOr<FileListing> listFile(llvm::StringRef path, mlir::MLIRContext &context,
                                      llvm::ArrayRef<std::pair<std::string, int64_t>> dims);

LedgerOutput describeOutput(mlir::Type type, llvm::StringRef name);

} // namespace quantc::ledger

#endif // QUANTC_LIB_PIPELINES_LEDGERLIST_H
