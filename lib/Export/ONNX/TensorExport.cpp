//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From ElementsAttr to TensorProto; see TensorExport.h.
//
//===----------------------------------------------------------------------===//

#include "TensorExport.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Elements as bytes
//===----------------------------------------------------------------------===//

/// One byte per element into the packed form of raw_data.
static std::vector<char> pack(ArrayRef<char> bytes, unsigned width) {
  unsigned perByte = 8 / width;
  std::vector<char> packed((bytes.size() + perByte - 1) / perByte);
  for (size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = static_cast<uint8_t>(bytes[i]) & ((1u << width) - 1);
    packed[i / perByte] = static_cast<char>(static_cast<uint8_t>(packed[i / perByte]) |
                                            value << (i % perByte * width));
  }
  return packed;
}

/// The bytes of a resource blob in place, or of a dense attribute in `storage`; one byte for each
/// element narrower than that.
static Expected<ArrayRef<char>> tensorBytes(ElementsAttr value, DType dtype,
                                            std::vector<char> &storage) {
  uint64_t expected = uint64_t(value.getNumElements()) * std::max(1u, bitWidth(dtype) / 8);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != expected)
      return makeError("the elements of resource '" + resource.getRawHandle().getKey() +
                       "' are missing: the module was printed without them");
    return blob->getData();
  }
  std::optional<std::vector<char>> bytes = readBytes(value);
  if (!bytes || bytes->size() != expected)
    return makeError("expected dense elements, but found another kind of attribute");
  storage = std::move(*bytes);
  return ArrayRef<char>(storage);
}

//===----------------------------------------------------------------------===//
// Typed fields
//===----------------------------------------------------------------------===//

template <typename T> static T readElement(ArrayRef<char> bytes, size_t index) {
  return llvm::support::endian::read<T, llvm::endianness::little>(bytes.data() + index * sizeof(T));
}

template <typename T, typename AddFn> static void addAll(ArrayRef<char> bytes, AddFn add) {
  for (size_t i = 0; i < bytes.size() / sizeof(T); ++i)
    add(readElement<T>(bytes, i));
}

/// `bytes` are those of raw_data.
static void setTypedData(ArrayRef<char> bytes, DType dtype, ::onnx::TensorProto &proto) {
  auto addInt32 = [&](auto value) { proto.add_int32_data(value); };
  auto addUint64 = [&](auto value) { proto.add_uint64_data(value); };
  switch (dtype) {
  case DType::F32:
  case DType::Complex64:
    return addAll<float>(bytes, [&](float value) { proto.add_float_data(value); });
  case DType::F64:
  case DType::Complex128:
    return addAll<double>(bytes, [&](double value) { proto.add_double_data(value); });
  case DType::I64:
    return addAll<int64_t>(bytes, [&](int64_t value) { proto.add_int64_data(value); });
  case DType::U32:
    return addAll<uint32_t>(bytes, addUint64);
  case DType::U64:
    return addAll<uint64_t>(bytes, addUint64);
  case DType::I32:
    return addAll<int32_t>(bytes, addInt32);
  case DType::I16:
    return addAll<int16_t>(bytes, addInt32);
  case DType::I8:
    return addAll<int8_t>(bytes, addInt32);
  case DType::U16:
  case DType::F16:
  case DType::BF16:
    return addAll<uint16_t>(bytes, addInt32);
  default: // a byte, or several elements packed in one
    return addAll<uint8_t>(bytes, addInt32);
  }
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static StringRef stringIn(DictionaryAttr info, StringRef key) {
  auto attr = info ? info.getAs<StringAttr>(key) : StringAttr();
  return attr ? attr.getValue() : "";
}

Error TensorExporter::exportTensor(ElementsAttr value, DictionaryAttr info,
                                   ::onnx::TensorProto &proto) {
  ShapedType type = value.getShapedType();
  DType dtype = dtypeOf(type.getElementType());
  if (dtype == DType::Undefined)
    return makeError("expected an element type that ONNX has");
  StringRef extra = stringIn(info, "extra");
  if (!proto.ParsePartialFromArray(extra.data(), static_cast<int>(extra.size())))
    return makeError("expected serialised fields of a tensor as extra");
  for (int64_t size : type.getShape())
    proto.add_dims(size);
  proto.set_data_type(onnxCode(dtype));
  if (info && info.contains("name"))
    proto.set_name(stringIn(info, "name").str());
  if (info && info.contains("doc"))
    proto.set_doc_string(stringIn(info, "doc").str());
  if (dtype == DType::String) {
    auto strings = dyn_cast<DenseStringElementsAttr>(value);
    if (!strings)
      return makeError("expected strings as elements");
    for (StringRef element : strings.getValues<StringRef>())
      proto.add_string_data(element.str());
    return Error::success();
  }

  std::vector<char> storage;
  Expected<ArrayRef<char>> bytes = tensorBytes(value, dtype, storage);
  if (!bytes)
    return bytes.takeError();
  if (bitWidth(dtype) < 8) {
    std::vector<char> packed = pack(*bytes, bitWidth(dtype));
    storage = std::move(packed);
    *bytes = storage;
  }
  StringRef field = stringIn(info, "storage");
  if (field == "none" && bytes->empty())
    return Error::success();
  if (field == "typed") {
    setTypedData(*bytes, dtype, proto);
    return Error::success();
  }
  if (!storage.empty()) {
    owned.push_back(std::move(storage));
    *bytes = owned.back();
  }
  proto.set_raw_data(payloadKey(payloads.size()));
  payloads.push_back(*bytes);
  return Error::success();
}

PayloadBytes TensorExporter::detach(::onnx::TensorProto &proto) {
  std::optional<uint64_t> index = payloadIndex(proto.raw_data());
  proto.clear_raw_data();
  return index ? std::exchange(payloads[*index], PayloadBytes()) : PayloadBytes();
}
