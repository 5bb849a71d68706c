//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer elementwise kernels: addition and multiplication of quantized tensors,
// requantization, table lookup.
//
//===----------------------------------------------------------------------===//

#include "Loops.h"

using namespace quantc::kernels;

namespace {

QK_INLINE double scaleF64(int64_t m, int64_t s) {
  uint64_t bits = static_cast<uint64_t>(1023 - s) << 52;
  double power;
  __builtin_memcpy(&power, &bits, 8);
  return static_cast<double>(m) * power;
}

/// One multiplier for all elements, in the form its epilogue reads.
struct Uniform {
  int64_t epilogue, m, s, zp, lo, hi;

  inline __attribute__((always_inline)) int32_t scalar(int32_t acc) const {
    if (epilogue == EpilogueFma64)
      return requantizeF64Scalar(acc, scaleF64(m, s), zp, lo, hi);
    return requantizeScalar(acc, static_cast<int32_t>(m), static_cast<int32_t>(s), zp, lo, hi);
  }
#if !QK_PORTABLE
  inline __attribute__((always_inline)) VI vector(VI acc) const {
    VI zps = set1(static_cast<int32_t>(zp));
    if (QK_FMA && epilogue == EpilogueFma32)
      return requantizeFma32(acc, set1F(static_cast<float>(m) * powerOfTwo(-s)),
                             magicZeroPoint(zp));
    if (epilogue == EpilogueFma64) {
      alignas(64) double scales[VL];
      for (double &scale : scales)
        scale = scaleF64(m, s);
      return addZeroPoint(requantizeFma64(acc, scales), zps);
    }
    return requantizeInteger(acc, set1(static_cast<int32_t>(m)), set1(static_cast<int32_t>(s)),
                             zps);
  }
#endif
};

/// A row of n elements; a tensor's step is 0 (broadcast) or its stride.
template <typename Fn>
QK_INLINE void rowScalar(uint8_t *out, int64_t outStep, const uint8_t *a, int64_t aStep,
                         const uint8_t *b, int64_t bStep, int64_t n, Fn fn) {
  for (int64_t i = 0; i < n; ++i)
    out[i * outStep] = static_cast<uint8_t>(fn(a[i * aStep], b[i * bStep]));
}

#if !QK_PORTABLE
/// The same with dense output; steps are 0 or 1. fn combines two vectors of lanes.
template <typename Fn>
QK_INLINE void rowVector(uint8_t *out, const uint8_t *a, int64_t aStep, const uint8_t *b,
                         int64_t bStep, int64_t n, int64_t lo, int64_t hi, Fn fn) {
  auto lanes = [](const uint8_t *p, int64_t step, int64_t i)
                   __attribute__((always_inline)) { return step ? widenU8(p + i) : set1(*p); };
  mapBytes(out, n, lo, hi, [&](int64_t i) __attribute__((always_inline)) {
    return fn(lanes(a, aStep, i), lanes(b, bStep, i));
  });
}
#endif

/// Picks between the two for strides that are known only now.
template <typename Scalar, typename Vector>
QK_INLINE void row(uint8_t *out, int64_t outStep, const uint8_t *a, int64_t aStep, const uint8_t *b,
                   int64_t bStep, int64_t n, int64_t lo, int64_t hi, Scalar scalar, Vector vector) {
#if !QK_PORTABLE
  if (outStep == 1 && (aStep == 0 || aStep == 1) && (bStep == 0 || bStep == 1))
    return rowVector(out, a, aStep, b, bStep, n, lo, hi, vector);
#endif
  rowScalar(out, outStep, a, aStep, b, bStep, n, scalar);
}

/// ((a-zpA)*ma + (b-zpB)*mb + 2^(shift-1)) >> shift, + zp.
struct AddOp {
  int64_t ma, mb, shift, zp, lo, hi;
  int32_t start; ///< all constant terms of the sum

  inline __attribute__((always_inline)) AddOp(int64_t ma, int64_t mb, int64_t shift, int64_t zpA,
                                              int64_t zpB, int64_t zp, int64_t lo, int64_t hi)
      : ma(ma), mb(mb), shift(shift), zp(zp), lo(lo), hi(hi),
        start(static_cast<int32_t>((INT64_C(1) << (shift - 1)) - zpA * ma - zpB * mb)) {}
  inline __attribute__((always_inline)) int64_t operator()(uint8_t a, uint8_t b) const {
    int64_t sum = int64_t(a) * ma + int64_t(b) * mb + start;
    return minI64(maxI64((sum >> shift) + zp, lo), hi);
  }
#if !QK_PORTABLE
  inline __attribute__((always_inline)) VI operator()(VI a, VI b) const {
    VI sum = add(mul(a, set1(static_cast<int32_t>(ma))), mul(b, set1(static_cast<int32_t>(mb))));
    return add(sra(add(sum, set1(start)), shift), set1(static_cast<int32_t>(zp)));
  }
#endif
};

struct MulOp {
  int64_t zpA, zpB;
  Uniform requant;

  inline __attribute__((always_inline)) int64_t operator()(uint8_t a, uint8_t b) const {
    return requant.scalar(static_cast<int32_t>((a - zpA) * (b - zpB)));
  }
#if !QK_PORTABLE
  inline __attribute__((always_inline)) VI operator()(VI a, VI b) const {
    return requant.vector(
        mul(sub(a, set1(static_cast<int32_t>(zpA))), sub(b, set1(static_cast<int32_t>(zpB)))));
  }
#endif
};

} // namespace

extern "C" void QK_NAME(add_u8)(uint8_t *out, const uint8_t *a, const uint8_t *b, int64_t begin,
                                int64_t end, int64_t ma, int64_t mb, int64_t shift, int64_t zpA,
                                int64_t zpB, int64_t zp, int64_t lo, int64_t hi) {
  const AddOp op(ma, mb, shift, zpA, zpB, zp, lo, hi);
  row(out + begin, 1, a + begin, 1, b + begin, 1, end - begin, lo, hi, op, op);
}

extern "C" void QK_NAME(mul_u8)(uint8_t *out, const uint8_t *a, const uint8_t *b, int64_t begin,
                                int64_t end, int64_t m, int64_t s, int64_t zpA, int64_t zpB,
                                int64_t epilogue, int64_t zp, int64_t lo, int64_t hi) {
  const MulOp op{zpA, zpB, {epilogue, m, s, zp, lo, hi}};
  row(out + begin, 1, a + begin, 1, b + begin, 1, end - begin, lo, hi, op, op);
}

extern "C" void QK_NAME(add_u8_nd)(uint8_t *out, const uint8_t *a, const uint8_t *b, int64_t begin,
                                   int64_t end, int64_t d0, int64_t d1, int64_t d2, int64_t d3,
                                   int64_t d4, int64_t d5, int64_t o0, int64_t o1, int64_t o2,
                                   int64_t o3, int64_t o4, int64_t o5, int64_t a0, int64_t a1,
                                   int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t b0,
                                   int64_t b1, int64_t b2, int64_t b3, int64_t b4, int64_t b5,
                                   int64_t ma, int64_t mb, int64_t shift, int64_t zpA, int64_t zpB,
                                   int64_t zp, int64_t lo, int64_t hi) {
  const AddOp op(ma, mb, shift, zpA, zpB, zp, lo, hi);
  forEachUnit(begin, end, {d0, d1, d2, d3, d4}, {o0, o1, o2, o3, o4}, {a0, a1, a2, a3, a4},
              {b0, b1, b2, b3, b4},
              [&](int64_t o, int64_t i, int64_t j) __attribute__((always_inline)) {
                row(out + o, o5, a + i, a5, b + j, b5, d5, lo, hi, op, op);
              });
}

extern "C" void QK_NAME(mul_u8_nd)(uint8_t *out, const uint8_t *a, const uint8_t *b, int64_t begin,
                                   int64_t end, int64_t d0, int64_t d1, int64_t d2, int64_t d3,
                                   int64_t d4, int64_t d5, int64_t o0, int64_t o1, int64_t o2,
                                   int64_t o3, int64_t o4, int64_t o5, int64_t a0, int64_t a1,
                                   int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t b0,
                                   int64_t b1, int64_t b2, int64_t b3, int64_t b4, int64_t b5,
                                   int64_t m, int64_t s, int64_t zpA, int64_t zpB, int64_t epilogue,
                                   int64_t zp, int64_t lo, int64_t hi) {
  const MulOp op{zpA, zpB, {epilogue, m, s, zp, lo, hi}};
  forEachUnit(begin, end, {d0, d1, d2, d3, d4}, {o0, o1, o2, o3, o4}, {a0, a1, a2, a3, a4},
              {b0, b1, b2, b3, b4},
              [&](int64_t o, int64_t i, int64_t j) __attribute__((always_inline)) {
                row(out + o, o5, a + i, a5, b + j, b5, d5, lo, hi, op, op);
              });
}

extern "C" void QK_NAME(requantize_u8)(uint8_t *out, const uint8_t *in, int64_t rowBegin,
                                       int64_t rowEnd, int64_t cols, int64_t outRowStride,
                                       int64_t inRowStride, int64_t m, int64_t s, int64_t zpIn,
                                       int64_t epilogue, int64_t zp, int64_t lo, int64_t hi) {
  const Uniform requant{epilogue, m, s, zp, lo, hi};
  QK_NO_UNROLL
  for (int64_t r = rowBegin; r < rowEnd; ++r) {
    uint8_t *o = out + r * outRowStride;
    const uint8_t *a = in + r * inRowStride;
#if QK_PORTABLE
    for (int64_t i = 0; i < cols; ++i)
      o[i] = static_cast<uint8_t>(requant.scalar(static_cast<int32_t>(a[i] - zpIn)));
#else
    mapBytes(o, cols, lo, hi, [&](int64_t i) __attribute__((always_inline)) {
      return requant.vector(sub(widenU8(a + i), set1(static_cast<int32_t>(zpIn))));
    });
#endif
  }
}

extern "C" void QK_NAME(requantize_i32)(uint8_t *out, const int32_t *in, const void *mult,
                                        const int32_t *shift, int64_t rowBegin, int64_t rowEnd,
                                        int64_t cols, int64_t outRowStride, int64_t inRowStride,
                                        int64_t channelStride, int64_t epilogue, int64_t zp,
                                        int64_t lo, int64_t hi, int64_t accLo, int64_t accHi) {
#if !QK_PORTABLE
  // One multiplier for all columns: a vector of copies.
  alignas(64) char copies[8 * VL];
  alignas(64) int32_t shifts[VL];
  if (channelStride == 0) {
    const int size = epilogue == EpilogueFma64 ? 8 : 4;
    for (int i = 0; i < VL; ++i) {
      if (size == 8)
        __builtin_memcpy(copies + i * 8, mult, 8);
      else
        __builtin_memcpy(copies + i * 4, mult, 4);
      shifts[i] = epilogue == EpilogueInteger ? *shift : 0;
    }
    mult = copies;
    shift = shifts;
  }
#endif
  QK_NO_UNROLL
  for (int64_t r = rowBegin; r < rowEnd; ++r) {
    uint8_t *o = out + r * outRowStride;
    const int32_t *a = in + r * inRowStride;
#if QK_PORTABLE
    for (int64_t i = 0; i < cols; ++i) {
      int32_t acc = static_cast<int32_t>(minI64(maxI64(a[i], accLo), accHi));
      o[i] = static_cast<uint8_t>(
          requantizeAny(epilogue, acc, mult, shift, i * channelStride, zp, lo, hi));
    }
#else
    mapBytes(o, cols, lo, hi, [&](int64_t i) __attribute__((always_inline)) {
      VI acc = maxI32(minI32(load(a + i), set1(static_cast<int32_t>(accHi))),
                      set1(static_cast<int32_t>(accLo)));
      return requantizeVector(epilogue, acc, mult, shift, i * channelStride, zp);
    });
#endif
  }
}

extern "C" void QK_NAME(lookup_u8)(uint8_t *out, const uint8_t *in, const uint8_t *table,
                                   int64_t rowBegin, int64_t rowEnd, int64_t cols,
                                   int64_t outRowStride, int64_t inRowStride) {
  QK_NO_UNROLL
  for (int64_t r = rowBegin; r < rowEnd; ++r) {
    uint8_t *o = out + r * outRowStride;
    const uint8_t *a = in + r * inRowStride;
    int64_t i = 0;
#if QK_AVX512
    // Sixteen 16-entry tables, each applied where the high nibble selects it.
    VI rows[16];
    QK_UNROLL
    for (int h = 0; h < 16; ++h)
      rows[h] = _mm512_broadcast_i32x4(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(table + 16 * h)));
    QK_NO_UNROLL
    for (; i + 64 <= cols; i += 64) {
      VI x = load(a + i), low = _mm512_and_si512(x, _mm512_set1_epi8(15));
      VI high = _mm512_andnot_si512(_mm512_set1_epi8(15), x), y = zero();
      QK_UNROLL
      for (int h = 0; h < 16; ++h) {
        __mmask64 here = _mm512_cmpeq_epi8_mask(high, _mm512_set1_epi8(static_cast<char>(h << 4)));
        y = _mm512_mask_shuffle_epi8(y, here, rows[h], low);
      }
      store(o + i, y);
    }
#endif
    for (; i < cols; ++i)
      o[i] = table[a[i]];
  }
}
