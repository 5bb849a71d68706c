//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Sliding windows over up to three spatial axes: output sizes, and unfolding (im2col) of a block of
// output positions into a matrix whose columns are positions and whose rows are taps. Fewer than
// three axes are extended with axes of size 1 in front, so that there is one loop nest.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_WINDOWLOOPS_H
#define QUANTC_SUPPORT_WINDOWLOOPS_H

#include "llvm/ADT/ArrayRef.h"
#include <algorithm>
#include <array>
#include <cstdint>

namespace quantc {

/// One spatial axis of a window op. All sizes are in elements.
struct WindowAxis {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1, padBefore = 0, padAfter = 0;
  int64_t output = 1;

  int64_t extent() const { return dilation * (kernel - 1) + 1; }
  /// Output size rounded down; less than 1 when the window does not fit.
  int64_t floorOutput() const {
    int64_t room = input + padBefore + padAfter - extent();
    return room < 0 ? 0 : room / stride + 1;
  }
  /// Output size rounded up, without windows that start behind input and leading padding.
  int64_t ceilOutput() const {
    int64_t room = input + padBefore + padAfter - extent();
    if (room < 0)
      return 0;
    int64_t size = (room + stride - 1) / stride + 1;
    return (size - 1) * stride >= input + padBefore ? size - 1 : size;
  }
  int64_t position(int64_t out, int64_t tap) const {
    return out * stride + tap * dilation - padBefore;
  }
  /// Outputs [first, last) whose tap `tap` lies inside the input.
  std::pair<int64_t, int64_t> validOutputs(int64_t tap) const {
    int64_t base = tap * dilation - padBefore; // position(out) = base + out * stride
    int64_t first = base >= 0 ? 0 : (-base + stride - 1) / stride;
    int64_t last = base >= input ? 0 : (input - 1 - base) / stride + 1;
    last = std::min(last, output);
    return {std::min(first, last), last};
  }
  /// Taps of output `out` that lie inside the input.
  int64_t validTaps(int64_t out) const {
    int64_t base = position(out, 0);
    int64_t first = base >= 0 ? 0 : (-base + dilation - 1) / dilation;
    int64_t last = base >= input ? 0 : std::min((input - 1 - base) / dilation + 1, kernel);
    return std::max<int64_t>(last - first, 0);
  }
};

/// Three axes, outermost first.
struct Window {
  std::array<WindowAxis, 3> axes;

  int64_t inputSize() const { return axes[0].input * axes[1].input * axes[2].input; }
  int64_t outputSize() const { return axes[0].output * axes[1].output * axes[2].output; }
  int64_t kernelSize() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
  /// A 1x1 window with step 1: unfolding is the identity.
  bool isPointwise() const {
    for (const WindowAxis &axis : axes)
      if (axis.kernel != 1 || axis.stride != 1 || axis.padBefore != 0 || axis.padAfter != 0)
        return false;
    return true;
  }
  bool hasPadding() const {
    for (const WindowAxis &axis : axes)
      for (int64_t out : {int64_t(0), axis.output - 1})
        if (axis.output > 0 && axis.validTaps(out) != axis.kernel)
          return true;
    return false;
  }
};

/// The window of an op with 1 to 3 spatial axes; `pads` holds all begins, then all ends. `output`
/// may be empty: then output sizes are rounded down.
inline Window makeWindow(llvm::ArrayRef<int64_t> input, llvm::ArrayRef<int64_t> kernel,
                         llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
                         llvm::ArrayRef<int64_t> pads, llvm::ArrayRef<int64_t> output = {}) {
  Window window;
  size_t rank = input.size();
  for (size_t i = 0; i < rank; ++i) {
    WindowAxis &axis = window.axes[3 - rank + i];
    axis.input = input[i];
    axis.kernel = kernel[i];
    axis.stride = strides[i];
    axis.dilation = dilations[i];
    axis.padBefore = pads[i];
    axis.padAfter = pads[rank + i];
    axis.output = output.empty() ? axis.floorOutput() : output[i];
  }
  return window;
}

/// Calls `row(tap, outBegin, count, in)` for maximal runs of outputs of one output row: `in` is the
/// offset within the channel of the run's first element (further ones are a stride apart), or -1
/// where the tap lies in the padding. Covers outputs [begin, end) of every tap.
template <typename Fn>
void forEachTapRun(const Window &window, int64_t begin, int64_t end, Fn run) {
  const auto &[z, y, x] = window.axes;
  int64_t tap = 0;
  for (int64_t kz = 0; kz < z.kernel; ++kz)
    for (int64_t ky = 0; ky < y.kernel; ++ky)
      for (int64_t kx = 0; kx < x.kernel; ++kx, ++tap) {
        auto [first, last] = x.validOutputs(kx);
        for (int64_t at = begin; at < end;) {
          int64_t rowIndex = at / x.output, ox = at % x.output;
          int64_t stop = std::min(end - rowIndex * x.output, x.output);
          int64_t iz = z.position(rowIndex / y.output, kz);
          int64_t iy = y.position(rowIndex % y.output, ky);
          bool inside = iz >= 0 && iz < z.input && iy >= 0 && iy < y.input;
          int64_t row = rowIndex * x.output;
          int64_t from = inside ? std::clamp(first, ox, stop) : stop;
          int64_t to = inside ? std::clamp(last, from, stop) : stop;
          if (from > ox)
            run(tap, row + ox, from - ox, int64_t(-1));
          if (to > from)
            run(tap, row + from, to - from, (iz * y.input + iy) * x.input + x.position(from, kx));
          if (stop > to && inside)
            run(tap, row + to, stop - to, int64_t(-1));
          at = row + stop;
        }
      }
}

/// Writes columns [begin, end) of the unfolded input into `block` (row stride `blockStride`): row
/// tap * channels + c holds tap `tap` of channel c. Taps in the padding get 0.
template <typename T>
void unfold(const Window &window, const T *input, int64_t channels, int64_t begin, int64_t end,
            T *block, int64_t blockStride) {
  int64_t channelSize = window.inputSize(), step = window.axes[2].stride;
  forEachTapRun(window, begin, end, [&](int64_t tap, int64_t out, int64_t count, int64_t in) {
    T *target = block + tap * channels * blockStride + (out - begin);
    for (int64_t c = 0; c < channels; ++c, target += blockStride) {
      if (in < 0) {
        std::fill_n(target, count, T(0));
        continue;
      }
      const T *source = input + c * channelSize + in;
      for (int64_t i = 0; i < count; ++i)
        target[i] = source[i * step];
    }
  });
}

} // namespace quantc

#endif // QUANTC_SUPPORT_WINDOWLOOPS_H
