//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A read-only memory mapping of a regular file, with checked slices. Shared
// ownership lets weights and samples point into the mapping for as long as
// they live, so a large file costs page cache and no heap.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_MAPPEDFILE_H
#define QUANTC_SUPPORT_MAPPEDFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace quantc {

class MappedFile {
public:
  /// Maps `path`. Fails if it cannot be opened or is not a regular file. An
  /// empty file gives an empty mapping.
  static llvm::Expected<std::shared_ptr<const MappedFile>> open(llvm::StringRef path);

  /// An image in memory under the name `path`, which no file needs to have: a copy of `bytes`.
  static std::shared_ptr<const MappedFile> copyOf(llvm::StringRef path,
                                                  llvm::ArrayRef<uint8_t> bytes);

  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  llvm::StringRef path() const { return filePath; }
  uint64_t size() const { return length; }
  llvm::ArrayRef<uint8_t> bytes() const { return {start, size_t(length)}; }

  /// `count` bytes at `offset`; fails with the numbers if any of them lies
  /// outside the file.
  llvm::Expected<llvm::ArrayRef<uint8_t>> slice(uint64_t offset, uint64_t count) const;

  /// Tells the system that these bytes are not needed soon, so that they stop
  /// counting as resident memory. They can be read again at any time. An image in memory stays.
  void release(uint64_t offset, uint64_t count) const;

private:
  MappedFile(std::string path, const uint8_t *start, uint64_t length)
      : filePath(std::move(path)), start(start), length(length) {}

  std::string filePath;
  const uint8_t *start = nullptr;
  uint64_t length = 0;
  /// The bytes of an image in memory; null where `start` is a mapping.
  std::unique_ptr<uint8_t[]> image;
};

} // namespace quantc

#endif // QUANTC_SUPPORT_MAPPEDFILE_H
