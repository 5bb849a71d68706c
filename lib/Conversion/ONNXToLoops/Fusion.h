//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What follows a convolution channel by channel, and can be done while its results are in cache.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_FUSION_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_FUSION_H

#include "NodeLowering.h"

namespace quantc::toloops {

/// result = limited(x * scale[channel] + shift[channel], lo, hi), in float32.
struct ChannelEpilogue {
  Tensor scale, shift; ///< [channels]; may be empty
  double lo = -HUGE_VAL, hi = HUGE_VAL;
};

/// Takes over the nodes behind the node at hand, as long as each is the only user of the one
/// before: BatchNormalization (inference), then one of Relu and Clip with constant bounds. `bias`
/// is what the node adds itself. Result 0 of the last node taken over becomes `out`; the nodes are
/// marked as lowered.
ChannelEpilogue fuseEpilogue(NodeLowering &n, Tensor bias, Tensor out);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_FUSION_H
