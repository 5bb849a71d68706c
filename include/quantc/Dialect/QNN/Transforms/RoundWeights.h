//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Storing the weights of linear maps in a number format, rounded with an eye on what they read.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_ROUNDWEIGHTS_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_ROUNDWEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/CrossMoments.h"
#include "quantc/Calibration/Moments.h"
#include "quantc/PTQ/Gptq.h"
#include <optional>

namespace quantc {
class Checkpoint;
}

namespace quantc::qnn {

struct RoundOptions {
  /// Text of the number format (docs/Formats.md).
  std::string format = "int4:g128:sym";
  /// Nodes that keep their weights: a node name, an op type, or `re:REGEX`.
  std::vector<std::string> exclude;
  /// Search of scales: none, mse, clip, codes, hqq or output.
  std::string search = "none";
  ptq::GptqOptions gptq{0.01, 1.0, /*actOrder=*/true};
  /// Scales of all groups from the weights before any rounding; otherwise those of a group from its
  /// weights as corrected by the time it comes up, which needs `gptq.actOrder` off: stored groups
  /// are neighbouring columns.
  bool staticGroups = true;
  /// GPTAQ: moments of the quantized model instead, and weights moved by `alpha` of the way to the
  /// outputs of the float one; may be null.
  const CrossMomentTable *cross = nullptr;
  double alpha = 0.25;
  /// In units of weights.
  ProgressFn progress;
  /// Keeps and gives the weights that are done; may be null.
  Checkpoint *checkpoint = nullptr;
};

/// What became of one weight.
struct RoundedWeight {
  std::string node;
  double bits = 0;        ///< stored bits for a weight
  double loss = 0;        ///< mean squared error of the layer's output on the moments' data
  double nearestLoss = 0; ///< that of the nearest values
  /// Mean squared error of the results of the block that the node belongs to, before its weights
  /// were learned together and after; absent where they were not.
  std::optional<std::pair<double, double>> blockLoss;
  /// Of integer weights rounded by data, means over output channels: damping of the moments, and
  /// the part of the way to the outputs of the float network. 0 otherwise.
  double damping = 0, alpha = 0;
  std::string message; ///< more damping than asked for, or no factor; empty otherwise
};

/// Puts an observer in front of every constant linear map over the last axis, one for each tensor,
/// named after the first node that reads it. Other observers are removed first.
void observeInputs(mlir::ModuleOp module);

/// Rounds each constant f32 weight of a linear map over the last axis by GPTQ, and stores it as
/// `qnn.decode`. Moments are those of the observer that `observeInputs` would put in front of the
/// map; a weight without moments is an error that names the node. Deterministic.
llvm::FailureOr<std::vector<RoundedWeight>>
roundWeights(mlir::ModuleOp module, const MomentTable &moments, const RoundOptions &options);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_ROUNDWEIGHTS_H
