//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See GroupedLinear.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/GroupedLinear.h"
#include "quantc/Numerics/FloatLoops.h"

#include <algorithm>
#include <vector>

namespace quantc::numerics {

float quantizeRow(const float *x, int64_t n, int8_t *codes, int32_t most, float clip) {
  uint32_t magnitude = 0;
  for (int64_t i = 0; i < n; ++i)
    magnitude = std::max(magnitude, bitsOf(x[i]) & 0x7fffffffu);
  const float scale = rowScale(magnitude, most, clip);
  for (int64_t i = 0; i < n; ++i)
    codes[i] = rowCode(x[i], scale, most);
  return scale;
}

void groupedLinear(const GroupedWeights &w, const float *x, const float *bias, int64_t rows,
                   float *out) {
  constexpr int64_t strip = 64; // outputs whose weights are decoded at a time
  std::vector<float> decoded(static_cast<size_t>(w.inputs * strip));
  std::vector<float> sums(static_cast<size_t>(rows * strip));
  for (int64_t first = 0; first < w.outputs; first += strip) {
    const int64_t count = std::min(strip, w.outputs - first);
    for (int64_t i = 0; i < w.inputs; ++i)
      for (int64_t o = 0; o < count; ++o)
        decoded[static_cast<size_t>(i * count + o)] = w.weight(first + o, i);
    std::fill(sums.begin(), sums.end(), 0.0f);
    gemmFmaF32(sums.data(), x, decoded.data(), static_cast<size_t>(rows),
               static_cast<size_t>(count), static_cast<size_t>(w.inputs));
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t o = 0; o < count; ++o)
        out[r * w.outputs + first + o] =
            sums[static_cast<size_t>(r * count + o)] + (bias ? bias[first + o] : 0.0f);
  }
}

void groupedLinearDynamic(const GroupedWeights &w, const float *x, const float *bias, int64_t rows,
                          float *out, const RowFormat &format) {
  const int64_t span = format.groupScales ? w.group : w.inputs,
                spans = (w.inputs + span - 1) / span;
  std::vector<int8_t> codes(static_cast<size_t>(rows * w.inputs));
  std::vector<float> rowScales; // [rows][spans]
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t first = 0; first < w.inputs; first += span) {
      const int64_t at = r * w.inputs + first;
      rowScales.push_back(quantizeRow(x + at, std::min(span, w.inputs - first), codes.data() + at,
                                      mostRowCode(format.bits), format.clip));
    }
  std::vector<int32_t> differences(static_cast<size_t>(w.inputs));
  for (int64_t o = 0; o < w.outputs; ++o) {
    for (int64_t i = 0; i < w.inputs; ++i)
      differences[static_cast<size_t>(i)] = w.difference(o, i);
    for (int64_t r = 0; r < rows; ++r) {
      const int8_t *row = codes.data() + r * w.inputs;
      const float *scale = rowScales.data() + r * spans;
      float acc = 0.0f;
      for (int64_t first = 0; first < w.inputs; first += w.group) {
        int32_t sum = 0;
        for (int64_t i = first; i < std::min(w.inputs, first + w.group); ++i)
          sum += row[i] * differences[static_cast<size_t>(i)];
        float real = static_cast<float>(sum);
        if (format.groupScales)
          real *= scale[first / span];
        acc = fmaF32(real, w.scale(o, first), acc);
      }
      const float added = bias ? bias[o] : 0.0f;
      out[r * w.outputs + o] = format.groupScales ? acc + added : fmaF32(acc, *scale, added);
    }
  }
}

} // namespace quantc::numerics
