//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of a loss as a function of the float graph (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_TRANSFORMS_GRADIENT_H
#define QUANTC_DIALECT_NN_TRANSFORMS_GRADIENT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectRegistry.h"
#include <string>
#include <vector>

namespace quantc::nn {

/// The scalar that is differentiated, of the chosen output y, whose rows are its last axis.
enum class Loss {
  /// Mean, or sum, over elements of (y - t)^2, for a target t of y's type.
  MeanSquare,
  /// Mean, or sum, over rows of KL(softmax(t) || softmax(y)), for target logits t of y's type.
  KL,
  /// Mean, or sum, over rows of -log softmax(y)[label], for labels (si64) of y's shape without the
  /// last axis. Rows with the label `ignoreIndex` count for nothing; a mean over none is NaN.
  CrossEntropy,
  /// Sum over elements of y * c, for a cotangent c of y's type: the vector-Jacobian product.
  Cotangent,
};

struct GradientOptions {
  Loss loss = Loss::MeanSquare;
  /// Name of the output (`onnx.name`); empty: the first of floats.
  std::string output;
  /// What to differentiate with respect to, in the order of results:
  /// the name of an argument of `@main`; "NODE:weight" or "NODE:bias" of a linear map; "NODE:2" for
  /// operand 2 of a node; "NODE" for its result. Of an operand it is the gradient of this one use.
  std::vector<std::string> wrt;
  /// Names of nodes whose results count as constants.
  std::vector<std::string> stop;
  /// Means as said at each loss; sums otherwise.
  bool mean = true;
  int64_t ignoreIndex = -100;
  /// Keep tensors at block borders alone, and compute the inside of blocks again.
  bool recompute = false;
  /// Results begin with the model's own.
  bool keepOutputs = false;
};

/// A result that is a gradient.
struct GradientResult {
  std::string wrt;
  unsigned result = 0; ///< index among the results of `@main`
  mlir::RankedTensorType type;
};

struct GradientSignature {
  /// Index among the arguments of `@main` of the target, labels or cotangent: the last one.
  unsigned argument = 0;
  /// Index among the results of the loss, a tensor<1xT>.
  unsigned loss = 0;
  std::vector<GradientResult> gradients;
  /// Blocks that are computed twice.
  unsigned blocks = 0;
};

/// Makes derivatives of `nn` and `qnn` ops, and of the ONNX nodes beside them, known to contexts of
/// `registry`.
void registerGradients(mlir::DialectRegistry &registry);

/// Changes `@main` of a float graph (static shapes): it gets one argument more, and returns the
/// loss, then the gradients. Refuses with errors that name nodes what has no derivative on the way,
/// and names that are not there or not unique. What the loss does not depend on gets zeros, and a
/// remark. Calls registerGradients.
mlir::FailureOr<GradientSignature> buildGradient(mlir::ModuleOp module,
                                                 const GradientOptions &options);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_TRANSFORMS_GRADIENT_H
