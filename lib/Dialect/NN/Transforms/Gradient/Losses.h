//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Losses with their cotangents in closed form.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_LOSSES_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_LOSSES_H

#include "Emitter.h"
#include "quantc/Dialect/NN/Transforms/Gradient.h"

namespace quantc::nn {

/// The type of the argument that `loss` of an output of type `type` reads, or null where the
/// output has no rows.
mlir::RankedTensorType lossArgumentType(Loss loss, mlir::RankedTensorType type);
/// "target", "labels" or "cotangent".
llvm::StringRef lossArgumentName(Loss loss);

struct LossParts {
  mlir::Value loss;      ///< tensor<1xT>
  mlir::Value cotangent; ///< of the output
};
LossParts emitLoss(Emitter &e, const GradientOptions &options, mlir::Value output,
                   mlir::Value argument);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_LOSSES_H
