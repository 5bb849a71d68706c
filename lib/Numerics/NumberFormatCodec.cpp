//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding and decoding relative to a block's scale. One arithmetic for single elements and runs.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormatCodec.h"
#include "quantc/Numerics/Fma.h"
#include "quantc/Numerics/Quantize.h"

#include <algorithm>
#include <cmath>

namespace quantc::numerics {

NumberFormatCodec::NumberFormatCodec(const NumberFormat &format) : format(format) {
  mask = (uint32_t(1) << format.elementBits()) - 1;
  switch (format.element) {
  case ElementKind::Integer:
    least = format.minCode();
    greatest = format.maxCode();
    fixedZero = format.middleCode();
    unit = std::ldexp(1.0f, -format.fractionBits);
    break;
  case ElementKind::Minifloat:
    for (uint32_t code = 0; code <= mask; ++code)
      values.push_back(decodeMinifloat(format.minifloat, code));
    break;
  case ElementKind::Codebook:
    for (const std::vector<float> &table : format.codebook.tables)
      coders.emplace_back(table);
    break;
  }
}

uint8_t NumberFormatCodec::encodeInteger(float x, const BlockParams &params) const {
  int32_t q = 0;
  switch (format.zeroPoint) {
  case ZeroPointKind::None: // the step is exact: a scale times a power of two
    q = quantizeLinear(x, params.scale * unit, fixedZero, least, greatest);
    break;
  case ZeroPointKind::Integer:
    q = quantizeLinear(x, params.scale, params.zeroPoint, least, greatest);
    break;
  case ZeroPointKind::Float:
    q = quantizeLinear(x - params.zero, params.scale, least, least, greatest);
    break;
  }
  return static_cast<uint8_t>(static_cast<uint32_t>(q) & mask);
}

float NumberFormatCodec::decodeInteger(uint8_t code, const BlockParams &params) const {
  auto q = static_cast<int32_t>(code & mask);
  if (format.isSigned && q > greatest)
    q -= static_cast<int32_t>(mask) + 1;
  switch (format.zeroPoint) {
  case ZeroPointKind::None:
    return dequantizeLinear(q, params.scale * unit, fixedZero);
  case ZeroPointKind::Integer:
    return dequantizeLinear(q, params.scale, params.zeroPoint);
  case ZeroPointKind::Float:
    return fmaF32(static_cast<float>(q - least), params.scale, params.zero);
  }
  return 0;
}

uint8_t NumberFormatCodec::encode(float x, const BlockParams &params) const {
  switch (format.element) {
  case ElementKind::Integer:
    return encodeInteger(x, params);
  case ElementKind::Minifloat:
    return static_cast<uint8_t>(encodeMinifloat(format.minifloat, x / params.scale, true));
  case ElementKind::Codebook:
    return coders[params.selector].encode(x / params.scale);
  }
  return 0;
}

float NumberFormatCodec::decode(uint8_t code, const BlockParams &params) const {
  switch (format.element) {
  case ElementKind::Integer:
    return decodeInteger(code, params);
  case ElementKind::Minifloat:
    return values[code & mask] * params.scale;
  case ElementKind::Codebook:
    return coders[params.selector].decode(code & mask) * params.scale;
  }
  return 0;
}

void NumberFormatCodec::encode(const float *x, size_t n, const BlockParams &params,
                               uint8_t *codes) const {
  if (format.element == ElementKind::Integer) { // a loop of its own: the common case
    for (size_t i = 0; i < n; ++i)
      codes[i] = encodeInteger(x[i], params);
    return;
  }
  for (size_t i = 0; i < n; ++i)
    codes[i] = encode(x[i], params);
}

void NumberFormatCodec::decode(const uint8_t *codes, size_t n, const BlockParams &params,
                               float *x) const {
  for (size_t i = 0; i < n; ++i)
    x[i] = decode(codes[i], params);
}

/// dequantizeLinear of quantizeLinear in a loop without branches, for codes of at most 8 bits:
/// quotients are limited to +-2^22 first, where adding 1.5 * 2^23 rounds half to even.
static void fakeQuantizeLinear(const float *x, size_t n, float scale, int32_t zeroPoint,
                               int32_t least, int32_t greatest, float *out) {
  constexpr float limit = 4194304.0f, magic = 12582912.0f;
  const auto low = static_cast<float>(least - zeroPoint);
  const auto high = static_cast<float>(greatest - zeroPoint);
  const float ofNan = std::clamp(0.0f, low, high);
  for (size_t i = 0; i < n; ++i) {
    float quotient = x[i] / scale;
    float limited = quotient < -limit ? -limit : quotient;
    limited = limited > limit ? limit : limited;
    float steps = (limited + magic) - magic;
    steps = steps < low ? low : steps;
    steps = steps > high ? high : steps;
    out[i] = (quotient == quotient ? steps : ofNan) * scale;
  }
}

void NumberFormatCodec::fakeQuantize(const float *x, size_t n, const BlockParams &params,
                                     float *out) const {
  if (format.element == ElementKind::Integer && format.zeroPoint != ZeroPointKind::Float) {
    bool fixed = format.zeroPoint == ZeroPointKind::None;
    fakeQuantizeLinear(x, n, fixed ? params.scale * unit : params.scale,
                       fixed ? fixedZero : params.zeroPoint, least, greatest, out);
    return;
  }
  for (size_t i = 0; i < n; ++i)
    out[i] = fakeQuantize(x[i], params);
}

double NumberFormatCodec::error(const float *x, size_t n, const BlockParams &params,
                                const ErrorMeasure &measure, double bound) const {
  constexpr size_t chunk = 64;
  float rounded[chunk];
  double sum = 0;
  for (size_t begin = 0; begin < n && sum < bound; begin += chunk) {
    size_t count = std::min(chunk, n - begin);
    fakeQuantize(x + begin, count, params, rounded);
    for (size_t i = 0; i < count; ++i) {
      double difference = std::fabs(double(x[begin + i]) - double(rounded[i]));
      double power = measure.norm == 2.0   ? difference * difference
                     : measure.norm == 1.0 ? difference
                                           : std::pow(difference, measure.norm);
      sum += measure.weights ? measure.weights[begin + i] * power : power;
    }
  }
  return sum;
}

} // namespace quantc::numerics
