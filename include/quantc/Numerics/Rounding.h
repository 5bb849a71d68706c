//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding modes by name. Every rounding of quantc is one of these, carried as data; nothing relies
// on the floating-point environment beyond its default (round to nearest even). Header-only. Rules
// [NUM-RND-*] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_ROUNDING_H
#define QUANTC_NUMERICS_ROUNDING_H

#include "quantc/Numerics/Saturation.h"

#include <cstdint>
#include <optional>
#include <string_view>

#ifdef __FAST_MATH__
#error "quantc's arithmetic needs IEEE semantics: do not build with -ffast-math"
#endif

namespace quantc::numerics {

/// [NUM-RND-1] What happens to the discarded fraction.
enum class Rounding : uint8_t {
  HalfUp,     ///< nearest, ties to +infinity: floor(x + 1/2)
  HalfEven,   ///< nearest, ties to the even integer
  HalfAway,   ///< nearest, ties away from zero
  TowardZero, ///< truncation
  Floor,      ///< toward -infinity: an arithmetic right shift
};

/// "half-up", "half-even", "half-away", "toward-zero" or "floor".
constexpr std::string_view stringifyRounding(Rounding mode) {
  switch (mode) {
  case Rounding::HalfUp:
    return "half-up";
  case Rounding::HalfEven:
    return "half-even";
  case Rounding::HalfAway:
    return "half-away";
  case Rounding::TowardZero:
    return "toward-zero";
  case Rounding::Floor:
    return "floor";
  }
  return "";
}

/// Inverse of `stringifyRounding`; nullopt for any other text.
constexpr std::optional<Rounding> symbolizeRounding(std::string_view name) {
  for (Rounding mode : {Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfAway,
                        Rounding::TowardZero, Rounding::Floor})
    if (name == stringifyRounding(mode))
      return mode;
  return std::nullopt;
}

namespace detail {
/// v / 2^shift rounded, for 0 <= shift < bits of T. No intermediate can overflow: the quotient is
/// the floor, and the remainder decides whether one is added.
template <typename T> constexpr T shiftRightRounded(T v, int shift, Rounding mode) {
  if (shift == 0)
    return v;
  T floor = v >> shift;
  T remainder = v - floor * (T(1) << (shift - 1)) * 2; // 0 <= remainder < 2^shift
  T half = T(1) << (shift - 1);
  switch (mode) {
  case Rounding::HalfUp:
    return floor + (remainder >= half);
  case Rounding::HalfEven:
    return floor + (remainder > half || (remainder == half && (floor & 1)));
  case Rounding::HalfAway:
    return floor + (remainder > half || (remainder == half && v >= 0));
  case Rounding::TowardZero:
    return floor + (v < 0 && remainder != 0);
  case Rounding::Floor:
    break;
  }
  return floor;
}
} // namespace detail

/// [NUM-RND-2] v / 2^shift rounded by `mode`, exact for every v and every shift >= 0. A shift past
/// the width acts as its mathematical value (the result is 0, or -1 for Floor of a negative v).
constexpr int64_t shiftRightRounded(int64_t v, int shift, Rounding mode) {
  return static_cast<int64_t>(
      detail::shiftRightRounded<int128_t>(v, shift > 126 ? 126 : shift, mode));
}

/// The same for a 128-bit value, |v| < 2^126; the result saturates at the limits of int64.
constexpr int64_t shiftRightRounded(int128_t v, int shift, Rounding mode) {
  if (shift > 126)
    return mode == Rounding::Floor && v < 0 ? -1 : 0;
  return saturateToInt64(detail::shiftRightRounded<int128_t>(v, shift, mode));
}

/// [NUM-RND-3] The nearest integer, ties to even. Exact for every double; NaN and infinities stay.
inline double roundHalfEven(double v) {
  constexpr double magic = 4503599627370496.0; // 2^52: above it every double is an integer
  double a = v < 0 ? -v : v;
  if (!(a < magic))
    return v;
  double r = (a + magic) - magic;
  return v < 0 ? -r : r;
}

/// The same in fp32.
inline float roundHalfEven(float v) {
  constexpr float magic = 8388608.0f; // 2^23
  float a = v < 0 ? -v : v;
  if (!(a < magic))
    return v;
  float r = (a + magic) - magic;
  return v < 0 ? -r : r;
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_ROUNDING_H
