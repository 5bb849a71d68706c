//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The means of what a linear map reads, as far as batch normalisations in front of it tell.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_INPUTMEANS_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_INPUTMEANS_H

#include "quantc/Interfaces/ChannelAlgebra.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "llvm/Support/Error.h"

namespace quantc::qnn {

/// Of each input channel, from the moments of the maps in front (`getChannelMoments`): results are
/// normal, sums of normal tensors too, behind functions of one element the mean is an integral, and
/// ops that move values or take means of positions move means. Observers and pairs of quantize and
/// dequantize change nothing. An error says what is not known.
llvm::Expected<std::vector<double>> inputMeans(LinearMapOpInterface op);

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_INPUTMEANS_H
