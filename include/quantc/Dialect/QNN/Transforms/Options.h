//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the user can choose about quantization; one struct for the passes of this folder and the
// pipelines. docs/Recipes.md says what each option means.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_OPTIONS_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_OPTIONS_H

#include "quantc/Calibration/Observer.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace quantc::qnn {

struct QuantizeOptions {
  /// Chooses the range of an activation from its statistics.
  ObserverKind observer = ObserverKind::MinMax;
  /// Percent of the values that the percentile observer keeps, in (0, 100].
  double percentile = 99.999;
  /// Weight of a further run in the moving average, in (0, 1].
  double averagingConstant = 0.01;
  /// `observer` serves only tensors that take both signs; graph inputs and tensors that are nowhere
  /// negative (behind ReLU, and their means) take min-max. Clipping the few large values of a
  /// rectified tensor costs more accuracy than its finer step gains.
  bool clipTwoSidedOnly = false;
  /// Biases take back what rounding errors of weights do to the means that batch normalizations
  /// tell.
  bool correctBias = false;
  /// Activations are si8 instead of ui8.
  bool activationSigned = false;
  /// The zero point of activations is the middle code.
  bool activationSymmetric = false;
  /// One weight scale per output channel instead of one per tensor.
  bool weightPerChannel = true;
  /// Bits of a weight code, in [1, 16]; codes lie in [-(2^(bits-1)-1), 2^(bits-1)-1], and are -1
  /// and +1 for 1 bit.
  unsigned weightBits = 8;
  /// Bits of an activation code, in [1, 16]; stored in 8 or 16.
  unsigned activationBits = 8;
  /// Nodes with widths of their own: "NAME=w4a6", "NAME=w4" or "NAME=a6", where NAME is a node's
  /// name or, for activations, an input's. wN is for the node's weight, aN for its result.
  std::vector<std::string> nodeBits;
  /// Nodes that stay float: a node name, an op type, or `re:` and an extended regular expression
  /// that matches a whole name or type.
  std::vector<std::string> exclude;
  /// Results of the last linear maps are 8-bit too, instead of dequantized 32-bit accumulators.
  bool quantizeOutputs = false;
};

/// Checks the ranges above and the regular expressions.
llvm::Error checkOptions(const QuantizeOptions &options);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_OPTIONS_H
