//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes of matrices: layout, sizes, refusals, and that they decode to simulated quantization.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormatStorage.h"
#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"
#include <cmath>

using namespace quantc::numerics;

namespace {
NumberFormat formatOf(const char *text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_TRUE(result.format) << text;
  return result.format.value_or(NumberFormat());
}

std::string reasonFor(const char *text, size_t rows, size_t columns, const StoredMatrix &stored) {
  std::string reason;
  EXPECT_FALSE(loadMatrix(formatOf(text), rows, columns, stored, reason));
  return reason;
}
} // namespace

TEST(NumberFormatStorage, BytesDecodeToSimulation) {
  RandomState random(21);
  std::vector<float> x(5 * 83);
  for (float &value : x)
    value = static_cast<float>(random.normal());
  for (const char *text :
       {"int4:g32:sym:f16", "int3:channel:sym:f32", "uint4:g32:asym:f16", "int5:g16:asym:bf16",
        "uint2:g16:asym-float:f16", "int6:tensor:asym-float:f32", "fp<e4m3fn>:tensor:f32", "mxfp4",
        "mxfp6-e3m2", "mxfp8-e5m2:rceil", "mxint8", "nvfp4", "nvint4", "nf4:g64:f32",
        "nf4:g16:double", "bitmod3:g32:f16", "bfp<5>:g16", "fp<e2m1>:g16:ue5m3"}) {
    NumberFormat format = formatOf(text);
    BlockScales scales = chooseScales(format, x.data(), 5, 83, ScaleSearch::clip(2.0, 10));
    StoredMatrix stored = storeMatrix(format, scales, x.data());
    std::string reason;
    std::optional<std::vector<float>> loaded = loadMatrix(format, 5, 83, stored, reason);
    ASSERT_TRUE(loaded) << text << ": " << reason;
    std::vector<float> simulated(x.size());
    fakeQuantizeMatrix(format, scales, x.data(), simulated.data());
    EXPECT_EQ(*loaded, simulated) << text;
    double bits = 8.0 * static_cast<double>(stored.scales.size() + stored.secondLevel.size());
    if (format.zeroPoint == ZeroPointKind::None && format.selectorBits() == 0)
      EXPECT_EQ(format.storedBits(5, 83), bits + 5 * 83 * format.elementBits()) << text;
  }
}

TEST(NumberFormatStorage, Layout) {
  const float x[] = {7, -7, 3, 0, 1, -0.5f, 1, 0.5f};
  NumberFormat format = formatOf("int4:g4:sym:f16");
  StoredMatrix stored = storeMatrix(format, chooseScales(format, x, 1, 8), x);
  // 7, -7, 3, 0 at scale 1 (0x3C00); 1 and 0.5 at 1/7 rounded to f16: 7 and 4 (3.5 rounds to even).
  EXPECT_EQ(stored.codes, (std::vector<uint8_t>{0x97, 0x03, 0xC7, 0x47}));
  EXPECT_EQ(stored.scales[0], 0x00);
  EXPECT_EQ(stored.scales[1], 0x3C);
  EXPECT_TRUE(stored.zeroPoints.empty() && stored.secondLevel.empty() && stored.selectors.empty());
}

TEST(NumberFormatStorage, WhatDoesNotFitIsRefused) {
  StoredMatrix stored;
  stored.codes = {0, 0};
  stored.scales = {0, 0x3C};
  EXPECT_EQ(reasonFor("int4:channel:f16", 1, 5, stored), "expected 3 bytes of codes, but found 2");
  EXPECT_EQ(reasonFor("int4:channel:f32", 1, 4, stored), "expected 4 bytes of scales, but found 2");
  EXPECT_EQ(reasonFor("uint4:channel:asym:f16", 1, 4, stored),
            "expected 1 bytes of zero points, but found 0");
  EXPECT_EQ(reasonFor("bitmod4:channel:f16", 1, 4, stored),
            "expected 1 bytes of table selectors, but found 0");
  stored.selectors = {4};
  EXPECT_EQ(reasonFor("bitmod4:channel:f16", 1, 4, stored), "expected tables below 4, but found 4");
  stored.selectors = {};
  stored.zeroPoints = {16};
  EXPECT_EQ(reasonFor("uint4:channel:asym:f16", 1, 4, stored),
            "expected zero points in 0..15, but found 16");
  stored.zeroPoints = {0xF7};
  EXPECT_EQ(reasonFor("int4:channel:asym:f16", 1, 4, stored),
            "expected zero points in -8..7, but found -9");
  stored.zeroPoints = {};
  for (uint8_t high : {0x00, 0xBC, 0x7C}) { // 0, -1, infinity
    stored.scales[1] = high;
    EXPECT_EQ(reasonFor("int4:channel:f16", 1, 4, stored).rfind("expected positive scales", 0), 0u);
  }
  stored.scales = {0x38};
  EXPECT_EQ(reasonFor("fp<e2m1>:channel:e4m3", 1, 4, stored),
            "expected 4 bytes of second-level scales, but found 0");
}
