//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The interpreter itself: what it refuses and how it says so, constants, observers, repeated runs.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"

using namespace quantc;
using namespace quantc::test;

namespace {

class InterpreterTest : public RunText {};

TEST_F(InterpreterTest, ListsEveryOpThatItCannotEvaluate) {
  context.allowUnregisteredDialects();
  EXPECT_EQ(errorOf(R"(
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf64> {
      %0 = "other.first"(%x) : (tensor<2xf32>) -> tensor<2xf32> loc("node_a")
      %1 = nn.relu %0 : tensor<2xf32>
      %2 = nn.cast %1 : (tensor<2xf32>) -> tensor<2xf64>
      %3 = nn.relu %2 : tensor<2xf64> loc(fused["node_b", "node_c"])
      return %3 : tensor<2xf64>
    })"),
            "node 'node_a' (other.first): the interpreter has no evaluation for this op\n"
            "node 'node_b' (nn.relu): expected float tensors of float32, but found float64 [2]");
}

TEST_F(InterpreterTest, MissingFunction) {
  EXPECT_EQ(errorOf("func.func private @main(tensor<1xf32>)"),
            "expected a function 'main' with a body, but found none");
  EXPECT_EQ(errorOf("func.func @other() { return }"),
            "expected a function 'main' with a body, but found none");
}

const char *reluText = R"(
  func.func @main(%x: tensor<?x2xf32> {onnx.name = "image"}) -> tensor<?x2xf32> {
    %0 = nn.relu %x : tensor<?x2xf32>
    return %0 : tensor<?x2xf32>
  })";

TEST_F(InterpreterTest, InputsThatDoNotFit) {
  EXPECT_EQ(errorOf(reluText), "expected 1 inputs, but found 0");
  EXPECT_EQ(errorOf(reluText, {tensor<float>({1, 3}, {1, 2, 3})}),
            "input 0 ('image'): expected float32 [?, 2], but found float32 [1, 3]");
  EXPECT_EQ(errorOf(reluText, {tensor<uint8_t>({1, 2}, {1, 2})}),
            "input 0 ('image'): expected float32 [?, 2], but found uint8 [1, 2]");
  EXPECT_EQ(errorOf(reluText, {tensor<float>({2}, {1, 2})}),
            "input 0 ('image'): expected float32 [?, 2], but found float32 [2]");
}

TEST_F(InterpreterTest, RunTimeErrorsNameTheNode) {
  std::string message = errorOf(R"(
    func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %0 = nn.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> loc("sum")
      return %0 : tensor<?xf32>
    })",
                                {tensor<float>({2}, {1, 2}), tensor<float>({3}, {1, 2, 3})});
  EXPECT_EQ(message.rfind("node 'sum' (nn.add): ", 0), 0u) << message;
}

TEST_F(InterpreterTest, ConstantWithoutItsData) {
  EXPECT_EQ(errorOf(R"(
    func.func @main() -> tensor<4xf32> {
      %0 = nn.constant dense_resource<gone> : tensor<4xf32> loc("weight")
      return %0 : tensor<4xf32>
    })"),
            "node 'weight' (nn.constant): expected a constant with its data, but found none: was "
            "the module printed without its weights?");
}

TEST_F(InterpreterTest, ConstantsOfEveryKind) {
  auto results = run(R"(
    func.func @main() -> (tensor<2xf32>, tensor<2x2xsi8>, tensor<3xi1>, tensor<si64>) {
      %0 = nn.constant dense_resource<blob> : tensor<2xf32>
      %1 = nn.constant dense<-5> : tensor<2x2xsi8>
      %2 = nn.constant dense<[true, false, true]> : tensor<3xi1>
      %3 = nn.constant dense<-9000000000> : tensor<si64>
      return %0, %1, %2, %3 : tensor<2xf32>, tensor<2x2xsi8>, tensor<3xi1>, tensor<si64>
    }
    {-# dialect_resources: { builtin: { blob: "0x040000000000803F00000040" } } #-})",
                     {});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{1, 2}));
  EXPECT_EQ(valuesOf<int8_t>(results[1]), (std::vector<int8_t>{-5, -5, -5, -5}));
  EXPECT_EQ(results[2].bytes().vec(), (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(valuesOf<int64_t>(results[3]), (std::vector<int64_t>{-9000000000}));
}

TEST_F(InterpreterTest, ArgumentsAndConstantsMayBeResultsAndUsedTwice) {
  auto results = run(R"(
    func.func @main(%x: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) {
      %c = nn.constant dense<2.0> : tensor<1xf32>
      %0 = nn.add %x, %x : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
      %1 = nn.mul %0, %c : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
      %2 = nn.add %0, %1 : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
      return %x, %c, %2 : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
    })",
                     {tensor<float>({1}, {3})});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].values<float>()[0], 3.0f);
  EXPECT_EQ(results[1].values<float>()[0], 2.0f);
  EXPECT_EQ(results[2].values<float>()[0], 18.0f);
}

TEST_F(InterpreterTest, RunsAgainWithAnotherBatchAndAfterAnError) {
  auto module = parse(reluText);
  auto interpreter = Interpreter::create(*module);
  ASSERT_TRUE(static_cast<bool>(interpreter));
  for (int64_t batch : {2, 0, 5}) {
    std::vector<float> x(static_cast<size_t>(2 * batch), -1.0f);
    auto results = interpreter->run({tensor({batch, 2}, x)});
    ASSERT_TRUE(static_cast<bool>(results)) << llvm::toString(results.takeError());
    EXPECT_EQ((*results)[0].shape(), (llvm::ArrayRef<int64_t>{batch, 2}));
    auto failed = interpreter->run({});
    EXPECT_FALSE(static_cast<bool>(failed));
    llvm::consumeError(failed.takeError());
  }
}

TEST_F(InterpreterTest, ObserverSeesEveryValueAndCanStop) {
  auto module = parse(R"(
    func.func @main(%x: tensor<1xsi8>) -> tensor<1xsi8> {
      %0 = dyad.reshape %x : (tensor<1xsi8>) -> tensor<1x1xsi8>
      %1 = dyad.reshape %0 : (tensor<1x1xsi8>) -> tensor<1xsi8>
      return %1 : tensor<1xsi8>
    })");
  ASSERT_TRUE(module);
  auto interpreter = Interpreter::create(*module);
  ASSERT_TRUE(static_cast<bool>(interpreter));
  std::vector<std::string> seen;
  interpreter->setObserver([&](mlir::Value, const HostTensor &value) -> llvm::Error {
    seen.push_back(value.typeString());
    return llvm::Error::success();
  });
  auto results = interpreter->run({tensor<int8_t>({1}, {-1})});
  ASSERT_TRUE(static_cast<bool>(results));
  EXPECT_EQ(seen, (std::vector<std::string>{"int8 [1, 1]", "int8 [1]"}));
  interpreter->setObserver(
      [](mlir::Value, const HostTensor &) { return llvm::createStringError("enough"); });
  auto stopped = interpreter->run({tensor<int8_t>({1}, {-1})});
  ASSERT_FALSE(static_cast<bool>(stopped));
  EXPECT_NE(llvm::toString(stopped.takeError()).find("enough"), std::string::npos);
}

} // namespace
