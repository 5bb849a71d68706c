//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Number formats as values: text, faults, sizes; the packing of codes.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormat.h"
#include "quantc/Numerics/BitPacking.h"
#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"

using namespace quantc::numerics;

static NumberFormat parsed(const std::string &text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_TRUE(result.format) << text << ": " << (result.faults.empty() ? "" : result.faults[0]);
  return result.format.value_or(NumberFormat());
}

TEST(NumberFormatText, CanonicalTextsPrintAsTheyAre) {
  for (const char *text : {"int4:g128:sym:f16",
                           "int8:channel:sym:f32",
                           "int2:tensor:full:bf16",
                           "uint4:g32:asym:f16",
                           "uint3:g64:asym-float:f16",
                           "uint4:channel:sym:f32",
                           "fixed<8,4>:tensor:sym:e8m0:rceil",
                           "fp<e4m3fn>:tensor:f32",
                           "fp<e5m2ieee>:channel:f32",
                           "fp<e4m3b11fnuz>:channel:f32",
                           "fp<e2m1>:g32:f16",
                           "fp<ue5m3fn>:g16:ue5m3",
                           "fp<e0m3b2>:channel:f32",
                           "mxfp8-e4m3",
                           "mxfp8-e5m2",
                           "mxfp6-e2m3",
                           "mxfp6-e3m2",
                           "mxfp4",
                           "mxfp4:rceil",
                           "mxint8:ceil",
                           "mxint4",
                           "nvfp4",
                           "nvint4",
                           "nf4:g64:f32",
                           "nf4:g64:double",
                           "af4:g64:bf16",
                           "fp4-bnb:g64:f32",
                           "bitmod4:g128:f16",
                           "bfp<4>:g16",
                           "bfp<8>:g64:even",
                           "codebook<-1,-0.25,0,0.1,1>:channel:f32",
                           "codebook<-1,0,1;-1,0,2>:g16:f16"})
    EXPECT_EQ(printNumberFormat(parsed(text)), text);
}

TEST(NumberFormatText, ShortAndReorderedFormsMeanTheCanonicalOnes) {
  const std::pair<const char *, const char *> pairs[] = {
      {"int4", "int4:channel:sym:f32"},
      {"int4:f16:g128", "int4:g128:sym:f16"},
      {"nf4:b64", "nf4:g64:f32"},
      {"mxfp8", "mxfp8-e4m3"},
      {"mxfp6", "mxfp6-e2m3"},
      {"mxfp4:floor", "mxfp4"},
      {"mxfp4:g32", "mxfp4"},
      {"fp<e2m1>:g32:e8m0", "mxfp4"},
      {"fp<e2m1>:g16:e4m3", "nvfp4"},
      {"fixed<8,6>:g32:e8m0", "mxint8"},
      {"mxfp4:g16", "fp<e2m1>:g16:e8m0"},
      {"bfp<4>:b16", "bfp<4>:g16"},
      {"int4:g16:sym:e8m0", "bfp<4>:g16"},
      {"bfp<8>:tensor", "int8:tensor:sym:e8m0"},
      {"fp<e4m3b7fn>", "fp<e4m3fn>:channel:f32"},
      {"codebook<0.10,-1.0>", "codebook<0.1,-1>:channel:f32"},
  };
  for (auto [text, canonical] : pairs)
    EXPECT_EQ(printNumberFormat(parsed(text)), canonical) << text;
}

static std::vector<std::string> faultsOf(const std::string &text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_FALSE(result.format) << text;
  return result.faults;
}

static bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

TEST(NumberFormatText, EveryFaultIsReported) {
  std::vector<std::string> faults = faultsOf("int9:g0:g4:fast");
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_TRUE(contains(faults[0], "expected one granularity, but found 'g4'"));
  EXPECT_TRUE(contains(faults[1], "but found 'fast'"));
  EXPECT_TRUE(contains(faults[2], "integers of 1 to 8 bits, but found 9"));
  faults = faultsOf("nf4:asym:f16:bf16");
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_TRUE(contains(faults[0], "expected one scale type"));
  EXPECT_TRUE(contains(faults[1], "no word on zero points for this element"));
  EXPECT_TRUE(contains(faults[2], "zero points with integers only"));
}

TEST(NumberFormatText, FaultsSayWhatIsExpected) {
  const std::pair<const char *, const char *> pairs[] = {
      {"", "expected an element such as int4"},
      {"int", "but found 'int'"},
      {"int4x", "but found 'int4x'"},
      {"fp<e2m1", "but found 'fp<e2m1'"},
      {"fp<e9m1>", "but found 'fp<e9m1>'"},
      {"fp<e2m1xx>", "but found 'fp<e2m1xx>'"},
      {"fp<e5m10ieee>", "at most 8 bits, but found 16"},
      {"fp<e4m0ieee>", "a mantissa where there are infinities"},
      {"fp<e4m3b500>", "numbers within those of float32"},
      {"fixed<8>", "but found 'fixed<8>'"},
      {"fixed<4,5>", "0 to 4 fraction bits, but found 5"},
      {"fixed<4,2>:asym", "no zero points beside fraction bits"},
      {"int1", "at least 2 bits without zero points"},
      {"int4:g0", "groups of at least 1 element"},
      {"int4:g-1", "but found 'g-1'"},
      {"int4:g99999999999999999999", "but found 'g99999999999999999999'"},
      {"int4:floor", "a scale of type e8m0 beside 'floor', but found f32"},
      {"int4:asym-float:e8m0", "scales f32, f16 or bf16 with float zero points"},
      {"uint4:asym:double", "no zero points beside scales that are quantized themselves"},
      {"codebook<>", "but found 'codebook<>'"},
      {"codebook<1,2,>", "but found 'codebook<1,2,>'"},
      {"codebook<1>", "tables of 2 to 256 numbers, but found 1"},
      {"codebook<1,1>", "found one twice"},
      {"codebook<1,inf>", "expected finite numbers"},
      {"codebook<-3e38,0,3e38>",
       "within 2^-60 and 2^60, so that scales are float32, but found 3e+38"},
      {"codebook<0,1e-45>", "but found 1.4013e-45"},
      {"nf4:", "but found ''"},
  };
  for (auto [text, fault] : pairs) {
    bool found = false;
    for (const std::string &each : faultsOf(text))
      found = found || contains(each, fault);
    EXPECT_TRUE(found) << text << ": expected " << fault;
  }
}

// The figures are those of the formats' publications; QLoRA's 4.127 counts the mean apart.
TEST(NumberFormatSize, EffectiveBits) {
  const std::pair<const char *, double> pairs[] = {{"int4:g128:sym:f16", 4.125},
                                                   {"uint4:g128:asym:f16", 4.15625},
                                                   {"mxfp4", 4.25},
                                                   {"mxfp8", 8.25},
                                                   {"nf4:g64:f32", 4.5},
                                                   {"int4:g32:sym:f16", 4.5},
                                                   {"int8:g32:sym:f16", 8.5},
                                                   {"int2:g256:sym:f16", 2.0625},
                                                   {"bitmod4:g128:f16", 4.140625}};
  for (auto [text, bits] : pairs)
    EXPECT_EQ(parsed(text).bitsPerWeight(512, 1024), bits) << text;
  double count = 512 * 1024;
  EXPECT_EQ(parsed("nvfp4").bitsPerWeight(512, 1024), 4.5 + 32 / count);
  EXPECT_EQ(parsed("nf4:g64:double").bitsPerWeight(512, 1024),
            4 + 8.0 / 64 + 32.0 / (64 * 256) + 32 / count);
  EXPECT_EQ(parsed("codebook<-1,0,1>:tensor").bitsPerWeight(512, 1024), 2 + (32 + 96) / count);
  // A tail has a scale of its own; scales per channel weigh less in longer rows.
  EXPECT_EQ(parsed("int4:g128:sym:f16").storedBits(3, 130), 3 * (130 * 4 + 2 * 16));
  EXPECT_EQ(parsed("int8").storedBits(3, 10), 3 * (80 + 32));
}

TEST(NumberFormatSize, BlocksTileTheMatrix) {
  for (const char *text : {"int4:tensor", "int4:channel", "int4:g4", "int4:g5", "int4:g100"}) {
    NumberFormat format = parsed(text);
    const size_t rows = 3, columns = 14;
    size_t next = 0;
    for (size_t block = 0; block < format.blockCount(rows, columns); ++block) {
      ASSERT_EQ(format.blockBegin(block, columns), next) << text;
      size_t length = format.blockLength(block, rows, columns);
      for (size_t i = next; i < next + length; ++i)
        EXPECT_EQ(format.blockOf(i / columns, i % columns, columns), block);
      next += length;
    }
    EXPECT_EQ(next, rows * columns);
    EXPECT_EQ(format.blockCount(0, columns), 0u);
    EXPECT_EQ(format.blockCount(rows, 0), 0u);
  }
}

TEST(BitPacking, NibblesAndTriples) {
  using Bytes = std::vector<uint8_t>;
  const Bytes nibbles = {1, 2, 0xF3};
  EXPECT_EQ(packCodes(nibbles.data(), 1, 3, 4), (Bytes{0x21, 0x03}));
  EXPECT_EQ(packCodes(nibbles.data(), 1, 3, 4, BitOrder::HighFirst), (Bytes{0x12, 0x30}));
  EXPECT_EQ(packCodes(nibbles.data(), 3, 1, 4), (Bytes{1, 2, 3})); // rows start at bytes
  // B0 = c0<<2 | c1>>4, B1 = (c1&15)<<4 | c2>>2, B2 = (c2&3)<<6 | c3: the stream of FP6-LLM.
  const Bytes six = {0b101010, 0b010101, 0b111100, 0b000001};
  EXPECT_EQ(packCodes(six.data(), 1, 4, 6, BitOrder::HighFirst),
            (Bytes{0b10101001, 0b01011111, 0b00000001}));
  EXPECT_EQ(packCodes(six.data(), 1, 4, 6), (Bytes{0b01101010, 0b11000101, 0b00000111}));
}

TEST(BitPacking, EveryWidthReturns) {
  RandomState random(7);
  for (int bits = 1; bits <= 8; ++bits)
    for (size_t columns : {0, 1, 2, 3, 5, 7, 8, 9, 31, 64, 65})
      for (BitOrder order : {BitOrder::LowFirst, BitOrder::HighFirst}) {
        std::vector<uint8_t> codes(3 * columns);
        for (uint8_t &code : codes)
          code = static_cast<uint8_t>(random.uniform() * (1 << bits));
        std::vector<uint8_t> packed = packCodes(codes.data(), 3, columns, bits, order);
        ASSERT_EQ(packed.size(), 3 * ((columns * static_cast<size_t>(bits) + 7) / 8));
        EXPECT_EQ(unpackCodes(packed.data(), 3, columns, bits, order), codes);
      }
}
