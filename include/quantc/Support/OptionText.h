//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any name as an item of an option's text: ONNX names may hold spaces, commas and brackets, which
// end an item or the option. In a text such characters are %XX, their two hexadecimal digits.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_OPTIONTEXT_H
#define QUANTC_SUPPORT_OPTIONTEXT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace quantc {

/// With %XX for what is not an item's own: spaces and control characters, , % ' " ( ) [ ] { }.
std::string escapeItem(llvm::StringRef name);

/// The name again; a % without two digits behind it stands for itself.
std::string unescapeItem(llvm::StringRef text);

/// Of each.
std::vector<std::string> escapeItems(llvm::ArrayRef<std::string> names);
std::vector<std::string> unescapeItems(llvm::ArrayRef<std::string> texts);

/// Escaped names with commas between them.
std::string joinItems(llvm::ArrayRef<std::string> names);

/// The names of items; spaces around an item and empty items count for nothing.
std::vector<std::string> splitItems(llvm::StringRef text);

/// A path as the value of a pass option: in quotes where it holds a space. Paths with unbalanced
/// brackets or quotes have no such text.
std::string quotePath(llvm::StringRef path);

} // namespace quantc

#endif // QUANTC_SUPPORT_OPTIONTEXT_H
