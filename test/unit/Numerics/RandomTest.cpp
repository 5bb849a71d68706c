//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random numbers against NumPy's: numpy.random.RandomState(42), random_sample and standard_normal.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Random.h"

#include "gtest/gtest.h"

using quantc::numerics::RandomState;

namespace {

// [NUM-RAND-1]
TEST(Random, UniformNumbersAreThoseOfNumPy) {
  RandomState state(42);
  for (double expected : {0x1.7f8771e5f51ecp-2, 0x1.e6c4068bbd654p-1, 0x1.76c7e8f1e6751p-1})
    EXPECT_EQ(state.uniform(), expected);
}

// Logarithms are libm's.
TEST(Random, NormalNumbersAreThoseOfNumPy) {
  RandomState state(42);
  for (double expected :
       {0x1.fca2a28a9307cp-2, -0x1.1b2a505de052ap-3, 0x1.4b9dd50245e68p-1, 0x1.85e548e01aa2bp+0})
    EXPECT_NEAR(state.normal(), expected, 1e-15);
}

TEST(Random, OnlyTheLow32BitsOfTheSeedCount) {
  EXPECT_EQ(RandomState(7).uniform(), RandomState((int64_t(1) << 32) + 7).uniform());
  EXPECT_NE(RandomState(7).uniform(), RandomState(8).uniform());
}

} // namespace
