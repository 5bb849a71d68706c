//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Faster instruction sequences for `requantizeClamp`, portable models of them, and the conditions
// under which each gives the same integer. The integer form is the meaning; the others are used
// only where `proveForm` says that they are exact on the proven accumulator range.
//
// Main idea: adding 1.5*2^23 to a number below 2^22 makes the spacing of floats equal to 1, so the
// one rounding of a fused multiply-add is the rounding to an integer, which is then found in the
// low mantissa bits. Rules [NUM-EPI-*] of docs/Numerics.md. Header-only but for proveForm.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_EPILOGUE_H
#define QUANTC_NUMERICS_EPILOGUE_H

#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Fma.h"
#include "quantc/Numerics/Saturation.h"

#include <cstdint>
#include <string_view>

namespace quantc::numerics {

/// Ways to compute the same integer, fastest first.
enum class EpilogueForm : uint8_t {
  FmaF32,    ///< convert, fp32 FMA, integer add
  FmaF64,    ///< convert, fp64 FMA, integer add
  MulAddF64, ///< fp64 multiply, fp64 add, integer add: for machines without FMA
  Int64,     ///< 64-bit multiply, add, shift: always exact
};

/// "fma-f32", "fma-f64", "muladd-f64" or "int64".
constexpr std::string_view stringifyEpilogueForm(EpilogueForm form) {
  switch (form) {
  case EpilogueForm::FmaF32:
    return "fma-f32";
  case EpilogueForm::FmaF64:
    return "fma-f64";
  case EpilogueForm::MulAddF64:
    return "muladd-f64";
  case EpilogueForm::Int64:
    return "int64";
  }
  return "";
}

/// What `proveForm` found out about one form.
struct EpilogueProof {
  bool exact = false;    ///< the form equals requantizeClamp on the whole range
  bool clampAcc = false; ///< but only after limiting the accumulator to `accClamp`
  IntRange accClamp;     ///< meaningful when clampAcc; lies within int32
};

/// [NUM-EPI-1..5] Whether `form` gives requantizeClamp(a, d, zp, lo, hi) for every a of `acc`.
/// Requires a legal `d` and lo <= hi; anything else, an `acc` outside int32, or |zp| > 2^30 is
/// proved for Int64 only.
EpilogueProof proveForm(EpilogueForm form, IntRange acc, Dyadic d, int32_t zp, int32_t lo,
                        int32_t hi);

/// The fastest exact form: FmaF32, FmaF64, Int64 with hardware FMA; MulAddF64, Int64 without. A
/// form that is exact only with `accClamp` counts: ask `proveForm` for the clamp of the form
/// returned.
EpilogueForm provenForm(IntRange acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi,
                        bool hasFma = true);

//===----------------------------------------------------------------------===//
// Portable models: what a kernel does, lane by lane.
//===----------------------------------------------------------------------===//

/// Magic addends: 1.5*2^23 and 1.5*2^52.
constexpr float kMagicF32 = 12582912.0f;
constexpr double kMagicF64 = 6755399441055744.0;
constexpr uint32_t kMagicBitsF32 = 0x4B400000;

/// m * 2^-s, exactly (m has 24 bits, the exponent is in range).
inline float scaleF32(Dyadic d) {
  return static_cast<float>(d.multiplier) * powerOfTwoF32(-d.shift);
}
inline double scaleF64(Dyadic d) {
  return static_cast<double>(d.multiplier) * powerOfTwoF64(-d.shift);
}

/// The integer nearest to acc * scale, for |acc * scale| < 2^22: bits(fma(acc, scale, magic)) -
/// magic.
inline int32_t roundedFmaF32(int32_t acc, float scale) {
  return static_cast<int32_t>(bitsOf(fmaF32(static_cast<float>(acc), scale, kMagicF32)) -
                              kMagicBitsF32);
}
/// The same in fp64, for |acc * scale| < 2^31: the low half of the mantissa.
inline int32_t roundedFmaF64(int32_t acc, double scale) {
  return static_cast<int32_t>(
      static_cast<uint32_t>(bitsOf(fmaF64(static_cast<double>(acc), scale, kMagicF64))));
}
/// Without FMA: the product is exact for |acc| < 2^29, so the addition is the only rounding.
inline int32_t roundedMulAddF64(int32_t acc, double scale) {
  double product = static_cast<double>(acc) * scale;
  return static_cast<int32_t>(static_cast<uint32_t>(bitsOf(product + kMagicF64)));
}

/// Zero point and saturation, common to all forms.
inline int32_t finishEpilogue(int32_t rounded, int32_t zp, int32_t lo, int32_t hi) {
  return static_cast<int32_t>(saturate(int64_t(rounded) + zp, lo, hi));
}

inline int32_t requantizeFmaF32(int32_t acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi) {
  return finishEpilogue(roundedFmaF32(acc, scaleF32(d)), zp, lo, hi);
}
inline int32_t requantizeFmaF64(int32_t acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi) {
  return finishEpilogue(roundedFmaF64(acc, scaleF64(d)), zp, lo, hi);
}
inline int32_t requantizeMulAddF64(int32_t acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi) {
  return finishEpilogue(roundedMulAddF64(acc, scaleF64(d)), zp, lo, hi);
}
/// The integer form on an int32 accumulator: 64-bit arithmetic only.
constexpr int32_t requantizeInt64(int32_t acc, Dyadic d, int32_t zp, int32_t lo, int32_t hi) {
  int64_t r = (int64_t(acc) * d.multiplier + (INT64_C(1) << (d.shift - 1))) >> d.shift;
  return static_cast<int32_t>(saturate(r, int64_t(lo) - zp, int64_t(hi) - zp) + zp);
}

/// Runs `form` on one accumulator; `proof` supplies the clamp.
inline int32_t runEpilogue(EpilogueForm form, const EpilogueProof &proof, int32_t acc, Dyadic d,
                           int32_t zp, int32_t lo, int32_t hi) {
  if (proof.clampAcc)
    acc = static_cast<int32_t>(saturate(acc, proof.accClamp.lo, proof.accClamp.hi));
  switch (form) {
  case EpilogueForm::FmaF32:
    return requantizeFmaF32(acc, d, zp, lo, hi);
  case EpilogueForm::FmaF64:
    return requantizeFmaF64(acc, d, zp, lo, hi);
  case EpilogueForm::MulAddF64:
    return requantizeMulAddF64(acc, d, zp, lo, hi);
  case EpilogueForm::Int64:
    break;
  }
  return requantizeInt64(acc, d, zp, lo, hi);
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_EPILOGUE_H
