//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choosing the odd 24-bit multiplier of a real scale. Among the odd numbers, 2k+1 is the nearest to
// every value of [2k, 2k+2), so no carry out of 24 bits can occur.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Fma.h"

#include <cmath>

namespace quantc::numerics {

std::optional<Dyadic> makeDyadic(double realScale) {
  if (!(realScale > 0) || !std::isfinite(realScale))
    return std::nullopt;
  int exponent = 0;
  double fraction = std::frexp(realScale, &exponent); // in [1/2, 1)
  int shift = 24 - exponent;
  if (shift < kMinShift || shift > kMaxShift)
    return std::nullopt;
  auto k = static_cast<int32_t>(fraction * 8388608.0); // floor(fraction * 2^24 / 2)
  return Dyadic{2 * k + 1, shift};
}

double value(Dyadic d) { return std::ldexp(static_cast<double>(d.multiplier), -d.shift); }

} // namespace quantc::numerics
