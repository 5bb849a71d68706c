//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers of reports. JSON has neither infinity nor NaN: a file that holds one is no JSON.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_JSONNUMBER_H
#define QUANTC_LIB_PIPELINES_JSONNUMBER_H

#include "llvm/Support/JSON.h"
#include <cmath>

namespace quantc {

/// Null where a number is none that JSON knows.
inline llvm::json::Value orNull(double value) {
  return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(nullptr);
}

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_JSONNUMBER_H
