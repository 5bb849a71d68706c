//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Ranges are sound: random integer networks are run on random and extreme inputs, and every value
// and every accumulator lies within what the analysis says, per channel. They are tight too, where
// the analysis claims to be exact: an input exists that reaches each end of a contraction's range.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "quantc/Analysis/OverflowProof.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Reference/Interpreter.h"
#include "gtest/gtest.h"
#include <random>
#include <sstream>

using namespace quantc;
using numerics::IntRange;

namespace {

template <typename Fn> std::string denseOf(size_t n, Fn value, const std::string &type) {
  std::ostringstream text;
  text << "dense<\"0x";
  (void)type;
  for (size_t i = 0; i < n; ++i) {
    uint64_t v = static_cast<uint64_t>(static_cast<int64_t>(value(i)));
    int bytes = type == "si32" ? 4 : 1;
    for (int b = 0; b < bytes; ++b)
      text << "0123456789ABCDEF"[v >> (8 * b + 4) & 15] << "0123456789ABCDEF"[v >> (8 * b) & 15];
  }
  text << "\">";
  return text.str();
}

/// A random network on tensor<1x3x6x6xui8>: convolutions with requantization, sums, pools, tables.
class Network {
public:
  explicit Network(unsigned seed) : rng(seed) {
    text << "func.func @main(%x: tensor<1x3x6x6xui8>) -> tensor<1x4xui8> {\n"
         << "%z32 = dyad.constant dense<0> : tensor<si32>\n%z = dyad.constant dense<"
         << pick(0, 255) << "> : tensor<ui8>\n";
    std::string a = requantized(conv("%x", 3, 4, 1), 4), b = requantized(conv("%x", 3, 4, 1), 4);
    std::string sum = add(a, b), product = mul(a, b);
    std::string table = lookup(sum);
    std::string joined = fresh();
    text << joined << " = dyad.concat " << table << ", " << product
         << " {axis = 1 : i64} : (tensor<1x4x6x6xui8>, tensor<1x4x6x6xui8>) -> "
            "tensor<1x8x6x6xui8>\n";
    std::string deep = requantized(conv(joined, 8, 4, 4), 4);
    std::string pooled = fresh(), mean = fresh(), sums = fresh();
    text << pooled << " = dyad.max_pool " << deep
         << " {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, "
            "1>, pads "
            "= array<i64: 1, 1, 1, 1>} : (tensor<1x4x6x6xui8>) -> tensor<1x4x6x6xui8>\n";
    text << mean << " = dyad.sum_pool " << pooled
         << ", %z {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: "
            "1, 1>, "
            "pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x6x6xui8>, tensor<ui8>) -> "
            "tensor<1x4x6x6xsi32>\n";
    std::string small = requantized(mean, 4);
    text << sums << " = dyad.reduce_sum " << small
         << ", %z {axes = array<i64: 2, 3>, keepdims = false} : (tensor<1x4x6x6xui8>, tensor<ui8>) "
            "-> "
            "tensor<1x4xsi32>\n";
    std::string out = fresh();
    text << out << " = dyad.requantize " << sums << ", %z32, " << constant({}, "si32", multiplier())
         << ", " << constant({}, "si32", std::to_string(pick(26, 34)))
         << ", %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x4xsi32>, tensor<si32>, "
            "tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x4xui8>\n"
         << "return " << out << " : tensor<1x4xui8>\n}\n";
  }
  std::string str() const { return constants.str().empty() ? text.str() : inserted(); }

private:
  int64_t pick(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(rng);
  }
  std::string multiplier() { return std::to_string(2 * pick(1 << 22, (1 << 23) - 1) + 1); }
  std::string fresh() { return "%v" + std::to_string(next++); }
  std::string inserted() const {
    std::string all = text.str();
    return all.insert(all.find("{\n") + 2, constants.str());
  }
  std::string constant(const std::vector<int64_t> &shape, const std::string &element,
                       const std::string &value) {
    std::string name = fresh(), type = "tensor<";
    for (int64_t size : shape)
      type += std::to_string(size) + "x";
    bool raw = value.rfind("dense", 0) == 0;
    constants << name << " = dyad.constant " << (raw ? value : "dense<" + value + ">") << " : "
              << type << element << ">\n";
    return name;
  }
  std::string conv(const std::string &in, int64_t channels, int64_t outputs, int64_t groups) {
    int64_t perGroup = channels / groups;
    auto n = static_cast<size_t>(outputs * perGroup * 9);
    std::string w = constant({outputs, perGroup, 3, 3}, "si8",
                             denseOf(n, [&](size_t) { return pick(-128, 127); }, "si8"));
    std::string b = constant(
        {outputs}, "si32",
        denseOf(static_cast<size_t>(outputs), [&](size_t) { return pick(-20000, 20000); }, "si32"));
    std::string out = fresh(), c = std::to_string(channels), o = std::to_string(outputs);
    text << out << " = dyad.conv " << in << ", " << w << ", " << b
         << ", %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, "
            "1, 1, "
            "1>, groups = "
         << groups << " : i64} : (tensor<1x" << c << "x6x6xui8>, tensor<" << o << "x" << perGroup
         << "x3x3xsi8>, tensor<" << o << "xsi32>, tensor<ui8>) -> tensor<1x" << o << "x6x6xsi32>\n";
    return out;
  }
  std::string requantized(const std::string &in, int64_t channels) {
    std::string m = constant({channels, 1, 1}, "si32",
                             denseOf(
                                 static_cast<size_t>(channels),
                                 [&](size_t) { return std::stoll(multiplier()); }, "si32"));
    std::string s = constant(
        {channels, 1, 1}, "si32",
        denseOf(static_cast<size_t>(channels), [&](size_t) { return pick(27, 34); }, "si32"));
    std::string out = fresh(), c = std::to_string(channels);
    text << out << " = dyad.requantize " << in << ", %z32, " << m << ", " << s
         << ", %z {clamp_lo = " << pick(0, 20) << " : i32, clamp_hi = " << pick(200, 255)
         << " : i32} : (tensor<1x" << c << "x6x6xsi32>, tensor<si32>, tensor<" << c
         << "x1x1xsi32>, tensor<" << c << "x1x1xsi32>, tensor<ui8>) -> tensor<1x" << c
         << "x6x6xui8>\n";
    return out;
  }
  std::string add(const std::string &a, const std::string &b) {
    std::string ma = constant({}, "si32", std::to_string(pick(-2097151, 2097151)));
    std::string mb = constant({}, "si32", std::to_string(pick(-2097151, 2097151)));
    std::string s = constant({}, "si32", std::to_string(pick(18, 24))), out = fresh();
    text << out << " = dyad.add " << a << ", " << b << ", %z, %z, " << ma << ", " << mb << ", " << s
         << ", %z {clamp_lo = 1 : i32, clamp_hi = 254 : i32} : (tensor<1x4x6x6xui8>, "
            "tensor<1x4x6x6xui8>, tensor<ui8>, tensor<ui8>, tensor<si32>, tensor<si32>, "
            "tensor<si32>, "
            "tensor<ui8>) -> tensor<1x4x6x6xui8>\n";
    return out;
  }
  std::string mul(const std::string &a, const std::string &b) {
    std::string out = fresh();
    text << out << " = dyad.mul " << a << ", " << b
         << ", %z, %z : (tensor<1x4x6x6xui8>, tensor<1x4x6x6xui8>, tensor<ui8>, tensor<ui8>) -> "
            "tensor<1x4x6x6xsi32>\n";
    return requantized(out, 4);
  }
  std::string lookup(const std::string &in) {
    std::string table =
        constant({256}, "ui8", denseOf(256, [&](size_t) { return pick(0, 255); }, "ui8"));
    std::string out = fresh();
    text << out << " = dyad.lookup " << in << ", " << table
         << " : (tensor<1x4x6x6xui8>, tensor<256xui8>) -> tensor<1x4x6x6xui8>\n";
    return out;
  }

  std::mt19937 rng;
  std::ostringstream text, constants;
  int next = 0;
};

class RangeTest : public ::testing::Test {
protected:
  RangeTest() { context.loadDialect<mlir::func::FuncDialect, dyad::DyadDialect>(); }
  mlir::MLIRContext context;
};

/// Every element of `tensor` is inside the range of its channel and of the value.
void expectInside(mlir::Value value, const HostTensor &tensor, const ResultRange &range) {
  int64_t inner = 1;
  if (range.channelAxis >= 0)
    for (int64_t size : tensor.shape().drop_front(range.channelAxis + 1))
      inner *= size;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    int64_t v = tensor.asInt(i);
    ASSERT_TRUE(range.range.contains(v)) << v;
    if (range.channels.empty())
      continue;
    ASSERT_EQ(static_cast<int64_t>(range.channels.size()), tensor.dim(range.channelAxis));
    IntRange channel = range.channels[i / inner % tensor.dim(range.channelAxis)];
    ASSERT_TRUE(channel.contains(v))
        << v << " outside [" << channel.lo << ", " << channel.hi << "]";
    ASSERT_TRUE(range.range.contains(channel));
  }
}

TEST_F(RangeTest, RandomNetworksStayInside) {
  for (unsigned seed = 0; seed < 25; ++seed) {
    std::string text = Network(seed).str();
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    RangeAnalysis ranges(*module);
    auto interpreter = Interpreter::create(*module);
    ASSERT_TRUE(static_cast<bool>(interpreter)) << llvm::toString(interpreter.takeError());
    int seen = 0;
    interpreter->setObserver([&](mlir::Value value, const HostTensor &tensor) -> llvm::Error {
      const ResultRange *range = ranges.lookup(value);
      EXPECT_NE(range, nullptr);
      if (range)
        expectInside(value, tensor, *range);
      ++seen;
      return llvm::Error::success();
    });
    std::mt19937 rng(seed);
    for (int kind = 0; kind < 6; ++kind) {
      std::vector<uint8_t> x(3 * 36);
      for (uint8_t &v : x)
        v = kind == 0   ? 0
            : kind == 1 ? 255
            : kind == 2 ? static_cast<uint8_t>(rng() & 1 ? 255 : 0)
                        : static_cast<uint8_t>(rng());
      auto results = interpreter->run({HostTensor::from<uint8_t>({1, 3, 6, 6}, x)});
      ASSERT_TRUE(static_cast<bool>(results)) << llvm::toString(results.takeError());
    }
    EXPECT_GT(seen, 6 * 15);
    EXPECT_TRUE(proveAccumulators(*module, ranges).allProven());
    if (HasFailure())
      FAIL() << text;
  }
}

TEST_F(RangeTest, ContractionRangesAreReached) {
  std::mt19937 rng(5);
  for (int i = 0; i < 20; ++i) {
    std::vector<int8_t> w(24);
    for (int8_t &v : w)
      v = static_cast<int8_t>(rng());
    int zeroPoint = static_cast<int>(rng() % 256);
    std::string text =
        "func.func @main(%x: tensor<1x24xui8>) -> tensor<1x1xsi32> {\n%w = dyad.constant " +
        denseOf(
            24, [&](size_t k) { return w[k]; }, "si8") +
        " : tensor<1x24xsi8>\n%b = dyad.constant dense<-77> : tensor<1xsi32>\n%z = dyad.constant "
        "dense<" +
        std::to_string(zeroPoint) +
        "> : tensor<ui8>\n%0 = dyad.linear %x, %w, %b, %z : (tensor<1x24xui8>, tensor<1x24xsi8>, "
        "tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32>\nreturn %0 : tensor<1x1xsi32>\n}";
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    RangeAnalysis ranges(*module);
    OverflowReport report = proveAccumulators(*module, ranges);
    ASSERT_EQ(report.proofs.size(), 1u);
    auto interpreter = Interpreter::create(*module);
    ASSERT_TRUE(static_cast<bool>(interpreter));
    for (bool greatest : {false, true}) {
      std::vector<uint8_t> x(24);
      for (size_t k = 0; k < 24; ++k)
        x[k] = (w[k] > 0) == greatest ? 255 : 0;
      auto results = interpreter->run({HostTensor::from<uint8_t>({1, 24}, x)});
      ASSERT_TRUE(static_cast<bool>(results));
      EXPECT_EQ((*results)[0].asInt(0),
                greatest ? report.proofs[0].range.hi : report.proofs[0].range.lo);
    }
  }
}

TEST_F(RangeTest, ValuesThatAreNoIntegerTensorsAreUnknown) {
  auto module =
      mlir::parseSourceString<mlir::ModuleOp>("func.func @main(%x: tensor<1xf32>, %i: index, %n: "
                                              "tensor<2xi8>, %u: tensor<2xui4>) { return }",
                                              &context);
  ASSERT_TRUE(module);
  RangeAnalysis ranges(*module);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  for (unsigned i : {0u, 1u, 2u})
    EXPECT_EQ(ranges.lookup(function.getArgument(i)), nullptr) << i;
  ASSERT_NE(ranges.lookup(function.getArgument(3)), nullptr);
  EXPECT_EQ(ranges.lookup(function.getArgument(3))->range, IntRange(0, 15));
}

} // namespace
