//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The interpreter as the engine of calibration: hands over the tensors that `qnn.observe` ops mark.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_REFERENCE_INTERPRETEREXECUTOR_H
#define QUANTC_REFERENCE_INTERPRETEREXECUTOR_H

#include "quantc/Calibration/Executor.h"
#include "quantc/Reference/Interpreter.h"
#include "llvm/ADT/DenseMap.h"

namespace quantc {

class InterpreterExecutor : public Executor {
public:
  /// Observed tensors are the `qnn.observe` ops of the function in program order. Fails as
  /// Interpreter::create does, and when two observers have one name.
  static llvm::Expected<std::unique_ptr<InterpreterExecutor>>
  create(mlir::ModuleOp module, llvm::StringRef function = "main");

  llvm::ArrayRef<ObservedTensor> observed() const override { return tensors; }

  /// Inputs are taken in the order of the feed, which is that of the signature.
  llvm::Error run(const Feed &feed, llvm::ArrayRef<int> ids, ObserveFn observe) override;

private:
  explicit InterpreterExecutor(Interpreter interpreter) : interpreter(std::move(interpreter)) {}

  Interpreter interpreter;
  std::vector<ObservedTensor> tensors;
  llvm::DenseMap<mlir::Value, int> idOfValue;
};

} // namespace quantc

#endif // QUANTC_REFERENCE_INTERPRETEREXECUTOR_H
