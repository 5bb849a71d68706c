//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// nn.conv, linear, matmul and batch_norm. The oracle is one std::fma per product in the documented
// order, then the bias, and results must have the same bits.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

class NNContraction : public RunText {};

TEST_F(NNContraction, ConvTakesOneFmaPerProductInOrder) {
  std::mt19937 rng(30);
  for (int i = 0; i < 100; ++i) {
    auto pick = [&](int64_t lo, int64_t hi) {
      return std::uniform_int_distribution<int64_t>(lo, hi)(rng);
    };
    RandomWindow window(rng, 1 + i % 3);
    int64_t groups = pick(1, 3), channels = pick(1, 5), outputs = pick(1, 8);
    bool hasBias = pick(0, 3) != 0;
    Sizes in = joined({2, groups * channels}, window.input);
    Sizes weights = joined({groups * outputs, channels}, window.kernel);
    Sizes out = joined({2, groups * outputs}, window.output);
    auto x = randomFloats(rng, countOf(in)), w = randomFloats(rng, countOf(weights));
    auto bias = randomFloats(rng, groups * outputs);
    std::vector<std::string> types = {tensorType(in, "f32"), tensorType(weights, "f32")};
    std::vector<HostTensor> inputs = {tensor(in, x), tensor(weights, w)};
    if (hasBias) {
      types.push_back(tensorType({groups * outputs}, "f32"));
      inputs.push_back(tensor({groups * outputs}, bias));
    }
    auto results = run(oneOp("nn.conv " + operandList(types.size()) + " {" + window.attributes() +
                                 ", groups = " + std::to_string(groups) + " : i64}",
                             types, tensorType(out, "f32")),
                       inputs);
    ASSERT_EQ(results.size(), 1u);
    int64_t positions = countOf(window.output), taps = countOf(window.kernel), index = 0;
    for (int64_t n = 0; n < 2; ++n)
      for (int64_t o = 0; o < groups * outputs; ++o)
        for (int64_t p = 0; p < positions; ++p, ++index) {
          float sum = 0.0f;
          window.forEachTap(p, [&](int64_t tap, int64_t at) {
            for (int64_t c = 0; c < channels; ++c) {
              int64_t plane = n * groups * channels + o / outputs * channels + c;
              float v = at < 0 ? 0.0f : x[plane * countOf(window.input) + at];
              sum = std::fma(w[(o * channels + c) * taps + tap], v, sum);
            }
          });
          ASSERT_EQ(results[0].values<float>()[index], hasBias ? sum + bias[o] : sum);
        }
  }
}

TEST_F(NNContraction, LinearTakesOneFmaPerProductInOrder) {
  std::mt19937 rng(31);
  for (int64_t rows : {1, 5, 17})
    for (int64_t depth : {1, 33, 200})
      for (int64_t outputs : {1, 7, 40}) {
        auto x = randomFloats(rng, rows * depth), w = randomFloats(rng, outputs * depth);
        auto bias = randomFloats(rng, outputs);
        auto results =
            run(oneOp("nn.linear %a0, %a1, %a2",
                      {tensorType({rows, depth}, "f32"), tensorType({outputs, depth}, "f32"),
                       tensorType({outputs}, "f32")},
                      tensorType({rows, outputs}, "f32")),
                {tensor({rows, depth}, x), tensor({outputs, depth}, w), tensor({outputs}, bias)});
        ASSERT_EQ(results.size(), 1u);
        for (int64_t m = 0; m < rows; ++m)
          for (int64_t n = 0; n < outputs; ++n) {
            float sum = 0.0f;
            for (int64_t k = 0; k < depth; ++k)
              sum = std::fma(w[n * depth + k], x[m * depth + k], sum);
            ASSERT_EQ(results[0].values<float>()[m * outputs + n], sum + bias[n]);
          }
      }
}

TEST_F(NNContraction, MatMulBroadcastsLeadingAxes) {
  std::mt19937 rng(32);
  auto a = randomFloats(rng, 2 * 1 * 3 * 20), b = randomFloats(rng, 4 * 20 * 17);
  auto results = run(oneOp("nn.matmul %a0, %a1", {"tensor<2x1x3x20xf32>", "tensor<4x20x17xf32>"},
                           "tensor<2x4x3x17xf32>"),
                     {tensor({2, 1, 3, 20}, a), tensor({4, 20, 17}, b)});
  ASSERT_EQ(results.size(), 1u);
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 4; ++j)
      for (int64_t m = 0; m < 3; ++m)
        for (int64_t n = 0; n < 17; ++n) {
          float sum = 0.0f;
          for (int64_t k = 0; k < 20; ++k)
            sum = std::fma(a[(i * 3 + m) * 20 + k], b[(j * 20 + k) * 17 + n], sum);
          ASSERT_EQ(results[0].values<float>()[((i * 4 + j) * 3 + m) * 17 + n], sum);
        }
}

// Values that do not survive arithmetic: padding multiplies zero, infinities meet, signs of zero.
TEST_F(NNContraction, SpecialValues) {
  float inf = std::numeric_limits<float>::infinity();
  auto results =
      run(oneOp("nn.conv %a0, %a1, %a2 {strides = array<i64: 1>, dilations = array<i64: "
                "1>, pads = array<i64: 1, 0>}",
                {"tensor<1x1x2xf32>", "tensor<1x1x2xf32>", "tensor<1xf32>"}, "tensor<1x1x2xf32>"),
          {tensor<float>({1, 1, 2}, {1.0f, -inf}), tensor<float>({1, 1, 2}, {2.0f, inf}),
           tensor<float>({1}, {-0.0f})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].values<float>()[0], inf);  // 2 * 0 + inf * 1
  EXPECT_EQ(results[0].values<float>()[1], -inf); // 2 * 1 + inf * -inf
}

TEST_F(NNContraction, BatchNormFollowsItsFormula) {
  std::mt19937 rng(33);
  auto x = randomFloats(rng, 2 * 3 * 4), scale = randomFloats(rng, 3), bias = randomFloats(rng, 3);
  auto mean = randomFloats(rng, 3);
  std::vector<float> variance = {0.0f, 0.5f, 4.0f};
  auto results = run(oneOp("nn.batch_norm " + operandList(5) + " {epsilon = 1.0e-3 : f32}",
                           {"tensor<2x3x4xf32>", "tensor<3xf32>", "tensor<3xf32>", "tensor<3xf32>",
                            "tensor<3xf32>"},
                           "tensor<2x3x4xf32>"),
                     {tensor({2, 3, 4}, x), tensor({3}, scale), tensor({3}, bias),
                      tensor({3}, mean), tensor({3}, variance)});
  ASSERT_EQ(results.size(), 1u);
  for (size_t i = 0; i < x.size(); ++i) {
    size_t c = i / 4 % 3;
    double expected = (double(x[i]) - mean[c]) / std::sqrt(variance[c] + 1e-3) * scale[c] + bias[c];
    EXPECT_NEAR(results[0].values<float>()[i], expected, 1e-5 * (1 + std::abs(expected)) * 32);
  }
}

} // namespace
