//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// [NUM-FLT-9]: every code of every format, the midpoints between them, and the published constants.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Minifloat.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace quantc::numerics;

namespace {
struct Case {
  const char *name;
  MinifloatFormat format;
  double largest, leastNormal, leastSubnormal;
};
// Largest and least numbers: OCP OFP8 and MX 1.0, IEEE 754, and the papers of the fnuz formats.
const Case cases[] = {
    {"f16", kF16, 65504, std::ldexp(1, -14), std::ldexp(1, -24)},
    {"bf16", kBF16, 3.3895313892515355e38, std::ldexp(1, -126), std::ldexp(1, -133)},
    {"e4m3fn", kF8E4M3FN, 448, std::ldexp(1, -6), std::ldexp(1, -9)},
    {"e4m3fnuz", kF8E4M3FNUZ, 240, std::ldexp(1, -7), std::ldexp(1, -10)},
    {"e5m2", kF8E5M2, 57344, std::ldexp(1, -14), std::ldexp(1, -16)},
    {"e5m2fnuz", kF8E5M2FNUZ, 57344, std::ldexp(1, -15), std::ldexp(1, -17)},
    {"e2m1", kF4E2M1, 6, 1, 0.5},
    {"e1m2", kF4E1M2, 3.5, 2, 0.5},
    {"e2m3", kF6E2M3, 7.5, 1, 0.125},
    {"e3m2", kF6E3M2, 28, 0.25, 0.0625},
    {"e4m3", kF8E4M3, 240, std::ldexp(1, -6), std::ldexp(1, -9)},
    {"e3m4", kF8E3M4, 15.5, 0.25, std::ldexp(1, -6)},
    {"e4m3b11fnuz", kF8E4M3B11FNUZ, 30, std::ldexp(1, -10), std::ldexp(1, -13)},
    {"ue5m3", kUE5M3, 114688, std::ldexp(1, -14), std::ldexp(1, -17)},
};

class Minifloat : public testing::TestWithParam<Case> {};
} // namespace

TEST_P(Minifloat, PublishedConstants) {
  const MinifloatFormat &f = GetParam().format;
  EXPECT_EQ(decodeMinifloat(f, f.maxCode()), float(GetParam().largest));
  EXPECT_EQ(decodeMinifloat(f, uint32_t(1) << f.mantissaBits), float(GetParam().leastNormal));
  EXPECT_EQ(decodeMinifloat(f, 1), float(GetParam().leastSubnormal));
}

TEST_P(Minifloat, EveryCodeReturns) {
  const MinifloatFormat &f = GetParam().format;
  for (uint32_t code = 0; code < (uint32_t(1) << f.bits()); ++code) {
    float value = decodeMinifloat(f, code);
    if (std::isnan(value))
      EXPECT_TRUE(std::isnan(decodeMinifloat(f, encodeMinifloat(f, value, true))));
    else
      EXPECT_EQ(encodeMinifloat(f, value, false), code) << "code " << code;
  }
}

/// Neighbours differ by one code; their midpoint goes to the even one, a hair beside it to the
/// nearer.
TEST_P(Minifloat, NearestEven) {
  const MinifloatFormat &f = GetParam().format;
  for (uint32_t code = 0; code < f.maxCode(); ++code) {
    double low = decodeMinifloat(f, code), high = decodeMinifloat(f, code + 1);
    ASSERT_LT(low, high);
    double middle = (low + high) / 2;
    EXPECT_EQ(encodeMinifloat(f, middle, true), code + (code & 1));
    EXPECT_EQ(encodeMinifloat(f, std::nextafter(middle, low), true), code);
    EXPECT_EQ(encodeMinifloat(f, std::nextafter(middle, high), true), code + 1);
    uint32_t negative = encodeMinifloat(f, -middle, true);
    if (!f.isSigned)
      EXPECT_EQ(negative, 0u);
    else if (code + (code & 1) != 0)
      EXPECT_EQ(negative, (code + (code & 1)) | f.signBit());
  }
}

TEST_P(Minifloat, BeyondTheLargest) {
  const MinifloatFormat &f = GetParam().format;
  for (double value : {1e300, HUGE_VAL}) {
    EXPECT_EQ(encodeMinifloat(f, value, true), f.maxCode());
    EXPECT_EQ(encodeMinifloat(f, -value, true), f.isSigned ? f.maxCode() | f.signBit() : 0);
    float open = decodeMinifloat(f, encodeMinifloat(f, value, false));
    if (f.specials == Specials::Ieee)
      EXPECT_EQ(open, HUGE_VALF);
    else if (f.specials == Specials::None)
      EXPECT_EQ(open, float(GetParam().largest));
    else
      EXPECT_TRUE(std::isnan(open));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Minifloat, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(Minifloat, TiesOfE4M3AtTheEnd) { // 464 lies between 448 and what would be 480
  EXPECT_EQ(encodeMinifloat(kF8E4M3FN, 464, false), kF8E4M3FN.maxCode());
  EXPECT_TRUE(std::isnan(decodeMinifloat(kF8E4M3FN, encodeMinifloat(kF8E4M3FN, 465, false))));
}

TEST(Minifloat, WithoutMantissaOrExponent) {
  const float powers[] = {0, 0.25f, 0.5f, 1, 2, 4, 8, 16};
  for (uint32_t code = 0; code < 8; ++code)
    EXPECT_EQ(decodeMinifloat(kF4E3M0, code), powers[code]);
  EXPECT_EQ(encodeMinifloat(kF4E3M0, 0.125, true), 0u); // to 0, whose code is even
  EXPECT_EQ(encodeMinifloat(kF4E3M0, 3, true), 5u);     // powers of two: to the greater
  EXPECT_EQ(encodeMinifloat(kF4E3M0, 6, true), 6u);
  const MinifloatFormat eighths{0, 4, 0, Specials::None}; // m / 8
  ASSERT_TRUE(eighths.isValid());
  for (uint32_t code = 0; code < 16; ++code) {
    EXPECT_EQ(decodeMinifloat(eighths, code), static_cast<float>(code) / 8);
    EXPECT_EQ(encodeMinifloat(eighths, (code + 0.5) / 8, true), std::min(15u, code + (code & 1)));
  }
}

TEST(Minifloat, CountsOfFiniteNumbers) { // without sign
  const std::pair<MinifloatFormat, uint32_t> pairs[] = {
      {kF4E2M1, 8},          {kF4E1M2, 8},       {kF4E3M0, 8},      {kF6E2M3, 32},  {kF6E3M2, 32},
      {kF8E4M3FN, 127},      {kF8E4M3, 120},     {kF8E5M2, 124},    {kF8E3M4, 112}, {kUE5M3, 255},
      {kF8E4M3B11FNUZ, 128}, {kF8E4M3FNUZ, 128}, {kF8E5M2FNUZ, 128}};
  for (const auto &[format, count] : pairs) {
    uint32_t finite = 0;
    for (uint32_t code = 0; code < format.signBit(); ++code)
      finite += std::isfinite(decodeMinifloat(format, code));
    EXPECT_EQ(finite, count);
    EXPECT_TRUE(format.isValid());
  }
}

TEST(Minifloat, FieldsThatSayNoFormat) {
  for (MinifloatFormat format :
       {MinifloatFormat{9, 1, 0, Specials::None}, MinifloatFormat{0, 0, 0, Specials::None},
        MinifloatFormat{4, 0, 7, Specials::Ieee}, MinifloatFormat{0, 4, 0, Specials::Ieee},
        MinifloatFormat{0, 1, 0, Specials::NanOnly}, MinifloatFormat{4, 3, 200, Specials::None},
        MinifloatFormat{8, 3, 100, Specials::None}, MinifloatFormat{4, 11, 7, Specials::None},
        MinifloatFormat{4, 3, 8, Specials::NanIsMinus0, false}})
    EXPECT_FALSE(format.isValid());
}

TEST(Minifloat, E8M0) {
  for (uint32_t code = 0; code < 255; ++code)
    for (auto rounding : {E8M0Rounding::Up, E8M0Rounding::Down, E8M0Rounding::Nearest})
      if (code > 0) // 2^-127 is a subnormal float32, whose exponent field is 0
        EXPECT_EQ(encodeE8M0(decodeE8M0(code), true, rounding), code);
  EXPECT_EQ(encodeE8M0(1.25f, true, E8M0Rounding::Up), 128u);
  EXPECT_EQ(encodeE8M0(1.25f, true, E8M0Rounding::Down), 127u);
  EXPECT_EQ(encodeE8M0(1.25f, true, E8M0Rounding::Nearest), 127u);
  EXPECT_EQ(encodeE8M0(1.5f, true, E8M0Rounding::Nearest), 128u);
  EXPECT_EQ(encodeE8M0(3e38f, true, E8M0Rounding::Up), 254u);
  EXPECT_EQ(encodeE8M0(3e38f, false, E8M0Rounding::Up), 255u);
  EXPECT_EQ(encodeE8M0(HUGE_VALF, true, E8M0Rounding::Up), 255u);
  EXPECT_TRUE(std::isnan(decodeE8M0(255)));
}
