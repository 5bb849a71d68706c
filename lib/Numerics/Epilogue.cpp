//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The conditions under which a floating-point epilogue equals the integer one. All of them are
// decided on integers. Three facts carry the proofs: both sides are monotone in the accumulator, so
// saturation at one point implies it beyond; a tie needs |acc| >= 2^(s-1); and the magic addition
// is exact rounding to an integer as long as the product stays below a limit.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Epilogue.h"

#include <algorithm>

namespace quantc::numerics {

namespace {

constexpr int64_t kMaxZeroPoint = INT64_C(1) << 30;
constexpr int64_t kProductLimitF32 = (INT64_C(1) << 22) - 1;
constexpr int64_t kProductLimitF64 = INT64_C(1) << 30;
// [NUM-EPI-2] Integers up to here convert exactly.
constexpr int64_t kExactInF32 = INT64_C(1) << 24;
// [NUM-EPI-5] Up to here the product with 24 bits is exact in fp64.
constexpr int64_t kMulAddLimit = (INT64_C(1) << 29) - 1;

/// One epilogue and the question where it saturates.
struct Target {
  Dyadic d;
  int32_t zp, lo, hi;

  bool saturatesHighAt(int64_t acc) const { return requantizeClamp(acc, d, zp, lo, hi) == hi; }
  bool saturatesLowAt(int64_t acc) const { return requantizeClamp(acc, d, zp, lo, hi) == lo; }
};

/// [NUM-EPI-4] Largest a with a * m * 2^-s <= limit.
int64_t largestAccumulator(Dyadic d, int64_t limit) {
  return saturateToInt64((int128_t(limit) << d.shift) / d.multiplier);
}

/// [NUM-EPI-3] Whether the output has saturated at +-bound on each side where `acc` passes it.
bool saturatesBeyond(const Target &t, IntRange acc, int64_t bound) {
  return (acc.hi <= bound || t.saturatesHighAt(bound)) &&
         (acc.lo >= -bound || t.saturatesLowAt(-bound));
}

/// [NUM-EPI-4] fp64 rounds ties to even. They need |acc| >= 2^(s-1); at acc = 2^(s-1) the product
/// is m/2, whose floor must already saturate, and at -2^(s-1) the value rounded up must.
bool tiesSaturate(const Target &t, IntRange acc) {
  int64_t first = INT64_C(1) << (t.d.shift - 1);
  bool high = acc.hi < first || int64_t(t.d.multiplier / 2) + t.zp >= t.hi;
  bool low = acc.lo > -first || t.saturatesLowAt(-first);
  return high && low;
}

} // namespace

EpilogueProof proveForm(EpilogueForm form, IntRange acc, Dyadic d, int32_t zp, int32_t lo,
                        int32_t hi) {
  EpilogueProof proof;
  if (form == EpilogueForm::Int64) {
    proof.exact = true;
    return proof;
  }
  if (!isLegal(d) || lo > hi || zp > kMaxZeroPoint || zp < -kMaxZeroPoint ||
      !IntRange::signedType(32).contains(acc))
    return proof;

  Target target{d, zp, lo, hi};
  bool isF32 = form == EpilogueForm::FmaF32;
  int64_t bound = largestAccumulator(d, isF32 ? kProductLimitF32 : kProductLimitF64);
  if (form == EpilogueForm::MulAddF64)
    bound = std::min(bound, kMulAddLimit);
  if (!IntRange(-bound, bound).contains(acc)) {
    if (!saturatesBeyond(target, acc, bound))
      return proof;
    proof.clampAcc = true;
    proof.accClamp = IntRange(-bound, bound).clamp(INT32_MIN, INT32_MAX);
    acc = acc.clamp(-bound, bound);
  }
  // fp32: below the product limit there is no tie; past 2^24 the conversion rounds.
  proof.exact = isF32 ? saturatesBeyond(target, acc, kExactInF32) : tiesSaturate(target, acc);
  return proof;
}

EpilogueForm provenForm(IntRange acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi, bool hasFma) {
  constexpr EpilogueForm withFma[] = {EpilogueForm::FmaF32, EpilogueForm::FmaF64};
  constexpr EpilogueForm withoutFma[] = {EpilogueForm::MulAddF64};
  if (hasFma) {
    for (EpilogueForm form : withFma)
      if (proveForm(form, acc, d, zp, lo, hi).exact)
        return form;
    return EpilogueForm::Int64;
  }
  for (EpilogueForm form : withoutFma)
    if (proveForm(form, acc, d, zp, lo, hi).exact)
      return form;
  return EpilogueForm::Int64;
}

} // namespace quantc::numerics
