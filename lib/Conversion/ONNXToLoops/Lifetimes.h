//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A buffer's memory serves the next one as soon as nobody reads it any more.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_LIFETIMES_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_LIFETIMES_H

#include "Outline.h"

namespace quantc::toloops {

/// Frees each buffer that the function's own block allocates behind the last op that may touch it,
/// and makes that part of the node whose op it is. Buffers that leave the function, that control
/// flow carries, or that are allocated inside of it are left: a run frees them. Those that nobody
/// reads are erased.
void endLifetimes(mlir::func::FuncOp function, llvm::MutableArrayRef<NodeOps> ranges);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_LIFETIMES_H
