//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fast epilogue forms equal the integer form wherever `proveForm` says so: random and boundary
// accumulators, both sides of every condition, and counterexamples just outside.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Epilogue.h"
#include "quantc/Numerics/StepTable.h"

#include "gtest/gtest.h"
#include <cmath>
#include <random>
#include <vector>

using namespace quantc::numerics;

namespace {

constexpr EpilogueForm kForms[] = {EpilogueForm::FmaF32, EpilogueForm::FmaF64,
                                   EpilogueForm::MulAddF64, EpilogueForm::Int64};
constexpr IntRange kInt32(INT32_MIN, INT32_MAX);

struct Case {
  IntRange acc;
  Dyadic d;
  int32_t zp, lo, hi;
};

/// Random ranges, multipliers and outputs of 4 to 32 bits; the range is scaled so that
/// ordinary, saturating and out-of-range products all occur.
Case randomCase(std::mt19937_64 &rng) {
  Case c;
  c.d = {static_cast<int32_t>((1 << 23) + 1 + 2 * (rng() % (1 << 22))),
         static_cast<int32_t>(1 + rng() % 62)};
  auto pick = [&] { return static_cast<int32_t>(rng()) >> (rng() % 32); };
  int64_t a = pick(), b = pick();
  c.acc = IntRange(std::min(a, b), std::max(a, b));
  const unsigned widths[] = {4, 8, 8, 8, 16, 32};
  unsigned bits = widths[rng() % 6];
  IntRange type = IntRange::ofType(bits == 32 || (rng() & 1), bits);
  c.lo = static_cast<int32_t>(type.lo);
  c.hi = static_cast<int32_t>(type.hi);
  c.zp = static_cast<int32_t>(type.lo + static_cast<int64_t>(rng() % (UINT64_C(1) << bits)));
  return c;
}

/// Accumulators at which something happens, limited to the range.
std::vector<int32_t> interesting(const Case &c) {
  std::vector<int64_t> centres = {c.acc.lo, c.acc.hi, 0, INT64_C(1) << 24, INT64_C(1) << 29};
  if (c.d.shift <= 32)
    centres.push_back(INT64_C(1) << (c.d.shift - 1));
  for (int power : {22, 30, 31})
    centres.push_back(static_cast<int64_t>((int128_t(1) << (power + c.d.shift)) / c.d.multiplier));
  if (auto steps = dyadicSteps(c.d, c.zp, c.lo, c.hi, c.acc))
    for (size_t i = 0; i < steps->size(); i += 1 + steps->size() / 16)
      centres.push_back((*steps)[i]);
  std::vector<int32_t> values;
  for (int64_t centre : centres)
    for (int64_t delta = -2; delta <= 2; ++delta)
      for (int64_t sign : {-1, 1})
        if (int64_t v = sign * centre + delta; c.acc.contains(v) && kInt32.contains(v))
          values.push_back(static_cast<int32_t>(v));
  return values;
}

// [NUM-EPI-1..4] 200000 problems with their boundary values and random accumulators, about 1.5 *
// 10^7 comparisons; every form must be provable often, else the test says nothing.
TEST(Epilogue, ProvenFormsEqualIntegerForm) {
  std::mt19937_64 rng(1);
  size_t proved[4] = {}, clamped[4] = {};
  for (int trial = 0; trial < 200000; ++trial) {
    Case c = randomCase(rng);
    std::vector<int32_t> values = interesting(c);
    uint64_t width = static_cast<uint64_t>(c.acc.hi - c.acc.lo) + 1;
    for (int i = 0; i < 10; ++i)
      values.push_back(static_cast<int32_t>(c.acc.lo + static_cast<int64_t>(rng() % width)));
    for (EpilogueForm form : kForms) {
      EpilogueProof proof = proveForm(form, c.acc, c.d, c.zp, c.lo, c.hi);
      if (!proof.exact)
        continue;
      ++proved[size_t(form)];
      clamped[size_t(form)] += proof.clampAcc;
      for (int32_t acc : values)
        ASSERT_EQ(runEpilogue(form, proof, acc, c.d, c.zp, c.lo, c.hi),
                  requantizeClamp(acc, c.d, c.zp, c.lo, c.hi))
            << stringifyEpilogueForm(form).data() << " acc " << acc << " m " << c.d.multiplier
            << " s " << c.d.shift << " zp " << c.zp << " out " << c.lo << ".." << c.hi;
    }
  }
  for (EpilogueForm form : kForms)
    EXPECT_GT(proved[size_t(form)], 50000u);
  EXPECT_GT(clamped[size_t(EpilogueForm::FmaF32)], 1000u);
  EXPECT_GT(clamped[size_t(EpilogueForm::FmaF64)], 1000u);
  EXPECT_EQ(proved[size_t(EpilogueForm::Int64)], 200000u);
}

// [NUM-EPI-2] 10^7 random accumulators below 2^24 with ordinary multipliers.
TEST(Epilogue, FmaF32EqualsIntegerFormBelow2To24) {
  std::mt19937_64 rng(2);
  for (int i = 0; i < 10000000; ++i) {
    uint64_t r = rng();
    Dyadic d{static_cast<int32_t>((1 << 23) + 1 + 2 * (r % (1 << 22))),
             static_cast<int32_t>(26 + (r >> 22) % 30)};
    int32_t acc = static_cast<int32_t>(r >> 32) >> (8 + (r >> 28) % 16);
    ASSERT_EQ(requantizeFmaF32(acc, d, 17, 0, 255), requantizeClamp(acc, d, 17, 0, 255)) << acc;
  }
}

// [NUM-EPI-2] |acc| < 2^24 and a product below 2^22 need nothing else.
TEST(Epilogue, FmaF32ProvenBelow2To24) {
  IntRange acc(-(1 << 24) + 1, (1 << 24) - 1);
  for (int shift = 26; shift <= 62; ++shift) {
    EpilogueProof proof =
        proveForm(EpilogueForm::FmaF32, acc, Dyadic{kMinMultiplier, shift}, 3, -128, 127);
    EXPECT_TRUE(proof.exact) << shift;
    EXPECT_FALSE(proof.clampAcc) << shift;
  }
}

// [NUM-EPI-3] Beyond 2^24 it stays exact when 8-bit outputs saturate first: m*2^-s >= 2^-16,
// whatever the zero point; not when the output is still moving there.
TEST(Epilogue, FmaF32BeyondExactConversionNeedsSaturation) {
  for (int32_t zp : {0, 1, 128, 254, 255}) {
    Dyadic steep{kMinMultiplier, 39}; // just above 2^-16
    EXPECT_TRUE(proveForm(EpilogueForm::FmaF32, kInt32, steep, zp, 0, 255).exact) << zp;
  }
  Dyadic shallow{kMaxMultiplier, 42}; // just below 2^-18: 2^24 is 64 output steps
  EXPECT_FALSE(proveForm(EpilogueForm::FmaF32, kInt32, shallow, 128, 0, 255).exact);
  EXPECT_FALSE(proveForm(EpilogueForm::FmaF32, {0, (1 << 24) + 1}, shallow, 128, 0, 255).exact);
  EXPECT_TRUE(proveForm(EpilogueForm::FmaF32, {0, 1 << 24}, shallow, 128, 0, 255).exact);
  // One-sided: with zp = hi everything positive saturates at once.
  EXPECT_TRUE(proveForm(EpilogueForm::FmaF32, {-(1 << 24), INT32_MAX}, shallow, 255, 0, 255).exact);
  EXPECT_EQ(provenForm(kInt32, shallow, 128, 0, 255), EpilogueForm::FmaF64);
}

// [NUM-EPI-3] The condition is needed: without it fp32 differs.
TEST(Epilogue, FmaF32FailsOutsideItsCondition) {
  Dyadic shallow{kMaxMultiplier, 42};
  auto steps = dyadicSteps(shallow, 0, -512, 511, kInt32);
  ASSERT_TRUE(steps.has_value());
  size_t different = 0;
  for (int64_t step : *steps)
    for (int64_t delta = -3; delta <= 3; ++delta) {
      auto acc = static_cast<int32_t>(saturate(step + delta, INT32_MIN, INT32_MAX));
      different += requantizeFmaF32(acc, shallow, 0, -512, 511) !=
                   requantizeClamp(acc, shallow, 0, -512, 511);
    }
  EXPECT_GT(different, 0u);
}

// [NUM-EPI-4] The product limit: a steep multiplier needs the accumulator clamped, and then is
// exact.
TEST(Epilogue, ProductLimitAsksForAClamp) {
  Dyadic d = *makeDyadic(3.0); // 2^22 / 3 = 1398101.3
  EpilogueProof free = proveForm(EpilogueForm::FmaF32, {-1398100, 1398100}, d, 0, -128, 127);
  EXPECT_TRUE(free.exact);
  EXPECT_FALSE(free.clampAcc);
  EpilogueProof clamped = proveForm(EpilogueForm::FmaF32, kInt32, d, 0, -128, 127);
  EXPECT_TRUE(clamped.exact);
  EXPECT_TRUE(clamped.clampAcc);
  EXPECT_LT(double(clamped.accClamp.hi) * value(d), 0x1p22);
  EXPECT_NE(requantizeFmaF32(-5000000, d, 0, -128, 127), -128); // what the clamp is for
  // A clamp cannot help an output that has not saturated there.
  EXPECT_FALSE(proveForm(EpilogueForm::FmaF32, kInt32, d, 0, INT32_MIN, INT32_MAX).exact);
  // A product so steep that the clamp would leave only 0.
  Dyadic steepest{kMaxMultiplier, 1};
  EXPECT_FALSE(proveForm(EpilogueForm::FmaF32, {-1, 1}, steepest, 0, -128, 127).exact);
  EXPECT_TRUE(proveForm(EpilogueForm::FmaF32, {0, 0}, steepest, 0, -128, 127).exact);
}

// [NUM-EPI-4] fp64 is exact for every int32 with 8-bit outputs, at every shift and zero point.
TEST(Epilogue, FmaF64ExactForEveryInt32) {
  for (int shift = 6; shift <= 62; ++shift)
    for (int32_t m : {kMinMultiplier, 12345679, kMaxMultiplier})
      for (int32_t zp : {-128, 0, 127}) {
        Case c{kInt32, {m, shift}, zp, -128, 127};
        EpilogueProof proof = proveForm(EpilogueForm::FmaF64, kInt32, c.d, zp, -128, 127);
        ASSERT_TRUE(proof.exact) << shift;
        for (int32_t acc : interesting(c))
          ASSERT_EQ(runEpilogue(EpilogueForm::FmaF64, proof, acc, c.d, zp, -128, 127),
                    requantizeClamp(acc, c.d, zp, -128, 127))
              << acc << " m " << m << " s " << shift;
      }
}

// [NUM-EPI-5] Without FMA: proven below 2^29, or where the output saturates before that.
TEST(Epilogue, MulAddF64NeedsExactProduct) {
  IntRange below(-(1 << 29) + 1, (1 << 29) - 1);
  Dyadic shallow{kMaxMultiplier, 56};
  EXPECT_TRUE(proveForm(EpilogueForm::MulAddF64, below, shallow, 0, -128, 127).exact);
  EXPECT_FALSE(proveForm(EpilogueForm::MulAddF64, kInt32, shallow, 0, -128, 127).exact);
  EXPECT_EQ(provenForm(below, shallow, 0, -128, 127, /*hasFma=*/false), EpilogueForm::MulAddF64);
  EXPECT_EQ(provenForm(kInt32, shallow, 0, -128, 127, /*hasFma=*/false), EpilogueForm::Int64);
  Dyadic steep{kMaxMultiplier, 32};
  EpilogueProof proof = proveForm(EpilogueForm::MulAddF64, kInt32, steep, 0, -128, 127);
  EXPECT_TRUE(proof.exact && proof.clampAcc);
}

/// The acc in [0, 2^s) with acc * m = residue modulo 2^s, for odd m (Newton's inverse).
int64_t solveModulo(int32_t m, int64_t residue, int s) {
  uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i)
    inverse *= 2 - static_cast<uint64_t>(m) * inverse;
  return static_cast<int64_t>((inverse * static_cast<uint64_t>(residue)) &
                              ((UINT64_C(1) << s) - 1));
}

// [NUM-EPI-4] Ties exist for wide outputs: there fp64 rounds to even, half up does not, and no form
// but the integer one is proved.
TEST(Epilogue, Fp64FailsOnTies) {
  constexpr int s = 20;
  Dyadic d{kMinMultiplier + 2, s}; // first tie at 2^19: m/2 = 4194305.5
  auto tie = static_cast<int32_t>(solveModulo(d.multiplier, INT64_C(1) << (s - 1), s));
  EXPECT_EQ(tie, 1 << (s - 1));
  size_t different = 0;
  for (int32_t sign : {-1, 1})
    different += requantizeFmaF64(sign * tie, d, 0, INT32_MIN, INT32_MAX) !=
                 requantizeClamp(sign * tie, d, 0, INT32_MIN, INT32_MAX);
  EXPECT_EQ(different, 1u); // one neighbour is even
  for (EpilogueForm form : {EpilogueForm::FmaF64, EpilogueForm::MulAddF64}) {
    EXPECT_TRUE(proveForm(form, {-tie + 1, tie - 1}, d, 0, INT32_MIN, INT32_MAX).exact);
    EXPECT_FALSE(proveForm(form, {0, tie}, d, 0, INT32_MIN, INT32_MAX).exact);
    EXPECT_FALSE(proveForm(form, {-tie, 0}, d, 0, INT32_MIN, INT32_MAX).exact);
    EXPECT_TRUE(proveForm(form, {-tie, tie}, d, 0, -32768, 32767).exact); // has saturated
  }
}

// [NUM-EPI-5] Products next to a tie, past 2^53: rounding the product first makes the tie.
TEST(Epilogue, MulAddF64FailsOnInexactProducts) {
  std::mt19937_64 rng(6);
  size_t tried = 0, different = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    Dyadic d{kMaxMultiplier - 2 * static_cast<int32_t>(rng() % 100000), 31};
    for (int64_t residue : {(INT64_C(1) << 30) - 1, (INT64_C(1) << 30) + 1}) {
      int64_t acc = solveModulo(d.multiplier, residue, d.shift);
      if (acc < INT64_C(1) << 29 || acc >= INT64_C(1) << 30)
        continue; // from 2^30 on there are true ties
      ++tried;
      auto a = static_cast<int32_t>(acc);
      int32_t expected = requantizeClamp(a, d, 0, INT32_MIN, INT32_MAX);
      ASSERT_EQ(requantizeFmaF64(a, d, 0, INT32_MIN, INT32_MAX), expected);
      different += requantizeMulAddF64(a, d, 0, INT32_MIN, INT32_MAX) != expected;
      ASSERT_FALSE(proveForm(EpilogueForm::MulAddF64, {0, acc}, d, 0, INT32_MIN, INT32_MAX).exact);
      ASSERT_TRUE(proveForm(EpilogueForm::FmaF64, {0, acc}, d, 0, INT32_MIN, INT32_MAX).exact);
    }
  }
  EXPECT_GT(tried, 100u);
  EXPECT_GT(different, 0u);
}

// The Int64 form is the meaning itself, on all of int32.
TEST(Epilogue, Int64FormIsTheMeaning) {
  std::mt19937_64 rng(3);
  for (int trial = 0; trial < 20000; ++trial) {
    Case c = randomCase(rng);
    for (int32_t acc : interesting(c))
      ASSERT_EQ(requantizeInt64(acc, c.d, c.zp, c.lo, c.hi),
                requantizeClamp(acc, c.d, c.zp, c.lo, c.hi));
  }
}

// [NUM-EPI-1] What is outside the theorem is never proved for a float form.
TEST(Epilogue, RefusesWhatItCannotProve) {
  Dyadic d{kMaxMultiplier, 32};
  for (EpilogueForm form : {EpilogueForm::FmaF32, EpilogueForm::FmaF64, EpilogueForm::MulAddF64}) {
    EXPECT_FALSE(proveForm(form, {0, INT64_C(1) << 31}, d, 0, 0, 255).exact);
    EXPECT_FALSE(proveForm(form, {0, 10}, Dyadic{1 << 23, 32}, 0, 0, 255).exact);
    EXPECT_FALSE(proveForm(form, {0, 10}, Dyadic{kMaxMultiplier, 63}, 0, 0, 255).exact);
    EXPECT_FALSE(proveForm(form, {0, 10}, d, INT32_MAX, 0, 255).exact);
    EXPECT_FALSE(proveForm(form, {0, 10}, d, 0, 255, 0).exact);
  }
  EXPECT_EQ(provenForm({0, INT64_C(1) << 31}, d, 0, 0, 255), EpilogueForm::Int64);
}

// Scales are exact in fp32 and fp64.
TEST(Epilogue, ScaleIsExact) {
  for (int shift = 1; shift <= 62; ++shift)
    for (int32_t m : {kMinMultiplier, 10000001, kMaxMultiplier}) {
      EXPECT_EQ(double(scaleF32({m, shift})), value({m, shift}));
      EXPECT_EQ(scaleF64({m, shift}), value({m, shift}));
    }
}

} // namespace
