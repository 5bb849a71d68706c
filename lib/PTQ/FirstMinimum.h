//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first least value of a sequence of losses.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PTQ_FIRSTMINIMUM_H
#define QUANTC_LIB_PTQ_FIRSTMINIMUM_H

#include <cmath>
#include <limits>

namespace quantc::ptq {

class FirstMinimum {
public:
  /// True when `loss` is less than all before. NaN and infinities never are.
  bool offer(double loss) {
    if (!std::isfinite(loss) || !(loss < least))
      return false;
    least = loss;
    return true;
  }

  bool found() const { return std::isfinite(least); }
  double value() const { return least; }

private:
  double least = std::numeric_limits<double>::infinity();
};

} // namespace quantc::ptq

#endif // QUANTC_LIB_PTQ_FIRSTMINIMUM_H
