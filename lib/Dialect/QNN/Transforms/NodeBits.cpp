//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Widths of single nodes: reading and overriding.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/NodeBits.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantc;
using namespace quantc::qnn;
using llvm::ArrayRef;
using llvm::StringRef;

/// The node and its widths: a name may hold a "=" itself.
static std::pair<StringRef, StringRef> splitEntry(StringRef entry) { return entry.rsplit('='); }

static bool parseBits(StringRef &text, StringRef letter, unsigned &bits) {
  if (!text.consume_front(letter))
    return true;
  return !text.consumeInteger(10, bits) && bits >= 1 && bits <= 16;
}

llvm::Expected<llvm::StringMap<NodeBits>> qnn::parseNodeBits(ArrayRef<std::string> entries) {
  llvm::StringMap<NodeBits> all;
  llvm::StringMap<StringRef> first;
  std::vector<std::string> faults;
  for (const std::string &entry : entries) {
    auto [name, text] = splitEntry(entry);
    NodeBits bits;
    if (name.empty() || text.empty() || !parseBits(text, "w", bits.weight) ||
        !parseBits(text, "a", bits.activation) || !text.empty())
      faults.push_back("node-bits: expected NAME=wNaM with widths of 1 to 16 bits, but found '" +
                       entry + "'");
    else if (auto [known, isNew] = first.try_emplace(name, entry); !isNew)
      faults.push_back(("node-bits: expected one entry for node '" + name + "', but found '" +
                        known->second + "' and '" + entry + "'")
                           .str());
    all[name] = bits;
  }
  if (!faults.empty())
    return makeError(llvm::join(faults, "; "));
  return all;
}

std::vector<std::string> qnn::overrideNodeBits(ArrayRef<std::string> earlier,
                                               ArrayRef<std::string> later) {
  llvm::StringMap<NodeBits> widths = llvm::cantFail(parseNodeBits(earlier));
  std::vector<StringRef> order;
  for (StringRef entry : earlier)
    order.push_back(splitEntry(entry).first);
  llvm::StringMap<NodeBits> given = llvm::cantFail(parseNodeBits(later));
  for (StringRef entry : later) {
    StringRef name = splitEntry(entry).first;
    auto [known, isNew] = widths.try_emplace(name);
    if (isNew)
      order.push_back(name);
    const NodeBits bits = given.lookup(name);
    if (bits.weight != 0)
      known->second.weight = bits.weight;
    if (bits.activation != 0)
      known->second.activation = bits.activation;
  }
  auto text = [](StringRef letter, unsigned bits) {
    return bits == 0 ? std::string() : (letter + llvm::Twine(bits)).str();
  };
  std::vector<std::string> entries;
  for (StringRef name : order) {
    const NodeBits bits = widths.lookup(name);
    entries.push_back((name + "=" + text("w", bits.weight) + text("a", bits.activation)).str());
  }
  return entries;
}
