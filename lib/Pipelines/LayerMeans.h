//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What linear maps read in the mean, and the shift of their results' means that other weights
// bring.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LAYERMEANS_H
#define QUANTC_LIB_PIPELINES_LAYERMEANS_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/PTQ/PatchGeometry.h"
#include <map>

namespace quantc {

/// The mean row of each group, over the positions of all runs.
class MeanRows {
public:
  explicit MeanRows(const ptq::PatchGeometry &geometry);
  void add(const HostTensor &input);
  /// Of every output channel: (to - from) times its group's mean row. Weights are [out, in /
  /// groups, kernel...].
  std::vector<double> shift(llvm::ArrayRef<float> from, llvm::ArrayRef<float> to) const;

private:
  ptq::PatchGeometry geometry;
  std::vector<double> sums; ///< [groups][row]
  int64_t rows = 0;
};

/// A node, and the number of the map among its own that have constant weights.
using MapKey = std::pair<std::string, size_t>;

using MapFilter = llvm::function_ref<bool(LinearMapOpInterface, const MapKey &)>;
/// Gets what a map reads in the i-th of the runs.
using InputFn = llvm::function_ref<llvm::Error(const MapKey &, size_t i, const HostTensor &)>;

/// Runs the float network and hands out the inputs of the linear maps with constant f32 weights
/// that are `wanted`, run by run.
llvm::Error observeInputs(mlir::ModuleOp module, DataSet &data, llvm::ArrayRef<int64_t> runs,
                          int threads, MapFilter wanted, InputFn observe);

/// Of the maps with constant f32 weights and biases whose result has its channels along axis 1 and
/// is no output of `@main`: what integer bias correction corrects.
llvm::Expected<std::map<MapKey, MeanRows>>
collectMeanRows(mlir::ModuleOp module, DataSet &data, llvm::ArrayRef<int64_t> runs, int threads);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_LAYERMEANS_H
