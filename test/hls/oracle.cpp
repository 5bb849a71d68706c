//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Definitions of lib/Numerics as plain functions: the unit library is C++14, Numerics is C++17, so
// each is compiled as what it is and the tests link both.
//
//===----------------------------------------------------------------------===//

#include "oracle.h"

#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Numerics/Rounding.h"

using namespace quantc::numerics;

static const Rounding modes[] = {Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfAway,
                                 Rounding::TowardZero, Rounding::Floor};

int64_t oracle_shift(int64_t value, int shift, int rounding) {
  return shiftRightRounded(value, shift, modes[rounding]);
}

int oracle_requantize(int64_t acc, int multiplier, int shift, int rounding, int zp, int lo,
                      int hi) {
  if (rounding == 0)
    return requantizeClamp(acc, {multiplier, shift}, zp, lo, hi);
  int64_t r = shiftRightRounded(int128_t(acc) * multiplier, shift, modes[rounding]);
  return static_cast<int>(saturate(r, int64_t(lo) - zp, int64_t(hi) - zp) + zp);
}

int oracle_add(int a, int b, int ma, int mb, int shift, int zp, int lo, int hi) {
  if (a >= -kMaxAddOperand && a <= kMaxAddOperand && b >= -kMaxAddOperand && b <= kMaxAddOperand)
    return addRequantize(a, b, {ma, mb, shift}, zp, lo, hi);
  // Codes wider than the op's 8 bits: the same expression, exactly.
  int64_t r = shiftRightRounded(int128_t(a) * ma + int128_t(b) * mb, shift, Rounding::HalfUp);
  return static_cast<int>(saturate(r + zp, lo, hi));
}

int oracle_quantize(float x, float scale, int zp, int lo, int hi) {
  return quantizeLinear(x, scale, zp, lo, hi);
}

float oracle_dequantize(int code, float scale, int zp) { return dequantizeLinear(code, scale, zp); }
