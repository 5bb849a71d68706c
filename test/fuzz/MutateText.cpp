//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Mutations of texts by tokens: a number becomes another one, a word one that
// stands elsewhere in the text, a line goes, is repeated or moves. One in four
// inputs is changed bytewise instead.
//
//===----------------------------------------------------------------------===//

#include "llvm/ADT/StringExtras.h"
#include <random>
#include <vector>

using namespace llvm;

namespace {

class Mutator {
public:
  explicit Mutator(unsigned seed) : random(seed) {}

  unsigned below(size_t bound) { return random() % bound; }
  std::string mutate(StringRef text) { return below(3) == 0 ? lines(text) : tokens(text); }

private:
  std::string number(StringRef old);
  std::string tokens(StringRef text);
  std::string lines(StringRef text);

  std::minstd_rand random;
};

bool isWord(char c) { return isAlnum(c) || c == '_' || c == '.' || c == '$' || c == '-'; }

} // namespace

std::string Mutator::number(StringRef old) {
  static const char *const special[] = {"0",
                                        "1",
                                        "-1",
                                        "2",
                                        "3",
                                        "7",
                                        "8",
                                        "16",
                                        "63",
                                        "64",
                                        "255",
                                        "256",
                                        "65536",
                                        "1000003",
                                        "2147483647",
                                        "2147483648",
                                        "4294967296",
                                        "-2147483648",
                                        "4611686018427387904",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "18446744073709551616",
                                        "1.0e39",
                                        "-0.0",
                                        "0x7FC00000"};
  int64_t value;
  if (below(3) != 0 || old.getAsInteger(10, value))
    return special[below(std::size(special))];
  return std::to_string(static_cast<int64_t>(uint64_t(value) + below(9) - 4));
}

/// Replaces, deletes or repeats one of the words, numbers and marks.
std::string Mutator::tokens(StringRef text) {
  std::vector<StringRef> all;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (isWord(text[at]) && end < text.size() && isWord(text[end]))
      ++end;
    if (!isSpace(text[at]))
      all.push_back(text.slice(at, end));
    at = end;
  }
  if (all.empty())
    return text.str();
  std::vector<StringRef> numbers, words;
  for (StringRef token : all)
    if (isWord(token[0]))
      (isDigit(token[0]) || token[0] == '-' ? numbers : words).push_back(token);
  bool isNumber = !numbers.empty() && below(2) == 0;
  std::vector<StringRef> &from = isNumber ? numbers : below(4) == 0 || words.empty() ? all : words;
  StringRef old = from[below(from.size())];
  std::string fresh = isNumber && below(3) != 0 ? number(old) : from[below(from.size())].str();
  if (!isNumber && below(8) == 0)
    fresh = below(2) ? "" : (old + " " + old).str();
  size_t begin = old.data() - text.data();
  return (text.take_front(begin) + fresh + text.drop_front(begin + old.size())).str();
}

std::string Mutator::lines(StringRef text) {
  SmallVector<StringRef> all;
  text.split(all, '\n');
  size_t at = below(all.size());
  switch (below(3)) {
  case 0:
    all.erase(all.begin() + at);
    break;
  case 1:
    all.insert(all.begin() + below(all.size()), StringRef(all[at]));
    break;
  default:
    std::swap(all[at], all[below(all.size())]);
  }
  return llvm::join(all, "\n");
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  Mutator mutator(seed);
  if (mutator.below(4) == 0 || size == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string text(reinterpret_cast<const char *>(data), size);
  for (unsigned count = 1 + mutator.below(3); count-- > 0;)
    text = mutator.mutate(text);
  text.resize(std::min(text.size(), maxSize));
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
