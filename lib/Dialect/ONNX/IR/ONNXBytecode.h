//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytecode encoding of the dialect's attributes.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_ONNX_IR_ONNXBYTECODE_H
#define QUANTC_LIB_DIALECT_ONNX_IR_ONNXBYTECODE_H

#include "quantc/Dialect/ONNX/IR/ONNX.h"

namespace quantc::onnx {

void addBytecodeInterface(ONNXDialect &dialect);

} // namespace quantc::onnx

#endif // QUANTC_LIB_DIALECT_ONNX_IR_ONNXBYTECODE_H
