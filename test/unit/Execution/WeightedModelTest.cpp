//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights as inputs compute what constants compute, bit for bit.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/WeightedModel.h"
#include "NetworkTest.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class WeightedModelTest : public NetworkTest {
protected:
  static std::vector<float> floats(llvm::Expected<std::vector<HostTensor>> outputs) {
    if (!outputs) {
      ADD_FAILURE() << llvm::toString(outputs.takeError());
      return {};
    }
    std::vector<float> all;
    for (const HostTensor &output : *outputs)
      llvm::append_range(all, output.values<float>());
    return all;
  }

  std::unique_ptr<WeightedModel> weighted(ModuleOp module, int threads,
                                          const nn::WeightInputOptions &options) {
    auto model = WeightedModel::create(module, kernels::bestHostLevel(), threads, options);
    if (model)
      return std::move(*model);
    ADD_FAILURE() << llvm::toString(model.takeError());
    return nullptr;
  }

  std::vector<float> withConstants(ModuleOp module, ArrayRef<HostTensor> inputs) {
    auto model = compileInProcess(module, kernels::bestHostLevel());
    if (!model) {
      ADD_FAILURE() << llvm::toString(model.takeError());
      return {};
    }
    return floats((*model)->run(inputs));
  }

  /// As constants, as inputs, and with one weight doubled in either way.
  void expectSame(const Network &network) {
    OwningOpRef<ModuleOp> module = parse(network.text);
    ASSERT_TRUE(module);
    std::vector<float> expected = withConstants(*module, network.inputs);
    for (int threads : {1, 2}) {
      auto model = weighted(*module, threads, {{}, /*biases=*/true});
      ASSERT_TRUE(model);
      EXPECT_FALSE(model->weights().empty());
      EXPECT_EQ(floats(model->run(network.inputs)), expected);
      for (size_t i = 0; threads == 1 && i < model->weights().size(); ++i)
        expectSameDoubled(network, *module, *model, i);
    }
  }

  void expectSameDoubled(const Network &network, ModuleOp module, WeightedModel &model, size_t i) {
    HostTensor doubled = model.original(i);
    for (float &value : doubled.mutableValues<float>())
      value *= 2;
    OwningOpRef<ModuleOp> changed = module.clone();
    doubleConstant(*changed, model.weights()[i]);
    ASSERT_FALSE(llvm::errorToBool(model.set(i, doubled)));
    std::vector<float> found = floats(model.run(network.inputs));
    EXPECT_EQ(found, withConstants(*changed, network.inputs)) << model.weights()[i].name;
    model.reset(i);
  }

  /// Doubles the constant that the weight was, for its own node alone.
  static void doubleConstant(ModuleOp module, const nn::WeightInput &weight) {
    module.walk([&](LinearMapOpInterface op) {
      if (getNodeName(op) != weight.node)
        return;
      Value value = weight.isBias ? op.getBiasValue() : op.getWeightOperand().get();
      std::vector<float> values = *readFloats(weight.value);
      for (float &number : values)
        number *= 2;
      OpBuilder builder(op);
      Value changed = nn::ConstantOp::create(
          builder, op.getLoc(),
          makeFloatWeights(cast<RankedTensorType>(value.getType()), values, "doubled"));
      if (weight.isBias)
        op.setBiasValue(changed);
      else
        op.getWeightOperand().set(changed);
    });
  }
};

TEST_F(WeightedModelTest, SameFloatsAsConstants) {
  expectSame(convolutional(2));
  expectSame(pooled(1));
}

TEST_F(WeightedModelTest, OtherShapesAreRefused) {
  Network network = convolutional(1);
  OwningOpRef<ModuleOp> module = parse(network.text);
  auto model = weighted(*module, 1, {});
  ASSERT_TRUE(model);
  std::string message = llvm::toString(model->set(0, HostTensor::zeros(DType::F32, {1})));
  EXPECT_NE(message.find("expected float32 ["), std::string::npos) << message;
  EXPECT_NE(message.find("but found float32 [1]"), std::string::npos) << message;
}

} // namespace
