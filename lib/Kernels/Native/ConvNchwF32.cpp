//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 convolutions of plain NCHW arrays whose sizes only a run knows. The windows of some pixels
// are copied side by side (a row for each tap); tiles of output channels by vectors of pixels then
// run through all taps, and end with the epilogue and the store. There are 64 pixels, or more for a
// few taps: planes of the result are pages apart, and memory is fast along a plane only. A
// pointwise convolution sees its image as one row, so pixels are contiguous whatever the width.
// Depthwise: DepthwiseNchwF32.h.
//
//===----------------------------------------------------------------------===//

#include "DepthwiseNchwF32.h"
#include "TileF32.h"

using namespace quantc::kernels;

namespace {

constexpr int64_t MaxPixels = 256;
constexpr int64_t PlanesAhead = 8;     ///< that are fetched while one is copied
constexpr int64_t WideElements = 6144; ///< of windows of more than PanelColumns pixels

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
  Run runs[MaxPixels];
  int64_t count, pixels;
  int64_t step; ///< distance of two taps' rows
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
  return covered == block.step;
}

/// block[(c, ky, kx)][pixel]; 0 in the padding and behind the last pixel.
void copyWindows(float *to, const Block &block, const PlainImage &s, int64_t channels) {
  const int64_t taps = s.kernelH * s.kernelW, plane = s.height * s.width;
  Span spans[MaxPixels];
  QK_NO_UNROLL
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t count;
    const bool whole = findSpans(spans, count, block, s, tap / s.kernelW, tap % s.kernelW);
    float *row = to + tap * block.step;
    QK_NO_UNROLL
    for (int64_t c = 0; c < channels; ++c, row += taps * block.step) {
      if (!whole)
        for (int64_t i = 0; i < block.step; i += VL)
          storeF(row + i, set1F(0.0f));
      QK_NO_UNROLL
      for (int64_t i = 0; i < count; ++i) {
        const float *from = spans[i].from + c * plane;
        for (int64_t j = 0; j < spans[i].count; j += 16)
          __builtin_prefetch(from + PlanesAhead * plane + j);
        copyStrided(row + spans[i].at, from, spans[i].count, s.strideW);
      }
    }
  }
}

/// Results that lie side by side in `from` to the images that have them.
void scatter(float *out, const float *from, const Block &block, int64_t pixels, int64_t channels,
             int64_t first, int64_t imageOut) {
  QK_NO_UNROLL
  for (int64_t done = 0; done < block.pixels;) {
    const int64_t image = (first + done) / pixels, pixel = (first + done) % pixels;
    const int64_t run = minI64(block.pixels - done, pixels - pixel);
    QK_NO_UNROLL
    for (int64_t o = 0; o < channels; ++o)
      copyFloats(out + image * imageOut + o * pixels + pixel, from + o * block.step + done, run);
    done += run;
  }
}

/// What a group's channels are made of.
struct Group {
  const float *weights;
  ChannelEpilogue epilogue;
  int64_t inChannels, outChannels;
};

/// One group of `images` images; several only where they have less than PanelColumns pixels.
void convolve(float *out, const float *in, const Group &g, float *scratch, const PlainImage &s,
              int64_t images, int64_t imageOut) {
  const int64_t k = g.inChannels * s.kernelH * s.kernelW, pixels = s.outH * s.outW;
  Block block;
  block.step = WideElements / maxI64(k, 1) / PanelColumns * PanelColumns;
  block.step = images > 1 ? PanelColumns : maxI64(PanelColumns, minI64(block.step, MaxPixels));
  const int64_t vectors = ceilDiv(images * pixels, VL);
  const int64_t blocks = ceilDiv(vectors, block.step / VL);
  float *results = scratch + k * block.step;
  int64_t first = 0;
  QK_NO_UNROLL
  for (int64_t i = 0; i < blocks; ++i) { // as even as vectors go
    const int64_t size = (vectors / blocks + (i < vectors % blocks)) * VL;
    findRuns(block, in, s, first, minI64(size, images * pixels - first));
    copyWindows(scratch, block, s, g.inChannels);
    multiply(PanelProduct{images == 1 ? out + first : results, g.weights, scratch,
                          images == 1 ? pixels : block.step, k, block.step, g.outChannels,
                          block.pixels, k},
             g.epilogue);
    if (images > 1)
      scatter(out, results, block, pixels, g.outChannels, first, imageOut);
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
  // Images of few pixels share blocks.
  const int64_t images = pixels < PanelColumns ? batch : 1;
  QK_NO_UNROLL
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t o = group * outGroup;
    const Group g = {weights + o * k, epilogue.from(o), inGroup, outGroup};
    QK_NO_UNROLL
    for (int64_t image = 0; image < batch; image += images)
      convolve(out + image * imageOut + o * pixels,
               in + image * imageIn + group * inGroup * height * width, g, scratch, s, images,
               imageOut);
  }
}
