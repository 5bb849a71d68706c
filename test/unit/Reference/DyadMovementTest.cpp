//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad.concat, reshape, transpose, pad and constants against index arithmetic.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"

using namespace quantc;
using namespace quantc::test;

namespace {

class DyadMovement : public RunText {};

template <typename T> std::vector<T> counting(int64_t n) {
  std::vector<T> values(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    values[i] = static_cast<T>(i);
  return values;
}

TEST_F(DyadMovement, TransposeEveryPermutation) {
  Sizes shape = {2, 3, 4}, permutation = {0, 1, 2};
  auto x = counting<uint8_t>(24);
  do {
    Sizes out = {shape[permutation[0]], shape[permutation[1]], shape[permutation[2]]};
    auto results = run(oneOp("dyad.transpose %a0 {permutation = " + arrayAttr(permutation) + "}",
                             {tensorType(shape, "ui8")}, tensorType(out, "ui8")),
                       {tensor(shape, x)});
    ASSERT_EQ(results.size(), 1u);
    Sizes at(3);
    int64_t strides[3] = {12, 4, 1}, i = 0;
    for (at[0] = 0; at[0] < out[0]; ++at[0])
      for (at[1] = 0; at[1] < out[1]; ++at[1])
        for (at[2] = 0; at[2] < out[2]; ++at[2], ++i)
          EXPECT_EQ(results[0].values<uint8_t>()[i], at[0] * strides[permutation[0]] +
                                                         at[1] * strides[permutation[1]] +
                                                         at[2] * strides[permutation[2]]);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

TEST_F(DyadMovement, ConcatAlongEveryAxis) {
  for (int64_t axis = 0; axis < 3; ++axis) {
    Sizes a = {2, 3, 2}, b = a, c = a, out = a;
    b[axis] = 1;
    c[axis] = 4;
    out[axis] = a[axis] + b[axis] + c[axis];
    std::vector<std::vector<int8_t>> parts;
    int8_t next = -60;
    for (const Sizes &shape : {a, b, c}) {
      std::vector<int8_t> part(static_cast<size_t>(countOf(shape)));
      for (int8_t &v : part)
        v = next++;
      parts.push_back(part);
    }
    auto results =
        run(oneOp("dyad.concat %a0, %a1, %a2 {axis = " + std::to_string(axis) + " : i64}",
                  {tensorType(a, "si8"), tensorType(b, "si8"), tensorType(c, "si8")},
                  tensorType(out, "si8")),
            {tensor(a, parts[0]), tensor(b, parts[1]), tensor(c, parts[2])});
    ASSERT_EQ(results.size(), 1u);
    int64_t i = 0;
    for (int64_t x = 0; x < out[0]; ++x)
      for (int64_t y = 0; y < out[1]; ++y)
        for (int64_t z = 0; z < out[2]; ++z, ++i) {
          Sizes at = {x, y, z};
          const Sizes shapes[] = {a, b, c};
          size_t part = 0;
          while (at[axis] >= shapes[part][axis])
            at[axis] -= shapes[part++][axis];
          const Sizes &s = shapes[part];
          EXPECT_EQ(results[0].values<int8_t>()[i],
                    parts[part][(at[0] * s[1] + at[1]) * s[2] + at[2]]);
        }
  }
}

TEST_F(DyadMovement, PadWithAValue) {
  auto results = run(oneOp("dyad.pad %a0, %a1 {pads = array<i64: 1, 0, 0, 2>}",
                           {"tensor<2x2xui8>", "tensor<ui8>"}, "tensor<3x4xui8>"),
                     {tensor<uint8_t>({2, 2}, {1, 2, 3, 4}), scalar<uint8_t>(200)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<uint8_t>(results[0]),
            (std::vector<uint8_t>{200, 200, 200, 200, 1, 2, 200, 200, 3, 4, 200, 200}));
}

TEST_F(DyadMovement, ReshapeResolvesADynamicDimension) {
  auto results = run(oneOp("dyad.reshape %a0", {"tensor<?x3xsi8>"}, "tensor<3x?xsi8>"),
                     {tensor<int8_t>({4, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].shape(), (llvm::ArrayRef<int64_t>{3, 4}));
  EXPECT_EQ(results[0].values<int8_t>()[11], 11);
  EXPECT_NE(errorOf(oneOp("dyad.reshape %a0", {"tensor<?xsi8>"}, "tensor<3x?xsi8>"),
                    {tensor<int8_t>({4}, {0, 1, 2, 3})})
                .find("expected a shape of 4 elements"),
            std::string::npos);
}

// Packed types keep their elements through moves; the result is packed again, low bits first.
TEST_F(DyadMovement, NarrowElements) {
  auto results = run(R"(
    func.func @main() -> (tensor<4xsi4>, tensor<2x2xui2>) {
      %a = dyad.constant dense<[-8, 7]> : tensor<2xsi4>
      %b = dyad.constant dense<[1, -1]> : tensor<2xsi4>
      %0 = dyad.concat %a, %b {axis = 0 : i64} : (tensor<2xsi4>, tensor<2xsi4>) -> tensor<4xsi4>
      %c = dyad.constant dense<[[0, 1], [2, 3]]> : tensor<2x2xui2>
      %1 = dyad.transpose %c {permutation = array<i64: 1, 0>} : (tensor<2x2xui2>) -> tensor<2x2xui2>
      return %0, %1 : tensor<4xsi4>, tensor<2x2xui2>
    })",
                     {});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].dtype(), DType::I4);
  EXPECT_EQ(results[0].bytes().vec(), (std::vector<uint8_t>{0x78, 0xF1}));
  EXPECT_EQ(results[1].bytes().vec(), (std::vector<uint8_t>{0b11011000}));
}

} // namespace
