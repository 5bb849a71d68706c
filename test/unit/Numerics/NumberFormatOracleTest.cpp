//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What formats do to known distributions: signal to quantization noise on samples of normal,
// Laplace and Student-t(5) numbers (figures computed elsewhere in float64, each +-0.1 dB), and the
// best clipped ranges of a normal distribution, by integration.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/BlockScale.h"
#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cctype>
#include <cmath>

using namespace quantc::numerics;

namespace {

NumberFormat formatOf(const char *text) {
  ParsedNumberFormat result = parseNumberFormat(text);
  EXPECT_TRUE(result.format) << text;
  return result.format.value_or(NumberFormat());
}

constexpr size_t kRows = 1024, kColumns = 1024;

enum Distribution { Normal, Laplace, StudentT5 };

std::vector<float> draw(Distribution which) {
  RandomState random(20 + which);
  std::vector<float> samples(kRows * kColumns);
  for (float &sample : samples) {
    double value = random.normal();
    if (which == Laplace) {
      double u = random.uniform() - 0.5;
      value = (u < 0 ? 1 : -1) * std::log1p(-2 * std::fabs(u));
    } else if (which == StudentT5) {
      double chi = 0;
      for (int i = 0; i < 5; ++i) {
        double z = random.normal();
        chi += z * z;
      }
      value /= std::sqrt(chi / 5);
    }
    sample = static_cast<float>(value);
  }
  return samples;
}

const std::vector<float> &samplesOf(Distribution which) {
  static const std::vector<float> samples[] = {draw(Normal), draw(Laplace), draw(StudentT5)};
  return samples[which];
}

double qsnr(const NumberFormat &format, const std::vector<float> &x, const ScaleSearch &search) {
  BlockScales scales = chooseScales(format, x.data(), kRows, kColumns, search);
  std::vector<float> y(x.size());
  fakeQuantizeMatrix(format, scales, x.data(), y.data());
  double signal = 0, noise = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    signal += double(x[i]) * x[i];
    noise += (double(x[i]) - y[i]) * (double(x[i]) - y[i]);
  }
  return 10 * std::log10(signal / noise);
}

struct Row {
  const char *format;
  double decibels[3]; ///< normal, Laplace, Student-t(5); NaN: not known
};

const double unknown = std::nan("");
const Row rows[] = {
    {"int8:g128", {43.80, 40.98, 40.47}},
    {"int6:g128", {31.55, 28.73, 28.22}},
    {"int5:g128", {25.25, 22.45, 21.92}},
    {"int4:g128", {18.62, 15.90, 15.32}},
    {"int3:g128", {11.27, 8.96, 8.28}},
    {"int2:g128", {2.31, 2.11, 1.89}},
    {"uint8:g128:asym", {44.57, 42.24, 42.13}},
    {"uint4:g128:asym", {19.96, 17.69, 17.53}},
    {"uint3:g128:asym", {13.33, 11.28, 10.95}},
    {"uint2:g128:asym", {5.98, 4.93, 4.49}},
    {"int4:g32", {20.27, 18.34, 18.26}},
    {"uint4:g32:asym", {21.86, 20.51, 20.66}},
    {"int4:g16", {21.39, 19.90, 19.95}},
    {"nf4:g64", {20.73, 19.69, 19.61}},
    {"nf4:g128", {20.39, 18.90, 18.60}},
    {"fp4-bnb:g64", {18.28, 16.44, 16.26}},
    {"fp<e2m1>:g128", {19.26, 18.35, 18.19}},
    {"fp<e2m1>:g64", {19.52, 19.00, 19.00}},
    {"fp<e2m1>:g32", {19.91, 19.78, 19.84}},
    {"fp<e2m1>:g16", {20.52, 20.80, 20.83}},
    {"mxfp4", {18.78, 17.95, 18.00}},
    {"mxfp4:rceil", {18.76, 17.58, 17.56}},
    {"mxfp6-e2m3", {30.94, 30.29, 30.33}},
    {"mxfp6-e2m3:rceil", {30.96, 30.24, 30.28}},
    {"mxfp6-e3m2", {25.36, 25.21, 25.23}},
    {"mxfp6-e3m2:rceil", {25.54, 25.55, 25.56}},
    {"mxfp8-e4m3", {30.64, 30.00, 30.07}},
    {"mxfp8-e4m3:rceil", {31.52, 31.55, 31.54}},
    {"mxfp8-e5m2", {25.36, 25.21, 25.23}},
    {"mxfp8-e5m2:rceil", {25.54, 25.55, 25.56}},
    {"mxint8", {41.66, 39.99, 40.01}},
    {"mxint8:rceil", {41.61, 39.92, 39.95}},
    {"mxint4", {17.55, 16.00, 15.94}},
    {"mxint4:rceil", {16.84, 14.90, 14.82}},
    {"nvfp4", {20.43, 20.65, 20.69}},
    {"nvint4", {21.28, 19.78, 19.84}},
    {"bitmod4:g128:f16", {20.18, 19.46, 19.39}},
    {"bitmod3:g128:f16", {14.20, 12.97, 12.68}},
    {"codebook<-4,-2,-1,0,1,2,4>:g128", {12.45, unknown, unknown}},
    {"uint1:g32:asym-float", {-2.91, unknown, unknown}},
    {"uint1:g64:asym-float", {-4.36, unknown, unknown}},
    {"uint1:g128:asym-float", {-5.52, unknown, unknown}},
    {"uint2:g32:asym-float", {8.12, unknown, unknown}},
    {"uint2:g64:asym-float", {6.94, unknown, unknown}},
    {"uint2:g128:asym-float", {6.01, unknown, unknown}},
    {"uint3:g32:asym-float", {15.52, unknown, unknown}},
    {"uint3:g64:asym-float", {14.33, unknown, unknown}},
    {"uint3:g128:asym-float", {13.40, unknown, unknown}},
    {"uint4:g32:asym-float", {22.14, unknown, unknown}},
    {"uint4:g64:asym-float", {20.95, unknown, unknown}},
    {"uint4:g128:asym-float", {20.02, unknown, unknown}},
};

class FormatOracle : public testing::TestWithParam<Row> {};

} // namespace

TEST_P(FormatOracle, SignalToQuantizationNoise) {
  NumberFormat format = formatOf(GetParam().format);
  for (Distribution which : {Normal, Laplace, StudentT5})
    if (double expected = GetParam().decibels[which]; !std::isnan(expected))
      EXPECT_NEAR(qsnr(format, samplesOf(which), ScaleSearch::none()), expected, 0.1)
          << "distribution " << which;
}

INSTANTIATE_TEST_SUITE_P(Rows, FormatOracle, testing::ValuesIn(rows), [](const auto &info) {
  std::string name;
  for (const char *c = info.param.format; *c; ++c)
    name += std::isalnum(static_cast<unsigned char>(*c)) ? *c : '_';
  return name + "_" + std::to_string(info.index);
});

TEST(FormatOracleTernary, MeanMagnitude) { // one scale, codes -1, 0, 1
  ScaleSearch search;
  search.absMean = true;
  const double expected[] = {5.80, 4.05, 4.40};
  for (Distribution which : {Normal, Laplace, StudentT5})
    EXPECT_NEAR(qsnr(formatOf("int2:tensor"), samplesOf(which), search), expected[which], 0.1);
}

//===----------------------------------------------------------------------===//
// The best range of a normal distribution
//===----------------------------------------------------------------------===//

namespace {

/// The mean squared error of a format on N(0, 1) with one scale: a sum over 2^16 points of [-9, 9].
double normalError(const NumberFormatCodec &codec, double scale) {
  constexpr int points = 1 << 16;
  constexpr double step = 18.0 / points, inverseRoot = 0.3989422804014327;
  static const std::pair<std::vector<float>, std::vector<double>> grid = [] {
    std::pair<std::vector<float>, std::vector<double>> result;
    for (int i = 0; i < points; ++i) {
      auto x = static_cast<float>(-9 + (i + 0.5) * step);
      result.first.push_back(x);
      result.second.push_back(inverseRoot * std::exp(-0.5 * double(x) * x) * step);
    }
    return result;
  }();
  BlockParams params;
  params.scale = static_cast<float>(scale);
  return codec.error(grid.first.data(), points, params, {2.0, grid.second.data()});
}

/// The scale with the least error, by a scan and ternary search around its best point.
double bestScale(const NumberFormatCodec &codec, double low, double high) {
  double best = low;
  for (int i = 1; i <= 60; ++i) {
    double scale = low + (high - low) * i / 60;
    if (normalError(codec, scale) < normalError(codec, best))
      best = scale;
  }
  double width = (high - low) / 60;
  double from = best - width, to = best + width;
  for (int i = 0; i < 40; ++i) {
    double third = (to - from) / 3;
    if (normalError(codec, from + third) < normalError(codec, to - third))
      to -= third;
    else
      from += third;
  }
  return (from + to) / 2;
}

} // namespace

TEST(NormalClipping, BestRangesAndTheirErrors) {
  // In closed form, from the truncated moments of the normal distribution.
  struct Best {
    int bits;
    double clip, narrowError, step, fullError;
  };
  const Best table[] = {{2, 1.2240, 0.190174, 1.0484, 0.149431},
                        {3, 1.9523, 0.0468600, 0.60182, 0.0406382},
                        {4, 2.4739, 0.0128894, 0.33861, 0.0118640},
                        {8, 3.9205, 8.8308e-5, 0.030766, 8.7707e-5}};
  for (const Best &best : table) {
    NumberFormat format = formatOf("int2:tensor:sym:f32");
    format.integerBits = best.bits;
    NumberFormatCodec narrow(format);
    format.narrow = false;
    NumberFormatCodec full(format);
    double greatest = narrow.getFormat().maxCode();
    double scale = bestScale(narrow, 1.0 / greatest, 5.0 / greatest);
    EXPECT_NEAR(scale * greatest, best.clip, 2e-3 * best.clip) << best.bits;
    EXPECT_NEAR(normalError(narrow, scale), best.narrowError, 1e-3 * best.narrowError) << best.bits;
    // The full range has one level more below than above: it is not symmetric.
    scale = bestScale(full, 0.5 * best.step, 2 * best.step);
    EXPECT_NEAR(scale, best.step, 2e-3 * best.step) << best.bits;
    EXPECT_NEAR(normalError(full, scale), best.fullError, 1e-3 * best.fullError) << best.bits;
  }
}

TEST(NormalClipping, TheSearchFindsIt) {
  const std::vector<float> &x = samplesOf(Normal);
  const std::pair<const char *, double> pairs[] = {
      {"int2:tensor", 1.224}, {"int3:tensor", 1.950}, {"int4:tensor", 2.478}};
  float absmax = 0;
  for (float value : x)
    absmax = std::max(absmax, std::fabs(value));
  for (auto [text, clip] : pairs) {
    NumberFormat format = formatOf(text);
    BlockScales scales =
        chooseScales(format, x.data(), kRows, kColumns / 8, ScaleSearch::clip(2.0, 90));
    // The grid's step is a hundredth of absmax, here about 0.05.
    EXPECT_NEAR(scales.params[0].scale * static_cast<float>(format.elementMax()), clip,
                0.6 * absmax / 100)
        << text;
  }
}

TEST(NormalClipping, LowCrestFavoursIntegersHeavyTailsFloats) {
  auto gain = [](Distribution which) { // of the minifloat, in dB
    return qsnr(formatOf("nvfp4"), samplesOf(which), {}) -
           qsnr(formatOf("nvint4"), samplesOf(which), {});
  };
  EXPECT_LT(gain(Normal), -0.5);
  EXPECT_GT(gain(Laplace), 0.5);
  EXPECT_GT(gain(StudentT5), 0.5);
}
