//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled loops for the interpreter's ONNX nodes; see CompileNode.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/CompileNode.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Execution/LoopsModel.h"

using namespace mlir;
using namespace quantc;

/// A byte an element, also of integers of less, which host tensors pack.
static std::vector<uint8_t> unpacked(const HostTensor &tensor) {
  if (!isInteger(tensor.dtype()) || bitWidth(tensor.dtype()) >= 8)
    return tensor.bytes().vec();
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    bytes.push_back(static_cast<uint8_t>(tensor.asInt(i)));
  return bytes;
}

static llvm::Expected<std::vector<HostTensor>> runLoops(LoopsModel &model,
                                                        llvm::ArrayRef<HostTensor> operands) {
  std::vector<LoopsBuffer> feeds;
  for (const HostTensor &operand : operands)
    feeds.push_back({operand.dtype(), operand.shape().vec(), unpacked(operand)});
  auto outputs = model.run(feeds);
  if (!outputs)
    return outputs.takeError();
  std::vector<HostTensor> results;
  for (const LoopsBuffer &output : *outputs) {
    auto result = HostTensor::copyOf(output.dtype, output.shape, output.bytes);
    if (!result)
      return result.takeError();
    results.push_back(std::move(*result));
  }
  return results;
}

NodeCompiler quantc::nodeCompiler(kernels::Level level) {
  return [level](ModuleOp node) -> llvm::Expected<NodeFn> {
    OwningOpRef<ModuleOp> copy = node.clone();
    if (failed(convertONNXToLoops(*copy)))
      return llvm::createStringError("the node has no loops");
    LoopsOptions options;
    options.level = level;
    auto model = LoopsModel::compile(*copy, options);
    if (!model)
      return model.takeError();
    // The module owns the constants that the model reads.
    struct Compiled {
      OwningOpRef<ModuleOp> module;
      std::unique_ptr<LoopsModel> model;
    };
    auto compiled = std::make_shared<Compiled>(Compiled{std::move(copy), std::move(*model)});
    return [compiled](llvm::ArrayRef<HostTensor> operands) {
      return runLoops(*compiled->model, operands);
    };
  };
}
