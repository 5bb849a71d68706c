//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codec of binary floats of at most 16 bits [NUM-FLT-9]: one pair of functions for every split into
// exponent and mantissa. Sources: IEEE 754-2019 (binary16), OCP OFP8 1.0 and MX 1.0 (e4m3fn, e5m2,
// e3m2, e2m3, e2m1, e8m0), ONNX "Float stored in 8 bits" (the fnuz forms, saturation).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_MINIFLOAT_H
#define QUANTC_NUMERICS_MINIFLOAT_H

#include <cstdint>
#include <cstring>

namespace quantc::numerics {

/// What codes beside the finite numbers there are.
enum class Specials {
  Ieee,        ///< the top exponent: infinities and NaNs
  NanOnly,     ///< the all-ones code is NaN (FN)
  NanIsMinus0, ///< the code of -0 is NaN, and there is no -0 (FNUZ)
  None         ///< finite numbers only
};

/// A format with `exponentBits` (0..8), `mantissaBits` (0..10) and, where `isSigned`, a sign bit
/// above them. Without exponent bits the magnitudes are the multiples m * 2^(1 - bias -
/// mantissaBits): integers with a binary point, as sign and magnitude.
struct MinifloatFormat {
  int exponentBits;
  int mantissaBits;
  int bias;
  Specials specials;
  bool isSigned = true;

  constexpr bool operator==(const MinifloatFormat &o) const {
    return exponentBits == o.exponentBits && mantissaBits == o.mantissaBits && bias == o.bias &&
           specials == o.specials && isSigned == o.isSigned;
  }
  /// Whether the fields say a format: codes of 1 to 16 bits whose numbers are all float32, and
  /// specials that leave finite numbers (infinities need exponent bits and mantissa bits, NaN in
  /// place of -0 needs a sign).
  constexpr bool isValid() const {
    if (exponentBits < 0 || exponentBits > 8 || mantissaBits < 0 || mantissaBits > 10 ||
        exponentBits + mantissaBits < 1 || bias < -1000 || bias > 1000)
      return false;
    if (specials == Specials::Ieee && (exponentBits < 1 || mantissaBits < 1))
      return false;
    if (specials == Specials::NanOnly && exponentBits + mantissaBits < 2)
      return false;
    if (specials == Specials::NanIsMinus0 && !isSigned)
      return false;
    const int top = static_cast<int>(maxCode() >> mantissaBits);
    return (top == 0 ? 1 : top) - bias <= 127 && 1 - bias - mantissaBits >= -149;
  }
  constexpr int bits() const { return (isSigned ? 1 : 0) + exponentBits + mantissaBits; }
  /// The magnitude's code of the largest finite number.
  constexpr uint32_t maxCode() const {
    uint32_t top = (uint32_t(1) << (exponentBits + mantissaBits)) - 1;
    if (specials == Specials::Ieee)
      return (((uint32_t(1) << exponentBits) - 1) << mantissaBits) - 1;
    return specials == Specials::NanOnly ? top - 1 : top;
  }
  /// The sign bit; in formats without one, the first bit above the code.
  constexpr uint32_t signBit() const { return uint32_t(1) << (exponentBits + mantissaBits); }
  constexpr uint32_t infinityCode() const { return maxCode() + 1; }
  /// A quiet NaN without sign; formats without one give 0.
  constexpr uint32_t nanCode() const {
    switch (specials) {
    case Specials::Ieee:
      return infinityCode() | (uint32_t(1) << (mantissaBits - 1));
    case Specials::NanOnly:
      return maxCode() + 1;
    case Specials::NanIsMinus0:
      return signBit();
    case Specials::None:
      return 0;
    }
    return 0;
  }
};

inline constexpr MinifloatFormat kF16{5, 10, 15, Specials::Ieee};
inline constexpr MinifloatFormat kBF16{8, 7, 127, Specials::Ieee};
inline constexpr MinifloatFormat kF8E4M3FN{4, 3, 7, Specials::NanOnly};
inline constexpr MinifloatFormat kF8E4M3FNUZ{4, 3, 8, Specials::NanIsMinus0};
inline constexpr MinifloatFormat kF8E5M2{5, 2, 15, Specials::Ieee};
inline constexpr MinifloatFormat kF8E5M2FNUZ{5, 2, 16, Specials::NanIsMinus0};
inline constexpr MinifloatFormat kF8E4M3{4, 3, 7, Specials::Ieee};
inline constexpr MinifloatFormat kF8E3M4{3, 4, 3, Specials::Ieee};
inline constexpr MinifloatFormat kF8E4M3B11FNUZ{4, 3, 11, Specials::NanIsMinus0};
inline constexpr MinifloatFormat kF6E2M3{2, 3, 1, Specials::None};
inline constexpr MinifloatFormat kF6E3M2{3, 2, 3, Specials::None};
inline constexpr MinifloatFormat kF4E2M1{2, 1, 1, Specials::None};
inline constexpr MinifloatFormat kF4E1M2{1, 2, 0, Specials::None};
inline constexpr MinifloatFormat kF4E3M0{3, 0, 3, Specials::None};
/// Scales of blocks: no sign, the top code is NaN.
inline constexpr MinifloatFormat kUE5M3{5, 3, 15, Specials::NanOnly, false};

namespace detail {
inline double doubleOfBits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline uint64_t bitsOfDouble(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
/// 2^exponent for -1022 <= exponent <= 1023.
inline double powerOfTwo(int exponent) { return doubleOfBits(uint64_t(exponent + 1023) << 52); }
} // namespace detail

/// The number that a code stands for; exact. Bits above the format's are ignored.
inline float decodeMinifloat(const MinifloatFormat &format, uint32_t code) {
  const uint32_t magnitude = code & (format.signBit() - 1);
  const bool negative = format.isSigned && (code & format.signBit());
  uint32_t nan = 0x7FC00000u | (negative ? 0x80000000u : 0);
  float special;
  std::memcpy(&special, &nan, sizeof special);
  if (format.specials == Specials::NanIsMinus0) {
    if (negative && magnitude == 0)
      return special;
  } else if (magnitude > format.maxCode()) {
    if (format.specials != Specials::Ieee || magnitude != format.infinityCode())
      return special;
    const double infinity = detail::doubleOfBits(uint64_t(0x7FF) << 52);
    return static_cast<float>(negative ? -infinity : infinity);
  }
  const int field = static_cast<int>(magnitude >> format.mantissaBits);
  const uint32_t mantissa = magnitude & ((uint32_t(1) << format.mantissaBits) - 1);
  const uint32_t steps = field == 0 ? mantissa : mantissa + (uint32_t(1) << format.mantissaBits);
  const int exponent = (field == 0 ? 1 : field) - format.bias - format.mantissaBits;
  const double value = static_cast<double>(steps) * detail::powerOfTwo(exponent);
  return static_cast<float>(negative ? -value : value);
}

/// The nearest code, ties to even; between two powers of two of a format without mantissa, to the
/// greater (IEEE 754-2019, 4.3.1). Beyond the largest number: that number where `saturate`, else
/// infinity, or NaN in formats without one; formats without either always saturate. NaN gives
/// nanCode(), and -0 in formats without NaN (as ml_dtypes, and so ONNX's tests, do for e2m1).
/// Formats without a sign give 0 for what is below 0, and for NaN where they have none.
inline uint32_t encodeMinifloat(const MinifloatFormat &format, double value, bool saturate) {
  const uint64_t bits = detail::bitsOfDouble(value);
  const bool negative = bits >> 63;
  const uint32_t sign = negative && format.isSigned ? format.signBit() : 0;
  const uint64_t magnitude = bits & ~(uint64_t(1) << 63);
  if (magnitude > (uint64_t(0x7FF) << 52)) {
    if (format.specials == Specials::None)
      return format.isSigned ? format.signBit() : 0;
    return format.specials == Specials::NanIsMinus0 ? format.nanCode() : sign | format.nanCode();
  }
  if (negative && !format.isSigned)
    return 0;
  const uint32_t overflow = saturate || format.specials == Specials::None ? format.maxCode()
                            : format.specials == Specials::Ieee           ? format.infinityCode()
                                                                          : format.nanCode();
  const bool overflowIsNan = !saturate && format.specials == Specials::NanIsMinus0;
  const uint32_t beyond = overflowIsNan ? format.nanCode() : sign | overflow;
  int exponent = static_cast<int>(magnitude >> 52) - 1023;
  const int least = 1 - format.bias;
  if (exponent > 127 + 1)
    return beyond;
  if (exponent < least)
    exponent = least;
  // Exact: a division by a power of two that leaves no subnormal double.
  const double steps =
      detail::doubleOfBits(magnitude) * detail::powerOfTwo(format.mantissaBits - exponent);
  // Adding 2^52 rounds to an integer, ties to even.
  const double rounded = (steps + 4503599627370496.0) - 4503599627370496.0;
  const uint32_t count = static_cast<uint32_t>(rounded);
  // A carry out of the mantissa adds one to the exponent field: the codes are consecutive.
  const uint32_t one = uint32_t(1) << format.mantissaBits;
  const uint32_t code =
      count < one && exponent == least
          ? count
          : (static_cast<uint32_t>(exponent + format.bias) << format.mantissaBits) + (count - one);
  if (code > format.maxCode())
    return beyond;
  if (code == 0 && format.specials == Specials::NanIsMinus0)
    return 0;
  return sign | code;
}

/// What lies halfway between the magnitude `code` < maxCode() and the next one, where rounding
/// changes; exact.
inline double minifloatMidpoint(const MinifloatFormat &format, uint32_t code) {
  return (static_cast<double>(decodeMinifloat(format, code)) +
          static_cast<double>(decodeMinifloat(format, code + 1))) /
         2;
}

/// 2^(code - 127); 255 is NaN. The scale type of MX formats: no sign, no zero.
inline float decodeE8M0(uint32_t code) {
  code &= 0xFF;
  if (code == 0xFF) {
    const uint32_t nan = 0x7FC00000u;
    float result;
    std::memcpy(&result, &nan, sizeof result);
    return result;
  }
  return static_cast<float>(detail::powerOfTwo(static_cast<int>(code) - 127));
}

enum class E8M0Rounding { Up, Down, Nearest };

/// The exponent of |value| as float32 (ONNX Cast, opset 24): rounded up to the next power of two,
/// down, or to the nearest with ties up. Infinity and NaN give 255; rounding up past 2^127 gives
/// 254 where `saturate`, else 255. Values below 2^-126 have the exponent field 0.
inline uint32_t encodeE8M0(float value, bool saturate, E8M0Rounding rounding) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t exponent = (bits >> 23) & 0xFF;
  const uint32_t fraction = bits & 0x7FFFFF;
  if (exponent == 0xFF)
    return 0xFF;
  bool up = false;
  if (rounding == E8M0Rounding::Up)
    up = fraction != 0;
  else if (rounding == E8M0Rounding::Nearest)
    up = fraction > 0x400000 || (fraction == 0x400000 && exponent > 0);
  if (up && saturate && exponent == 0xFE)
    up = false;
  return exponent + (up ? 1 : 0);
}

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_MINIFLOAT_H
