//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// JSON of files, whatever they hold: LLVM's parser calls itself for each level, so a file of
// brackets overruns the stack.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_JSON_H
#define QUANTC_SUPPORT_JSON_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace quantc {

/// Levels of arrays and objects that a text may have.
constexpr int kMostJSONLevels = 64;

/// `llvm::json::parse`; fails on a text of more levels.
llvm::Expected<llvm::json::Value> parseJSON(llvm::StringRef text);

/// The same as a T, by its `fromJSON`; `name` stands for the whole in messages.
template <class T> llvm::Expected<T> parseJSON(llvm::StringRef text, const char *name) {
  llvm::Expected<llvm::json::Value> value = parseJSON(text);
  if (!value)
    return value.takeError();
  llvm::json::Path::Root root(name);
  T result;
  if (fromJSON(*value, result, root))
    return std::move(result);
  return root.getError();
}

} // namespace quantc

#endif // QUANTC_SUPPORT_JSON_H
