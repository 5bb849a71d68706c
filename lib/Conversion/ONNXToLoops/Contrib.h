//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables and building blocks of ops of other domains: com.microsoft, which ONNX Runtime writes, and
// QONNX.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRIB_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRIB_H

#include "Contraction.h"

namespace quantc::toloops {

llvm::ArrayRef<LoweringRow> contribLowerings();
llvm::ArrayRef<LoweringRow> contribAttentionLowerings();
llvm::ArrayRef<LoweringRow> contribMatMulLowerings();
llvm::ArrayRef<LoweringRow> contribGatherLowerings();
llvm::ArrayRef<LoweringRow> contribIntegerLowerings();
llvm::ArrayRef<LoweringRow> contribLayoutLowerings();
llvm::ArrayRef<LoweringRow> contribQuantizedLowerings();
llvm::ArrayRef<LoweringRow> contribRecurrentLowerings();
llvm::ArrayRef<LoweringRow> groupQueryLowerings();
llvm::ArrayRef<LoweringRow> qonnxLowerings();

/// The tensor with its elements in another type; itself when that is its own.
Tensor convertedTo(Emitter &e, const Tensor &tensor, DType type);
/// The tensor with its axes in another order.
Tensor transposed(Emitter &e, const Tensor &in, llvm::ArrayRef<int64_t> order);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRIB_H
