//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a gradient is asked of: names become values and operands.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_TARGETS_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_TARGETS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/NN/Transforms/Gradient.h"
#include "llvm/ADT/DenseSet.h"

namespace quantc::nn {

/// A value, or one operand of an op: one of the two is null.
struct Target {
  std::string name;
  mlir::Value value;
  mlir::OpOperand *operand = nullptr;

  mlir::Type type() const { return operand ? operand->get().getType() : value.getType(); }
};

/// `options.wrt`. Reports names that mean nothing, or several things, at `main`.
mlir::FailureOr<std::vector<Target>> findTargets(mlir::func::FuncOp main,
                                                 const GradientOptions &options);
/// The ops that `options.stop` names.
mlir::FailureOr<llvm::DenseSet<mlir::Operation *>> findStops(mlir::func::FuncOp main,
                                                             const GradientOptions &options);
/// Index of the result that `options.output` names.
mlir::FailureOr<unsigned> findOutput(mlir::func::FuncOp main, const GradientOptions &options);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_TARGETS_H
