//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes a module of the `onnx` dialect as an ONNX model.
//
// An imported module gives an equivalent model: the same nodes, attributes,
// names, opsets and metadata. Elements of tensors are streamed from where they
// lie, so a model needs little more memory than its graph.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXPORT_ONNX_EXPORTONNX_H
#define QUANTC_EXPORT_ONNX_EXPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace quantc {

struct ExportOptions {
  /// Name of a file in the model's folder for the elements of large initializers; empty: they stay
  /// in the model.
  std::string externalData;
  /// Initializers of at least so many bytes go there.
  uint64_t externalThreshold = 1024;
};

/// Writes the model to `path` ("-" is the standard output), whole or not at all. Fails, after
/// diagnostics for all of them, on ops that ONNX does not have, opset versions that differ from the
/// model's, types that ONNX cannot express, weights that were elided when the module was printed,
/// and inline models of 2 GiB and more, which no Protobuf reader accepts.
mlir::LogicalResult exportONNX(mlir::ModuleOp module, llvm::StringRef path,
                               const ExportOptions &options = {});

/// The same into a stream, with all elements inline.
mlir::LogicalResult exportONNX(mlir::ModuleOp module, llvm::raw_ostream &os);

} // namespace quantc

#endif // QUANTC_EXPORT_ONNX_EXPORTONNX_H
