//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lookup tables: every input of tables for several functions and types, against direct evaluation.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Lookup.h"
#include "quantc/Numerics/Saturation.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace quantc::numerics;

namespace {

const QuantSpec kS8{0.05f, 3, -128, 127};
const QuantSpec kU8{0.02f, 10, 0, 255};
const QuantSpec kU4{0.25f, 8, 0, 15};

// [NUM-LUT-1] All table inputs.
TEST(Lookup, EveryEntryEqualsDirectEvaluation) {
  auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  auto tanh = [](double x) { return std::tanh(x); };
  auto hardSwish = [](double x) { return x * std::fmin(1, std::fmax(0, x / 6 + 0.5)); };
  std::function<double(double)> functions[] = {sigmoid, tanh, hardSwish};
  for (const auto &f : functions)
    for (const QuantSpec &in : {kS8, kU8, kU4})
      for (const QuantSpec &out : {kS8, kU8, kU4}) {
        std::optional<LookupTable> table = buildLookup(f, in, out);
        ASSERT_TRUE(table.has_value());
        for (int32_t q = in.lo; q <= in.hi; ++q) {
          double real = f(double(in.scale) * (q - in.zeroPoint));
          double y = std::nearbyint(real / out.scale) + out.zeroPoint;
          int32_t expected = y < out.lo ? out.lo : y > out.hi ? out.hi : static_cast<int32_t>(y);
          ASSERT_EQ(applyLookup(*table, q, in.lo), expected);
          ASSERT_EQ((*table)[static_cast<size_t>(q - in.lo)], expected);
        }
      }
}

// The identity between equal types is the identity; a monotone function gives a monotone table.
TEST(Lookup, IdentityAndMonotony) {
  auto identity = buildLookup([](double x) { return x; }, kS8, kS8);
  for (int32_t q = -128; q <= 127; ++q)
    EXPECT_EQ(applyLookup(*identity, q, -128), q);
  auto table = *buildLookup([](double x) { return std::exp(x); }, kS8, kU8);
  for (size_t i = 1; i < table.size(); ++i)
    EXPECT_LE(table[i - 1], table[i]);
}

// Entries past a short input range repeat the last one.
TEST(Lookup, ShortInputsArePadded) {
  auto table = *buildLookup([](double x) { return x; }, kU4, kS8);
  for (size_t i = 16; i < table.size(); ++i)
    EXPECT_EQ(table[i], table[15]);
}

// [NUM-LUT-1] NaN gives the zero point, infinities saturate, ties go to even.
TEST(Lookup, SpecialValues) {
  QuantSpec in{1.0f, 0, -128, 127}, out{1.0f, 5, -128, 127};
  auto log = *buildLookup([](double x) { return std::log(x); }, in, out);
  EXPECT_EQ(applyLookup(log, -1, -128), 5);
  EXPECT_EQ(applyLookup(log, 0, -128), -128);
  auto reciprocal = *buildLookup([](double x) { return 1 / x; }, in, out);
  EXPECT_EQ(applyLookup(reciprocal, 0, -128), 127);
  auto half = *buildLookup([](double x) { return x / 2; }, in, out);
  for (int32_t q : {-3, -1, 1, 3, 5})
    EXPECT_EQ(applyLookup(half, q, -128), static_cast<int32_t>(std::nearbyint(q / 2.0)) + 5);
}

TEST(Lookup, RefusesBadSpecs) {
  auto f = [](double x) { return x; };
  EXPECT_FALSE(buildLookup(f, {1.0f, 0, 0, 256}, kS8).has_value());
  EXPECT_FALSE(buildLookup(f, {1.0f, 0, INT32_MIN, INT32_MAX}, kS8).has_value());
  EXPECT_FALSE(buildLookup(f, {1.0f, 0, 1, 0}, kS8).has_value());
  EXPECT_FALSE(buildLookup(f, {0.0f, 0, 0, 255}, kS8).has_value());
  EXPECT_FALSE(buildLookup(f, kS8, {-1.0f, 0, 0, 255}).has_value());
  EXPECT_FALSE(buildLookup(f, kS8, {std::nanf(""), 0, 0, 255}).has_value());
}

} // namespace
