//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// nn.max_pool, avg_pool and reduce_mean against plain loops, bit by bit.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

class NNPooling : public RunText {};

TEST_F(NNPooling, PoolsEqualPlainLoops) {
  std::mt19937 rng(50);
  for (int i = 0; i < 90; ++i) {
    RandomWindow window(rng, 1 + i % 3, /*poolPads=*/true);
    bool includePad = i % 2 == 0;
    Sizes in = joined({2, 2}, window.input), out = joined({2, 2}, window.output);
    auto x = randomFloats(rng, countOf(in));
    std::string attributes = " {kernel = " + arrayAttr(window.kernel) + ", " + window.attributes();
    auto max = run(oneOp("nn.max_pool %a0" + attributes + "}", {tensorType(in, "f32")},
                         tensorType(out, "f32")),
                   {tensor(in, x)});
    auto mean = run(oneOp("nn.avg_pool %a0" + attributes +
                              ", count_include_pad = " + (includePad ? "true}" : "false}"),
                          {tensorType(in, "f32")}, tensorType(out, "f32")),
                    {tensor(in, x)});
    ASSERT_EQ(max.size(), 1u);
    ASSERT_EQ(mean.size(), 1u);
    int64_t positions = countOf(window.output), inputs = countOf(window.input);
    for (int64_t plane = 0; plane < 4; ++plane)
      for (int64_t p = 0; p < positions; ++p) {
        float greatest = -INFINITY, sum = 0;
        int64_t seen = 0;
        window.forEachTap(p, [&](int64_t, int64_t at) {
          if (at < 0)
            return;
          greatest = std::max(greatest, x[plane * inputs + at]);
          sum += x[plane * inputs + at];
          ++seen;
        });
        // Output sizes are rounded down, so no window leaves the padding.
        int64_t count = includePad ? countOf(window.kernel) : seen;
        ASSERT_EQ(max[0].values<float>()[plane * positions + p], greatest);
        ASSERT_EQ(mean[0].values<float>()[plane * positions + p], sum / static_cast<float>(count));
      }
  }
}

// The overhang of a rounded-up size is never counted; padding is when asked for.
TEST_F(NNPooling, DivisorWithCeilMode) {
  auto x = tensor<float>({1, 1, 4}, {1, 2, 3, 4});
  std::string attributes =
      " {kernel = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: "
      "1>, pads = array<i64: 1, 0>, ceil_mode = true, count_include_pad = ";
  // Windows [pad 1 2], [2 3 4], [4 end end]: the third one starts inside the input.
  for (bool includePad : {false, true}) {
    auto results = run(oneOp("nn.avg_pool %a0" + attributes + (includePad ? "true}" : "false}"),
                             {"tensor<1x1x4xf32>"}, "tensor<1x1x2xf32>"),
                       {x});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].values<float>()[0], 3.0f / (includePad ? 3 : 2));
    EXPECT_EQ(results[0].values<float>()[1], 3.0f);
  }
  auto results = run(oneOp("nn.avg_pool %a0 {kernel = array<i64: 2>, strides = array<i64: 2>, "
                           "dilations = array<i64: 1>, pads = array<i64: 0, 0>, ceil_mode = true, "
                           "count_include_pad = true}",
                           {"tensor<1x1x3xf32>"}, "tensor<1x1x2xf32>"),
                     {tensor<float>({1, 1, 3}, {1, 2, 5})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{1.5f, 5.0f}));
}

TEST_F(NNPooling, NotANumberIsAMaximum) {
  auto results = run(oneOp("nn.max_pool %a0 {kernel = array<i64: 2>, strides = array<i64: 1>, "
                           "dilations = array<i64: 1>, pads = array<i64: 0, 0>}",
                           {"tensor<1x1x4xf32>"}, "tensor<1x1x3xf32>"),
                     {tensor<float>({1, 1, 4}, {NAN, 1, 2, NAN})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(std::isnan(results[0].values<float>()[0]));
  EXPECT_EQ(results[0].values<float>()[1], 2.0f);
  EXPECT_TRUE(std::isnan(results[0].values<float>()[2]));
}

TEST_F(NNPooling, ReduceMeanSumsInOrder) {
  std::mt19937 rng(51);
  auto x = randomFloats(rng, 2 * 3 * 35);
  auto results = run(oneOp("nn.reduce_mean %a0 {axes = array<i64: 2, 3>, keepdims = true}",
                           {"tensor<2x3x5x7xf32>"}, "tensor<2x3x1x1xf32>"),
                     {tensor({2, 3, 5, 7}, x)});
  ASSERT_EQ(results.size(), 1u);
  for (int64_t plane = 0; plane < 6; ++plane) {
    float sum = 0;
    for (int64_t i = 0; i < 35; ++i)
      sum += x[plane * 35 + i];
    EXPECT_EQ(results[0].values<float>()[plane], sum / 35.0f);
  }
  results = run(oneOp("nn.reduce_mean %a0 {axes = array<i64: 0>, keepdims = false}",
                      {"tensor<2x3xf32>"}, "tensor<3xf32>"),
                {tensor<float>({2, 3}, {1, 2, 3, 5, 6, 7})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{3, 4, 5}));
}

} // namespace
