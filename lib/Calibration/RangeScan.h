//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Extremes of floats and the check that all are finite, in one vectorizable
// pass: the order of floats is that of their bit patterns read as sign and
// magnitude, and integers have the reductions that compilers vectorize.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CALIBRATION_RANGESCAN_H
#define QUANTC_LIB_CALIBRATION_RANGESCAN_H

#include "llvm/ADT/ArrayRef.h"

namespace quantc {

/// Sets the extremes of a non-empty array, -0.0 as 0.0. Returns false, and sets
/// nothing, if a value is NaN or infinite.
bool scanRange(llvm::ArrayRef<float> values, float &min, float &max);

} // namespace quantc

#endif // QUANTC_LIB_CALIBRATION_RANGESCAN_H
