//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reproducible fp32: accuracy against libm in fp64 over a dense sample of all floats, exact
// properties, and equality of the dispatched host loops with the one-FMA-per-k definition.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Float.h"
#include "quantc/Numerics/FloatLoops.h"

#include "gtest/gtest.h"
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace quantc::numerics;

namespace {

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

/// |y - exact| in units of the last place of `exact` as a float.
double ulps(float y, double exact) {
  int exponent;
  std::frexp(std::fabs(exact), &exponent);
  return std::fabs(y - exact) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

/// Largest error over every 1009th float of [lo, hi].
template <typename F, typename G> double worstUlps(F f, G exact, float lo, float hi) {
  double worst = 0;
  for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 1009) {
    float x = floatOfBits(static_cast<uint32_t>(bits));
    if (x >= lo && x <= hi)
      worst = std::max(worst, ulps(f(x), exact(double(x))));
  }
  return worst;
}

// [NUM-FLT-3]
TEST(Float, ExpAccuracy) {
  EXPECT_LT(worstUlps(expF32, [](double x) { return std::exp(x); }, -87.3365f, 88.7228f), 1.1);
}

// [NUM-FLT-4]
TEST(Float, SigmoidAccuracy) {
  auto exact = [](double x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_LT(worstUlps(sigmoidF32, exact, -87.3365f, FLT_MAX), 2.5);
}

// [NUM-FLT-5]
TEST(Float, TanhAccuracy) {
  auto exact = [](double x) { return std::tanh(x); };
  EXPECT_LT(worstUlps(tanhF32, exact, -FLT_MAX, FLT_MAX), 2.5);
}

// [NUM-FLT-3] The limits of the range, exactly.
// [NUM-FLT-10]
TEST(Float, ErfAccuracy) {
  auto exact = [](double x) { return std::erf(x); };
  EXPECT_LT(worstUlps(erfF32, exact, -FLT_MAX, FLT_MAX), 1.12);
}

TEST(Float, ErfProperties) {
  EXPECT_EQ(erfF32(0.0f), 0.0f);
  EXPECT_TRUE(std::signbit(erfF32(-0.0f)));
  EXPECT_EQ(erfF32(kInf), 1.0f);
  EXPECT_EQ(erfF32(-kInf), -1.0f);
  EXPECT_TRUE(std::isnan(erfF32(kNan)));
  for (uint32_t bits = 0; bits < 0x7F800000u; bits += 10007) {
    float x = floatOfBits(bits);
    ASSERT_EQ(erfF32(-x), -erfF32(x));
    ASSERT_LE(erfF32(x), 1.0f);
  }
}

// [NUM-FLT-11] Near the exact function, and as its operations say at the ends.
TEST(Float, Gelu) {
  for (float x = -6.0f; x <= 6.0f; x += 0.00390625f) {
    double exact = 0.5 * x * std::erfc(-x * 0.70710678118654752);
    ASSERT_NEAR(geluF32(x), exact, 4e-7 * std::max(1.0, std::fabs(exact))) << x;
  }
  EXPECT_EQ(geluF32(0.0f), 0.0f);
  EXPECT_EQ(geluF32(kInf), kInf);
  EXPECT_EQ(geluF32(100.0f), 100.0f);
  EXPECT_EQ(geluF32(-100.0f), -0.0f);
  EXPECT_TRUE(std::isnan(geluF32(kNan)));
}

TEST(Float, ExpSpecialValues) {
  EXPECT_EQ(expF32(0.0f), 1.0f);
  EXPECT_EQ(expF32(-0.0f), 1.0f);
  EXPECT_EQ(expF32(kInf), kInf);
  EXPECT_EQ(expF32(-kInf), 0.0f);
  EXPECT_EQ(expF32(FLT_MAX), kInf);
  EXPECT_EQ(expF32(-FLT_MAX), 0.0f);
  EXPECT_TRUE(std::isnan(expF32(kNan)));
  EXPECT_TRUE(std::isfinite(expF32(detail::kExpHigh)));
  EXPECT_EQ(expF32(std::nextafterf(detail::kExpHigh, kInf)), kInf);
  EXPECT_GT(std::exp(double(std::nextafterf(detail::kExpHigh, kInf))), double(FLT_MAX));
  EXPECT_GE(expF32(detail::kExpLow), FLT_MIN);
  EXPECT_EQ(expF32(std::nextafterf(detail::kExpLow, -kInf)), 0.0f);
  EXPECT_LT(std::exp(double(std::nextafterf(detail::kExpLow, -kInf))), double(FLT_MIN));
}

// [NUM-FLT-4] [NUM-FLT-5] Special values, bounds and symmetry.
TEST(Float, SigmoidAndTanhProperties) {
  EXPECT_EQ(sigmoidF32(0.0f), 0.5f);
  EXPECT_EQ(sigmoidF32(kInf), 1.0f);
  EXPECT_EQ(sigmoidF32(-kInf), 0.0f);
  EXPECT_TRUE(std::isnan(sigmoidF32(kNan)));
  EXPECT_EQ(tanhF32(0.0f), 0.0f);
  EXPECT_TRUE(std::signbit(tanhF32(-0.0f)));
  EXPECT_EQ(tanhF32(kInf), 1.0f);
  EXPECT_EQ(tanhF32(-kInf), -1.0f);
  EXPECT_EQ(tanhF32(1e-40f), 1e-40f);
  EXPECT_TRUE(std::isnan(tanhF32(kNan)));
  for (uint32_t bits = 0; bits < 0x7F800000u; bits += 10007) {
    float x = floatOfBits(bits);
    ASSERT_EQ(tanhF32(-x), -tanhF32(x));
    ASSERT_LE(tanhF32(x), 1.0f);
    ASSERT_LE(sigmoidF32(x), 1.0f);
    ASSERT_GE(sigmoidF32(-x), 0.0f);
  }
}

// Pinned bits: a change of the formulas changes every model's integers and must be deliberate.
TEST(Float, PinnedResults) {
  EXPECT_EQ(bitsOf(expF32(1.0f)), 0x402DF854u);
  EXPECT_EQ(bitsOf(expF32(-1.0f)), 0x3EBC5AB2u);
  EXPECT_EQ(bitsOf(expF32(10.0f)), 0x46AC14EEu);
  EXPECT_EQ(bitsOf(sigmoidF32(1.0f)), 0x3F3B26A8u);
  EXPECT_EQ(bitsOf(tanhF32(0.5f)), 0x3EEC9A9Eu);
}

#if defined(__x86_64__)
/// The three functions over an array, compiled for vectors with hardware FMA.
__attribute__((target("avx2,fma"), noinline)) void vectorised(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    y[3 * i] = expF32(x[i]);
    y[3 * i + 1] = sigmoidF32(x[i]);
    y[3 * i + 2] = tanhF32(x[i]);
  }
}

// [NUM-FLT-1] Instruction set and vectorisation change no bit.
TEST(Float, VectorCodeEqualsScalarCode) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    GTEST_SKIP() << "needs AVX2 and FMA";
  std::vector<float> x, y;
  for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 100003)
    x.push_back(floatOfBits(static_cast<uint32_t>(bits)));
  y.resize(3 * x.size());
  vectorised(x.data(), y.data(), x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      ASSERT_TRUE(std::isnan(y[3 * i]) && std::isnan(y[3 * i + 1]) && std::isnan(y[3 * i + 2]));
      continue;
    }
    ASSERT_EQ(bitsOf(y[3 * i]), bitsOf(expF32(x[i]))) << x[i];
    ASSERT_EQ(bitsOf(y[3 * i + 1]), bitsOf(sigmoidF32(x[i]))) << x[i];
    ASSERT_EQ(bitsOf(y[3 * i + 2]), bitsOf(tanhF32(x[i]))) << x[i];
  }
}
#endif

// [NUM-FLT-6]
TEST(Float, Activations) {
  EXPECT_EQ(reluF32(-1.0f), 0.0f);
  EXPECT_FALSE(std::signbit(reluF32(-0.0f)));
  EXPECT_EQ(reluF32(2.0f), 2.0f);
  EXPECT_TRUE(std::isnan(reluF32(kNan)));
  EXPECT_EQ(leakyReluF32(-2.0f, 0.25f), -0.5f);
  EXPECT_EQ(leakyReluF32(2.0f, 0.25f), 2.0f);
  EXPECT_EQ(clipF32(7.0f, 0.0f, 6.0f), 6.0f);
  EXPECT_EQ(clipF32(-7.0f, 0.0f, 6.0f), 0.0f);
  EXPECT_EQ(clipF32(1.0f, 5.0f, 3.0f), 3.0f);
  EXPECT_TRUE(std::isnan(clipF32(kNan, 0.0f, 6.0f)));
  EXPECT_EQ(hardSwishF32(4.0f), 4.0f);
  EXPECT_EQ(hardSwishF32(-4.0f), 0.0f);
  EXPECT_EQ(hardSwishF32(1.5f), 1.125f);
  EXPECT_EQ(hardSigmoidF32(100.0f, 0.2f, 0.5f), 1.0f);
}

// [NUM-FLT-7]
TEST(Float, Softmax) {
  std::mt19937 rng(1);
  std::normal_distribution<float> normal(0, 5);
  std::vector<float> x(1000), y(1000);
  for (float &v : x)
    v = normal(rng);
  softmaxF32(x.data(), y.data(), x.size());
  double sum = 0, exact = 0, max = x[0];
  for (float v : x) {
    exact += std::exp(double(v));
    max = std::max(max, double(v));
  }
  // Rounding of x - max, of exp (1.1 ulp), of the n additions and of the division.
  auto relative = [&](double v) { return (max - v + 2.2 + x.size() + 1) * 0x1p-24; };
  for (size_t i = 0; i < x.size(); ++i) {
    sum += y[i];
    double p = std::exp(double(x[i])) / exact;
    EXPECT_NEAR(y[i], p, p * relative(x[i]));
  }
  EXPECT_NEAR(sum, 1, (x.size() + 1) * 0x1p-24);
  float row[] = {1000, 9, 1000, 9}; // in place, strided, no overflow
  softmaxF32(row, row, 2, 2);
  EXPECT_EQ(row[0], 0.5f);
  EXPECT_EQ(row[1], 9.0f);
  EXPECT_EQ(row[2], 0.5f);
  float bad[] = {1, kNan, 2};
  softmaxF32(bad, bad, 3);
  EXPECT_TRUE(std::isnan(bad[0]) && std::isnan(bad[1]) && std::isnan(bad[2]));
}

// [NUM-FLT-2] One FMA per k in k order; reordering would be seen.
TEST(Float, DotOrderIsTheDefinition) {
  const float a[] = {1e8f, 1.0f, -1e8f, 1.0f}, ones[] = {1, 1, 1, 1};
  EXPECT_EQ(dotFmaF32(a, ones, 4), 1.0f);
  const float x = 1 + 0x1p-12f; // x*x - 1 - 2^-11 = 2^-24 survives only a fused multiply-add
  EXPECT_EQ(dotFmaF32(&x, &x, 1, 1, 1, -1.0f - 0x1p-11f), 0x1p-24f);
  const float strided[] = {1, 100, 2, 100, 3, 100};
  EXPECT_EQ(dotFmaF32(strided, ones, 3, 2, 1, 4.0f), 10.0f);
}

// [NUM-FLT-8] In index order from +0: another order gives another sum.
TEST(Float, SumOrderIsTheDefinition) {
  const float x[] = {1e8f, 1.0f, -1e8f, 1.0f};
  EXPECT_EQ(sumF32(x, 4), 1.0f);
  EXPECT_EQ(sumF32(x, 2, 2), 0.0f);
  EXPECT_FALSE(std::signbit(sumF32(x, 0)));
}

// [NUM-FLT-2] The host loops equal the definition bit for bit on all shapes around the tile sizes.
TEST(Float, GemmEqualsDotBitForBit) {
  std::mt19937 rng(2);
  std::normal_distribution<float> normal;
  for (size_t m : {1, 3, 4, 5, 9})
    for (size_t n : {1, 15, 16, 17, 40})
      for (size_t k : {0, 1, 2, 63, 200}) {
        std::vector<float> a(m * k + 1), b((k + 1) * n), c(m * n);
        for (auto *v : {&a, &b, &c})
          for (float &f : *v)
            f = normal(rng);
        std::vector<float> expected = c;
        for (size_t i = 0; i < m; ++i)
          for (size_t j = 0; j < n; ++j)
            expected[i * n + j] = dotFmaF32(a.data() + i * k, b.data() + j, k, 1, n, c[i * n + j]);
        gemmFmaF32(c.data(), a.data(), b.data(), m, n, k);
        for (size_t i = 0; i < c.size(); ++i)
          ASSERT_EQ(bitsOf(c[i]), bitsOf(expected[i])) << m << "x" << n << "x" << k;
      }
  float acc[3] = {1, 2, 3};
  const float b[3] = {4, 5, 6};
  axpyFmaF32(acc, 2.0f, b, 3);
  EXPECT_EQ(acc[0], 9.0f);
  EXPECT_EQ(acc[1], 12.0f);
  EXPECT_EQ(acc[2], 15.0f);
}

} // namespace
