//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read-only mappings over POSIX mmap. The file descriptor is closed at once; the
// mapping keeps the file alive, even if it is renamed or removed meanwhile. Images
// in memory behave as mappings do.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/MappedFile.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Errno.h"
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace quantc;

static Error systemError(const Twine &what, StringRef path) {
  return makeError(what + " '" + path + "': " + sys::StrError(errno));
}

Expected<std::shared_ptr<const MappedFile>> MappedFile::open(StringRef path) {
  std::string name = path.str();
  // O_NONBLOCK: opening a pipe must fail below, not wait for a writer.
  int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return systemError("cannot open", path);
  scope_exit closer([&] { ::close(descriptor); });

  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return systemError("cannot inspect", path);
  if (!S_ISREG(status.st_mode))
    return makeError("expected a regular file, but found " +
                     Twine(S_ISDIR(status.st_mode) ? "a folder" : "a special file") + " at '" +
                     path + "'");
  uint64_t length = status.st_size;
  if (length > std::numeric_limits<size_t>::max())
    return makeError("'" + path + "' is too large to map");

  void *start = nullptr;
  if (length != 0) {
    start = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (start == MAP_FAILED)
      return systemError("cannot map", path);
  }
  return std::shared_ptr<const MappedFile>(
      new MappedFile(std::move(name), static_cast<const uint8_t *>(start), length));
}

std::shared_ptr<const MappedFile> MappedFile::copyOf(StringRef path, ArrayRef<uint8_t> bytes) {
  std::unique_ptr<uint8_t[]> image(new uint8_t[bytes.size()]);
  llvm::copy(bytes, image.get());
  std::shared_ptr<MappedFile> file(new MappedFile(path.str(), image.get(), bytes.size()));
  file->image = std::move(image);
  return file;
}

MappedFile::~MappedFile() {
  if (start && !image)
    ::munmap(const_cast<uint8_t *>(start), length);
}

Expected<ArrayRef<uint8_t>> MappedFile::slice(uint64_t offset, uint64_t count) const {
  if (offset > length || count > length - offset)
    return makeError("expected " + Twine(count) + " bytes at offset " + Twine(offset) + " of '" +
                     filePath + "', but found a file of " + Twine(length) + " bytes");
  return bytes().slice(offset, count);
}

void MappedFile::release(uint64_t offset, uint64_t count) const {
  if (image || offset >= length || count == 0)
    return;
  // Whole pages inside the range only: their neighbours may be in use.
  uint64_t page = ::sysconf(_SC_PAGESIZE);
  uint64_t last = count > length - offset ? length : offset + count;
  uint64_t begin = (offset + page - 1) / page * page;
  uint64_t end = last == length ? last : last / page * page;
  if (begin < end)
    (void)::madvise(const_cast<uint8_t *>(start) + begin, end - begin, MADV_DONTNEED);
}
