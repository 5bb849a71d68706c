//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Average pooling as one requantize of the integer sum: no division at run time, one rounding.
// Rules [NUM-POOL-*] of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_POOL_H
#define QUANTC_NUMERICS_POOL_H

#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Saturation.h"

#include <cstdint>
#include <optional>

namespace quantc::numerics {

/// [NUM-POOL-1] The dyadic for s_x / (s_y * n), to be applied to sum(x - zp_x) over a window; n
/// counts the divisor (padding included or not, as the op says). nullopt for n < 1 or an illegal
/// scale.
std::optional<Dyadic> makeAveragePool(float sx, float sy, int64_t n);

/// [NUM-POOL-2] Range of the sum of n values of `xMinusZp`; of 0 to n values when `partial`
/// (windows that reach over a border).
IntRange poolSumRange(IntRange xMinusZp, int64_t n, bool partial = false);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_POOL_H
