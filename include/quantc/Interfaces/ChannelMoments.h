//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a batch normalisation told about the results of the linear map that it was folded into: each
// channel is close to normal, with mean beta and standard deviation |gamma|. The moments stay with
// the map as an attribute, and transforms of its result's channels change them as well.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_CHANNELMOMENTS_H
#define QUANTC_INTERFACES_CHANNELMOMENTS_H

#include "quantc/Interfaces/ChannelAlgebra.h"

namespace quantc {

/// Of each channel.
struct ChannelMoments {
  std::vector<double> mean, deviation;
};

/// `array<f64: mean..., deviation...>`.
inline constexpr llvm::StringLiteral channelMomentsAttr = "quantc.channel_moments";

/// Nullopt where there are none, or as many as the result has no channels.
std::optional<ChannelMoments> getChannelMoments(mlir::Operation *op, int64_t channels);
void setChannelMoments(mlir::Operation *op, const ChannelMoments &moments);

/// Of results that are multiplied by `factors` and shifted by `offsets` behind that; no-op where
/// there are no moments.
void rescaleChannelMoments(mlir::Operation *op, llvm::ArrayRef<double> factors,
                           llvm::ArrayRef<double> offsets);

/// For a transform of the result, whose channels lie in `rows` along axis 0. What mixes channels
/// takes the moments away.
void transformChannelMoments(mlir::Operation *op, const ChannelTransform &transform,
                             const ChannelSlot &rows, int64_t channels, bool inverse);

} // namespace quantc

#endif // QUANTC_INTERFACES_CHANNELMOMENTS_H
