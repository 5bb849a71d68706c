//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The border between float and integers: ONNX's rounding, special values, choice of parameters.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Quantize.h"

#include "gtest/gtest.h"
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>

using namespace quantc::numerics;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// [NUM-QNT-1] The example values of the ONNX operator's tests.
TEST(Quantize, OnnxExamples) {
  const float x[] = {0, 2, 3, 1000, -254, -1000};
  const int32_t y[] = {128, 129, 130, 255, 1, 0};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(quantizeLinear(x[i], 2.0f, 128, 0, 255), y[i]) << x[i];
}

// [NUM-QNT-1] Ties go to the even integer before the zero point is added.
TEST(Quantize, TiesToEvenBeforeZeroPoint) {
  const float x[] = {-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f};
  const int32_t y[] = {-2, -2, 0, 0, 2, 2};
  for (int32_t zp : {0, 1, -7})
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(quantizeLinear(x[i], 1.0f, zp, -128, 127), y[i] + zp);
}

// [NUM-QNT-1] Special values.
TEST(Quantize, SpecialValues) {
  EXPECT_EQ(quantizeLinear(kInf, 0.1f, 3, -128, 127), 127);
  EXPECT_EQ(quantizeLinear(-kInf, 0.1f, 3, -128, 127), -128);
  EXPECT_EQ(quantizeLinear(FLT_MAX, FLT_MIN, 3, -128, 127), 127);
  EXPECT_EQ(quantizeLinear(std::nanf(""), 0.1f, 3, -128, 127), 3);
  EXPECT_EQ(quantizeLinear(std::nanf(""), 0.1f, 300, -128, 127), 127);
  EXPECT_EQ(quantizeLinear(-0.0f, 0.1f, 3, -128, 127), 3);
  EXPECT_EQ(quantizeLinear(1e-42f, 1.0f, 0, -128, 127), 0);
  EXPECT_EQ(quantizeLinear(4e9f, 1.0f, 0, INT32_MIN, INT32_MAX), INT32_MAX);
}

// [NUM-QNT-1] Against the definition in wide arithmetic, including exact halves of the fp32
// quotient.
TEST(Quantize, EqualsDefinition) {
  std::mt19937_64 rng(1);
  std::uniform_real_distribution<float> scale(1e-4f, 1.0f), x(-200.0f, 200.0f);
  for (int i = 0; i < 1000000; ++i) {
    float s = scale(rng), v = x(rng);
    float quotient = v / s;
    double expected = std::clamp(std::nearbyint(double(quotient)) + 10.0, -128.0, 127.0);
    ASSERT_EQ(quantizeLinear(v, s, 10, -128, 127), expected);
  }
}

// [NUM-QNT-2] Every code survives dequantize and quantize, for many scales and zero points.
TEST(Quantize, CodesRoundTrip) {
  std::mt19937_64 rng(2);
  std::uniform_real_distribution<float> exponent(-40.0f, 20.0f);
  for (int trial = 0; trial < 500; ++trial) {
    float s = std::exp2(exponent(rng));
    auto zp = static_cast<int32_t>(rng() % 256);
    for (int32_t q = 0; q <= 255; ++q)
      ASSERT_EQ(quantizeLinear(dequantizeLinear(q, s, zp), s, zp, 0, 255), q);
  }
  EXPECT_EQ(dequantizeLinear(5, 0.5f, 7), -1.0f);
  EXPECT_EQ(dequantizeLinear(INT32_MAX, 1.0f, INT32_MIN), 4294967296.0f);
}

// [NUM-QNT-3] 0 has a code, the range is covered up to half a step, the scale is the exact
// quotient.
TEST(Quantize, ChooseParamsAsymmetric) {
  std::mt19937_64 rng(3);
  std::uniform_real_distribution<float> value(-50.0f, 50.0f);
  for (int i = 0; i < 100000; ++i) {
    float a = value(rng), b = value(rng);
    if (a > b)
      std::swap(a, b);
    for (IntRange type : {IntRange(0, 255), IntRange(-128, 127), IntRange(0, 15)}) {
      auto lo = static_cast<int32_t>(type.lo), hi = static_cast<int32_t>(type.hi);
      std::optional<QuantParams> p = chooseParams(a, b, lo, hi);
      ASSERT_TRUE(p.has_value());
      ASSERT_TRUE(type.contains(p->zeroPoint));
      float low = std::min(a, 0.0f), high = std::max(b, 0.0f);
      ASSERT_EQ(p->scale, static_cast<float>((double(high) - low) / double(hi - lo)));
      ASSERT_LE(double(p->scale) * (lo - p->zeroPoint), low + 0.501 * p->scale);
      ASSERT_GE(double(p->scale) * (hi - p->zeroPoint), high - 0.501 * p->scale);
    }
  }
  EXPECT_EQ(chooseParams(0, 255, 0, 255), (QuantParams{1.0f, 0}));
  EXPECT_EQ(chooseParams(-128, 127, -128, 127), (QuantParams{1.0f, 0}));
  EXPECT_EQ(chooseParams(10, 255, 0, 255), (QuantParams{1.0f, 0}));     // widened down to 0
  EXPECT_EQ(chooseParams(-255, -10, 0, 255), (QuantParams{1.0f, 255})); // widened up to 0
}

// [NUM-QNT-3]
TEST(Quantize, ChooseParamsSymmetric) {
  EXPECT_EQ(chooseParams(-1, 127, -128, 127, true), (QuantParams{1.0f, 0}));
  EXPECT_EQ(chooseParams(-127, 1, 0, 255, true), (QuantParams{1.0f, 128}));
  EXPECT_EQ(chooseParams(-127, 1, -127, 127, true), (QuantParams{1.0f, 0}));
  EXPECT_EQ(chooseParams(-7, 3, -8, 7, true), (QuantParams{1.0f, 0}));
  EXPECT_EQ(chooseParams(-1, 1, 0, 1, true), std::nullopt);
}

// [NUM-QNT-3] Degenerate ranges never give a scale that is zero, subnormal or infinite.
TEST(Quantize, ChooseParamsDegenerate) {
  for (bool symmetric : {false, true}) {
    for (float tiny : {0.0f, 1e-45f, 1e-38f, FLT_MIN}) {
      std::optional<QuantParams> p = chooseParams(-tiny, tiny, -128, 127, symmetric);
      ASSERT_TRUE(p.has_value());
      EXPECT_EQ(p->scale, 1.0f);
    }
    std::optional<QuantParams> p = chooseParams(-FLT_MAX, FLT_MAX, -128, 127, symmetric);
    ASSERT_TRUE(p.has_value());
    EXPECT_TRUE(std::isfinite(p->scale));
    EXPECT_TRUE(std::isfinite(chooseParams(-FLT_MAX, FLT_MAX, 0, 1)->scale));
  }
  EXPECT_EQ(chooseParams(0, 0, 0, 255), (QuantParams{1.0f, 0}));
  EXPECT_EQ(chooseParams(1, -1, 0, 255), std::nullopt);
  EXPECT_EQ(chooseParams(-kInf, 1, 0, 255), std::nullopt);
  EXPECT_EQ(chooseParams(0, kInf, 0, 255), std::nullopt);
  EXPECT_EQ(chooseParams(std::nanf(""), 1, 0, 255), std::nullopt);
  EXPECT_EQ(chooseParams(0, 1, 5, 5), std::nullopt);
}

// [NUM-WGT-1]
TEST(Quantize, SymmetricWeightScale) {
  EXPECT_EQ(symmetricWeightScale(127.0f, 8), 1.0f);
  EXPECT_EQ(symmetricWeightScale(7.0f, 4), 1.0f);
  EXPECT_EQ(symmetricWeightScale(0.5f, 2), 0.5f);
  for (float degenerate : {0.0f, 1e-45f, 1e-37f, kInf, std::nanf("")})
    EXPECT_EQ(symmetricWeightScale(degenerate, 8), 1.0f);
}

} // namespace
