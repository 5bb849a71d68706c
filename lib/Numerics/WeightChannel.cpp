//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantization of one weight channel. Besides rounding the weights, the scale is raised where the
// integer bias (or the sum itself) would be too large: batch-norm folding makes channels with tiny
// weights and an ordinary bias, whose bias_q = bias / (s_x * s_w) explodes. See [NUM-WGT-*].
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Quantize.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace quantc::numerics {

namespace {

/// [NUM-WGT-5] Smallest multiplier inScale*scale/outScale a channel may have: twice the smallest
/// legal dyadic.
constexpr double kMinMultiplierValue = 0x1p-38;
/// A change of the channel's output below this part of an output step counts as none.
constexpr double kNegligibleSteps = 1.0 / 16;
/// Finest scale of a channel without weights, 2^-23.
constexpr int kMaxZeroChannelShift = 23;

struct Problem {
  const float *w;
  size_t n, stride;
  double bias, inScale;
  int32_t qmax;
  double xmax; ///< max |x - zp|
  bool binary; ///< codes -1 and +1 only
  const WeightChannelOptions &options;

  float weight(size_t k) const { return w[k * stride]; }
  int32_t code(size_t k, float scale) const {
    if (binary) // [NUM-WGT-8]
      return weight(k) < 0 ? -1 : 1;
    return quantizeLinear(weight(k), scale, 0, -qmax, qmax);
  }
  double biasCode(float scale) const { return roundHalfEven(bias / (inScale * scale)); }

  /// |bias_q| + sum|w||x| at `scale`.
  double bound(float scale) const {
    double sum = 0;
    for (size_t k = 0; k < n; ++k)
      sum += std::abs(code(k, scale));
    return std::fabs(biasCode(scale)) + sum * xmax;
  }
  /// [NUM-WGT-3] Smallest scale found at or above `from` whose bound is below `limit`; nullopt if
  /// there is none.
  std::optional<float> raise(float from, double limit) const;
  /// [NUM-WGT-4] Whether going from scale `from` to `to` costs nothing: no weight is off by more
  /// than half a step of `from`, or the output moves by less than kNegligibleSteps.
  bool isFree(float from, float to) const;
};

std::optional<float> Problem::raise(float from, double limit) const {
  double scale = from;
  for (int step = 0; step < 400; ++step) {
    auto rounded = static_cast<float>(scale);
    if (!std::isfinite(rounded))
      return std::nullopt;
    double b = bound(rounded);
    if (b < limit)
      return rounded;
    scale = rounded * std::max(b / limit, 1.0 + 0x1p-10);
  }
  return std::nullopt;
}

bool Problem::isFree(float from, float to) const {
  double half = double(from) / 2, total = 0;
  bool within = true;
  for (size_t k = 0; k < n; ++k) {
    double error = std::fabs(weight(k) - double(to) * code(k, to));
    within &= error <= half;
    total += error;
  }
  return within || total * xmax * inScale <= kNegligibleSteps * options.outScale;
}

/// [NUM-WGT-6] Scale of a channel whose weights are all zero: 1 when the bias is zero too, else the
/// power of two down to 2^-23 that represents the bias best below half the soft limit.
float zeroChannelScale(const Problem &p) {
  if (p.binary) // +1 for every weight: as little as may be [NUM-WGT-8]
    return 0x1p-23f;
  float scale = 1.0f;
  double code = std::fabs(p.bias / p.inScale);
  for (int j = 0; code != 0 && j < kMaxZeroChannelShift && 4 * code < p.options.softLimit; ++j) {
    scale /= 2;
    code *= 2;
  }
  return scale;
}

std::optional<Problem> makeProblem(const float *w, size_t n, float bias, float inScale, IntRange x,
                                   int bits, const WeightChannelOptions &options, size_t stride) {
  if (bits < 1 || bits > 16 || !std::isfinite(bias) || !std::isfinite(inScale) || inScale <= 0 ||
      !std::isfinite(options.outScale) || options.outScale < 0)
    return std::nullopt;
  for (size_t k = 0; k < n; ++k)
    if (!std::isfinite(w[k * stride]))
      return std::nullopt;
  return Problem{w,
                 n,
                 stride,
                 bias,
                 inScale,
                 (1 << (bits - 1)) - 1,
                 static_cast<double>(x.maxAbs()),
                 bits == 1,
                 options};
}

WeightChannel finish(const Problem &p, float scale) {
  WeightChannel channel;
  channel.scale = scale;
  channel.q.resize(p.n);
  for (size_t k = 0; k < p.n; ++k)
    channel.q[k] = static_cast<int16_t>(p.code(k, scale));
  channel.bias = static_cast<int32_t>(p.biasCode(scale));
  channel.withinSoftLimit = p.bound(scale) < static_cast<double>(p.options.softLimit);
  return channel;
}

double effectiveHardLimit(const WeightChannelOptions &options) {
  return static_cast<double>(std::min<int64_t>(options.hardLimit, INT64_C(1) << 31));
}

} // namespace

std::optional<WeightChannel> quantizeWeightChannel(const float *w, size_t n, float bias,
                                                   float inScale, IntRange xMinusZp, int bits,
                                                   const WeightChannelOptions &options,
                                                   size_t stride) {
  std::optional<Problem> p = makeProblem(w, n, bias, inScale, xMinusZp, bits, options, stride);
  if (!p)
    return std::nullopt;
  float absmax = 0;
  for (size_t k = 0; k < n; ++k)
    absmax = std::max(absmax, std::fabs(p->weight(k)));

  float natural = absmax == 0 ? zeroChannelScale(*p) : naturalWeightScale(w, n, bits, stride);
  double smallest = kMinMultiplierValue * options.outScale / inScale;
  auto start = static_cast<float>(std::max(double(natural), smallest));
  if (!std::isfinite(start))
    return std::nullopt;
  std::optional<float> scale = p->raise(start, effectiveHardLimit(options));
  if (!scale)
    return std::nullopt;
  std::optional<float> softer = p->raise(*scale, static_cast<double>(options.softLimit));
  if (softer && p->isFree(*scale, *softer))
    scale = softer;

  WeightChannel channel = finish(*p, *scale);
  channel.scaleRaised = *scale > natural;
  return channel;
}

std::optional<WeightChannel> quantizeWeightChannelAt(const float *w, size_t n, float bias,
                                                     float inScale, float scale, IntRange xMinusZp,
                                                     int bits, const WeightChannelOptions &options,
                                                     size_t stride) {
  std::optional<Problem> p = makeProblem(w, n, bias, inScale, xMinusZp, bits, options, stride);
  if (!p || !(scale >= FLT_MIN) || !std::isfinite(scale) ||
      !(p->bound(scale) < effectiveHardLimit(options)))
    return std::nullopt;
  return finish(*p, scale);
}

} // namespace quantc::numerics
