//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled gradients; see GradientModel.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/GradientModel.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/NNToONNX/NNToONNX.h"
#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;

/// Nodes that compute with other floats than float32 alone, which the importer left: as ops they
/// have derivatives.
static void raiseOtherFloats(ModuleOp module) {
  auto leave = [](onnx::NodeOp node) {
    bool others = false;
    for (Value value : llvm::concat<Value>(node->getOperands(), node->getResults())) {
      Type element = getElementTypeOrSelf(value);
      if (getConstantElements(value) || !isa<ShapedType>(value.getType()))
        continue;
      if (!isa<FloatType>(element))
        return true;
      others |= !element.isF32();
    }
    return !others;
  };
  convertSupportedONNXToNN(module, leave, /*anyFloats=*/true);
}

llvm::Expected<OwningOpRef<ModuleOp>> quantc::gradientModule(ModuleOp module,
                                                             const nn::GradientOptions &options,
                                                             nn::GradientSignature &signature) {
  OwningOpRef<ModuleOp> copy = module.clone();
  std::string message;
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure(); // others see it
    message += (message.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  PassManager raise(module.getContext()), lower(module.getContext());
  raise.addPass(createRaiseNodesToNN());
  lower.addPass(createLowerNNToNodes());
  auto build = [&]() -> LogicalResult {
    if (failed(raise.run(*copy)))
      return failure();
    raiseOtherFloats(*copy);
    FailureOr<nn::GradientSignature> built = nn::buildGradient(*copy, options);
    if (failed(built))
      return failure();
    signature = std::move(*built);
    return lower.run(*copy);
  };
  if (failed(build()))
    return llvm::createStringError(message.empty() ? "the gradient cannot be built" : message);
  return std::move(copy);
}

llvm::Expected<std::unique_ptr<GradientModel>>
GradientModel::create(ModuleOp module, nn::GradientOptions options, kernels::Level level,
                      int threads, const nn::WeightInputOptions &weights) {
  OwningOpRef<ModuleOp> copy = module.clone();
  FailureOr<std::vector<nn::WeightInput>> moved = nn::weightsToInputs(*copy, weights);
  if (failed(moved))
    return llvm::createStringError("the weights did not become inputs");
  std::unique_ptr<GradientModel> result(new GradientModel());
  options.wrt.clear();
  for (const nn::WeightInput &input : *moved) {
    options.wrt.push_back(input.name);
    std::optional<std::vector<float>> values = readFloats(input.value);
    if (!values)
      return llvm::createStringError("the data of '" + input.name + "' is missing");
    result->current.push_back(
        HostTensor::from<float>(cast<RankedTensorType>(input.value.getType()).getShape(), *values));
    auto size = static_cast<int64_t>(values->size());
    result->blocks.push_back({result->total, size});
    result->total += size;
  }
  result->list = std::move(*moved);
  auto built = gradientModule(*copy, options, result->signature);
  if (!built)
    return built.takeError();
  auto compiled = compileInProcess(**built, level, threads);
  if (!compiled)
    return compiled.takeError();
  result->model = std::move(*compiled);
  return result;
}

ptq::Vector GradientModel::point() const {
  ptq::Vector all(total);
  for (auto [tensor, block] : llvm::zip_equal(current, blocks))
    for (auto [i, value] : llvm::enumerate(tensor.values<float>()))
      all[block.offset + static_cast<int64_t>(i)] = value;
  return all;
}

llvm::Error GradientModel::setPoint(const ptq::Vector &point) {
  if (point.size() != total)
    return llvm::createStringError("expected " + llvm::Twine(total) + " weights, but found " +
                                   llvm::Twine(point.size()));
  for (auto [tensor, block] : llvm::zip_equal(current, blocks))
    for (auto [i, value] : llvm::enumerate(tensor.mutableValues<float>()))
      value = static_cast<float>(point[block.offset + static_cast<int64_t>(i)]);
  return llvm::Error::success();
}

llvm::Expected<GradientModel::Result> GradientModel::run(llvm::ArrayRef<HostTensor> feeds,
                                                         const HostTensor &argument) {
  std::vector<HostTensor> all(feeds.begin(), feeds.end());
  all.insert(all.end(), current.begin(), current.end());
  all.push_back(argument);
  auto outputs = model->run(all);
  if (!outputs)
    return outputs.takeError();
  Result result;
  result.loss = (*outputs)[signature.loss].asDouble(0);
  auto begin = outputs->begin();
  result.outputs.assign(begin, begin + signature.loss);
  result.gradients.assign(begin + signature.loss + 1, outputs->end());
  return std::move(result);
}

llvm::Expected<ptq::Vector> GradientModel::gradient(llvm::ArrayRef<HostTensor> feeds,
                                                    const HostTensor &argument) {
  auto result = run(feeds, argument);
  if (!result)
    return result.takeError();
  ptq::Vector all(total);
  for (auto [tensor, block] : llvm::zip_equal(result->gradients, blocks))
    for (auto [i, value] : llvm::enumerate(tensor.values<float>()))
      all[block.offset + static_cast<int64_t>(i)] = value;
  return std::move(all);
}

llvm::Expected<ptq::Vector> GradientModel::hessianProduct(llvm::ArrayRef<HostTensor> feeds,
                                                          const HostTensor &argument,
                                                          const ptq::Vector &v) {
  std::vector<HostTensor> original = current;
  auto product =
      ptq::differenceProduct(point(), v, [&](const ptq::Vector &at) -> llvm::Expected<ptq::Vector> {
        if (llvm::Error error = setPoint(at))
          return std::move(error);
        return gradient(feeds, argument);
      });
  current = std::move(original);
  return product;
}

llvm::Expected<ptq::Vector> quantc::jacobianProduct(WeightedModel &model,
                                                    llvm::ArrayRef<HostTensor> feeds,
                                                    const ptq::Vector &v) {
  int64_t total = 0;
  for (size_t i = 0; i < model.weights().size(); ++i)
    total += model.value(i).numElements();
  if (v.size() != total)
    return llvm::createStringError("expected " + llvm::Twine(total) + " weights, but found " +
                                   llvm::Twine(v.size()));
  std::vector<HostTensor> original;
  ptq::Vector point(total);
  int64_t next = 0;
  for (size_t i = 0; i < model.weights().size(); ++i) {
    original.push_back(model.value(i));
    for (float value : original.back().values<float>())
      point[next++] = value;
  }
  auto set = [&](const ptq::Vector &at) -> llvm::Error {
    int64_t from = 0;
    for (size_t i = 0; i < original.size(); ++i) {
      HostTensor moved = original[i];
      for (float &value : moved.mutableValues<float>())
        value = static_cast<float>(at[from++]);
      if (llvm::Error error = model.set(i, std::move(moved)))
        return error;
    }
    return llvm::Error::success();
  };
  auto product =
      ptq::differenceProduct(point, v, [&](const ptq::Vector &at) -> llvm::Expected<ptq::Vector> {
        if (llvm::Error error = set(at))
          return std::move(error);
        auto outputs = model.run(feeds);
        if (!outputs)
          return outputs.takeError();
        std::vector<double> all;
        for (const HostTensor &output : *outputs)
          if (output.dtype() == DType::F32)
            llvm::append_range(all, output.values<float>());
        return ptq::Vector(
            Eigen::Map<const ptq::Vector>(all.data(), static_cast<int64_t>(all.size())));
      });
  for (size_t i = 0; i < original.size(); ++i)
    if (llvm::Error error = model.set(i, original[i]))
      return std::move(error);
  return product;
}
