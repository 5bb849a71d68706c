//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Multiplier and sum range of integer average pooling.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Pool.h"

namespace quantc::numerics {

std::optional<Dyadic> makeAveragePool(float sx, float sy, int64_t n) {
  if (n < 1)
    return std::nullopt;
  return makeDyadic(double(sx) / (double(sy) * static_cast<double>(n)));
}

IntRange poolSumRange(IntRange xMinusZp, int64_t n, bool partial) {
  IntRange sum = mul(xMinusZp, n);
  return partial ? sum.unionWith(IntRange::point(0)) : sum;
}

} // namespace quantc::numerics
