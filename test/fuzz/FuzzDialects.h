//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialects of quantc, with those of MLIR that their modules hold.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_FUZZ_FUZZDIALECTS_H
#define QUANTC_TEST_FUZZ_FUZZDIALECTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include "quantc/Dialect/Kern/IR/Kern.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/QNN/IR/QNN.h"

namespace quantc::fuzz {

inline void loadDialects(mlir::MLIRContext &context) {
  context.loadDialect<mlir::func::FuncDialect, onnx::ONNXDialect, nn::NNDialect, qnn::QNNDialect,
                      dyad::DyadDialect, kern::KernDialect, hls::HLSDialect>();
}

} // namespace quantc::fuzz

#endif // QUANTC_TEST_FUZZ_FUZZDIALECTS_H
