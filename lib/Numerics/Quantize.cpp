//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choice of scale and zero point from a real range.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Quantize.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace quantc::numerics {

std::optional<QuantParams> chooseParams(float min, float max, int32_t lo, int32_t hi,
                                        bool symmetric) {
  if (!std::isfinite(min) || !std::isfinite(max) || min > max || lo >= hi)
    return std::nullopt;
  double low = std::min(0.0, double(min)), high = std::max(0.0, double(max));
  int64_t middle = (int64_t(lo) + hi + 1) >> 1;
  if (symmetric && hi == middle) // two codes only: there is none above the middle
    return std::nullopt;
  double scale = symmetric ? std::max(-low, high) / static_cast<double>(hi - middle)
                           : (high - low) / (double(hi) - lo);
  QuantParams params;
  params.scale = static_cast<float>(std::min(scale, double(FLT_MAX)));
  if (params.scale < FLT_MIN) {
    params.scale = 1.0f;
    low = 0.0; // everything is zero at this scale
  }
  double zp = symmetric ? static_cast<double>(middle) : roundHalfEven(lo - low / params.scale);
  params.zeroPoint = static_cast<int32_t>(std::clamp(zp, double(lo), double(hi)));
  return params;
}

float symmetricWeightScale(float absmax, int bits) {
  float scale = absmax / static_cast<float>((1 << (bits - 1)) - 1);
  return scale >= FLT_MIN && scale <= FLT_MAX ? scale : 1.0f;
}

float naturalWeightScale(const float *w, size_t n, int bits, size_t stride) {
  float absmax = 0;
  double sum = 0;
  for (size_t k = 0; k < n; ++k) {
    absmax = std::max(absmax, std::fabs(w[k * stride]));
    sum += std::fabs(w[k * stride]);
  }
  if (bits > 1)
    return symmetricWeightScale(absmax, bits);
  auto mean = static_cast<float>(sum / static_cast<double>(std::max<size_t>(n, 1)));
  return mean >= FLT_MIN && mean <= FLT_MAX ? mean : 1.0f;
}

} // namespace quantc::numerics
