//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choosing the common shift and the two multipliers of an integer addition.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Rounding.h"

#include <algorithm>
#include <cmath>

namespace quantc::numerics {

std::optional<AddParams> makeAdd(double saOverSy, double sbOverSy) {
  double largest = std::max(std::fabs(saOverSy), std::fabs(sbOverSy));
  if (!std::isfinite(saOverSy) || !std::isfinite(sbOverSy) || largest >= 1048576.0)
    return std::nullopt;
  int exponent = 0;
  std::frexp(largest, &exponent); // largest * 2^(21 - exponent) lies in [2^20, 2^21)
  int shift = largest == 0 ? kMaxAddShift : std::min(21 - exponent, int(kMaxAddShift));
  // The larger multiplier may round up to 2^21: then one bit less.
  if (roundHalfEven(std::ldexp(largest, shift)) > kMaxAddMultiplier)
    --shift;
  if (shift < 1)
    return std::nullopt;
  return AddParams{static_cast<int32_t>(roundHalfEven(std::ldexp(saOverSy, shift))),
                   static_cast<int32_t>(roundHalfEven(std::ldexp(sbOverSy, shift))), shift};
}

} // namespace quantc::numerics
