//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad.conv and dyad.linear against plain loops in 64 bits: random shapes of every rank, groups,
// strides, dilations and asymmetric padding, every weight width, and the limits of 32 bits.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"

using namespace quantc;
using namespace quantc::test;

namespace {

class DyadContraction : public RunText {};

struct ConvCase {
  RandomWindow window;
  int64_t batch, groups, channels, outputs; // channels, outputs: of one group

  ConvCase(std::mt19937 &rng, int rank) : window(rng, rank) {
    auto pick = [&](int64_t lo, int64_t hi) {
      return std::uniform_int_distribution<int64_t>(lo, hi)(rng);
    };
    batch = pick(1, 2);
    groups = pick(1, 3);
    channels = pick(1, 4);
    outputs = pick(1, 8);
  }
  Sizes inputShape() const { return joined({batch, groups * channels}, window.input); }
  Sizes weightShape() const { return joined({groups * outputs, channels}, window.kernel); }
  Sizes resultShape() const { return joined({batch, groups * outputs}, window.output); }

  std::string text(const std::string &input, const std::string &weight) const {
    return oneOp("dyad.conv " + operandList(4) + " {" + window.attributes() +
                     ", groups = " + std::to_string(groups) + " : i64}",
                 {tensorType(inputShape(), input), tensorType(weightShape(), weight),
                  tensorType({groups * outputs}, "si32"), "tensor<" + input + ">"},
                 tensorType(resultShape(), "si32"));
  }

  template <typename X, typename W>
  std::vector<int32_t> expected(const std::vector<X> &x, const std::vector<W> &w,
                                const std::vector<int32_t> &bias, int64_t zeroPoint) const {
    std::vector<int32_t> sums;
    int64_t positions = countOf(window.output), inputSize = countOf(window.input);
    int64_t taps = countOf(window.kernel), allOutputs = groups * outputs;
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t o = 0; o < allOutputs; ++o)
        for (int64_t p = 0; p < positions; ++p) {
          int64_t sum = bias[o];
          window.forEachTap(p, [&](int64_t tap, int64_t at) {
            for (int64_t c = 0; c < channels && at >= 0; ++c) {
              int64_t channel = n * groups * channels + o / outputs * channels + c;
              sum += int64_t(w[(o * channels + c) * taps + tap]) *
                     (int64_t(x[channel * inputSize + at]) - zeroPoint);
            }
          });
          sums.push_back(static_cast<int32_t>(sum));
        }
    return sums;
  }
};

TEST_F(DyadContraction, ConvEqualsPlainLoops) {
  std::mt19937 rng(1);
  for (int i = 0; i < 150; ++i) {
    ConvCase c(rng, 1 + i % 3);
    auto x = randomIntegers<uint8_t>(rng, countOf(c.inputShape()), 0, 255);
    auto w = randomIntegers<int8_t>(rng, countOf(c.weightShape()), -128, 127);
    auto bias = randomIntegers<int32_t>(rng, c.groups * c.outputs, -100000, 100000);
    auto zeroPoint = randomIntegers<uint8_t>(rng, 1, 0, 255);
    auto results =
        run(c.text("ui8", "si8"), {tensor(c.inputShape(), x), tensor(c.weightShape(), w),
                                   tensor({c.groups * c.outputs}, bias), scalar(zeroPoint[0])});
    ASSERT_EQ(results.size(), 1u);
    ASSERT_EQ(valuesOf<int32_t>(results[0]), c.expected(x, w, bias, zeroPoint[0]))
        << c.text("ui8", "si8");
  }
}

TEST_F(DyadContraction, ConvTakesSignedInputsAndWideWeights) {
  std::mt19937 rng(2);
  for (int i = 0; i < 30; ++i) {
    ConvCase c(rng, 2);
    auto x = randomIntegers<int8_t>(rng, countOf(c.inputShape()), -128, 127);
    auto w = randomIntegers<int16_t>(rng, countOf(c.weightShape()), -32768, 32767);
    std::vector<int32_t> bias(static_cast<size_t>(c.groups * c.outputs), 7);
    auto results =
        run(c.text("si8", "si16"), {tensor(c.inputShape(), x), tensor(c.weightShape(), w),
                                    tensor({c.groups * c.outputs}, bias), scalar<int8_t>(-128)});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(valuesOf<int32_t>(results[0]), c.expected(x, w, bias, -128));
  }
}

// A pointwise convolution takes its input as it is, without unfolding: sizes around the tiles.
TEST_F(DyadContraction, PointwiseConvAroundTileSizes) {
  std::mt19937 rng(3);
  for (int64_t positions : {1, 15, 16, 17, 33, 1500})
    for (int64_t outputs : {1, 5, 6, 7, 13}) {
      ConvCase c(rng, 1);
      c.batch = 2;
      c.groups = 1;
      c.channels = 70;
      c.outputs = outputs;
      c.window.input = c.window.output = {positions};
      c.window.kernel = c.window.strides = c.window.dilations = {1};
      c.window.pads = {0, 0};
      auto x = randomIntegers<uint8_t>(rng, countOf(c.inputShape()), 0, 255);
      auto w = randomIntegers<int8_t>(rng, countOf(c.weightShape()), -127, 127);
      auto bias = randomIntegers<int32_t>(rng, outputs, -5, 5);
      auto results =
          run(c.text("ui8", "si8"), {tensor(c.inputShape(), x), tensor(c.weightShape(), w),
                                     tensor({outputs}, bias), scalar<uint8_t>(128)});
      ASSERT_EQ(results.size(), 1u);
      ASSERT_EQ(valuesOf<int32_t>(results[0]), c.expected(x, w, bias, 128));
    }
}

TEST_F(DyadContraction, LinearEqualsPlainLoops) {
  std::mt19937 rng(4);
  for (int64_t rows : {1, 3, 16, 17, 40})
    for (int64_t depth : {1, 7, 64, 300})
      for (int64_t outputs : {1, 6, 10, 65}) {
        auto x = randomIntegers<int8_t>(rng, rows * depth, -128, 127);
        auto w = randomIntegers<int8_t>(rng, outputs * depth, -128, 127);
        auto bias = randomIntegers<int32_t>(rng, outputs, -1000000, 1000000);
        std::string text =
            oneOp("dyad.linear " + operandList(4),
                  {tensorType({1, rows, depth}, "si8"), tensorType({outputs, depth}, "si8"),
                   tensorType({outputs}, "si32"), "tensor<si8>"},
                  tensorType({1, rows, outputs}, "si32"));
        auto results = run(text, {tensor({1, rows, depth}, x), tensor({outputs, depth}, w),
                                  tensor({outputs}, bias), scalar<int8_t>(-3)});
        ASSERT_EQ(results.size(), 1u);
        std::vector<int32_t> expected;
        for (int64_t m = 0; m < rows; ++m)
          for (int64_t n = 0; n < outputs; ++n) {
            int32_t sum = bias[n];
            for (int64_t k = 0; k < depth; ++k)
              sum += w[n * depth + k] * (x[m * depth + k] + 3);
            expected.push_back(sum);
          }
        ASSERT_EQ(valuesOf<int32_t>(results[0]), expected);
      }
}

// Both operands broadcast over leading axes; each has a zero point.
TEST_F(DyadContraction, MatMulEqualsPlainLoops) {
  std::mt19937 rng(6);
  for (int64_t rows : {1, 5})
    for (int64_t depth : {1, 33})
      for (int64_t columns : {1, 40}) {
        auto a = randomIntegers<uint8_t>(rng, 2 * rows * depth, 0, 255);
        auto b = randomIntegers<int8_t>(rng, 3 * depth * columns, -128, 127);
        std::string text =
            oneOp("dyad.matmul " + operandList(4),
                  {tensorType({2, 1, rows, depth}, "ui8"), tensorType({3, depth, columns}, "si8"),
                   "tensor<ui8>", "tensor<si8>"},
                  tensorType({2, 3, rows, columns}, "si32"));
        auto results = run(text, {tensor({2, 1, rows, depth}, a), tensor({3, depth, columns}, b),
                                  scalar<uint8_t>(100), scalar<int8_t>(-7)});
        ASSERT_EQ(results.size(), 1u);
        std::vector<int32_t> expected;
        for (int64_t i = 0; i < 2; ++i)
          for (int64_t j = 0; j < 3; ++j)
            for (int64_t m = 0; m < rows; ++m)
              for (int64_t n = 0; n < columns; ++n) {
                int32_t sum = 0;
                for (int64_t k = 0; k < depth; ++k)
                  sum += (a[(i * rows + m) * depth + k] - 100) *
                         (b[(j * depth + k) * columns + n] + 7);
                expected.push_back(sum);
              }
        ASSERT_EQ(valuesOf<int32_t>(results[0]), expected);
      }
}

// Weights of 4 and 2 bits as constants: every value of the type, packed nowhere in the result.
TEST_F(DyadContraction, NarrowWeights) {
  std::string text = R"(
    func.func @main(%x: tensor<1x4xui8>) -> (tensor<1x2xsi32>, tensor<1x1xsi32>) {
      %w4 = dyad.constant dense<[[-8, 7, -1, 0], [1, 2, 3, 4]]> : tensor<2x4xsi4>
      %w2 = dyad.constant dense<[[-2, -1, 0, 1]]> : tensor<1x4xsi2>
      %b2 = dyad.constant dense<[100, -100]> : tensor<2xsi32>
      %b1 = dyad.constant dense<0> : tensor<1xsi32>
      %zp = dyad.constant dense<10> : tensor<ui8>
      %0 = dyad.linear %x, %w4, %b2, %zp
        : (tensor<1x4xui8>, tensor<2x4xsi4>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
      %1 = dyad.linear %x, %w2, %b1, %zp
        : (tensor<1x4xui8>, tensor<1x4xsi2>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32>
      return %0, %1 : tensor<1x2xsi32>, tensor<1x1xsi32>
    })";
  auto results = run(text, {tensor<uint8_t>({1, 4}, {0, 10, 255, 11})});
  ASSERT_EQ(results.size(), 2u);
  // x - 10 = [-10, 0, 245, 1]
  EXPECT_EQ(valuesOf<int32_t>(results[0]),
            (std::vector<int32_t>{80 - 245 + 100, -10 + 735 + 4 - 100}));
  EXPECT_EQ(valuesOf<int32_t>(results[1]), (std::vector<int32_t>{20 + 1}));
}

//===----------------------------------------------------------------------===//
// The limits of 32 bits
//===----------------------------------------------------------------------===//

static std::string wideLinear(int64_t depth) {
  return oneOp("dyad.linear " + operandList(4),
               {tensorType({1, depth}, "ui8"), tensorType({1, depth}, "si32"), "tensor<1xsi32>",
                "tensor<ui8>"},
               "tensor<1x1xsi32>");
}

TEST_F(DyadContraction, PartialSumsMayLeave32BitsWhenTheSumFits) {
  auto results = run(wideLinear(3), {tensor<uint8_t>({1, 3}, {1, 1, 1}),
                                     tensor<int32_t>({1, 3}, {INT32_MAX, INT32_MAX, INT32_MIN}),
                                     tensor<int32_t>({1}, {INT32_MIN}), scalar<uint8_t>(0)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<int32_t>(results[0]), (std::vector<int32_t>{-2}));
}

TEST_F(DyadContraction, LargestAndSmallestSums) {
  for (int32_t limit : {INT32_MAX, INT32_MIN}) {
    auto results =
        run(wideLinear(2), {tensor<uint8_t>({1, 2}, {1, 1}), tensor<int32_t>({1, 2}, {limit, 1}),
                            tensor<int32_t>({1}, {-1}), scalar<uint8_t>(0)});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(valuesOf<int32_t>(results[0]), (std::vector<int32_t>{limit}));
  }
}

TEST_F(DyadContraction, ASumBeyond32BitsIsAnError) {
  std::string message = errorOf(wideLinear(2), {tensor<uint8_t>({1, 2}, {1, 1}),
                                                tensor<int32_t>({1, 2}, {INT32_MAX, 1}),
                                                tensor<int32_t>({1}, {0}), scalar<uint8_t>(0)});
  EXPECT_NE(message.find("expected accumulators of 32 bits, but found the sum 2147483648 in output "
                         "channel 0 [NUM-ACC-1]"),
            std::string::npos)
      << message;
}

// The safe depth of u8 * s8 in 32 bits: 65793 products of 255 * -128 fit, one more does not.
TEST_F(DyadContraction, SafeDepth) {
  for (int64_t depth : {65793, 65794}) {
    std::string text = oneOp("dyad.linear " + operandList(4),
                             {tensorType({1, depth}, "ui8"), tensorType({1, depth}, "si8"),
                              "tensor<1xsi32>", "tensor<ui8>"},
                             "tensor<1x1xsi32>");
    std::vector<HostTensor> inputs = {tensor({1, depth}, std::vector<uint8_t>(depth, 255)),
                                      tensor({1, depth}, std::vector<int8_t>(depth, -128)),
                                      tensor<int32_t>({1}, {0}), scalar<uint8_t>(0)};
    if (depth == 65793) {
      auto results = run(text, inputs);
      ASSERT_EQ(results.size(), 1u);
      EXPECT_EQ(valuesOf<int32_t>(results[0])[0], -255 * 128 * 65793);
    } else {
      EXPECT_NE(errorOf(text, inputs).find("-2147516160"), std::string::npos);
    }
  }
}

TEST_F(DyadContraction, DynamicBatch) {
  std::string text =
      oneOp("dyad.conv " + operandList(4) +
                " {strides = array<i64: 1>, dilations = array<i64: 1>, pads = "
                "array<i64: 0, 0>}",
            {"tensor<?x1x?xui8>", "tensor<1x1x2xsi8>", "tensor<1xsi32>", "tensor<ui8>"},
            "tensor<?x1x?xsi32>");
  auto results =
      run(text, {tensor<uint8_t>({2, 1, 3}, {1, 2, 3, 4, 5, 6}), tensor<int8_t>({1, 1, 2}, {1, 10}),
                 tensor<int32_t>({1}, {0}), scalar<uint8_t>(0)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].shape(), (llvm::ArrayRef<int64_t>{2, 1, 2}));
  EXPECT_EQ(valuesOf<int32_t>(results[0]), (std::vector<int32_t>{21, 32, 54, 65}));
}

} // namespace
