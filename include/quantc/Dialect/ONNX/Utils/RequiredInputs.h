//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs that a node must have before a lowering or a derivative looks at them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_REQUIREDINPUTS_H
#define QUANTC_DIALECT_ONNX_UTILS_REQUIREDINPUTS_H

#include "mlir/Support/LLVM.h"

namespace quantc::onnx {

/// How many leading inputs ONNX requires of an op of the default domain; 0 for unknown ones.
unsigned requiredInputs(llvm::StringRef opType, int64_t opset);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_REQUIREDINPUTS_H
