//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equations of Einsum.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_EQUATION_H
#define QUANTC_DIALECT_ONNX_UTILS_EQUATION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace quantc::onnx {

/// Labels of the axes of each operand and of the result. Letters are their characters. Axes of an
/// ellipsis are labels of their own, numbered from the right: `ellipsisLabel` is its last axis.
struct Equation {
  std::vector<std::vector<int>> operands;
  std::vector<int> result;
};
inline constexpr int ellipsisLabel = 1000;

/// Of operands of these ranks.
llvm::Expected<Equation> readEquation(llvm::StringRef text, llvm::ArrayRef<int64_t> ranks);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_EQUATION_H
