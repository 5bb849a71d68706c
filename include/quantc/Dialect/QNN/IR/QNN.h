//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `qnn` dialect, its ops and its format attributes.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_IR_QNN_H
#define QUANTC_DIALECT_QNN_IR_QNN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Interfaces/ChannelAlgebra.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Numerics/Hadamard.h"
#include "quantc/Numerics/NumberFormat.h"

#include "quantc/Dialect/QNN/IR/QNNAttrInterfaces.h.inc"
#include "quantc/Dialect/QNN/IR/QNNDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/QNN/IR/QNNAttrs.h.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/QNN/IR/QNNOps.h.inc"

namespace quantc::qnn {
/// On a module whose file says how its tensors are stored: nothing is calibrated, and contractions
/// rescale by the file's float scales.
inline constexpr llvm::StringLiteral quantizedInFileAttr = "qnn.quantized_in_file";
} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_IR_QNN_H
