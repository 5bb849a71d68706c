//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Polynomials over GF(p) as digit vectors, lowest coefficient first. Irreducibility by trial
// division with all monic polynomials of at most half the degree: fields here have at most 2^16
// elements, so there are few.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FiniteField.h"

namespace quantc::numerics {

namespace {
using Polynomial = std::vector<uint32_t>;

/// The digits of `value` in base p, `count` of them.
Polynomial digitsOf(uint32_t value, uint32_t p, uint32_t count) {
  Polynomial digits(count);
  for (uint32_t &digit : digits) {
    digit = value % p;
    value /= p;
  }
  return digits;
}

uint32_t valueOf(const Polynomial &digits, uint32_t p) {
  uint32_t value = 0;
  for (size_t i = digits.size(); i-- > 0;)
    value = value * p + digits[i];
  return value;
}

/// The monic polynomial of this degree whose lower coefficients are the digits of `lower`.
Polynomial monic(uint32_t lower, uint32_t p, uint32_t degree) {
  Polynomial polynomial = digitsOf(lower, p, degree);
  polynomial.push_back(1);
  return polynomial;
}

/// `a` modulo the monic polynomial `divisor`: as many coefficients as the divisor's degree.
Polynomial remainder(Polynomial a, const Polynomial &divisor, uint32_t p) {
  size_t degree = divisor.size() - 1;
  for (size_t top = a.size(); top-- > degree;) {
    uint64_t factor = a[top];
    for (size_t i = 0; i <= degree && factor; ++i) {
      uint32_t &digit = a[top - degree + i];
      digit = static_cast<uint32_t>((digit + (p - factor) * divisor[i]) % p);
    }
  }
  a.resize(degree);
  return a;
}

uint32_t power(uint32_t base, uint32_t exponent) {
  uint32_t result = 1;
  while (exponent-- > 0)
    result *= base;
  return result;
}

bool isIrreducible(const Polynomial &polynomial, uint32_t p) {
  auto degree = static_cast<uint32_t>(polynomial.size() - 1);
  for (uint32_t d = 1; 2 * d <= degree; ++d)
    for (uint32_t lower = 0, end = power(p, d); lower < end; ++lower)
      if (valueOf(remainder(polynomial, monic(lower, p, d), p), p) == 0)
        return false;
  return true;
}

/// One exists for every p and degree.
Polynomial findIrreducible(uint32_t p, uint32_t degree) {
  uint32_t lower = 0;
  while (!isIrreducible(monic(lower, p, degree), p))
    ++lower;
  return monic(lower, p, degree);
}
} // namespace

std::optional<PrimePower> primePowerOf(uint32_t q) {
  if (q < 2)
    return std::nullopt;
  uint32_t prime = 2;
  while (uint64_t(prime) * prime <= q && q % prime != 0)
    ++prime;
  if (q % prime != 0)
    prime = q;
  uint32_t exponent = 0;
  for (; q % prime == 0; q /= prime)
    ++exponent;
  if (q != 1)
    return std::nullopt;
  return PrimePower{prime, exponent};
}

std::optional<FiniteField> FiniteField::create(uint32_t q) {
  std::optional<PrimePower> power = q <= kMaxOrder ? primePowerOf(q) : std::nullopt;
  if (!power)
    return std::nullopt;
  return FiniteField(q, *power);
}

FiniteField::FiniteField(uint32_t order, PrimePower power)
    : q(order), p(power.prime), k(power.exponent), reducer(findIrreducible(p, k)) {}

uint32_t FiniteField::add(uint32_t a, uint32_t b) const {
  uint32_t sum = 0;
  for (uint32_t weight = 1, i = 0; i < k; ++i, weight *= p) {
    sum += (a % p + b % p) % p * weight;
    a /= p;
    b /= p;
  }
  return sum;
}

uint32_t FiniteField::subtract(uint32_t a, uint32_t b) const {
  uint32_t difference = 0;
  for (uint32_t weight = 1, i = 0; i < k; ++i, weight *= p) {
    difference += (a % p + p - b % p) % p * weight;
    a /= p;
    b /= p;
  }
  return difference;
}

uint32_t FiniteField::multiply(uint32_t a, uint32_t b) const {
  if (k == 1)
    return static_cast<uint32_t>(uint64_t(a) * b % p);
  Polynomial left = digitsOf(a, p, k), right = digitsOf(b, p, k), product(2 * k - 1);
  for (uint32_t i = 0; i < k; ++i)
    for (uint32_t j = 0; j < k; ++j)
      product[i + j] = static_cast<uint32_t>((product[i + j] + uint64_t(left[i]) * right[j]) % p);
  return valueOf(remainder(product, reducer, p), p);
}

std::vector<int8_t> FiniteField::quadraticCharacter() const {
  std::vector<int8_t> chi(q, -1);
  for (uint32_t e = 1; e < q; ++e)
    chi[multiply(e, e)] = 1;
  chi[0] = 0;
  return chi;
}

} // namespace quantc::numerics
