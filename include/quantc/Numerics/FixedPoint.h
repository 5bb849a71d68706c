//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Requantization conventions of other systems, for importing and exporting their models and for the
// golden values that pin them down: gemmlowp / TFLite (one or two roundings) and TOSA. quantc's own
// arithmetic is Dyadic.h. Rules [NUM-FIX-*] of docs/Numerics.md. Sources: google/gemmlowp
// fixedpoint.h, tensorflow/tflite-micro quantization_util.cc, arm/tosa-specification.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_FIXEDPOINT_H
#define QUANTC_NUMERICS_FIXEDPOINT_H

#include "quantc/Numerics/Rounding.h"

#include <cstdint>
#include <optional>

namespace quantc::numerics {

/// A TFLite multiplier: the scale multiplier * 2^(exponent - 31), multiplier in [2^30, 2^31) or 0.
struct FixedMultiplier {
  int32_t multiplier = 0;
  int32_t exponent = 0;
};

/// [NUM-FIX-1] TFLite's QuantizeMultiplier. nullopt when real is negative, not finite, or so large
/// that the exponent passes 30; scales below 2^-32 become 0.
std::optional<FixedMultiplier> quantizeMultiplier(double real);

/// [NUM-FIX-2] floor(a*b / 2^31 + 1/2), saturating in the one case INT32_MIN * INT32_MIN.
constexpr int32_t saturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN)
    return INT32_MAX;
  return static_cast<int32_t>((int64_t(a) * b + (INT64_C(1) << 30)) >> 31);
}

/// [NUM-FIX-3] x / 2^exponent, half away from zero; 0 <= exponent <= 31.
constexpr int32_t roundingDivideByPot(int32_t x, int exponent) {
  return static_cast<int32_t>(shiftRightRounded(int64_t(x), exponent, Rounding::HalfAway));
}

/// [NUM-FIX-4] TFLite's default: two roundings. The left shift of a positive exponent saturates.
constexpr int32_t scaleDoubleRounding(int32_t x, FixedMultiplier m) {
  int left = m.exponent > 0 ? m.exponent : 0;
  int right = m.exponent > 0 ? 0 : -m.exponent;
  int64_t shifted = saturate(int64_t(x) * (INT64_C(1) << left), INT32_MIN, INT32_MAX);
  return roundingDivideByPot(
      saturatingRoundingDoublingHighMul(static_cast<int32_t>(shifted), m.multiplier), right);
}

/// [NUM-FIX-5] TFLite's single rounding: floor(x * m / 2^(31-e) + 1/2), limited to int32.
constexpr int32_t scaleSingleRounding(int32_t x, FixedMultiplier m) {
  return static_cast<int32_t>(
      saturate(shiftRightRounded(int64_t(x) * m.multiplier, 31 - m.exponent, Rounding::HalfUp),
               INT32_MIN, INT32_MAX));
}

/// [NUM-FIX-6] TOSA apply_scale_32. Preconditions: multiplier >= 0, 2 <= shift <= 62,
/// -2^(shift-1) <= value < 2^(shift-1).
constexpr int32_t tosaApplyScale32(int32_t value, int32_t multiplier, int32_t shift,
                                   bool doubleRound) {
  int64_t round = INT64_C(1) << (shift - 1);
  if (doubleRound && shift > 31)
    round += value >= 0 ? (INT64_C(1) << 30) : -(INT64_C(1) << 30);
  return static_cast<int32_t>((int64_t(value) * multiplier + round) >> shift);
}

/// [NUM-FIX-7] TOSA reciprocal_scale: 1/n as multiplier * 2^-shift, for n >= 1.
struct ReciprocalScale {
  int32_t multiplier;
  int32_t shift;
};
ReciprocalScale reciprocalScale(uint32_t n);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_FIXEDPOINT_H
