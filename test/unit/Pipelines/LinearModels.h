//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models of linear layers whose weights are random, and data for them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_PIPELINES_LINEARMODELS_H
#define QUANTC_TEST_UNIT_PIPELINES_LINEARMODELS_H

#include "mlir/Support/LLVM.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/PTQ/Curvature.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace quantc::test {

/// Runs of one float input each.
class Samples : public DataSet {
public:
  explicit Samples(std::vector<HostTensor> tensors) : tensors(std::move(tensors)) {}
  int64_t numRuns() const override { return static_cast<int64_t>(tensors.size()); }
  int64_t numSamples() const override { return numRuns(); }
  quantc::DataLayout layout() const override { return quantc::DataLayout::Stack; }
  llvm::Expected<Feed> feed(int64_t run) override {
    Feed feed;
    feed.inputs.push_back({"x", tensors[run]});
    return feed;
  }

private:
  std::vector<HostTensor> tensors;
};

inline HostTensor normal(llvm::ArrayRef<int64_t> shape, uint64_t seed) {
  HostTensor tensor = HostTensor::zeros(DType::F32, shape);
  ptq::Vector values = ptq::normalProbe(seed, 0, tensor.numElements());
  for (auto [i, value] : llvm::enumerate(tensor.mutableValues<float>()))
    value = static_cast<float>(values[static_cast<int64_t>(i)]);
  return tensor;
}

inline std::vector<HostTensor> samples(int64_t count, llvm::ArrayRef<int64_t> shape) {
  std::vector<HostTensor> result;
  for (int64_t i = 0; i < count; ++i)
    result.push_back(normal(shape, 100 + i));
  return result;
}

inline double squares(const HostTensor &tensor) {
  double sum = 0;
  for (float value : tensor.values<float>())
    sum += double(value) * value;
  return sum;
}

inline std::string constantOf(const HostTensor &tensor, const std::string &type) {
  std::string text = "nn.constant dense<\"0x";
  for (uint8_t byte : tensor.bytes())
    text += llvm::formatv("{0:X-2}", byte).str();
  return text + "\"> : " + type;
}

/// "tensor<1x1x8xf32>": rank 3 is no classifier, rank 2 is.
inline std::string rowType(int64_t size, bool classifier) {
  return std::string("tensor<") + (classifier ? "1x" : "1x1x") + std::to_string(size) + "xf32>";
}

/// A chain y = W2 W1 x of linear layers named "layer0", "layer1", ...
inline std::string linearChain(llvm::ArrayRef<HostTensor> weights, bool classifier) {
  std::string in = rowType(weights.front().shape()[1], classifier), value = "%x", body;
  std::string out = rowType(weights.back().shape()[0], classifier);
  std::string text = "func.func @main(%x: " + in + " {onnx.name = \"x\"}) -> (" + out +
                     " {onnx.name = \"y\"}) {\n";
  for (auto [i, weight] : llvm::enumerate(weights)) {
    std::string number = std::to_string(i);
    std::string type = llvm::formatv("tensor<{0}x{1}xf32>", weight.shape()[0], weight.shape()[1]);
    std::string result = rowType(weight.shape()[0], classifier);
    text += "%w" + number + " = " + constantOf(weight, type) + "\n%y" + number + " = nn.linear " +
            value + ", %w" + number + " : (" + rowType(weight.shape()[1], classifier) + ", " +
            type + ") -> " + result + " loc(\"layer" + number + "\")\n";
    value = "%y" + number;
  }
  return text + "return " + value + " : " + out + "\n}";
}

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_PIPELINES_LINEARMODELS_H
