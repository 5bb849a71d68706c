//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes on folded dataflow; see Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_H
#define QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "quantc/Dialect/HLS/IR/HLS.h"

namespace quantc::hls {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Dialect/HLS/Transforms/Passes.h.inc"

} // namespace quantc::hls

#endif // QUANTC_DIALECT_HLS_TRANSFORMS_PASSES_H
