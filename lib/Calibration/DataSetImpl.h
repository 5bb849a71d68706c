//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two kinds of data sets: arrays that hold all samples (DataSetArrays.cpp)
// and ready-made runs (DataSetRuns.cpp). DataSet.cpp finds out which one a path
// names.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CALIBRATION_DATASETIMPL_H
#define QUANTC_LIB_CALIBRATION_DATASETIMPL_H

#include "quantc/Calibration/ArraySource.h"
#include "quantc/Calibration/DataSet.h"
#include <functional>

namespace quantc {

/// A data set over arrays, one per input, in any order.
llvm::Expected<std::unique_ptr<DataSet>>
makeArrayDataSet(std::vector<std::unique_ptr<ArraySource>> arrays, llvm::ArrayRef<InputSpec> inputs,
                 const DataSetOptions &options, std::string label);

/// One run that is loaded when it is asked for.
struct LazyRun {
  std::string label;
  std::function<llvm::Expected<std::vector<NamedTensor>>()> load;
};

/// A data set over whole runs; `runs` is not empty.
std::unique_ptr<DataSet> makeRunDataSet(std::vector<LazyRun> runs, llvm::ArrayRef<InputSpec> inputs,
                                        const DataSetOptions &options);

/// Checks `names` against those of the inputs: each once and no others.
llvm::Error checkNames(llvm::ArrayRef<std::string> names, llvm::ArrayRef<InputSpec> inputs);

/// Checks type and fixed dimensions; `shape` is the input's, without a stacking axis.
llvm::Error checkTypeAndShape(const InputSpec &input, DType type, llvm::ArrayRef<int64_t> shape);

/// Checks that values are finite and that bools are 0 or 1.
llvm::Error checkValues(const InputSpec &input, const HostTensor &tensor, bool checkFinite);

/// Checks that equally named dimensions have equal sizes; tensors in the order of inputs.
llvm::Error checkDimNames(llvm::ArrayRef<InputSpec> inputs, llvm::ArrayRef<NamedTensor> tensors);

/// Checks the signature itself: names that differ, dimNames as long as dims.
llvm::Error checkSignature(llvm::ArrayRef<InputSpec> inputs);

} // namespace quantc

#endif // QUANTC_LIB_CALIBRATION_DATASETIMPL_H
