//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of elements: every code of every kind of format, ties, saturation, NaN; codebooks.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormatCodec.h"
#include "quantc/Numerics/Quantize.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace quantc::numerics;

namespace {
NumberFormatCodec codecOf(const char *text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_TRUE(result.format) << text;
  return NumberFormatCodec(result.format.value_or(NumberFormat()));
}
const BlockParams unit{};
} // namespace

TEST(NumberFormatCodec, EveryCodeReturns) {
  for (const char *text : {"int2:full",
                           "int3:full",
                           "int4:full",
                           "int8:full",
                           "int2",
                           "int4",
                           "int8",
                           "uint4",
                           "uint8:full",
                           "fixed<8,6>:full",
                           "fixed<4,2>",
                           "fp<e2m1>",
                           "fp<e1m2>",
                           "fp<e3m0>",
                           "fp<e2m3>",
                           "fp<e3m2>",
                           "fp<e4m3fn>",
                           "fp<e5m2ieee>",
                           "fp<e4m3ieee>",
                           "fp<e4m3fnuz>",
                           "fp<e4m3b11fnuz>",
                           "fp<e3m4ieee>",
                           "fp<ue5m3fn>",
                           "fp<ue4m4>",
                           "fp<e0m7b0>",
                           "nf4",
                           "af4",
                           "fp4-bnb",
                           "bitmod4",
                           "codebook<3,1,2>"}) {
    NumberFormatCodec codec = codecOf(text);
    for (float scale : {1.0f, 0.1f, 3.7e-5f, 1.7e9f})
      for (uint32_t code = 0; code < (1u << codec.getFormat().elementBits()); ++code) {
        BlockParams params;
        params.scale = scale;
        float value = codec.decode(static_cast<uint8_t>(code), params);
        // Codes may stand for one number (-0, or nothing); the number returns.
        float again = codec.fakeQuantize(value, params);
        if (std::isnan(value)) {
          EXPECT_TRUE(std::isnan(again));
          continue;
        }
        if (std::isinf(value))
          continue; // saturates
        bool dropped =
            codec.getFormat().element == ElementKind::Integer && codec.getFormat().narrow &&
            code == (codec.getFormat().isSigned ? 1u << (codec.getFormat().elementBits() - 1) : 0u);
        if (!dropped)
          EXPECT_EQ(again, value) << text << " code " << code << " scale " << scale;
      }
  }
}

TEST(NumberFormatCodec, IntegersWithZeroPointsReturn) {
  for (const char *text : {"uint4:asym", "int8:asym", "uint2:asym", "uint3:asym-float",
                           "int5:asym-float", "uint1:asym-float"}) {
    NumberFormatCodec codec = codecOf(text);
    const NumberFormat &format = codec.getFormat();
    for (int32_t zero = format.minCode(); zero <= format.maxCode(); ++zero)
      for (uint32_t code = 0; code < (1u << format.integerBits); ++code) {
        BlockParams params;
        params.scale = 0.3f;
        params.zeroPoint = zero;
        params.zero = -0.77f;
        float value = codec.decode(static_cast<uint8_t>(code), params);
        EXPECT_EQ(codec.encode(value, params), code) << text;
      }
  }
}

TEST(NumberFormatCodec, MidpointsOfE2M1GoToEven) {
  NumberFormatCodec codec = codecOf("fp<e2m1>");
  const std::pair<float, float> pairs[] = {{0.25f, 0}, {0.75f, 1}, {1.25f, 1}, {1.75f, 2},
                                           {2.5f, 2},  {3.5f, 4},  {5, 4}};
  for (auto [middle, even] : pairs) {
    EXPECT_EQ(codec.fakeQuantize(middle, unit), even);
    EXPECT_EQ(codec.fakeQuantize(-middle, unit), -even);
  }
}

/// Halfway between neighbours the even code, for every minifloat of at most 8 bits. Without
/// mantissa both neighbours are powers of two, and the greater is taken (IEEE 754-2019, 4.3.1).
TEST(NumberFormatCodec, MidpointsOfMinifloats) {
  for (int exponent = 0; exponent <= 5; ++exponent)
    for (int mantissa = exponent == 0 ? 1 : 0; exponent + mantissa <= 7; ++mantissa)
      for (Specials specials :
           {Specials::None, Specials::NanOnly, Specials::NanIsMinus0, Specials::Ieee}) {
        MinifloatFormat format{exponent, mantissa, (1 << exponent) / 2, specials};
        if (!format.isValid())
          continue;
        for (uint32_t code = 0; code < format.maxCode(); ++code) {
          double middle = minifloatMidpoint(format, code);
          bool up = mantissa == 0 ? code != 0 : (code & 1) != 0;
          EXPECT_EQ(encodeMinifloat(format, middle, true), code + (up ? 1 : 0));
          EXPECT_EQ(encodeMinifloat(format, std::nextafter(middle, 0.0), true), code);
          EXPECT_EQ(encodeMinifloat(format, std::nextafter(middle, HUGE_VAL), true), code + 1);
        }
      }
}

TEST(NumberFormatCodec, MonotoneAndNearest) {
  for (const char *text : {"int3", "uint4:full", "fixed<6,3>", "fp<e2m1>", "fp<e3m2>", "fp<e4m3fn>",
                           "fp<e5m2ieee>", "fp<ue3m2>", "nf4", "fp4-bnb", "bitmod3"}) {
    NumberFormatCodec codec = codecOf(text);
    std::vector<float> values;
    for (uint32_t code = 0; code < (1u << codec.getFormat().elementBits()); ++code) {
      float value = codec.decode(static_cast<uint8_t>(code), unit);
      if (std::isfinite(value) && codec.fakeQuantize(value, unit) == value)
        values.push_back(value);
    }
    float before = -HUGE_VALF;
    for (int i = -3000; i <= 3000; ++i) {
      float x = static_cast<float>(i) * 0.004f;
      float y = codec.fakeQuantize(x, unit);
      EXPECT_GE(y, before) << text << " " << x;
      before = y;
      for (float value : values)
        ASSERT_LE(std::fabs(double(x) - y), std::fabs(double(x) - value)) << text << " " << x;
    }
  }
}

TEST(NumberFormatCodec, SaturationAndNaN) {
  for (const char *text : {"int4", "fp<e2m1>", "fp<e4m3fn>", "fp<e5m2ieee>", "nf4"}) {
    NumberFormatCodec codec = codecOf(text);
    auto most = static_cast<float>(codec.getFormat().elementMax());
    for (float x : {1e30f, HUGE_VALF}) {
      EXPECT_EQ(codec.fakeQuantize(x, unit), most);
      EXPECT_EQ(codec.fakeQuantize(-x, unit), -most);
    }
    BlockParams poisoned;
    poisoned.scale = std::nanf("");
    EXPECT_TRUE(std::isnan(codec.fakeQuantize(1.0f, poisoned))) << text;
  }
  float nan = std::nanf("");
  EXPECT_EQ(codecOf("int4").encode(nan, unit), 0);
  EXPECT_EQ(codecOf("uint4").encode(nan, unit), 8);
  EXPECT_EQ(codecOf("nf4").encode(nan, unit), 7);
  EXPECT_EQ(codecOf("fp<e2m1>").fakeQuantize(nan, unit), 0.0f);
  EXPECT_TRUE(std::isnan(codecOf("fp<e4m3fn>").fakeQuantize(nan, unit)));
  EXPECT_EQ(codecOf("fp<ue5m3fn>").fakeQuantize(-3.0f, unit), 0.0f);
  EXPECT_EQ(codecOf("int4:full").fakeQuantize(-100, unit), -8);
  EXPECT_EQ(codecOf("uint4:full").encode(-100, unit), 0);
  EXPECT_EQ(codecOf("uint4").encode(-100, unit), 1);
}

/// Integers are ONNX's QuantizeLinear and DequantizeLinear.
TEST(NumberFormatCodec, IntegersAreQuantizeLinear) {
  NumberFormatCodec codec = codecOf("uint8:asym");
  BlockParams params;
  params.scale = 0.037f;
  params.zeroPoint = 113;
  for (int i = -1000; i <= 1000; ++i) {
    float x = static_cast<float>(i) * 0.0091f;
    int32_t q = quantizeLinear(x, params.scale, params.zeroPoint, 0, 255);
    EXPECT_EQ(codec.encode(x, params), q);
    EXPECT_EQ(codec.decode(static_cast<uint8_t>(q), params),
              dequantizeLinear(q, params.scale, params.zeroPoint));
  }
}

/// Runs of elements have a loop of their own.
TEST(NumberFormatCodec, RunsAreTheirElements) {
  std::vector<float> x = {0.0f,        -0.0f,         1e30f,  -1e30f,    HUGE_VALF,
                          -HUGE_VALF,  std::nanf(""), 1e-40f, 8388607.f, 8388608.5f,
                          -4194304.5f, 2.5f,          -0.5f,  1.5f};
  for (int i = -2000; i <= 2000; ++i)
    x.push_back(static_cast<float>(i) * 0.037f);
  for (const char *text : {"int2", "int8", "int4:full", "uint8", "fixed<8,6>", "uint4:asym",
                           "int8:asym", "uint1:asym", "uint4:asym-float", "fp<e4m3fn>", "nf4"}) {
    NumberFormatCodec codec = codecOf(text);
    for (float scale : {1.0f, 0.5f, 0.3f, 1e-30f, 1e30f, std::nanf("")}) {
      BlockParams params;
      params.scale = scale;
      params.zeroPoint =
          codec.getFormat().element == ElementKind::Integer ? codec.getFormat().maxCode() / 2 : 0;
      params.zero = -1.25f;
      std::vector<float> run(x.size());
      codec.fakeQuantize(x.data(), x.size(), params, run.data());
      for (size_t i = 0; i < x.size(); ++i) {
        float one = codec.fakeQuantize(x[i], params);
        if (std::isnan(one))
          EXPECT_TRUE(std::isnan(run[i])) << text << " " << x[i];
        else
          EXPECT_EQ(run[i], one) << text << " " << x[i] << " at " << scale;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Codebooks
//===----------------------------------------------------------------------===//

/// The quantile of the standard normal distribution, by bisection.
static double quantile(double p) {
  double low = -10, high = 10;
  for (int i = 0; i < 200; ++i) {
    double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return low;
}

TEST(Codebook, NF4IsMadeOfNormalQuantiles) {
  const std::vector<float> &table = findCodebook("nf4")->tables[0];
  const double offset = 0.5 * ((1 - 1.0 / 30) + (1 - 1.0 / 32)), most = quantile(offset);
  for (int i = 0; i < 8; ++i) // positive, from 1 down: linspace(offset, 1/2, 9)
    EXPECT_NEAR(table[15 - i], quantile(offset + (0.5 - offset) * i / 8) / most, 1e-6);
  for (int i = 0; i < 7; ++i) // negative: linspace(offset, 1/2, 8)
    EXPECT_NEAR(table[i], -quantile(offset + (0.5 - offset) * i / 7) / most, 1e-6);
  EXPECT_EQ(table[7], 0.0f);
}

TEST(Codebook, TablesHoldTheEndsAndZero) {
  for (const char *name : {"nf4", "af4"}) {
    const std::vector<float> &table = findCodebook(name)->tables[0];
    EXPECT_EQ(table.size(), 16u);
    EXPECT_TRUE(std::is_sorted(table.begin(), table.end()));
    EXPECT_EQ(std::adjacent_find(table.begin(), table.end()), table.end());
    EXPECT_EQ(table.front(), -1.0f);
    EXPECT_EQ(table.back(), 1.0f);
    EXPECT_EQ(table[7], 0.0f);
  }
  EXPECT_EQ(findCodebook("nf5"), nullptr);
  const std::vector<float> &bnb = findCodebook("fp4-bnb")->tables[0];
  for (size_t i = 0; i < 8; ++i)
    EXPECT_EQ(bnb[i], -bnb[i + 8]);
}

TEST(Codebook, MidpointsGoDown) {
  CodebookCoder coder({-2, 0, 1, 4});
  EXPECT_EQ(coder.encode(-1), 0);
  EXPECT_EQ(coder.encode(std::nextafter(-1.0, 0.0)), 1);
  EXPECT_EQ(coder.encode(2.5), 2);
  EXPECT_EQ(coder.encode(std::nextafter(2.5, 3.0)), 3);
  EXPECT_EQ(coder.encode(-1e9), 0);
  EXPECT_EQ(coder.encode(1e9), 3);
}

TEST(Codebook, BitModReplacesMinusZero) {
  const CodebookFamily *family = findCodebook("bitmod4");
  ASSERT_EQ(family->tables.size(), 4u);
  const float extras[] = {5, -5, 8, -8};
  for (size_t table = 0; table < 4; ++table)
    for (uint32_t code = 0; code < 16; ++code)
      EXPECT_EQ(family->tables[table][code],
                code == 8 ? extras[table] : decodeMinifloat(kF4E2M1, code));
}
