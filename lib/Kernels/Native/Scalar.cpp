//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of one element that generated loops call (lib/Conversion/ONNXToLoops): codecs of small
// floats and the functions that have no instruction. They are inlined; those that end in libm stay
// calls of it. Names carry no level: a module holds one level's only.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "quantc/Numerics/Float.h"
#include "quantc/Numerics/Minifloat.h"
#include <cmath>

#ifdef QK_BITCODE

using namespace quantc;

extern "C" {

#define QK_CODEC(NAME, FORMAT)                                                                     \
  float qk_decode_##NAME(uint32_t code) {                                                          \
    return numerics::decodeMinifloat(numerics::FORMAT, code);                                      \
  }                                                                                                \
  uint32_t qk_encode_##NAME(double value, int32_t flags) {                                         \
    return numerics::encodeMinifloat(numerics::FORMAT, value, flags & 1);                          \
  }
QK_CODEC(f8e4m3fn, kF8E4M3FN)
QK_CODEC(f8e4m3fnuz, kF8E4M3FNUZ)
QK_CODEC(f8e5m2, kF8E5M2)
QK_CODEC(f8e5m2fnuz, kF8E5M2FNUZ)
QK_CODEC(f4e2m1, kF4E2M1)
#undef QK_CODEC

// These two never saturate: ONNX gives them infinities.
float qk_decode_f16(uint32_t code) { return numerics::decodeMinifloat(numerics::kF16, code); }
uint32_t qk_encode_f16(double value, int32_t) {
  return numerics::encodeMinifloat(numerics::kF16, value, false);
}
float qk_decode_bf16(uint32_t code) { return numerics::decodeMinifloat(numerics::kBF16, code); }
uint32_t qk_encode_bf16(double value, int32_t) {
  return numerics::encodeMinifloat(numerics::kBF16, value, false);
}

float qk_decode_f8e8m0(uint32_t code) { return numerics::decodeE8M0(code); }
/// Bit 0 of flags: saturate; from bit 1 on: numerics::E8M0Rounding.
uint32_t qk_encode_f8e8m0(double value, int32_t flags) {
  return numerics::encodeE8M0(static_cast<float>(value), flags & 1,
                              static_cast<numerics::E8M0Rounding>(flags >> 1));
}

/// Truncates; saturates; NaN gives 0.
int64_t qk_math_to_i64(double value) {
  if (!(value > -9223372036854775808.0))
    return value != value ? 0 : INT64_MIN;
  return value >= 9223372036854775808.0 ? INT64_MAX : static_cast<int64_t>(value);
}
/// Truncates; negative values wrap as C casts of their 64-bit integer do; NaN gives 0.
uint64_t qk_math_to_u64(double value) {
  if (!(value >= 0.0))
    return static_cast<uint64_t>(qk_math_to_i64(value));
  return value >= 18446744073709551616.0 ? UINT64_MAX : static_cast<uint64_t>(value);
}

float qk_math_exp_f32(float x) { return numerics::expF32(x); }
float qk_math_tanh_f32(float x) { return numerics::tanhF32(x); }
float qk_math_sigmoid_f32(float x) { return numerics::sigmoidF32(x); }
double qk_math_exp_f64(double x) { return std::exp(x); }
double qk_math_tanh_f64(double x) { return std::tanh(x); }
double qk_math_sigmoid_f64(double x) { return 1.0 / (1.0 + std::exp(-x)); }

#define QK_MATH(NAME, FLOAT, DOUBLE)                                                               \
  float qk_math_##NAME##_f32(float x) { return FLOAT(x); }                                         \
  double qk_math_##NAME##_f64(double x) { return DOUBLE(x); }
QK_MATH(abs, __builtin_fabsf, __builtin_fabs)
QK_MATH(sqrt, __builtin_sqrtf, __builtin_sqrt)
QK_MATH(floor, __builtin_floorf, __builtin_floor)
QK_MATH(ceil, __builtin_ceilf, __builtin_ceil)
QK_MATH(trunc, __builtin_truncf, __builtin_trunc)
QK_MATH(roundEven, __builtin_rintf, __builtin_rint)
QK_MATH(log, std::log, std::log)
QK_MATH(log1p, std::log1p, std::log1p)
QK_MATH(log2, std::log2, std::log2)
QK_MATH(sin, std::sin, std::sin)
QK_MATH(cos, std::cos, std::cos)
QK_MATH(tan, std::tan, std::tan)
QK_MATH(asin, std::asin, std::asin)
QK_MATH(acos, std::acos, std::acos)
QK_MATH(atan, std::atan, std::atan)
QK_MATH(sinh, std::sinh, std::sinh)
QK_MATH(cosh, std::cosh, std::cosh)
QK_MATH(asinh, std::asinh, std::asinh)
QK_MATH(acosh, std::acosh, std::acosh)
QK_MATH(atanh, std::atanh, std::atanh)
QK_MATH(erf, numerics::erfF32, std::erf)
#undef QK_MATH

#define QK_MATH2(NAME, FLOAT, DOUBLE)                                                              \
  float qk_math_##NAME##_f32(float x, float y) { return FLOAT(x, y); }                             \
  double qk_math_##NAME##_f64(double x, double y) { return DOUBLE(x, y); }
QK_MATH2(pow, std::pow, std::pow)
QK_MATH2(fmod, std::fmod, std::fmod)
QK_MATH2(copysign, __builtin_copysignf, __builtin_copysign)
#undef QK_MATH2

} // extern "C"

#endif // QK_BITCODE
