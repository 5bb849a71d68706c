//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Building and reading the affine parameters of `qnn.quantize` and `qnn.dequantize`, and the
// quantization of one linear map's weight and bias.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_PAIRS_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_PAIRS_H

#include "mlir/IR/Builders.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Options.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Numerics/Quantize.h"
#include <functional>

namespace quantc::qnn {

/// Constant scale and zero point, of rank 0 for one scale and rank 1 for several.
struct ParameterValues {
  mlir::Value scale, zeroPoint;
};
ParameterValues makeParameters(mlir::OpBuilder &builder, mlir::Location loc,
                               mlir::IntegerType storage, llvm::ArrayRef<float> scales,
                               int64_t zeroPoint, bool perAxis);

/// `value` quantized and dequantized again with these parameters; codes have `bits` bits, or the
/// storage's when 0.
DequantizeOp makePair(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                      mlir::IntegerType storage, const ParameterValues &parameters, int64_t axis,
                      unsigned bits = 0);

/// Scale and zero point of a dequantize with constant parameters of rank 0; nullopt otherwise.
std::optional<numerics::QuantParams> perTensorParameters(DequantizeOp op);

/// Replaces weight and bias by dequantized integers, and gives a result without observer its si32
/// form. The input must be the result of a per-tensor dequantize. Codes that the weight has already
/// (storedWeight) are kept. Fails with a diagnostic when a weight is not finite or an accumulator
/// cannot be kept inside 32 bits.
mlir::LogicalResult quantizeLinearMap(LinearMapOpInterface op, DequantizeOp input,
                                      const QuantizeOptions &options);

/// The per-tensor dequantize in front of the map, or null.
DequantizeOp quantizedInput(LinearMapOpInterface op);

/// The dequantize of constant codes with one step for each output channel and no zero points that
/// makes the map's weight; null where the weight is something else.
DequantizeOp storedWeight(LinearMapOpInterface op);

/// What the choice of a weight's codes must respect.
struct WeightLimits {
  int bits = 8;
  std::vector<float> weight, bias; ///< bias 0 where the map has none
  std::vector<float> steps;        ///< of each output channel, by the rules [NUM-WGT]
  /// Whether a channel may take a smaller step.
  std::function<bool(int64_t channel, float step)> allows;
};
/// Of a map behind a per-tensor dequantize. `options` must live as long as the result.
mlir::FailureOr<WeightLimits> weightLimits(LinearMapOpInterface op, DequantizeOp input,
                                           const QuantizeOptions &options);

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_PAIRS_H
