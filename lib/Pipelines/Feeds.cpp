//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Feeds for compiled models; see Feeds.h.
//
//===----------------------------------------------------------------------===//

#include "Feeds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Reference/ElementTypes.h"
#include <random>

using namespace quantc;

std::vector<HostTensor> quantc::feedTensors(const Feed &feed) {
  std::vector<HostTensor> tensors;
  for (const NamedTensor &input : feed.inputs)
    tensors.push_back(input.tensor);
  return tensors;
}

/// A border tensor from its type and attributes.
static ModelTensor borderTensor(std::string name, mlir::Type type,
                                mlir::DictionaryAttr attributes) {
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  ModelTensor result{std::move(name),
                     hostType(tensor.getElementType()).value_or(DType::Undefined),
                     {tensor.getShape().begin(), tensor.getShape().end()}};
  result.bits = bitWidth(result.dtype);
  if (!attributes)
    return result;
  if (auto scale = attributes.getAs<mlir::FloatAttr>("quantc.scale"))
    result.scale = scale.getValue().convertToFloat();
  if (auto zero = attributes.getAs<mlir::IntegerAttr>("quantc.zero_point"))
    result.zeroPoint = int32_t(zero.getInt());
  if (auto bits = attributes.getAs<mlir::IntegerAttr>("quantc.bits"))
    result.bits = unsigned(bits.getInt());
  return result;
}

std::vector<ModelTensor> quantc::borderInputs(mlir::ModuleOp module) {
  std::vector<ModelTensor> tensors;
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  for (auto [i, spec] : llvm::enumerate(inputSpecs(module)))
    tensors.push_back(
        borderTensor(spec.name, main.getArgumentTypes()[i], main.getArgAttrDict(unsigned(i))));
  return tensors;
}

std::vector<ModelTensor> quantc::borderOutputs(mlir::ModuleOp module) {
  std::vector<ModelTensor> tensors;
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
    tensors.push_back(
        borderTensor("output_" + std::to_string(i), type, main.getResultAttrDict(unsigned(i))));
  return tensors;
}

static bool isSigned(DType type) { return type == DType::I8 || type == DType::I16; }
/// Whether the tensor holds codes.
static bool isCodes(DType type) {
  return isSigned(type) || type == DType::U8 || type == DType::U16;
}

/// A tensor of codes; `code(i)` is element i's.
template <typename Fn>
static HostTensor codeTensor(DType type, llvm::ArrayRef<int64_t> shape, Fn code) {
  HostTensor tensor = HostTensor::zeros(type, shape);
  auto fill = [&](auto values) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = std::remove_reference_t<decltype(values[i])>(code(i));
  };
  if (bitWidth(type) == 8)
    fill(tensor.mutableBytes());
  else
    fill(tensor.mutableValues<uint16_t>());
  return tensor;
}

std::vector<HostTensor> quantc::quantizeFeed(llvm::ArrayRef<ModelTensor> inputInfos,
                                             std::vector<HostTensor> inputs) {
  for (size_t i = 0; i < inputs.size() && i < inputInfos.size(); ++i) {
    const ModelTensor &info = inputInfos[i];
    if (inputs[i].dtype() != DType::F32 || !isCodes(info.dtype) || info.scale == 0)
      continue;
    int32_t codes = 1 << info.bits, lo = isSigned(info.dtype) ? -codes / 2 : 0;
    auto source = inputs[i].values<float>();
    inputs[i] = codeTensor(info.dtype, inputs[i].shape(), [&](size_t k) {
      return numerics::quantizeLinear(source[k], info.scale, info.zeroPoint, lo, lo + codes - 1);
    });
  }
  return inputs;
}

HostTensor quantc::dequantizeOutput(const ModelTensor &info, const HostTensor &output) {
  if (output.dtype() == DType::F32)
    return output;
  HostTensor result = HostTensor::zeros(DType::F32, output.shape());
  auto target = result.mutableValues<float>();
  for (int64_t i = 0; i < output.numElements(); ++i)
    target[i] = numerics::dequantizeLinear(int32_t(output.asInt(i)),
                                           info.scale == 0 ? 1 : info.scale, info.zeroPoint);
  return result;
}

std::vector<std::vector<HostTensor>> quantc::extremeFeeds(llvm::ArrayRef<ModelTensor> inputInfos) {
  std::vector<std::vector<HostTensor>> feeds;
  std::mt19937 random(1);
  enum Kind { Least, Greatest, Alternating, Random, RandomAgain, NumKinds };
  for (int kind = Least; kind < NumKinds; ++kind) {
    std::vector<HostTensor> feed;
    for (const ModelTensor &info : inputInfos) {
      auto pick = [&](int64_t i) -> double { // in [0, 1]
        if (kind == Least || kind == Greatest)
          return kind == Greatest;
        return kind == Alternating ? double(i & 1) : random() / double(random.max());
      };
      if (isCodes(info.dtype)) {
        int least = isSigned(info.dtype) ? 1 << (info.bits - 1) : 0;
        feed.push_back(codeTensor(info.dtype, info.shape, [&](size_t i) {
          return int(pick(int64_t(i)) * ((1 << info.bits) - 1)) - least;
        }));
        continue;
      }
      HostTensor tensor = HostTensor::zeros(info.dtype, info.shape);
      if (info.dtype == DType::F32)
        for (int64_t i = 0; i < tensor.numElements(); ++i)
          tensor.mutableValues<float>()[i] =
              float((pick(i) - 0.5) * 1e4 * (kind == RandomAgain ? 1e-3 : 1));
      feed.push_back(std::move(tensor));
    }
    feeds.push_back(std::move(feed));
  }
  return feeds;
}
