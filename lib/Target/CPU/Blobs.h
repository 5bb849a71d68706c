//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files that the build embeds into the compiler. Each lives for ever and is
// followed by a zero byte.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_TARGET_CPU_BLOBS_H
#define QUANTC_LIB_TARGET_CPU_BLOBS_H

#include "llvm/ADT/StringRef.h"

namespace quantc::cpu {

/// lib/Runtime as LLVM bitcode for any x86-64.
llvm::StringRef runtimeBitcode();

/// Bitcode of the runtime's part for NVIDIA GPUs, which defines qrt_gpu_device.
llvm::StringRef gpuRuntimeBitcode();

/// A shared library with libc.so.6's soname, names and versions (LibcStub.S).
llvm::StringRef libcStub();
/// The same for libm.so.6 (LibmStub.S).
llvm::StringRef libmStub();

/// The text of include/quantc/Runtime/ModelABI.h.
llvm::StringRef modelABIText();

} // namespace quantc::cpu

#endif // QUANTC_LIB_TARGET_CPU_BLOBS_H
