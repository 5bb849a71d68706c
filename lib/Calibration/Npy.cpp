//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole .npy files: reading through a mapping, slices of it, and writing.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/MappedFile.h"
#include "quantc/Support/OutputFile.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace llvm;
using namespace quantc;

HostTensor quantc::fromFortranOrder(const HostTensor &columnMajor) {
  HostTensor result = HostTensor::zeros(columnMajor.dtype(), columnMajor.shape());
  unsigned rank = columnMajor.rank();
  size_t width = elementBytes(columnMajor.dtype());
  const uint8_t *from = columnMajor.bytes().data();
  uint8_t *to = result.mutableBytes().data();
  std::vector<int64_t> index(rank), stride(rank);
  int64_t step = 1;
  for (unsigned axis = 0; axis < rank; ++axis) {
    stride[axis] = step;
    step *= columnMajor.dim(axis);
  }
  // Walks the result in order and keeps the source offset up to date.
  int64_t offset = 0;
  for (int64_t i = 0; i < columnMajor.numElements(); ++i) {
    std::memcpy(to + i * width, from + offset * width, width);
    for (unsigned axis = rank; axis-- > 0;) {
      offset += stride[axis];
      if (++index[axis] < columnMajor.dim(axis))
        break;
      offset -= stride[axis] * columnMajor.dim(axis);
      index[axis] = 0;
    }
  }
  return result;
}

/// The header of a complete image, checked against its size.
static Expected<NpyHeader> checkedHeader(ArrayRef<uint8_t> bytes) {
  Expected<std::optional<NpyHeader>> header = parseNpyHeader(bytes);
  if (!header)
    return header.takeError();
  if (!*header)
    return makeError("expected a complete .npy header, but found the end after " +
                     Twine(bytes.size()) + " bytes");
  if (Error error = checkNpySize(**header, bytes.size()))
    return std::move(error);
  return std::move(**header);
}

Expected<HostTensor> quantc::parseNpy(ArrayRef<uint8_t> bytes, std::shared_ptr<const void> owner) {
  Expected<NpyHeader> header = checkedHeader(bytes);
  if (!header)
    return header.takeError();
  Expected<HostTensor> tensor = HostTensor::view(
      header->dtype, header->shape, bytes.drop_front(header->dataOffset), std::move(owner));
  if (tensor && header->fortranOrder)
    return fromFortranOrder(*tensor);
  return tensor;
}

Expected<HostTensor> quantc::readNpy(StringRef path) {
  Expected<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  Expected<HostTensor> tensor = parseNpy((*file)->bytes(), *file);
  if (!tensor)
    return addContext("'" + path + "'", tensor.takeError());
  return tensor;
}

namespace {
/// Slices of a mapped file in C order.
class MappedNpySource : public ArraySource {
public:
  MappedNpySource(std::string name, NpyHeader header, std::shared_ptr<const MappedFile> file)
      : ArraySource(std::move(name), header.dtype, header.shape), header(std::move(header)),
        file(std::move(file)) {}

  Expected<HostTensor> read(int64_t begin, int64_t count) override {
    if (Error error = checkRange(begin, count))
      return std::move(error);
    // What was handed out last has been used by now; keep the resident set to
    // one slice.
    file->release(lastOffset, lastBytes);
    uint64_t row = shape()[0] == 0 ? 0 : header.dataBytes / shape()[0];
    lastOffset = header.dataOffset + begin * row;
    lastBytes = count * row;
    std::vector<int64_t> sliceShape = shape().vec();
    sliceShape[0] = count;
    return HostTensor::view(dtype(), sliceShape, file->bytes().slice(lastOffset, lastBytes), file);
  }

  Expected<HostTensor> readAll() override {
    return HostTensor::view(dtype(), shape(), file->bytes().drop_front(header.dataOffset), file);
  }

private:
  NpyHeader header;
  std::shared_ptr<const MappedFile> file;
  uint64_t lastOffset = 0, lastBytes = 0;
};
} // namespace

Expected<std::unique_ptr<ArraySource>> quantc::openNpy(StringRef path, StringRef name) {
  Expected<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  Expected<NpyHeader> header = checkedHeader((*file)->bytes());
  if (!header)
    return addContext("'" + path + "'", header.takeError());
  if (!header->fortranOrder)
    return std::make_unique<MappedNpySource>(name.str(), std::move(*header), std::move(*file));
  Expected<HostTensor> tensor = parseNpy((*file)->bytes(), *file);
  if (!tensor)
    return addContext("'" + path + "'", tensor.takeError());
  return makeTensorSource(name.str(), std::move(*tensor));
}

Error quantc::writeNpy(StringRef path, const HostTensor &tensor) {
  Expected<std::string> header = makeNpyHeader(tensor.dtype(), tensor.shape());
  if (!header)
    return addContext("'" + path + "'", header.takeError());
  // Through a temporary file, so that a failure leaves no half-written one.
  Error error = writeWhole(path, [&](raw_ostream &os) {
    os << *header;
    os.write(reinterpret_cast<const char *>(tensor.bytes().data()), tensor.byteSize());
    return Error::success();
  });
  return error ? addContext("cannot write '" + path + "'", std::move(error)) : Error::success();
}
