//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The searches behind the observers that need more than a formula.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CALIBRATION_OBSERVERSEARCH_H
#define QUANTC_LIB_CALIBRATION_OBSERVERSEARCH_H

#include "quantc/Calibration/Observer.h"

namespace quantc {

struct RealRange {
  double lo = 0, hi = 0;
};

/// Entropy.cpp. The histogram is not empty and qmin < qmax.
RealRange searchEntropy(const Histogram &histogram, bool symmetric, int64_t qmin, int64_t qmax);

/// MeanSquare.cpp. The histogram is not empty and qmin < qmax.
RealRange searchMeanSquare(const Histogram &histogram, bool symmetric, int64_t qmin, int64_t qmax);

} // namespace quantc

#endif // QUANTC_LIB_CALIBRATION_OBSERVERSEARCH_H
