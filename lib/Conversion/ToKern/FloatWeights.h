//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights and biases of float contractions in the order of their kernels: constants are packed
// here, weights that a run brings by copies at each run.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_TOKERN_FLOATWEIGHTS_H
#define QUANTC_LIB_CONVERSION_TOKERN_FLOATWEIGHTS_H

#include "Lowering.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Kernels/Packing.h"

namespace quantc::tokern {

/// The weight of `kern.conv_f32` from [outputs, inputs of a group, kernel...].
mlir::FailureOr<mlir::Value> packedConvWeight(Lowering &lowering, LinearMapOpInterface op,
                                              const kernels::ConvShape &shape);
/// The weight of `kern.depthwise_conv_f32` from [channels, 1, kernel...].
mlir::FailureOr<mlir::Value> packedDepthwiseWeight(Lowering &lowering, LinearMapOpInterface op,
                                                   const kernels::ConvShape &shape);
/// The bias, zeros where the op has none, with `padded` elements of which the last are zeros.
mlir::FailureOr<mlir::Value> packedBias(Lowering &lowering, LinearMapOpInterface op,
                                        int64_t channels, int64_t padded);

} // namespace quantc::tokern

#endif // QUANTC_LIB_CONVERSION_TOKERN_FLOATWEIGHTS_H
