//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// lib/Numerics behind plain functions (oracle.cpp). `rounding` counts as qhls::rounding does.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_HLS_ORACLE_H
#define QUANTC_TEST_HLS_ORACLE_H

#include <cstdint>

int oracle_requantize(int64_t acc, int multiplier, int shift, int rounding, int zp, int lo, int hi);
int64_t oracle_shift(int64_t value, int shift, int rounding);
int oracle_add(int a, int b, int ma, int mb, int shift, int zp, int lo, int hi);
int oracle_quantize(float x, float scale, int zp, int lo, int hi);
float oracle_dequantize(int code, float scale, int zp);

#endif // QUANTC_TEST_HLS_ORACLE_H
