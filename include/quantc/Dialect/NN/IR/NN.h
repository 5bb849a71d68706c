//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `nn` dialect and its ops.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_IR_NN_H
#define QUANTC_DIALECT_NN_IR_NN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Interfaces/ChannelAlgebra.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"

#include "quantc/Dialect/NN/IR/NNDialect.h.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/NN/IR/NNOps.h.inc"

namespace quantc::nn {

/// The elements of a constant under another shape of equal element count; resource blobs are
/// shared, not copied. Null when that is impossible.
mlir::ElementsAttr reshapeElements(mlir::ElementsAttr value, mlir::RankedTensorType type);

/// The constant with its axes permuted: result axis i is input axis `permutation[i]`. A new blob is
/// named after `name`. Null when the permutation does not fit or the bytes are not there.
mlir::ElementsAttr transposeElements(mlir::ElementsAttr value, llvm::ArrayRef<int64_t> permutation,
                                     llvm::StringRef name);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_IR_NN_H
