//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small model built from LLVM IR: int32 x[16] -> int32 y[16] and float32
// z[16], with y = 3 * x + 1 and z = y * 0.5 + 0.25, as one step that several
// workers share.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_TARGETCPU_TESTMODULE_H
#define QUANTC_TEST_UNIT_TARGETCPU_TESTMODULE_H

#include "quantc/Runtime/ModelABI.h"
#include "quantc/Target/CPU/Codegen.h"
#include "quantc/Target/CPU/ModelInfo.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace quantc::test {

/// Parses IR text; reports a failure to GoogleTest and returns null.
std::unique_ptr<llvm::Module> parseIR(llvm::LLVMContext &context, llvm::StringRef text);

/// The step as IR text.
llvm::StringRef stepText();

/// The description of the model, with one self-test.
cpu::ModelInfo modelInfo(kernels::Level level = kernels::Level::Portable);

/// The text of an error, empty for success.
std::string text(llvm::Error error);

/// A folder of its own for every test, removed at the end.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  std::string file(llvm::StringRef name) const;
  const std::string &str() const { return path; }

private:
  std::string path;
};

/// Builds the model, or one with another step, as a shared library at `path`.
llvm::Error buildLibrary(const cpu::ModelInfo &info, const std::string &path,
                         llvm::StringRef step = stepText());

/// A loaded model library; typed access to its functions.
class Library {
public:
  explicit Library(const std::string &path);
  ~Library();
  Library(const Library &) = delete;
  explicit operator bool() const { return handle; }

  template <typename Function> Function *get(Function &, const char *name) const {
    return reinterpret_cast<Function *>(symbol(name));
  }
  void *symbol(const char *name) const;

private:
  void *handle;
};
/// LIBRARY_CALL(library, quantc_model_name)() calls the library's function.
#define LIBRARY_CALL(LIBRARY, NAME) (LIBRARY).get(NAME, #NAME)

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_TARGETCPU_TESTMODULE_H
