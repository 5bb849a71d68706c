//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Thin wrappers over LLVM's SHA-256 and xxHash3.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Hash.h"
#include "quantc/Support/MappedFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace quantc;

static ArrayRef<uint8_t> asBytes(StringRef text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

std::string quantc::sha256Hex(ArrayRef<uint8_t> bytes) {
  return toHex(SHA256::hash(bytes), /*LowerCase=*/true);
}
std::string quantc::sha256Hex(StringRef text) { return sha256Hex(asBytes(text)); }

Expected<std::string> quantc::sha256File(StringRef path) {
  Expected<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  // In pieces, so that hashing a large file does not make all of it resident.
  constexpr uint64_t kPiece = 16 << 20;
  SHA256 state;
  for (uint64_t offset = 0; offset < (*file)->size(); offset += kPiece) {
    uint64_t count = std::min(kPiece, (*file)->size() - offset);
    state.update((*file)->bytes().slice(offset, count));
    (*file)->release(offset, count);
  }
  return toHex(state.final(), /*LowerCase=*/true);
}

uint64_t quantc::contentHash(ArrayRef<uint8_t> bytes) { return xxh3_64bits(bytes); }

HashBuilder &HashBuilder::add(ArrayRef<uint8_t> bytes) {
  add(static_cast<uint64_t>(bytes.size()));
  state.update(bytes);
  return *this;
}
HashBuilder &HashBuilder::add(StringRef text) { return add(asBytes(text)); }
HashBuilder &HashBuilder::add(uint64_t number) {
  uint8_t bytes[8];
  support::endian::write64le(bytes, number);
  state.update(ArrayRef<uint8_t>(bytes));
  return *this;
}
std::string HashBuilder::hex() { return toHex(state.final(), /*LowerCase=*/true); }
