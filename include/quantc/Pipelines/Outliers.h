//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How far single channels stand out of what the linear maps of a model read: what rotations and
// outlier migration are to bring down, measured on compiled code.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_OUTLIERS_H
#define QUANTC_PIPELINES_OUTLIERS_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Support/Progress.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace quantc {

/// One tensor that linear maps with a constant matrix read, its rows along the last axis.
struct InputOutliers {
  std::string name; ///< "NODE.input" of the first node that reads it
  /// Means over runs of the means over rows of kurtosis and max|x| / rms(x) [NUM-MET-2].
  double kurtosis = 0;
  double maxToRms = 0;
};

struct OutlierOptions {
  int threads = 1;
  /// Runs of the data; -1 means all.
  int64_t runs = -1;
  ProgressFn progress;
};

/// In the order of the module, which is one of stage float or quantized. Errors of the data name
/// run and input.
llvm::Expected<std::vector<InputOutliers>> measureOutliers(mlir::ModuleOp module, DataSet &data,
                                                           const OutlierOptions &options = {});

/// {"format": "quantc-outliers", "version": 1, "inputs": [{"name", "kurtosis", "max_to_rms"}]}.
llvm::json::Value outliersToJSON(llvm::ArrayRef<InputOutliers> inputs);

} // namespace quantc

#endif // QUANTC_PIPELINES_OUTLIERS_H
