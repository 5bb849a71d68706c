//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The clock that times the steps of a run for its report.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_CLOCK_H
#define QUANTC_LIB_PIPELINES_CLOCK_H

#include <chrono>

namespace quantc {

/// Seconds since some moment, never fewer than before.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_CLOCK_H
