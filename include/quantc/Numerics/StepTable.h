//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An epilogue is monotone in its accumulator, so the few accumulator values at which its output
// steps describe it fully. That is the general proof of equality where no algebraic one exists: two
// epilogues are equal on a range when their steps are. Rules [NUM-STEP-*] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_STEPTABLE_H
#define QUANTC_NUMERICS_STEPTABLE_H

#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Saturation.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace quantc::numerics {

/// A function from accumulators to outputs that never decreases.
using EpilogueFn = std::function<int64_t(int64_t)>;

/// Most steps a table may have: that of a 16-bit output. More is refused.
constexpr int64_t kMaxSteps = 65535;

/// [NUM-STEP-1] Entry i is the smallest a in `acc` with f(a) >= f(acc.lo) + 1 + i; there are
/// f(acc.hi) - f(acc.lo) entries, equal ones where the output jumps by more than one. nullopt when
/// f(acc.hi) < f(acc.lo) (not monotone) or the table would pass kMaxSteps.
std::optional<std::vector<int64_t>> requantizeSteps(const EpilogueFn &f, IntRange acc);

/// [NUM-STEP-2] The same table for requantizeClamp in closed form: step to j at
/// ceil((2(j - zp) - 1) * 2^(s-1) / m), limited to the range.
std::optional<std::vector<int64_t>> dyadicSteps(Dyadic d, int32_t zp, int32_t lo, int32_t hi,
                                                IntRange acc);

/// [NUM-STEP-3] Whether two monotone epilogues agree on every accumulator of `acc`: equal at both
/// ends and at both sides of each step of `f`. False when `f` has no step table.
bool epiloguesEqual(const EpilogueFn &f, const EpilogueFn &g, IntRange acc);

/// Whether the imported kind `onnx_rne` with `scale` equals the dyadic kind `d` on `acc`, so that a
/// pass may replace one by the other.
bool onnxEqualsDyadic(float scale, Dyadic d, int32_t zp, int32_t lo, int32_t hi, IntRange acc);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_STEPTABLE_H
