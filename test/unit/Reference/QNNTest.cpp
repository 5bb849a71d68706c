//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// qnn.quantize, dequantize and observe; and the interpreter as the engine of calibration.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"
#include "quantc/Reference/InterpreterExecutor.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

class QNN : public RunText {};

TEST_F(QNN, QuantizeRoundsHalfToEvenBeforeTheZeroPoint) {
  std::vector<float> x = {0.25f, 0.75f, -0.25f,   -0.75f,    1.25f,
                          1e9f,  -1e9f, INFINITY, -INFINITY, NAN};
  auto results = run(oneOp("qnn.quantize %a0, %a1, %a2",
                           {"tensor<10xf32>", "tensor<f32>", "tensor<ui8>"}, "tensor<10xui8>"),
                     {tensor({10}, x), scalar(0.5f), scalar<uint8_t>(3)});
  ASSERT_EQ(results.size(), 1u);
  // x / 0.5 = 0.5, 1.5, -0.5, -1.5, 2.5 -> 0, 2, 0, -2, 2
  EXPECT_EQ(valuesOf<uint8_t>(results[0]),
            (std::vector<uint8_t>{3, 5, 3, 1, 5, 255, 0, 255, 0, 3}));
}

TEST_F(QNN, QuantizePerChannel) {
  auto results =
      run(oneOp("qnn.quantize %a0, %a1, %a2 {axis = 1 : i64}",
                {"tensor<1x2x2xf32>", "tensor<2xf32>", "tensor<2xsi8>"}, "tensor<1x2x2xsi8>"),
          {tensor<float>({1, 2, 2}, {1, -1, 1, -1}), tensor<float>({2}, {0.5f, 0.01f}),
           tensor<int8_t>({2}, {0, 50})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<int8_t>(results[0]), (std::vector<int8_t>{2, -2, 127, -50}));
}

TEST_F(QNN, DequantizeIsExactInTheDifference) {
  auto results =
      run(oneOp("qnn.dequantize %a0, %a1, %a2 {axis = 0 : i64}",
                {"tensor<2x2xsi32>", "tensor<2xf32>", "tensor<2xsi32>"}, "tensor<2x2xf32>"),
          {tensor<int32_t>({2, 2}, {INT32_MAX, INT32_MIN, 7, -7}),
           tensor<float>({2}, {0.5f, 0.25f}), tensor<int32_t>({2}, {-1, 3})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]),
            (std::vector<float>{1073741824.0f, -1073741824.0f, 1.0f, -2.5f}));
}

// Quantizing what dequantizing gives is the identity, for every code of every 8-bit type.
TEST_F(QNN, RoundTripOfEveryCode) {
  std::vector<uint8_t> codes(256);
  for (int i = 0; i < 256; ++i)
    codes[i] = static_cast<uint8_t>(i);
  for (float scale : {0.1f, 0.0078125f, 3.7e-5f, 1e20f}) {
    auto results = run(R"(
      func.func @main(%x: tensor<256xui8>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<256xui8> {
        %0 = qnn.dequantize %x, %s, %z : (tensor<256xui8>, tensor<f32>, tensor<ui8>) -> tensor<256xf32>
        %1 = qnn.quantize %0, %s, %z : (tensor<256xf32>, tensor<f32>, tensor<ui8>) -> tensor<256xui8>
        return %1 : tensor<256xui8>
      })",
                       {tensor({256}, codes), scalar(scale), scalar<uint8_t>(77)});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(valuesOf<uint8_t>(results[0]), codes);
  }
}

TEST_F(QNN, QuantizeToNarrowTypes) {
  auto results =
      run(oneOp("qnn.quantize %a0, %a1, %a2", {"tensor<4xf32>", "tensor<f32>", "tensor<si4>"},
                "tensor<4xsi4>"),
          {tensor<float>({4}, {-9, -8, 6.6f, 8}), scalar(1.0f), HostTensor::zeros(DType::I4, {})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].asInt(0), -8);
  EXPECT_EQ(results[0].asInt(1), -8);
  EXPECT_EQ(results[0].asInt(2), 7);
  EXPECT_EQ(results[0].asInt(3), 7);
}

TEST_F(QNN, ScalesThatAreNoScales) {
  for (float scale : {0.0f, -1.0f, NAN, INFINITY})
    EXPECT_NE(errorOf(oneOp("qnn.quantize %a0, %a1, %a2",
                            {"tensor<1xf32>", "tensor<f32>", "tensor<ui8>"}, "tensor<1xui8>"),
                      {tensor<float>({1}, {1}), scalar(scale), scalar<uint8_t>(0)})
                  .find("expected a positive finite scale"),
              std::string::npos);
}

//===----------------------------------------------------------------------===//
// InterpreterExecutor
//===----------------------------------------------------------------------===//

const char *observedModel = R"(
  func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %0 = qnn.observe %x as "x" : tensor<?x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
    %1 = nn.relu %0 : tensor<?x2xf32>
    %2 = qnn.observe %1 as "y" : tensor<?x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
    return %2 : tensor<?x2xf32>
  })";

TEST_F(QNN, ExecutorHandsOverWhatIsAskedFor) {
  auto module = parse(observedModel);
  ASSERT_TRUE(module);
  auto executor = InterpreterExecutor::create(*module);
  ASSERT_TRUE(static_cast<bool>(executor)) << llvm::toString(executor.takeError());
  ASSERT_EQ((*executor)->observed().size(), 2u);
  EXPECT_EQ((*executor)->observed()[0].name, "x");
  EXPECT_EQ((*executor)->observed()[1].name, "y");
  for (int64_t batch : {1, 3}) {
    Feed feed;
    feed.inputs.push_back(
        {"x", tensor({batch, 2}, std::vector<float>(static_cast<size_t>(2 * batch), -2.0f))});
    int calls = 0;
    llvm::Error error = (*executor)->run(
        feed, {1}, [&](int id, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape) {
          ++calls;
          EXPECT_EQ(id, 1);
          EXPECT_EQ(shape, (llvm::ArrayRef<int64_t>{batch, 2}));
          EXPECT_EQ(values.vec(), std::vector<float>(static_cast<size_t>(2 * batch), 0.0f));
        });
    EXPECT_FALSE(static_cast<bool>(error));
    EXPECT_EQ(calls, 1);
  }
}

TEST_F(QNN, ExecutorErrorsNameTheRun) {
  auto module = parse(observedModel);
  auto executor = InterpreterExecutor::create(*module);
  ASSERT_TRUE(static_cast<bool>(executor));
  Feed feed;
  feed.label = "samples 0..0 of data.npz";
  feed.inputs.push_back({"x", tensor<float>({3}, {1, 2, 3})});
  llvm::Error error = (*executor)->run(feed, {0}, [](int, auto, auto) {});
  EXPECT_EQ(llvm::toString(std::move(error)),
            "samples 0..0 of data.npz: input 0: expected float32 [?, 2], but found float32 [3]");
}

TEST_F(QNN, ExecutorRefusesTwoObserversOfOneName) {
  std::string text = observedModel;
  text.replace(text.find("\"y\""), 3, "\"x\"");
  auto module = parse(text);
  ASSERT_TRUE(module);
  auto executor = InterpreterExecutor::create(*module);
  ASSERT_FALSE(static_cast<bool>(executor));
  EXPECT_EQ(llvm::toString(executor.takeError()),
            "expected observers of different names, but found two of 'x'");
}

// Codes 1, -8, 7 and -1, 2, 0 with a scale and a zero point a row.
TEST_F(QNN, GroupedLinearOnFloats) {
  const std::string op = "qnn.grouped_linear %a0, %a1, %a2 zeros(%a3) bias(%a4) group 8 bits 16 of "
                         "<4, signed = true, symmetric = false, narrow = false>";
  auto results =
      run(oneOp(op,
                {"tensor<2x3xf32>", "tensor<2x2xui8>", "tensor<2x1xf32>", "tensor<2x1xsi8>",
                 "tensor<2xf32>"},
                "tensor<2x2xf32>"),
          {tensor<float>({2, 3}, {1, 2, 4, 0, -1, 0}),
           tensor<uint8_t>({2, 2}, {0x81, 0x07, 0x2f, 0x00}), tensor<float>({2, 1}, {0.5f, 0.25f}),
           tensor<int8_t>({2, 1}, {1, -1}), tensor<float>({2}, {0, 10})});
  ASSERT_EQ(results.size(), 1u);
  // Weights are 0.5 * (0, -9, 6) and 0.25 * (0, 3, 1).
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{3, 12.5f, 4.5f, 9.25f}));
}

// A row of 127, -64 and 0 has scale 1; one of zeros gives the bias.
TEST_F(QNN, GroupedLinearOnRowsInEightBits) {
  const std::string op = "qnn.grouped_linear %a0, %a1, %a2 bias(%a3) group 3 bits 8 of "
                         "<4, signed = false, symmetric = false, narrow = false>";
  auto results = run(
      oneOp(op, {"tensor<2x3xf32>", "tensor<1x2xui8>", "tensor<1x1xf32>", "tensor<1xf32>"},
            "tensor<2x1xf32>"),
      {tensor<float>({2, 3}, {127, -63.5f, 0.25f, 0, 0, 0}), tensor<uint8_t>({1, 2}, {0x1f, 0x0f}),
       tensor<float>({1, 1}, {2}), tensor<float>({1}, {3})});
  ASSERT_EQ(results.size(), 1u);
  // 127 * 15 - 64 * 1 + 0 * 15: the half of -63.5 goes to the even code.
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{2 * (127 * 15 - 64) + 3, 3}));
}

} // namespace
