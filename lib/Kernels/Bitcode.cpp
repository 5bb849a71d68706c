//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hands out the bitcode that the generated EmbeddedBitcode.S includes.
//
//===----------------------------------------------------------------------===//

#include "quantc/Kernels/Levels.h"

using namespace quantc::kernels;

#define QK_BITCODE(SUFFIX) extern "C" const char qk_bitcode_##SUFFIX[], qk_bitcode_##SUFFIX##_end[];
QK_BITCODE(portable)
QK_BITCODE(v2)
QK_BITCODE(v3)
QK_BITCODE(v3_vnni)
QK_BITCODE(v4)
QK_BITCODE(v4_vnni)
#undef QK_BITCODE

Blob quantc::kernels::kernelBitcode(Level level) {
#define QK_CASE(LEVEL, SUFFIX)                                                                     \
  case Level::LEVEL:                                                                               \
    return {qk_bitcode_##SUFFIX,                                                                   \
            static_cast<size_t>(qk_bitcode_##SUFFIX##_end - qk_bitcode_##SUFFIX)};
  switch (level) {
    QK_CASE(Portable, portable)
    QK_CASE(V2, v2)
    QK_CASE(V3, v3)
    QK_CASE(V3Vnni, v3_vnni)
    QK_CASE(V4, v4)
    QK_CASE(V4Vnni, v4_vnni)
  }
#undef QK_CASE
  return {nullptr, 0};
}
