//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer addition: all pairs of 8-bit operands over many parameters, against exact arithmetic.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Rounding.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <random>

using namespace quantc::numerics;

namespace {

// [NUM-ADD-2]
TEST(Add, ParametersAreLegalAndNearest) {
  std::mt19937_64 rng(1);
  std::uniform_real_distribution<double> exponent(-20, 19.99);
  for (int i = 0; i < 200000; ++i) {
    double a = std::exp2(exponent(rng)), b = std::exp2(exponent(rng));
    if (rng() & 1)
      b = -b;
    std::optional<AddParams> p = makeAdd(a, b);
    ASSERT_TRUE(p && isLegal(*p)) << a << " " << b;
    ASSERT_LE(std::fabs(std::ldexp(p->ma, -p->shift) - a), std::ldexp(1.0, -p->shift - 1));
    ASSERT_LE(std::fabs(std::ldexp(p->mb, -p->shift) - b), std::ldexp(1.0, -p->shift - 1));
    // The shift is the largest: one more would need 22 bits.
    if (p->shift < kMaxAddShift) {
      double largest = std::max(std::fabs(a), std::fabs(b));
      ASSERT_GT(roundHalfEven(std::ldexp(largest, p->shift + 1)), kMaxAddMultiplier);
    }
  }
}

// [NUM-ADD-2] Carry into the 22nd bit, tiny and zero ratios, refused ratios.
TEST(Add, ParameterLimits) {
  EXPECT_EQ(makeAdd(1.0, 1.0), (AddParams{1 << 20, 1 << 20, 20}));
  EXPECT_EQ(makeAdd(1.0, -0.5), (AddParams{1 << 20, -(1 << 19), 20}));
  EXPECT_EQ(makeAdd(std::nextafter(1.0, 0), 0.25), (AddParams{1 << 20, 1 << 18, 20}));
  EXPECT_EQ(makeAdd(0x1p-10, 0x1p-12), (AddParams{1 << 20, 1 << 18, 30}));
  EXPECT_EQ(makeAdd(0x1p-12, 0x1p-12), (AddParams{1 << 18, 1 << 18, 30}));
  EXPECT_EQ(makeAdd(1e-30, 0.0), (AddParams{0, 0, 30}));
  EXPECT_EQ(makeAdd(0x1p19, 1.0), (AddParams{1 << 20, 2, 1}));
  double infinity = std::numeric_limits<double>::infinity();
  for (double bad :
       {0x1p20, std::nextafter(0x1p20, 0), -0x1p21, infinity, -infinity, std::nan("")}) {
    EXPECT_EQ(makeAdd(bad, 1.0), std::nullopt) << bad;
    EXPECT_EQ(makeAdd(1.0, bad), std::nullopt) << bad;
  }
}

// [NUM-ADD-3] All 511^2 pairs for 60 parameter sets, signs included; the reference works in 64
// bits.
TEST(Add, AllBytePairsEqualWideReference) {
  std::mt19937_64 rng(2);
  std::uniform_real_distribution<double> exponent(-9, 3);
  for (int trial = 0; trial < 60; ++trial) {
    double a = std::exp2(exponent(rng)), b = std::exp2(exponent(rng)) * (trial % 3 ? 1 : -1);
    AddParams p = *makeAdd(a, b);
    auto zp = static_cast<int32_t>(rng() % 256);
    for (int x = -255; x <= 255; ++x)
      for (int y = -255; y <= 255; ++y) {
        int64_t sum = int64_t(x) * p.ma + int64_t(y) * p.mb;
        ASSERT_EQ(addRequantize(x, y, p, zp, 0, 255),
                  saturate(shiftRightRounded(sum, p.shift, Rounding::HalfUp) + zp, 0, 255));
      }
  }
}

// [NUM-ADD-3] The bound of the overflow proof, attained by the extreme operands and parameters.
TEST(Add, Int32CannotOverflow) {
  int64_t worst =
      int64_t(2) * kMaxAddOperand * kMaxAddMultiplier + (INT64_C(1) << (kMaxAddShift - 1));
  EXPECT_EQ(worst, 1606417922);
  EXPECT_LE(worst, INT32_MAX);
  for (int sa : {-1, 1})
    for (int sb : {-1, 1})
      for (int shift : {1, 13, 30})
        for (int x : {-255, 255})
          for (int y : {-255, 255}) {
            AddParams p{sa * kMaxAddMultiplier, sb * kMaxAddMultiplier, shift};
            int64_t sum = int64_t(x) * p.ma + int64_t(y) * p.mb;
            EXPECT_EQ(addRequantize(x, y, p, 5, INT32_MIN, INT32_MAX),
                      shiftRightRounded(sum, shift, Rounding::HalfUp) + 5);
          }
}

// [NUM-ADD-3] With equal scales the sum is exact, and a zero operand leaves the other unchanged.
TEST(Add, EqualScalesAreExact) {
  AddParams p = *makeAdd(1.0, 1.0);
  for (int x = -255; x <= 255; ++x)
    for (int y = -255; y <= 255; ++y)
      ASSERT_EQ(addRequantize(x, y, p, 0, -1000, 1000), x + y);
}

// [NUM-ADD-1]
TEST(Add, IsLegal) {
  EXPECT_TRUE(isLegal(AddParams{kMaxAddMultiplier, -kMaxAddMultiplier, 30}));
  EXPECT_FALSE(isLegal(AddParams{kMaxAddMultiplier + 1, 0, 30}));
  EXPECT_FALSE(isLegal(AddParams{0, -kMaxAddMultiplier - 1, 30}));
  EXPECT_FALSE(isLegal(AddParams{1, 1, 0}));
  EXPECT_FALSE(isLegal(AddParams{1, 1, 31}));
}

} // namespace
