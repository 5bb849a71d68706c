//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 convolutions of plain NCHW arrays whose sizes only a run knows. The windows of up to 64
// pixels are copied side by side (`block`: a row of 64 for each tap); tiles of output channels by
// vectors of pixels then run through all taps, and end with the epilogue and the store. A
// pointwise convolution sees its image as one row, so pixels are contiguous whatever the width.
// Depthwise: DepthwiseNchwF32.h.
//
//===----------------------------------------------------------------------===//

#include "DepthwiseNchwF32.h"
#include "TileF32.h"

using namespace quantc::kernels;

namespace {

/// Adjacent pixels of a block that lie in one row of the result.
struct Run {
  const float *image; ///< the group's first plane
  int64_t y, x, at, count;
};

/// What one tap copies for a run: elements inside of the image.
struct Span {
  const float *from;
  int64_t at, count;
};

struct Block {
  Run runs[PanelColumns];
  int64_t count, pixels;
};

/// The runs of `pixels` pixels from number `first` of the batch on.
void findRuns(Block &block, const float *in, const PlainImage &s, int64_t first, int64_t pixels) {
  block.count = 0, block.pixels = pixels;
  int64_t row = first / s.outW, x = first % s.outW;
  QK_NO_UNROLL
  for (int64_t at = 0; at < pixels; x = 0, ++row) {
    Run &run = block.runs[block.count++];
    run.image = in + row / s.outH * s.imageStride;
    run.y = row % s.outH, run.x = x, run.at = at;
    run.count = minI64(pixels - at, s.outW - x);
    at += run.count;
  }
}

/// The spans of one tap; whether they cover all pixels.
bool findSpans(Span *spans, int64_t &count, const Block &block, const PlainImage &s, int64_t ky,
               int64_t kx) {
  int64_t covered = 0;
  count = 0;
  QK_NO_UNROLL
  for (int64_t i = 0; i < block.count; ++i) {
    const Run &run = block.runs[i];
    const int64_t row = run.y * s.strideH + ky * s.dilH - s.padTop;
    const int64_t column = run.x * s.strideW + kx * s.dilW - s.padLeft;
    if (row < 0 || row >= s.height)
      continue;
    const int64_t skip = column >= 0 ? 0 : minI64(run.count, ceilDiv(-column, s.strideW));
    const int64_t room = s.width - 1 - column;
    const int64_t end = room < 0 ? 0 : minI64(run.count, room / s.strideW + 1);
    if (skip >= end)
      continue;
    spans[count++] = {run.image + row * s.width + column + skip * s.strideW, run.at + skip,
                      end - skip};
    covered += end - skip;
  }
  return covered == PanelColumns;
}

/// block[(c, ky, kx)][pixel]; 0 in the padding and behind the last pixel.
void copyWindows(float *to, const Block &block, const PlainImage &s, int64_t channels) {
  const int64_t taps = s.kernelH * s.kernelW, plane = s.height * s.width;
  Span spans[PanelColumns];
  QK_NO_UNROLL
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t count;
    const bool whole = findSpans(spans, count, block, s, tap / s.kernelW, tap % s.kernelW);
    float *row = to + tap * PanelColumns;
    QK_NO_UNROLL
    for (int64_t c = 0; c < channels; ++c, row += taps * PanelColumns) {
      if (!whole)
        for (int64_t i = 0; i < PanelColumns; i += VL)
          storeF(row + i, set1F(0.0f));
      QK_NO_UNROLL
      for (int64_t i = 0; i < count; ++i)
        copyStrided(row + spans[i].at, spans[i].from + c * plane, spans[i].count, s.strideW);
    }
  }
}

/// Results that lie side by side in `from` to where their images have them.
void scatter(float *out, const float *from, const Block &block, const PlainImage &s,
             int64_t channels, int64_t first, int64_t imageOut) {
  const int64_t pixels = s.outH * s.outW;
  QK_NO_UNROLL
  for (int64_t done = 0; done < block.pixels;) {
    const int64_t image = (first + done) / pixels, pixel = (first + done) % pixels;
    const int64_t run = minI64(block.pixels - done, pixels - pixel);
    QK_NO_UNROLL
    for (int64_t o = 0; o < channels; ++o)
      copyFloats(out + image * imageOut + o * pixels + pixel, from + o * PanelColumns + done, run);
    done += run;
  }
}

/// One group.
void convolve(float *out, const float *in, const float *weights, ChannelEpilogue epilogue,
              float *scratch, const PlainImage &s, int64_t batch, int64_t inChannels,
              int64_t outChannels, int64_t imageOut) {
  const int64_t k = inChannels * s.kernelH * s.kernelW, pixels = s.outH * s.outW;
  const int64_t vectors = ceilDiv(batch * pixels, VL);
  const int64_t blocks = ceilDiv(vectors, PanelColumns / VL);
  float *results = scratch + k * PanelColumns;
  Block block;
  int64_t first = 0;
  QK_NO_UNROLL
  for (int64_t i = 0; i < blocks; ++i) { // as even as vectors go
    const int64_t size = (vectors / blocks + (i < vectors % blocks)) * VL;
    findRuns(block, in, s, first, minI64(size, batch * pixels - first));
    copyWindows(scratch, block, s, inChannels);
    const int64_t image = first / pixels, pixel = first % pixels;
    const bool inOne = pixel + block.pixels <= pixels;
    multiply(PanelProduct{inOne ? out + image * imageOut + pixel : results, weights, scratch,
                          inOne ? pixels : PanelColumns, k, PanelColumns, outChannels, block.pixels,
                          k},
             epilogue);
    if (!inOne)
      scatter(out, results, block, s, outChannels, first, imageOut);
    first += block.pixels;
  }
}

/// A convolution whose windows are single pixels at their places has one row.
void flatten(PlainImage &s) {
  const bool pointwise = s.kernelH == 1 && s.kernelW == 1 && s.strideH == 1 && s.strideW == 1 &&
                         s.padTop == 0 && s.padLeft == 0 && s.outW == s.width && s.outH == s.height;
  if (!pointwise)
    return;
  s.width = s.outW = s.height * s.width;
  s.height = s.outH = 1;
}

} // namespace

extern "C" void QK_NAME(conv_nchw_f32)(float *out, const float *in, const float *weights,
                                       const float *scale, const float *shift, float *scratch,
                                       float lo, float hi, int64_t batch, int64_t channels,
                                       int64_t height, int64_t width, int64_t outChannels,
                                       int64_t outH, int64_t outW, int64_t kernelH, int64_t kernelW,
                                       int64_t strideH, int64_t strideW, int64_t dilH, int64_t dilW,
                                       int64_t padTop, int64_t padLeft, int64_t groups) {
  const int64_t imageIn = channels * height * width;
  // clang-format off
  PlainImage s = {height, width, kernelH, kernelW, strideH, strideW, dilH, dilW, padTop, padLeft,
                  outH, outW, imageIn};
  // clang-format on
  flatten(s);
  const int64_t inGroup = channels / groups, outGroup = outChannels / groups;
  const int64_t k = inGroup * kernelH * kernelW, pixels = outH * outW;
  const int64_t imageOut = outChannels * pixels;
  if (batch * pixels == 0 || outGroup == 0)
    return;
  const ChannelEpilogue epilogue = {scale, shift, lo, hi};
  if (groups > 1 && inGroup == 1) {
    for (int64_t image = 0; image < batch; ++image)
      depthwisePlanes(out + image * imageOut, in + image * s.imageStride, weights, epilogue,
                      scratch, s, groups, outGroup);
    return;
  }
  QK_NO_UNROLL
  for (int64_t group = 0; group < groups; ++group)
    convolve(out + group * outGroup * pixels, in + group * inGroup * height * width,
             weights + group * outGroup * k, epilogue.from(group * outGroup), scratch, s, batch,
             inGroup, outGroup, imageOut);
}
