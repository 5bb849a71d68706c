//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which integer biases can be corrected, and how they are called in files.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_BIASES_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_BIASES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "quantc/Interfaces/IntegerSemantics.h"

namespace quantc::qnn {

/// The bias of a contraction whose one reader requantizes it; no operand for every other op.
ChannelBias correctableBias(mlir::Operation *op);

struct CorrectableOp {
  std::string key; ///< in a BiasTable
  mlir::Operation *op = nullptr;
};

/// All ops with such a bias in the order of the function.
std::vector<CorrectableOp> correctableOps(mlir::func::FuncOp function);

/// The module's function, which has one block; fails with a diagnostic where that is not so.
mlir::FailureOr<mlir::func::FuncOp> onlyFunction(mlir::ModuleOp module);

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_BIASES_H
