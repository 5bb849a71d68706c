//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stand-in for libm.so.6, as LibcStub.S is one for libc.so.6: functions that nodes in loops
// may call (lib/Kernels/Native/Scalar.cpp). A library that calls none does not name libm.
//
//===----------------------------------------------------------------------===//

        .text
        .irp name, acos, acosf, asin, asinf, atan, atanf, acosh, acoshf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, asinh, asinhf, atanh, atanhf, cos, cosf, sin, sinf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, tan, tanf, cosh, coshf, sinh, sinhf, tanh, tanhf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, exp, expf, exp2, exp2f, log, logf, log1p, log1pf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, log2, log2f, pow, powf, fmod, fmodf, erf, erff
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, floor, floorf, ceil, ceilf, trunc, truncf, rint, rintf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, roundeven, roundevenf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        ud2
        .section .note.GNU-stack, "", @progbits
