//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finite fields: moduli, the field axioms, and the quadratic character.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FiniteField.h"

#include "gtest/gtest.h"

using namespace quantc::numerics;

namespace {

TEST(FiniteField, PrimePowers) {
  for (uint32_t q : {0u, 1u, 6u, 12u, 15u, 171u, 427u, 923u, 65535u})
    EXPECT_FALSE(primePowerOf(q)) << q;
  auto expect = [](uint32_t q, uint32_t prime, uint32_t exponent) {
    auto power = primePowerOf(q);
    ASSERT_TRUE(power) << q;
    EXPECT_EQ(power->prime, prime);
    EXPECT_EQ(power->exponent, exponent);
  };
  expect(2, 2, 1);
  expect(3, 3, 1);
  expect(343, 7, 3);
  expect(461, 461, 1);
  expect(65536, 2, 16);
  expect(4294967291u, 4294967291u, 1); // the largest prime of 32 bits
}

TEST(FiniteField, OnlyPrimePowersOfSmallOrder) {
  EXPECT_FALSE(FiniteField::create(12));
  EXPECT_FALSE(FiniteField::create(1));
  EXPECT_FALSE(FiniteField::create(65537)); // a prime above the limit
  EXPECT_TRUE(FiniteField::create(65536));
}

// [NUM-HAD-2] The least irreducible polynomials, found by hand.
TEST(FiniteField, ModulusIsTheLeastIrreducible) {
  auto modulus = [](uint32_t q) { return FiniteField::create(q)->modulus(); };
  using Polynomial = std::vector<uint32_t>;
  EXPECT_EQ(modulus(9), (Polynomial{1, 0, 1}));      // x^2 + 1
  EXPECT_EQ(modulus(25), (Polynomial{2, 0, 1}));     // x^2 + 2
  EXPECT_EQ(modulus(27), (Polynomial{1, 2, 0, 1}));  // x^3 + 2x + 1
  EXPECT_EQ(modulus(49), (Polynomial{1, 0, 1}));     // x^2 + 1
  EXPECT_EQ(modulus(125), (Polynomial{1, 1, 0, 1})); // x^3 + x + 1
  EXPECT_EQ(modulus(343), (Polynomial{2, 0, 0, 1})); // x^3 + 2
  // A product of two quadratics has no root either: x^4 + 1 mod 3 must not be taken.
  EXPECT_EQ(modulus(81), (Polynomial{2, 1, 0, 0, 1})); // x^4 + x + 2
}

TEST(FiniteField, Axioms) {
  for (uint32_t q : {4u, 7u, 9u, 16u, 25u, 27u}) {
    FiniteField f = *FiniteField::create(q);
    EXPECT_EQ(f.order(), q);
    for (uint32_t a = 0; a < q; ++a) {
      EXPECT_EQ(f.multiply(a, 1), a);
      EXPECT_EQ(f.multiply(a, 0), 0u);
      uint32_t inverses = 0;
      for (uint32_t b = 0; b < q; ++b) {
        EXPECT_EQ(f.add(a, b), f.add(b, a));
        EXPECT_EQ(f.multiply(a, b), f.multiply(b, a));
        EXPECT_EQ(f.subtract(f.add(a, b), b), a);
        inverses += f.multiply(a, b) == 1;
        for (uint32_t c = 0; c < q; ++c) {
          ASSERT_EQ(f.multiply(a, f.add(b, c)), f.add(f.multiply(a, b), f.multiply(a, c)));
          ASSERT_EQ(f.multiply(a, f.multiply(b, c)), f.multiply(f.multiply(a, b), c));
        }
      }
      EXPECT_EQ(inverses, a == 0 ? 0u : 1u) << q << " " << a;
    }
  }
}

// chi is multiplicative, sums to 0, and chi(-1) = +1 exactly when q mod 4 = 1.
TEST(FiniteField, QuadraticCharacter) {
  for (uint32_t q : {5u, 7u, 11u, 25u, 27u, 49u, 125u, 343u}) {
    FiniteField f = *FiniteField::create(q);
    std::vector<int8_t> chi = f.quadraticCharacter();
    int sum = 0;
    for (uint32_t a = 0; a < q; ++a) {
      sum += chi[a];
      for (uint32_t b = 0; b < q; b += 1 + q / 16)
        ASSERT_EQ(chi[f.multiply(a, b)], chi[a] * chi[b]) << q;
    }
    EXPECT_EQ(sum, 0) << q;
    EXPECT_EQ(chi[f.subtract(0, 1)], q % 4 == 1 ? 1 : -1) << q;
  }
}

} // namespace
