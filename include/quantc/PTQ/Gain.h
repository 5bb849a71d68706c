//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whether a change pays, by scores of the same samples without and with it.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_GAIN_H
#define QUANTC_PTQ_GAIN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

namespace quantc::ptq {

/// Whether the mean gain of paired scores is at least `least`, and at least `errors` of its
/// standard errors (of one pair: none). No pairs gain nothing.
inline bool isGain(llvm::ArrayRef<double> before, llvm::ArrayRef<double> after, double least,
                   double errors) {
  auto count = static_cast<double>(before.size());
  double sum = 0, squares = 0;
  for (auto [b, a] : llvm::zip_equal(before, after))
    sum += a - b;
  double gain = sum / count;
  for (auto [b, a] : llvm::zip_equal(before, after))
    squares += (a - b - gain) * (a - b - gain);
  double error = count > 1 ? std::sqrt(squares / (count - 1) / count) : 0;
  return gain >= std::max(least, errors * error);
}

} // namespace quantc::ptq

#endif // QUANTC_PTQ_GAIN_H
