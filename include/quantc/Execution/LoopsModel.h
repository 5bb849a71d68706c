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

struct LoopsOptions {
  kernels::Level level = kernels::bestHostLevel();
  unsigned optLevel = 2; ///< 0..3
  bool profile = false;  ///< take the time of every outlined node (costs some 50 ns a node)
};

/// Time that the runs so far spent in an outlined node ("Conv_12"); what is too small to be
/// outlined counts for the next one.
struct LoopsStep {
  std::string name;
  uint64_t nanoseconds = 0;
};

class LoopsModel {
public:
  virtual ~LoopsModel();

  /// Compiles `module`, which is changed to LLVM's dialect on the way; its constants must outlive
  /// the model.
  static llvm::Expected<std::unique_ptr<LoopsModel>> compile(mlir::ModuleOp module,
                                                             const LoopsOptions &options = {});

  const std::vector<LoopsTensor> &inputs() const { return inputList; }
  const std::vector<LoopsTensor> &outputs() const { return outputList; }

  /// Runs once; thread-safe. Fails when a type, rank or known size differs from the input's, and
  /// with the node's name when the data do not fit an op (an index out of range, say).
  llvm::Expected<std::vector<LoopsBuffer>> run(llvm::ArrayRef<LoopsBuffer> feeds);

  /// In the order of the model; empty without LoopsOptions::profile. Runs at the same time on
  /// several threads mix their times.
  const std::vector<LoopsStep> &profile() const { return steps; }

protected:
  LoopsModel();

  struct Constant {
    std::vector<int64_t> shape;
    const void *data;
    std::vector<char> copy; ///< where the attribute's own memory cannot be read in place
  };
  std::vector<LoopsTensor> inputList, outputList;
  std::vector<Constant> constants;
  std::vector<std::string> messages;
  std::vector<LoopsStep> steps;
  struct Arenas;
  std::unique_ptr<Arenas> arenas; ///< memory of intermediate tensors, kept from run to run
  /// Takes the addresses of: all results' descriptors, one descriptor an input, one a constant.
  void (*entry)(void **) = nullptr;
};

} // namespace quantc

#endif // QUANTC_EXECUTION_LOOPSMODEL_H
