//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules from text, and their functions in the interpreter.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_ANALYSIS_PARSEMODULE_H
#define QUANTC_TEST_UNIT_ANALYSIS_PARSEMODULE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "gtest/gtest.h"

namespace quantc::test {

class ParseModule : public ::testing::Test {
protected:
  ParseModule() {
    context
        .loadDialect<mlir::func::FuncDialect, nn::NNDialect, onnx::ONNXDialect, qnn::QNNDialect>();
  }

  mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      ADD_FAILURE() << "does not parse:\n" << text;
    return module;
  }

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_ANALYSIS_PARSEMODULE_H
