//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float weights and biases of linear maps as editable arrays.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_FLOATWEIGHTS_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_FLOATWEIGHTS_H

#include "quantc/Interfaces/QuantizableOpInterface.h"
#include <optional>
#include <vector>

namespace quantc::qnn {

/// A linear map's weight, [outputs, inputs, kernel...] with axis 0 counting outputs, and bias.
/// Edits become new constants when `store` is called.
class FloatWeights {
public:
  /// Nullopt when weight or bias is not constant, or axis 0 does not count output channels.
  static std::optional<FloatWeights> load(LinearMapOpInterface op);

  int64_t outputs() const { return shape[0]; }
  int64_t inputs() const { return shape[1]; }
  int64_t kernelSize() const;
  /// The elements that output o computes with input c (of its group).
  llvm::MutableArrayRef<float> taps(int64_t o, int64_t c);
  /// All elements of output o.
  llvm::MutableArrayRef<float> row(int64_t o);

  std::vector<double> bias;

  void store();

private:
  LinearMapOpInterface op;
  std::vector<int64_t> shape;
  std::vector<float> weight;
};

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_FLOATWEIGHTS_H
