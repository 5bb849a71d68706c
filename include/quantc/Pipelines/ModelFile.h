//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening any file that can be run: an ONNX model, a module at any stage, or a compiled library.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_MODELFILE_H
#define QUANTC_PIPELINES_MODELFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Calibration/DataSet.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quantc {

/// Bytecode wants its weights aligned, which they are where the file is mapped; one that is short
/// enough to be copied, or comes from a pipe, may lie anywhere, and MLIR refuses it. The buffer, or
/// a copy of it that lies well.
std::unique_ptr<llvm::MemoryBuffer> alignForBytecode(std::unique_ptr<llvm::MemoryBuffer> buffer);

/// A module of a .mlir or .mlirbc file of any size. Diagnostics go to `context`.
mlir::OwningOpRef<mlir::ModuleOp> readModule(llvm::StringRef path, mlir::MLIRContext &context);

struct RunOptions {
  /// Interpret instead of compiling in process.
  bool interpret = false;
  int threads = 1;
  /// Samples a run where the data's first axis runs over samples.
  int64_t batch = 1;
  std::vector<std::pair<std::string, int64_t>> dims;
  /// ISA level for code compiled in process, or "native".
  std::string cpu = "native";
  /// Keep times of the steps of a library.
  bool profile = false;
};

/// A model that answers feeds, whatever it is underneath.
class ModelFile {
public:
  virtual ~ModelFile();
  /// Opens by content and suffix: .onnx, .mlir, .mlirbc, .so. Diagnostics go to `context`; the
  /// returned error is short. Symbolic dimensions of an ONNX model take their sizes from `data`.
  static llvm::Expected<std::unique_ptr<ModelFile>> open(llvm::StringRef path,
                                                         mlir::MLIRContext &context,
                                                         const RunOptions &options,
                                                         llvm::StringRef data);

  virtual llvm::ArrayRef<InputSpec> inputs() const = 0;
  virtual llvm::Expected<std::vector<NamedTensor>> run(const Feed &feed) = 0;
  /// Text about the last run's steps, one line each; empty when there is none.
  virtual std::string profile() { return ""; }
};

/// Opens data for a model. Where the model takes quantized integers and the data is float, the data
/// stays float: the model quantizes it with its own scales.
llvm::Expected<std::unique_ptr<DataSet>> openData(const ModelFile &model, llvm::StringRef path,
                                                  const DataSetOptions &options);

} // namespace quantc

#endif // QUANTC_PIPELINES_MODELFILE_H
