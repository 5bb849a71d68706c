//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Multiplier derivations of TFLite and TOSA.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FixedPoint.h"

#include <cmath>

namespace quantc::numerics {

std::optional<FixedMultiplier> quantizeMultiplier(double real) {
  if (!(real >= 0) || !std::isfinite(real))
    return std::nullopt;
  if (real == 0)
    return FixedMultiplier{};
  int exponent = 0;
  double fraction = std::frexp(real, &exponent);
  auto m = static_cast<int64_t>(std::round(fraction * 2147483648.0));
  if (m == INT64_C(1) << 31) {
    m /= 2;
    ++exponent;
  }
  if (exponent < -31)
    return FixedMultiplier{};
  if (exponent > 30)
    return std::nullopt;
  return FixedMultiplier{static_cast<int32_t>(m), exponent};
}

ReciprocalScale reciprocalScale(uint32_t n) {
  int32_t k = n <= 1 ? 0 : 32 - __builtin_clz(n - 1);
  uint64_t divisor = n == 0 ? 1 : n;
  uint64_t numerator = ((UINT64_C(1) << 30) + 1) << k;
  return {static_cast<int32_t>(numerator / divisor), 30 + k};
}

} // namespace quantc::numerics
