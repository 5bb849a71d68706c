//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Host-side loops of the reproducible fp32 arithmetic, dispatched to hardware FMA at run time (the
// host code itself is built for the baseline instruction set, where a fused multiply-add is a
// library call). For the interpreter; kernels have their own. Results equal Float.h's bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_FLOATLOOPS_H
#define QUANTC_NUMERICS_FLOATLOOPS_H

#include <cstddef>

namespace quantc::numerics {

/// acc[j] = fma(a, b[j], acc[j]) for j < n: one step of n dot products.
void axpyFmaF32(float *acc, float a, const float *b, size_t n);

/// c[i*n + j] = fma over k in order of a[i*k_ + k] * b[k*n + j], starting from c's contents:
/// C[m,n] += A[m,k] * B[k,n], all row-major and dense.
void gemmFmaF32(float *c, const float *a, const float *b, size_t m, size_t n, size_t k);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_FLOATLOOPS_H
