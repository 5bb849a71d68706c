//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of activations rounded as codes would, in ops of the float graph that have derivatives, and
// rotations around the rounding as arguments, so that a loss of the network has gradients with
// respect to them (docs/Migration.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_TRANSFORMS_ROWROUNDING_H
#define QUANTC_DIALECT_NN_TRANSFORMS_ROWROUNDING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>
#include <vector>

namespace quantc::nn {

/// How a row becomes codes: [NUM-W4-2] and [NUM-W4-4] of docs/Numerics.md.
struct RowRounding {
  unsigned bits = 4;
  double clip = 1;
  int64_t group = 0; ///< inputs that share a scale; 0: the row
};

/// What the codes of `x`, along its last axis, stand for, bit for bit where x is finite. Its
/// derivative holds rounding errors in units of the scale, clips, and follows the scale to the
/// largest magnitude.
mlir::Value roundRows(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
                      const RowRounding &rounding);

/// An argument of `@main` that holds logarithms t [channels] of scales of one input.
struct ScaleArgument {
  int64_t input = 0; ///< among the `inputs` of its stream or heads
  std::string name;  ///< "stream0.scales2"
  unsigned argument = 0;
};

/// An argument of `@main` that holds a rotation R [channels, channels].
struct RotationArgument {
  bool ofHeads = false; ///< else of a stream
  int64_t number = 0;   ///< as nn-rotate counts
  int64_t channels = 0;
  std::string name; ///< of the argument: "stream0", "heads3"
  unsigned argument = 0;
  int64_t tensors = 0; ///< that are rounded under it
  std::vector<ScaleArgument> scales;
};

struct RotatedRowsOptions {
  RowRounding rounding;
  std::vector<std::string> exclude; ///< names of nodes that read what they did
  bool heads = true;                ///< heads have rotations, too
  bool scales = false;              ///< scales where the algebra of channels takes them up
};

/// Linear maps with a constant matrix read rounded rows from here on. What they read of a residual
/// stream or of an attention's values becomes round(x R) R^T with R an argument, or with D =
/// diag(e^t) beside it round(x R D^-1) D R^T; with every R orthogonal this is the network whose
/// weights have taken both up. Streams and heads as `findResidualStreams` and `findHeadValues` find
/// them; those that no such map reads have no argument.
mlir::FailureOr<std::vector<RotationArgument>> roundRotatedRows(mlir::func::FuncOp main,
                                                                const RotatedRowsOptions &options);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_TRANSFORMS_ROWROUNDING_H
