//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nodes of a quantized module beside those of its float module, each with a function of the node
// alone that any operands can be given to.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_EXPLAINPLAN_H
#define QUANTC_LIB_PIPELINES_EXPLAINPLAN_H

#include "mlir/IR/OwningOpRef.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Pipelines/Explain.h"
#include "quantc/Reference/Interpreter.h"

namespace quantc {

/// A function of one op, by the interpreter.
class OneOp {
public:
  /// A copy of `op` with all operands from outside; `change` may edit its attributes.
  static llvm::Expected<std::unique_ptr<OneOp>>
  create(mlir::Operation *op, llvm::function_ref<void(mlir::Operation *)> change = {});
  /// The first result for these operands, one for each of the op's.
  llvm::Expected<HostTensor> run(llvm::ArrayRef<HostTensor> operands) const;

private:
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mutable std::optional<Interpreter> interpreter;
};

/// One code for a tensor: real values [low, high] in steps of `scale`.
struct TensorCodes {
  float scale = 1;
  int32_t zeroPoint = 0, low = 0, high = 0;
  unsigned bits = 8;

  float clamp(float x) const;
  float round(float x) const;
};

/// An operand of the float op.
struct NodeOperand {
  /// Constants of both modules, between `loadConstants` and `dropConstants`.
  HostTensor reference, quantized;
  bool isConstant = false, isChanged = false;
  /// Activations: the values before they are quantized.
  mlir::Value referenceValue, quantizedValue;
  std::optional<TensorCodes> codes; ///< of a quantized activation
};

/// A node of both modules.
struct NodePlan {
  mlir::Operation *reference = nullptr, *quantized = nullptr;
  std::string name;
  std::vector<NodeOperand> operands;
  std::optional<unsigned> weight, bias;    ///< operands of a linear map
  int64_t weightAxis = 0, weightGroup = 0; ///< what shares a step: a channel, or this many inputs
  double weightBits = 0;
  /// Rows of activations that are quantized as they come: the op on float rows, and as it is.
  bool hasRows = false;
  float rowClip = 1;
  unsigned rowBits = 0;
  int64_t rowGroup = 0; ///< activations that share a scale; 0: a row

  /// Whether anything about the node itself is quantized.
  bool isQuantized() const;
  /// Whether all operands are known, so that an error can be split.
  bool canSplit = false;
};

/// Nodes of `quantized` with a float result, in its order, that `reference` has too. Linear maps of
/// `reference` get a bias of zeros where rounding gave theirs one.
llvm::Expected<std::vector<NodePlan>> planNodes(mlir::ModuleOp reference, mlir::ModuleOp quantized);

llvm::Error loadConstants(NodePlan &plan);
void dropConstants(NodePlan &plan);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_EXPLAINPLAN_H
