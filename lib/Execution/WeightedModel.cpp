//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled models with weights as inputs; see WeightedModel.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/WeightedModel.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;

llvm::Expected<std::unique_ptr<WeightedModel>>
WeightedModel::create(ModuleOp module, kernels::Level level, int threads,
                      const nn::WeightInputOptions &options) {
  OwningOpRef<ModuleOp> copy = module.clone();
  FailureOr<std::vector<nn::WeightInput>> moved = nn::weightsToInputs(*copy, options);
  if (failed(moved))
    return llvm::createStringError("the weights did not become inputs");
  auto compiled = compileInProcess(*copy, level, threads);
  if (!compiled)
    return compiled.takeError();
  std::unique_ptr<WeightedModel> result(new WeightedModel());
  result->model = std::move(*compiled);
  result->list = std::move(*moved);
  for (const nn::WeightInput &input : result->list) {
    std::optional<std::vector<float>> values = readFloats(input.value);
    if (!values)
      return llvm::createStringError("the data of '" + input.name + "' is missing");
    result->originals.push_back(
        HostTensor::from<float>(cast<RankedTensorType>(input.value.getType()).getShape(), *values));
  }
  result->current = result->originals;
  return result;
}

llvm::Error WeightedModel::set(size_t index, HostTensor value) {
  if (value.typeString() != originals[index].typeString())
    return llvm::createStringError("'" + list[index].name + "': expected " +
                                   originals[index].typeString() + ", but found " +
                                   value.typeString());
  current[index] = std::move(value);
  return llvm::Error::success();
}

llvm::Expected<std::vector<HostTensor>> WeightedModel::run(llvm::ArrayRef<HostTensor> feeds) {
  std::vector<HostTensor> all(feeds.begin(), feeds.end());
  all.insert(all.end(), current.begin(), current.end());
  return model->run(all);
}
