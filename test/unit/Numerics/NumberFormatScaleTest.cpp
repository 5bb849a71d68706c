//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scales of blocks: storage types, the modes of E8M0, two levels, searches, blocks of zeros and
// of NaN, tails.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/BlockScale.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>

using namespace quantc::numerics;

namespace {
NumberFormat formatOf(const char *text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_TRUE(result.format) << text;
  return result.format.value_or(NumberFormat());
}

std::vector<float> normals(size_t count, int64_t seed, double sigma = 1) {
  RandomState random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = static_cast<float>(sigma * random.normal());
  return values;
}

double squaredError(const NumberFormat &format, const BlockScales &scales,
                    const std::vector<float> &x) {
  std::vector<float> y(x.size());
  fakeQuantizeMatrix(format, scales, x.data(), y.data());
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    sum += (double(x[i]) - y[i]) * (double(x[i]) - y[i]);
  return sum;
}

const ScaleMode modes[] = {ScaleMode::Floor, ScaleMode::Ceil, ScaleMode::Even,
                           ScaleMode::RoundedCeil};
} // namespace

//===----------------------------------------------------------------------===//
// Storage types
//===----------------------------------------------------------------------===//

TEST(ScaleStorage, EveryScaleOfAByteReturns) {
  for (ScaleType type : {ScaleType::E8M0, ScaleType::E4M3, ScaleType::UE5M3, ScaleType::F16})
    for (uint32_t code = 0; code < (type == ScaleType::F16 ? 0x7C00u : 256u); ++code) {
      float scale = decodeScale(type, code);
      if (std::isfinite(scale) && scale > 0)
        EXPECT_EQ(encodeScale(type, scale), code);
    }
}

TEST(ScaleStorage, NeitherZeroNorInfinite) {
  for (ScaleType type : {ScaleType::F32, ScaleType::F16, ScaleType::BF16, ScaleType::E8M0,
                         ScaleType::E4M3, ScaleType::UE5M3}) {
    for (double scale : {1e-300, 1e-45, 1e-39, 1e-9, 1.0, 1e9, 1e38, 1e300}) {
      float stored = decodeScale(type, encodeScale(type, scale));
      EXPECT_GT(stored, 0.0f);
      EXPECT_TRUE(std::isfinite(stored));
    }
    EXPECT_EQ(decodeScale(type, encodeScale(type, 1.0)), 1.0f);
    EXPECT_TRUE(std::isnan(decodeScale(type, nanScale(type))));
  }
  EXPECT_EQ(decodeScale(ScaleType::F16, encodeScale(ScaleType::F16, 1e-9)), std::ldexp(1.0f, -24));
  EXPECT_EQ(decodeScale(ScaleType::F32, encodeScale(ScaleType::F32, 1e-39)), 1.0f);
}

//===----------------------------------------------------------------------===//
// E8M0
//===----------------------------------------------------------------------===//

TEST(ScaleModes, WorkedExamples) { // elements of E2M1: emax 2, greatest 6
  auto exponent = [](float absmax, ScaleMode mode) {
    return static_cast<int>(chooseE8M0(absmax, 6, 1, mode)) - 127;
  };
  const float below8 = std::nextafter(8.0f, 0.0f), above4 = std::nextafter(4.0f, 8.0f);
  EXPECT_EQ(exponent(4, ScaleMode::Floor), 0);
  EXPECT_EQ(exponent(below8, ScaleMode::Floor), 0);
  EXPECT_EQ(exponent(4, ScaleMode::Ceil), 0);
  EXPECT_EQ(exponent(above4, ScaleMode::Ceil), 1);
  EXPECT_EQ(exponent(6.99f, ScaleMode::Even), 0); // 1.7475: rounds to 1.5 or up from 1.75
  EXPECT_EQ(exponent(7, ScaleMode::Even), 1);
  EXPECT_EQ(exponent(6, ScaleMode::RoundedCeil), 0);
  EXPECT_EQ(exponent(std::nextafter(6.0f, 7.0f), ScaleMode::RoundedCeil), 1);
  EXPECT_EQ(exponent(3, ScaleMode::RoundedCeil), -1);
}

TEST(ScaleModes, ExponentsComeFromBits) { // log2f(nextafter(2^k, 0)) would be k
  for (int k = -120; k <= 127; ++k) {
    float below = std::nextafter(std::ldexp(1.0f, k), 0.0f);
    EXPECT_EQ(chooseE8M0(below, 1, 0, ScaleMode::Floor), static_cast<uint32_t>(k - 1 + 127));
  }
  for (ScaleMode mode : modes) {
    EXPECT_EQ(chooseE8M0(1e-45f, 6, 1, mode), 0u); // subnormal: the least power
    EXPECT_EQ(chooseE8M0(FLT_MAX, 0.25, 1, mode), 254u);
  }
}

TEST(ScaleModes, Bounds) {
  RandomState random(3);
  for (const char *text : {"mxfp4", "mxfp6-e2m3", "mxfp6-e3m2", "mxfp8-e4m3", "mxfp8-e5m2",
                           "mxint8", "mxint4", "bfp<6>:g32"}) {
    NumberFormat format = formatOf(text);
    double most = format.elementMax();
    int greatest = std::ilogb(most);
    for (int i = 0; i < 20000; ++i) {
      auto a = static_cast<float>(
          std::ldexp(1 + random.uniform(), static_cast<int>(random.uniform() * 80) - 40));
      if (i % 4 == 0) // the border of saturation and its neighbours
        a = std::nextafter(static_cast<float>(most * std::ldexp(1.0, i % 30 - 15)),
                           i % 8 ? 0 : 1e30f);
      int mantissa = format.element == ElementKind::Minifloat ? format.minifloat.mantissaBits
                                                              : format.integerBits - 2;
      auto scaleOf = [&](ScaleMode mode) {
        return std::ldexp(1.0, static_cast<int>(chooseE8M0(a, most, mantissa, mode)) - 127);
      };
      double floor = scaleOf(ScaleMode::Floor), rceil = scaleOf(ScaleMode::RoundedCeil);
      EXPECT_LT(a / floor, std::ldexp(1.0, greatest + 1)) << text;
      EXPECT_GE(a / floor, std::ldexp(1.0, greatest)) << text;
      EXPECT_LE(a / scaleOf(ScaleMode::Ceil), most) << text;
      // The fp32 product with 1/most may hide the last bit of absmax, no more.
      EXPECT_LE(a / rceil, most * (1 + FLT_EPSILON)) << text << " " << a;
      EXPECT_GT(a / rceil, most / 2) << text; // and is the least such power
      EXPECT_TRUE(rceil == floor || rceil == 2 * floor);
      EXPECT_TRUE(scaleOf(ScaleMode::Even) == floor || scaleOf(ScaleMode::Even) == 2 * floor);
    }
  }
}

TEST(ScaleModes, PowersOfTwoShiftTheByteAndNothingElse) {
  const size_t rows = 4, columns = 96;
  std::vector<float> x = normals(rows * columns, 5);
  for (const char *text : {"mxfp4", "mxfp6-e3m2", "mxfp8", "mxint8", "bfp<5>:g16",
                           "int4:channel:e8m0", "nf4:g32:e8m0"})
    for (ScaleMode mode : modes) {
      NumberFormat format = formatOf(text);
      format.scaleMode = mode;
      BlockScales scales = chooseScales(format, x.data(), rows, columns);
      std::vector<uint8_t> codes = encodeMatrix(format, scales, x.data());
      for (int shift : {-30, -1, 1, 20}) {
        std::vector<float> moved = x;
        for (float &value : moved)
          value = std::ldexp(value, shift);
        BlockScales other = chooseScales(format, moved.data(), rows, columns);
        for (size_t block = 0; block < scales.codes.size(); ++block)
          EXPECT_EQ(int(other.codes[block]), int(scales.codes[block]) + shift);
        EXPECT_EQ(encodeMatrix(format, other, moved.data()), codes) << text;
      }
    }
}

TEST(ScaleModes, ByteGrowsWithAbsmax) {
  for (ScaleMode mode : modes) {
    uint32_t before = 0;
    for (uint32_t bits = 0x00800000; bits < 0x7F800000; bits += 104729) {
      float a;
      std::memcpy(&a, &bits, sizeof a);
      uint32_t byte = chooseE8M0(a, 448, 3, mode);
      EXPECT_GE(byte, before);
      before = byte;
    }
  }
}

TEST(ScaleModes, BlockFloatingPointIsASharedExponent) {
  // step = 2^(floor(log2 absmax) - (m - 2)), q = clamp(rne(x / step)).
  NumberFormat format = formatOf("bfp<4>:g4");
  const float x[] = {0.3f, -1.9f, 0.124f, 1.0f};
  BlockScales scales = chooseScales(format, x, 1, 4);
  EXPECT_EQ(scales.params[0].scale, 0.25f);
  std::vector<uint8_t> codes = encodeMatrix(format, scales, x);
  EXPECT_EQ(codes, (std::vector<uint8_t>{1, uint8_t(-7 & 15), 0, 4}));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

TEST(IntegerScales, SymmetricIsNaturalWeightScale) {
  std::vector<float> x = normals(64 * 100, 9);
  for (int bits : {2, 3, 4, 8}) {
    NumberFormat format = formatOf("int4:channel:sym:f32");
    format.integerBits = bits;
    BlockScales scales = chooseScales(format, x.data(), 64, 100);
    for (size_t row = 0; row < 64; ++row)
      EXPECT_EQ(scales.params[row].scale, naturalWeightScale(x.data() + row * 100, 100, bits));
  }
}

TEST(IntegerScales, AsymmetricIsChooseParams) {
  std::vector<float> x = normals(64 * 100, 10);
  for (size_t i = 0; i < 3000; ++i)
    x[i] = std::fabs(x[i]) + (i < 1000 ? 5.0f : 0.0f); // ranges that hold 0 only when widened
  NumberFormat format = formatOf("uint4:channel:asym:f32");
  BlockScales scales = chooseScales(format, x.data(), 64, 100);
  for (size_t row = 0; row < 64; ++row) {
    auto [low, high] =
        std::minmax_element(x.begin() + long(row) * 100, x.begin() + long(row + 1) * 100);
    std::optional<QuantParams> params = chooseParams(*low, *high, 0, 15);
    ASSERT_TRUE(params);
    EXPECT_EQ(scales.params[row].scale, params->scale);
    EXPECT_EQ(scales.params[row].zeroPoint, params->zeroPoint);
    EXPECT_EQ(NumberFormatCodec(format).fakeQuantize(0.0f, scales.params[row]), 0.0f);
  }
}

TEST(IntegerScales, ScalesAreRoundedBeforeTheyDivide) {
  std::vector<float> x = normals(8 * 128, 11, 0.02);
  NumberFormat format = formatOf("uint4:g32:asym:f16");
  BlockScales scales = chooseScales(format, x.data(), 8, 128);
  for (size_t block = 0; block < scales.params.size(); ++block) {
    const BlockParams &params = scales.params[block];
    EXPECT_EQ(params.scale, decodeScale(ScaleType::F16, scales.codes[block]));
    auto [low, high] =
        std::minmax_element(x.begin() + long(block) * 32, x.begin() + long(block + 1) * 32);
    double zero = std::nearbyint(-std::min(0.0, double(*low)) / params.scale);
    EXPECT_EQ(params.zeroPoint, std::clamp(zero, 0.0, 15.0));
    EXPECT_GT(*high, *low);
  }
}

TEST(IntegerScales, FloatZeroPointsNeedNoZero) {
  // 5.0 .. 5.3 in 2 bits: the step is 0.1, not 5.3 / 3.
  const float x[] = {5.0f, 5.1f, 5.2f, 5.3f};
  NumberFormat format = formatOf("uint2:channel:asym-float:f32");
  BlockScales scales = chooseScales(format, x, 1, 4);
  EXPECT_EQ(encodeMatrix(format, scales, x), (std::vector<uint8_t>{0, 1, 2, 3}));
  EXPECT_EQ(scales.params[0].zero, 5.0f);
  // A constant block is its own zero.
  const float constant[] = {-3.25f, -3.25f, -3.25f, -3.25f};
  scales = chooseScales(format, constant, 1, 4);
  float back[4];
  fakeQuantizeMatrix(format, scales, constant, back);
  for (float value : back)
    EXPECT_EQ(value, -3.25f);
}

//===----------------------------------------------------------------------===//
// Two levels
//===----------------------------------------------------------------------===//

TEST(TwoLevels, NVFP4) {
  const size_t rows = 8, columns = 64;
  std::vector<float> x = normals(rows * columns, 12);
  x[5 * columns + 17] = 23.0f; // the greatest, in block (5, 1)
  for (const char *text : {"nvfp4", "nvint4"}) {
    NumberFormat format = formatOf(text);
    BlockScales scales = chooseScales(format, x.data(), rows, columns);
    ASSERT_EQ(scales.secondLevel.size(), 1u);
    EXPECT_EQ(scales.secondLevel[0], static_cast<float>(23.0 / (format.elementMax() * 448)));
    EXPECT_EQ(decodeScale(ScaleType::E4M3, scales.codes[5 * 4 + 1]), 448.0f);
    for (uint32_t code : scales.codes)
      EXPECT_GT(decodeScale(ScaleType::E4M3, code), 0.0f);
    std::vector<uint8_t> codes = encodeMatrix(format, scales, x.data());
    for (float factor : {0.25f, 1024.0f}) { // powers of two change the tensor's scale alone
      std::vector<float> moved = x;
      for (float &value : moved)
        value *= factor;
      BlockScales other = chooseScales(format, moved.data(), rows, columns);
      EXPECT_EQ(other.codes, scales.codes);
      EXPECT_EQ(other.secondLevel[0], scales.secondLevel[0] * factor);
      EXPECT_EQ(encodeMatrix(format, other, moved.data()), codes);
    }
  }
}

TEST(TwoLevels, ATinyBlockKeepsAPositiveScale) { // E4M3 would round it to 0
  std::vector<float> x(32, 1e-6f);
  x[0] = 1000.0f;
  NumberFormat format = formatOf("nvfp4");
  BlockScales scales = chooseScales(format, x.data(), 1, 32);
  EXPECT_EQ(scales.codes[1], 1u);
}

TEST(TwoLevels, DoubleQuantizationIsNearlyFree) {
  std::vector<float> x = normals(64 * 1024, 13, 0.02);
  for (size_t i = 0; i < 64; ++i)
    x[2048 + i] = 0; // a block of zeros has no say in the mean
  NumberFormat once = formatOf("nf4:g64"), twice = formatOf("nf4:g64:double");
  BlockScales plain = chooseScales(once, x.data(), 64, 1024);
  BlockScales scales = chooseScales(twice, x.data(), 64, 1024);
  EXPECT_EQ(scales.secondLevel.size(), 1u + 1024 / 256);
  for (size_t block = 0; block < scales.params.size(); ++block) {
    EXPECT_GT(scales.params[block].scale, 0.0f);
    if (block != 32)
      EXPECT_NEAR(scales.params[block].scale, plain.params[block].scale, 0.0025);
  }
  EXPECT_EQ(scales.params[32].scale, scales.secondLevel[0]);
  EXPECT_LT(squaredError(twice, scales, x), 1.02 * squaredError(once, plain, x));
}

TEST(TwoLevels, DoubleQuantizationKeepsScalesPositive) {
  std::vector<float> x(64 * 40, 1.0f);
  for (size_t i = 0; i < x.size(); ++i)
    if (i / 64 % 2)
      x[i] = 1e-7f * static_cast<float>(1 + i / 64); // scales far below the mean
  NumberFormat format = formatOf("nf4:g64:double");
  for (const BlockParams &params : chooseScales(format, x.data(), 1, x.size()).params)
    EXPECT_GT(params.scale, 0.0f);
}

TEST(TwoLevels, StoredScalesDecodeToTheSame) {
  std::vector<float> x = normals(4 * 512, 14);
  for (const char *text : {"int4:g32:f16", "nvfp4", "mxfp4", "nf4:g64:double", "bitmod4:g64",
                           "uint4:g32:asym:bf16", "fp<e2m1>:g16:ue5m3"}) {
    NumberFormat format = formatOf(text);
    BlockScales scales = chooseScales(format, x.data(), 4, 512);
    BlockScales stored = scales;
    for (BlockParams &params : stored.params)
      params.scale = 0;
    ASSERT_TRUE(decodeScales(format, stored));
    for (size_t block = 0; block < scales.params.size(); ++block)
      EXPECT_EQ(stored.params[block].scale, scales.params[block].scale) << text;
    stored.codes.pop_back();
    EXPECT_FALSE(decodeScales(format, stored));
  }
}

//===----------------------------------------------------------------------===//
// Blocks that are special
//===----------------------------------------------------------------------===//

TEST(SpecialBlocks, ZerosHaveScaleOne) {
  const float zeros[8] = {};
  for (const char *text : {"int4:g4:f16", "uint4:g4:asym", "uint4:g4:asym-float:f16", "fp<e2m1>:g4",
                           "nf4:g4", "mxfp4:g4", "mxfp4:g4:rceil", "nvfp4:g4", "nf4:g4:double",
                           "fp<e2m1>:g4:ue5m3", "bitmod4:g4"})
    for (const ScaleSearch &search : {ScaleSearch::none(), ScaleSearch::clip()}) {
      NumberFormat format = formatOf(text);
      BlockScales scales = chooseScales(format, zeros, 1, 8, search);
      float back[8];
      fakeQuantizeMatrix(format, scales, zeros, back);
      for (size_t block = 0; block < 2; ++block)
        EXPECT_EQ(scales.params[block].scale, 1.0f) << text;
      for (float value : back)
        EXPECT_EQ(value, 0.0f) << text;
    }
}

TEST(SpecialBlocks, WhatIsNotFinitePoisonsItsBlock) {
  for (float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF})
    for (const char *text :
         {"int4:g4:f16", "uint4:g4:asym", "uint4:g4:asym-float", "fp<e4m3fn>:g4", "mxfp4:g4",
          "nvfp4:g4", "nf4:g4:double", "bitmod4:g4:bf16", "fp<e2m1>:g4:ue5m3"}) {
      NumberFormat format = formatOf(text);
      const float x[] = {1, 2, 3, 4, 1, bad, 3, 4};
      BlockScales scales = chooseScales(format, x, 1, 8, ScaleSearch::clip());
      float back[8];
      fakeQuantizeMatrix(format, scales, x, back);
      for (size_t i = 0; i < 8; ++i)
        EXPECT_EQ(std::isnan(back[i]), i >= 4) << text;
      const float good[] = {1, 2, 3, 4};
      BlockScales alone = chooseScales(format, good, 1, 4, ScaleSearch::clip());
      EXPECT_EQ(scales.params[0].scale, alone.params[0].scale) << text;
    }
}

TEST(SpecialBlocks, TailsAreGroupsOfTheirOwn) {
  std::vector<float> x = normals(3 * 37, 15);
  for (const char *text : {"int4:g16:f16", "mxfp4:g16", "nvfp4", "uint3:g16:asym-float"}) {
    NumberFormat format = formatOf(text);
    std::vector<float> padded(3 * 48);
    for (size_t row = 0; row < 3; ++row)
      for (size_t column = 0; column < 48; ++column)
        padded[row * 48 + column] = x[row * 37 + std::min<size_t>(column, 36)];
    BlockScales scales = chooseScales(format, x.data(), 3, 37);
    BlockScales whole = chooseScales(format, padded.data(), 3, 48);
    EXPECT_EQ(scales.codes, whole.codes) << text; // repeating the last element changes no range
    std::vector<uint8_t> codes = encodeMatrix(format, scales, x.data());
    std::vector<uint8_t> wholeCodes = encodeMatrix(format, whole, padded.data());
    for (size_t i = 0; i < codes.size(); ++i)
      EXPECT_EQ(codes[i], wholeCodes[i / 37 * 48 + i % 37]);
  }
}

//===----------------------------------------------------------------------===//
// Searches
//===----------------------------------------------------------------------===//

TEST(ScaleSearches, NeverRaiseTheError) {
  std::vector<float> x = normals(16 * 256, 16);
  for (size_t i = 0; i < x.size(); i += 97)
    x[i] *= 6; // outliers
  for (const char *text :
       {"int2:channel", "int4:g128:f16", "uint4:g128:asym:f16", "mxfp4", "nvfp4", "nf4:g64",
        "uint2:g64:asym-float", "fp<e2m1>:g16:ue5m3", "bitmod3:g128", "int4:tensor:f32"}) {
    NumberFormat format = formatOf(text);
    double base = squaredError(format, chooseScales(format, x.data(), 16, 256), x);
    double clip =
        squaredError(format, chooseScales(format, x.data(), 16, 256, ScaleSearch::clip(2.0)), x);
    double codes =
        squaredError(format, chooseScales(format, x.data(), 16, 256, ScaleSearch::codes(8, 2)), x);
    EXPECT_LE(clip, base) << text;
    EXPECT_LE(codes, base) << text;
    double one =
        squaredError(format, chooseScales(format, x.data(), 16, 256, ScaleSearch::clip(2.0, 1)), x);
    if (std::string(text) != "bitmod3:g128") // whose tables are a search already
      EXPECT_EQ(one, base) << text;
  }
}

TEST(ScaleSearches, ClipIsTheBestOfItsGrid) {
  std::vector<float> x = normals(4 * 128, 17);
  NumberFormat format = formatOf("int3:channel");
  for (double norm : {2.0, 2.4}) {
    BlockScales found = chooseScales(format, x.data(), 4, 128, ScaleSearch::clip(norm));
    for (size_t row = 0; row < 4; ++row) {
      float absmax = 0;
      for (size_t i = 0; i < 128; ++i)
        absmax = std::max(absmax, std::fabs(x[row * 128 + i]));
      double least = HUGE_VAL;
      float best = 0;
      for (int i = 0; i < 80; ++i) {
        auto scale = static_cast<float>((1.0 - i / 100.0) * double(absmax) / 3);
        double error = 0;
        for (size_t k = 0; k < 128; ++k) {
          float w = x[row * 128 + k];
          float q = std::clamp(std::nearbyint(w / scale), -3.0f, 3.0f);
          error += std::pow(std::fabs(double(w) - double(q * scale)), norm);
        }
        if (error < least) {
          least = error;
          best = scale;
        }
      }
      EXPECT_EQ(found.params[row].scale, best);
    }
  }
}

TEST(ScaleSearches, ColumnWeightsDecide) {
  // One great element beside small ones: what counts decides whether it is clipped.
  const float x[] = {8, 0.5f, -0.5f, 0.6f, -0.4f, 0.5f, 0.5f, -0.6f};
  NumberFormat format = formatOf("int2:channel");
  double great[] = {1000, 1, 1, 1, 1, 1, 1, 1}, small[] = {1e-6, 1, 1, 1, 1, 1, 1, 1};
  ScaleSearch search = ScaleSearch::clip(2.0, 99);
  search.columnWeights = great;
  EXPECT_GT(chooseScales(format, x, 1, 8, search).params[0].scale, 7.5f);
  search.columnWeights = small;
  EXPECT_LT(chooseScales(format, x, 1, 8, search).params[0].scale, 0.7f);
}

TEST(ScaleSearches, EarlyStopsChangeNothing) {
  std::vector<float> x = normals(500, 18);
  NumberFormatCodec codec(formatOf("int4"));
  BlockParams params;
  params.scale = 0.4f;
  double whole = codec.error(x.data(), x.size(), params, {2.4, nullptr});
  EXPECT_EQ(codec.error(x.data(), x.size(), params, {2.4, nullptr}, whole * 1.0001), whole);
  EXPECT_GE(codec.error(x.data(), x.size(), params, {2.4, nullptr}, whole / 2), whole / 2);
}

TEST(ScaleSearches, TablesOfABlockAreSearched) {
  const float withFive[] = {6, 5, 5, 5, 0, 1, 2, 3}, withEight[] = {8, 1, 2, 3, 4, 6, 0, -6};
  NumberFormat format = formatOf("bitmod4:channel");
  for (const float *x : {withFive, withEight}) {
    BlockScales scales = chooseScales(format, x, 1, 8);
    float back[8];
    fakeQuantizeMatrix(format, scales, x, back);
    for (size_t i = 0; i < 8; ++i)
      EXPECT_EQ(back[i], x[i]);
  }
  EXPECT_EQ(chooseScales(format, withFive, 1, 8).params[0].selector, 0);
  EXPECT_EQ(chooseScales(format, withEight, 1, 8).params[0].selector, 2);
}
