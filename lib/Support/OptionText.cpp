//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/OptionText.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantc;
using llvm::StringRef;

std::string quantc::escapeItem(StringRef name) {
  static constexpr StringRef special = " ,%'\"()[]{}";
  std::string text;
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && !special.contains(c))
      text += c;
    else
      (text += '%') += llvm::toHex(StringRef(&c, 1));
  }
  return text;
}

std::string quantc::unescapeItem(StringRef text) {
  std::string name;
  while (!text.empty()) {
    unsigned byte = 0;
    if (text.front() == '%' && text.size() > 2 && llvm::isHexDigit(text[1]) &&
        llvm::isHexDigit(text[2]) && !text.substr(1, 2).getAsInteger(16, byte)) {
      name += static_cast<char>(byte);
      text = text.drop_front(3);
      continue;
    }
    name += text.front();
    text = text.drop_front();
  }
  return name;
}

std::vector<std::string> quantc::escapeItems(llvm::ArrayRef<std::string> names) {
  std::vector<std::string> texts;
  for (const std::string &name : names)
    texts.push_back(escapeItem(name));
  return texts;
}

std::vector<std::string> quantc::unescapeItems(llvm::ArrayRef<std::string> texts) {
  std::vector<std::string> names;
  for (const std::string &text : texts)
    names.push_back(unescapeItem(text));
  return names;
}

std::string quantc::joinItems(llvm::ArrayRef<std::string> names) {
  return llvm::join(escapeItems(names), ",");
}

std::vector<std::string> quantc::splitItems(StringRef text) {
  llvm::SmallVector<StringRef> items;
  text.split(items, ',', -1, /*KeepEmpty=*/false);
  std::vector<std::string> names;
  for (StringRef item : items)
    if (!item.trim().empty())
      names.push_back(unescapeItem(item.trim()));
  return names;
}

std::string quantc::quotePath(StringRef path) {
  return path.contains(' ') ? ("\"" + path + "\"").str() : path.str();
}
