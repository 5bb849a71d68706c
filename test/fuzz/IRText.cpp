//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The text of our dialects: parsed with all verifiers; what is valid is printed,
// and must be read again as the same.
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzDialects.h"
#include "FuzzFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace quantc;

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::FuzzContext contexts(fuzz::loadDialects);
  bool isNew = false;
  ParserConfig config(&contexts.next(isNew));
  std::string text(reinterpret_cast<const char *>(data), size); // the lexer wants a zero behind it
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, config);
  if (!module)
    return 0;
  std::string once = print(*module);
  if (StringRef(once).contains("dense_resource"))
    return 0; // each reading gives resources new names
  OwningOpRef<ModuleOp> again = parseSourceString<ModuleOp>(once, config);
  fuzz::check(again.get() != nullptr, "a printed module cannot be read");
  fuzz::check(print(*again) == once, "a printed module reads as another one");
  return 0;
}
