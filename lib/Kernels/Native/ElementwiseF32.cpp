//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 elementwise functions and reductions. The functions are those of Numerics,
// written so that the compiler vectorises them without changing a bit; sums run in
// index order [NUM-FLT-7, NUM-FLT-8].
//
//===----------------------------------------------------------------------===//

#include "Loops.h"

#include "quantc/Numerics/Float.h"

using namespace quantc;
using namespace quantc::kernels;

namespace {

// Values of `op`, as in Kernels.h.
enum : int64_t {
  UnaryRelu,
  UnaryLeakyRelu,
  UnaryClip,
  UnaryHardSigmoid,
  UnaryHardSwish,
  UnarySigmoid,
  UnaryTanh,
  UnaryExp,
  UnaryAbs,
  UnaryNeg,
  UnarySqrt,
  UnaryErf,
  UnaryReciprocal,
  UnaryGelu,
};
enum : int64_t { BinaryAdd, BinarySub, BinaryMul, BinaryDiv, BinaryMin, BinaryMax };

template <typename Fn>
QK_INLINE void map(float *out, const float *in, int64_t begin, int64_t end, Fn fn) {
  for (int64_t i = begin; i < end; ++i)
    out[i] = fn(in[i]);
}

/// Max and min return NaN if an operand is NaN.
QK_INLINE float minNaN(float a, float b) { return a != a ? a : b < a || b != b ? b : a; }
QK_INLINE float maxNaN(float a, float b) { return a != a ? a : b > a || b != b ? b : a; }

template <typename Fn>
QK_INLINE void combine(float *out, int64_t o, const float *a, int64_t aStep, const float *b,
                       int64_t bStep, int64_t n, Fn fn) {
  // The common strides get loops of their own, which vectorise.
  if (o == 1 && aStep == 1 && bStep == 1) {
    for (int64_t i = 0; i < n; ++i)
      out[i] = fn(a[i], b[i]);
  } else if (o == 1 && aStep == 1 && bStep == 0) {
    const float y = *b;
    for (int64_t i = 0; i < n; ++i)
      out[i] = fn(a[i], y);
  } else if (o == 1 && aStep == 0 && bStep == 1) {
    const float x = *a;
    for (int64_t i = 0; i < n; ++i)
      out[i] = fn(x, b[i]);
  } else {
    for (int64_t i = 0; i < n; ++i)
      out[i * o] = fn(a[i * aStep], b[i * bStep]);
  }
}

QK_INLINE void binaryRow(float *out, int64_t o, const float *a, int64_t aStep, const float *b,
                         int64_t bStep, int64_t n, int64_t op) {
  switch (op) {
  case BinaryAdd:
    return combine(out, o, a, aStep, b, bStep, n, [](float x, float y) { return x + y; });
  case BinarySub:
    return combine(out, o, a, aStep, b, bStep, n, [](float x, float y) { return x - y; });
  case BinaryMul:
    return combine(out, o, a, aStep, b, bStep, n, [](float x, float y) { return x * y; });
  case BinaryDiv:
    return combine(out, o, a, aStep, b, bStep, n, [](float x, float y) { return x / y; });
  case BinaryMin:
    return combine(out, o, a, aStep, b, bStep, n, [](float x, float y) { return minNaN(x, y); });
  case BinaryMax:
    return combine(out, o, a, aStep, b, bStep, n, [](float x, float y) { return maxNaN(x, y); });
  default:
    return;
  }
}

} // namespace

extern "C" void QK_NAME(unary_f32)(float *out, const float *in, int64_t begin, int64_t end,
                                   int64_t op, float alpha, float beta) {
  switch (op) {
  case UnaryRelu:
    return map(out, in, begin, end, [](float x) { return numerics::reluF32(x); });
  case UnaryLeakyRelu:
    return map(out, in, begin, end, [=](float x) { return numerics::leakyReluF32(x, alpha); });
  case UnaryClip:
    return map(out, in, begin, end, [=](float x) { return numerics::clipF32(x, alpha, beta); });
  case UnaryHardSigmoid:
    return map(out, in, begin, end,
               [=](float x) { return numerics::hardSigmoidF32(x, alpha, beta); });
  case UnaryHardSwish:
    return map(out, in, begin, end, [](float x) { return numerics::hardSwishF32(x); });
  case UnarySigmoid:
    return map(out, in, begin, end, [](float x) { return numerics::sigmoidF32(x); });
  case UnaryTanh:
    return map(out, in, begin, end, [](float x) { return numerics::tanhF32(x); });
  case UnaryExp:
    return map(out, in, begin, end, [](float x) { return numerics::expF32(x); });
  case UnaryAbs:
    return map(out, in, begin, end, [](float x) { return numerics::detail::absF32(x); });
  case UnaryNeg:
    return map(out, in, begin, end, [](float x) { return -x; });
  case UnarySqrt:
    return map(out, in, begin, end, [](float x) { return __builtin_sqrtf(x); });
  case UnaryErf:
    return map(out, in, begin, end, [](float x) { return numerics::erfF32(x); });
  case UnaryReciprocal:
    return map(out, in, begin, end, [](float x) { return 1.0f / x; });
  case UnaryGelu:
    return map(out, in, begin, end, [](float x) { return numerics::geluF32(x); });
  default:
    return;
  }
}

extern "C" void QK_NAME(binary_f32)(float *out, const float *a, const float *b, int64_t begin,
                                    int64_t end, int64_t op) {
  binaryRow(out + begin, 1, a + begin, 1, b + begin, 1, end - begin, op);
}

extern "C" void QK_NAME(binary_f32_nd)(float *out, const float *a, const float *b, int64_t begin,
                                       int64_t end, int64_t d0, int64_t d1, int64_t d2, int64_t d3,
                                       int64_t d4, int64_t d5, int64_t o0, int64_t o1, int64_t o2,
                                       int64_t o3, int64_t o4, int64_t o5, int64_t a0, int64_t a1,
                                       int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t b0,
                                       int64_t b1, int64_t b2, int64_t b3, int64_t b4, int64_t b5,
                                       int64_t op) {
  forEachUnit(begin, end, {d0, d1, d2, d3, d4}, {o0, o1, o2, o3, o4}, {a0, a1, a2, a3, a4},
              {b0, b1, b2, b3, b4},
              [&](int64_t o, int64_t i, int64_t j) __attribute__((always_inline)) {
                binaryRow(out + o, o5, a + i, a5, b + j, b5, d5, op);
              });
}

extern "C" void QK_NAME(softmax_f32)(float *out, const float *in, int64_t outerBegin,
                                     int64_t outerEnd, int64_t axis, int64_t inner) {
  QK_NO_UNROLL
  for (int64_t outer = outerBegin; outer < outerEnd; ++outer)
    QK_NO_UNROLL
  for (int64_t i = 0; i < inner; ++i) {
    const int64_t at = outer * axis * inner + i;
    float max = in[at];
    for (int64_t k = 1; k < axis; ++k)
      max = in[at + k * inner] > max ? in[at + k * inner] : max;
    for (int64_t k = 0; k < axis; ++k)
      out[at + k * inner] = numerics::expF32(in[at + k * inner] - max);
    float sum = 0.0f;
    for (int64_t k = 0; k < axis; ++k)
      sum += out[at + k * inner];
    for (int64_t k = 0; k < axis; ++k)
      out[at + k * inner] /= sum;
  }
}

extern "C" void QK_NAME(reduce_mean_f32)(float *out, const float *in, int64_t outerBegin,
                                         int64_t outerEnd, int64_t axis, int64_t inner) {
  const float divisor = static_cast<float>(axis);
  QK_NO_UNROLL
  for (int64_t outer = outerBegin; outer < outerEnd; ++outer) {
    const float *a = in + outer * axis * inner;
    float *o = out + outer * inner;
    for (int64_t i = 0; i < inner; ++i)
      o[i] = 0.0f;
    QK_NO_UNROLL
    for (int64_t k = 0; k < axis; ++k)
      for (int64_t i = 0; i < inner; ++i)
        o[i] += a[k * inner + i];
    for (int64_t i = 0; i < inner; ++i)
      o[i] /= divisor;
  }
}
