//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Content hashes: SHA-256 where a value is shown, stored or compared between
// machines; a 64-bit xxHash3 for tables in memory. Both are LLVM's.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_HASH_H
#define QUANTC_SUPPORT_HASH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/SHA256.h"
#include <string>

namespace quantc {

/// 64 lower-case hexadecimal digits.
std::string sha256Hex(llvm::ArrayRef<uint8_t> bytes);
std::string sha256Hex(llvm::StringRef text);
llvm::Expected<std::string> sha256File(llvm::StringRef path);

/// xxHash3 of 64 bits; the same on every machine.
uint64_t contentHash(llvm::ArrayRef<uint8_t> bytes);

/// SHA-256 over several pieces whose borders count: add("ab"), add("c")
/// differs from add("a"), add("bc").
class HashBuilder {
public:
  HashBuilder &add(llvm::ArrayRef<uint8_t> bytes);
  HashBuilder &add(llvm::StringRef text);
  HashBuilder &add(uint64_t number);
  std::string hex();

private:
  llvm::SHA256 state;
};

} // namespace quantc

#endif // QUANTC_SUPPORT_HASH_H
