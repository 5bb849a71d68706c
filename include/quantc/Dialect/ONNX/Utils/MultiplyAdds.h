//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arithmetic that a node costs, from the types of its operands and results alone.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_MULTIPLYADDS_H
#define QUANTC_DIALECT_ONNX_UTILS_MULTIPLYADDS_H

#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include <optional>

namespace quantc::onnx {

/// Multiply-adds of one execution: those of convolutions, matrix products, recurrent layers and
/// attention; 0 for other ops. Nullopt when a size, or the op's formula, is not known.
std::optional<int64_t> multiplyAdds(NodeOp node);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_MULTIPLYADDS_H
