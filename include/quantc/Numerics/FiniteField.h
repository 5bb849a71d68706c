//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finite fields GF(p^k) small enough to enumerate, and their quadratic character: what Paley's
// constructions of Hadamard matrices are made of. The modulus of an extension is searched, not
// stored. Rule [NUM-HAD-2] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_FINITEFIELD_H
#define QUANTC_NUMERICS_FINITEFIELD_H

#include <cstdint>
#include <optional>
#include <vector>

namespace quantc::numerics {

/// prime^exponent.
struct PrimePower {
  uint32_t prime = 0;
  uint32_t exponent = 0;
};

/// q as a power of one prime; nullopt when it is none (0 and 1 are none). Trial division.
std::optional<PrimePower> primePowerOf(uint32_t q);

/// GF(q). Element e of [0, q) is the polynomial whose coefficients are the digits of e in base
/// prime(), lowest first; 0 and 1 are the elements zero and one. Arguments must lie in [0, q).
class FiniteField {
public:
  /// The largest q: all pairs of elements can still be enumerated.
  static constexpr uint32_t kMaxOrder = 1 << 16;

  /// nullopt when q is no prime power or larger than kMaxOrder.
  static std::optional<FiniteField> create(uint32_t q);

  uint32_t order() const { return q; }
  uint32_t prime() const { return p; }
  uint32_t exponent() const { return k; }
  /// The monic irreducible polynomial of degree exponent() that products are reduced by: exponent()
  /// + 1 coefficients, lowest first. Of all such, the one whose lower coefficients, read as a
  /// number in base prime(), are least.
  const std::vector<uint32_t> &modulus() const { return reducer; }

  uint32_t add(uint32_t a, uint32_t b) const;
  uint32_t subtract(uint32_t a, uint32_t b) const;
  uint32_t multiply(uint32_t a, uint32_t b) const;

  /// chi of every element: 0 of zero, +1 of the squares, -1 of the others. Found by squaring all
  /// elements. In characteristic 2 every element is a square.
  std::vector<int8_t> quadraticCharacter() const;

private:
  FiniteField(uint32_t order, PrimePower power);

  uint32_t q, p, k;
  std::vector<uint32_t> reducer;
};

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_FINITEFIELD_H
