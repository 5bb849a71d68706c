//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Step tables describe an epilogue fully: rebuilt from its steps, it is the same function.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/StepTable.h"
#include "quantc/Numerics/Epilogue.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <random>

using namespace quantc::numerics;

namespace {

Dyadic randomDyadic(std::mt19937_64 &rng, int lo, int hi) {
  return {static_cast<int32_t>((1 << 23) + 1 + 2 * (rng() % (1 << 22))),
          lo + static_cast<int32_t>(rng() % static_cast<unsigned>(hi - lo + 1))};
}

// [NUM-STEP-1] [NUM-STEP-2] Exhaustive over [-2^16, 2^16]; search and closed form agree.
TEST(StepTable, StepsDescribeTheFunction) {
  std::mt19937_64 rng(1);
  IntRange acc(-(1 << 16), 1 << 16);
  for (int trial = 0; trial < 60; ++trial) {
    Dyadic d = randomDyadic(rng, 20, 40);
    auto zp = static_cast<int32_t>(rng() % 256) - 128;
    auto f = [&](int64_t a) { return requantizeClamp(a, d, zp, -128, 127); };
    auto steps = requantizeSteps(f, acc);
    ASSERT_TRUE(steps.has_value());
    ASSERT_LE(steps->size(), 255u);
    EXPECT_EQ(steps, dyadicSteps(d, zp, -128, 127, acc));
    int64_t first = f(acc.lo);
    for (int64_t a = acc.lo; a <= acc.hi; ++a) {
      auto passed = std::upper_bound(steps->begin(), steps->end(), a) - steps->begin();
      ASSERT_EQ(f(a), first + passed) << a;
    }
  }
}

// [NUM-STEP-2] The closed form on wide ranges and all shifts, against the search.
TEST(StepTable, ClosedFormEqualsSearch) {
  std::mt19937_64 rng(2);
  IntRange acc(INT32_MIN, INT32_MAX);
  for (int trial = 0; trial < 600; ++trial) {
    Dyadic d = randomDyadic(rng, 1, 62);
    auto f = [&](int64_t a) { return requantizeClamp(a, d, 7, 0, 255); };
    EXPECT_EQ(requantizeSteps(f, acc), dyadicSteps(d, 7, 0, 255, acc)) << d.shift;
  }
}

// [NUM-STEP-1] Jumps by more than one repeat the accumulator; degenerate and refused functions.
TEST(StepTable, JumpsAndRefusals) {
  auto jump = [](int64_t a) { return a < 10 ? 0 : 3; };
  EXPECT_EQ(requantizeSteps(jump, {0, 20}), (std::vector<int64_t>{10, 10, 10}));
  EXPECT_EQ(requantizeSteps(jump, {0, 9}), std::vector<int64_t>{});
  EXPECT_EQ(requantizeSteps(jump, {10, 10}), std::vector<int64_t>{});
  EXPECT_EQ(requantizeSteps([](int64_t a) { return -a; }, {0, 5}), std::nullopt);
  EXPECT_EQ(requantizeSteps([](int64_t a) { return a; }, {0, kMaxSteps + 1}), std::nullopt);
  EXPECT_TRUE(requantizeSteps([](int64_t a) { return a; }, {0, kMaxSteps}).has_value());
  auto extremes = requantizeSteps([](int64_t a) { return a >= 0; }, {INT64_MIN, INT64_MAX});
  EXPECT_EQ(extremes, std::vector<int64_t>{0});
}

// [NUM-STEP-3] Equality is decided as exhaustive comparison decides it, including near misses that
// differ at a single accumulator.
TEST(StepTable, EqualityAgreesWithExhaustiveComparison) {
  std::mt19937_64 rng(3);
  IntRange acc(-(1 << 14), 1 << 14);
  int equal = 0, different = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Dyadic d = randomDyadic(rng, 28, 34), e = d;
    e.multiplier += 2 * static_cast<int32_t>(rng() % (UINT64_C(1) << (rng() % 14)));
    if (!isLegal(e))
      continue;
    auto f = [&](int64_t a) { return requantizeClamp(a, d, 0, -128, 127); };
    auto g = [&](int64_t a) { return requantizeClamp(a, e, 0, -128, 127); };
    bool same = true;
    for (int64_t a = acc.lo; a <= acc.hi && same; ++a)
      same = f(a) == g(a);
    EXPECT_EQ(epiloguesEqual(f, g, acc), same);
    (same ? equal : different)++;
  }
  EXPECT_GT(equal, 20);
  EXPECT_GT(different, 20);
}

TEST(StepTable, EqualityFindsASingleDifference) {
  Dyadic d = *makeDyadic(0.01);
  auto f = [&](int64_t a) { return requantizeClamp(a, d, 0, -128, 127); };
  auto steps = *requantizeSteps(f, {-20000, 20000});
  for (size_t i = 0; i < steps.size(); i += 10) {
    int64_t at = steps[i];
    auto late = [&](int64_t a) { return a == at ? f(a) - 1 : f(a); };
    auto early = [&](int64_t a) { return a == at - 1 ? f(a) + 1 : f(a); };
    EXPECT_FALSE(epiloguesEqual(f, late, {-20000, 20000}));
    EXPECT_FALSE(epiloguesEqual(f, early, {-20000, 20000}));
  }
  EXPECT_TRUE(epiloguesEqual(f, f, {-20000, 20000}));
}

// [NUM-STEP-3] The imported kind: equal for most scales on small ranges, never for 1/2 (which
// ties).
TEST(StepTable, OnnxAgainstDyadic) {
  IntRange acc(-4096, 4096);
  EXPECT_FALSE(onnxEqualsDyadic(0.5f, *makeDyadic(0.5), 0, -128, 127, acc));
  EXPECT_FALSE(onnxEqualsDyadic(0.0f, *makeDyadic(0.5), 0, -128, 127, acc));
  std::mt19937_64 rng(4);
  std::uniform_real_distribution<float> scale(0.001f, 0.1f);
  int equal = 0;
  for (int trial = 0; trial < 200; ++trial) {
    float s = scale(rng);
    Dyadic d = *makeDyadic(s);
    bool same = true;
    for (int64_t a = acc.lo; a <= acc.hi && same; ++a)
      same = requantizeOnnx(a, s, 5, -128, 127) == requantizeClamp(a, d, 5, -128, 127);
    EXPECT_EQ(onnxEqualsDyadic(s, d, 5, -128, 127, acc), same);
    equal += same;
  }
  EXPECT_GT(equal, 150);
}

// The fp32 form against the meaning, by steps: the general proof agrees with the algebraic one.
TEST(StepTable, GeneralProofConfirmsTheAlgebraicOne) {
  std::mt19937_64 rng(5);
  IntRange acc(-(1 << 26), 1 << 26);
  int proved = 0, notProved = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Dyadic d = randomDyadic(rng, 36, 44);
    auto zp = static_cast<int32_t>(rng() % 256);
    EpilogueProof proof = proveForm(EpilogueForm::FmaF32, acc, d, zp, 0, 255);
    bool same = epiloguesEqual([&](int64_t a) { return requantizeClamp(a, d, zp, 0, 255); },
                               [&](int64_t a) {
                                 return runEpilogue(EpilogueForm::FmaF32, proof,
                                                    static_cast<int32_t>(a), d, zp, 0, 255);
                               },
                               acc);
    if (proof.exact)
      EXPECT_TRUE(same);
    (proof.exact ? proved : notProved)++;
  }
  EXPECT_GT(proved, 50);
  EXPECT_GT(notProved, 50);
}

} // namespace
