//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants of compiled code that lie in one blob, and what compilation leaves behind.
//
//===----------------------------------------------------------------------===//

#include "ParseModule.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class SharedConstants : public ParseModule {
protected:
  /// x + w + w, where each w is a constant of its own over the same blob.
  OwningOpRef<ModuleOp> twice() {
    OwningOpRef<ModuleOp> module = parse(R"(
func.func @main(%x: tensor<2048xf32>) -> tensor<2048xf32> {
  %a = nn.constant dense<0.0> : tensor<2048xf32>
  %b = nn.constant dense<1.0> : tensor<2048xf32>
  %s = nn.add %x, %a : (tensor<2048xf32>, tensor<2048xf32>) -> tensor<2048xf32>
  %t = nn.mul %s, %b : (tensor<2048xf32>, tensor<2048xf32>) -> tensor<2048xf32>
  return %t : tensor<2048xf32>
}
)");
    if (!module)
      return module;
    std::vector<float> values(2048);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = float(int(i % 7) - 3);
    auto type = RankedTensorType::get({2048}, Float32Type::get(module->getContext()));
    ElementsAttr weights = makeFloatWeights(type, values, "w");
    module->walk([&](nn::ConstantOp constant) { constant.setValueAttr(weights); });
    return module;
  }
};

} // namespace

TEST_F(SharedConstants, OfOneBlobAreBothRead) {
  OwningOpRef<ModuleOp> module = twice();
  ASSERT_TRUE(module);
  std::vector<float> x(2048, 1.0f);
  for (int repetition = 0; repetition < 2; ++repetition) {
    auto model = compileInProcess(*module, kernels::bestHostLevel());
    ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());
    auto outputs = (*model)->run({HostTensor::from<float>({2048}, x)});
    ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
    auto y = outputs->front().values<float>();
    for (size_t i = 0; i < x.size(); ++i) {
      float w = float(int(i % 7) - 3);
      ASSERT_EQ(y[i], (1 + w) * w) << i;
    }
  }
  // The module's own weights are still there: the second compilation found them, and so does this.
  module->walk([&](nn::ConstantOp constant) { EXPECT_TRUE(readFloats(constant.getValue())); });
}
