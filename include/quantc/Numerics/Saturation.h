//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Saturation and exact integer ranges. Header-only: kernels and analyses share it.
// Arithmetic on ranges saturates at the limits of int64, so a range is always an over-approximation
// and never wraps. Rules [NUM-SAT-*] and [NUM-RNG-*] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_SATURATION_H
#define QUANTC_NUMERICS_SATURATION_H

#include <cstdint>

namespace quantc::numerics {

/// 128-bit integers, spelled so that -Wpedantic accepts them.
__extension__ typedef __int128 int128_t;

/// [NUM-SAT-1] `v` limited to [lo, hi]; requires lo <= hi.
constexpr int64_t saturate(int64_t v, int64_t lo, int64_t hi) {
  return v < lo ? lo : (v > hi ? hi : v);
}

/// A wide value limited to int64.
constexpr int64_t saturateToInt64(int128_t v) {
  return v < INT64_MIN ? INT64_MIN : (v > INT64_MAX ? INT64_MAX : static_cast<int64_t>(v));
}

/// The closed interval [lo, hi] of integers; never empty (lo <= hi).
struct IntRange {
  int64_t lo = 0;
  int64_t hi = 0;

  constexpr IntRange() = default;
  constexpr IntRange(int64_t l, int64_t h) : lo(l), hi(h) {}

  constexpr bool operator==(const IntRange &o) const { return lo == o.lo && hi == o.hi; }
  constexpr bool operator!=(const IntRange &o) const { return !(*this == o); }

  /// The range of one value.
  static constexpr IntRange point(int64_t v) { return {v, v}; }
  /// All values of a signed two's-complement type; 1 <= bits <= 64.
  static constexpr IntRange signedType(unsigned bits) {
    auto max = static_cast<int64_t>((UINT64_C(1) << (bits - 1)) - 1);
    return {-max - 1, max};
  }
  /// All values of an unsigned type; 1 <= bits <= 63.
  static constexpr IntRange unsignedType(unsigned bits) {
    return {0, static_cast<int64_t>((UINT64_C(1) << bits) - 1)};
  }
  static constexpr IntRange ofType(bool isSigned, unsigned bits) {
    return isSigned ? signedType(bits) : unsignedType(bits);
  }

  constexpr bool contains(int64_t v) const { return lo <= v && v <= hi; }
  constexpr bool contains(const IntRange &o) const { return lo <= o.lo && o.hi <= hi; }
  /// The smallest range that holds both.
  constexpr IntRange unionWith(const IntRange &o) const {
    return {lo < o.lo ? lo : o.lo, hi > o.hi ? hi : o.hi};
  }
  /// Every value of the range limited to [l, h].
  constexpr IntRange clamp(int64_t l, int64_t h) const {
    return {saturate(lo, l, h), saturate(hi, l, h)};
  }
  /// max |v| over the range (as unsigned: |INT64_MIN| fits).
  constexpr uint64_t maxAbs() const {
    uint64_t l = lo < 0 ? uint64_t(0) - static_cast<uint64_t>(lo) : static_cast<uint64_t>(lo);
    uint64_t h = hi < 0 ? uint64_t(0) - static_cast<uint64_t>(hi) : static_cast<uint64_t>(hi);
    return l > h ? l : h;
  }
  /// [NUM-RNG-2] Width of the narrowest signed type that holds the range; 1..64.
  constexpr unsigned bitsNeeded() const {
    unsigned bits = 1;
    while (bits < 64 && !signedType(bits).contains(*this))
      ++bits;
    return bits;
  }
};

/// [NUM-RNG-1] Exact image of + - and * on independent operands, saturated to int64.
constexpr IntRange add(IntRange a, IntRange b) {
  return {saturateToInt64(int128_t(a.lo) + b.lo), saturateToInt64(int128_t(a.hi) + b.hi)};
}
constexpr IntRange sub(IntRange a, IntRange b) {
  return {saturateToInt64(int128_t(a.lo) - b.hi), saturateToInt64(int128_t(a.hi) - b.lo)};
}
constexpr IntRange mul(IntRange a, IntRange b) {
  int128_t p[4] = {int128_t(a.lo) * b.lo, int128_t(a.lo) * b.hi, int128_t(a.hi) * b.lo,
                   int128_t(a.hi) * b.hi};
  int128_t lo = p[0], hi = p[0];
  for (int128_t v : p) {
    lo = v < lo ? v : lo;
    hi = v > hi ? v : hi;
  }
  return {saturateToInt64(lo), saturateToInt64(hi)};
}
constexpr IntRange add(IntRange a, int64_t c) { return add(a, IntRange::point(c)); }
constexpr IntRange mul(IntRange a, int64_t c) { return mul(a, IntRange::point(c)); }
constexpr IntRange unite(IntRange a, IntRange b) { return a.unionWith(b); }
constexpr bool contains(IntRange outer, IntRange inner) { return outer.contains(inner); }
constexpr unsigned bitsNeeded(IntRange r) { return r.bitsNeeded(); }

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_SATURATION_H
