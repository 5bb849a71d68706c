//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scheduling passes on `kern`; see Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_KERN_TRANSFORMS_PASSES_H
#define QUANTC_DIALECT_KERN_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "quantc/Dialect/Kern/IR/Kern.h"

namespace quantc::kern {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Dialect/Kern/Transforms/Passes.h.inc"

} // namespace quantc::kern

#endif // QUANTC_DIALECT_KERN_TRANSFORMS_PASSES_H
