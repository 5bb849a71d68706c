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
#include "quantc/Numerics/Quantize.h"
#include <random>

using namespace quantc;

std::vector<HostTensor> quantc::feedTensors(const Feed &feed) {
  std::vector<HostTensor> tensors;
  for (const NamedTensor &input : feed.inputs)
    tensors.push_back(input.tensor);
  return tensors;
}

static bool isByte(DType type) { return type == DType::U8 || type == DType::I8; }

std::vector<HostTensor> quantc::quantizeFeed(llvm::ArrayRef<ModelTensor> inputInfos,
                                             std::vector<HostTensor> inputs) {
  for (size_t i = 0; i < inputs.size() && i < inputInfos.size(); ++i) {
    const ModelTensor &info = inputInfos[i];
    if (inputs[i].dtype() != DType::F32 || !isByte(info.dtype) || info.scale == 0)
      continue;
    HostTensor quantized = HostTensor::zeros(info.dtype, inputs[i].shape());
    int32_t codes = 1 << info.bits, lo = info.dtype == DType::U8 ? 0 : -codes / 2;
    auto target = quantized.mutableBytes();
    auto source = inputs[i].values<float>();
    for (size_t k = 0; k < source.size(); ++k)
      target[k] = uint8_t(
          numerics::quantizeLinear(source[k], info.scale, info.zeroPoint, lo, lo + codes - 1));
    inputs[i] = std::move(quantized);
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
      HostTensor tensor = HostTensor::zeros(info.dtype, info.shape);
      auto pick = [&](int64_t i) -> double { // in [0, 1]
        if (kind == Least || kind == Greatest)
          return kind == Greatest;
        return kind == Alternating ? double(i & 1) : random() / double(random.max());
      };
      for (int64_t i = 0; i < tensor.numElements(); ++i) {
        if (info.dtype == DType::F32)
          tensor.mutableValues<float>()[i] =
              float((pick(i) - 0.5) * 1e4 * (kind == RandomAgain ? 1e-3 : 1));
        else if (isByte(info.dtype))
          tensor.mutableBytes()[i] = uint8_t(int(pick(i) * ((1 << info.bits) - 1)) -
                                             (info.dtype == DType::I8 ? 1 << (info.bits - 1) : 0));
      }
      feed.push_back(std::move(tensor));
    }
    feeds.push_back(std::move(feed));
  }
  return feeds;
}
