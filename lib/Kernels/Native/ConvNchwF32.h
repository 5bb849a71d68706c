//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the convolutions of plain NCHW arrays share: sizes, epilogue, and copies of floats that
// touch nothing behind the last one.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_CONVNCHWF32_H
#define QUANTC_LIB_KERNELS_NATIVE_CONVNCHWF32_H

#include "PlainF32.h"

namespace quantc::kernels {

/// One image of the batch, and how windows lie on it. `imageStride` is the distance of two images.
struct PlainImage {
  int64_t height, width, kernelH, kernelW, strideH, strideW, dilH, dilW, padTop, padLeft;
  int64_t outH, outW, imageStride;
};

namespace {

/// What a vector of one channel's sums becomes.
struct Finish {
  bool scaled;
  VF scale, shift, lo, hi;

  QK_INLINE_MEMBER VF operator()(VF v) const {
    v = scaled ? fmaF(v, scale, shift) : addF(v, shift);
    // In this order NaN stays NaN, and hi wins over lo.
    return minF(hi, maxF(lo, v));
  }
};

struct ChannelEpilogue {
  static constexpr bool resumes = false;
  const float *scale, *shift;
  float lo, hi;

  QK_INLINE_MEMBER ChannelEpilogue from(int64_t channel) const {
    return {scale ? scale + channel : nullptr, shift ? shift + channel : nullptr, lo, hi};
  }
  QK_INLINE_MEMBER Finish of(int64_t channel) const {
    return {scale != nullptr, set1F(scale ? scale[channel] : 1.0f),
            set1F(shift ? shift[channel] : 0.0f), set1F(lo), set1F(hi)};
  }
};

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_CONVNCHWF32_H
