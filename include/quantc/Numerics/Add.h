//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Addition of two quantized tensors with one rounding, in int32 for codes of 8 bits:
//   clamp(((a'*ma + b'*mb + 2^(s-1)) >> s) + zp),  a' = a - zp_a, b' = b - zp_b.
// Both scales share one shift, so no intermediate is rounded. The bound in the comment of
// `addRequantize` shows that int32 cannot overflow. Rules [NUM-ADD-*] of docs/Numerics.md; the form
// is XNNPACK's. Header-only but for makeAdd.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_ADD_H
#define QUANTC_NUMERICS_ADD_H

#include "quantc/Numerics/Saturation.h"

#include <cstdint>
#include <optional>

namespace quantc::numerics {

/// [NUM-ADD-1] |ma|, |mb| < 2^21 and 1 <= shift <= 30. A negative multiplier subtracts.
struct AddParams {
  int32_t ma = 0;
  int32_t mb = 0;
  int32_t shift = 0;

  constexpr bool operator==(const AddParams &o) const {
    return ma == o.ma && mb == o.mb && shift == o.shift;
  }
  constexpr bool operator!=(const AddParams &o) const { return !(*this == o); }
};

constexpr int32_t kMaxAddMultiplier = (1 << 21) - 1;
constexpr int32_t kMaxAddShift = 30;
/// Largest |a - zp_a| for which int32 holds every intermediate: every pair of 8-bit values.
constexpr int32_t kMaxAddOperand = 255;

/// Whether `p` obeys [NUM-ADD-1].
constexpr bool isLegal(AddParams p) {
  return p.ma >= -kMaxAddMultiplier && p.ma <= kMaxAddMultiplier && p.mb >= -kMaxAddMultiplier &&
         p.mb <= kMaxAddMultiplier && p.shift >= 1 && p.shift <= kMaxAddShift;
}

/// [NUM-ADD-2] Parameters for the ratios s_a/s_y and s_b/s_y (negative to subtract). The shift is
/// the largest that keeps both multipliers below 2^21, at most 30; each multiplier is the nearest
/// integer, so it is off by at most 2^-(shift+1). nullopt when a ratio is not finite or reaches
/// 2^20.
std::optional<AddParams> makeAdd(double saOverSy, double sbOverSy);

/// [NUM-ADD-3] The sum. For |a'|, |b'| <= 255 and legal parameters
/// |a'*ma + b'*mb| + 2^(s-1) <= 2*255*(2^21-1) + 2^29 = 1606417922 < 2^31, so int32 never
/// overflows. Wider codes, |a'|, |b'| < 2^16, need 39 bits.
constexpr int32_t addRequantize(int32_t aMinusZp, int32_t bMinusZp, AddParams p, int32_t zp,
                                int32_t lo, int32_t hi) {
  int64_t sum = int64_t(aMinusZp) * p.ma + int64_t(bMinusZp) * p.mb + (1 << (p.shift - 1));
  return static_cast<int32_t>(saturate((sum >> p.shift) + zp, lo, hi));
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_ADD_H
