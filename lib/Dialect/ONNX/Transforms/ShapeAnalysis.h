//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes, element types and small values of all nodes of a graph, in one walk.
//
// The walk follows the order of the nodes, so a Shape sees inferred sizes and a Reshape sees the
// evaluated arithmetic in between. Dynamic sizes of graph inputs get names, equal for equal
// symbols, which shapes and tracked elements carry along. Result types are written to the IR as
// they are found; a node that nothing is known about keeps its declared type.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_ONNX_TRANSFORMS_SHAPEANALYSIS_H
#define QUANTC_LIB_DIALECT_ONNX_TRANSFORMS_SHAPEANALYSIS_H

#include "TrackedTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace quantc::onnx {

class ShapeAnalysis : public ValueSource {
public:
  /// Visits every node of the function's entry block and writes result types.
  explicit ShapeAnalysis(mlir::func::FuncOp function);

  std::optional<Shape> shape(mlir::Value value) const override;
  std::optional<llvm::SmallVector<int64_t>> integers(mlir::Value value) const override;
  /// The elements of a small tensor, as far as they are known, or null.
  const TrackedTensor *tracked(mlir::Value value) const;

  /// Records a result: its type is written to the IR.
  void set(mlir::Value value, mlir::Type elementType, ShapeRef shape);
  void set(mlir::Value value, TrackedTensor tensor);

private:
  void nameArguments(mlir::func::FuncOp function);
  void visit(NodeOp node);

  llvm::DenseMap<mlir::Value, Shape> shapes;
  /// A constant of the IR is read when it is asked for first.
  mutable llvm::DenseMap<mlir::Value, std::unique_ptr<TrackedTensor>> tensors;
};

/// A node while it is visited.
struct NodeContext {
  NodeReader reader;
  ShapeAnalysis &analysis;

  /// Elements of input `index`, or null when it is absent or not followed.
  const TrackedTensor *tracked(unsigned index) {
    mlir::Value value = reader.optionalInput(index);
    return value ? analysis.tracked(value) : nullptr;
  }
  /// Element type of input `index`, or null.
  mlir::Type elementType(unsigned index);
};

/// Sets the types of the node's results; failure leaves them as they are.
using InferFn = mlir::LogicalResult (*)(NodeContext &);
/// The first result's elements, when operands are followed and the op is known.
using EvaluateFn = std::optional<TrackedTensor> (*)(NodeContext &);

void addArithmeticInference(llvm::StringMap<InferFn> &table);
void addMovementInference(llvm::StringMap<InferFn> &table);
void addArithmeticEvaluation(llvm::StringMap<EvaluateFn> &table);
void addMovementEvaluation(llvm::StringMap<EvaluateFn> &table);

/// Makes the function's signature say what its terminator returns; warns where a declared result
/// cannot be the same.
void updateResultTypes(mlir::func::FuncOp function);

} // namespace quantc::onnx

#endif // QUANTC_LIB_DIALECT_ONNX_TRANSFORMS_SHAPEANALYSIS_H
