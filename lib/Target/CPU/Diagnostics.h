//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM reports errors to its context, whose default handler prints and exits.
// While a DiagnosticScope lives, the context's errors are collected instead.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_TARGET_CPU_DIAGNOSTICS_H
#define QUANTC_LIB_TARGET_CPU_DIAGNOSTICS_H

#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace quantc::cpu {

class DiagnosticScope {
public:
  explicit DiagnosticScope(llvm::LLVMContext &context);
  ~DiagnosticScope();
  DiagnosticScope(const DiagnosticScope &) = delete;

  /// Success when no error was reported; otherwise "what: the errors".
  llvm::Error takeError(const llvm::Twine &what);

private:
  llvm::LLVMContext &context;
  std::unique_ptr<llvm::DiagnosticHandler> previous;
  std::string errors;
};

} // namespace quantc::cpu

#endif // QUANTC_LIB_TARGET_CPU_DIAGNOSTICS_H
