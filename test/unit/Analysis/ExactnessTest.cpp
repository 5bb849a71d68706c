//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// chooseEpilogue: whatever it chooses gives the same integers as the definition, for every channel,
// on the whole range of accumulators.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/ExactnessAnalysis.h"
#include "gtest/gtest.h"
#include <random>

using namespace quantc;
using namespace quantc::numerics;

namespace {

/// Compares the chosen form with requantizeClamp on the ends, around the clamp and at random
/// places.
void expectExact(const EpilogueChoice &choice, IntRange acc, Dyadic d, int32_t zp, int32_t lo,
                 int32_t hi, std::mt19937 &rng) {
  EpilogueProof proof;
  proof.exact = true;
  proof.clampAcc = choice.clampAcc;
  proof.accClamp = choice.accClamp;
  std::vector<int64_t> places = {acc.lo, acc.hi, 0, 1, -1};
  for (int64_t edge :
       {choice.accClamp.lo, choice.accClamp.hi, int64_t(1) << 24, -(int64_t(1) << 24)})
    for (int64_t step = -2; step <= 2; ++step)
      places.push_back(edge + step);
  std::uniform_int_distribution<int64_t> any(acc.lo, acc.hi);
  for (int i = 0; i < 200; ++i)
    places.push_back(any(rng));
  for (int64_t a : places)
    if (acc.contains(a))
      ASSERT_EQ(runEpilogue(choice.form, proof, static_cast<int32_t>(a), d, zp, lo, hi),
                requantizeClamp(a, d, zp, lo, hi))
          << stringifyEpilogueForm(choice.form) << " at " << a << " with " << d.multiplier << " >> "
          << d.shift;
}

TEST(ChooseEpilogue, ChosenFormsAreExactForEveryChannel) {
  std::mt19937 rng(1);
  std::uniform_int_distribution<int32_t> multiplier(1 << 22, (1 << 23) - 1), shift(20, 50),
      bits(4, 31);
  int counts[4] = {0, 0, 0, 0}, clamps = 0;
  for (int i = 0; i < 600; ++i) {
    size_t channels = 1 + rng() % 4;
    bool shared = i % 5 == 0;
    std::vector<IntRange> acc;
    std::vector<Dyadic> scales;
    for (size_t c = 0; c < channels; ++c) {
      int64_t limit = (int64_t(1) << bits(rng)) - 1;
      acc.push_back({-limit - 1, limit});
      if (c == 0 || !shared)
        scales.push_back({2 * multiplier(rng) + 1, shift(rng)});
    }
    bool fma = i % 2 == 0;
    int32_t zp = static_cast<int32_t>(rng() % 256);
    EpilogueChoice choice = chooseEpilogue(acc, scales, zp, 0, 255, fastEpilogueForms(fma));
    ++counts[static_cast<int>(choice.form)];
    clamps += choice.clampAcc;
    if (!fma) {
      EXPECT_NE(choice.form, EpilogueForm::FmaF32);
      EXPECT_NE(choice.form, EpilogueForm::FmaF64);
    }
    for (size_t c = 0; c < channels; ++c)
      expectExact(choice, acc[c], scales[scales.size() == 1 ? 0 : c], zp, 0, 255, rng);
    if (HasFatalFailure())
      return;
  }
  for (int count : counts)
    EXPECT_GT(count, 5); // every form was put to the test
  EXPECT_GT(clamps, 5);
}

TEST(ChooseEpilogue, FastestFormThatEveryChannelAllows) {
  Dyadic half{(1 << 23) + 1, 24}, tiny{(1 << 23) + 1, 46};
  IntRange small(-1000, 1000), all(INT32_MIN, INT32_MAX);
  EXPECT_EQ(chooseEpilogue({small}, {half}, 0, 0, 255).form, EpilogueForm::FmaF32);
  EXPECT_FALSE(chooseEpilogue({small}, {half}, 0, 0, 255).clampAcc);
  EXPECT_TRUE(chooseEpilogue({all}, {half}, 0, 0, 255).clampAcc);
  EXPECT_EQ(chooseEpilogue({all}, {tiny}, 0, 0, 255).form, EpilogueForm::FmaF64);
  EXPECT_EQ(chooseEpilogue({small, all}, {half, tiny}, 0, 0, 255).form, EpilogueForm::FmaF64);
  EXPECT_EQ(chooseEpilogue({all}, {half}, 0, INT32_MIN, INT32_MAX, fastEpilogueForms(false)).form,
            EpilogueForm::Int64);
}

// One channel needs its accumulators limited where another one still counts: the fast form is out.
TEST(ChooseEpilogue, AClampThatWouldHurtAnotherChannelIsNotTaken) {
  Dyadic two{(1 << 23) + 1, 22}, small{(1 << 23) + 1, 45};
  IntRange all(INT32_MIN, INT32_MAX);
  EpilogueChoice alone = chooseEpilogue({all}, {two}, 0, 0, 255);
  ASSERT_EQ(alone.form, EpilogueForm::FmaF32);
  ASSERT_TRUE(alone.clampAcc);
  IntRange counting(-(int64_t(1) << 24) + 1, (int64_t(1) << 24) - 1);
  EXPECT_FALSE(chooseEpilogue({counting}, {small}, 0, 0, 255).clampAcc);
  EpilogueChoice both = chooseEpilogue({all, counting}, {two, small}, 0, 0, 255);
  std::mt19937 rng(2);
  expectExact(both, all, two, 0, 0, 255, rng);
  expectExact(both, counting, small, 0, 0, 255, rng);
}

TEST(ChooseEpilogue, WhatIsNotLegalGetsTheIntegerForm) {
  Dyadic legal{(1 << 23) + 1, 24}, even{1 << 23, 24};
  IntRange range(-10, 10);
  EXPECT_EQ(chooseEpilogue({range}, {even}, 0, 0, 255), EpilogueChoice());
  EXPECT_EQ(chooseEpilogue({}, {legal}, 0, 0, 255), EpilogueChoice());
  EXPECT_EQ(chooseEpilogue({range}, {legal}, 0, 5, 4), EpilogueChoice());
  EXPECT_EQ(chooseEpilogue({range, range}, {legal, legal, legal}, 0, 0, 255), EpilogueChoice());
}

} // namespace
