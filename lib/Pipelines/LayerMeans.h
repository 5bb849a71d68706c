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
#include <optional>

namespace quantc {

/// The mean row of each group, over the positions of all runs.
class MeanRows {
public:
  explicit MeanRows(const ptq::PatchGeometry &geometry);
  void add(const HostTensor &input);
  /// Bytes of the sums, and of what `add` makes for a while.
  static uint64_t memoryNeeded(const ptq::PatchGeometry &geometry);
  static uint64_t patchesNeeded(const ptq::PatchGeometry &geometry);
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

/// A cap in bytes, and what its owner holds beside that which is asked for.
struct MemoryBudget {
  std::optional<uint64_t> cap;
  uint64_t held = 0;
  bool fits(uint64_t bytes) const { return !cap || held + bytes <= *cap; }
  /// An error that names what all of it takes, where the cap does not hold it.
  llvm::Error check(uint64_t bytes, const llvm::Twine &purpose) const;
};

/// Bytes of what a map reads in one run.
uint64_t inputBytes(LinearMapOpInterface op);

/// Runs the float network and hands out the inputs of the linear maps with constant f32 weights
/// that are `wanted`, run by run: of all of them at once, or in as many passes over the runs as the
/// cap on memory asks for.
llvm::Error observeInputs(mlir::ModuleOp module, DataSet &data, llvm::ArrayRef<int64_t> runs,
                          int threads, const MemoryBudget &memory, MapFilter wanted,
                          InputFn observe);

/// Of the maps with constant f32 weights and biases whose result has its channels along axis 1 and
/// is no output of `@main`: what integer bias correction corrects.
llvm::Expected<std::map<MapKey, MeanRows>> collectMeanRows(mlir::ModuleOp module, DataSet &data,
                                                           llvm::ArrayRef<int64_t> runs,
                                                           int threads, MemoryBudget memory);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_LAYERMEANS_H
