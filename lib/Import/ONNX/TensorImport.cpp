//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From TensorProto to ElementsAttr; see TensorImport.h.
//
// Elements that lie in a file stay there: a large tensor becomes a resource
// blob over the mapping, whose deleter drops one reference to it. Small
// tensors are dense, as folders want them.
//
//===----------------------------------------------------------------------===//

#include "TensorImport.h"
#include "TypedData.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringExtras.h"
#include <cstddef>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using llvm::Error;
using llvm::Expected;

constexpr size_t denseLimitBytes = 1024;

/// The bytes of a tensor: a view with its owner, or memory of their own.
struct TensorImporter::Elements {
  ArrayRef<char> bytes;
  std::shared_ptr<const void> owner;
  StringRef storage;

  static Elements own(std::vector<char> data, StringRef storage) {
    auto owner = std::make_shared<std::vector<char>>(std::move(data));
    return {*owner, owner, storage};
  }
};

//===----------------------------------------------------------------------===//
// Finding the elements
//===----------------------------------------------------------------------===//

static ExternalEntry externalEntry(const ::onnx::TensorProto &proto) {
  ExternalEntry entry;
  for (const ::onnx::StringStringEntryProto &pair : proto.external_data()) {
    if (pair.key() == "location")
      entry.location = pair.value();
    else if (pair.key() == "offset")
      entry.offset = pair.value();
    else if (pair.key() == "length")
      entry.length = pair.value();
  }
  return entry;
}

Expected<TensorImporter::Elements> TensorImporter::locate(const ::onnx::TensorProto &proto,
                                                          const Payload &payload, DType dtype,
                                                          uint64_t size) {
  if (proto.data_location() == ::onnx::TensorProto::EXTERNAL) {
    if (payload.hasRaw || !payload.runs.empty())
      return makeError("tensor has both inline and external data");
    Expected<MappedSlice> slice = externals.slice(externalEntry(proto), size);
    if (!slice)
      return slice.takeError();
    return Elements{slice->bytes, slice->owner, "external"};
  }
  if (proto.external_data_size() != 0)
    return makeError("tensor has external_data, but its data_location is not EXTERNAL");
  const char *start = reinterpret_cast<const char *>(file->bytes().data());
  if (payload.hasRaw) {
    if (!payload.runs.empty())
      return makeError("tensor has both raw_data and typed data");
    if (payload.rawLength != size)
      return makeError("expected " + Twine(size) +
                       " bytes of raw_data for its shape and type, but "
                       "found " +
                       Twine(payload.rawLength));
    return Elements{{start + payload.rawOffset, size_t(size)}, file, "raw"};
  }
  if (payload.runs.empty() && size == 0)
    return Elements{{}, nullptr, "none"};
  if (isPlainRun(dtype, payload, size))
    return Elements{{start + payload.runs[0].offset, size_t(size)}, file, "typed"};
  Expected<std::vector<char>> bytes = decodeTypedData(dtype, size, payload, file->bytes());
  if (!bytes)
    return bytes.takeError();
  return Elements::own(std::move(*bytes), size == 0 ? "none" : "typed");
}

//===----------------------------------------------------------------------===//
// Making attributes
//===----------------------------------------------------------------------===//

/// One byte for each element narrower than that, its unused bits zero, as dense attributes have it.
static std::vector<char> unpack(ArrayRef<char> packed, DType dtype, size_t count) {
  unsigned width = bitWidth(dtype), perByte = 8 / width;
  std::vector<char> bytes(count);
  for (size_t i = 0; i < count; ++i) {
    unsigned value = static_cast<uint8_t>(packed[i / perByte]) >> (i % perByte * width);
    bytes[i] = static_cast<char>(value & ((1u << width) - 1));
  }
  return bytes;
}

/// A key that text and bytecode can hold.
static std::string blobKey(StringRef label) {
  std::string key;
  for (char c : label.take_front(200))
    key += llvm::isPrint(c) && c != '"' && c != '\\' ? c : '_';
  return key.empty() ? "tensor" : key;
}

static ElementsAttr makeDense(RankedTensorType type, ArrayRef<char> bytes) {
  if (bytes.empty())
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  if (!type.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  SmallVector<bool> values(bytes.begin(), bytes.end());
  return DenseElementsAttr::get(type, values);
}

static ElementsAttr makeBlob(RankedTensorType type, ArrayRef<char> bytes,
                             std::shared_ptr<const void> owner, StringRef label) {
  // What the address happens to have, but no more than any allocator gives: readers of bytecode
  // refuse blobs that want more than the buffer they read into.
  auto address = reinterpret_cast<uintptr_t>(bytes.data());
  size_t alignment = std::min<size_t>(alignof(std::max_align_t), address & (~address + 1));
  auto deleter = [owner = std::move(owner)](void *, size_t, size_t) mutable { owner.reset(); };
  AsmResourceBlob blob = UnmanagedAsmResourceBlob::allocateWithAlign(
      bytes, alignment, std::move(deleter), /*dataIsMutable=*/false);
  return nameWeights(type, blobKey(label), std::move(blob));
}

Expected<ElementsAttr> TensorImporter::importStrings(const ::onnx::TensorProto &proto,
                                                     RankedTensorType type) {
  if (proto.data_location() == ::onnx::TensorProto::EXTERNAL)
    return makeError("string tensor has external data");
  if (proto.string_data_size() != type.getNumElements())
    return makeError("expected " + Twine(type.getNumElements()) + " strings, but found " +
                     Twine(proto.string_data_size()));
  SmallVector<StringRef> strings(proto.string_data().begin(), proto.string_data().end());
  return DenseStringElementsAttr::get(type, strings);
}

DictionaryAttr TensorImporter::importInfo(const ::onnx::TensorProto &proto, StringRef storage,
                                          bool withName) {
  Builder builder(context);
  NamedAttrList info;
  if (withName && proto.has_name())
    info.set("name", builder.getStringAttr(proto.name()));
  if (proto.has_doc_string())
    info.set("doc", builder.getStringAttr(proto.doc_string()));
  if (storage != "raw")
    info.set("storage", builder.getStringAttr(storage));
  SmallVector<Attribute> pairs;
  for (const ::onnx::StringStringEntryProto &pair : proto.external_data())
    pairs.push_back(builder.getStrArrayAttr({pair.key(), pair.value()}));
  if (!pairs.empty())
    info.set("external", builder.getArrayAttr(pairs));

  ::onnx::TensorProto rest = proto;
  rest.clear_dims();
  rest.clear_data_type();
  rest.clear_name();
  rest.clear_doc_string();
  rest.clear_raw_data();
  rest.clear_string_data();
  rest.clear_external_data();
  if (rest.data_location() == ::onnx::TensorProto::EXTERNAL)
    rest.clear_data_location();
  if (std::string extra = rest.SerializePartialAsString(); !extra.empty())
    info.set("extra", builder.getStringAttr(extra));
  return info.empty() ? DictionaryAttr() : info.getDictionary(context);
}

Expected<ImportedTensor> TensorImporter::import(const ::onnx::TensorProto &proto, StringRef label,
                                                bool withName) {
  SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  Type elementType = elementTypeOf(proto.data_type(), context);
  if (!elementType)
    return makeError("expected an element type, but found code " + Twine(proto.data_type()));
  DType dtype = dtypeOf(elementType);
  if (!storageBytes(DType::Complex128, shape))
    return makeError(
        "expected a shape of non-negative dimensions whose size fits into 64 bits, but "
        "found " +
        shapeToString(shape));
  if (proto.has_segment())
    return makeError("segments of tensors are not supported");
  std::optional<uint64_t> index = payloadIndex(proto.raw_data());
  if (!index || *index >= payloads.size())
    return makeError("expected the elements of a tensor");
  auto type = RankedTensorType::get(shape, elementType);

  if (dtype == DType::String) {
    Expected<ElementsAttr> value = importStrings(proto, type);
    if (!value)
      return value.takeError();
    return ImportedTensor{*value, importInfo(proto, "typed", withName)};
  }
  if (proto.string_data_size() != 0)
    return makeError("expected elements of type " + dtypeName(dtype) + ", but found strings");
  Expected<Elements> elements =
      locate(proto, payloads[*index], dtype, uint64_t(*storageBytes(dtype, shape)));
  if (!elements)
    return elements.takeError();
  StringRef storage = elements->storage;
  if (dtype == DType::Bool &&
      llvm::any_of(elements->bytes, [](char c) { return static_cast<uint8_t>(c) > 1; }))
    return makeError("expected 0 or 1 as elements of a bool tensor");
  if (bitWidth(dtype) < 8 && dtype != DType::Bool)
    *elements =
        Elements::own(unpack(elements->bytes, dtype, size_t(type.getNumElements())), storage);
  DictionaryAttr info = importInfo(proto, storage, withName);
  if (elements->bytes.size() <= denseLimitBytes)
    return ImportedTensor{makeDense(type, elements->bytes), info};
  return ImportedTensor{makeBlob(type, elements->bytes, elements->owner, label), info};
}
