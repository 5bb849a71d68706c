//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of single elements and of runs of them, relative to their block's scale [NUM-FMT-2].
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_NUMBERFORMATCODEC_H
#define QUANTC_NUMERICS_NUMBERFORMATCODEC_H

#include "quantc/Numerics/NumberFormat.h"

#include <limits>

namespace quantc::numerics {

/// What the codes of a block are relative to, as numbers.
struct BlockParams {
  float scale = 1.0f;    ///< positive, or NaN where the block holds a number that is not finite
  int32_t zeroPoint = 0; ///< ZeroPointKind::Integer: a code
  float zero = 0.0f;     ///< ZeroPointKind::Float: the real value of the least code
  uint8_t selector = 0;  ///< which of several tables
};

/// What an error counts: sum of weight(k) * |x - x^|^norm, in fp64 and index order.
struct ErrorMeasure {
  double norm = 2.0;
  const double *weights = nullptr; ///< one per element, none: 1
};

/// The element codec of one format, with its tables. The format must have no faults.
///
/// encode is the nearest code of fp32(x / scale): half even for integers and minifloats, toward the
/// smaller number for tables; it saturates. NaN gives the code of 0 (minifloats: their NaN, or
/// -0 where they have none). decode is one fp32 product of the element's value and the scale
/// (float zero points: one FMA), so that decode(encode(x)) is simulated quantization bit for bit.
/// Codes of signed integers are two's complement in the low bits.
class NumberFormatCodec {
public:
  explicit NumberFormatCodec(const NumberFormat &format);

  const NumberFormat &getFormat() const { return format; }

  uint8_t encode(float x, const BlockParams &params) const;
  float decode(uint8_t code, const BlockParams &params) const;
  float fakeQuantize(float x, const BlockParams &params) const {
    return decode(encode(x, params), params);
  }

  /// The same for `n` elements of one block.
  void encode(const float *x, size_t n, const BlockParams &params, uint8_t *codes) const;
  void decode(const uint8_t *codes, size_t n, const BlockParams &params, float *x) const;
  /// `out` may be `x`.
  void fakeQuantize(const float *x, size_t n, const BlockParams &params, float *out) const;

  /// The error of fake quantization; stops adding, with a sum of at least `bound`, when it gets
  /// there.
  double error(const float *x, size_t n, const BlockParams &params, const ErrorMeasure &measure,
               double bound = std::numeric_limits<double>::infinity()) const;

private:
  uint8_t encodeInteger(float x, const BlockParams &params) const;
  float decodeInteger(uint8_t code, const BlockParams &params) const;

  NumberFormat format;
  std::vector<CodebookCoder> coders; ///< codebooks: one per table
  std::vector<float> values;         ///< minifloats: the number of each code
  int32_t least = 0, greatest = 0, fixedZero = 0;
  float unit = 1.0f; ///< integers: 2^-fractionBits
  uint32_t mask = 0xFF;
};

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_NUMBERFORMATCODEC_H
