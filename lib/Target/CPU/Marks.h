//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parts of this library tell each other through the IR.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_TARGET_CPU_MARKS_H
#define QUANTC_LIB_TARGET_CPU_MARKS_H

namespace quantc::cpu {

/// Function attribute: defined in kernel bitcode.
inline constexpr char kernelMark[] = "quantc-kernel";

} // namespace quantc::cpu

#endif // QUANTC_LIB_TARGET_CPU_MARKS_H
