//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decoding of typed tensor data; see TypedData.h.
//
//===----------------------------------------------------------------------===//

#include "TypedData.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <google/protobuf/io/coded_stream.h>

using namespace llvm;
using namespace quantc;
using namespace quantc::onnx;
using google::protobuf::io::CodedInputStream;

namespace {
enum Field : uint32_t {
  FloatData = 4,
  Int32Data = 5,
  Int64Data = 7,
  DoubleData = 10,
  Uint64Data = 11
};
} // namespace

uint32_t quantc::onnx::typedFieldOf(DType dtype) {
  switch (dtype) {
  case DType::F32:
  case DType::Complex64:
    return FloatData;
  case DType::F64:
  case DType::Complex128:
    return DoubleData;
  case DType::I64:
    return Int64Data;
  case DType::U32:
  case DType::U64:
    return Uint64Data;
  case DType::String:
  case DType::Undefined:
    return 0;
  default:
    return Int32Data;
  }
}

/// Bytes that one stored value stands for: complex numbers take two values, and a byte of packed
/// sub-byte elements is one.
static unsigned valueBytes(DType dtype) {
  switch (dtype) {
  case DType::Complex64:
    return 4;
  case DType::Complex128:
    return 8;
  default:
    return std::max(1u, bitWidth(dtype) / 8);
  }
}

static unsigned fixedWidth(uint32_t field) {
  return field == FloatData ? 4 : field == DoubleData ? 8 : 0;
}

bool quantc::onnx::isPlainRun(DType dtype, const Payload &payload, uint64_t size) {
  return payload.runs.size() == 1 && payload.runs[0].packed &&
         payload.runs[0].field == typedFieldOf(dtype) && fixedWidth(payload.runs[0].field) != 0 &&
         payload.runs[0].length == size;
}

namespace {

/// Reads the values of all runs in order and appends them to the result.
class Decoder {
public:
  Decoder(DType dtype, ArrayRef<uint8_t> file, uint64_t size)
      : dtype(dtype), file(file), width(valueBytes(dtype)), size(size) {}

  Error decode(const ElementRun &run) {
    uint64_t offset = run.offset, end = run.offset + run.length;
    while (offset < end) {
      // Windows keep within the 32 bits that the stream counts in.
      constexpr uint64_t window = 20;
      CodedInputStream in(file.data() + offset, int(std::min(window, end - offset)));
      uint32_t tag = 0;
      if (!run.packed && !in.ReadVarint32(&tag))
        return damaged();
      if (Error error = readValue(in, run, tag))
        return error;
      offset += in.CurrentPosition();
    }
    return Error::success();
  }

  Expected<std::vector<char>> take() {
    if (result.size() != size)
      return wrongCount(result.size());
    return std::move(result);
  }

private:
  static Error damaged() { return makeError("a field of typed data is damaged"); }

  Error wrongCount(uint64_t found) const {
    return makeError("expected " + Twine(size / width) + " values of typed data, but found " +
                     (found > size ? "more" : Twine(found / width)));
  }

  Error readValue(CodedInputStream &in, const ElementRun &run, uint32_t tag) {
    uint64_t value = 0;
    uint32_t low = 0;
    unsigned fixed = fixedWidth(run.field);
    unsigned expectedType = fixed == 4 ? 5 : fixed == 8 ? 1 : 0;
    if (!run.packed && (tag & 7) != expectedType)
      return damaged();
    if (fixed == 4) {
      if (!in.ReadLittleEndian32(&low))
        return damaged();
      value = low;
    } else if (fixed == 8 ? !in.ReadLittleEndian64(&value) : !in.ReadVarint64(&value)) {
      return damaged();
    }
    if (!fixed && !fits(value))
      return makeError("expected values of type " + dtypeName(dtype) + ", but found " +
                       Twine(static_cast<int64_t>(value)));
    if (result.size() + width > size)
      return wrongCount(size + 1);
    char bytes[8];
    support::endian::write64le(bytes, value);
    result.insert(result.end(), bytes, bytes + width);
    return Error::success();
  }

  /// Whether an element takes this value. Floats and packed elements are stored as unsigned
  /// integers of their width.
  bool fits(uint64_t value) const {
    if (width == 8)
      return true;
    if (dtype == DType::Bool)
      return value <= 1;
    if (isSignedInteger(dtype) && bitWidth(dtype) >= 8)
      return isIntN(width * 8, static_cast<int64_t>(value));
    return isUIntN(width * 8, value);
  }

  DType dtype;
  ArrayRef<uint8_t> file;
  unsigned width;
  uint64_t size;
  std::vector<char> result;
};

} // namespace

Expected<std::vector<char>> quantc::onnx::decodeTypedData(DType dtype, uint64_t size,
                                                          const Payload &payload,
                                                          ArrayRef<uint8_t> file) {
  Decoder decoder(dtype, file, size);
  for (const ElementRun &run : payload.runs) {
    if (run.field != typedFieldOf(dtype))
      return makeError("expected elements of type " + dtypeName(dtype) + " in field " +
                       Twine(typedFieldOf(dtype)) + " of the tensor, but found field " +
                       Twine(run.field));
    if (Error error = decoder.decode(run))
      return std::move(error);
  }
  return decoder.take();
}
