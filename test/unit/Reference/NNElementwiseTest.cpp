//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Elementwise nn ops and softmax: against double precision with bounds from docs/Numerics.md, and
// exactly where the op is exact.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

const float inf = std::numeric_limits<float>::infinity();
const float nan = std::numeric_limits<float>::quiet_NaN();

class NNElementwise : public RunText {
protected:
  std::vector<float> unary(const std::string &op, const std::vector<float> &x,
                           const std::string &attributes = "") {
    std::string type = tensorType({static_cast<int64_t>(x.size())}, "f32");
    auto results = run("func.func @main(%x: " + type + ") -> " + type + " {\n%r = nn." + op +
                           " %x " + attributes + " : " + type + "\nreturn %r : " + type + "\n}",
                       {tensor({static_cast<int64_t>(x.size())}, x)});
    return results.empty() ? std::vector<float>() : valuesOf<float>(results[0]);
  }

  /// Every value within `ulps` units in the last place of the double result.
  void expectClose(const std::vector<float> &x, const std::vector<float> &y, double (*f)(double),
                   double ulps) {
    ASSERT_EQ(x.size(), y.size());
    for (size_t i = 0; i < x.size(); ++i) {
      double expected = f(x[i]);
      double ulp = std::max(std::abs(expected) * 0x1p-23, 0x1p-126);
      EXPECT_LE(std::abs(y[i] - expected), ulps * ulp) << x[i];
    }
  }
};

TEST_F(NNElementwise, ExactOps) {
  std::vector<float> x = {-inf, -2.5f, -0.0f, 0.0f, 1e-40f, 3.0f, 6.5f, inf};
  EXPECT_EQ(unary("relu", x), (std::vector<float>{0, 0, 0, 0, 1e-40f, 3, 6.5f, inf}));
  EXPECT_EQ(unary("clip", x, "{lo = -1.0 : f32, hi = 6.0 : f32}"),
            (std::vector<float>{-1, -1, -0.0f, 0, 1e-40f, 3, 6, 6}));
  // hi wins when the bounds cross
  EXPECT_EQ(unary("clip", {0.0f, 9.0f}, "{lo = 5.0 : f32, hi = 2.0 : f32}"),
            (std::vector<float>{2, 2}));
  EXPECT_EQ(unary("leaky_relu", {-4.0f, 4.0f}, "{alpha = 0.25 : f32}"),
            (std::vector<float>{-1, 4}));
  EXPECT_EQ(
      unary("hard_sigmoid", {-9.0f, 0.0f, 1.0f, 9.0f}, "{alpha = 0.25 : f32, beta = 0.5 : f32}"),
      (std::vector<float>{0, 0.5f, 0.75f, 1}));
  EXPECT_EQ(unary("hard_swish", {-3.0f, 0.0f, 3.0f, 100.0f}), (std::vector<float>{0, 0, 3, 100}));
}

TEST_F(NNElementwise, ElementaryFunctions) {
  std::vector<float> x;
  for (float v = -20.0f; v <= 20.0f; v += 0.0371f)
    x.push_back(v);
  expectClose(x, unary("sigmoid", x), [](double v) { return 1 / (1 + std::exp(-v)); }, 2.5);
  expectClose(x, unary("tanh", x), [](double v) { return std::tanh(v); }, 2.5);
}

TEST_F(NNElementwise, NotANumberStays) {
  for (const char *op : {"relu", "sigmoid", "tanh", "hard_swish"})
    EXPECT_TRUE(std::isnan(unary(op, {nan})[0])) << op;
  EXPECT_TRUE(std::isnan(unary("clip", {nan}, "{lo = 0.0 : f32, hi = 6.0 : f32}")[0]));
}

TEST_F(NNElementwise, BinaryOpsBroadcast) {
  std::mt19937 rng(40);
  auto a = randomFloats(rng, 2 * 1 * 4 * 3), b = randomFloats(rng, 5 * 1 * 3);
  struct Op {
    const char *name;
    float (*f)(float, float);
  };
  for (Op op : {Op{"add", [](float x, float y) { return x + y; }},
                Op{"sub", [](float x, float y) { return x - y; }},
                Op{"mul", [](float x, float y) { return x * y; }},
                Op{"div", [](float x, float y) { return x / y; }}}) {
    auto results = run(oneOp("nn." + std::string(op.name) + " %a0, %a1",
                             {"tensor<2x1x4x3xf32>", "tensor<5x1x3xf32>"}, "tensor<2x5x4x3xf32>"),
                       {tensor({2, 1, 4, 3}, a), tensor({5, 1, 3}, b)});
    ASSERT_EQ(results.size(), 1u);
    for (int64_t i = 0; i < 120; ++i) {
      int64_t n = i / 60, c = i / 12 % 5, h = i / 3 % 4, w = i % 3;
      EXPECT_EQ(results[0].values<float>()[i], op.f(a[(n * 4 + h) * 3 + w], b[c * 3 + w]));
    }
  }
}

TEST_F(NNElementwise, ScalarsBroadcast) {
  auto results = run(oneOp("nn.sub %a0, %a1", {"tensor<f32>", "tensor<3xf32>"}, "tensor<3xf32>"),
                     {scalar(10.0f), tensor<float>({3}, {1, 2, 3})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{9, 8, 7}));
}

TEST_F(NNElementwise, SoftmaxAlongEveryAxis) {
  std::mt19937 rng(41);
  Sizes shape = {3, 4, 5};
  auto x = randomFloats(rng, 60);
  x[7] = 80.0f; // the maximum is subtracted, so nothing overflows
  for (int64_t axis = 0; axis < 3; ++axis) {
    std::string type = tensorType(shape, "f32");
    auto results =
        run("func.func @main(%x: " + type + ") -> " + type +
                " {\n%r = nn.softmax %x "
                "{axis = " +
                std::to_string(axis) + " : i64} : " + type + "\nreturn %r : " + type + "\n}",
            {tensor(shape, x)});
    ASSERT_EQ(results.size(), 1u);
    int64_t stride = axis == 0 ? 20 : axis == 1 ? 5 : 1;
    for (int64_t i = 0; i < 60; ++i) {
      int64_t begin = i - i / stride % shape[axis] * stride;
      double max = -1e30, sum = 0;
      for (int64_t k = 0; k < shape[axis]; ++k)
        max = std::max<double>(max, x[begin + k * stride]);
      for (int64_t k = 0; k < shape[axis]; ++k)
        sum += std::exp(x[begin + k * stride] - max);
      EXPECT_NEAR(results[0].values<float>()[i], std::exp(x[i] - max) / sum, 1e-6);
    }
  }
}

} // namespace
