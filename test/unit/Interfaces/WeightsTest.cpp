//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements of attributes as numbers: every width, and sizes that only a type claims.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/Weights.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace mlir;
using namespace quantc;

namespace {

class WeightsTest : public ::testing::Test {
protected:
  ElementsAttr parse(StringRef text) { return cast<ElementsAttr>(parseAttribute(text, &context)); }
  WeightsTest() { context.allowUnregisteredDialects(); }
  MLIRContext context{MLIRContext::Threading::DISABLED};
};

} // namespace

TEST_F(WeightsTest, IntegersOfEveryWidth) {
  using Values = std::vector<int64_t>;
  EXPECT_EQ(readIntegers(parse("dense<[true, false]> : tensor<2xi1>")), Values({1, 0}));
  EXPECT_EQ(readIntegers(parse("dense<[-8, 7]> : tensor<2xi4>")), Values({-8, 7}));
  EXPECT_EQ(readIntegers(parse("dense<[255, 1]> : tensor<2xui8>")), Values({255, 1}));
  EXPECT_EQ(readIntegers(parse("dense<[-1, 300]> : tensor<2xi12>")), Values({-1, 300}));
  EXPECT_EQ(readIntegers(parse("dense<[-5, 8000000]> : tensor<2xi24>")), Values({-5, 8000000}));
  EXPECT_EQ(readIntegers(parse("dense<[65535, 2]> : tensor<2xui16>")), Values({65535, 2}));
  EXPECT_EQ(readIntegers(parse("dense<[-9223372036854775808, 1]> : tensor<2xi64>")),
            Values({INT64_MIN, 1}));
  EXPECT_EQ(readIntegers(parse("dense<[1, 2]> : tensor<2xi128>")), std::nullopt);
}

TEST_F(WeightsTest, ElementsThatAreNoNumbersAreRefused) {
  EXPECT_EQ(readFloats(parse("dense<(1.0, 2.0)> : tensor<2xcomplex<f32>>")), std::nullopt);
  EXPECT_EQ(readBytes(parse("dense<[\"a\", \"b\"]> : tensor<2x!quantc.text>")), std::nullopt);
  EXPECT_EQ(readBytes(parse("dense<1> : tensor<2xindex>")), std::nullopt);
  EXPECT_EQ(readFloats(parse("dense<[1.0, 2.0]> : tensor<2xf128>")), std::nullopt);
}

TEST_F(WeightsTest, ComplexElementsAreTwoNumbers) {
  std::optional<std::vector<char>> bytes =
      readBytes(parse("dense<(1.0, 2.0)> : tensor<3xcomplex<f32>>"));
  ASSERT_TRUE(bytes);
  ASSERT_EQ(bytes->size(), 24u);
  float imaginary = 0;
  std::memcpy(&imaginary, bytes->data() + 20, 4);
  EXPECT_EQ(imaginary, 2.0f);
  EXPECT_TRUE(readBytes(parse("dense<[(1, 2), (3, 4)]> : tensor<2xcomplex<i64>>")));
}

TEST_F(WeightsTest, SplatsOfAnySizeAreNotExpanded) {
  ElementsAttr integers = parse("dense<-3> : tensor<1000000000x1000000000xi32>");
  EXPECT_EQ(readBytes(integers), std::nullopt);
  EXPECT_EQ(readIntegers(integers), std::nullopt);
  EXPECT_EQ(integerBounds(integers), std::make_pair(int64_t(-3), int64_t(-3)));
  EXPECT_EQ(readFloats(parse("dense<1.0> : tensor<1000000000x1000000000xf32>")), std::nullopt);
}

TEST_F(WeightsTest, BoundsOfElements) {
  EXPECT_EQ(integerBounds(parse("dense<[4, -1, 7]> : tensor<3xi8>")),
            std::make_pair(int64_t(-1), int64_t(7)));
  EXPECT_EQ(integerBounds(parse("dense<true> : tensor<3xi1>")),
            std::make_pair(int64_t(1), int64_t(1)));
  EXPECT_EQ(integerBounds(parse("dense<1> : tensor<0x4xi8>")), std::nullopt);
  EXPECT_EQ(integerBounds(parse("dense<1.0> : tensor<2xf32>")), std::nullopt);
}

TEST_F(WeightsTest, BlobsShorterThanTheirTypeAreRefused) {
  auto resource = [&](ArrayRef<int64_t> shape) {
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        ArrayRef<char>({1, 2, 3, 4, 5, 6, 7, 8}), 16, /*dataIsMutable=*/false);
    auto type = RankedTensorType::get(shape, Float32Type::get(&context));
    return DenseResourceElementsAttr::get(type, "weight", std::move(blob));
  };
  EXPECT_TRUE(readBytes(resource({2})));
  EXPECT_EQ(readBytes(resource({3})), std::nullopt);
  // Four bytes each would be 2^64 bytes.
  EXPECT_EQ(readFloats(resource({int64_t(1) << 62})), std::nullopt);
}
