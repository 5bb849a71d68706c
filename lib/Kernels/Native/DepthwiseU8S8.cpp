//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Depthwise convolution of the SIMD levels. The bytes of up to four vertically
// adjacent pixels are interleaved, so that one dword holds four rows of one channel
// and a 4-way dot product applies four taps of a column at once. For 3x3 a fourth
// row is free: with stride 1 the same interleaved column serves two output rows,
// whose weights are {w0,w1,w2,0} and {0,w0,w1,w2}, and the kernel slides along x
// with two sets of live accumulators, so each column is loaded and shuffled once.
//
// A block narrower than a vector (16 or 32 channels of 64) fills it with several
// `streams`: equal pieces of the row, computed side by side. Where the row does not
// divide, the last pieces overlap and write the same values twice.
//
//===----------------------------------------------------------------------===//

#include "Dot.h"
#include "Epilogue.h"

#if !QK_PORTABLE

using namespace quantc::kernels;

namespace {

#if QK_AVX512
constexpr int rowsPerPass = 2;
#else
constexpr int rowsPerPass = 1; // 16 registers hold the accumulators of one row
#endif

/// The vector whose S-th parts come from p + offset[s].
template <int S> QK_INLINE VI loadStreams(const uint8_t *p, const int64_t *offset) {
#if QK_AVX512
  auto load256 = [](const uint8_t *q) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(q));
  };
  auto load128 = [](const uint8_t *q) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i *>(q));
  };
  if constexpr (S == 2)
    return _mm512_inserti64x4(_mm512_castsi256_si512(load256(p)), load256(p + offset[1]), 1);
  if constexpr (S == 4) {
    VI v = _mm512_castsi128_si512(load128(p));
    v = _mm512_inserti32x4(v, load128(p + offset[1]), 1);
    v = _mm512_inserti32x4(v, load128(p + offset[2]), 2);
    return _mm512_inserti32x4(v, load128(p + offset[3]), 3);
  }
#elif QK_AVX2
  if constexpr (S == 2)
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p))),
        _mm_loadu_si128(reinterpret_cast<const __m128i *>(p + offset[1])), 1);
#endif
  return load(p);
}

/// Stores the S parts of v at out + offset[s], `valid` bytes of each.
template <int S>
QK_INLINE void storeStreams(uint8_t *out, VI v, const int64_t *offset, int64_t full,
                            int64_t valid) {
  constexpr int size = 4 * VL / S;
  if (S == 1 && full)
    return store(out, v);
#if QK_AVX512
  if constexpr (S == 1)
    return _mm512_mask_storeu_epi8(out, _bzhi_u64(~uint64_t(0), uint64_t(valid)), v);
  if (S == 2 && full) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), _mm512_castsi512_si256(v));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + offset[1]),
                        _mm512_extracti64x4_epi64(v, 1));
    return;
  }
#endif
  alignas(64) uint8_t bytes[4 * VL];
  store(bytes, v);
  QK_UNROLL
  for (int s = 0; s < S; ++s)
    if (full)
      __builtin_memcpy(out + (s ? offset[s] : 0), bytes + s * size, size);
    else
      QK_NO_UNROLL
  for (int64_t i = 0; i < valid; ++i)
    out[(s ? offset[s] : 0) + i] = bytes[s * size + i];
}

/// Four vectors whose dwords hold the bytes of rows a, b, c, d, in unpack order.
struct Column {
  Bytes4U part[4];
};
QK_INLINE Column interleave(VI a, VI b, VI c, VI d) {
  VI abLo = unpackLo8(a, b), abHi = unpackHi8(a, b);
  VI cdLo = unpackLo8(c, d), cdHi = unpackHi8(c, d);
  return {{splitU(unpackLo16(abLo, cdLo)), splitU(unpackHi16(abLo, cdLo)),
           splitU(unpackLo16(abHi, cdHi)), splitU(unpackHi16(abHi, cdHi))}};
}

/// Constants of a block, one vector per quarter; copied S times for streams.
template <typename T, int S> struct Replicated {
  alignas(64) T values[4 * VL];
  inline __attribute__((always_inline)) const T *fill(const T *src) {
    if (S == 1 || !src)
      return src;
    constexpr int part = VL / S;
    for (int q = 0; q < 4; ++q)
      for (int s = 0; s < S; ++s)
        for (int j = 0; j < part; ++j)
          values[q * VL + s * part + j] = src[q * part + j];
    return values;
  }
};

/// The weights of column kx, quad of rows `quad`, quarter q.
template <int S> QK_INLINE VI loadWeights(const int8_t *weights, int64_t index) {
  const int8_t *p = weights + index * (4 * VL / S);
#if QK_AVX512
  if constexpr (S == 2)
    return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
  if constexpr (S == 4)
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)));
#elif QK_AVX2
  if constexpr (S == 2)
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)));
#endif
  return load(p);
}

#define FINISH_PARAMS                                                                              \
  const void *mult, const int32_t *shift, int64_t full, int64_t valid, int64_t epilogue,           \
      int64_t zp, int64_t lo, int64_t hi, int64_t accLo, int64_t accHi
#define FINISH_ARGS mult, shift, full, valid, epilogue, zp, lo, hi, accLo, accHi

template <int S>
QK_INLINE void storeRaw(int32_t *out, const VI (&acc)[4], const int64_t *offset, int64_t valid) {
  alignas(64) int32_t lanes[4][VL];
  for (int q = 0; q < 4; ++q)
    store(lanes[q], acc[q]);
  constexpr int size = 4 * VL / S;
  for (int s = 0; s < S; ++s)
    QK_NO_UNROLL
  for (int64_t c = 0; c < minI64(valid, size); ++c)
    out[(s ? offset[s] : 0) + c] = lanes[c % 16 / 4][s * (VL / S) + c / 16 * 4 + c % 4];
}

/// Requantizes and stores one pixel of each stream. `out` is the first stream's
/// element index.
template <int S>
QK_INLINE void finishPixel(void *out, int64_t at, VI (&acc)[4], const int64_t *offset,
                           FINISH_PARAMS) {
  if (accLo > INT32_MIN || accHi < INT32_MAX)
    QK_UNROLL
  for (int q = 0; q < 4; ++q)
    acc[q] = maxI32(minI32(acc[q], set1(int32_t(accHi))), set1(int32_t(accLo)));
  if (epilogue == EpilogueRaw)
    return storeRaw<S>(static_cast<int32_t *>(out) + at, acc, offset, valid);
  QK_UNROLL
  for (int q = 0; q < 4; ++q)
    acc[q] = requantizeVector(epilogue, acc[q], mult, shift, q * VL, zp);
  VI bytes = clampU8(packBytesInLanes(acc[0], acc[1], acc[2], acc[3]), lo, hi);
  storeStreams<S>(static_cast<uint8_t *>(out) + at, bytes, offset, full, valid);
}

#define BLOCK_PARAMS                                                                               \
  void *out, const uint8_t *in, const int8_t *weights, const int32_t *bias, int64_t rowBegin,      \
      int64_t rowEnd, int64_t outH, int64_t outW, int64_t inBatchStride, int64_t inRowStride,      \
      int64_t inPixelStride, int64_t kernelH, int64_t kernelW, int64_t strideH, int64_t strideW,   \
      int64_t dilH, int64_t dilW, int64_t outBatchStride, int64_t outRowStride,                    \
      int64_t outPixelStride
#define BLOCK_ARGS                                                                                 \
  out, in, weights, bias, rowBegin, rowEnd, outH, outW, inBatchStride, inRowStride, inPixelStride, \
      kernelH, kernelW, strideH, strideW, dilH, dilW, outBatchStride, outRowStride, outPixelStride

template <int Rows, int S> QK_INLINE void loadBias(VI (&acc)[Rows][4], const int32_t *bias) {
  QK_UNROLL
  for (int q = 0; q < 4; ++q)
    QK_UNROLL
  for (int r = 0; r < Rows; ++r)
    acc[r][q] = load(bias + q * VL);
}

/// The weights of a 3x3 kernel: for each output row of a pass, each column kx and each
/// quarter. They are more vectors than there are registers and are used as memory
/// operands; `fill` hides their values from the optimiser, which would otherwise keep
/// them in spill slots, and those are not aligned to cache lines.
struct Taps {
  alignas(64) Bytes4S row[rowsPerPass][3][4];

  template <int S> inline __attribute__((always_inline)) void fill(const int8_t *weights) {
    for (int kx = 0; kx < 3; ++kx)
      for (int q = 0; q < 4; ++q) {
        VI w = loadWeights<S>(weights, kx * 4 + q);
        row[0][kx][q] = splitS(w);
        if constexpr (rowsPerPass == 2)
          row[1][kx][q] = splitS(shl32(w, 8)); // one row down
      }
    __asm__ volatile("" : : "r"(row) : "memory");
  }
};

template <int Rows>
QK_INLINE void applyTaps(VI (&acc)[Rows][4], const Column &column, const Taps &taps, int kx) {
  QK_UNROLL
  for (int r = 0; r < Rows; ++r)
    QK_UNROLL
  for (int q = 0; q < 4; ++q)
    acc[r][q] = dot(acc[r][q], column.part[q], taps.row[r][kx][q]);
}

template <int Rows, int S>
QK_INLINE Column loadColumn3(const uint8_t *p, const int64_t *offset, int64_t inRowStride) {
  VI a = loadStreams<S>(p, offset), b = loadStreams<S>(p + inRowStride, offset);
  VI c = loadStreams<S>(p + 2 * inRowStride, offset);
  return interleave(a, b, c, Rows == 2 ? loadStreams<S>(p + 3 * inRowStride, offset) : c);
}

/// Rows adjacent output rows of a 3x3 stride-1 convolution.
template <int Rows, int S>
QK_INLINE void rows3x3Stride1(void *out, int64_t at, const uint8_t *in, const Taps &taps,
                              const int32_t *bias, int64_t count, const int64_t *inOffset,
                              const int64_t *outOffset, int64_t inRowStride, int64_t inPixelStride,
                              int64_t outRowStride, int64_t outPixelStride, FINISH_PARAMS) {
  VI a[Rows][4], b[Rows][4];
  Column column = loadColumn3<Rows, S>(in, inOffset, inRowStride);
  loadBias<Rows, S>(a, bias);
  applyTaps<Rows>(a, column, taps, 0);
  column = loadColumn3<Rows, S>(in + inPixelStride, inOffset, inRowStride);
  loadBias<Rows, S>(b, bias);
  applyTaps<Rows>(a, column, taps, 1);
  applyTaps<Rows>(b, column, taps, 0);
  in += 2 * inPixelStride;
  // `done` ends with this column, `next` with the one after it.
  auto step = [&](VI(&done)[Rows][4], VI(&next)[Rows][4]) __attribute__((always_inline)) {
    column = loadColumn3<Rows, S>(in, inOffset, inRowStride);
    applyTaps<Rows>(done, column, taps, 2);
    QK_UNROLL
    for (int r = 0; r < Rows; ++r)
      finishPixel<S>(out, at + r * outRowStride, done[r], outOffset, FINISH_ARGS);
    loadBias<Rows, S>(done, bias);
    applyTaps<Rows>(next, column, taps, 1);
    applyTaps<Rows>(done, column, taps, 0);
    in += inPixelStride;
    at += outPixelStride;
  };
  int64_t x = 0;
  QK_NO_UNROLL
  for (; x + 2 <= count; x += 2) {
    step(a, b);
    step(b, a);
  }
  if (x < count)
    step(a, b);
}

/// One output row of a 3x3 stride-2 convolution; consecutive pixels share a column.
template <int S>
QK_INLINE void row3x3Stride2(void *out, int64_t at, const uint8_t *in, const Taps &taps,
                             const int32_t *bias, int64_t count, const int64_t *inOffset,
                             const int64_t *outOffset, int64_t inRowStride, int64_t inPixelStride,
                             int64_t outPixelStride, FINISH_PARAMS) {
  Column left = loadColumn3<1, S>(in, inOffset, inRowStride);
  QK_NO_UNROLL
  for (int64_t x = 0; x < count; ++x) {
    VI acc[1][4];
    loadBias<1, S>(acc, bias);
    applyTaps<1>(acc, left, taps, 0);
    applyTaps<1>(acc, loadColumn3<1, S>(in + inPixelStride, inOffset, inRowStride), taps, 1);
    left = loadColumn3<1, S>(in + 2 * inPixelStride, inOffset, inRowStride);
    applyTaps<1>(acc, left, taps, 2);
    finishPixel<S>(out, at, acc[0], outOffset, FINISH_ARGS);
    in += 2 * inPixelStride;
    at += outPixelStride;
  }
}

/// One pixel of each stream, any kernel.
template <int S>
QK_INLINE void pixelGeneric(void *out, int64_t at, const uint8_t *in, const int8_t *weights,
                            const int32_t *bias, const int64_t *inOffset, const int64_t *outOffset,
                            int64_t kernelH, int64_t kernelW, int64_t rowStep, int64_t pixelStep,
                            FINISH_PARAMS) {
  VI acc[1][4];
  loadBias<1, S>(acc, bias);
  int64_t index = 0;
  QK_NO_UNROLL
  for (int64_t kx = 0; kx < kernelW; ++kx)
    QK_NO_UNROLL
  for (int64_t ky = 0; ky < kernelH; ky += 4, index += 4) {
    const uint8_t *p = in + kx * pixelStep;
    // Rows past the kernel have zero weights: any row will do.
    auto row = [&](int64_t r) {
      return loadStreams<S>(p + minI64(r, kernelH - 1) * rowStep, inOffset);
    };
    Column column = interleave(row(ky), row(ky + 1), row(ky + 2), row(ky + 3));
    QK_UNROLL
    for (int q = 0; q < 4; ++q)
      acc[0][q] = dot(acc[0][q], column.part[q], splitS(loadWeights<S>(weights, index + q)));
  }
  finishPixel<S>(out, at, acc[0], outOffset, FINISH_ARGS);
}

/// All rows of one block of channels that fills a vector S times.
template <int S> QK_VARIANT void dwBlock(BLOCK_PARAMS, FINISH_PARAMS) {
  const int64_t count = ceilDiv(outW, S);
  int64_t inOffset[S], outOffset[S];
  for (int s = 0; s < S; ++s) {
    int64_t start = minI64(s * count, outW - count);
    inOffset[s] = start * strideW * inPixelStride;
    outOffset[s] = start * outPixelStride;
  }
  Replicated<int32_t, S> biasCopy, shiftCopy, multCopy;
  Replicated<double, S> doubleCopy;
  bias = biasCopy.fill(bias);
  if (epilogue == EpilogueInteger)
    shift = shiftCopy.fill(shift);
  if (epilogue == EpilogueFma64)
    mult = doubleCopy.fill(static_cast<const double *>(mult));
  else if (epilogue != EpilogueRaw)
    mult = multCopy.fill(static_cast<const int32_t *>(mult)); // or float: bits are bits
  const bool is3x3 = kernelH == 3 && kernelW == 3 && dilH == 1 && dilW == 1 && strideW <= 2;
  Taps taps;
  if (is3x3)
    taps.fill<S>(weights);
  QK_NO_UNROLL
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    int64_t batch = row / outH, y = row % outH;
    const uint8_t *a = in + batch * inBatchStride + y * strideH * inRowStride;
    int64_t at = batch * outBatchStride + y * outRowStride;
    if (is3x3 && strideW == 1) {
      if (rowsPerPass == 2 && strideH == 1 && row + 1 < rowEnd && y + 1 < outH) {
        rows3x3Stride1<2, S>(out, at, a, taps, bias, count, inOffset, outOffset, inRowStride,
                             inPixelStride, outRowStride, outPixelStride, FINISH_ARGS);
        ++row;
      } else {
        rows3x3Stride1<1, S>(out, at, a, taps, bias, count, inOffset, outOffset, inRowStride,
                             inPixelStride, outRowStride, outPixelStride, FINISH_ARGS);
      }
    } else if (is3x3) {
      row3x3Stride2<S>(out, at, a, taps, bias, count, inOffset, outOffset, inRowStride,
                       inPixelStride, outPixelStride, FINISH_ARGS);
    } else {
      QK_NO_UNROLL
      for (int64_t x = 0; x < count; ++x)
        pixelGeneric<S>(out, at + x * outPixelStride, a + x * strideW * inPixelStride, weights,
                        bias, inOffset, outOffset, kernelH, kernelW, dilH * inRowStride,
                        dilW * inPixelStride, FINISH_ARGS);
    }
  }
}

} // namespace

extern "C" void QK_NAME(dwconv_u8s8)(void *out, const uint8_t *in, const int8_t *weights,
                                     const int32_t *bias, const void *mult, const int32_t *shift,
                                     int64_t rowBegin, int64_t rowEnd, int64_t blockBegin,
                                     int64_t blockEnd, int64_t outH, int64_t outW, int64_t channels,
                                     int64_t inBatchStride, int64_t inRowStride,
                                     int64_t inPixelStride, int64_t kernelH, int64_t kernelW,
                                     int64_t strideH, int64_t strideW, int64_t dilH, int64_t dilW,
                                     int64_t outBatchStride, int64_t outRowStride,
                                     int64_t outPixelStride, int64_t epilogue, int64_t zp,
                                     int64_t lo, int64_t hi, int64_t accLo, int64_t accHi) {
  constexpr int64_t Size = 4 * VL; // channels of a whole block
  void *const outBase = out;
  const uint8_t *const inBase = in;
  const int8_t *const weightBase = weights;
  const int32_t *const biasBase = bias, *const shiftBase = shift;
  const void *const multBase = mult;
  const int64_t weightBytes = kernelW * ceilDiv(kernelH, 4) * 4; // per channel
  const int64_t outSize = epilogue == EpilogueRaw ? 4 : 1;
  const int64_t multSize = epilogue == EpilogueFma64 ? 8 : 4;
  const int64_t end = minI64(blockEnd * 64, channels), tail = channels % Size;
  QK_NO_UNROLL
  for (int64_t c = blockBegin * 64; c < end; c += Size) {
    out = static_cast<char *>(outBase) + c * outSize;
    in = inBase + c;
    weights = weightBase + c * weightBytes;
    bias = biasBase + c;
    shift = shiftBase + c;
    mult = static_cast<const char *>(multBase) + c * multSize;
    const bool last = tail != 0 && c + Size > channels;
    const int64_t valid = last ? tail : Size;
    if (VLanes >= 4 && last && tail <= 16)
      dwBlock<(VLanes >= 4 ? 4 : 1)>(BLOCK_ARGS, mult, shift, tail == 16, valid, epilogue, zp, lo,
                                     hi, accLo, accHi);
    else if (VLanes >= 2 && last && tail <= Size / 2)
      dwBlock<(VLanes >= 2 ? 2 : 1)>(BLOCK_ARGS, mult, shift, tail == Size / 2, valid, epilogue, zp,
                                     lo, hi, accLo, accHi);
    else
      dwBlock<1>(BLOCK_ARGS, mult, shift, !last, valid, epilogue, zp, lo, hi, accLo, accHi);
  }
}

#endif // !QK_PORTABLE
