//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model lowered to loops (convert-onnx-to-loops), compiled into this process. Sizes may differ
// from run to run; so may those of results.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXECUTION_LOOPSMODEL_H
#define QUANTC_EXECUTION_LOOPSMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Kernels/Levels.h"
#include "quantc/Support/DType.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace quantc {

/// An input or output. Sizes below zero are those that a run decides.
struct LoopsTensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
};

/// Elements in row-major order; those narrower than a byte take one byte each.
struct LoopsBuffer {
  DType dtype;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

class LoopsModel {
public:
  virtual ~LoopsModel() = default;

  /// Compiles `module`, which is changed to LLVM's dialect on the way; its constants must outlive
  /// the model. `optLevel` is 0..3.
  static llvm::Expected<std::unique_ptr<LoopsModel>>
  compile(mlir::ModuleOp module, kernels::Level level, unsigned optLevel = 2);

  const std::vector<LoopsTensor> &inputs() const { return inputList; }
  const std::vector<LoopsTensor> &outputs() const { return outputList; }

  /// Runs once; thread-safe. Fails when a type, rank or known size differs from the input's, and
  /// with the node's name when the data do not fit an op (an index out of range, say).
  llvm::Expected<std::vector<LoopsBuffer>> run(llvm::ArrayRef<LoopsBuffer> feeds);

protected:
  LoopsModel() = default;

  struct Constant {
    std::vector<int64_t> shape;
    const void *data;
    std::vector<char> copy; ///< where the attribute's own memory cannot be read in place
  };
  std::vector<LoopsTensor> inputList, outputList;
  std::vector<Constant> constants;
  std::vector<std::string> messages;
  /// Takes the addresses of: all results' descriptors, one descriptor an input, one a constant.
  void (*entry)(void **) = nullptr;
};

} // namespace quantc

#endif // QUANTC_EXECUTION_LOOPSMODEL_H
