//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TensorProto files over Protobuf's CodedInputStream. The fields of onnx.proto
// are read by number; typed fields are decoded into values and then narrowed
// to the declared type, with a range check.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/TensorProto.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/MappedFile.h"
#include <cstring>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <limits>

using namespace llvm;
using namespace quantc;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

namespace {
enum Field : int {
  Dims = 1,
  DataType = 2,
  Segment = 3,
  FloatData = 4,
  Int32Data = 5,
  StringData = 6,
  Int64Data = 7,
  Name = 8,
  RawData = 9,
  DoubleData = 10,
  Uint64Data = 11,
  DataLocation = 14,
};

/// The fields of one message as they were found.
struct Message {
  std::string name;
  int64_t type = 0;
  int64_t location = 0;
  std::vector<int64_t> dims;
  std::vector<uint32_t> floats;   // bit patterns
  std::vector<uint64_t> doubles;  // bit patterns
  std::vector<uint64_t> integers; // int32_data, int64_data or uint64_data
  int integerField = 0;
  bool hasRaw = false, hasStrings = false, hasSegment = false;
  ArrayRef<uint8_t> raw;
};

class Reader {
public:
  explicit Reader(ArrayRef<uint8_t> bytes)
      : bytes(bytes), stream(bytes.data(), static_cast<int>(bytes.size())) {}
  Error read(Message &message);

private:
  bool readField(uint32_t tag, Message &message);
  bool readIntegers(uint32_t tag, std::vector<uint64_t> &into);
  bool readBytes(uint32_t tag, ArrayRef<uint8_t> &into);
  template <typename T> bool readFixed(uint32_t tag, std::vector<T> &into);

  ArrayRef<uint8_t> bytes;
  CodedInputStream stream;
};
} // namespace

static WireFormatLite::WireType wireType(uint32_t tag) {
  return WireFormatLite::GetTagWireType(tag);
}

/// A length-delimited field's bytes, located and skipped.
bool Reader::readBytes(uint32_t tag, ArrayRef<uint8_t> &into) {
  uint32_t length;
  if (wireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED || !stream.ReadVarint32(&length))
    return false;
  size_t offset = stream.CurrentPosition();
  if (length > bytes.size() - offset)
    return false;
  into = bytes.slice(offset, length);
  return stream.Skip(static_cast<int>(length));
}

/// A repeated varint field, packed or not.
bool Reader::readIntegers(uint32_t tag, std::vector<uint64_t> &into) {
  uint64_t value;
  if (wireType(tag) == WireFormatLite::WIRETYPE_VARINT) {
    if (!stream.ReadVarint64(&value))
      return false;
    into.push_back(value);
    return true;
  }
  ArrayRef<uint8_t> packed;
  if (!readBytes(tag, packed))
    return false;
  CodedInputStream values(packed.data(), static_cast<int>(packed.size()));
  while (static_cast<size_t>(values.CurrentPosition()) < packed.size()) {
    if (!values.ReadVarint64(&value))
      return false;
    into.push_back(value);
  }
  return true;
}

/// A repeated fixed-width field, packed or not.
template <typename T> bool Reader::readFixed(uint32_t tag, std::vector<T> &into) {
  constexpr auto kSingle =
      sizeof(T) == 4 ? WireFormatLite::WIRETYPE_FIXED32 : WireFormatLite::WIRETYPE_FIXED64;
  if (wireType(tag) == kSingle) {
    T value;
    if (!stream.ReadRaw(&value, sizeof(T)))
      return false;
    into.push_back(value);
    return true;
  }
  ArrayRef<uint8_t> packed;
  if (!readBytes(tag, packed) || packed.size() % sizeof(T) != 0)
    return false;
  size_t old = into.size();
  into.resize(old + packed.size() / sizeof(T));
  if (!packed.empty())
    std::memcpy(into.data() + old, packed.data(), packed.size());
  return true;
}

bool Reader::readField(uint32_t tag, Message &message) {
  ArrayRef<uint8_t> data;
  std::vector<uint64_t> numbers;
  int field = WireFormatLite::GetTagFieldNumber(tag);
  switch (field) {
  case Dims:
    if (!readIntegers(tag, numbers))
      return false;
    message.dims.insert(message.dims.end(), numbers.begin(), numbers.end());
    return true;
  case DataType:
  case DataLocation:
    if (wireType(tag) != WireFormatLite::WIRETYPE_VARINT || !readIntegers(tag, numbers))
      return false;
    (field == DataType ? message.type : message.location) = static_cast<int64_t>(numbers[0]);
    return true;
  case Name:
    if (!readBytes(tag, data))
      return false;
    message.name.assign(data.begin(), data.end());
    return true;
  case RawData:
    message.hasRaw = true;
    return readBytes(tag, message.raw);
  case FloatData:
    return readFixed(tag, message.floats);
  case DoubleData:
    return readFixed(tag, message.doubles);
  case Int32Data:
  case Int64Data:
  case Uint64Data:
    if (message.integerField != 0 && message.integerField != field)
      return false;
    message.integerField = field;
    return readIntegers(tag, message.integers);
  case Segment:
    message.hasSegment = true;
    break;
  case StringData:
    message.hasStrings = true;
    break;
  default:
    break;
  }
  return WireFormatLite::SkipField(&stream, tag);
}

Error Reader::read(Message &message) {
  while (static_cast<size_t>(stream.CurrentPosition()) < bytes.size()) {
    int position = stream.CurrentPosition();
    uint32_t tag = stream.ReadTag();
    if (tag == 0 || !readField(tag, message))
      return makeError("expected a TensorProto message, but found a malformed or truncated field "
                       "at byte " +
                       Twine(position));
  }
  return Error::success();
}

/// The field that onnx.proto prescribes for typed values of `type`.
static int integerFieldOf(DType type) {
  switch (type) {
  case DType::I64:
    return Int64Data;
  case DType::U32:
  case DType::U64:
    return Uint64Data;
  default:
    return Int32Data;
  }
}

/// Writes `values` with `width` bytes each; false if one of them does not fit.
static bool narrow(ArrayRef<uint64_t> values, DType type, unsigned width,
                   MutableArrayRef<uint8_t> into) {
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t value = static_cast<int64_t>(values[i]);
    unsigned bits = 8 * width;
    bool fits = bits == 64 ||
                (isSignedInteger(type) && bitWidth(type) >= 8
                     ? value >= -(int64_t(1) << (bits - 1)) && value < (int64_t(1) << (bits - 1))
                     : value >= 0 && value < (int64_t(1) << bits));
    if (!fits)
      return false;
    std::memcpy(into.data() + i * width, &values[i], width);
  }
  return true;
}

static Error countError(uint64_t expected, uint64_t found, const HostTensor &tensor) {
  return makeError("expected " + Twine(expected) + " values for " + tensor.typeString() +
                   ", but found " + Twine(found));
}

/// Builds a tensor from the typed fields.
static Expected<HostTensor> fromTypedFields(const Message &message, DType type) {
  // Bounds the allocation: every value takes at least one byte of the message,
  // so there are no more than were read.
  uint64_t found = message.floats.size() + message.doubles.size() + message.integers.size();
  std::optional<int64_t> bytes = storageBytes(type, message.dims);
  if (!bytes || uint64_t(*bytes) / 16 > found)
    return makeError("expected the values of " + dtypeName(type) + " " +
                     shapeToString(message.dims) + ", but found " + Twine(found));
  Expected<HostTensor> tensor = HostTensor::create(type, message.dims);
  if (!tensor)
    return tensor;
  MutableArrayRef<uint8_t> into = tensor->mutableBytes();
  auto copy = [&](const void *from, uint64_t have, unsigned width) -> Error {
    if (have != found || have * width != into.size())
      return countError(into.size() / width, found, *tensor);
    if (have != 0)
      std::memcpy(into.data(), from, into.size());
    return Error::success();
  };
  if (type == DType::F32 || type == DType::Complex64) {
    if (Error error = copy(message.floats.data(), message.floats.size(), 4))
      return std::move(error);
    return tensor;
  }
  if (type == DType::F64 || type == DType::Complex128) {
    if (Error error = copy(message.doubles.data(), message.doubles.size(), 8))
      return std::move(error);
    return tensor;
  }
  unsigned width = std::max(1u, elementBytes(type));
  if (found != message.integers.size() || found * width != into.size() ||
      (found != 0 && message.integerField != integerFieldOf(type)))
    return countError(into.size() / width, found, *tensor);
  if (!narrow(message.integers, type, width, into))
    return makeError("expected values of " + dtypeName(type) + ", but found one out of range");
  return tensor;
}

Expected<NamedTensor> quantc::parseTensorProto(ArrayRef<uint8_t> bytes,
                                               std::shared_ptr<const void> owner) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    return makeError("expected a message below 2 GiB, but found " + Twine(bytes.size()) + " bytes");
  Message message;
  if (Error error = Reader(bytes).read(message))
    return std::move(error);
  std::optional<DType> type = dtypeFromOnnxCode(message.type);
  if (!type || bitWidth(*type) == 0 || message.hasStrings)
    return makeError("expected a numeric tensor, but found data type " + Twine(message.type) +
                     (type ? " (" + dtypeName(*type) + ")" : ""));
  if (message.location != 0)
    return makeError("expected data inside the message, but found external data");
  if (message.hasSegment)
    return makeError("expected a whole tensor, but found a segment of one");
  bool hasTyped = !message.floats.empty() || !message.doubles.empty() || !message.integers.empty();
  if (message.hasRaw && hasTyped)
    return makeError("expected one field with data, but found raw and typed data");
  Expected<HostTensor> tensor =
      message.hasRaw ? HostTensor::view(*type, message.dims, message.raw, std::move(owner))
                     : fromTypedFields(message, *type);
  if (!tensor)
    return addContext("tensor '" + message.name + "'", tensor.takeError());
  return NamedTensor{std::move(message.name), std::move(*tensor)};
}

Expected<NamedTensor> quantc::readTensorProto(StringRef path) {
  Expected<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  Expected<NamedTensor> tensor = parseTensorProto((*file)->bytes(), *file);
  if (!tensor)
    return addContext("'" + path + "'", tensor.takeError());
  return tensor;
}

std::string quantc::serializeTensorProto(StringRef name, const HostTensor &tensor) {
  std::string result;
  auto varint = [&](uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      result += static_cast<char>(value | 0x80);
    result += static_cast<char>(value);
  };
  auto delimited = [&](Field field, StringRef data) {
    varint(field << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    varint(data.size());
    result += data;
  };
  for (int64_t dim : tensor.shape()) {
    varint(Dims << 3 | WireFormatLite::WIRETYPE_VARINT);
    varint(dim);
  }
  varint(DataType << 3 | WireFormatLite::WIRETYPE_VARINT);
  varint(onnxCode(tensor.dtype()));
  delimited(Name, name);
  delimited(RawData, {reinterpret_cast<const char *>(tensor.bytes().data()), tensor.byteSize()});
  return result;
}
