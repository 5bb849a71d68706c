//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn.decode in the interpreter: by hand, against simulated quantization, and what it refuses.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"
#include "quantc/Numerics/NumberFormatStorage.h"
#include "quantc/Numerics/Random.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

class Decode : public RunText {};

HostTensor bytesAs(DType type, const Sizes &shape, const std::vector<uint8_t> &bytes) {
  return llvm::cantFail(HostTensor::copyOf(type, shape, bytes));
}

TEST_F(Decode, NibblesTimesScales) {
  // Codes -8 0 | 7 -1 | 1, three to a group: (-8, 0, 7) * 0.5, (-1, 1) * 2.
  auto results =
      run(oneOp("qnn.decode %a0, %a1 as <\"int4:g3:full:f32\">",
                {"tensor<1x3xui8>", "tensor<1x2xf32>"}, "tensor<1x5xf32>"),
          {tensor<uint8_t>({1, 3}, {0x08, 0xF7, 0x01}), tensor<float>({1, 2}, {0.5f, 2.0f})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{-4, 0, 3.5f, -2, 2}));
}

TEST_F(Decode, ZeroPointsAndTheMiddleCode) {
  auto results =
      run(oneOp("qnn.decode %a0, %a1 zeros(%a2) as <\"uint4:channel:asym:f32\">",
                {"tensor<2x1xui8>", "tensor<2xf32>", "tensor<2xui8>"}, "tensor<2x2xf32>"),
          {tensor<uint8_t>({2, 1}, {0xF0, 0x58}), tensor<float>({2}, {1.0f, 0.5f}),
           tensor<uint8_t>({2}, {15, 0})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{-15, 0, 4, 2.5f}));
  results = run(oneOp("qnn.decode %a0, %a1 as <\"uint4:tensor:sym:f32\">",
                      {"tensor<2x1xui8>", "tensor<f32>"}, "tensor<2x2xf32>"),
                {tensor<uint8_t>({2, 1}, {0xF1, 0x58}), scalar(2.0f)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{-14, 14, 0, -6}));
}

TEST_F(Decode, TwoLevelsAndPowersOfTwo) {
  // E2M1 codes 7 and 9 are 6 and -0.5; E4M3 0x40 is 2.
  auto results =
      run(oneOp("qnn.decode %a0, %a1 second(%a2) as <\"nvfp4\">",
                {"tensor<1x1xui8>", "tensor<1x1xui8>", "tensor<1xf32>"}, "tensor<1x2xf32>"),
          {tensor<uint8_t>({1, 1}, {0x97}), tensor<uint8_t>({1, 1}, {0x40}),
           tensor<float>({1}, {0.25f})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{3, -0.25f}));
  results = run(oneOp("qnn.decode %a0, %a1 as <\"mxfp4\">", {"tensor<1x1xui8>", "tensor<1x1xui8>"},
                      "tensor<1x2xf32>"),
                {tensor<uint8_t>({1, 1}, {0x97}), tensor<uint8_t>({1, 1}, {128})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<float>(results[0]), (std::vector<float>{12, -1}));
}

/// Every kind of format, of a weight of rank 4, is what simulated quantization gives.
TEST_F(Decode, IsSimulatedQuantization) {
  numerics::RandomState random(31);
  std::vector<float> x(3 * 5 * 3 * 2);
  for (float &value : x)
    value = static_cast<float>(random.normal());
  for (const char *text :
       {"int4:g8:sym:f16", "uint3:g8:asym:bf16", "int5:channel:asym:f32", "uint2:g8:asym-float:f16",
        "fp<e4m3fn>:tensor:f32", "mxfp6-e3m2", "nvint4", "nf4:g8:double", "bitmod4:g8:f16"}) {
    numerics::NumberFormat format = *numerics::parseNumberFormat(text).format;
    numerics::BlockScales scales = numerics::chooseScales(format, x.data(), 3, 30);
    numerics::StoredMatrix stored = numerics::storeMatrix(format, scales, x.data());
    auto attribute = qnn::NumberFormatAttr::get(&context, format);
    llvm::SmallVector<int64_t, 2> blocks = attribute.getBlockShape(3, 30);
    std::vector<std::string> types;
    std::vector<HostTensor> inputs;
    auto operand = [&](const char *element, DType type, const Sizes &shape,
                       const std::vector<uint8_t> &bytes) {
      types.push_back(tensorType(shape, element));
      inputs.push_back(bytesAs(type, shape, bytes));
      return "%a" + std::to_string(inputs.size() - 1);
    };
    bool half = format.scale == numerics::ScaleType::F16, byte = format.scaleBits() == 8;
    const char *scaleText = byte ? "ui8" : half ? "f16" : format.scaleBits() == 32 ? "f32" : "bf16";
    DType scaleType = byte                       ? DType::U8
                      : half                     ? DType::F16
                      : format.scaleBits() == 32 ? DType::F32
                                                 : DType::BF16;
    Sizes shape(blocks.begin(), blocks.end());
    std::string op = "qnn.decode " +
                     operand("ui8", DType::U8, {3, int64_t(stored.codes.size()) / 3}, stored.codes);
    op += ", " + operand(scaleText, scaleType, shape, stored.scales);
    if (format.zeroPoint == numerics::ZeroPointKind::Integer)
      op += " zeros(" +
            operand(format.isSigned ? "si8" : "ui8", format.isSigned ? DType::I8 : DType::U8, shape,
                    stored.zeroPoints) +
            ")";
    if (format.zeroPoint == numerics::ZeroPointKind::Float)
      op += " zeros(" + operand(scaleText, scaleType, shape, stored.zeroPoints) + ")";
    if (!stored.secondLevel.empty())
      op +=
          " second(" +
          operand("f32", DType::F32, {int64_t(stored.secondLevel.size()) / 4}, stored.secondLevel) +
          ")";
    if (!stored.selectors.empty())
      op += " tables(" + operand("ui8", DType::U8, shape, stored.selectors) + ")";
    auto results = run(oneOp(op + " as <\"" + text + "\">", types, "tensor<3x5x3x2xf32>"), inputs);
    ASSERT_EQ(results.size(), 1u) << text;
    std::vector<float> simulated(x.size());
    numerics::fakeQuantizeMatrix(format, scales, x.data(), simulated.data());
    EXPECT_EQ(valuesOf<float>(results[0]), simulated) << text;
  }
}

TEST_F(Decode, RefusesWhatTheFormatDoesNotAllow) {
  for (float scale : {0.0f, -1.0f, INFINITY})
    EXPECT_NE(errorOf(oneOp("qnn.decode %a0, %a1 as <\"int8:tensor:sym:f32\">",
                            {"tensor<1x1xui8>", "tensor<f32>"}, "tensor<1x1xf32>"),
                      {tensor<uint8_t>({1, 1}, {1}), scalar(scale)})
                  .find("expected positive scales, but found"),
              std::string::npos);
  EXPECT_NE(errorOf(oneOp("qnn.decode %a0, %a1 zeros(%a2) as <\"uint4:channel:asym:f32\">",
                          {"tensor<1x1xui8>", "tensor<1xf32>", "tensor<1xui8>"}, "tensor<1x2xf32>"),
                    {tensor<uint8_t>({1, 1}, {1}), tensor<float>({1}, {1.0f}),
                     tensor<uint8_t>({1}, {16})})
                .find("expected zero points in 0..15, but found 16 [QNN-DEC-7]"),
            std::string::npos);
  EXPECT_NE(
      errorOf(oneOp("qnn.decode %a0, %a1 tables(%a2) as <\"bitmod4:channel:f32\">",
                    {"tensor<1x1xui8>", "tensor<1xf32>", "tensor<1xui8>"}, "tensor<1x2xf32>"),
              {tensor<uint8_t>({1, 1}, {1}), tensor<float>({1}, {1.0f}), tensor<uint8_t>({1}, {4})})
          .find("expected tables below 4, but found 4 [QNN-DEC-7]"),
      std::string::npos);
}

} // namespace
