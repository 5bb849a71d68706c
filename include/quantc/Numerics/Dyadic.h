//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Requantization by a dyadic multiplier: clamp(((acc * m + 2^(s-1)) >> s) + zp) with m odd and of
// exactly 24 bits. Odd: a product acc*m can be halfway between two multiples of 2^s only when
// |acc| >= 2^(s-1), where |acc*m*2^-s| > 2^22; so wherever the result is small enough to matter
// there is no tie, and every round-to-nearest rule gives the same integer. 24 bits: m is exact in
// fp32, which lets one fused multiply-add compute the integer (Epilogue.h). Rules [NUM-REQ-*] of
// docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_DYADIC_H
#define QUANTC_NUMERICS_DYADIC_H

#include "quantc/Numerics/Rounding.h"
#include "quantc/Numerics/Saturation.h"

#include <cstdint>
#include <optional>

namespace quantc::numerics {

/// [NUM-REQ-1] The scale multiplier * 2^-shift.
struct Dyadic {
  int32_t multiplier = 0; ///< odd, in [2^23, 2^24)
  int32_t shift = 0;      ///< in [1, 62]

  constexpr bool operator==(const Dyadic &o) const {
    return multiplier == o.multiplier && shift == o.shift;
  }
  constexpr bool operator!=(const Dyadic &o) const { return !(*this == o); }
};

constexpr int32_t kMinMultiplier = (1 << 23) + 1;
constexpr int32_t kMaxMultiplier = (1 << 24) - 1;
constexpr int32_t kMinShift = 1;
constexpr int32_t kMaxShift = 62;

/// Whether `d` obeys [NUM-REQ-1]: what verifiers check.
constexpr bool isLegal(Dyadic d) {
  return d.multiplier >= kMinMultiplier && d.multiplier <= kMaxMultiplier &&
         (d.multiplier & 1) == 1 && d.shift >= kMinShift && d.shift <= kMaxShift;
}

/// [NUM-REQ-2] The dyadic nearest to `realScale` (a value midway takes the larger one); its
/// relative error is at most 2^-23. nullopt unless 2^-39 <= realScale < 2^23: the caller names the
/// node.
std::optional<Dyadic> makeDyadic(double realScale);

/// The scale that `d` stands for, exactly.
double value(Dyadic d);

/// [NUM-REQ-3] (acc * m + 2^(s-1)) >> s: nearest, ties up. Exact for every accumulator; saturates
/// at int64, which needs |acc| >= 2^40. For |acc| <= 2^31 the sum stays below 2^55 + 2^61 < 2^63.
constexpr int64_t requantize(int64_t acc, Dyadic d) {
  if (acc >= -(INT64_C(1) << 31) && acc <= (INT64_C(1) << 31))
    return (acc * d.multiplier + (INT64_C(1) << (d.shift - 1))) >> d.shift;
  return saturateToInt64((int128_t(acc) * d.multiplier + (int128_t(1) << (d.shift - 1))) >>
                         d.shift);
}

/// [NUM-REQ-4] requantize, plus the zero point, limited to [lo, hi].
constexpr int32_t requantizeClamp(int64_t acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi) {
  return static_cast<int32_t>(saturate(requantize(acc, d), int64_t(lo) - zp, int64_t(hi) - zp) +
                              zp);
}

/// [NUM-REQ-5] The kind `onnx_rne` of imported quantized models: float(acc) * scale in fp32, to the
/// nearest even integer, plus zp, limited to [lo, hi]. A NaN product (scale not finite) gives zp
/// limited to [lo, hi].
inline int32_t requantizeOnnx(int64_t acc, float scale, int32_t zp, int32_t lo, int32_t hi) {
  float product = static_cast<float>(acc) * scale;
  double r = roundHalfEven(static_cast<double>(product)) + zp;
  if (r != r)
    r = zp;
  return r < lo ? lo : (r > hi ? hi : static_cast<int32_t>(r));
}

/// [NUM-MUL-1] Product of two zero-based operands a' = a - zp_a and b' = b - zp_b, requantized once
/// with the scale s_a*s_b/s_y.
constexpr int32_t mulRequantize(int32_t aMinusZp, int32_t bMinusZp, Dyadic d, int32_t zp,
                                int32_t lo, int32_t hi) {
  return requantizeClamp(int64_t(aMinusZp) * bMinusZp, d, zp, lo, hi);
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_DYADIC_H
