//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// HQQ's zeros: what is stored decodes to what the published loop gives, the error falls, nothing
// blows up.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormatStorage.h"
#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace quantc::numerics;

namespace {

constexpr size_t kRows = 8, kColumns = 256, kGroup = 64;

NumberFormat formatOf(const std::string &text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_TRUE(result.format) << text;
  return result.format.value_or(NumberFormat());
}

/// Normal weights with a few large ones.
std::vector<float> weights(int64_t seed) {
  RandomState random(seed);
  std::vector<float> values(kRows * kColumns);
  for (float &value : values)
    value = static_cast<float>(random.normal());
  for (size_t row = 0; row < kRows; ++row)
    values[row * kColumns + kGroup * (row % 4) + 5] = 6;
  return values;
}

/// As mobiusml/hqq has it, with inverse scales and zeros in steps, in fp64; zeros and scales are
/// those that `store` keeps.
template <typename Store>
std::vector<double> published(const std::vector<float> &w, int bits, const Store &store) {
  const double last = (1 << bits) - 1;
  const size_t groups = w.size() / kGroup;
  std::vector<double> inverse(groups), zeros(groups), best(w.size());
  for (size_t g = 0; g < groups; ++g) {
    auto [low, high] =
        std::minmax_element(w.begin() + long(g * kGroup), w.begin() + long((g + 1) * kGroup));
    double least = store(*low);
    inverse[g] = 1 / store((*high - least) / last);
    zeros[g] = -least * inverse[g];
  }
  double beta = 10, error = INFINITY;
  for (int step = 0; step <= 20; ++step) {
    std::vector<double> rounded(w.size()), next(groups);
    double sum = 0;
    for (size_t g = 0; g < groups; ++g) {
      double total = 0;
      for (size_t i = g * kGroup; i < (g + 1) * kGroup; ++i) {
        double q = std::clamp(std::nearbyint(w[i] * inverse[g] + zeros[g]), 0.0, last);
        rounded[i] = (q - zeros[g]) / inverse[g];
        double d = w[i] - rounded[i], size = std::fabs(d);
        double kept = size == 0 ? 0 : std::max(size - std::pow(size, -0.3) / beta, 0.0);
        total += q - (w[i] - std::copysign(kept, d)) * inverse[g];
        sum += size;
      }
      next[g] = -store(-total / kGroup / inverse[g]) * inverse[g];
    }
    if (!(sum < error))
      break;
    error = sum;
    best = rounded;
    zeros = next;
    beta *= 1.01;
  }
  return best;
}

std::vector<float> decoded(const NumberFormat &format, const BlockScales &scales,
                           const std::vector<float> &w) {
  std::string reason;
  auto values = loadMatrix(format, kRows, kColumns, storeMatrix(format, scales, w.data()), reason);
  EXPECT_TRUE(values) << reason;
  return values.value_or(std::vector<float>(w.size()));
}

double meanError(const std::vector<float> &w, const std::vector<float> &rounded) {
  double sum = 0;
  for (size_t i = 0; i < w.size(); ++i)
    sum += std::fabs(double(w[i]) - double(rounded[i]));
  return sum / double(w.size());
}

TEST(HalfQuadratic, ShrinksByThePowerOfTheNorm) {
  EXPECT_EQ(shrinkLp(0, 0.7, 10), 0);
  EXPECT_EQ(shrinkLp(1e-300, 0.7, 10), 0);
  EXPECT_NEAR(shrinkLp(2, 0.7, 10), 2 - std::pow(2, -0.3) / 10, 1e-15);
  EXPECT_EQ(shrinkLp(-2, 0.7, 10), -shrinkLp(2, 0.7, 10));
  EXPECT_EQ(shrinkLp(0.05, 1, 10), 0); // p = 1: soft thresholding at 1 / beta
  EXPECT_NEAR(shrinkLp(0.3, 1, 10), 0.2, 1e-15);
}

TEST(HalfQuadratic, StoredMatrixIsThePublishedOne) {
  for (int bits : {2, 3, 4, 5}) {
    for (ScaleType type : {ScaleType::F32, ScaleType::F16, ScaleType::BF16}) {
      const char *name = type == ScaleType::F32 ? "f32" : type == ScaleType::F16 ? "f16" : "bf16";
      NumberFormat format = formatOf("uint" + std::to_string(bits) + ":g64:asym-float:" + name);
      std::vector<float> w = weights(bits);
      BlockScales scales =
          chooseScales(format, w.data(), kRows, kColumns, ScaleSearch::halfQuadratic());
      std::vector<float> found = decoded(format, scales, w);
      std::vector<double> wanted =
          published(w, bits, [&](double x) { return double(roundToScale(type, x)); });
      for (size_t i = 0; i < w.size(); ++i) // one rounding of decode and one of m in steps
        ASSERT_NEAR(found[i], wanted[i], 1e-6) << format.elementBits() << name << " " << i;
    }
  }
}

TEST(HalfQuadratic, ErrorFallsFromThatOfTheRange) {
  for (const char *text : {"uint2:g64:asym-float:f16", "uint3:g64:asym-float", "int4:asym-float",
                           "uint3:tensor:asym-float:f32"}) {
    NumberFormat format = formatOf(text);
    std::vector<float> w = weights(7);
    BlockScales plain = chooseScales(format, w.data(), kRows, kColumns);
    BlockScales moved =
        chooseScales(format, w.data(), kRows, kColumns, ScaleSearch::halfQuadratic());
    EXPECT_EQ(moved.codes, plain.codes) << text; // scales stay
    EXPECT_LT(meanError(w, decoded(format, moved, w)), meanError(w, decoded(format, plain, w)))
        << text;
    for (const BlockParams &params : moved.params)
      EXPECT_EQ(params.zero, roundToScale(format.scale, params.zero)) << text;
  }
}

TEST(HalfQuadratic, WeightsOnTheGridStay) {
  const float x[] = {0, 1, 2, 3, 0, 0, 0, 0}; // no error anywhere: 0^(p - 1) must not show
  NumberFormat format = formatOf("uint2:asym-float");
  BlockScales scales = chooseScales(format, x, 2, 4, ScaleSearch::halfQuadratic());
  float back[8];
  fakeQuantizeMatrix(format, scales, x, back);
  EXPECT_TRUE(std::equal(x, x + 8, back));
}

TEST(HalfQuadratic, WhatIsNotFiniteStaysAlone) {
  std::vector<float> w = weights(9), rest = w;
  for (size_t i = 0; i < kGroup; ++i)
    rest[i] = 0;
  w[3] = INFINITY;
  NumberFormat format = formatOf("uint3:g64:asym-float:f16");
  ScaleSearch search = ScaleSearch::halfQuadratic();
  std::vector<float> found =
      decoded(format, chooseScales(format, w.data(), kRows, kColumns, search), w);
  std::vector<float> alone =
      decoded(format, chooseScales(format, rest.data(), kRows, kColumns, search), rest);
  for (size_t i = 0; i < w.size(); ++i)
    EXPECT_TRUE(i < kGroup ? std::isnan(found[i]) : std::isfinite(found[i])) << i;
  EXPECT_TRUE(std::equal(found.begin() + kGroup, found.end(), alone.begin() + kGroup));
}

TEST(HalfQuadratic, AsksForFloatZeroPoints) {
  ScaleSearch search = ScaleSearch::halfQuadratic();
  EXPECT_EQ(searchFault(formatOf("uint4:g64:asym-float:f16"), search), "");
  EXPECT_EQ(searchFault(formatOf("int4:g128:sym"), ScaleSearch::clip()), "");
  for (const char *text : {"int4:g128:sym", "uint4:g64:asym:f16", "nf4:g64", "mxfp4"})
    EXPECT_EQ(searchFault(formatOf(text), search),
              "expected integers with float zero points (asym-float) for the search hqq, but found "
              "'" +
                  printNumberFormat(formatOf(text)) + "'");
}

} // namespace
