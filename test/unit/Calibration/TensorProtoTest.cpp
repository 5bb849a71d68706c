//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TensorProto messages: every numeric type in raw and typed form, and messages
// that are malformed. The generated classes of onnx.proto are not used; messages
// are spelled byte by byte, so that the reader is checked against the format.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/TensorProto.h"
#include "TestFiles.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
/// Spells a protobuf message.
struct Message {
  std::string bytes;

  Message &varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes += static_cast<char>(value | 0x80);
    bytes += static_cast<char>(value);
    return *this;
  }
  Message &number(int field, uint64_t value) { return varint(field << 3).varint(value); }
  Message &data(int field, StringRef value) {
    varint(field << 3 | 2).varint(value.size());
    bytes += value;
    return *this;
  }
  Message &packed(int field, std::vector<int64_t> values) {
    Message inner;
    for (int64_t value : values)
      inner.varint(value);
    return data(field, inner.bytes);
  }
  template <typename T> Message &fixed(int field, std::vector<T> values) {
    return data(field, {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)});
  }
};
/// Dims and type, the start of every message.
Message tensor(std::vector<int64_t> dims, DType type) {
  Message message;
  for (int64_t dim : dims)
    message.number(1, dim);
  return message.number(2, onnxCode(type));
}

Expected<NamedTensor> parse(const Message &message) {
  auto bytes = std::make_shared<std::string>(message.bytes);
  return parseTensorProto(arrayRefFromStringRef(*bytes), bytes);
}

TEST(TensorProto, RawDataOfEveryType) {
  for (int code = 1; code <= 26; ++code) {
    DType type = *dtypeFromOnnxCode(code);
    std::optional<int64_t> size = storageBytes(type, {3});
    if (!size)
      continue;
    std::string raw;
    for (int64_t i = 0; i < *size; ++i)
      raw += static_cast<char>(i * 37 + code);
    NamedTensor read = cantFail(parse(tensor({3}, type).data(8, "x").data(9, raw)));
    EXPECT_EQ(read.name, "x");
    EXPECT_EQ(read.tensor.dtype(), type);
    EXPECT_EQ(toStringRef(read.tensor.bytes()), raw) << code;
  }
}

TEST(TensorProto, RawDataIsAView) {
  Message message = tensor({4}, DType::U8).data(9, "abcd");
  NamedTensor read = cantFail(parseTensorProto(arrayRefFromStringRef(message.bytes), nullptr));
  EXPECT_EQ(reinterpret_cast<const char *>(read.tensor.bytes().data()),
            message.bytes.data() + message.bytes.find("abcd"));
}

TEST(TensorProto, TypedIntegers) {
  struct Case {
    DType type;
    int field;
    std::vector<int64_t> values;
  } cases[] = {
      {DType::I32, 5, {-1, INT32_MIN, INT32_MAX}},
      {DType::I8, 5, {-128, 127, 0}},
      {DType::U8, 5, {0, 255, 7}},
      {DType::I16, 5, {-32768, 32767, 1}},
      {DType::U16, 5, {0, 65535, 1}},
      {DType::Bool, 5, {0, 1, 1}},
      {DType::I64, 7, {INT64_MIN, INT64_MAX, -1}},
      {DType::U32, 11, {0, UINT32_MAX, 1}},
      {DType::U64, 11, {0, INT64_MAX, 1}},
  };
  for (const Case &c : cases) {
    NamedTensor packed = cantFail(parse(tensor({3}, c.type).packed(c.field, c.values)));
    Message single = tensor({3}, c.type);
    for (int64_t value : c.values)
      single.number(c.field, value);
    NamedTensor unpacked = cantFail(parse(single));
    EXPECT_TRUE(bitEqual(packed.tensor, unpacked.tensor));
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(packed.tensor.asInt(i), c.values[i]) << dtypeName(c.type).str();
  }
}

TEST(TensorProto, TypedFloats) {
  NamedTensor f32 = cantFail(parse(tensor({2}, DType::F32).fixed<float>(4, {1.5f, -2})));
  EXPECT_EQ(f32.tensor.values<float>().vec(), std::vector<float>({1.5f, -2}));
  NamedTensor f64 = cantFail(parse(tensor({1}, DType::F64).fixed<double>(10, {1e300})));
  EXPECT_EQ(f64.tensor.asDouble(0), 1e300);
  NamedTensor f16 = cantFail(parse(tensor({1}, DType::F16).packed(5, {0xc200})));
  EXPECT_EQ(f16.tensor.asDouble(0), -3);
  NamedTensor complex = cantFail(parse(tensor({1}, DType::Complex64).fixed<float>(4, {1, 2})));
  EXPECT_EQ(complex.tensor.values<float>().vec(), std::vector<float>({1, 2}));
  // Two to a byte, as in raw_data.
  NamedTensor nibbles = cantFail(parse(tensor({3}, DType::U4).packed(5, {0x21, 0x03})));
  EXPECT_EQ(nibbles.tensor.asInt(1), 2);
  EXPECT_EQ(nibbles.tensor.asInt(2), 3);
}

TEST(TensorProto, ScalarsEmptyAndUnknownFields) {
  NamedTensor scalar = cantFail(parse(tensor({}, DType::F32).fixed<float>(4, {5})));
  EXPECT_EQ(scalar.tensor.rank(), 0u);
  NamedTensor empty = cantFail(parse(tensor({0, 3}, DType::F32)));
  EXPECT_EQ(empty.tensor.numElements(), 0);
  // doc_string, metadata_props and a number nobody has given out yet.
  Message later = tensor({1}, DType::U8).data(12, "doc").data(16, "kv").number(99, 1).data(9, "z");
  EXPECT_EQ(cantFail(parse(later)).tensor.asInt(0), 'z');
  // Packed dims.
  Message dims;
  dims.packed(1, {2, 1}).number(2, onnxCode(DType::U8)).data(9, "ab");
  EXPECT_EQ(cantFail(parse(dims)).tensor.shape(), ArrayRef<int64_t>({2, 1}));
}

TEST(TensorProto, Malformed) {
  struct Case {
    Message message;
    const char *text;
  } cases[] = {
      {tensor({3}, DType::F32).data(9, "1234"), "expected 12 bytes for float32 [3], but found 4"},
      {tensor({1}, DType::String).data(6, "a"), "expected a numeric tensor, but found data type 8"},
      {tensor({1}, DType::F32).data(6, "a"), "expected a numeric tensor"},
      {Message().number(1, 1).data(9, "1234"), "but found data type 0"},
      {Message().number(2, 99).data(9, "1234"), "but found data type 99"},
      {tensor({1}, DType::F32).number(14, 1), "but found external data"},
      {tensor({1}, DType::F32).data(3, ""), "but found a segment"},
      {tensor({1}, DType::F32).fixed<float>(4, {1}).data(9, "1234"), "raw and typed data"},
      {tensor({2}, DType::F32).fixed<float>(4, {1}), "expected 2 values for float32 [2]"},
      {tensor({1}, DType::F32).fixed<double>(10, {1}), "expected 1 values for float32 [1]"},
      {tensor({1}, DType::I64).packed(5, {1}), "values for int64 [1]"},
      {tensor({1}, DType::U8).packed(5, {256}), "expected values of uint8, but found one out of"},
      {tensor({1}, DType::U8).packed(5, {-1}), "out of range"},
      {tensor({1}, DType::I8).packed(5, {128}), "out of range"},
      {tensor({-1}, DType::F32).data(9, ""), "float32 [?]"},
      {tensor({INT64_MAX, 16}, DType::F32).data(9, ""), "but found 0"},
      {tensor({int64_t(1) << 40}, DType::F32), "expected the values of float32 [1099511627776]"},
      {tensor({int64_t(1) << 40}, DType::F32).fixed<float>(4, {1}), "expected the values"},
      {tensor({1}, DType::I32).packed(5, {1}).packed(7, {1}), "malformed or truncated field"},
      {tensor({1}, DType::F32).data(4, "123"), "malformed or truncated field"},
      {Message().data(2, "1"), "malformed or truncated field"},
      {Message().number(9, 1), "malformed or truncated field"},
      {Message().varint(7), "malformed or truncated field"},          // wire type 7
      {Message().varint(0), "malformed or truncated field"},          // field 0
      {Message().varint(1 << 3 | 4), "malformed or truncated field"}, // end of no group
  };
  for (const Case &c : cases)
    EXPECT_TRUE(contains(errorOf(parse(c.message)), c.text));
}

TEST(TensorProto, EveryTruncationIsAnErrorOrAField) {
  Message message = tensor({2, 3}, DType::F32).data(8, "name").fixed<float>(4, {1, 2, 3, 4, 5, 6});
  for (size_t size = 0; size < message.bytes.size(); ++size) {
    Message cut;
    cut.bytes = message.bytes.substr(0, size);
    EXPECT_NE(errorOf(parse(cut)), "(success)") << size;
  }
}

TEST(TensorProto, LengthsPastTheEnd) {
  for (uint64_t length : {uint64_t(5), uint64_t(0x7fffffff), uint64_t(0xffffffff), UINT64_MAX}) {
    Message message = tensor({4}, DType::U8);
    message.varint(9 << 3 | 2).varint(length);
    message.bytes += "abcd";
    EXPECT_NE(errorOf(parse(message)), "(success)") << length;
  }
}

TEST(TensorProto, SerializedIsRead) {
  TemporaryFolder folder;
  HostTensor tensor = iota({2, 3});
  std::string path = folder.write("input_0.pb", serializeTensorProto("x", tensor));
  NamedTensor read = cantFail(readTensorProto(path));
  EXPECT_EQ(read.name, "x");
  EXPECT_TRUE(bitEqual(read.tensor, tensor));
  EXPECT_TRUE(contains(errorOf(readTensorProto(folder.write("b.pb", "garbage"))), "b.pb'"));
}
} // namespace
