//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds tables in fp64 from the definition of the function.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Lookup.h"
#include "quantc/Numerics/Rounding.h"
#include "quantc/Numerics/Saturation.h"

#include <cmath>

namespace quantc::numerics {

namespace {

bool isValid(const QuantSpec &spec) {
  return std::isfinite(spec.scale) && spec.scale > 0 && spec.lo <= spec.hi;
}

int32_t quantizeReal(double y, const QuantSpec &out) {
  double r = roundHalfEven(y / out.scale) + out.zeroPoint;
  if (std::isnan(r))
    return static_cast<int32_t>(saturate(out.zeroPoint, out.lo, out.hi));
  return r < out.lo ? out.lo : (r > out.hi ? out.hi : static_cast<int32_t>(r));
}

} // namespace

std::optional<LookupTable> buildLookup(const std::function<double(double)> &f, const QuantSpec &in,
                                       const QuantSpec &out, size_t entries) {
  if (!isValid(in) || !isValid(out) || int64_t(in.hi) - in.lo >= static_cast<int64_t>(entries))
    return std::nullopt;
  LookupTable table(entries);
  auto last = static_cast<size_t>(int64_t(in.hi) - in.lo);
  for (size_t i = 0; i < table.size(); ++i) {
    int64_t q = in.lo + static_cast<int64_t>(i > last ? last : i);
    table[i] = quantizeReal(f(double(in.scale) * static_cast<double>(q - in.zeroPoint)), out);
  }
  return table;
}

} // namespace quantc::numerics
