//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names, parameters and levels, and the documented packed layouts written out on
// small examples.
//
//===----------------------------------------------------------------------===//

#include "quantc/Kernels/Kernels.h"
#include "quantc/Kernels/Packing.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

using namespace quantc::kernels;

namespace {

TEST(Kernels, SymbolsNameKernelAndLevel) {
  EXPECT_STREQ(kernelName(KernelId::conv_u8s8), "conv_u8s8");
  EXPECT_EQ(kernelSymbol(KernelId::conv_u8s8, Level::V4Vnni), "qk_conv_u8s8_v4_vnni");
  EXPECT_EQ(kernelSymbol(KernelId::fill, Level::Portable), "qk_fill_portable");
}

TEST(Kernels, ParametersKeepOrderNamesAndKinds) {
  std::vector<KernelParam> params = kernelParams(KernelId::unary_f32);
  ASSERT_EQ(params.size(), 7u);
  const char *names[] = {"out", "in", "begin", "end", "op", "alpha", "beta"};
  const KernelParam::Kind kinds[] = {
      KernelParam::Pointer, KernelParam::Pointer, KernelParam::Int64,  KernelParam::Int64,
      KernelParam::Int64,   KernelParam::Float32, KernelParam::Float32};
  for (size_t i = 0; i < params.size(); ++i) {
    EXPECT_EQ(params[i].name, names[i]);
    EXPECT_EQ(params[i].kind, kinds[i]);
  }
  EXPECT_EQ(kernelParams(KernelId::conv_u8s8).size(), 32u);
  // Pointers to float are pointers.
  EXPECT_EQ(kernelParams(KernelId::conv_f32)[3].kind, KernelParam::Pointer);
}

TEST(Kernels, EveryParameterListParses) {
#define QK_CHECK(NAME, PARAMS)                                                                     \
  for (const KernelParam &param : kernelParams(KernelId::NAME))                                    \
    EXPECT_TRUE(!param.name.empty() && param.name.find_first_not_of(                               \
                                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  \
                                           "0123456789") == std::string::npos)                     \
        << #NAME << ": " << param.name;
  QK_FOR_EACH_KERNEL(QK_CHECK)
#undef QK_CHECK
}

TEST(Kernels, TableHoldsTheLevelsOwnFunctions) {
  EXPECT_EQ(kernelTable(Level::V3).fill, &qk_fill_v3);
  EXPECT_EQ(kernelTable(Level::Portable).conv_u8s8, &qk_conv_u8s8_portable);
}

TEST(Levels, NamesRoundTrip) {
  std::set<std::string> names, suffixes;
  for (Level level : allLevels) {
    const LevelInfo &info = levelInfo(level);
    EXPECT_EQ(info.level, level);
    EXPECT_EQ(parseLevel(info.name), level);
    names.insert(info.name);
    suffixes.insert(info.suffix);
  }
  EXPECT_EQ(names.size(), size_t(numLevels));
  EXPECT_EQ(suffixes.size(), size_t(numLevels));
  EXPECT_EQ(parseLevel("x86-64-v5"), std::nullopt);
  EXPECT_EQ(parseLevel(""), std::nullopt);
}

TEST(Levels, HostSupportIsMonotone) {
  EXPECT_TRUE(hostSupports(Level::Portable));
  EXPECT_TRUE(hostSupports(bestHostLevel()));
  EXPECT_LE(hostSupports(Level::V3), hostSupports(Level::V2));
  EXPECT_LE(hostSupports(Level::V3Vnni), hostSupports(Level::V3));
  EXPECT_LE(hostSupports(Level::V4), hostSupports(Level::V3));
  EXPECT_LE(hostSupports(Level::V4Vnni), hostSupports(Level::V4));
}

TEST(Levels, AgreesWithTheCompilersDetection) {
  EXPECT_EQ(hostSupports(Level::V2), bool(__builtin_cpu_supports("x86-64-v2")));
  EXPECT_EQ(hostSupports(Level::V3), bool(__builtin_cpu_supports("x86-64-v3")));
  EXPECT_EQ(hostSupports(Level::V4), bool(__builtin_cpu_supports("x86-64-v4")));
}

TEST(Levels, BitcodeIsEmbedded) {
  std::set<const char *> starts;
  for (Level level : allLevels) {
    Blob blob = kernelBitcode(level);
    ASSERT_GT(blob.size, 1000u);
    EXPECT_EQ(std::string(blob.data, 2), "BC");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blob.data) % 4, 0u);
    starts.insert(blob.data);
  }
  EXPECT_EQ(starts.size(), size_t(numLevels));
}

ConvShape shape(int64_t k, int64_t c, int64_t n, int64_t groups = 1, int64_t dil = 1) {
  ConvShape s;
  s.kernelH = s.kernelW = k;
  s.dilH = s.dilW = dil;
  s.groups = groups;
  s.groupC = c;
  s.groupN = n;
  s.inPixelStride = groups * c;
  s.inRowStride = 100;
  return s;
}

TEST(Packing, PlanMergesContiguousTaps) {
  ConvShape s = shape(3, 5, 8);
  s.strideH = 2;
  s.strideW = 3;
  ConvPlan plan = planConv(s);
  EXPECT_EQ(plan.segH, 3);
  EXPECT_EQ(plan.segW, 1);
  EXPECT_EQ(plan.segLen, 15);
  EXPECT_EQ(plan.segStrideH, 100);
  EXPECT_EQ(plan.inRowStep, 200);
  EXPECT_EQ(plan.inPixelStep, 15);
}

TEST(Packing, PlanKeepsTapsApartWhereTheyAreNotContiguous) {
  ConvShape gaps = shape(3, 5, 8);
  gaps.inPixelStride = 6;
  for (const ConvShape &s : {shape(3, 5, 8, /*groups=*/2), shape(3, 5, 8, 1, /*dil=*/2), gaps}) {
    ConvPlan plan = planConv(s);
    EXPECT_EQ(plan.segW, 3);
    EXPECT_EQ(plan.segLen, 5);
    EXPECT_EQ(plan.segStrideW, s.dilW * s.inPixelStride);
    EXPECT_EQ(plan.inGroupStride, 5);
  }
}

TEST(Packing, ConvPanelsAreInterleavedByFourAndPadded) {
  // 1x1, five input channels, three outputs: one panel of 16 columns, k rounded to 8.
  std::vector<int8_t> weights, packed(packedConvU8S8Size(shape(1, 5, 3)), 99);
  for (int n = 0; n < 3; ++n)
    for (int k = 0; k < 5; ++k)
      weights.push_back(static_cast<int8_t>(10 * n + k + 1));
  ASSERT_EQ(packed.size(), 8u * 16u);
  packConvU8S8(shape(1, 5, 3), weights.data(), packed.data());
  for (int k = 0; k < 8; ++k)
    for (int n = 0; n < 16; ++n)
      EXPECT_EQ(packed[size_t((k / 4 * 16 + n) * 4 + k % 4)], k < 5 && n < 3 ? 10 * n + k + 1 : 0);
}

TEST(Packing, LastPanelIsNarrowWhenSixteenColumnsSuffice) {
  EXPECT_EQ(packedConvU8S8Size(shape(1, 4, 32)), 4u * 32u);
  EXPECT_EQ(packedConvU8S8Size(shape(1, 4, 48)), 4u * 48u);
  EXPECT_EQ(packedConvU8S8Size(shape(1, 4, 49)), 4u * 64u);
  EXPECT_EQ(packedConvF32Size(shape(1, 5, 33)), 5u * 48u);
  EXPECT_EQ(packedConvU8S8Size(shape(3, 5, 8, 2)), 2u * 9u * 8u * 16u);
  EXPECT_EQ(convPanelsPerGroup(33), 2);
  EXPECT_EQ(convChannels(3, 20), 72);
}

TEST(Packing, TapsComeRowByRow) {
  // 2x2 taps of two channels merged into two segments of four bytes.
  std::vector<int8_t> weights, packed(packedConvU8S8Size(shape(2, 2, 1)));
  for (int c = 0; c < 2; ++c)
    for (int tap = 0; tap < 4; ++tap)
      weights.push_back(static_cast<int8_t>(10 * c + tap));
  packConvU8S8(shape(2, 2, 1), weights.data(), packed.data());
  const int8_t first[] = {0, 10, 1, 11}, second[] = {2, 12, 3, 13};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(packed[i], first[i]);
    EXPECT_EQ(packed[64 + i], second[i]);
  }
}

TEST(Packing, DepthwiseOrderIsAPermutationOfEveryBlock) {
  for (int64_t lanes : {1, 2, 4})
    for (int64_t channels : {1, 15, 16, 17, 32, 33, 48, 64, 96, 144, 150, 960}) {
      std::vector<int> seen(size_t(channels), 0);
      int64_t padded = depthwiseChannels(lanes, channels);
      EXPECT_GE(padded, channels);
      EXPECT_LT(padded, channels + 16 * lanes);
      EXPECT_EQ(padded % 16, 0);
      for (int64_t p = 0; p < padded; ++p) {
        int64_t c = depthwiseChannelAt(lanes, channels, p);
        if (c >= 0)
          ++seen[size_t(c)];
      }
      EXPECT_EQ(seen, std::vector<int>(size_t(channels), 1)) << lanes << " " << channels;
    }
}

TEST(Packing, DepthwiseOrderFollowsUnpackedLanes) {
  // Four lanes: dwords 0..3 of vector 0 are channels 0..3, then 16..19, 32..35, 48..51.
  EXPECT_EQ(depthwiseChannelAt(4, 64, 3), 3);
  EXPECT_EQ(depthwiseChannelAt(4, 64, 4), 16);
  EXPECT_EQ(depthwiseChannelAt(4, 64, 15), 51);
  EXPECT_EQ(depthwiseChannelAt(4, 64, 16), 4);
  // One lane is the natural order.
  EXPECT_EQ(depthwiseChannelAt(1, 64, 37), 37);
  // A last block of 32 channels has two lanes only.
  EXPECT_EQ(depthwiseChannelAt(4, 96, 64 + 4), 64 + 16);
  EXPECT_EQ(depthwiseChannelAt(4, 96, 64 + 8), 64 + 4);
}

TEST(Packing, DepthwiseWeightsHoldFourRowsOfAColumn) {
  // 5x2 kernel, one lane: [kx][two quads][16 positions][4 rows].
  std::vector<int8_t> weights, packed(packedDepthwiseU8S8Size(1, 3, 5, 2), 99);
  for (int c = 0; c < 3; ++c)
    for (int tap = 0; tap < 10; ++tap)
      weights.push_back(static_cast<int8_t>(20 * c + tap));
  ASSERT_EQ(packed.size(), 16u * 2u * 2u * 4u);
  packDepthwiseU8S8(1, 3, 5, 2, weights.data(), packed.data());
  for (size_t kx = 0; kx < 2; ++kx)
    for (size_t ky = 0; ky < 8; ++ky)
      for (size_t c = 0; c < 16; ++c)
        EXPECT_EQ(packed[((kx * 2 + ky / 4) * 16 + c) * 4 + ky % 4],
                  ky < 5 && c < 3 ? int(20 * c + ky * 2 + kx) : 0);
}

TEST(Packing, PermuteDepthwisePadsWithTheGivenValue) {
  std::vector<int32_t> source(20), packed(size_t(depthwiseChannels(4, 20)), 0);
  for (size_t c = 0; c < 20; ++c)
    source[c] = int32_t(c + 1);
  permuteDepthwise<int32_t>(4, 20, source.data(), packed.data(), -5);
  ASSERT_EQ(packed.size(), 32u);
  EXPECT_EQ(packed[0], 1);
  EXPECT_EQ(packed[4], 17);  // lane 1 starts at channel 16
  EXPECT_EQ(packed[12], -5); // channel 20 does not exist
}

} // namespace
