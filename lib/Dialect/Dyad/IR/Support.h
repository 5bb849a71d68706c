//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Helpers shared by the verifiers and the semantics of the dyad ops.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_DYAD_IR_SUPPORT_H
#define QUANTC_LIB_DIALECT_DYAD_IR_SUPPORT_H

#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Support/TensorLoops.h"
#include "quantc/Support/WindowLoops.h"
#include "llvm/ADT/ArrayRef.h"
#include <optional>
#include <vector>

namespace quantc::dyad {

/// Every value of the element type.
numerics::IntRange typeRange(mlir::Type type);

/// The values of a small constant operand; nullopt when it is no constant, or its blob is absent.
std::optional<std::vector<int64_t>> constantValues(mlir::Value value);

/// Whether two dimensions can be equal: one of them may be dynamic.
inline bool dimensionsAgree(int64_t a, int64_t b) {
  return mlir::ShapedType::isDynamic(a) || mlir::ShapedType::isDynamic(b) || a == b;
}
bool shapesAgree(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// [DYAD-ZP-1] `zeroPoint` has rank 0 and the element type of `of`. `what` names the operand.
mlir::LogicalResult verifyZeroPoint(mlir::Operation *op, mlir::RankedTensorType zeroPoint,
                                    mlir::RankedTensorType of, llvm::StringRef what);
/// [DYAD-CLAMP-1] lo <= hi, both in the element type of `result`.
mlir::LogicalResult verifyClamp(mlir::Operation *op, mlir::RankedTensorType result, int64_t lo,
                                int64_t hi);

/// Fails with a diagnostic unless there is one tensor per operand, an instance of its static type,
/// with as many elements as its shape says.
mlir::LogicalResult checkOperands(mlir::Operation *op, llvm::ArrayRef<const IntTensor *> operands);
/// Fails with a diagnostic unless `shape` is an instance of the result's static type.
mlir::LogicalResult checkResultShape(mlir::Operation *op, llvm::ArrayRef<int64_t> shape);
/// The one result of evaluate.
inline mlir::FailureOr<llvm::SmallVector<IntTensor>> single(IntTensor result) {
  llvm::SmallVector<IntTensor> results;
  results.push_back(std::move(result));
  return results;
}

/// The smallest range that holds all of `ranges`, of which there is at least one.
numerics::IntRange unionOf(llvm::ArrayRef<numerics::IntRange> ranges);
/// What is known about an operand, said of a result.
ResultRange passThrough(const OperandRange &operand);

/// Says what a legal multiplier and shift would be; `op` is a requantize.
mlir::InFlightDiagnostic reportScale(RequantizeOp op, int64_t multiplier, int64_t shift);

/// Sum of the byte sizes of the constant operands, packed to their element widths.
int64_t constantBytes(mlir::Operation *op);
/// Elements of a tensor type, where a dynamic dimension counts as 1.
int64_t nominalElements(mlir::Type type);
/// Cost of an op that does one operation per result element.
OpCost elementwiseCost(mlir::Operation *op);

} // namespace quantc::dyad

#endif // QUANTC_LIB_DIALECT_DYAD_IR_SUPPORT_H
