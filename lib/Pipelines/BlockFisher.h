//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How much the network's loss cares for errors of blocks' results: squared gradients of the float
// network, for each run of the data (docs/Rounding.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_BLOCKFISHER_H
#define QUANTC_LIB_PIPELINES_BLOCKFISHER_H

#include "LossOutput.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Dialect/NN/Transforms/Gradient.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/ADT/DenseMap.h"

namespace quantc {

class BlockFisher {
public:
  /// The network's gradients by `results`, values of `@main`, compiled. Fails where the float
  /// network has no derivative on the way, or nothing that a loss can read.
  static llvm::Expected<std::unique_ptr<BlockFisher>>
  create(mlir::ModuleOp module, llvm::ArrayRef<mlir::Value> results, int threads);

  /// For each result that the loss depends on and each run, the square roots of weights whose mean
  /// is 1.
  llvm::Expected<llvm::DenseMap<mlir::Value, std::vector<HostTensor>>>
  measure(DataSet &data, const ProgressFn &progress);

  /// Bytes that the result of `measure` takes.
  int64_t memoryNeeded(int64_t runs) const;

private:
  HostTensor cotangent(const HostTensor &output, uint64_t index) const;

  LossOutput output;
  std::vector<mlir::Value> results;
  nn::GradientSignature signature;
  std::unique_ptr<CompiledModel> model;
};

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_BLOCKFISHER_H
