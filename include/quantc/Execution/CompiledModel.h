//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled model ready to run: compiled in process (JIT), or a shared library that quantc wrote.
// Both speak the C interface of Runtime/ModelABI.h, so a caller cannot tell them apart.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXECUTION_COMPILEDMODEL_H
#define QUANTC_EXECUTION_COMPILEDMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Runtime/ModelABI.h"
#include "quantc/Support/HostTensor.h"
#include "quantc/Target/CPU/ModelInfo.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace quantc {

/// One input or output of a compiled model.
struct ModelTensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  float scale = 0;
  int32_t zeroPoint = 0;
  /// Bits of 8-bit codes that are in use.
  unsigned bits = 8;
};

/// The machine lacks what a library runs on: an instruction set, or a GPU. Not a fault of the
/// library; what depends on running it is skipped.
class UnavailableError : public llvm::ErrorInfo<UnavailableError> {
public:
  static char ID;
  explicit UnavailableError(std::string reason) : reason(std::move(reason)) {}
  void log(llvm::raw_ostream &os) const override { os << reason; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
  std::string reason;
};

class WeightScope;

class CompiledModel {
public:
  virtual ~CompiledModel();

  /// Compiles a module lowered by convert-kern-to-llvm for this machine. Fails when the machine
  /// lacks the module's ISA level. The model reads its large constants in place: they leave the
  /// module for good, without a copy where they are `scope`'s own.
  static llvm::Expected<std::unique_ptr<CompiledModel>> jit(mlir::ModuleOp module,
                                                            WeightScope &scope, int threads = 1);

  /// Opens a library written by quantc. Fails when it is none, when its ABI version differs, and
  /// with an UnavailableError when the machine lacks its ISA level or a GPU.
  static llvm::Expected<std::unique_ptr<CompiledModel>> load(llvm::StringRef path, int threads = 1,
                                                             bool profile = false);

  llvm::ArrayRef<ModelTensor> inputs() const { return inputList; }
  llvm::ArrayRef<ModelTensor> outputs() const { return outputList; }
  llvm::StringRef certificate() const { return certificateText; }
  llvm::StringRef cpuLevel() const { return level; }

  /// Runs once. `feeds` are in the order of `inputs()`; fails with the runtime's message when a
  /// dtype or shape does not fit.
  llvm::Expected<std::vector<HostTensor>> run(llvm::ArrayRef<HostTensor> feeds);

  /// Runs the library's embedded test vectors; the message says what was found.
  llvm::Expected<std::string> selfTest();

  /// (node names, kind, nanoseconds) of each step of the last run; needs `profile`.
  struct StepTime {
    std::string name, kind;
    int64_t nanoseconds;
  };
  llvm::Expected<std::vector<StepTime>> profile();

protected:
  CompiledModel() = default;

  /// Resolves a function of the C interface, or returns null.
  virtual void *symbol(const char *name) = 0;
  llvm::Error initialize(int threads, bool profile);
  /// To be called by destructors of derived classes before they unload code.
  void release();

private:
  llvm::Error check(int32_t status);

  std::vector<ModelTensor> inputList, outputList;
  std::string certificateText, level;
  qrt_context *context = nullptr;
  decltype(&quantc_model_run) runFunction = nullptr;
  decltype(&quantc_model_destroy) destroyFunction = nullptr;
  decltype(&quantc_model_last_error) lastErrorFunction = nullptr;
  decltype(&quantc_model_error_string) errorStringFunction = nullptr;
};

} // namespace quantc

#endif // QUANTC_EXECUTION_COMPILEDMODEL_H
