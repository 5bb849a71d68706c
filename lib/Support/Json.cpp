//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Json.h"
#include "quantc/Support/Errors.h"

using namespace quantc;

/// Levels outside of strings, up to one more than are allowed.
static int levelsOf(llvm::StringRef text) {
  int level = 0, most = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size() && most <= kMostJSONLevels; ++i) {
    const char c = text[i];
    if (inString && c == '\\')
      ++i; // what it escapes
    else if (c == '"')
      inString = !inString;
    else if (!inString && (c == '[' || c == '{'))
      most = std::max(most, ++level);
    else if (!inString && (c == ']' || c == '}'))
      --level;
  }
  return most;
}

llvm::Expected<llvm::json::Value> quantc::parseJSON(llvm::StringRef text) {
  if (levelsOf(text) > kMostJSONLevels)
    return makeError("expected at most " + llvm::Twine(kMostJSONLevels) +
                     " levels of arrays and objects");
  return llvm::json::parse(text);
}
