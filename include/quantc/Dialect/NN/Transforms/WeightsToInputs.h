//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights as inputs: one compiled module runs with any values of its weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_TRANSFORMS_WEIGHTSTOINPUTS_H
#define QUANTC_DIALECT_NN_TRANSFORMS_WEIGHTSTOINPUTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace quantc::nn {

struct WeightInputOptions {
  /// Names of the nodes whose constants become inputs; empty: all linear maps.
  std::vector<std::string> nodes;
  /// Constant biases too.
  bool biases = false;
};

/// A constant that became an argument of `@main`.
struct WeightInput {
  /// Index among the arguments of `@main`. Those of the model come first, in their order.
  unsigned argument = 0;
  /// Name of the argument: the node's, and ":weight" or ":bias". Unique.
  std::string name;
  std::string node;
  bool isBias = false;
  /// Axis that counts output channels.
  int64_t outputAxis = 0;
  /// What the constant held (f32). Equal attributes: the nodes shared one constant.
  mlir::ElementsAttr value;
};

/// Makes the constant f32 weights (and biases) of linear maps (LinearMapOpInterface) arguments of
/// `@main`, one for each use, in program order. A weight that is no f32 constant stays, with a
/// remark. A name of `options.nodes` that no linear map has is an error.
mlir::FailureOr<std::vector<WeightInput>> weightsToInputs(mlir::ModuleOp module,
                                                          const WeightInputOptions &options = {});

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_TRANSFORMS_WEIGHTSTOINPUTS_H
