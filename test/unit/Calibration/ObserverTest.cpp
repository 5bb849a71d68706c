//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Observers on data whose best range is known, and against references that do
// what the definitions say in the most direct way.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Observer.h"
#include "TestFiles.h"
#include <cmath>
#include <random>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
Statistics of(std::vector<float> values) {
  Statistics s("t");
  cantFail(s.add(0, values, {int64_t(values.size())}));
  return s;
}

ObserverResult choose(const Statistics &s, ObserverKind kind, ObserverOptions options = {},
                      int64_t qmin = 0, int64_t qmax = 255) {
  return cantFail(chooseRange(s, kind, options, qmin, qmax));
}

/// Normal values, the same on every machine (Box and Muller over a fixed engine).
std::vector<float> normal(size_t count, unsigned seed = 1) {
  std::mt19937 engine(seed);
  std::vector<float> values(count);
  for (float &value : values) {
    double u = (engine() + 1.0) / 4294967297.0, v = engine() / 4294967296.0;
    value = std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
  }
  return values;
}

std::vector<float> relu(std::vector<float> values) {
  for (float &value : values)
    value = std::max(value, 0.0f);
  return values;
}

constexpr ObserverKind kAllKinds[] = {ObserverKind::MinMax, ObserverKind::MovingAverage,
                                      ObserverKind::Percentile, ObserverKind::Entropy,
                                      ObserverKind::Mse};

TEST(Observer, Names) {
  EXPECT_EQ(observerNames().size(), std::size(kAllKinds));
  for (ObserverKind kind : kAllKinds)
    EXPECT_EQ(parseObserver(observerName(kind)), kind);
  EXPECT_EQ(parseObserver("kl"), std::nullopt);
}

TEST(Observer, EveryRangeHoldsZeroAndStaysInsideWhatWasSeen) {
  for (auto values :
       {normal(5000), relu(normal(5000)), std::vector<float>{3, 4, 5}, std::vector<float>{-3, -4},
        std::vector<float>{0, 0}, std::vector<float>{1e-30f, -2e-38f},
        std::vector<float>{3e38f, -3e38f}, std::vector<float>{1e-44f}}) {
    Statistics s = of(values);
    for (ObserverKind kind : kAllKinds) {
      for (bool symmetric : {false, true}) {
        ObserverOptions options;
        options.symmetric = symmetric;
        ObserverResult r = choose(s, kind, options, symmetric ? -127 : 0, symmetric ? 127 : 255);
        float largest = std::max(std::fabs(s.min()), std::fabs(s.max()));
        EXPECT_LE(r.lo, 0) << observerName(kind).str();
        EXPECT_GE(r.hi, 0) << observerName(kind).str();
        EXPECT_GE(r.lo, symmetric ? -largest : std::min(s.min(), 0.0f));
        EXPECT_LE(r.hi, symmetric ? largest : std::max(s.max(), 0.0f));
        EXPECT_TRUE(std::isfinite(r.meanSquaredError));
        if (symmetric)
          EXPECT_EQ(r.lo, -r.hi);
        EXPECT_EQ(r.kind, kind);
        EXPECT_EQ(r.min, s.min());
        EXPECT_EQ(r.max, s.max());
        EXPECT_EQ(r.count, s.count());
      }
    }
  }
}

TEST(Observer, MinMax) {
  ObserverResult r = choose(of({-1, 2}), ObserverKind::MinMax);
  EXPECT_EQ(r.lo, -1);
  EXPECT_EQ(r.hi, 2);
  ObserverOptions symmetric;
  symmetric.symmetric = true;
  r = choose(of({-1, 2}), ObserverKind::MinMax, symmetric, -127, 127);
  EXPECT_EQ(r.lo, -2);
  EXPECT_EQ(r.hi, 2);
}

TEST(Observer, MovingAverage) {
  Statistics s("t");
  cantFail(s.add(1, {-4, 3}, {2})); // out of order; the run's number counts
  cantFail(s.add(0, {-2, 1}, {2}));
  cantFail(s.add(2, {-2, 11}, {2}));
  ObserverOptions options;
  options.averagingConstant = 0.5;
  ObserverResult r = choose(s, ObserverKind::MovingAverage, options);
  EXPECT_EQ(r.lo, -2.5f); // -2, -3, -2.5
  EXPECT_EQ(r.hi, 6.5f);  // 1, 2, 6.5
  r = choose(s, ObserverKind::MovingAverage);
  EXPECT_FLOAT_EQ(r.hi, 1.02 + 0.01 * (11 - 1.02));
}

TEST(Observer, PercentileAgainstSortedValues) {
  std::vector<float> values = normal(200000), sorted = values;
  std::sort(sorted.begin(), sorted.end());
  Statistics s = of(values);
  // What is cut from each end of 200000 values.
  for (auto [percentile, tail] :
       {std::pair<double, size_t>{99.999, 1}, {99.9, 100}, {99, 1000}, {50, 50000}}) {
    ObserverOptions options;
    options.percentile = percentile;
    ObserverResult r = choose(s, ObserverKind::Percentile, options);
    EXPECT_NEAR(r.lo, sorted[tail - 1], s.histogram().binWidth()) << percentile;
    EXPECT_NEAR(r.hi, sorted[values.size() - tail - 1], s.histogram().binWidth()) << percentile;
  }
}

TEST(Observer, SymmetricPercentileAgainstSortedMagnitudes) {
  std::vector<float> values = normal(100000), sorted = values;
  for (float &value : sorted)
    value = std::fabs(value);
  std::sort(sorted.begin(), sorted.end());
  ObserverOptions options;
  options.percentile = 99.9;
  options.symmetric = true;
  Statistics s = of(values);
  ObserverResult r = choose(s, ObserverKind::Percentile, options, -127, 127);
  EXPECT_NEAR(r.hi, sorted[99900 - 1], s.histogram().binWidth());
}

TEST(Observer, PercentileOfRelu6KeepsSix) {
  std::vector<float> values = normal(100000);
  for (float &value : values)
    value = std::min(std::max(3 * value, 0.0f), 6.0f);
  ObserverResult r = choose(of(values), ObserverKind::Percentile);
  EXPECT_NEAR(r.lo, 0, 1e-6);
  EXPECT_EQ(r.hi, 6); // a share of the values is exactly six
}

TEST(Observer, PercentileOfOneHundredIsMinMax) {
  ObserverOptions options;
  options.percentile = 100;
  Statistics s = of(normal(1000));
  ObserverResult r = choose(s, ObserverKind::Percentile, options);
  EXPECT_EQ(r.lo, s.min());
  EXPECT_EQ(r.hi, s.max());
}

/// KL(P || Q) as in the definition, for thresholds of `bins` bins.
double referenceDivergence(const std::vector<double> &counts, size_t bins, size_t levels) {
  std::vector<double> p(counts.begin(), counts.begin() + bins), q(bins);
  for (size_t g = 0; g < levels; ++g) {
    size_t from = g * bins / levels, to = (g + 1) * bins / levels;
    double sum = 0, filled = 0;
    for (size_t j = from; j < to; ++j) {
      sum += counts[j];
      filled += counts[j] > 0;
    }
    for (size_t j = from; j < to; ++j)
      q[j] = counts[j] > 0 ? sum / filled : 0;
  }
  for (size_t j = bins; j < counts.size(); ++j)
    p.back() += counts[j];
  double sumP = 0, sumQ = 0, divergence = 0;
  for (size_t j = 0; j < bins; ++j) {
    sumP += p[j];
    sumQ += q[j];
  }
  for (size_t j = 0; j < bins; ++j) {
    if (p[j] == 0)
      continue;
    if (q[j] == 0)
      return HUGE_VAL;
    divergence += p[j] / sumP * std::log((p[j] / sumP) / (q[j] / sumQ));
  }
  return divergence;
}

/// The chosen threshold is within rounding of the best one by the definition.
void checkEntropy(const std::vector<float> &values, bool symmetric, int64_t qmin, int64_t qmax,
                  size_t levels) {
  Statistics s = of(values);
  const Histogram &h = s.histogram();
  std::vector<double> counts;
  for (int k = 0; k < Histogram::kHalf; ++k)
    counts.push_back(h.bins()[Histogram::kHalf + k] + h.bins()[Histogram::kHalf - 1 - k]);
  while (counts.back() == 0)
    counts.pop_back();
  counts[0] = counts[1];
  double least = HUGE_VAL;
  size_t best = 0;
  for (size_t bins = levels; bins <= counts.size(); ++bins) {
    double divergence = referenceDivergence(counts, bins, levels);
    if (divergence <= least + 1e-12) {
      least = std::min(least, divergence);
      best = bins;
    }
  }
  ObserverOptions options;
  options.symmetric = symmetric;
  ObserverResult r = choose(s, ObserverKind::Entropy, options, qmin, qmax);
  double bound = symmetric ? HUGE_VAL : double(s.max());
  EXPECT_FLOAT_EQ(r.hi, std::min({bound, best * h.binWidth(),
                                  std::max(std::fabs(double(s.min())), double(s.max()))}));
}

TEST(Observer, EntropyAgainstTheDefinition) {
  std::vector<float> values = normal(20000);
  values.push_back(9); // an outlier to be clipped
  checkEntropy(values, true, -127, 127, 127);
  checkEntropy(values, false, 0, 255, 128);
  checkEntropy(relu(values), false, 0, 255, 256);
}

TEST(Observer, EntropyClipsOutliers) {
  std::vector<float> values = relu(normal(200000));
  values.push_back(40);
  ObserverResult r = choose(of(values), ObserverKind::Entropy);
  EXPECT_LT(r.hi, 8);
  EXPECT_GT(r.hi, 3);
}

/// Mean squared error of quantizing the values themselves.
double measuredError(const std::vector<float> &values, double lo, double hi, double qmin,
                     double qmax) {
  double scale = (hi - lo) / (qmax - qmin), sum = 0;
  double zero = std::min(std::max(std::nearbyint(qmin - lo / scale), qmin), qmax);
  for (double value : values) {
    double q = std::min(std::max(std::nearbyint(value / scale + zero), qmin), qmax);
    sum += ((q - zero) * scale - value) * ((q - zero) * scale - value);
  }
  return sum / values.size();
}

TEST(Observer, ErrorFromTheHistogramIsThatOfTheValues) {
  std::vector<float> values = normal(50000);
  Statistics s = of(values);
  for (auto [lo, hi] : {std::pair<double, double>{-5, 5}, {-1, 2}, {-3, 0.5}, {0, 4}}) {
    double measured = measuredError(values, lo, hi, 0, 255);
    EXPECT_NEAR(quantizationError(s.histogram(), lo, hi, 0, 255), measured, 0.01 * measured);
  }
  EXPECT_EQ(quantizationError(Histogram(), -1, 1, 0, 255), 0);
}

/// The least error on a fine grid over both ends, on the values themselves.
double referenceLeastError(const std::vector<float> &values, int64_t qmin, int64_t qmax) {
  float min = *std::min_element(values.begin(), values.end());
  float max = *std::max_element(values.begin(), values.end());
  double least = HUGE_VAL;
  for (int lo = 1; lo <= 50; ++lo)
    for (int hi = 1; hi <= 50; ++hi)
      least = std::min(least, measuredError(values, std::min(min, 0.0f) * lo / 50,
                                            std::max(max, 0.0f) * hi / 50, qmin, qmax));
  return least;
}

TEST(Observer, MseAgainstAFullGrid) {
  std::vector<float> skewed = normal(3000);
  for (float &value : skewed)
    value = value < 0 ? 0.3f * value : value * value * value;
  for (auto values : {normal(3000), relu(normal(3000)), skewed}) {
    for (int64_t qmax : {15, 255}) {
      ObserverResult r = choose(of(values), ObserverKind::Mse, {}, 0, qmax);
      double measured = measuredError(values, r.lo, r.hi, 0, qmax);
      // The search is not a full grid; it must come close to one.
      EXPECT_LE(measured, 1.02 * referenceLeastError(values, 0, qmax)) << qmax;
      EXPECT_NEAR(r.meanSquaredError, measured, 0.02 * measured) << qmax;
    }
  }
}

TEST(Observer, MseIsNoWorseThanTheOthers) {
  Statistics s = of(normal(100000, 7));
  double best = choose(s, ObserverKind::Mse, {}, 0, 15).meanSquaredError;
  for (ObserverKind kind : kAllKinds)
    EXPECT_GE(choose(s, kind, {}, 0, 15).meanSquaredError, best * (1 - 1e-9))
        << observerName(kind).str();
}

TEST(Observer, BadRequests) {
  Statistics s = of({1, 2}), bare("t", {false, false, false});
  cantFail(bare.add(0, {1}, {1}));
  auto fail = [](const Statistics &s, ObserverKind kind, ObserverOptions options, int64_t qmin,
                 int64_t qmax) { return errorOf(chooseRange(s, kind, options, qmin, qmax)); };
  EXPECT_EQ(fail(Statistics("t"), ObserverKind::MinMax, {}, 0, 255),
            "tensor 't': observer min-max: expected values, but found none");
  EXPECT_TRUE(contains(fail(s, ObserverKind::MinMax, {}, 3, 3), "but found [3, 3]"));
  EXPECT_TRUE(contains(fail(s, ObserverKind::Mse, {}, INT64_MIN, INT64_MAX), "integer range"));
  for (ObserverKind kind : {ObserverKind::Percentile, ObserverKind::Entropy, ObserverKind::Mse})
    EXPECT_TRUE(contains(fail(bare, kind, {}, 0, 255), "expected statistics with a histogram"));
  EXPECT_TRUE(contains(fail(bare, ObserverKind::MovingAverage, {}, 0, 255), "ranges of runs"));
  EXPECT_EQ(fail(bare, ObserverKind::MinMax, {}, 0, 255), "(success)");
  for (double bad : {0.0, -1.0, 100.1, std::nan("")}) {
    ObserverOptions options;
    options.percentile = bad;
    EXPECT_TRUE(contains(fail(s, ObserverKind::Percentile, options, 0, 255), "(0, 100]"));
    options.averagingConstant = bad;
    EXPECT_TRUE(contains(fail(s, ObserverKind::MovingAverage, options, 0, 255), "(0, 1]"));
  }
}
} // namespace
