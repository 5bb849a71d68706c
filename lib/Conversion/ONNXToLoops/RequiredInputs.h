//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs that a node must have before its lowering looks at them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_REQUIREDINPUTS_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_REQUIREDINPUTS_H

#include "mlir/Support/LLVM.h"

namespace quantc::toloops {

/// How many leading inputs ONNX requires of an op of the default domain; 0 for unknown ones.
unsigned requiredInputs(llvm::StringRef opType, int64_t opset);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_REQUIREDINPUTS_H
