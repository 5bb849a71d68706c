//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See Diagnostics.h.
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"

#include "quantc/Support/Errors.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quantc::cpu {

namespace {
/// Appends the text of every error to a string; warnings and remarks are not
/// for the user of a compiler that is not a C compiler.
struct CollectErrors : DiagnosticHandler {
  explicit CollectErrors(std::string &errors) : errors(errors) {}

  bool handleDiagnostics(const DiagnosticInfo &info) override {
    if (info.getSeverity() != DS_Error)
      return true;
    if (!errors.empty())
      errors += "; ";
    raw_string_ostream stream(errors);
    DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    return true;
  }

  std::string &errors;
};
} // namespace

DiagnosticScope::DiagnosticScope(LLVMContext &context)
    : context(context), previous(context.getDiagnosticHandler()) {
  context.setDiagnosticHandler(std::make_unique<CollectErrors>(errors));
}

DiagnosticScope::~DiagnosticScope() { context.setDiagnosticHandler(std::move(previous)); }

Error DiagnosticScope::takeError(const Twine &what) {
  if (errors.empty())
    return Error::success();
  Error error = makeError(what + ": " + errors);
  errors.clear();
  return error;
}

} // namespace quantc::cpu
