//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables and building blocks of the com.microsoft ops that ONNX Runtime writes into files.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRIB_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRIB_H

#include "Contraction.h"

namespace quantc::toloops {

llvm::ArrayRef<LoweringRow> contribLowerings();
llvm::ArrayRef<LoweringRow> contribAttentionLowerings();
llvm::ArrayRef<LoweringRow> contribMatMulLowerings();
llvm::ArrayRef<LoweringRow> groupQueryLowerings();

/// The tensor with its elements in another type; itself when that is its own.
Tensor convertedTo(Emitter &e, const Tensor &tensor, DType type);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRIB_H
