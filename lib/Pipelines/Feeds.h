//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Feeds for compiled models: conversion between float data and integer borders, extreme inputs.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_FEEDS_H
#define QUANTC_LIB_PIPELINES_FEEDS_H

#include "quantc/Calibration/DataSet.h"
#include "quantc/Execution/CompiledModel.h"
#include <algorithm>

namespace quantc {

std::vector<HostTensor> feedTensors(const Feed &feed);

/// Runs of the data that accuracy is measured on: the last quarter, at most 50.
inline int64_t tailRuns(int64_t runs) { return std::clamp<int64_t>(runs / 4, 1, 50); }

/// Inputs or outputs of `@main` of an integer graph as compiled models describe theirs.
std::vector<ModelTensor> borderInputs(mlir::ModuleOp module);
std::vector<ModelTensor> borderOutputs(mlir::ModuleOp module);

/// Float tensors quantized where the model takes integers; others unchanged.
std::vector<HostTensor> quantizeFeed(llvm::ArrayRef<ModelTensor> inputInfos,
                                     std::vector<HostTensor> inputs);

/// A quantized output as float; a float output unchanged.
HostTensor dequantizeOutput(const ModelTensor &info, const HostTensor &output);

/// Inputs that drive sums to their limits: all least, all greatest, alternating, and seeded random
/// values over the whole range.
std::vector<std::vector<HostTensor>> extremeFeeds(llvm::ArrayRef<ModelTensor> inputInfos);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_FEEDS_H
