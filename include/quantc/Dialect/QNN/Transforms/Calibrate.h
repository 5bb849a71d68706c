//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics into observers: from a data set through an Executor, or from a file. The executor's
// observed tensors are matched with `qnn.observe` ops by name.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_CALIBRATE_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_CALIBRATE_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/Collect.h"
#include "quantc/Dialect/QNN/Transforms/Options.h"

namespace quantc::qnn {

/// Runs the data through the model and sets the statistics of every observer that has none. Which
/// collectors run follows from the options; `collectOptions.collectors.channels` is kept. Fails
/// with a diagnostic on the module that names run, input or tensor, or the observer that the
/// executor does not know. `collected`, if given, receives the statistics, by the executor's ids.
mlir::LogicalResult calibrate(mlir::ModuleOp module, Executor &executor, DataSet &data,
                              const QuantizeOptions &options, CollectOptions collectOptions = {},
                              std::vector<Statistics> *collected = nullptr);

/// Sets observers from the JSON of the pass `qnn-calibrate` (see Passes.td). With `asImported` the
/// statistics of a model that equalization rewrote are refused: they are of other tensors.
mlir::LogicalResult readStatistics(mlir::ModuleOp module, llvm::StringRef path,
                                   bool asImported = false);

/// Writes the statistics of all observers as that JSON, in the order of the module. An observer
/// without statistics is left out. `equalized` counts what equalization rewrote before.
llvm::Error writeStatistics(mlir::ModuleOp module, llvm::StringRef path, int64_t equalized = 0);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_CALIBRATE_H
