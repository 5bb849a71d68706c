//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening and slicing external data files; see ExternalFiles.h.
//
//===----------------------------------------------------------------------===//

#include "ExternalFiles.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/Path.h"
#include <sys/stat.h>

using namespace llvm;
using namespace quantc;
using namespace quantc::onnx;

ExternalFiles::ExternalFiles(StringRef modelPath) : folder(sys::path::parent_path(modelPath)) {
  if (folder.empty())
    folder = ".";
}

/// Why `location` may not be opened, or success.
static Error checkPath(StringRef folder, StringRef location) {
  if (location.empty())
    return makeError("expected a file name as location of external data, but found none");
  if (location.contains('\0'))
    return makeError("external data location holds a zero byte");
  if (sys::path::is_absolute(location, sys::path::Style::posix) ||
      sys::path::is_absolute(location, sys::path::Style::windows))
    return makeError("external data location '" + location + "' is an absolute path");
  std::string path = folder.str();
  for (StringRef part : make_range(sys::path::begin(location), sys::path::end(location))) {
    if (part == "..")
      return makeError("external data location '" + location + "' leaves the model's folder");
    path += "/" + part.str();
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0)
      return makeError("external data file '" + location + "' does not exist in folder '" + folder +
                       "'");
    if (S_ISLNK(status.st_mode))
      return makeError("external data location '" + location + "' goes through a symbolic link");
    if (S_ISREG(status.st_mode) && status.st_nlink > 1)
      return makeError("external data file '" + location + "' has more than one hard link");
  }
  return Error::success();
}

Expected<std::shared_ptr<const MappedFile>> ExternalFiles::open(StringRef location) {
  auto known = files.find(location);
  if (known != files.end())
    return known->second;
  if (Error error = checkPath(folder, location))
    return std::move(error);
  Expected<std::shared_ptr<const MappedFile>> file =
      MappedFile::open(folder + "/" + location.str());
  if (!file)
    return addContext("external data", file.takeError());
  files[location] = *file;
  return *file;
}

/// A decimal number, or `fallback` when the entry is absent.
static Expected<uint64_t> parseNumber(StringRef what, const std::optional<std::string> &text,
                                      uint64_t fallback) {
  if (!text)
    return fallback;
  uint64_t value = 0;
  if (StringRef(*text).getAsInteger(10, value))
    return makeError("expected a non-negative 64-bit number as " + what +
                     " of external data, but found '" + *text + "'");
  return value;
}

Error ExternalFiles::claim(StringRef location, uint64_t offset, uint64_t size) {
  if (size == 0)
    return Error::success();
  std::map<uint64_t, uint64_t> &ranges = claims[location];
  uint64_t end = offset + size;
  auto next = ranges.lower_bound(offset);
  if (next != ranges.end() && next->first == offset && next->second == end)
    return Error::success(); // tensors may share their data
  bool overlaps = next != ranges.end() && next->first < end;
  if (next != ranges.begin())
    overlaps |= std::prev(next)->second > offset;
  if (overlaps)
    return makeError("bytes " + Twine(offset) + " to " + Twine(end) + " of external data file '" +
                     location + "' overlap those of another tensor");
  ranges[offset] = end;
  return Error::success();
}

Expected<MappedSlice> ExternalFiles::slice(const ExternalEntry &entry, uint64_t size) {
  if (!entry.location)
    return makeError("external data has no location");
  Expected<uint64_t> offset = parseNumber("offset", entry.offset, 0);
  if (!offset)
    return offset.takeError();
  Expected<uint64_t> length = parseNumber("length", entry.length, size);
  if (!length)
    return length.takeError();
  if (*length != size)
    return makeError("expected " + Twine(size) +
                     " bytes of external data for its shape and type, but found length " +
                     Twine(*length));
  SmallString<128> location(*entry.location);
  sys::path::remove_dots(location); // one file, one spelling
  Expected<std::shared_ptr<const MappedFile>> file = open(location);
  if (!file)
    return file.takeError();
  Expected<ArrayRef<uint8_t>> bytes = (*file)->slice(*offset, size);
  if (!bytes)
    return addContext("external data", bytes.takeError());
  if (Error error = claim(location, *offset, size))
    return std::move(error);
  return MappedSlice{{reinterpret_cast<const char *>(bytes->data()), bytes->size()}, *file};
}
