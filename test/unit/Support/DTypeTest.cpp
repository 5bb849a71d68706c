//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of element types against ONNX's and NumPy's own names and widths.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/DType.h"
#include <gtest/gtest.h>
#include <limits>

using namespace quantc;

namespace {
TEST(DType, CodesAreOnnx) {
  EXPECT_EQ(dtypeFromOnnxCode(1), DType::F32);
  EXPECT_EQ(dtypeFromOnnxCode(7), DType::I64);
  EXPECT_EQ(dtypeFromOnnxCode(16), DType::BF16);
  EXPECT_EQ(dtypeFromOnnxCode(22), DType::I4);
  EXPECT_EQ(dtypeFromOnnxCode(26), DType::I2);
  EXPECT_EQ(dtypeFromOnnxCode(27), std::nullopt);
  EXPECT_EQ(dtypeFromOnnxCode(-1), std::nullopt);
  for (int code = 0; code <= 26; ++code)
    EXPECT_EQ(onnxCode(*dtypeFromOnnxCode(code)), code);
}

TEST(DType, Widths) {
  EXPECT_EQ(bitWidth(DType::F4E2M1), 4u);
  EXPECT_EQ(elementBytes(DType::F4E2M1), 0u);
  EXPECT_EQ(elementBytes(DType::Complex128), 16u);
  EXPECT_EQ(bitWidth(DType::String), 0u);
  EXPECT_EQ(bitWidth(static_cast<DType>(1000)), 0u);
}

TEST(DType, Kinds) {
  EXPECT_TRUE(isFloat(DType::F8E8M0));
  EXPECT_FALSE(isFloat(DType::Complex64));
  EXPECT_FALSE(isInteger(DType::Bool));
  EXPECT_TRUE(isSignedInteger(DType::I2));
  EXPECT_FALSE(isSignedInteger(DType::U2));
}

TEST(DType, NamesRoundTrip) {
  for (int code = 1; code <= 26; ++code) {
    DType type = *dtypeFromOnnxCode(code);
    EXPECT_EQ(parseDType(dtypeName(type)), type) << code;
    if (!numpyDescr(type).empty())
      EXPECT_EQ(dtypeFromNumpy(numpyDescr(type)), type) << code;
  }
  EXPECT_EQ(parseDType("bf16"), DType::BF16);
  EXPECT_EQ(parseDType("undefined"), std::nullopt);
  EXPECT_EQ(parseDType(""), std::nullopt);
}

TEST(DType, NumpyByteOrder) {
  EXPECT_EQ(dtypeFromNumpy("<f4"), DType::F32);
  EXPECT_EQ(dtypeFromNumpy(">f4"), std::nullopt);
  EXPECT_EQ(dtypeFromNumpy(">u1"), DType::U8); // one byte has no order
  EXPECT_EQ(dtypeFromNumpy("<U3"), std::nullopt);
  EXPECT_EQ(dtypeFromNumpy("|O"), std::nullopt);
  EXPECT_EQ(dtypeFromNumpy(""), std::nullopt);
}

TEST(DType, SizesAreChecked) {
  constexpr int64_t big = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(numElements({}), 1);
  EXPECT_EQ(numElements({2, 3, 4}), 24);
  EXPECT_EQ(numElements({2, -1}), std::nullopt);
  EXPECT_EQ(numElements({big, 2}), std::nullopt);
  EXPECT_EQ(numElements({big, 1}), big);
  EXPECT_EQ(numElements({0, 5}), 0);
  // The zero must not hide that the others overflow.
  EXPECT_EQ(numElements({0, big, 2}), std::nullopt);
  EXPECT_EQ(storageBytes(DType::F32, {big / 4 + 1}), std::nullopt);
  EXPECT_EQ(storageBytes(DType::U8, {big}), big);
  EXPECT_EQ(storageBytes(DType::I4, {3}), 2);
  EXPECT_EQ(storageBytes(DType::I4, {big}), big / 2 + 1);
  EXPECT_EQ(storageBytes(DType::I2, {5}), 2);
  EXPECT_EQ(storageBytes(DType::String, {1}), std::nullopt);
}

TEST(DType, ShapeText) {
  EXPECT_EQ(shapeToString({}), "[]");
  EXPECT_EQ(shapeToString({-1, 3, 224}), "[?, 3, 224]");
}
} // namespace
