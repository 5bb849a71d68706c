//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weight channels: ordinary ones are plain symmetric rounding; dead and tiny ones get a larger
// scale, so that bias and sum stay within their limits.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Accumulator.h"
#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Quantize.h"

#include "gtest/gtest.h"
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace quantc::numerics;

namespace {

const IntRange kU8(0, 255);
constexpr int64_t kSoft = INT64_C(1) << 24, kHard = INT64_C(1) << 31;

std::vector<float> randomWeights(std::mt19937_64 &rng, size_t n, double size) {
  std::normal_distribution<double> normal(0, size);
  std::vector<float> w(n);
  for (float &v : w)
    v = static_cast<float>(normal(rng));
  return w;
}

int64_t boundOf(const WeightChannel &c, IntRange x) {
  std::vector<int32_t> q(c.q.begin(), c.q.end());
  return prefixBound(q.data(), q.size(), c.bias, x);
}

/// Largest error of the channel's real output over inputs of `x`, in real units.
double worstOutputError(const WeightChannel &c, const std::vector<float> &w, float bias,
                        float inScale, IntRange x) {
  double error = std::fabs(bias - c.bias * double(inScale) * c.scale);
  for (size_t k = 0; k < w.size(); ++k)
    error += std::fabs(w[k] - double(c.scale) * c.q[k]) * double(x.maxAbs()) * inScale;
  return error;
}

// [NUM-WGT-2] An ordinary channel: absmax scale, half-even codes, bias at inScale * scale.
TEST(WeightChannel, OrdinaryChannelIsPlainRounding) {
  std::mt19937_64 rng(1);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<float> w = randomWeights(rng, 1 + rng() % 200, 0.1);
    float absmax = 0;
    for (float v : w)
      absmax = std::max(absmax, std::fabs(v));
    auto c = quantizeWeightChannel(w.data(), w.size(), 0.3f, 0.02f, kU8);
    ASSERT_TRUE(c.has_value());
    EXPECT_EQ(c->scale, absmax / 127);
    EXPECT_FALSE(c->scaleRaised);
    EXPECT_TRUE(c->withinSoftLimit);
    for (size_t k = 0; k < w.size(); ++k)
      ASSERT_EQ(c->q[k], quantizeLinear(w[k], c->scale, 0, -127, 127));
    EXPECT_EQ(c->bias, std::nearbyint(0.3f / (double(0.02f) * c->scale)));
  }
}

// [NUM-WGT-3] Whatever the sizes of weights, bias and input scale, the sum stays below 2^31 and the
// scale is normal; where the soft limit was met the fp32 epilogue's condition holds.
TEST(WeightChannel, BoundAlwaysBelowHardLimit) {
  std::mt19937_64 rng(2);
  std::uniform_real_distribution<double> size(-40, 3), biasSize(-30, 8), inSize(-6, 2);
  int raised = 0, soft = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<float> w = randomWeights(rng, 1 + rng() % 30, std::pow(10, size(rng)));
    auto bias = static_cast<float>(std::pow(10, biasSize(rng)) * (rng() & 1 ? 1 : -1));
    auto inScale = static_cast<float>(std::pow(10, inSize(rng)));
    auto c = quantizeWeightChannel(w.data(), w.size(), bias, inScale, kU8);
    ASSERT_TRUE(c.has_value());
    ASSERT_LT(boundOf(*c, kU8), kHard);
    ASSERT_EQ(c->withinSoftLimit, boundOf(*c, kU8) < kSoft);
    ASSERT_TRUE(std::isnormal(c->scale));
    raised += c->scaleRaised;
    soft += c->withinSoftLimit;
  }
  EXPECT_GT(raised, 1000);
  EXPECT_GT(soft, 5000);
}

// [NUM-WGT-4] A dead channel (weights that round to 0 beside its bias) goes below the soft limit,
// and keeps its bias to 2^-22.
TEST(WeightChannel, DeadChannelKeepsItsBias) {
  std::vector<float> w = {1e-12f, -3e-13f, 5e-13f};
  auto c = quantizeWeightChannel(w.data(), w.size(), 0.3f, 0.02f, kU8);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->q, (std::vector<int16_t>{0, 0, 0}));
  EXPECT_TRUE(c->scaleRaised);
  EXPECT_TRUE(c->withinSoftLimit);
  EXPECT_NEAR(c->bias * double(0.02f) * c->scale, 0.3, 0.3 * 0x1p-22);
}

// [NUM-WGT-4] Raising to the soft limit must not cost a weight step: here it would, so the channel
// stays above 2^24 with its natural scale.
TEST(WeightChannel, SoftLimitDoesNotCostAWeightStep) {
  std::vector<float> w = {1.27e-6f, -3.1e-7f, 5.5e-7f};
  auto c = quantizeWeightChannel(w.data(), w.size(), 0.3f, 0.02f, kU8);
  ASSERT_TRUE(c.has_value());
  EXPECT_FALSE(c->scaleRaised);
  EXPECT_FALSE(c->withinSoftLimit);
  EXPECT_EQ(c->q, (std::vector<int16_t>{127, -31, 55}));
}

// [NUM-WGT-5] The same channel, when the output scale shows that its weights do not matter.
TEST(WeightChannel, NegligibleWeightsDoNotKeepTheLimit) {
  std::vector<float> w = {1.27e-6f, -3.1e-7f, 5.5e-7f};
  WeightChannelOptions options;
  options.outScale = 0.0235f;
  auto c = quantizeWeightChannel(w.data(), w.size(), 0.3f, 0.02f, kU8, 8, options);
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->scaleRaised && c->withinSoftLimit);
  EXPECT_LE(worstOutputError(*c, w, 0.3f, 0.02f, kU8), options.outScale / 15);
  // Weights that do matter are kept even so.
  options.outScale = 1e-6f;
  c = quantizeWeightChannel(w.data(), w.size(), 0.3f, 0.02f, kU8, 8, options);
  ASSERT_TRUE(c.has_value());
  EXPECT_FALSE(c->scaleRaised);
}

// [NUM-WGT-5] With the output scale known, every channel has a legal dyadic multiplier.
TEST(WeightChannel, MultiplierStaysLegal) {
  std::mt19937_64 rng(3);
  std::uniform_real_distribution<double> size(-30, 1), biasSize(-30, 1);
  for (int trial = 0; trial < 5000; ++trial) {
    std::vector<float> w = randomWeights(rng, 9, std::pow(10, size(rng)));
    auto bias = static_cast<float>(std::pow(10, biasSize(rng)));
    WeightChannelOptions options;
    options.outScale = 0.05f;
    auto c = quantizeWeightChannel(w.data(), w.size(), bias, 0.01f, kU8, 8, options);
    ASSERT_TRUE(c.has_value());
    ASSERT_TRUE(makeDyadic(double(0.01f) * c->scale / 0.05f).has_value()) << c->scale;
  }
}

// [NUM-WGT-6] Channels without weights: scale 1 without bias, else the bias keeps its precision.
TEST(WeightChannel, AllZeroChannels) {
  std::vector<float> w(9, 0.0f);
  auto c = quantizeWeightChannel(w.data(), w.size(), 0.0f, 0.02f, kU8);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->scale, 1.0f);
  EXPECT_EQ(c->bias, 0);
  for (float bias : {0.3f, -0.3f, 1e-3f, 5.0f, 1e6f, 1e20f, 1e-20f}) {
    c = quantizeWeightChannel(w.data(), w.size(), bias, 0.02f, kU8);
    ASSERT_TRUE(c.has_value());
    EXPECT_TRUE(c->withinSoftLimit) << bias;
    double resolution = std::max(double(0.02f) * 0x1p-24, std::fabs(bias) * 0x1p-22);
    EXPECT_NEAR(c->bias * double(0.02f) * c->scale, bias, resolution);
  }
  c = quantizeWeightChannel(nullptr, 0, 0.3f, 0.02f, kU8);
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->q.empty());
}

// Long channels: the sum itself, not the bias, passes the limits.
TEST(WeightChannel, LongChannels) {
  std::vector<float> w(100000, 1.0f);
  auto c = quantizeWeightChannel(w.data(), w.size(), 0.0f, 0.02f, kU8);
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->scaleRaised); // 100000 * 127 * 255 is above 2^31
  EXPECT_LT(boundOf(*c, kU8), kHard);
  EXPECT_GE(c->q[0], 80); // and only as far as needed: 2^31 / (100000 * 255) = 84
}

TEST(WeightChannel, FewerBitsAndStride) {
  const float w[] = {0.7f, 9.0f, -0.2f, 9.0f, 0.1f, 9.0f};
  auto c = quantizeWeightChannel(w, 3, 0.0f, 0.02f, kU8, 4, {}, 2);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->q, (std::vector<int16_t>{7, -2, 1}));
}

// [NUM-WGT-7]
TEST(WeightChannel, GivenScale) {
  const float w[] = {0.7f, -0.2f, 5.0f};
  auto c = quantizeWeightChannelAt(w, 3, 0.25f, 0.5f, 0.01f, kU8);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->q, (std::vector<int16_t>{70, -20, 127}));
  EXPECT_EQ(c->bias, 50);
  EXPECT_FALSE(quantizeWeightChannelAt(w, 3, 1e9f, 0.5f, 0.01f, kU8).has_value());
  EXPECT_FALSE(quantizeWeightChannelAt(w, 3, 0.25f, 0.5f, 0.0f, kU8).has_value());
}

TEST(WeightChannel, RefusesBadInput) {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  for (float bad : {nan, inf, -inf}) {
    const float w[] = {1.0f, bad};
    EXPECT_FALSE(quantizeWeightChannel(w, 2, 0.0f, 0.02f, kU8).has_value());
    EXPECT_FALSE(quantizeWeightChannel(w, 1, bad, 0.02f, kU8).has_value());
    EXPECT_FALSE(quantizeWeightChannel(w, 1, 0.0f, bad, kU8).has_value());
  }
  const float w[] = {1.0f};
  EXPECT_FALSE(quantizeWeightChannel(w, 1, 0.0f, 0.0f, kU8).has_value());
  EXPECT_FALSE(quantizeWeightChannel(w, 1, 0.0f, 0.02f, kU8, 0).has_value());
  EXPECT_FALSE(quantizeWeightChannel(w, 1, 0.0f, 0.02f, kU8, 17).has_value());
}

// [NUM-WGT-8] Signs at the mean magnitude; zeros are +1 at a scale that hides them.
TEST(WeightChannel, OneBitIsASign) {
  const float w[] = {0.5f, -1.5f, 0.0f, 2.0f};
  auto c = quantizeWeightChannel(w, 4, 0.24f, 0.02f, kU8, 1);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->q, (std::vector<int16_t>{1, -1, 1, 1}));
  EXPECT_EQ(c->scale, 1.0f);
  EXPECT_EQ(c->bias, 12);
  const float zeros[] = {0.0f, 0.0f};
  auto none = quantizeWeightChannel(zeros, 2, 0.25f, 0.02f, kU8, 1);
  ASSERT_TRUE(none.has_value());
  EXPECT_LE(none->scale, 0x1p-16f);
  EXPECT_NEAR(none->bias * 0.02 * none->scale, 0.25, 0.001);
}

// [NUM-WGT-1] Sixteen bits use their range.
TEST(WeightChannel, SixteenBits) {
  const float w[] = {1.0f, -0.5f};
  auto c = quantizeWeightChannel(w, 2, 0.0f, 0.02f, kU8, 16);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->q, (std::vector<int16_t>{32767, -16384}));
}

} // namespace
