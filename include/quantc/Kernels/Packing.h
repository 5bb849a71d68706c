//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compile-time packing of constants into the layouts the kernels read, and the
// derivation of conv_u8s8 / conv_f32 arguments from a convolution's shape.
//
// Convolution weights: [group][panel][segment][k/4][width][4] (s8) or
// [group][panel][segment][k][width] (fp32), width = 32 columns, 16 in a group's
// last panel when at most 16 remain. Segments and their length are those of
// planConv; the s8 segment is rounded up to 4 with zeros, missing columns are
// zero. The layout is the same on every level.
//
// Depthwise constants: channels are cut into blocks of B = 16*lanes (lanes =
// LevelInfo::depthwiseLanes), the last block narrowed to 16 or 32 channels where
// that suffices. Within a block of L lanes, position q*4L + 4l + i holds channel
// 16l + 4q + i of the block: the order in which byte unpacking leaves 16-byte
// lanes. s8 weights: [block][kx][ceil(KH/4)][position][4 ky].
//
// Weights of 4 bits: [panel][k/8][32 columns][4 bytes], byte j of a column holds
// k = 8b + j in its low and 8b + 4 + j in its high half, so that four bytes masked
// with 0x0f (or shifted) meet four consecutive k. What belongs to groups of k:
// [panel][group][32 columns]. Missing columns and k hold 0.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_KERNELS_PACKING_H
#define QUANTC_KERNELS_PACKING_H

#include <cstddef>
#include <cstdint>

namespace quantc::kernels {

/// A convolution on a padded NHWC input, as the compiler knows it. Strides in
/// elements. A linear layer is kernel 1x1 with outH = 1.
struct ConvShape {
  int64_t kernelH = 1, kernelW = 1;
  int64_t strideH = 1, strideW = 1;
  int64_t dilH = 1, dilW = 1;
  int64_t groups = 1;
  int64_t groupC = 1; ///< input channels per group
  int64_t groupN = 1; ///< output channels per group
  int64_t inRowStride = 0, inPixelStride = 0;
};

/// The stepping arguments of conv_u8s8 and conv_f32 for a ConvShape.
struct ConvPlan {
  int64_t inRowStep, inPixelStep;
  int64_t segH, segW, segLen, segStrideH, segStrideW;
  int64_t inGroupStride;
};

ConvPlan planConv(const ConvShape &shape);

/// Panels of 32 output channels per group: ceil(groupN / 32).
int64_t convPanelsPerGroup(int64_t groupN);

/// Elements that bias, mult and shift arrays must have:
/// (groups - 1) * groupN + roundUp(groupN, 16).
int64_t convChannels(int64_t groups, int64_t groupN);

/// Bytes of packed s8 weights.
size_t packedConvU8S8Size(const ConvShape &shape);

/// Packs OIHW weights [groups*groupN][groupC][kernelH][kernelW] into `dst`
/// (packedConvU8S8Size bytes, all written).
void packConvU8S8(const ConvShape &shape, const int8_t *oihw, int8_t *dst);

/// Elements of packed fp32 weights, and the packing, as for s8.
size_t packedConvF32Size(const ConvShape &shape);
void packConvF32(const ConvShape &shape, const float *oihw, float *dst);

/// Channels including padding of depthwise constants: roundUp(channels, 16),
/// or more where the last block is not narrowed that far (lanes 4, 33..48 left).
int64_t depthwiseChannels(int64_t lanes, int64_t channels);

/// Channel at a position of the depthwise order; -1 for padding.
int64_t depthwiseChannelAt(int64_t lanes, int64_t channels, int64_t position);

/// Bytes of packed depthwise weights.
size_t packedDepthwiseU8S8Size(int64_t lanes, int64_t channels, int64_t kernelH, int64_t kernelW);

/// Packs [channels][kernelH][kernelW] into `dst`, all bytes written.
void packDepthwiseU8S8(int64_t lanes, int64_t channels, int64_t kernelH, int64_t kernelW,
                       const int8_t *src, int8_t *dst);

/// Reorders a per-channel array (bias, multiplier, shift) of `channels` elements
/// into depthwiseChannels(lanes, channels) elements, padding with `pad`.
template <typename T>
void permuteDepthwise(int64_t lanes, int64_t channels, const T *src, T *dst, T pad = T()) {
  int64_t padded = depthwiseChannels(lanes, channels);
  for (int64_t p = 0; p < padded; ++p) {
    int64_t c = depthwiseChannelAt(lanes, channels, p);
    dst[p] = c < 0 ? pad : src[c];
  }
}

/// Fp32 depthwise weights [kernelH][kernelW][channels] from [channels][kernelH]
/// [kernelW].
void packDepthwiseF32(int64_t channels, int64_t kernelH, int64_t kernelW, const float *src,
                      float *dst);

/// Panels of 32 columns of grouped_linear_f32 and grouped_linear_s8.
int64_t groupedPanels(int64_t n);

/// Bytes of packed weights of 4 bits, [n][k].
size_t packedNibblesSize(int64_t n, int64_t k);

/// Packs [n][ceil(k / 2)] bytes (low half: even k) into `dst` (packedNibblesSize bytes, all
/// written). `flip` (0..15) is xored to each code: 8 makes codes of two's complement unsigned,
/// raised by 8.
void packNibbles(int64_t n, int64_t k, const uint8_t *src, uint8_t flip, uint8_t *dst);

/// [n][groups] -> [panel][group][32 columns].
template <typename T> void packGroups(int64_t n, int64_t groups, const T *src, T *dst) {
  for (int64_t panel = 0; panel < groupedPanels(n); ++panel)
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t column = panel * 32; column < panel * 32 + 32; ++column)
        *dst++ = column < n ? src[column * groups + g] : T();
}

} // namespace quantc::kernels

#endif // QUANTC_KERNELS_PACKING_H
