//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Affine quantization q = clamp(round(x / scale) + zp): the border between float and integers, and
// how scales and zero points are chosen. Rules [NUM-QNT-*] and [NUM-WGT-*] of docs/Numerics.md; the
// border follows ONNX QuantizeLinear / DequantizeLinear.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_QUANTIZE_H
#define QUANTC_NUMERICS_QUANTIZE_H

#include "quantc/Numerics/Rounding.h"
#include "quantc/Numerics/Saturation.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace quantc::numerics {

/// The real value of code q is scale * (q - zeroPoint). scale is positive and normal.
struct QuantParams {
  float scale = 1.0f;
  int32_t zeroPoint = 0;

  bool operator==(const QuantParams &o) const {
    return scale == o.scale && zeroPoint == o.zeroPoint;
  }
};

/// [NUM-QNT-1] ONNX QuantizeLinear: x / scale in fp32, to the nearest even integer, plus zp,
/// limited to [lo, hi]. Infinities saturate; NaN gives zp.
inline int32_t quantizeLinear(float x, float scale, int32_t zp, int32_t lo, int32_t hi) {
  double r = roundHalfEven(static_cast<double>(x / scale)) + zp;
  if (r != r)
    return static_cast<int32_t>(saturate(zp, lo, hi));
  return r < lo ? lo : (r > hi ? hi : static_cast<int32_t>(r));
}

/// [NUM-QNT-2] ONNX DequantizeLinear: float(q - zp) * scale in fp32.
inline float dequantizeLinear(int32_t q, float scale, int32_t zp) {
  return static_cast<float>(int64_t(q) - zp) * scale;
}

/// [NUM-QNT-3] Parameters for reals of [min, max] in codes [lo, hi]. The range is first widened to
/// hold 0, so that 0 has a code. Asymmetric: scale = (max-min)/(hi-lo), zp the nearest code of 0.
/// Symmetric: zp is the middle code (0 for s8, 128 for u8), scale = absmax/(hi-zp). An empty range,
/// or one whose scale would not be a normal float, gets scale 1. nullopt when min > max, a bound is
/// not finite, or lo >= hi.
std::optional<QuantParams> chooseParams(float min, float max, int32_t lo, int32_t hi,
                                        bool symmetric = false);

/// [NUM-WGT-1] Scale of symmetric weights, absmax / (2^(bits-1) - 1); 1 when that is no normal
/// float (all-zero channel). Codes lie in [-(2^(bits-1)-1), 2^(bits-1)-1], bits in [2, 16].
float symmetricWeightScale(float absmax, int bits);
/// [NUM-WGT-1] [NUM-WGT-8] The same from the weights themselves, also for 1 bit: then the codes are
/// -1 and +1 and the scale is the mean magnitude.
float naturalWeightScale(const float *w, size_t n, int bits, size_t stride = 1);

/// Limits of `quantizeWeightChannel`.
struct WeightChannelOptions {
  /// Scale of the op's output, 0 when unknown. Knowing it lets tiny channels be recognised.
  float outScale = 0.0f;
  /// Preferred and mandatory exclusive bounds of |bias_q| + sum|w||x|.
  int64_t softLimit = INT64_C(1) << 24;
  int64_t hardLimit = INT64_C(1) << 31;
};

/// One output channel of an integer contraction: real weight k is q[k] * scale, real bias is
/// bias * (inScale * scale).
struct WeightChannel {
  float scale = 1.0f;
  std::vector<int16_t> q;
  int32_t bias = 0;
  bool scaleRaised = false;    ///< the scale is above absmax / (2^(bits-1) - 1)
  bool withinSoftLimit = true; ///< |bias_q| + sum|w||x| < softLimit
};

/// [NUM-WGT-2..6] Quantizes a channel: weights symmetric to `bits` (1..16), half even, bias at
/// inScale*scale. The scale is raised until the accumulator bound is below hardLimit, and below
/// softLimit too where that costs nothing (see the rules). nullopt when a weight or the bias is not
/// finite, inScale is not positive and finite, bits is out of range, or no scale satisfies
/// hardLimit.
std::optional<WeightChannel> quantizeWeightChannel(const float *w, size_t n, float bias,
                                                   float inScale, IntRange xMinusZp, int bits = 8,
                                                   const WeightChannelOptions &options = {},
                                                   size_t stride = 1);

/// [NUM-WGT-7] The same for a scale that is given (per-tensor weights): no search, nullopt when the
/// bound reaches hardLimit.
std::optional<WeightChannel> quantizeWeightChannelAt(const float *w, size_t n, float bias,
                                                     float inScale, float scale, IntRange xMinusZp,
                                                     int bits = 8,
                                                     const WeightChannelOptions &options = {},
                                                     size_t stride = 1);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_QUANTIZE_H
