//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// nn.reshape, transpose, concat, pad and cast.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

class NNMovement : public RunText {};

TEST_F(NNMovement, FloatMoves) {
  auto x = tensor<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  auto transposed = run(oneOp("nn.transpose %a0 {permutation = array<i64: 1, 0>}",
                              {"tensor<2x3xf32>"}, "tensor<3x2xf32>"),
                        {x});
  ASSERT_EQ(transposed.size(), 1u);
  EXPECT_EQ(valuesOf<float>(transposed[0]), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  auto joinedUp = run(oneOp("nn.concat %a0, %a1 {axis = 1 : i64}",
                            {"tensor<2x3xf32>", "tensor<2x1xf32>"}, "tensor<2x4xf32>"),
                      {x, tensor<float>({2, 1}, {-1, -2})});
  ASSERT_EQ(joinedUp.size(), 1u);
  EXPECT_EQ(valuesOf<float>(joinedUp[0]), (std::vector<float>{1, 2, 3, -1, 4, 5, 6, -2}));
  auto padded = run(oneOp("nn.pad %a0 {pads = array<i64: 0, 1, 1, 0>, value = 9.0 : f32}",
                          {"tensor<2x3xf32>"}, "tensor<3x4xf32>"),
                    {x});
  ASSERT_EQ(padded.size(), 1u);
  EXPECT_EQ(valuesOf<float>(padded[0]), (std::vector<float>{9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9}));
  auto reshaped = run(oneOp("nn.reshape %a0", {"tensor<?x3xf32>"}, "tensor<3x?xf32>"), {x});
  ASSERT_EQ(reshaped.size(), 1u);
  EXPECT_EQ(reshaped[0].shape(), (llvm::ArrayRef<int64_t>{3, 2}));
}

TEST_F(NNMovement, MovesTakeAnyElementType) {
  auto wide = run(oneOp("nn.transpose %a0 {permutation = array<i64: 1, 0>}", {"tensor<2x2xsi64>"},
                        "tensor<2x2xsi64>"),
                  {tensor<int64_t>({2, 2}, {INT64_MIN, 1, 2, INT64_MAX})});
  ASSERT_EQ(wide.size(), 1u);
  EXPECT_EQ(valuesOf<int64_t>(wide[0]), (std::vector<int64_t>{INT64_MIN, 2, 1, INT64_MAX}));
  auto bytes = run(oneOp("nn.concat %a0, %a0 {axis = 0 : i64}", {"tensor<2xui8>", "tensor<2xui8>"},
                         "tensor<4xui8>"),
                   {tensor<uint8_t>({2}, {0, 255}), tensor<uint8_t>({2}, {0, 255})});
  ASSERT_EQ(bytes.size(), 1u);
  EXPECT_EQ(valuesOf<uint8_t>(bytes[0]), (std::vector<uint8_t>{0, 255, 0, 255}));
}

TEST_F(NNMovement, CastTruncatesAndSaturates) {
  auto x = tensor<float>({8}, {-1.9f, 1.9f, -300.0f, 300.0f, NAN, INFINITY, -INFINITY, 127.5f});
  auto narrow = run(oneOp("nn.cast %a0", {"tensor<8xf32>"}, "tensor<8xsi8>"), {x});
  ASSERT_EQ(narrow.size(), 1u);
  EXPECT_EQ(valuesOf<int8_t>(narrow[0]),
            (std::vector<int8_t>{-1, 1, -128, 127, 0, 127, -128, 127}));
  auto unsignedResult = run(oneOp("nn.cast %a0", {"tensor<8xf32>"}, "tensor<8xui8>"), {x});
  ASSERT_EQ(unsignedResult.size(), 1u);
  EXPECT_EQ(valuesOf<uint8_t>(unsignedResult[0]),
            (std::vector<uint8_t>{0, 1, 0, 255, 0, 255, 0, 127}));
  auto widest = run(oneOp("nn.cast %a0", {"tensor<8xf32>"}, "tensor<8xsi64>"), {x});
  ASSERT_EQ(widest.size(), 1u);
  EXPECT_EQ(valuesOf<int64_t>(widest[0]),
            (std::vector<int64_t>{-1, 1, -300, 300, 0, INT64_MAX, INT64_MIN, 127}));
}

TEST_F(NNMovement, CastToFloatRoundsHalfToEven) {
  auto results = run(oneOp("nn.cast %a0", {"tensor<4xsi32>"}, "tensor<4xf32>"),
                     {tensor<int32_t>({4}, {16777217, 16777219, -16777217, INT32_MIN})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]),
            (std::vector<float>{16777216.0f, 16777220.0f, -16777216.0f, -2147483648.0f}));
}

} // namespace
