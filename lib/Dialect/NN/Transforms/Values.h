//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What several passes of the float graph ask of values.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H

#include "quantc/Interfaces/ChannelAlgebra.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"

namespace quantc::nn {

/// The number that a constant of one element holds; nullopt for other values.
inline std::optional<double> scalarConstant(mlir::Value value) {
  std::optional<std::vector<float>> values = readFloats(getConstantElements(value));
  return values && values->size() == 1 ? std::optional<double>(values->front()) : std::nullopt;
}

/// All channels of a tensor's last axis.
inline ChannelSlot lastAxis(mlir::Value value) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  return ChannelSlot::axis(type.getRank() - 1, type.getShape().back());
}

/// The operand that holds the bias; null where there is none.
inline mlir::OpOperand *biasOperand(LinearMapOpInterface op) {
  mlir::Value bias = op.getBiasValue();
  if (!bias)
    return nullptr;
  for (mlir::OpOperand &operand : op->getOpOperands())
    if (operand.get() == bias && &operand != &op.getInputOperand() &&
        &operand != &op.getWeightOperand())
      return &operand;
  return nullptr;
}

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H
