//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding modes against their definitions: ties, negative values, every 8-bit value at every
// shift.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Rounding.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace quantc::numerics;

namespace {

constexpr Rounding kModes[] = {Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfAway,
                               Rounding::TowardZero, Rounding::Floor};

/// The definition, on a value that is exact in double.
int64_t reference(double x, Rounding mode) {
  switch (mode) {
  case Rounding::HalfUp:
    return static_cast<int64_t>(std::floor(x + 0.5));
  case Rounding::HalfEven:
    return static_cast<int64_t>(std::nearbyint(x));
  case Rounding::HalfAway:
    return static_cast<int64_t>(std::round(x));
  case Rounding::TowardZero:
    return static_cast<int64_t>(std::trunc(x));
  case Rounding::Floor:
    return static_cast<int64_t>(std::floor(x));
  }
  return 0;
}

// [NUM-RND-1]
TEST(Rounding, NamesRoundTrip) {
  for (Rounding mode : kModes)
    EXPECT_EQ(symbolizeRounding(stringifyRounding(mode)), mode);
  EXPECT_EQ(symbolizeRounding("half-odd"), std::nullopt);
  EXPECT_EQ(symbolizeRounding(""), std::nullopt);
}

// [NUM-RND-2]
TEST(Rounding, ShiftOfEveryShortValueEqualsDefinition) {
  for (Rounding mode : kModes)
    for (int shift = 0; shift <= 20; ++shift)
      for (int v = -1024; v <= 1024; ++v) {
        int64_t expected = reference(std::ldexp(v, -shift), mode);
        ASSERT_EQ(shiftRightRounded(int64_t(v), shift, mode), expected) << v << " >> " << shift;
        ASSERT_EQ(shiftRightRounded(int128_t(v), shift, mode), expected) << v << " >> " << shift;
      }
}

// [NUM-RND-2] Ties of -0.5, 0.5, 1.5, 2.5.
TEST(Rounding, Ties) {
  const int64_t halves[] = {-1, 1, 3, 5};
  const int64_t expected[][4] = {
      {0, 1, 2, 3}, {0, 0, 2, 2}, {-1, 1, 2, 3}, {0, 0, 1, 2}, {-1, 0, 1, 2}};
  for (int m = 0; m < 5; ++m)
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(shiftRightRounded(halves[i], 1, kModes[m]), expected[m][i]);
}

// [NUM-RND-2] No intermediate overflows at the ends of the type, and wide shifts act as
// mathematics.
TEST(Rounding, Extremes) {
  EXPECT_EQ(shiftRightRounded(INT64_MAX, 0, Rounding::HalfUp), INT64_MAX);
  EXPECT_EQ(shiftRightRounded(INT64_MAX, 1, Rounding::HalfUp), INT64_C(1) << 62);
  EXPECT_EQ(shiftRightRounded(INT64_MAX, 1, Rounding::Floor), (INT64_C(1) << 62) - 1);
  EXPECT_EQ(shiftRightRounded(INT64_MIN, 63, Rounding::HalfUp), -1);
  EXPECT_EQ(shiftRightRounded(INT64_MIN, 64, Rounding::HalfUp), 0); // -1/2
  EXPECT_EQ(shiftRightRounded(INT64_MIN, 64, Rounding::HalfAway), -1);
  EXPECT_EQ(shiftRightRounded(INT64_MIN, 64, Rounding::HalfEven), 0);
  EXPECT_EQ(shiftRightRounded(INT64_MAX, 64, Rounding::HalfUp), 0); // below 1/2
  for (int shift : {65, 100, 126, 127, 1000}) {
    EXPECT_EQ(shiftRightRounded(INT64_MIN, shift, Rounding::HalfAway), 0);
    EXPECT_EQ(shiftRightRounded(INT64_MIN, shift, Rounding::Floor), -1);
    EXPECT_EQ(shiftRightRounded(int128_t(-1), shift, Rounding::Floor), -1);
    EXPECT_EQ(shiftRightRounded(int128_t(1), shift, Rounding::HalfUp), 0);
  }
  EXPECT_EQ(shiftRightRounded(int128_t(1) << 100, 10, Rounding::Floor), INT64_MAX);
  EXPECT_EQ(shiftRightRounded(-(int128_t(1) << 100), 10, Rounding::Floor), INT64_MIN);
}

// [NUM-RND-3]
TEST(Rounding, RoundHalfEvenEqualsNearbyint) {
  for (int i = -4000; i <= 4000; ++i) {
    EXPECT_EQ(roundHalfEven(i / 8.0), std::nearbyint(i / 8.0));
    EXPECT_EQ(roundHalfEven(float(i) / 8.0f), std::nearbyintf(float(i) / 8.0f));
  }
  for (double v : {0x1p51 + 0.5, 0x1p51 + 1.5, 0x1p52 - 0.5, 0x1p52 + 1, 0x1p53, 1e300,
                   0.49999999999999994, 1e-310})
    for (double s : {v, -v})
      EXPECT_EQ(roundHalfEven(s), std::nearbyint(s));
  for (float v : {0x1p22f + 0.5f, 0x1p22f + 1.5f, 0x1p23f - 0.5f, 0x1p23f + 1, 1e38f, 0.49999997f})
    for (float s : {v, -v})
      EXPECT_EQ(roundHalfEven(s), std::nearbyintf(s));
  EXPECT_TRUE(std::isnan(roundHalfEven(std::nan(""))));
  EXPECT_EQ(roundHalfEven(-std::numeric_limits<double>::infinity()),
            -std::numeric_limits<double>::infinity());
}

static_assert(shiftRightRounded(int64_t(5), 1, Rounding::HalfEven) == 2, "usable in constants");

} // namespace
