//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contract of the microkernels: what generated code, tests and benchmarks
// may call. One kernel is one extern "C" function per ISA level, named
// qk_<kernel>_<level> (qk_conv_u8s8_v4_vnni), of type void, whose parameters
// are pointers, int64_t and float only. The parameter lists live in three .def
// files, each kernel documented above its entry.
//
// How a kernel is meant to be used. lib/Kernels compiles every level twice: to
// native code, and to LLVM bitcode that is linked into a generated module. The
// linker must inline each call of a qk_ function and then, repeatedly, every
// call to a function with internal linkage that came from the kernel bitcode:
// top down (caller first), with llvm::InlineFunction, which prunes the blocks
// that constant arguments make dead. Kernels hold one variant per tile shape
// and epilogue behind switches over their arguments, and only this order keeps
// the dead ones from ever being copied. Pass immediates for everything but the
// unit ranges. The caller must carry the same target-cpu and target-features
// attributes as the callee (Levels.h).
//
// Common rules
//  * Activations are u8, NHWC, batch outermost. A signed 8-bit tensor is stored
//    as u8 = s8 xor 0x80 with its zero point raised by 128.
//  * Strides count elements of the tensor they belong to, unless said otherwise.
//  * Activation buffers: any byte from 64 before to 64 after the buffer may be
//    read, none is written. Constant arrays: no byte beyond the stated size is
//    read. Outputs are written exactly, never beyond.
//  * Outputs do not overlap inputs, except where a kernel says "in place".
//  * No kernel allocates, calls libm, keeps state or looks at its environment;
//    rounding mode to nearest is assumed. memcpy and memset may be called.
//  * Half-open unit ranges [begin, end) split a kernel's work among threads.
//    Any partition gives the same result; empty ranges are legal.
//  * Arguments are trusted: a kernel checks nothing.
//
// Epilogues (parameter `epilogue`): how an i32 accumulator becomes the output.
// All but Raw and Onnx give clamp(((acc * m + 2^(s-1)) >> s) + zp, lo, hi) with
// 0 <= lo <= hi <= 255, m an odd 24-bit multiplier and 1 <= s <= 62; they differ
// in the instructions they use and in the range on which that is proved
// (docs/Numerics.md). acc is first clamped to [accLo, accHi]; pass INT32_MIN and
// INT32_MAX for no clamp.
//   0 Fma32    mult: float[] m*2^-s, shift unused. Needs |acc*m*2^-s| < 2^22 and
//              |acc| < 2^24 (or saturation beyond). Only on levels with FMA.
//   1 Integer  mult: int32_t[] m, shift: int32_t[] s. No float instruction.
//   2 Raw      out is int32_t[]; mult, shift, zp, lo, hi unused. accLo and accHi
//              apply.
//   3 Fma64    mult: double[] m*2^-s, shift unused. Needs |acc| < 2^29 (product
//              exact, added to 1.5*2^52), |acc*m*2^-s| < 2^31. Any level. With
//              FMA it is exact for every acc.
//   4 Onnx     The one other definition, for imported models:
//              clamp(rint(float(acc) * scale) + zp, lo, hi), ties to even.
//              mult: float[] scale (finite), shift unused. Any level.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_KERNELS_KERNELS_H
#define QUANTC_KERNELS_KERNELS_H

#include <cstdint>
#include <string>
#include <vector>

#include "quantc/Kernels/Levels.h"

// X(name, (parameters)) for every kernel.
#define QK_FOR_EACH_KERNEL(X)                                                                      \
  QK_INTEGER_KERNELS(X)                                                                            \
  QK_FLOAT_KERNELS(X)                                                                              \
  QK_DATA_KERNELS(X)

#include "quantc/Kernels/DataKernels.def"
#include "quantc/Kernels/FloatKernels.def"
#include "quantc/Kernels/IntegerKernels.def"

#define QK_DECLARE(NAME, PARAMS)                                                                   \
  void qk_##NAME##_portable PARAMS;                                                                \
  void qk_##NAME##_v2 PARAMS;                                                                      \
  void qk_##NAME##_v3 PARAMS;                                                                      \
  void qk_##NAME##_v3_vnni PARAMS;                                                                 \
  void qk_##NAME##_v4 PARAMS;                                                                      \
  void qk_##NAME##_v4_vnni PARAMS;
extern "C" {
QK_FOR_EACH_KERNEL(QK_DECLARE)
}
#undef QK_DECLARE

namespace quantc::kernels {

/// Value of the `epilogue` parameter; see the head of this file.
enum class Epilogue : int64_t { Fma32 = 0, Integer = 1, Raw = 2, Fma64 = 3, Onnx = 4 };

/// Value of the `op` parameter of unary_f32.
enum class UnaryOp : int64_t {
  Relu = 0,        // max(x, 0)
  LeakyRelu = 1,   // x >= 0 ? x : alpha * x
  Clip = 2,        // min(max(x, alpha), beta)
  HardSigmoid = 3, // min(max(alpha * x + beta, 0), 1)
  HardSwish = 4,   // x * min(max(x / 6 + 0.5, 0), 1)
  Sigmoid = 5,
  Tanh = 6,
  Exp = 7,
  Abs = 8,
  Neg = 9,
  Sqrt = 10,
  Erf = 11,
  Reciprocal = 12,
  Gelu = 13, // x / 2 * (1 + erf(x / sqrt(2)))
};

/// Value of the `op` parameter of binary_f32 and binary_f32_nd.
enum class BinaryOp : int64_t {
  Add = 0,
  Sub = 1,
  Mul = 2,
  Div = 3,
  Min = 4,
  Max = 5,
};

/// Names a kernel independently of the level.
enum class KernelId {
#define QK_ENUM(NAME, PARAMS) NAME,
  QK_FOR_EACH_KERNEL(QK_ENUM)
#undef QK_ENUM
};

/// One parameter of a kernel, for building declarations in generated modules.
struct KernelParam {
  enum Kind { Pointer, Int64, Float32 } kind;
  std::string name;
};

/// "conv_u8s8" for KernelId::conv_u8s8.
const char *kernelName(KernelId kernel);

/// "qk_conv_u8s8_v4_vnni".
std::string kernelSymbol(KernelId kernel, Level level);

/// The parameters in order.
std::vector<KernelParam> kernelParams(KernelId kernel);

/// Native addresses of all kernels of one level, for tests and benchmarks.
/// Calling them needs hostSupports(level).
struct KernelTable {
#define QK_MEMBER(NAME, PARAMS) void(*NAME) PARAMS;
  QK_FOR_EACH_KERNEL(QK_MEMBER)
#undef QK_MEMBER
};
const KernelTable &kernelTable(Level level);

} // namespace quantc::kernels

#endif // QUANTC_KERNELS_KERNELS_H
