//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad.max_pool, sum_pool and reduce_sum against plain loops.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"

using namespace quantc;
using namespace quantc::test;

namespace {

class DyadPooling : public RunText {};

std::string poolAttributes(const RandomWindow &window) {
  return "{kernel = " + arrayAttr(window.kernel) + ", " + window.attributes() + "}";
}

TEST_F(DyadPooling, PoolsEqualPlainLoops) {
  std::mt19937 rng(20);
  for (int i = 0; i < 120; ++i) {
    RandomWindow window(rng, 1 + i % 3, /*poolPads=*/true);
    Sizes in = joined({2, 3}, window.input), out = joined({2, 3}, window.output);
    auto x = randomIntegers<int8_t>(rng, countOf(in), -128, 127);
    auto max = run(oneOp("dyad.max_pool %a0 " + poolAttributes(window), {tensorType(in, "si8")},
                         tensorType(out, "si8")),
                   {tensor(in, x)});
    auto sum = run(oneOp("dyad.sum_pool %a0, %a1 " + poolAttributes(window),
                         {tensorType(in, "si8"), "tensor<si8>"}, tensorType(out, "si32")),
                   {tensor(in, x), scalar<int8_t>(-128)});
    ASSERT_EQ(max.size(), 1u);
    ASSERT_EQ(sum.size(), 1u);
    int64_t positions = countOf(window.output), inputs = countOf(window.input);
    for (int64_t plane = 0; plane < 6; ++plane)
      for (int64_t p = 0; p < positions; ++p) {
        int greatest = -1000, total = 0;
        window.forEachTap(p, [&](int64_t, int64_t at) {
          if (at < 0)
            return;
          greatest = std::max<int>(greatest, x[plane * inputs + at]);
          total += x[plane * inputs + at] + 128;
        });
        ASSERT_EQ(max[0].values<int8_t>()[plane * positions + p], greatest);
        ASSERT_EQ(sum[0].values<int32_t>()[plane * positions + p], total);
      }
  }
}

// The result type says that the size was rounded up: the last window hangs over the end.
TEST_F(DyadPooling, RoundedUpOutputSize) {
  std::string attributes = " {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = "
                           "array<i64: 1>, pads = array<i64: 0, 0>}";
  auto x = tensor<uint8_t>({1, 1, 5}, {1, 5, 2, 3, 9});
  auto results =
      run(oneOp("dyad.max_pool %a0" + attributes, {"tensor<1x1x5xui8>"}, "tensor<1x1x3xui8>"), {x});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<uint8_t>(results[0]), (std::vector<uint8_t>{5, 3, 9}));
  results = run(oneOp("dyad.sum_pool %a0, %a1" + attributes, {"tensor<1x1x5xui8>", "tensor<ui8>"},
                      "tensor<1x1x3xsi32>"),
                {x, scalar<uint8_t>(1)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<int32_t>(results[0]), (std::vector<int32_t>{4, 3, 8}));
}

TEST_F(DyadPooling, ReduceSumOverEverySetOfAxes) {
  std::mt19937 rng(21);
  Sizes shape = {2, 3, 4};
  auto x = randomIntegers<uint8_t>(rng, 24, 0, 255);
  for (int set = 0; set < 8; ++set)
    for (bool keep : {false, true}) {
      Sizes axes, out;
      for (int64_t i = 0; i < 3; ++i) {
        if (set >> i & 1)
          axes.push_back(i);
        if (!(set >> i & 1) || keep)
          out.push_back(set >> i & 1 ? 1 : shape[i]);
      }
      auto results = run(oneOp("dyad.reduce_sum %a0, %a1 {axes = " + arrayAttr(axes) +
                                   ", keepdims = " + (keep ? "true" : "false") + "}",
                               {tensorType(shape, "ui8"), "tensor<ui8>"}, tensorType(out, "si32")),
                         {tensor(shape, x), scalar<uint8_t>(100)});
      ASSERT_EQ(results.size(), 1u);
      std::vector<int32_t> expected(static_cast<size_t>(countOf(out)), 0);
      for (int64_t i = 0; i < 24; ++i) {
        int64_t at[3] = {i / 12, i / 4 % 3, i % 4}, target = 0;
        for (int64_t axis = 0; axis < 3; ++axis)
          if (!(set >> axis & 1))
            target = target * shape[axis] + at[axis];
        expected[target] += x[i] - 100;
      }
      EXPECT_EQ(valuesOf<int32_t>(results[0]), expected);
    }
}

} // namespace
