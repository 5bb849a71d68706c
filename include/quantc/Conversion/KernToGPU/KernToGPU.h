//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lowering of kernel calls to GPU launches; see Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CONVERSION_KERNTOGPU_KERNTOGPU_H
#define QUANTC_CONVERSION_KERNTOGPU_KERNTOGPU_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quantc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quantc/Conversion/KernToGPU/Passes.h.inc"

/// Names of the chips that code is made for: "sm_80", ...
llvm::SmallVector<llvm::StringRef> gpuChipNames();

/// The tables of chips and tiles as Markdown.
void describeGPUTables(llvm::raw_ostream &os);

} // namespace quantc

#endif // QUANTC_CONVERSION_KERNTOGPU_KERNTOGPU_H
