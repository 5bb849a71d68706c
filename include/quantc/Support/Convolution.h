//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Convolution on the host over the tile product (TileProduct.h): unfolds blocks of output positions
// and multiplies. Each output starts at its bias, then takes one multiply-add per (tap, channel of
// the group), taps in row-major order, channels innermost: the order of the kernels (Kernels.h).
// Taps in the padding multiply 0.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_CONVOLUTION_H
#define QUANTC_SUPPORT_CONVOLUTION_H

#include "quantc/Support/TileProduct.h"
#include "quantc/Support/WindowLoops.h"
#include <vector>

namespace quantc {

/// One image. Sizes are per group.
template <typename T> struct ConvolutionArgs {
  Window window;
  int64_t groups = 1;
  int64_t channels = 1; ///< input channels of a group
  int64_t outputs = 1;  ///< output channels of a group
  const T *input;       ///< [groups * channels][positions], kTileColumns elements beyond readable
  const T *weights;     ///< packed by packConvolution
  const T *bias;        ///< [groups * outputs]
  T *out;               ///< [groups * outputs][output positions]
};

/// Packs weights given as [groups * outputs][channels][kernel positions].
template <typename T, typename Source>
std::vector<T> packConvolution(const Source *weights, int64_t groups, int64_t outputs,
                               int64_t channels, int64_t kernelSize) {
  std::vector<T> packed;
  int64_t depth = channels * kernelSize;
  packed.reserve(static_cast<size_t>(groups * outputs * depth));
  for (int64_t g = 0; g < groups; ++g, weights += outputs * depth) {
    std::vector<T> group = packRows<T>(outputs, depth, [&](int64_t row, int64_t k) {
      return static_cast<T>(weights[row * depth + (k % channels) * kernelSize + k / channels]);
    });
    packed.insert(packed.end(), group.begin(), group.end());
  }
  return packed;
}

/// Columns per block: the unfolded block stays within the second-level cache.
inline int64_t blockColumns(int64_t depth) {
  constexpr int64_t blockElements = 1 << 16;
  int64_t columns = blockElements / std::max<int64_t>(depth, 1);
  return std::clamp<int64_t>(columns / kTileColumns * kTileColumns, kTileColumns, 1024);
}

template <typename T>
void convolve(const ConvolutionArgs<T> &args, void (*product)(const ProductArgs<T> &)) {
  const Window &window = args.window;
  int64_t positions = window.outputSize(), depth = args.channels * window.kernelSize();
  bool pointwise = window.isPointwise();
  int64_t width = pointwise ? positions : blockColumns(depth);
  std::vector<T> block(pointwise ? 0 : static_cast<size_t>(depth * width));
  for (int64_t g = 0; g < args.groups; ++g) {
    const T *input = args.input + g * args.channels * window.inputSize();
    ProductArgs<T> call{args.out + g * args.outputs * positions,
                        positions,
                        args.weights + g * args.outputs * depth,
                        args.bias + g * args.outputs,
                        nullptr,
                        width,
                        args.outputs,
                        depth,
                        0};
    int64_t step = pointwise ? blockColumns(depth) : width;
    for (int64_t begin = 0; begin < positions; begin += step) {
      int64_t end = std::min(begin + step, positions);
      if (pointwise)
        call.columns = input + begin;
      else {
        unfold(window, input, args.channels, begin, end, block.data(), width);
        call.columns = block.data();
      }
      call.numColumns = end - begin;
      product(call);
      call.out += end - begin;
    }
  }
}

} // namespace quantc

#endif // QUANTC_SUPPORT_CONVOLUTION_H
