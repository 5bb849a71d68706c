//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rows of inputs that the weights of one output channel meet, in a matrix or a convolution.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_PATCHGEOMETRY_H
#define QUANTC_PTQ_PATCHGEOMETRY_H

#include <array>
#include <cstdint>
#include <vector>

namespace quantc::ptq {

/// One sample [channels, size[0], size[1], size[2]], of which the last two may be 1; or, for a
/// matrix, rows of `channels` numbers, one after the other, as many as there are.
struct PatchGeometry {
  static constexpr int kAxes = 3;
  using Sizes = std::array<int64_t, kAxes>;

  int64_t channels = 0, groups = 1;
  bool channelsLast = false; ///< a matrix over the last axis; what follows is 1 and 0
  Sizes size{1, 1, 1}, kernel{1, 1, 1}, strides{1, 1, 1}, dilations{1, 1, 1}, padsBefore{0, 0, 0},
      out{1, 1, 1};

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  /// Of a row: a group's channels times taps, in the order of a weight [out, channels / groups,
  /// kernel...].
  int64_t rowSize() const { return channels / groups * taps(); }
  int64_t positions() const { return out[0] * out[1] * out[2]; }
  /// Elements of a sample of a convolution.
  int64_t sampleSize() const { return channels * size[0] * size[1] * size[2]; }

  bool operator==(const PatchGeometry &o) const {
    return channels == o.channels && groups == o.groups && channelsLast == o.channelsLast &&
           size == o.size && kernel == o.kernel && strides == o.strides &&
           dilations == o.dilations && padsBefore == o.padsBefore && out == o.out;
  }

  /// Of each tap the share of the output's positions where it meets the input; borders are zeros.
  std::vector<double> tapShares() const;

  /// Rows of positions [first, first + count) of a group, row-major.
  void patches(const float *sample, int64_t group, int64_t first, int64_t count, float *rows) const;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_PATCHGEOMETRY_H
