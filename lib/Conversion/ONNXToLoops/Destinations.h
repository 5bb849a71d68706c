//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions that write their results to trailing arguments, for callers who own all memory.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_DESTINATIONS_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_DESTINATIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace quantc::toloops {

/// Turns a lowered function (inputs..., constants...) -> results into (inputs..., results...):
/// constants become globals of `module`. `resultTypes` are the sizes that the results have; an
/// error when a constant's elements are missing, or when it draws random
/// numbers, with the node's description.
mlir::LogicalResult writeToArguments(mlir::func::FuncOp function, mlir::ModuleOp module,
                                     llvm::ArrayRef<mlir::Type> resultTypes,
                                     llvm::StringRef description);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_DESTINATIONS_H
