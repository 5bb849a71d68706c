//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Observers choose the range a quantizer covers from the statistics of a tensor.
//
//   min-max         what was seen.
//   moving-average  r0 = range of the first run, then r += c * (range - r) for
//                   each further run in order, c = 0.01: ONNX Runtime's MinMax
//                   calibrater with moving_average (0 < c <= 1).
//   percentile      cuts (100 - p) % of the values, p = 99.999: half at each
//                   tail, or, symmetric, all by magnitude (ONNX Runtime).
//   entropy         the clipping threshold with the least Kullback-Leibler
//                   divergence between the clipped distribution and the one of
//                   qmax - qmin + 1 levels (Migacz, TensorRT, GTC 2017; ONNX
//                   Runtime's entropy calibrater), see Entropy.cpp.
//   mse             the range with the least mean squared error of quantize +
//                   dequantize, searched on the histogram, see MeanSquare.cpp.
//
// Every range is inside the one that was seen, extended to hold zero, because
// zero must be exact (padding).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_OBSERVER_H
#define QUANTC_CALIBRATION_OBSERVER_H

#include "quantc/Calibration/Statistics.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace quantc {

enum class ObserverKind { MinMax, MovingAverage, Percentile, Entropy, Mse };

/// "min-max", "moving-average", "percentile", "entropy", "mse".
llvm::StringRef observerName(ObserverKind kind);
std::optional<ObserverKind> parseObserver(llvm::StringRef name);
/// All names in the order above, for help texts and suggestions.
llvm::ArrayRef<llvm::StringRef> observerNames();

struct ObserverOptions {
  /// Percent of the values that the range keeps, in (0, 100].
  double percentile = 99.999;
  /// Weight of a further run in the moving average, in (0, 1].
  double averagingConstant = 0.01;
  /// The quantizer is symmetric: the result is [-t, t].
  bool symmetric = false;
};

/// What an observer chose, with what it was chosen from; becomes the attribute
/// of the observer in the IR.
struct ObserverResult {
  ObserverKind kind = ObserverKind::MinMax;
  /// The range to quantize: lo <= 0 <= hi.
  float lo = 0, hi = 0;
  /// What was seen.
  float min = 0, max = 0;
  uint64_t count = 0;
  /// Expected squared error a value, of rounding and clipping together, for the
  /// integer range given; 0 without a histogram.
  double meanSquaredError = 0;
};

/// The range of [qmin, qmax] integers for this tensor. Fails if the statistics
/// are empty or lack what the observer needs, or an option is out of bounds.
llvm::Expected<ObserverResult> chooseRange(const Statistics &statistics, ObserverKind kind,
                                           const ObserverOptions &options, int64_t qmin,
                                           int64_t qmax);

/// Expected squared error a value of quantizing the histogram's data with this
/// range: scale (hi - lo) / (qmax - qmin), zero point rounded to an integer,
/// round to nearest, saturate.
double quantizationError(const Histogram &histogram, double lo, double hi, int64_t qmin,
                         int64_t qmax);

} // namespace quantc

#endif // QUANTC_CALIBRATION_OBSERVER_H
