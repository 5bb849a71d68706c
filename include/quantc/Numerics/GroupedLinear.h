//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers whose weights are integers of 4 bits in groups of consecutive inputs with a float
// scale and an integer zero point each, on float activations (W4A16) or on rows that are quantized
// as they come (W4A8). Rules [NUM-W4-*] of docs/Numerics.md. These functions are the definition;
// kernels on levels with FMA give the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_GROUPEDLINEAR_H
#define QUANTC_NUMERICS_GROUPEDLINEAR_H

#include "quantc/Numerics/Fma.h"

#include <cstddef>
#include <cstdint>

namespace quantc::numerics {

/// Weights [outputs][inputs]. All arrays are dense and belong to the caller.
struct GroupedWeights {
  int64_t outputs = 0, inputs = 0;
  int64_t group = 1; ///< inputs that share a scale, at least 1; the last group may be shorter
  /// [outputs][ceil(inputs / 2)] bytes: an even input in the low half, the next in the high half.
  const uint8_t *codes = nullptr;
  bool isSigned = false;              ///< codes are -8..7 in two's complement, else 0..15
  const float *scales = nullptr;      ///< [outputs][groups()]
  const int8_t *zeroPoints = nullptr; ///< [outputs][groups()], in the codes' range; null: all 0

  int64_t groups() const { return (inputs + group - 1) / group; }
  /// code - zero point, in -15..15.
  int32_t difference(int64_t output, int64_t input) const {
    int32_t code = codes[output * ((inputs + 1) / 2) + input / 2] >> (input % 2 * 4) & 15;
    if (isSigned)
      code = (code ^ 8) - 8;
    return zeroPoints ? code - zeroPoints[output * groups() + input / group] : code;
  }
  float scale(int64_t output, int64_t input) const {
    return scales[output * groups() + input / group];
  }
  /// [NUM-W4-1] float(code - zero point) * scale, rounded once.
  float weight(int64_t output, int64_t input) const {
    return static_cast<float>(difference(output, input)) * scale(output, input);
  }
};

/// Greatest code of a row in `bits` bits, 2 to 8: 2^(bits-1) - 1.
constexpr int32_t mostRowCode(int64_t bits) { return (1 << (bits - 1)) - 1; }

/// [NUM-W4-2] Scale of a row of activations: absmax * clip / most, but at least 2^-126. `magnitude`
/// is the greatest bit pattern of |x| in the row, so that infinity and NaN reach the scale; clip is
/// in (0, 1].
inline float rowScale(uint32_t magnitude, int32_t most, float clip) {
  const float scale = floatOfBits(magnitude) * clip / static_cast<float>(most);
  return scale < 0x1p-126f ? 0x1p-126f : scale;
}

/// [NUM-W4-2] x / scale to the nearest even integer within [-most - 1, most]; NaN gives 0. Without
/// a clipped range -most - 1 does not occur.
inline int8_t rowCode(float x, float scale, int32_t most) {
  const float high = static_cast<float>(most), low = -high - 1.0f;
  float quotient = x / scale;
  quotient = quotient == quotient ? quotient : 0.0f;
  quotient = quotient < high ? quotient : high;
  quotient = quotient > low ? quotient : low;
  // The integer is left in the low bits.
  return static_cast<int8_t>(bitsOf(quotient + 12582912.0f));
}

/// How rows of activations become codes.
struct RowFormat {
  int64_t bits = 8; ///< 2 to 8
  /// Part of the greatest magnitude that the greatest code stands for, in (0, 1].
  float clip = 1;
  /// A scale for each group of the weights instead of one for the row.
  bool groupScales = false;
};

/// Codes of n activations that share a scale, which is returned.
float quantizeRow(const float *x, int64_t n, int8_t *codes, int32_t most, float clip);

/// [NUM-W4-1] out[r][o] = sum over inputs in order of fma(x[r][i], weight(o, i), acc) from +0, then
/// + bias[o] (null: +0): bit for bit the float linear layer on the decoded weights. x is
/// [rows][inputs], out [rows][outputs].
void groupedLinear(const GroupedWeights &weights, const float *x, const float *bias, int64_t rows,
                   float *out);

/// [NUM-W4-3] The same on rows quantized by [NUM-W4-2]: acc = fma(float(S_g), scale_g, acc) over
/// the groups in order from +0, S_g = sum of code_x * (code - zero point) in 32 bits; out =
/// fma(acc, row scale, bias[o]). With a scale of the row's for each group: acc = fma(float(S_g) *
/// row scale_g, scale_g, acc), out = acc + bias[o] [NUM-W4-4]. group is at most 2^16.
void groupedLinearDynamic(const GroupedWeights &weights, const float *x, const float *bias,
                          int64_t rows, float *out, const RowFormat &format);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_GROUPEDLINEAR_H
