//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which change buys most: candidates by a model, the best of them measured.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_EXPLAINADVICE_H
#define QUANTC_LIB_PIPELINES_EXPLAINADVICE_H

#include "ExplainPlan.h"

namespace quantc {

/// Fills `advice` and `outputDb` of an explanation whose nodes are those of `plans`. The modules
/// are those that were planned and stay as they are.
llvm::Error advise(mlir::ModuleOp reference, mlir::ModuleOp quantized,
                   llvm::ArrayRef<NodePlan> plans, DataSet &data, llvm::ArrayRef<int64_t> runs,
                   const ExplainOptions &options, Explanation &explanation);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_EXPLAINADVICE_H
