//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collects the problems of a model: all of them are said, each once, and a
// hostile file cannot make the list endless.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_REPORTER_H
#define QUANTC_LIB_IMPORT_ONNX_REPORTER_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"

namespace quantc::onnx {

class Reporter {
public:
  /// `strict`: warnings count as errors.
  Reporter(mlir::Location modelLoc, bool strict) : modelLoc(modelLoc), strict(strict) {}

  mlir::Location getModelLoc() const { return modelLoc; }

  void error(mlir::Location loc, const llvm::Twine &message);
  void error(const llvm::Twine &message) { error(modelLoc, message); }
  void error(mlir::Location loc, const llvm::Twine &context, llvm::Error error);
  void warning(mlir::Location loc, const llvm::Twine &message);

  /// Says how many problems were left out, if any. Success when there was no error.
  mlir::LogicalResult finish();

private:
  static constexpr unsigned limit = 200;
  mlir::Location modelLoc;
  bool strict;
  unsigned errors = 0, warnings = 0;
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_REPORTER_H
