//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiled engine behind calibration: runs a module with observers as native code.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXECUTION_JITEXECUTOR_H
#define QUANTC_EXECUTION_JITEXECUTOR_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/Executor.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Kernels/Levels.h"

namespace quantc {

/// Lowers a copy of `module` (nn, qnn, dyad; static shapes) to kernels and compiles it in process.
llvm::Expected<std::unique_ptr<CompiledModel>>
compileInProcess(mlir::ModuleOp module, kernels::Level level, int threads = 1, bool strict = false);

/// Observes the inputs of all qnn.observe ops of `@main`, which become additional outputs of a
/// compiled copy. Ids follow the order of the ops; names are the observers'. Per-channel statistics
/// are taken along `channelAxis` for tensors that have it (-1: never).
class JITExecutor : public Executor {
public:
  static llvm::Expected<std::unique_ptr<JITExecutor>>
  create(mlir::ModuleOp module, kernels::Level level, int threads = 1, int channelAxis = -1);

  llvm::ArrayRef<ObservedTensor> observed() const override { return tensors; }
  llvm::Error run(const Feed &feed, llvm::ArrayRef<int> ids, ObserveFn observe) override;

private:
  JITExecutor() = default;
  std::vector<ObservedTensor> tensors;
  std::unique_ptr<CompiledModel> model;
  size_t ownOutputs = 0; ///< outputs of the model itself, before the observed tensors
};

} // namespace quantc

#endif // QUANTC_EXECUTION_JITEXECUTOR_H
