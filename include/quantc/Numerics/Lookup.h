//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables for unary functions between two quantized tensors of at most 8 bits: any chain of unary
// ops becomes one lookup, exact by construction. Rule [NUM-LUT-1] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_LOOKUP_H
#define QUANTC_NUMERICS_LOOKUP_H

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace quantc::numerics {

/// Scale, zero point and code range of a quantized tensor.
struct QuantSpec {
  float scale = 1.0f;
  int32_t zeroPoint = 0;
  int32_t lo = -128;
  int32_t hi = 127;
};

/// Index of code q is q - lo of the input (lowest code first; for s8: q + 128). Entries past the
/// input's range repeat the last one, so that every byte, or every 16-bit word, is a valid index.
using LookupTable = std::vector<int32_t>;

/// [NUM-LUT-1] table[q - in.lo] = clamp(round(f(in.scale * (q - in.zp)) / out.scale) + out.zp), all
/// in fp64, half even; NaN gives out.zp, infinities saturate. nullopt when in holds more codes
/// than `entries`, a range is empty, or a scale is not positive and finite.
std::optional<LookupTable> buildLookup(const std::function<double(double)> &f, const QuantSpec &in,
                                       const QuantSpec &out, size_t entries = 256);

/// The table lookup; `q` must lie within the range the table was built for.
inline int32_t applyLookup(const LookupTable &table, int32_t q, int32_t inLo) {
  return table[static_cast<size_t>(q - inLo)];
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_LOOKUP_H
