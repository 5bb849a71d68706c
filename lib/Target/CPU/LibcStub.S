//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stand-in for libc.so.6 that model libraries are linked against, so that the
// compiler needs no C library at run time: it has the soname, names and versions
// (LibcStub.map) of the functions that generated code may use, and no code.
// What is not listed here is an undefined symbol when a library is linked.
//
//===----------------------------------------------------------------------===//

        .text
        .irp name, memcpy, memmove, memset, memcmp, bcmp, strlen, vsnprintf
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, malloc, calloc, free, aligned_alloc, syscall, getpid, prctl
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, pthread_create, pthread_join, pthread_sigmask, sigfillset
        .globl  \name
        .type   \name, @function
\name:
        .endr
        .irp name, sched_yield, sched_getaffinity, clock_gettime, dlopen, dlsym
        .globl  \name
        .type   \name, @function
\name:
        .endr
        ud2
        .section .note.GNU-stack, "", @progbits
