//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compile-time packing; see the header for the layouts.
//
//===----------------------------------------------------------------------===//

#include "quantc/Kernels/Packing.h"

#include <cstring>

using namespace quantc::kernels;

namespace {

constexpr int64_t panelColumns = 32;
constexpr int64_t blockColumns = 16;
constexpr int64_t blockChannels = 16;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

/// Segments are merged along the kernel's width where their bytes are contiguous.
bool mergesWidth(const ConvShape &s) {
  return s.groups == 1 && s.dilW == 1 && s.inPixelStride == s.groupC;
}

/// Calls fn(packed element, source index or -1) for every element of the packed
/// weights, in order; `kStep` values of k lie together.
template <typename Fn> void forEachPacked(const ConvShape &s, int64_t kStep, Fn fn) {
  const ConvPlan plan = planConv(s);
  const int64_t taps = s.kernelH * s.kernelW;
  size_t at = 0;
  for (int64_t g = 0; g < s.groups; ++g)
    for (int64_t first = 0; first < s.groupN; first += panelColumns) {
      int64_t width = s.groupN - first <= blockColumns ? blockColumns : panelColumns;
      for (int64_t seg = 0; seg < plan.segH * plan.segW; ++seg)
        for (int64_t k0 = 0; k0 < roundUp(plan.segLen, kStep); k0 += kStep)
          for (int64_t n = first; n < first + width; ++n)
            for (int64_t k = k0; k < k0 + kStep; ++k, ++at) {
              // Position within the kernel, tap by tap, channels innermost.
              int64_t tap = (seg * plan.segLen + k) / s.groupC;
              int64_t c = (seg * plan.segLen + k) % s.groupC;
              bool exists = n < s.groupN && k < plan.segLen;
              fn(at, exists ? ((g * s.groupN + n) * s.groupC + c) * taps + tap : int64_t(-1));
            }
    }
}

size_t packedSize(const ConvShape &s, int64_t kStep) {
  const ConvPlan plan = planConv(s);
  int64_t k = plan.segH * plan.segW * roundUp(plan.segLen, kStep);
  int64_t tail = s.groupN % panelColumns;
  int64_t columns = s.groupN - tail;
  if (tail > 0)
    columns += tail <= blockColumns ? blockColumns : panelColumns;
  return static_cast<size_t>(s.groups * columns * k);
}

/// Channels of the depthwise block that starts at channel `first`.
int64_t blockSize(int64_t lanes, int64_t channels, int64_t first) {
  int64_t rest = channels - first;
  int64_t size = blockChannels * lanes;
  while (size > blockChannels && rest <= size / 2)
    size /= 2;
  return size;
}

} // namespace

ConvPlan quantc::kernels::planConv(const ConvShape &s) {
  ConvPlan plan;
  bool merged = mergesWidth(s);
  plan.inRowStep = s.strideH * s.inRowStride;
  plan.inPixelStep = s.strideW * s.inPixelStride;
  plan.segH = s.kernelH;
  plan.segW = merged ? 1 : s.kernelW;
  plan.segLen = merged ? s.kernelW * s.groupC : s.groupC;
  plan.segStrideH = s.dilH * s.inRowStride;
  plan.segStrideW = s.dilW * s.inPixelStride;
  plan.inGroupStride = s.groupC;
  return plan;
}

int64_t quantc::kernels::convPanelsPerGroup(int64_t groupN) {
  return ceilDiv(groupN, panelColumns);
}

int64_t quantc::kernels::convChannels(int64_t groups, int64_t groupN) {
  return (groups - 1) * groupN + roundUp(groupN, blockColumns);
}

size_t quantc::kernels::packedConvU8S8Size(const ConvShape &shape) { return packedSize(shape, 4); }

void quantc::kernels::packConvU8S8(const ConvShape &shape, const int8_t *oihw, int8_t *dst) {
  forEachPacked(shape, 4, [=](size_t at, int64_t from) { dst[at] = from < 0 ? 0 : oihw[from]; });
}

size_t quantc::kernels::packedConvF32Size(const ConvShape &shape) { return packedSize(shape, 1); }

void quantc::kernels::packConvF32(const ConvShape &shape, const float *oihw, float *dst) {
  forEachPacked(shape, 1, [=](size_t at, int64_t from) { dst[at] = from < 0 ? 0 : oihw[from]; });
}

int64_t quantc::kernels::depthwiseChannels(int64_t lanes, int64_t channels) {
  int64_t padded = 0;
  while (padded < channels)
    padded += blockSize(lanes, channels, padded);
  return padded;
}

int64_t quantc::kernels::depthwiseChannelAt(int64_t lanes, int64_t channels, int64_t position) {
  int64_t first = 0;
  while (position - first >= blockSize(lanes, channels, first))
    first += blockSize(lanes, channels, first);
  int64_t blockLanes = blockSize(lanes, channels, first) / blockChannels;
  int64_t p = position - first;
  int64_t vector = p / (4 * blockLanes), lane = p / 4 % blockLanes, i = p % 4;
  int64_t channel = first + blockChannels * lane + 4 * vector + i;
  return channel < channels ? channel : -1;
}

size_t quantc::kernels::packedDepthwiseU8S8Size(int64_t lanes, int64_t channels, int64_t kernelH,
                                                int64_t kernelW) {
  return static_cast<size_t>(depthwiseChannels(lanes, channels) * kernelW * ceilDiv(kernelH, 4) *
                             4);
}

void quantc::kernels::packDepthwiseU8S8(int64_t lanes, int64_t channels, int64_t kernelH,
                                        int64_t kernelW, const int8_t *src, int8_t *dst) {
  const int64_t quads = ceilDiv(kernelH, 4);
  const int64_t padded = depthwiseChannels(lanes, channels);
  std::memset(dst, 0, packedDepthwiseU8S8Size(lanes, channels, kernelH, kernelW));
  for (int64_t first = 0; first < padded;) {
    int64_t size = blockSize(lanes, channels, first);
    int8_t *block = dst + first * kernelW * quads * 4;
    for (int64_t p = 0; p < size; ++p) {
      int64_t c = depthwiseChannelAt(lanes, channels, first + p);
      if (c < 0)
        continue;
      for (int64_t ky = 0; ky < kernelH; ++ky)
        for (int64_t kx = 0; kx < kernelW; ++kx)
          block[((kx * quads + ky / 4) * size + p) * 4 + ky % 4] =
              src[(c * kernelH + ky) * kernelW + kx];
    }
    first += size;
  }
}

void quantc::kernels::packDepthwiseF32(int64_t channels, int64_t kernelH, int64_t kernelW,
                                       const float *src, float *dst) {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t tap = 0; tap < kernelH * kernelW; ++tap)
      dst[tap * channels + c] = src[c * kernelH * kernelW + tap];
}

int64_t quantc::kernels::groupedPanels(int64_t n) { return ceilDiv(n, panelColumns); }

size_t quantc::kernels::packedNibblesSize(int64_t n, int64_t k) {
  return static_cast<size_t>(groupedPanels(n) * panelColumns * ceilDiv(k, 8) * 4);
}

void quantc::kernels::packNibbles(int64_t n, int64_t k, const uint8_t *src, uint8_t flip,
                                  uint8_t *dst) {
  const int64_t rowBytes = ceilDiv(k, 2);
  const auto code = [=](int64_t column, int64_t i) {
    if (column >= n || i >= k)
      return 0;
    return (src[column * rowBytes + i / 2] >> (i % 2 * 4) & 15) ^ flip;
  };
  for (int64_t panel = 0; panel < groupedPanels(n); ++panel)
    for (int64_t first = 0; first < k; first += 8)
      for (int64_t column = panel * panelColumns; column < (panel + 1) * panelColumns; ++column)
        for (int64_t i = first; i < first + 4; ++i)
          *dst++ = static_cast<uint8_t>(code(column, i) | code(column, i + 4) << 4);
}
