//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an op of a module counts as: the one rule behind the report of a compilation and the ledger.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_COVERAGE_H
#define QUANTC_LIB_PIPELINES_COVERAGE_H

#include "mlir/IR/OpDefinition.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/IntegerSemantics.h"

namespace quantc {

enum class OpCoverage {
  None, ///< a constant, the border, or no part of the model's arithmetic
  Integer,
  Float,
};

inline OpCoverage coverageOf(mlir::Operation *op) {
  if (op->hasTrait<mlir::OpTrait::ConstantLike>())
    return OpCoverage::None;
  if (mlir::isa<IntegerSemantics>(op))
    return OpCoverage::Integer;
  // A node that `nn` does not hold (docs/Nodes.md), whatever its types; a layer that computes in
  // float on stored codes; a rotation that has no integer form.
  bool isFloat = mlir::isa<onnx::NodeOp, qnn::GroupedLinearOp, qnn::HadamardOp>(op) ||
                 mlir::isa_and_nonnull<nn::NNDialect>(op->getDialect());
  return isFloat ? OpCoverage::Float : OpCoverage::None;
}

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_COVERAGE_H
