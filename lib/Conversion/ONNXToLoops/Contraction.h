//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums of products that float and integer ops share.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRACTION_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRACTION_H

#include "Windows.h"

namespace quantc::toloops {

/// a @ b by NumPy's rules; operands of rank 1 are seen as a row and a column.
struct MatrixProduct {
  Tensor a, b;
  Indices batch; ///< broadcast
  Indices full;  ///< batch, rows, columns
  Indices sizes; ///< of the result: without the row or column that an operand lacks
};
mlir::FailureOr<MatrixProduct> matrixProduct(NodeLowering &n, Tensor a, Tensor b);

/// For each position of `full`: the sum over k in order, from `zero`, of `element` of both.
void emitProduct(Emitter &e, const MatrixProduct &product, Scalar zero,
                 llvm::function_ref<Scalar(const Tensor &, IndexRef)> element,
                 llvm::function_ref<void(IndexRef, Scalar)> store);

/// A float32 matrix inside a buffer.
struct MatrixView {
  Tensor data;
  Index start;  ///< of its first element
  Index stride; ///< from row to row
};
/// Memory that the kernel works in; to be allocated outside of loops.
Tensor gemmScratch(Emitter &e, Index inner);
/// out = a @ b, or a @ transposed b, by the kernel.
void emitGemm(Emitter &e, const MatrixView &out, const MatrixView &a, const MatrixView &b,
              const Tensor &scratch, Index rows, Index columns, Index inner, bool transB);

struct Convolution {
  Tensor input, weight;
  Indices spatial; ///< of the input
  Indices sizes;   ///< of the result
  Window window;
  int64_t groups = 1;
};
mlir::FailureOr<Convolution> readConvolution(NodeLowering &n, Tensor input, Tensor weight);

/// For each position of the result: `start` plus the products of the taps inside the input.
void emitConvolution(Emitter &e, const Convolution &convolution,
                     llvm::function_ref<Scalar(IndexRef)> start,
                     llvm::function_ref<Scalar(const Tensor &, IndexRef)> element,
                     llvm::function_ref<void(IndexRef, Scalar)> store);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_CONTRACTION_H
