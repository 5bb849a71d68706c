//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moments of channels as an attribute of linear maps; see ChannelMoments.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/ChannelMoments.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

std::optional<ChannelMoments> quantc::getChannelMoments(Operation *op, int64_t channels) {
  auto values = op->getAttrOfType<DenseF64ArrayAttr>(channelMomentsAttr);
  if (!values || values.size() != 2 * channels)
    return std::nullopt;
  ArrayRef<double> all = values.asArrayRef();
  return ChannelMoments{all.take_front(channels).vec(), all.drop_front(channels).vec()};
}

void quantc::setChannelMoments(Operation *op, const ChannelMoments &moments) {
  std::vector<double> all = moments.mean;
  all.insert(all.end(), moments.deviation.begin(), moments.deviation.end());
  op->setAttr(channelMomentsAttr, DenseF64ArrayAttr::get(op->getContext(), all));
}

void quantc::rescaleChannelMoments(Operation *op, ArrayRef<double> factors,
                                   ArrayRef<double> offsets) {
  std::optional<ChannelMoments> moments =
      getChannelMoments(op, static_cast<int64_t>(factors.size()));
  if (!moments)
    return;
  for (size_t c = 0; c < factors.size(); ++c) {
    moments->mean[c] = moments->mean[c] * factors[c] + offsets[c];
    moments->deviation[c] = std::fabs(moments->deviation[c] * factors[c]);
  }
  setChannelMoments(op, *moments);
}

void quantc::transformChannelMoments(Operation *op, const ChannelTransform &transform,
                                     const ChannelSlot &rows, int64_t channels, bool inverse) {
  std::optional<ChannelMoments> moments = getChannelMoments(op, channels);
  if (!moments)
    return;
  std::vector<int64_t> of = rows.channelsOf(0, channels);
  std::vector<double> factors(channels, 1.0), offsets(channels, 0.0);
  switch (transform.kind) {
  case TransformKind::Scale:
    for (int64_t c = 0; c < channels; ++c)
      factors[c] = inverse ? transform.scale[of[c]] : 1.0 / transform.scale[of[c]];
    return rescaleChannelMoments(op, factors, offsets);
  case TransformKind::Shift:
    for (int64_t c = 0; c < channels; ++c)
      offsets[c] = inverse ? transform.shift[of[c]] : -transform.shift[of[c]];
    return rescaleChannelMoments(op, factors, offsets);
  case TransformKind::Rotation:
  case TransformKind::Permutation:
  case TransformKind::Centering:
    op->removeAttr(channelMomentsAttr);
    return;
  }
}
