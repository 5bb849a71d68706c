//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading .npz archives with libzip. Each array has its own position in its
// entry: stored entries seek, deflated ones read forward and start again when
// asked to go back. Nothing is allocated for a declared size before that size
// was compared with the bytes the archive has for it: stored entries cannot be
// larger than the file and deflate cannot expand by more than 1032 to 1.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include <zip.h>

using namespace llvm;
using namespace quantc;

static constexpr uint64_t kMaxDeflateRatio = 1032;

namespace {
/// An open archive, shared by its arrays.
class Archive {
public:
  static Expected<std::shared_ptr<Archive>> open(StringRef path);
  ~Archive() { zip_discard(zip); }
  Archive(const Archive &) = delete;

  zip_t *get() const { return zip; }
  uint64_t fileBytes() const { return bytes; }

private:
  Archive(zip_t *zip, uint64_t bytes) : zip(zip), bytes(bytes) {}
  zip_t *zip;
  uint64_t bytes;
};

/// One entry of an archive as a stream of bytes.
class EntryStream {
public:
  EntryStream(std::shared_ptr<Archive> archive, uint64_t index, bool seekable)
      : archive(std::move(archive)), index(index), seekable(seekable) {}
  ~EntryStream() { close(); }
  EntryStream(const EntryStream &) = delete;

  /// Fills `buffer` with the bytes at `offset`.
  Error readAt(uint64_t offset, MutableArrayRef<uint8_t> buffer);
  /// Reads the whole entry once, so that its checksum is compared.
  Error verify();

private:
  Error moveTo(uint64_t offset);
  Error readNext(MutableArrayRef<uint8_t> buffer);
  void close() {
    if (file)
      zip_fclose(std::exchange(file, nullptr));
  }
  Error failure(const Twine &what, const char *reason) {
    // Start anew at the next attempt.
    std::string text = reason;
    close();
    return makeError(what + ": " + text);
  }

  std::shared_ptr<Archive> archive;
  uint64_t index;
  bool seekable;
  zip_file_t *file = nullptr;
  uint64_t position = 0;
};

class NpzSource : public ArraySource {
public:
  NpzSource(std::string name, NpyHeader header, std::unique_ptr<EntryStream> stream)
      : ArraySource(std::move(name), header.dtype, header.shape), header(std::move(header)),
        stream(std::move(stream)) {}

  Expected<HostTensor> read(int64_t begin, int64_t count) override;
  Expected<HostTensor> readAll() override;

private:
  Expected<HostTensor> readBytes(uint64_t offset, ArrayRef<int64_t> resultShape);

  NpyHeader header;
  std::unique_ptr<EntryStream> stream;
  /// A Fortran-order array cannot be sliced along axis 0; it is kept whole.
  HostTensor converted;
};
} // namespace

Expected<std::shared_ptr<Archive>> Archive::open(StringRef path) {
  // libzip would wait for a writer of a pipe; the status tells what it is.
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return makeError("cannot open '" + path + "': " + code.message());
  if (status.type() != sys::fs::file_type::regular_file)
    return makeError("expected a regular file, but found '" + path + "'");
  int code = 0;
  zip_t *zip = zip_open(path.str().c_str(), ZIP_RDONLY, &code);
  if (!zip) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return makeError("cannot open '" + path + "' as a zip archive: " + text);
  }
  return std::shared_ptr<Archive>(new Archive(zip, status.getSize()));
}

Error EntryStream::readNext(MutableArrayRef<uint8_t> buffer) {
  while (!buffer.empty()) {
    zip_int64_t count = zip_fread(file, buffer.data(), buffer.size());
    if (count < 0)
      return failure("cannot read at byte " + Twine(position), zip_file_strerror(file));
    if (count == 0)
      return failure("cannot read at byte " + Twine(position), "the entry ends early");
    position += count;
    buffer = buffer.drop_front(count);
  }
  return Error::success();
}

Error EntryStream::moveTo(uint64_t offset) {
  if (file && offset < position && !seekable)
    close();
  if (!file) {
    file = zip_fopen_index(archive->get(), index, 0);
    if (!file)
      return makeError("cannot open: " + Twine(zip_strerror(archive->get())));
    position = 0;
  }
  if (offset == position)
    return Error::success();
  if (seekable) {
    if (zip_fseek(file, offset, SEEK_SET) != 0)
      return failure("cannot go to byte " + Twine(offset), zip_file_strerror(file));
    position = offset;
    return Error::success();
  }
  std::vector<uint8_t> skipped(std::min<uint64_t>(offset - position, 1 << 16));
  while (position < offset) {
    size_t count = std::min<uint64_t>(offset - position, skipped.size());
    if (Error error = readNext(MutableArrayRef(skipped).take_front(count)))
      return error;
  }
  return Error::success();
}

Error EntryStream::verify() {
  close();
  if (Error error = moveTo(0))
    return error;
  std::vector<uint8_t> chunk(1 << 16);
  zip_int64_t count = 0;
  // The library compares the checksum when it meets the end.
  while ((count = zip_fread(file, chunk.data(), chunk.size())) > 0)
    position += count;
  if (count < 0)
    return failure("damaged entry", zip_file_strerror(file));
  close();
  return Error::success();
}

Error EntryStream::readAt(uint64_t offset, MutableArrayRef<uint8_t> buffer) {
  if (buffer.empty())
    return Error::success();
  if (Error error = moveTo(offset))
    return error;
  return readNext(buffer);
}

Expected<HostTensor> NpzSource::readBytes(uint64_t offset, ArrayRef<int64_t> resultShape) {
  Expected<HostTensor> tensor = HostTensor::create(dtype(), resultShape);
  if (!tensor)
    return tensor.takeError();
  if (Error error = stream->readAt(header.dataOffset + offset, tensor->mutableBytes()))
    return addContext("array '" + name() + "'", std::move(error));
  return tensor;
}

Expected<HostTensor> NpzSource::read(int64_t begin, int64_t count) {
  if (Error error = checkRange(begin, count))
    return std::move(error);
  if (header.fortranOrder) {
    Expected<HostTensor> whole = readAll();
    if (!whole)
      return whole.takeError();
    return whole->slice(begin, count);
  }
  std::vector<int64_t> sliceShape = shape().vec();
  sliceShape[0] = count;
  uint64_t row = shape()[0] == 0 ? 0 : header.dataBytes / shape()[0];
  return readBytes(begin * row, sliceShape);
}

Expected<HostTensor> NpzSource::readAll() {
  if (converted.isDefined())
    return converted;
  Expected<HostTensor> tensor = readBytes(0, shape());
  if (!tensor || !header.fortranOrder)
    return tensor;
  converted = fromFortranOrder(*tensor);
  return converted;
}

/// Refuses what the sizes, method or encryption of an entry rule out.
static Error checkEntry(const zip_stat_t &stat, uint64_t fileBytes) {
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((stat.valid & kNeeded) != kNeeded)
    return makeError("expected an entry with sizes and a method, but found an incomplete one");
  if (stat.encryption_method != ZIP_EM_NONE)
    return makeError("expected a plain entry, but found an encrypted one");
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
    return makeError("expected a stored or deflated entry, but found compression method " +
                     Twine(stat.comp_method));
  uint64_t ratio = stat.comp_method == ZIP_CM_STORE ? 1 : kMaxDeflateRatio;
  if (stat.comp_size > fileBytes || stat.size / ratio > stat.comp_size)
    return makeError("expected a size that a file of " + Twine(fileBytes) +
                     " bytes can hold, but found " + Twine(stat.size) + " bytes from " +
                     Twine(stat.comp_size));
  return Error::success();
}

/// Reads the .npy header at the start of an entry of `entryBytes`.
static Expected<NpyHeader> readHeader(EntryStream &stream, uint64_t entryBytes) {
  std::vector<uint8_t> prefix;
  // Headers are short; long ones take a few more rounds.
  for (uint64_t want = 256;; want *= 4) {
    uint64_t have = prefix.size();
    prefix.resize(std::min(want, entryBytes));
    if (Error error = stream.readAt(have, MutableArrayRef(prefix).drop_front(have)))
      return std::move(error);
    Expected<std::optional<NpyHeader>> header = parseNpyHeader(prefix);
    if (!header)
      return header.takeError();
    if (*header) {
      if (Error error = checkNpySize(**header, entryBytes))
        return std::move(error);
      return std::move(**header);
    }
    if (want >= entryBytes)
      return makeError("expected a complete .npy header, but found the end after " +
                       Twine(entryBytes) + " bytes");
  }
}

static Expected<std::unique_ptr<ArraySource>> openEntry(const std::shared_ptr<Archive> &archive,
                                                        const zip_stat_t &stat, StringRef name) {
  if (Error error = checkEntry(stat, archive->fileBytes()))
    return std::move(error);
  auto stream =
      std::make_unique<EntryStream>(archive, stat.index, stat.comp_method == ZIP_CM_STORE);
  Expected<NpyHeader> header = readHeader(*stream, stat.size);
  if (!header)
    return header.takeError();
  // Reads of parts never meet the end of a stored entry, where its checksum is compared.
  if (stat.comp_method == ZIP_CM_STORE)
    if (Error error = stream->verify())
      return std::move(error);
  return std::make_unique<NpzSource>(name.str(), std::move(*header), std::move(stream));
}

Expected<std::vector<std::unique_ptr<ArraySource>>> quantc::openNpz(StringRef path) {
  Expected<std::shared_ptr<Archive>> archive = Archive::open(path);
  if (!archive)
    return archive.takeError();
  std::vector<std::unique_ptr<ArraySource>> arrays;
  StringSet<> names;
  zip_int64_t count = zip_get_num_entries((*archive)->get(), 0);
  for (zip_int64_t index = 0; index < count; ++index) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index((*archive)->get(), index, 0, &stat) != 0)
      return makeError("'" + path + "': entry " + Twine(index) + ": " +
                       zip_strerror((*archive)->get()));
    StringRef name = stat.valid & ZIP_STAT_NAME ? StringRef(stat.name) : StringRef();
    if (!name.consume_back(".npy"))
      return makeError("'" + path + "': expected .npy entries, but found '" + name + "'");
    if (!names.insert(name).second)
      return makeError("'" + path + "': array '" + name + "' twice");
    Expected<std::unique_ptr<ArraySource>> array = openEntry(*archive, stat, name);
    if (!array)
      return addContext("'" + path + "': array '" + name + "'", array.takeError());
    arrays.push_back(std::move(*array));
  }
  return arrays;
}

Expected<std::vector<NamedTensor>> quantc::readNpz(StringRef path) {
  Expected<std::vector<std::unique_ptr<ArraySource>>> sources = openNpz(path);
  if (!sources)
    return sources.takeError();
  std::vector<NamedTensor> tensors;
  for (std::unique_ptr<ArraySource> &source : *sources) {
    Expected<HostTensor> tensor = source->readAll();
    if (!tensor)
      return addContext("'" + path + "'", tensor.takeError());
    tensors.push_back({source->name().str(), std::move(*tensor)});
  }
  return tensors;
}
