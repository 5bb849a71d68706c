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
#include <cstdint>

namespace quantc::ptq {

/// Least number of pairs with a standard error.
constexpr int64_t kLeastPairs = 2;

/// Whether the mean gain of paired scores is at least `least`, and at least `errors` of its
/// standard errors. Fewer than `kLeastPairs` have none, and show no gain.
inline bool isGain(llvm::ArrayRef<double> before, llvm::ArrayRef<double> after, double least,
                   double errors) {
  if (static_cast<int64_t>(before.size()) < kLeastPairs)
    return false;
  auto count = static_cast<double>(before.size());
  double sum = 0, squares = 0;
  for (auto [b, a] : llvm::zip_equal(before, after))
    sum += a - b;
  double gain = sum / count;
  for (auto [b, a] : llvm::zip_equal(before, after))
    squares += (a - b - gain) * (a - b - gain);
  double error = std::sqrt(squares / (count - 1) / count);
  return gain >= std::max(least, errors * error);
}

} // namespace quantc::ptq

#endif // QUANTC_PTQ_GAIN_H
