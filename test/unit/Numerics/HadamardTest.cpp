//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walsh-Hadamard transforms: which orders exist, the plans of the widths of published models, and
// the transforms against plain matrix products.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Hadamard.h"
#include "quantc/Numerics/HadamardStages.h"
#include "quantc/Numerics/Metrics.h"
#include "quantc/Numerics/Orthogonal.h"
#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <numeric>

using namespace quantc::numerics;

namespace {

HadamardPlan planOf(int64_t size, HadamardOptions options = {}) {
  HadamardPlanning planning = planHadamard(size, options);
  EXPECT_TRUE(planning) << planning.message();
  return planning.plan.value_or(HadamardPlan{});
}

/// Normal numbers with an outlier in each row.
std::vector<float> testRows(size_t rows, size_t cols, int64_t seed) {
  RandomState random(seed);
  std::vector<float> x(rows * cols);
  for (float &v : x)
    v = static_cast<float>(random.normal());
  for (size_t r = 0; r < rows; ++r)
    x[r * cols + (7 * r) % cols] = 100;
  return x;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

// [NUM-HAD-1]
TEST(Hadamard, Sylvester) {
  for (int64_t order : {1, 2, 4, 64, 1024})
    EXPECT_TRUE(isHadamard(*sylvester(order))) << order;
  EXPECT_EQ(sylvester(4)->entries,
            (std::vector<int8_t>{1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1}));
  EXPECT_EQ(sylvester(8)->entries, kronecker(*sylvester(2), *sylvester(4)).entries);
  for (int64_t order : {-4, 0, 3, 12, 1 << 15})
    EXPECT_FALSE(sylvester(order)) << order;
}

// [NUM-HAD-2]
TEST(Hadamard, PaleyOne) {
  for (int64_t order :
       {4,   8,   12,  20,  24,  28,  32,  44,  48,  60,  68,  72,  80,  84,  104, 108, 128,
        132, 140, 152, 164, 168, 180, 192, 200, 212, 224, 228, 240, 244, 252, 284, 312, 344}) {
    std::optional<SignMatrix> matrix = paleyOne(order - 1);
    ASSERT_TRUE(matrix) << order;
    EXPECT_EQ(matrix->order, order);
    EXPECT_TRUE(isHadamard(*matrix)) << order;
    for (int64_t i = 0; i < order; ++i) // skew
      for (int64_t j = 0; j < i; ++j)
        ASSERT_EQ(matrix->at(i, j), -matrix->at(j, i)) << order;
  }
  for (int64_t q : {-1, 0, 1, 2, 5, 15, 35, 171})
    EXPECT_FALSE(paleyOne(q)) << q;
}

// [NUM-HAD-2]
TEST(Hadamard, PaleyTwo) {
  for (int64_t order : {12,  20,  28,  36,  52,  60,  76,  84,  100, 108, 124,
                        148, 164, 180, 196, 204, 220, 228, 244, 252, 924}) {
    std::optional<SignMatrix> matrix = paleyTwo(order / 2 - 1);
    ASSERT_TRUE(matrix) << order;
    EXPECT_EQ(matrix->order, order);
    EXPECT_TRUE(isHadamard(*matrix)) << order;
    for (int64_t i = 0; i < order; ++i) // symmetric
      for (int64_t j = 0; j < i; ++j)
        ASSERT_EQ(matrix->at(i, j), matrix->at(j, i)) << order;
  }
  for (int64_t q : {1, 3, 4, 7, 21, 33, 85})
    EXPECT_FALSE(paleyTwo(q)) << q;
}

TEST(Hadamard, OtherMatricesAreNone) {
  SignMatrix matrix = *paleyOne(11);
  matrix.entries[5] = static_cast<int8_t>(-matrix.entries[5]);
  EXPECT_FALSE(isHadamard(matrix));
  matrix.entries[5] = 0;
  EXPECT_FALSE(isHadamard(matrix));
  EXPECT_FALSE(isHadamard({3, std::vector<int8_t>(9, 1)}));
  EXPECT_FALSE(isHadamard({4, std::vector<int8_t>(9, 1)}));
  EXPECT_TRUE(isHadamard(kronecker(*paleyOne(11), *paleyTwo(9))));
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

struct PlanRow {
  std::vector<int64_t> sizes;
  int64_t dense;
  HadamardKind kind;
  int64_t q;
};

// [NUM-HAD-3] Hidden sizes and feed-forward sizes of published models.
TEST(Hadamard, PlansOfModels) {
  constexpr HadamardKind I = HadamardKind::PaleyOne, II = HadamardKind::PaleyTwo;
  const PlanRow rows[] = {
      {{768, 1536, 3072, 6144, 12288, 24576}, 12, I, 11},
      {{640, 1280, 2560, 5120, 10240, 20480}, 20, I, 19},
      {{896, 3584, 7168, 14336, 28672}, 28, I, 27},
      {{576, 1152, 2304, 4608, 9216, 18432, 36864}, 36, II, 17},
      {{960, 3840, 15360}, 60, I, 59},
      {{4864, 9728}, 76, II, 37},
      {{5632}, 44, I, 43},
      {{11008}, 344, I, 343},
      {{4544, 18176}, 284, I, 283},
      {{19968}, 312, I, 311},
      {{6656, 53248}, 52, II, 25},
      {{6912, 13824, 27648}, 108, I, 107},
      {{8960, 17920}, 140, I, 139},
      {{18944}, 148, II, 73},
      {{17408}, 68, I, 67},
      {{25600, 1600}, 100, II, 49},
      {{21504}, 84, I, 83},
      {{2880}, 180, I, 179},
      {{29568}, 924, II, 461},
      // Counts of attention heads.
      {{24, 48}, 12, I, 11},
      {{28, 56}, 28, I, 27},
      {{36}, 36, II, 17},
      {{40}, 20, I, 19},
      {{52}, 52, II, 25},
  };
  for (const PlanRow &row : rows)
    for (int64_t size : row.sizes) {
      HadamardPlan plan = planOf(size);
      ASSERT_EQ(plan.factors.size(), 1u) << size;
      EXPECT_EQ(plan.factors[0].order, row.dense) << size;
      EXPECT_EQ(plan.factors[0].kind, row.kind) << size;
      EXPECT_EQ(plan.factors[0].q, row.q) << size;
      EXPECT_EQ(row.dense << plan.log2, size);
      EXPECT_EQ(plan.blocks, 1);
    }
  for (int log2 = 0; log2 <= 16; ++log2) {
    HadamardPlan plan = planOf(int64_t(1) << log2);
    EXPECT_TRUE(plan.factors.empty());
    EXPECT_EQ(plan.log2, log2);
  }
}

// [NUM-HAD-3]
TEST(Hadamard, OrdersOutOfReach) {
  HadamardOptions anyDense;
  anyDense.maxDense = INT64_MAX;
  std::vector<int64_t> missing;
  for (int64_t size = 4; size <= 260; size += 4)
    if (HadamardPlanning planning = planHadamard(size, anyDense); !planning) {
      EXPECT_EQ(planning.refusal, HadamardRefusal::NoConstruction);
      missing.push_back(size);
    }
  EXPECT_EQ(missing, (std::vector<int64_t>{92, 116, 156, 172, 184, 188, 232, 236, 260}));
  for (int64_t size : {428, 13696})
    EXPECT_EQ(planHadamard(size, anyDense).refusal, HadamardRefusal::NoConstruction) << size;
  EXPECT_EQ(planHadamard(13696).message(),
            "no product of Sylvester's and Paley's matrices has order 13696");
}

// [NUM-HAD-3]
TEST(Hadamard, Refusals) {
  for (int64_t heads : {14, 25, 71, 3, 6, 10920 / 4}) {
    HadamardPlanning planning = planHadamard(heads);
    EXPECT_FALSE(planning) << heads;
    EXPECT_EQ(planning.refusal, HadamardRefusal::NotMultipleOfFour) << heads;
  }
  EXPECT_EQ(planHadamard(14).message(),
            "no Hadamard matrix of order 14 exists: expected 1, 2 or a multiple of 4");
  EXPECT_EQ(planHadamard(-3).message(), "expected a positive size, but found -3");
  EXPECT_EQ(planHadamard(0).refusal, HadamardRefusal::NotPositive);
  EXPECT_EQ(planHadamard(int64_t(1) << 31).refusal, HadamardRefusal::SizeTooLarge);
  HadamardOptions small;
  small.maxDense = 100;
  EXPECT_EQ(planHadamard(11008, small).refusal, HadamardRefusal::DenseTooLarge);
  EXPECT_EQ(planHadamard(11008, small).message(),
            "order 11008 needs a dense factor above the limit of 100");
  EXPECT_EQ(planHadamard(13696, small).refusal, HadamardRefusal::NoConstruction);
  EXPECT_EQ(planHadamard(768, small).message(), "");
}

// [NUM-HAD-4]
TEST(Hadamard, BlocksAreTheFallback) {
  std::optional<HadamardPlan> plan = planHadamardBlocks(11008);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->size, 256);
  EXPECT_EQ(plan->blocks, 43);
  EXPECT_EQ(plan->channels(), 11008);
  EXPECT_EQ(plan->describe(), "43 blocks of 256");
  EXPECT_EQ(planHadamardBlocks(14)->size, 2);
  EXPECT_FALSE(planHadamardBlocks(25));
  EXPECT_FALSE(planHadamardBlocks(0));
  EXPECT_FALSE(planHadamardBlocks(-8));
}

TEST(Hadamard, ProductsOfDenseFactors) {
  HadamardPlan plan = planOf(1040); // the single factor would be 1040
  EXPECT_EQ(plan.describe(), "20 x 52, Paley I(19), Paley II(25)");
  EXPECT_EQ(planOf(1904).describe(), "28 x 68, Paley I(27), Paley I(67)"); // no single factor
  HadamardOptions cheap;
  cheap.choice = HadamardChoice::FewestAdditions;
  EXPECT_EQ(planOf(29568, cheap).describe(),
            "12 x 28 x 44 x 2, Paley I(11), Paley I(27), Paley I(43)");
  EXPECT_EQ(planOf(1536, cheap).describe(), "12 x 128, Paley I(11)");
  EXPECT_EQ(planOf(14336).describe(), "28 x 512, Paley I(27)");
  EXPECT_EQ(planOf(4096).describe(), "4096");
  EXPECT_EQ(planOf(14336).additions(), 14336 * (9 + 9));
  EXPECT_EQ(planHadamardBlocks(11008)->additions(), 11008 * 8);
}

TEST(Hadamard, PlansOfAxes) {
  std::string reason;
  auto plan = [&](int64_t axis, int64_t size, int64_t inner) {
    std::optional<HadamardPlan> made = planHadamardAxis(axis, size, inner, reason);
    return made ? made->describe() : reason;
  };
  EXPECT_EQ(plan(48, 12, 2), "2 blocks of 12, Paley I(11)");
  EXPECT_EQ(plan(0, 12, 2), "0 blocks of 12, Paley I(11)");
  EXPECT_EQ(plan(50, 12, 2), "expected a last axis of a multiple of 12 * 2 elements, but found 50");
  EXPECT_EQ(plan(12, 12, 2), "expected a last axis of a multiple of 12 * 2 elements, but found 12");
  EXPECT_EQ(plan(12, 12, INT64_MAX), "expected a last axis of a multiple of 12 * "
                                     "9223372036854775807 elements, but found 12");
  EXPECT_EQ(plan(12, 0, 2), "expected a positive size and inner extent, but found 0 and 2");
  EXPECT_EQ(plan(12, 12, -1), "expected a positive size and inner extent, but found 12 and -1");
  EXPECT_EQ(plan(14, 14, 1),
            "no Hadamard matrix of order 14 exists: expected 1, 2 or a multiple of 4");
}

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

/// H of a plan's block, from the definition.
SignMatrix matrixOf(const HadamardPlan &plan) {
  SignMatrix matrix = *sylvester(1);
  for (const HadamardFactor &factor : plan.factors)
    matrix = kronecker(matrix, factor.matrix());
  return kronecker(matrix, *sylvester(int64_t(1) << plan.log2));
}

std::vector<HadamardPlan> testPlans() {
  std::vector<HadamardPlan> plans;
  for (int64_t size : {1, 2, 4, 8, 12, 16, 20, 24, 36, 48, 64, 96, 128, 140, 256, 288, 344, 768})
    plans.push_back(planOf(size));
  plans.push_back(planOf(1040));
  plans.push_back(planOf(12).inBlocks(3));
  plans.push_back(*planHadamardBlocks(86));
  plans.push_back(planHadamardBlocks(344)->inBlocks(5));
  return plans;
}

// [NUM-HAD-8] R = diag(signs) H / sqrt(size) in each block.
TEST(Hadamard, MatrixIsItsDefinition) {
  for (const HadamardPlan &plan : testPlans()) {
    SignMatrix h = matrixOf(plan);
    ASSERT_TRUE(isHadamard(h)) << plan.describe();
    std::vector<int8_t> signs = randomSigns(plan.channels(), 3);
    std::vector<double> r = Hadamard(plan, signs).matrix();
    auto n = static_cast<size_t>(plan.channels()), size = static_cast<size_t>(plan.size);
    double scale = 1 / std::sqrt(static_cast<double>(size));
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        double sign = i / size == j / size ? signs[i] * h.at(static_cast<int64_t>(i % size),
                                                             static_cast<int64_t>(j % size))
                                           : 0;
        ASSERT_EQ(r[i * n + j], sign * scale) << plan.describe();
      }
    EXPECT_LT(orthogonalityError(r, n), 1e-13) << plan.describe();
  }
}

// [NUM-HAD-8] y = x R, and back.
TEST(Hadamard, RowsTimesTheMatrix) {
  for (const HadamardPlan &plan : testPlans()) {
    auto n = static_cast<size_t>(plan.channels());
    Hadamard transform(plan, randomSigns(plan.channels(), 5));
    std::vector<double> r = transform.matrix();
    std::vector<float> x = testRows(3, n, 11), y = x;
    std::vector<double> wide(x.begin(), x.end());
    transform.apply(y.data(), 3);
    transform.apply(wide.data(), 3);
    for (size_t row = 0; row < 3; ++row)
      for (size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (size_t i = 0; i < n; ++i)
          sum += x[row * n + i] * r[i * n + j];
        ASSERT_NEAR(wide[row * n + j], sum, 1e-10) << plan.describe();
        ASSERT_NEAR(y[row * n + j], sum, 2e-4) << plan.describe();
      }
    transform.apply(y.data(), 3, HadamardDirection::Inverse);
    transform.apply(wide.data(), 3, HadamardDirection::Inverse);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(wide[i], x[i], 1e-11) << plan.describe();
      ASSERT_NEAR(y[i], x[i], 2e-4) << plan.describe();
    }
  }
}

// Each row has the bits that it has alone.
TEST(Hadamard, RowsAreIndependent) {
  for (const HadamardPlan &plan : testPlans()) {
    auto n = static_cast<size_t>(plan.channels());
    Hadamard transform(plan);
    std::vector<float> together = testRows(4, n, 2), alone = together;
    transform.apply(together.data(), 4);
    for (size_t row = 0; row < 4; ++row)
      transform.apply(alone.data() + row * n, 1);
    EXPECT_EQ(together, alone) << plan.describe();
  }
}

// [channels][inner] is the transform of each column.
TEST(Hadamard, InnerElementsAreColumns) {
  for (const HadamardPlan &plan : testPlans())
    for (size_t inner : {3u, 8u, 64u}) {
      auto n = static_cast<size_t>(plan.channels());
      for (HadamardDirection direction : {HadamardDirection::Forward, HadamardDirection::Inverse}) {
        Hadamard transform(plan, randomSigns(plan.channels(), 9));
        std::vector<float> x = testRows(2 * n, inner, 4), y = x;
        transform.apply(y.data(), 2, direction, inner);
        for (size_t row = 0; row < 2; ++row)
          for (size_t c = 0; c < inner; ++c) {
            std::vector<float> column(n);
            for (size_t i = 0; i < n; ++i)
              column[i] = x[(row * n + i) * inner + c];
            transform.apply(column.data(), 1, direction);
            for (size_t i = 0; i < n; ++i)
              ASSERT_EQ(column[i], y[(row * n + i) * inner + c]) << plan.describe();
          }
      }
    }
}

/// [NUM-HAD-5] [NUM-HAD-6] in the words of docs/Numerics.md, with no care for speed.
std::vector<float> plainTransform(std::vector<float> x, const HadamardPlan &plan) {
  const size_t n = x.size(), length = size_t(1) << plan.log2;
  for (size_t h = 1; h < length; h *= 2)
    for (size_t i = 0; i < n; ++i)
      if ((i & h) == 0) {
        float a = x[i], b = x[i + h];
        x[i] = a + b;
        x[i + h] = a - b;
      }
  size_t stride = length;
  for (size_t f = plan.factors.size(); f-- > 0;) {
    const HadamardFactor &factor = plan.factors[f];
    SignMatrix m = factor.matrix();
    auto order = static_cast<size_t>(factor.order);
    std::vector<float> y(n);
    for (size_t at = 0; at < n; ++at) {
      size_t column = at % stride, j = at / stride % order, base = at / (stride * order);
      for (size_t g = 0; g < order / 4; ++g) {
        float s[4], v[4];
        for (size_t r = 0; r < 4; ++r) {
          s[r] = m.at(static_cast<int64_t>(4 * g + r), static_cast<int64_t>(j));
          v[r] = x[(base * order + 4 * g + r) * stride + column];
        }
        float term =
            s[0] * ((v[0] + s[0] * s[1] * v[1]) + s[0] * s[2] * (v[2] + s[2] * s[3] * v[3]));
        y[at] = g == 0 ? term : y[at] + term;
      }
    }
    x = y;
    stride *= order;
  }
  for (float &v : x)
    v *= static_cast<float>(1 / std::sqrt(static_cast<double>(n)));
  return x;
}

// [NUM-HAD-5] [NUM-HAD-6] Every rounding is where the rules put it.
TEST(Hadamard, RoundingsAreDefined) {
  for (const HadamardPlan &plan : testPlans()) {
    if (plan.blocks != 1)
      continue;
    std::vector<float> x = testRows(1, static_cast<size_t>(plan.size), 21), y = x;
    Hadamard(plan).apply(y.data(), 1);
    std::vector<float> expected = plainTransform(x, plan);
    EXPECT_EQ(0, std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)))
        << plan.describe();
  }
}

TEST(Hadamard, OneHotSpreadsEvenly) {
  for (int64_t size : {64, 768, 11008}) {
    Hadamard transform(planOf(size));
    std::vector<float> x(static_cast<size_t>(size));
    x[5] = 3;
    transform.apply(x.data(), 1);
    for (float v : x)
      ASSERT_EQ(std::fabs(v), 3 * static_cast<float>(1 / std::sqrt(static_cast<double>(size))));
  }
}

TEST(Hadamard, OutliersAreSpread) {
  std::vector<float> x = testRows(16, 768, 8), y = x;
  Hadamard(planOf(768), randomSigns(768, 1)).apply(y.data(), 16);
  EXPECT_GT(meanRowKurtosis(x.data(), 16, 768), 500);
  EXPECT_LT(meanRowKurtosis(y.data(), 16, 768), 4);
  EXPECT_GT(meanRowMaxToRms(x.data(), 16, 768), 20);
  EXPECT_LT(meanRowMaxToRms(y.data(), 16, 768), 5);
  double before = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  double after = std::inner_product(y.begin(), y.end(), y.begin(), 0.0);
  EXPECT_NEAR(after / before, 1, 1e-6);
}

// [NUM-HAD-7] numpy.where(numpy.random.RandomState(42).random_sample(8) < 0.5, -1, 1)
TEST(Hadamard, SignsAreSeeded) {
  EXPECT_EQ(randomSigns(8, 42), (std::vector<int8_t>{-1, 1, 1, 1, -1, -1, -1, 1}));
  EXPECT_NE(randomSigns(64, 0), randomSigns(64, 1));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

// [NUM-HAD-9]
TEST(Hadamard, SumsAreExact) {
  for (const HadamardPlan &plan : testPlans()) {
    auto n = static_cast<size_t>(plan.channels()), size = static_cast<size_t>(plan.size);
    std::vector<int8_t> signs = randomSigns(plan.channels(), 13);
    Hadamard transform(plan, signs);
    SignMatrix h = matrixOf(plan);
    RandomState random(6);
    std::vector<int32_t> x(n);
    for (int32_t &v : x)
      v = static_cast<int32_t>(random.uniform() * 511) - 255;
    std::vector<int32_t> y = x;
    transform.sums(y.data(), 1);
    IntRange range = hadamardSumRange(plan.size, {-255, 255});
    for (size_t j = 0; j < n; ++j) {
      int64_t sum = 0;
      for (size_t i = j / size * size; i < (j / size + 1) * size; ++i)
        sum += int64_t(x[i]) * signs[i] *
               h.at(static_cast<int64_t>(i % size), static_cast<int64_t>(j % size));
      ASSERT_EQ(y[j], sum) << plan.describe();
      ASSERT_TRUE(range.contains(y[j]));
    }
    transform.sums(y.data(), 1, HadamardDirection::Inverse); // R R^T = size * I
    for (size_t i = 0; i < n; ++i)
      ASSERT_EQ(y[i], x[i] * plan.size) << plan.describe();
  }
}

// [NUM-HAD-9] The bound is reached where all signs agree with a column.
TEST(Hadamard, SumRange) {
  EXPECT_EQ(hadamardSumRange(768, {-128, 127}), IntRange(-98304, 98304));
  EXPECT_EQ(hadamardSumRange(4, {0, 255}), IntRange(-1020, 1020));
  EXPECT_EQ(hadamardSumRange(INT64_C(1) << 40, {INT64_MIN, 0}), IntRange(-INT64_MAX, INT64_MAX));
  HadamardPlan plan = planOf(768);
  SignMatrix h = matrixOf(plan);
  std::vector<int32_t> x(768);
  for (size_t i = 0; i < 768; ++i)
    x[i] = -128 * h.at(static_cast<int64_t>(i), 300);
  Hadamard(plan).sums(x.data(), 1);
  EXPECT_EQ(x[300], -98304);
}

TEST(Hadamard, SumsBeyondInt32WrapAround) {
  std::vector<int32_t> x = {INT32_MAX, 1};
  Hadamard(planOf(2)).sums(x.data(), 1);
  EXPECT_EQ(x, (std::vector<int32_t>{INT32_MIN, INT32_MAX - 1}));
}

TEST(Hadamard, WideSumsDoNot) {
  std::vector<int64_t> x = {INT32_MAX, 1};
  Hadamard(planOf(2)).sums(x.data(), 1);
  EXPECT_EQ(x, (std::vector<int64_t>{INT64_C(1) << 31, INT32_MAX - 1}));
  for (const HadamardPlan &plan : testPlans()) {
    auto n = static_cast<size_t>(plan.channels());
    std::vector<int32_t> narrow(n);
    std::iota(narrow.begin(), narrow.end(), -100);
    std::vector<int64_t> wide(narrow.begin(), narrow.end());
    Hadamard(plan).sums(narrow.data(), 1);
    Hadamard(plan).sums(wide.data(), 1);
    EXPECT_EQ(std::vector<int64_t>(narrow.begin(), narrow.end()), wide) << plan.describe();
  }
}

// [NUM-HAD-10]
TEST(Hadamard, ScaleOfSums) {
  std::optional<Dyadic> scale = hadamardScale(768, 0.02, 0.05);
  ASSERT_TRUE(scale);
  double exact = 0.02 / (0.05 * std::sqrt(768.0));
  EXPECT_LE(std::fabs(value(*scale) - exact), std::ldexp(exact, -23));
  EXPECT_FALSE(hadamardScale(768, 0.02, 0));
  EXPECT_FALSE(hadamardScale(4, 1e-20, 1));
}

// [NUM-HAD-11] For size = 4^k and equal scales the requantize is one rounding shift by k.
TEST(Hadamard, PowersOfFourAreShifts) {
  EXPECT_EQ(hadamardShift(1), 0);
  EXPECT_EQ(hadamardShift(4096), 6);
  for (int64_t size : {0, -4, 2, 12, 768, 2048})
    EXPECT_FALSE(hadamardShift(size)) << size;
  for (int64_t size : {4, 64, 1024, 4096}) {
    Dyadic scale = *hadamardScale(size, 0.03, 0.03);
    EXPECT_EQ(scale, (Dyadic{kMinMultiplier, 23 + *hadamardShift(size)}));
    IntRange sums = hadamardSumRange(size, {-255, 255});
    for (int64_t sum = sums.lo; sum <= sums.hi; ++sum)
      ASSERT_EQ(requantize(sum, scale),
                shiftRightRounded(sum, *hadamardShift(size), Rounding::HalfAway));
  }
}

//===----------------------------------------------------------------------===//
// Random rotations
//===----------------------------------------------------------------------===//

// [NUM-HAD-12] q, r = numpy.linalg.qr(numpy.random.RandomState(42).standard_normal((3, 3)));
// q * numpy.sign(numpy.diag(r))
TEST(Orthogonal, IsTheFactorWithPositiveDiagonal) {
  const double expected[] = {0x1.c4386c9683210p-3, -0x1.2c19840a1fcb8p-2, 0x1.dc4902ce1e79dp-1,
                             0x1.5aa6927ee84b0p-1, -0x1.47ebeb0fae920p-1, -0x1.732f9eafa144bp-2,
                             0x1.6770311978e10p-1, 0x1.6b736918c569cp-1,  0x1.d2ed5f7ba0c99p-5};
  std::vector<double> q = randomOrthogonal(3, 42);
  for (size_t i = 0; i < 9; ++i)
    EXPECT_NEAR(q[i], expected[i], 1e-14);
}

TEST(Orthogonal, IsOrthogonal) {
  for (size_t n : {0u, 1u, 2u, 7u, 8u, 64u, 200u})
    EXPECT_LT(orthogonalityError(randomOrthogonal(n, 7), n), 1e-13) << n;
  std::vector<double> q = randomOrthogonal(7, 7);
  q[10] += 1e-3;
  EXPECT_GT(orthogonalityError(q, 7), 1e-4);
  EXPECT_NE(randomOrthogonal(4, 1), randomOrthogonal(4, 2));
}

} // namespace
