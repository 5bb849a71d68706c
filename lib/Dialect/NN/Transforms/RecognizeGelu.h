//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pattern of nn-simplify.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_RECOGNIZEGELU_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_RECOGNIZEGELU_H

#include "mlir/IR/PatternMatch.h"

namespace quantc::nn {

/// The product of x, 1/2 and 1 + erf(x / sqrt(2)) becomes nn.gelu.
void addRecognizeGelu(mlir::RewritePatternSet &patterns);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_RECOGNIZEGELU_H
