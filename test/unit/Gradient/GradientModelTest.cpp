//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients in compiled code: the interpreter's bits, products of second order, straight-through
// rounding.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/GradientModel.h"
#include "NetworkTest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/ToKern/ToKern.h"
#include "quantc/Dialect/Kern/IR/Kern.h"
#include "quantc/Dialect/Kern/Transforms/Passes.h"
#include "quantc/Execution/CompileNode.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class GradientModelTest : public NetworkTest {
protected:
  GradientModelTest() {
    context.loadDialect<arith::ArithDialect, memref::MemRefDialect, scf::SCFDialect>();
  }

  template <typename T> T valueOf(llvm::Expected<T> value) {
    if (value)
      return std::move(*value);
    ADD_FAILURE() << llvm::toString(value.takeError());
    return T();
  }

  static HostTensor normal(ArrayRef<int64_t> shape, uint64_t seed) {
    HostTensor tensor = HostTensor::zeros(DType::F32, shape);
    ptq::Vector values = ptq::normalProbe(seed, 0, tensor.numElements());
    for (auto [i, value] : llvm::enumerate(tensor.mutableValues<float>()))
      value = static_cast<float>(values[static_cast<int64_t>(i)]);
    return tensor;
  }

  std::unique_ptr<GradientModel> gradientModel(ModuleOp module, nn::Loss loss, int threads = 1) {
    nn::GradientOptions options;
    options.loss = loss;
    return valueOf(GradientModel::create(module, options, kernels::bestHostLevel(), threads,
                                         {{}, /*biases=*/true}));
  }

  static ArrayRef<int64_t> outputShape(ModuleOp module) {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    return cast<RankedTensorType>(main.getResultTypes()[0]).getShape();
  }

  /// Of a copy, in bytes.
  int64_t arenaBytes(ModuleOp module) {
    OwningOpRef<ModuleOp> copy = module.clone();
    PassManager passes(&context);
    passes.addPass(createConvertToKern());
    passes.addNestedPass<func::FuncOp>(kern::createPartition());
    passes.addNestedPass<func::FuncOp>(kern::createPlanMemory());
    EXPECT_TRUE(succeeded(passes.run(*copy)));
    return copy->lookupSymbol<func::FuncOp>("main")
        ->getAttrOfType<IntegerAttr>("kern.arena_bytes")
        .getInt();
  }

  /// Compiled code on one and two threads gives what the interpreter gives, bit for bit; blocks
  /// that are computed again change no bit and shrink the arena.
  void expectInterpretersBits(const Network &network, bool shrinks) {
    OwningOpRef<ModuleOp> module = parse(network.text);
    nn::WeightInputOptions all{{}, true};
    FailureOr<std::vector<nn::WeightInput>> moved = nn::weightsToInputs(*module, all);
    ASSERT_TRUE(succeeded(moved));
    nn::GradientOptions options;
    options.loss = nn::Loss::KL;
    std::vector<HostTensor> inputs = network.inputs;
    for (const nn::WeightInput &weight : *moved) {
      options.wrt.push_back(weight.name);
      auto shape = cast<RankedTensorType>(weight.value.getType()).getShape();
      inputs.push_back(HostTensor::from<float>(shape, *readFloats(weight.value)));
    }
    inputs.push_back(normal(outputShape(*module), 3));
    nn::GradientSignature signature;
    auto built = valueOf(gradientModule(*module, options, signature));
    ASSERT_TRUE(built);
    auto interpreter = Interpreter::create(*built, "main", nodeCompiler());
    ASSERT_TRUE(bool(interpreter)) << llvm::toString(interpreter.takeError());
    std::vector<HostTensor> expected = valueOf(interpreter->run(inputs));
    auto expectBits = [&](ModuleOp gradient, int threads) {
      auto model = valueOf(compileInProcess(gradient, kernels::bestHostLevel(), threads));
      ASSERT_TRUE(model);
      std::vector<HostTensor> found = valueOf(model->run(inputs));
      ASSERT_EQ(found.size(), expected.size());
      for (size_t i = 0; i < found.size(); ++i)
        EXPECT_TRUE(bitEqual(found[i], expected[i])) << "result " << i << ", threads " << threads;
    };
    expectBits(*built, 2);
    options.recompute = true;
    auto again = valueOf(gradientModule(*module, options, signature));
    ASSERT_TRUE(again);
    EXPECT_GT(signature.blocks, 0u);
    EXPECT_LT(arenaBytes(*again), arenaBytes(*built) + !shrinks);
    expectBits(*again, 1);
  }
};

TEST_F(GradientModelTest, ConvolutionalBits) { expectInterpretersBits(convolutional(2), true); }
TEST_F(GradientModelTest, PooledBits) { expectInterpretersBits(pooled(1), false); }
TEST_F(GradientModelTest, LlamaBits) { expectInterpretersBits(llamaLike(5, true, false), true); }
TEST_F(GradientModelTest, BertBits) { expectInterpretersBits(bertLike(5), true); }

/// Codes between two linear maps: what fake quantization adds to a network.
TEST_F(GradientModelTest, QuantizedBits) {
  Network network;
  network.text = R"(
    func.func @main(%x: tensor<5x4xf32> {onnx.name = "x"}) -> (tensor<5x3xf32> {onnx.name = "y"}) {
      %w = nn.constant dense<[[0.5, -0.25, 1.0, 0.75], [0.125, 2.0, -1.5, 0.5], [1.0, -1.0, 0.25, 3.0]]> : tensor<3x4xf32>
      %v = nn.constant dense<[[0.5, 0.25, -1.0], [1.5, 2.0, 0.5], [-0.75, 1.0, 0.125]]> : tensor<3x3xf32>
      %s = nn.constant dense<0.03125> : tensor<f32>
      %z = nn.constant dense<7> : tensor<si8>
      %t = nn.linear %x, %w : (tensor<5x4xf32>, tensor<3x4xf32>) -> tensor<5x3xf32> loc("first")
      %q = qnn.quantize %t, %s, %z : (tensor<5x3xf32>, tensor<f32>, tensor<si8>) -> tensor<5x3xsi8> loc("q")
      %d = qnn.dequantize %q, %s, %z : (tensor<5x3xsi8>, tensor<f32>, tensor<si8>) -> tensor<5x3xf32> loc("d")
      %n = nn.relu %d : tensor<5x3xf32> loc("relu")
      %y = nn.linear %n, %v : (tensor<5x3xf32>, tensor<3x3xf32>) -> tensor<5x3xf32> loc("second")
      return %y : tensor<5x3xf32>
    })";
  network.inputs = {normal({5, 4}, 8)};
  expectInterpretersBits(network, false);
}

/// One linear map, mean of squares: H = 2/N (x^T x) for each output, exactly.
TEST_F(GradientModelTest, HessianOfLinearMap) {
  constexpr int64_t rows = 6, inputs = 3, outputs = 2;
  auto module = parse(R"(
    func.func @main(%x: tensor<6x3xf32> {onnx.name = "x"}) -> (tensor<6x2xf32> {onnx.name = "y"}) {
      %w = nn.constant dense<[[0.5, -0.25, 1.0], [0.125, 2.0, -1.5]]> : tensor<2x3xf32>
      %y = nn.linear %x, %w : (tensor<6x3xf32>, tensor<2x3xf32>) -> tensor<6x2xf32> loc("map")
      return %y : tensor<6x2xf32>
    })");
  auto model = gradientModel(*module, nn::Loss::MeanSquare);
  ASSERT_TRUE(model);
  ASSERT_EQ(model->size(), inputs * outputs);
  EXPECT_EQ(model->weights()[0].name, "map:weight");
  HostTensor x = normal({rows, inputs}, 1), target = normal({rows, outputs}, 2);
  ptq::Vector v = ptq::normalProbe(5, 0, model->size()), before = model->point();
  ptq::Vector product = valueOf(model->hessianProduct({x}, target, v));
  EXPECT_TRUE(before == model->point());
  ASSERT_EQ(product.size(), model->size());
  ArrayRef<float> values = x.values<float>();
  ptq::Vector expected = ptq::Vector::Zero(model->size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t i = 0; i < inputs; ++i)
        for (int64_t k = 0; k < inputs; ++k)
          expected[o * inputs + i] += 2.0 / (rows * outputs) * values[r * inputs + i] *
                                      values[r * inputs + k] * v[o * inputs + k];
  // ptq::differenceProduct: sqrt(2^-23) (1 + norm of the point).
  double bound = std::sqrt(ptq::kFloatRoundoff) * (1 + before.norm());
  EXPECT_LE((product - expected).norm(), bound * expected.norm());
}

/// <J v, c> = <v, J^T c>: a difference of outputs against the reverse mode.
TEST_F(GradientModelTest, JacobianMeetsItsAdjoint) {
  Network network = convolutional(2);
  auto module = parse(network.text);
  auto reverse = gradientModel(*module, nn::Loss::Cotangent);
  auto forward = valueOf(WeightedModel::create(*module, kernels::bestHostLevel(), 1, {{}, true}));
  ASSERT_TRUE(reverse && forward);
  HostTensor c = normal(outputShape(*module), 9);
  ptq::Vector gradient = valueOf(reverse->gradient(network.inputs, c));
  for (uint64_t probe : {0, 1}) {
    ptq::Vector v = ptq::normalProbe(4, probe, reverse->size());
    ptq::Vector product = valueOf(jacobianProduct(*forward, network.inputs, v));
    double left = 0, size = 0;
    for (auto [i, value] : llvm::enumerate(c.values<float>())) {
      left += value * product[static_cast<int64_t>(i)];
      size += std::fabs(value * product[static_cast<int64_t>(i)]);
    }
    double bound = std::sqrt(ptq::kFloatRoundoff) * (1 + reverse->point().norm());
    EXPECT_NEAR(left, gradient.dot(v), bound * size);
  }
}

/// Esser et al., equation 3, on each side of each bound; a weight's own scale for each row.
TEST_F(GradientModelTest, LearnedStepSize) {
  auto module = parse(R"(
    func.func @main(%x: tensor<2x4xf32> {onnx.name = "x"}, %s: tensor<2xf32> {onnx.name = "s"})
        -> (tensor<2x4xf32> {onnx.name = "y"}) {
      %z = nn.constant dense<[0, 3]> : tensor<2xsi8>
      %q = qnn.quantize %x, %s, %z {axis = 0 : i64, bits = 4 : i64}
          : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x4xsi8> loc("q")
      %t = nn.reshape %q : (tensor<2x4xsi8>) -> tensor<2x4xsi8> loc("t")
      %y = qnn.dequantize %t, %s, %z {axis = 0 : i64}
          : (tensor<2x4xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x4xf32> loc("d")
      return %y : tensor<2x4xf32>
    })");
  nn::GradientOptions options;
  options.loss = nn::Loss::Cotangent;
  options.wrt = {"x", "s"};
  ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
  auto interpreter = Interpreter::create(*module);
  ASSERT_TRUE(bool(interpreter)) << llvm::toString(interpreter.takeError());
  std::vector<float> x = {0.3f, -5.9f, 10.0f, 4.4f, -11.5f, 0.6f, 9.0f, -2.2f}, s = {0.75f, 1.0f};
  std::vector<float> c = {1, -2, 3, 0.5, -1, 4, 2, 1}, dx(8), ds(2);
  int64_t zeros[] = {0, 3};
  for (size_t i = 0; i < 8; ++i) {
    double quotient = x[i] / s[i / 4];
    auto zero = static_cast<double>(zeros[i / 4]), code = std::nearbyint(quotient) + zero;
    bool inside = code >= -8 && code <= 7;
    dx[i] = inside ? c[i] : 0;
    ds[i / 4] +=
        static_cast<float>(c[i] * (std::clamp(code, -8.0, 7.0) - zero - (inside ? quotient : 0)));
  }
  std::vector<HostTensor> results =
      valueOf(interpreter->run({HostTensor::from<float>({2, 4}, x), HostTensor::from<float>({2}, s),
                                HostTensor::from<float>({2, 4}, c)}));
  ASSERT_EQ(results.size(), 3u);
  for (size_t i = 0; i < 8; ++i) // times s, over s
    EXPECT_NEAR(results[1].values<float>()[i], dx[i], std::fabs(dx[i]) * 0x1p-22) << i;
  for (size_t i = 0; i < 2; ++i) // eight terms below 64, some roundings each
    EXPECT_NEAR(results[2].values<float>()[i], ds[i], 8 * 8 * 64 * 0x1p-24) << i;
}

/// <R x, c> = <x, R^T c>, and R^T R c = c.
TEST_F(GradientModelTest, HadamardIsTurnedBack) {
  auto module = parse(R"(
    func.func @main(%x: tensor<3x12xf32> {onnx.name = "x"}) -> (tensor<3x12xf32> {onnx.name = "y"}) {
      %y = qnn.hadamard %x {size = 12 : i64, sign_seed = 3 : i64} : tensor<3x12xf32> loc("turn")
      return %y : tensor<3x12xf32>
    })");
  nn::GradientOptions options;
  options.loss = nn::Loss::Cotangent;
  options.wrt = {"x"};
  ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
  auto interpreter = Interpreter::create(*module);
  ASSERT_TRUE(bool(interpreter)) << llvm::toString(interpreter.takeError());
  HostTensor x = normal({3, 12}, 1), c = normal({3, 12}, 2);
  std::vector<HostTensor> results = valueOf(interpreter->run({x, c}));
  double right = 0;
  for (size_t i = 0; i < 36; ++i)
    right += double(x.values<float>()[i]) * results[1].values<float>()[i];
  // 36 terms below 16, with a dozen roundings each.
  EXPECT_NEAR(results[0].values<float>()[0], right, 36 * 16 * 12 * 0x1p-24);
}

TEST_F(GradientModelTest, RefusalsAreMessages) {
  Network network = convolutional(1);
  auto module = parse(network.text);
  nn::GradientOptions options;
  options.wrt = {"nowhere"};
  nn::GradientSignature signature;
  auto built = gradientModule(*module, options, signature);
  ASSERT_FALSE(bool(built));
  std::string message = llvm::toString(built.takeError());
  EXPECT_NE(message.find("nothing is called 'nowhere'"), std::string::npos) << message;
}

} // namespace
