//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The integer form of every op family against simulated quantization in float: both run in the
// interpreter on the same random integers, and no output may be more than one step apart. Two
// roundings to nearest of nearly equal reals differ by more only when one of them is wrong.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/NNToDyad/NNToDyad.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Reference/Interpreter.h"
#include "gtest/gtest.h"
#include <random>

using namespace quantc;

namespace {
/// A function of two ui8 tensors of type `input`; `body` computes %y of type `output` from the
/// dequantized %a (scale 0.05, zero point 101) and %b (scale 0.031, zero point 3).
struct Case {
  const char *name;
  const char *input;
  const char *output;
  const char *body;
  float outScale;
  int outZeroPoint;
};

class Rounding : public ::testing::TestWithParam<Case> {
protected:
  Rounding() {
    context
        .loadDialect<mlir::func::FuncDialect, nn::NNDialect, qnn::QNNDialect, dyad::DyadDialect>();
  }

  static std::string text(const Case &c) {
    std::string in = std::string("tensor<") + c.input, out = std::string("tensor<") + c.output;
    std::string s = "func.func @main(%x: " + in + "xui8>, %z: " + in + "xui8>) -> " + out +
                    "xui8> {\n  %sa = nn.constant dense<0.05> : tensor<f32>\n"
                    "  %za = nn.constant dense<101> : tensor<ui8>\n"
                    "  %sb = nn.constant dense<0.031> : tensor<f32>\n"
                    "  %zb = nn.constant dense<3> : tensor<ui8>\n";
    for (const char *t : {"a", "b"})
      s += std::string("  %") + t + " = qnn.dequantize %" + (*t == 'a' ? "x" : "z") + ", %s" + t +
           ", %z" + t + " : (" + in + "xui8>, tensor<f32>, tensor<ui8>) -> " + in + "xf32>\n";
    s += c.body;
    s += "\n  %sy = nn.constant dense<" + std::to_string(c.outScale) +
         "> : tensor<f32>\n  %zy = nn.constant dense<" + std::to_string(c.outZeroPoint) +
         "> : tensor<ui8>\n  %q = qnn.quantize %y, %sy, %zy : (" + out +
         "xf32>, tensor<f32>, tensor<ui8>) -> " + out + "xui8>\n  return %q : " + out +
         "xui8>\n}\n";
    return s;
  }

  std::vector<uint8_t> run(mlir::ModuleOp module, llvm::ArrayRef<HostTensor> inputs) {
    llvm::Expected<Interpreter> interpreter = Interpreter::create(module);
    if (!interpreter) {
      ADD_FAILURE() << llvm::toString(interpreter.takeError());
      return {};
    }
    llvm::Expected<std::vector<HostTensor>> results = interpreter->run(inputs);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    llvm::ArrayRef<uint8_t> values = results->front().values<uint8_t>();
    return {values.begin(), values.end()};
  }

  mlir::MLIRContext context;
};

HostTensor randomTensor(mlir::RankedTensorType type, std::mt19937 &random) {
  HostTensor tensor = HostTensor::zeros(DType::U8, type.getShape());
  for (uint8_t &value : tensor.mutableValues<uint8_t>())
    value = static_cast<uint8_t>(random() & 255);
  return tensor;
}

TEST_P(Rounding, IsWithinOneStepOfFloat) {
  const Case &c = GetParam();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text(c), &context);
  ASSERT_TRUE(module) << text(c);
  mlir::OwningOpRef<mlir::ModuleOp> integers = module->clone();
  mlir::PassManager manager(&context);
  manager.addPass(createConvertNNToDyad());
  ASSERT_TRUE(mlir::succeeded(manager.run(*integers)));
  integers->walk([&](mlir::Operation *op) {
    EXPECT_FALSE(llvm::isa<qnn::DequantizeOp>(op) || op->getName().getStringRef() == "nn.add")
        << "float left";
  });
  std::mt19937 random(7);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  auto type = llvm::cast<mlir::RankedTensorType>(function.getArgumentTypes()[0]);
  int64_t total = 0, different = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<HostTensor> inputs = {randomTensor(type, random), randomTensor(type, random)};
    std::vector<uint8_t> expected = run(*module, inputs), found = run(*integers, inputs);
    ASSERT_EQ(expected.size(), found.size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_LE(std::abs(int(expected[i]) - int(found[i])), 1) << "round " << round << " at " << i;
      different += expected[i] != found[i];
      ++total;
    }
  }
  // A step apart only where the real lies within rounding noise of a half; the scales of the cases
  // have no common factor that would make exact halves frequent.
  EXPECT_LE(different * 100, total);
}

constexpr const char *convBody = R"(
  %w = nn.constant dense<[[[[23, -81, 3], [127, 0, 5], [-9, 44, -120]]], [[[1, 2, 3], [4, -5, 6], [-127, 8, 9]]]]> : tensor<2x1x3x3xsi8>
  %sw = nn.constant dense<[0.0123, 0.00071]> : tensor<2xf32>
  %zw = nn.constant dense<0> : tensor<2xsi8>
  %dw = qnn.dequantize %w, %sw, %zw : (tensor<2x1x3x3xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x1x3x3xf32>
  %bias = nn.constant dense<[100, -2000]> : tensor<2xsi32>
  %sbias = nn.constant dense<[0.000615, 0.0000355]> : tensor<2xf32>
  %zbias = nn.constant dense<0> : tensor<2xsi32>
  %dbias = qnn.dequantize %bias, %sbias, %zbias : (tensor<2xsi32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<2xf32>
  %c = nn.conv %a, %dw, %dbias {strides = array<i64: 2, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 0, 1, 1>, groups = 2 : i64} : (tensor<1x2x5x6xf32>, tensor<2x1x3x3xf32>, tensor<2xf32>) -> tensor<1x2x3x5xf32>
  %y = nn.clip %c {lo = -3.0 : f32, hi = 6.0 : f32} : tensor<1x2x3x5xf32>)";
constexpr const char *poolBody = R"(
  %y = nn.avg_pool %a {kernel = array<i64: 3, 2>, strides = array<i64: 2, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 0>} : (tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32>)";
constexpr const char *meanBody = R"(
  %y = nn.reduce_mean %a {axes = array<i64: 2, 3>, keepdims = false} : (tensor<1x2x5x6xf32>) -> tensor<1x2xf32>)";
constexpr const char *sumBody = R"(
  %t = nn.sub %a, %b : (tensor<1x2x5x6xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x5x6xf32>
  %y = nn.relu %t : tensor<1x2x5x6xf32>)";
constexpr const char *productBody = R"(
  %y = nn.mul %a, %b : (tensor<1x2x5x6xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x5x6xf32>)";
constexpr const char *unaryBody = R"(
  %t = nn.hard_swish %a : tensor<1x2x5x6xf32>
  %y = nn.tanh %t : tensor<1x2x5x6xf32>)";
constexpr const char *concatBody = R"(
  %y = nn.concat %a, %b {axis = 1 : i64} : (tensor<1x2x5x6xf32>, tensor<1x2x5x6xf32>) -> tensor<1x4x5x6xf32>)";
constexpr const char *padBody = R"(
  %t = nn.pad %a {pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 2>, value = 1.234 : f32} : (tensor<1x2x5x6xf32>) -> tensor<1x2x6x8xf32>
  %y = nn.relu %t : tensor<1x2x6x8xf32>)";

INSTANTIATE_TEST_SUITE_P(
    Families, Rounding,
    ::testing::Values(Case{"conv", "1x2x5x6", "1x2x3x5", convBody, 0.04f, 90},
                      Case{"average", "1x2x5x6", "1x2x3x6", poolBody, 0.033f, 77},
                      Case{"mean", "1x2x5x6", "1x2", meanBody, 0.0213f, 120},
                      Case{"difference", "1x2x5x6", "1x2x5x6", sumBody, 0.047f, 11},
                      Case{"product", "1x2x5x6", "1x2x5x6", productBody, 0.3f, 128},
                      Case{"unary", "1x2x5x6", "1x2x5x6", unaryBody, 0.0078f, 55},
                      Case{"concat", "1x2x5x6", "1x4x5x6", concatBody, 0.0613f, 99},
                      Case{"pad", "1x2x5x6", "1x2x6x8", padBody, 0.0613f, 99}),
    [](const auto &info) { return std::string(info.param.name); });
} // namespace
