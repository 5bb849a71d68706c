//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every kernel source starts with: the level it is being compiled for, the
// names of its functions, and small helpers. Kernel sources are compiled once per
// level with -DQK_LEVEL=<0..5> -DQK_SUFFIX=<suffix> and the level's -m flags.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_KERNELS_NATIVE_KERNEL_H
#define QUANTC_LIB_KERNELS_NATIVE_KERNEL_H

#include "quantc/Kernels/DataKernels.def"
#include "quantc/Kernels/FloatKernels.def"
#include "quantc/Kernels/IntegerKernels.def"

#include <cstdint>
#include <cstring>

#ifndef QK_LEVEL
#error "kernel sources are compiled once per level, with QK_LEVEL and QK_SUFFIX defined"
#endif

// The numbers are those of quantc::kernels::Level.
#define QK_PORTABLE (QK_LEVEL == 0)
#define QK_AVX512 (QK_LEVEL >= 4)
#define QK_AVX2 (QK_LEVEL == 2 || QK_LEVEL == 3)
#define QK_SSE4 (QK_LEVEL == 1)
#define QK_FMA (QK_LEVEL >= 2)
#define QK_VNNI (QK_LEVEL == 3 || QK_LEVEL == 5)

#define QK_CONCAT_(A, B) A##B
#define QK_CONCAT(A, B) QK_CONCAT_(A, B)
/// qk_<NAME>_<level>
#define QK_NAME(NAME) QK_CONCAT(qk_##NAME##_, QK_SUFFIX)

/// A variant of a kernel (one tile shape, say): a function of its own, so that the
/// variants of a kernel are not all copied into it. In bitcode it must stay inlinable for
/// whoever specialises the kernel (Kernels.h); there, the inliner is off instead.
#ifdef QK_BITCODE
#define QK_VARIANT static
#else
#define QK_VARIANT static __attribute__((noinline))
#endif
#define QK_INLINE static inline __attribute__((always_inline))

#define QK_NO_UNROLL _Pragma("clang loop unroll(disable) vectorize(disable)")
#define QK_UNROLL _Pragma("clang loop unroll(full)")

// Numerics headers are compiled for each level here, and must not be merged with the
// host's copies of the same inline functions: the namespace gets the level's name. Levels
// without FMA take the two-rounding spelling.
#define numerics QK_CONCAT(numerics_, QK_SUFFIX)
#if !QK_FMA
#define QUANTC_NUMERICS_MULADD
#endif

// Declares the kernels of this level, so that definitions are checked against them.
#define QK_DECLARE(NAME, PARAMS) void QK_NAME(NAME) PARAMS;
extern "C" {
QK_INTEGER_KERNELS(QK_DECLARE)
QK_FLOAT_KERNELS(QK_DECLARE)
QK_DATA_KERNELS(QK_DECLARE)
}

namespace quantc::kernels {
namespace {

// Values of the `epilogue` parameter, as in Kernels.h.
enum : int64_t {
  EpilogueFma32 = 0,
  EpilogueInteger = 1,
  EpilogueRaw = 2,
  EpilogueFma64 = 3,
  EpilogueOnnx = 4,
};

QK_INLINE int64_t minI64(int64_t a, int64_t b) { return a < b ? a : b; }
QK_INLINE int64_t maxI64(int64_t a, int64_t b) { return a > b ? a : b; }
QK_INLINE int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
QK_INLINE int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

/// 2^e for -126 <= e <= 127, without a float instruction.
QK_INLINE float powerOfTwo(int64_t e) {
  uint32_t bits = static_cast<uint32_t>(e + 127) << 23;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}

} // namespace
} // namespace quantc::kernels

#endif // QUANTC_LIB_KERNELS_NATIVE_KERNEL_H
