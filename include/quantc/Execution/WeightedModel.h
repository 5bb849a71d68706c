//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A float model compiled once that runs with any values of its weights (nn-weights-to-inputs).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXECUTION_WEIGHTEDMODEL_H
#define QUANTC_EXECUTION_WEIGHTEDMODEL_H

#include "quantc/Dialect/NN/Transforms/WeightsToInputs.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Kernels/Levels.h"

namespace quantc {

class WeightedModel {
public:
  /// Compiles a copy of `module` (as compileInProcess takes it). Weights start with the values of
  /// the module's constants, with which it computes what the module does, bit for bit.
  static llvm::Expected<std::unique_ptr<WeightedModel>>
  create(mlir::ModuleOp module, kernels::Level level, int threads = 1,
         const nn::WeightInputOptions &options = {});

  /// In program order; indices below are of this list.
  llvm::ArrayRef<nn::WeightInput> weights() const { return list; }
  llvm::ArrayRef<ModelTensor> outputs() const { return model->outputs(); }

  const HostTensor &original(size_t index) const { return originals[index]; }
  /// What the runs that follow take.
  const HostTensor &value(size_t index) const { return current[index]; }
  /// Takes other values for the runs that follow; dtype and shape must be the original's.
  llvm::Error set(size_t index, HostTensor value);
  /// Back to the original values.
  void reset(size_t index) { current[index] = originals[index]; }

  /// Runs once with the current weights; `feeds` are the model's own inputs in their order.
  llvm::Expected<std::vector<HostTensor>> run(llvm::ArrayRef<HostTensor> feeds);

private:
  WeightedModel() = default;
  std::unique_ptr<CompiledModel> model;
  std::vector<nn::WeightInput> list;
  std::vector<HostTensor> originals, current;
};

} // namespace quantc

#endif // QUANTC_EXECUTION_WEIGHTEDMODEL_H
