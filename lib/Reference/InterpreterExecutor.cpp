//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The interpreter as the engine of calibration; see InterpreterExecutor.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Reference/InterpreterExecutor.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace quantc {

llvm::Expected<std::unique_ptr<InterpreterExecutor>>
InterpreterExecutor::create(ModuleOp module, llvm::StringRef function) {
  llvm::Expected<Interpreter> interpreter = Interpreter::create(module, function);
  if (!interpreter)
    return interpreter.takeError();
  std::unique_ptr<InterpreterExecutor> executor(new InterpreterExecutor(std::move(*interpreter)));
  llvm::StringSet<> names;
  std::string duplicate;
  executor->interpreter.getFunction()->walk([&](qnn::ObserveOp op) {
    if (!names.insert(op.getName()).second)
      duplicate = op.getName().str();
    ObservedTensor tensor;
    tensor.name = op.getName().str();
    executor->idOfValue[op.getResult()] = static_cast<int>(executor->tensors.size());
    executor->tensors.push_back(std::move(tensor));
  });
  if (!duplicate.empty())
    return makeError("expected observers of different names, but found two of '" + duplicate + "'");
  return executor;
}

llvm::Error InterpreterExecutor::run(const Feed &feed, llvm::ArrayRef<int> ids, ObserveFn observe) {
  llvm::DenseSet<int> wanted(ids.begin(), ids.end());
  std::vector<HostTensor> inputs;
  for (const NamedTensor &input : feed.inputs)
    inputs.push_back(input.tensor);
  interpreter.setObserver([&](Value value, const HostTensor &tensor) -> llvm::Error {
    auto it = idOfValue.find(value);
    if (it != idOfValue.end() && wanted.contains(it->second))
      observe(it->second, tensor.values<float>(), tensor.shape());
    return llvm::Error::success();
  });
  llvm::Expected<std::vector<HostTensor>> outputs = interpreter.run(inputs);
  interpreter.setObserver({});
  if (!outputs)
    return addContext(feed.label, outputs.takeError());
  return llvm::Error::success();
}

} // namespace quantc
