//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Making qnn.decode ops of stored matrices.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_DECODES_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_DECODES_H

#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Numerics/NumberFormatStorage.h"
#include "llvm/Support/Error.h"

namespace quantc::qnn {

/// The search by its name: none, mse, clip, codes, hqq or output; an error where the format does
/// not go with it.
llvm::Expected<numerics::ScaleSearch> parseSearch(llvm::StringRef text,
                                                  const numerics::NumberFormat &format);

/// Constants of the parts of `stored`, named after `loc`, and the op that decodes them to `type`,
/// whose first axis counts rows.
DecodeOp createDecode(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                      NumberFormatAttr format, const numerics::StoredMatrix &stored);

/// Erases the constant that defines `value` when nobody reads it.
void eraseUnused(mlir::Value value);

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_DECODES_H
