//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading and making constant tensors; see Weights.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/Weights.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace mlir;

namespace quantc {

/// Integer tensors that fold and small float tensors stay dense (ONNX scope, section 11).
constexpr size_t denseLimitBytes = 1024;

/// Readers of bytecode refuse a blob that asks for more alignment than their own buffer has.
constexpr size_t blobAlignment = 16;

size_t elementBytes(Type elementType) {
  unsigned bits = elementType.getIntOrFloatBitWidth();
  return bits < 8 ? 1 : bits / 8;
}

ElementsAttr getConstantElements(Value value) {
  ElementsAttr attr;
  if (value && matchPattern(value, m_Constant(&attr)))
    return attr;
  return {};
}

static std::optional<ArrayRef<char>> resourceData(DenseResourceElementsAttr attr) {
  AsmResourceBlob *blob = attr.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  ArrayRef<char> data = blob->getData();
  size_t expected =
      static_cast<size_t>(attr.getNumElements()) * elementBytes(attr.getElementType());
  if (data.size() < expected)
    return std::nullopt;
  return data.take_front(expected);
}

/// i1 tensors are packed in dense attributes; here a bool takes a byte, as in ONNX.
static std::vector<char> expandBits(DenseElementsAttr dense) {
  std::vector<char> bytes;
  bytes.reserve(dense.getNumElements());
  for (bool value : dense.getValues<bool>())
    bytes.push_back(value ? 1 : 0);
  return bytes;
}

std::optional<std::vector<char>> readBytes(ElementsAttr attr) {
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr)) {
    std::optional<ArrayRef<char>> data = resourceData(resource);
    if (!data)
      return std::nullopt;
    return std::vector<char>(data->begin(), data->end());
  }
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attr);
  if (!dense)
    return std::nullopt;
  if (dense.getElementType().isInteger(1))
    return expandBits(dense);
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return std::vector<char>(raw.begin(), raw.end());
  std::vector<char> bytes;
  bytes.reserve(raw.size() * dense.getNumElements());
  for (int64_t i = 0; i < dense.getNumElements(); ++i)
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  return bytes;
}

template <typename T> static T loadAt(const std::vector<char> &bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

static int64_t loadInteger(const std::vector<char> &bytes, size_t i, unsigned bits,
                           bool isUnsigned) {
  if (bits <= 8) {
    // A narrower element lies in the low bits of its byte; those above it are not defined.
    uint64_t value = loadAt<uint8_t>(bytes, i) & ((uint64_t(1) << bits) - 1);
    return isUnsigned ? int64_t(value) : llvm::SignExtend64(value, bits);
  }
  if (bits == 16)
    return isUnsigned ? int64_t(loadAt<uint16_t>(bytes, i)) : int64_t(loadAt<int16_t>(bytes, i));
  if (bits == 32)
    return isUnsigned ? int64_t(loadAt<uint32_t>(bytes, i)) : int64_t(loadAt<int32_t>(bytes, i));
  return loadAt<int64_t>(bytes, i);
}

static bool isUnsignedLike(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && (integer.isUnsigned() || integer.getWidth() == 1);
}

std::optional<std::vector<int64_t>> readIntegers(ElementsAttr attr) {
  if (!attr)
    return std::nullopt;
  Type type = attr.getShapedType().getElementType();
  if (!type.isInteger())
    return std::nullopt;
  std::optional<std::vector<char>> bytes = readBytes(attr);
  if (!bytes)
    return std::nullopt;
  std::vector<int64_t> values(static_cast<size_t>(attr.getNumElements()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = loadInteger(*bytes, i, type.getIntOrFloatBitWidth(), isUnsignedLike(type));
  return values;
}

std::optional<std::vector<float>> readFloats(ElementsAttr attr) {
  if (!attr)
    return std::nullopt;
  Type type = attr.getShapedType().getElementType();
  std::vector<float> values(static_cast<size_t>(attr.getNumElements()));
  if (type.isInteger()) {
    std::optional<std::vector<int64_t>> integers = readIntegers(attr);
    if (!integers)
      return std::nullopt;
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>((*integers)[i]);
    return values;
  }
  std::optional<std::vector<char>> bytes = readBytes(attr);
  auto floatType = dyn_cast<FloatType>(type);
  if (!bytes || !floatType)
    return std::nullopt;
  if (type.isF32()) {
    std::memcpy(values.data(), bytes->data(), bytes->size());
    return values;
  }
  unsigned bits = floatType.getWidth();
  for (size_t i = 0; i < values.size(); ++i) {
    APInt raw(bits, 0);
    uint64_t word = 0;
    size_t width = elementBytes(type);
    std::memcpy(&word, bytes->data() + i * width, width);
    raw = APInt(bits, word, /*isSigned=*/false, /*implicitTrunc=*/true);
    APFloat value(floatType.getFloatSemantics(), raw);
    bool losesInfo = false;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
    values[i] = value.convertToFloat();
  }
  return values;
}

ElementsAttr makeWeights(RankedTensorType type, ArrayRef<char> bytes, StringRef name) {
  if (bytes.size() <= denseLimitBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, blobAlignment, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name.empty() ? "weight" : name, std::move(blob));
}

ElementsAttr makeFloatWeights(RankedTensorType type, ArrayRef<float> values, StringRef name) {
  if (type.getElementType().isF64()) {
    std::vector<double> wide(values.begin(), values.end());
    return makeWeights(type, {reinterpret_cast<const char *>(wide.data()), wide.size() * 8}, name);
  }
  return makeWeights(type, {reinterpret_cast<const char *>(values.data()), values.size() * 4},
                     name);
}

ElementsAttr makeIntegerWeights(RankedTensorType type, ArrayRef<int64_t> values, StringRef name) {
  size_t width = elementBytes(type.getElementType());
  std::vector<char> bytes(values.size() * width);
  unsigned bits = type.getElementTypeBitWidth();
  uint64_t mask =
      bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1; // as dense attributes hold them
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t value = static_cast<uint64_t>(values[i]) & mask;
    std::memcpy(bytes.data() + i * width, &value, width); // little endian
  }
  return makeWeights(type, bytes, name);
}

size_t releaseUnusedWeights(ModuleOp module) {
  llvm::StringSet<> used;
  module.walk([&](Operation *op) {
    for (NamedAttribute named : op->getAttrDictionary().getValue())
      named.getValue().walk([&](Attribute attr) {
        if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
          used.insert(resource.getRawHandle().getKey());
      });
    if (Attribute properties = op->getPropertiesAsAttribute())
      properties.walk([&](Attribute attr) {
        if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
          used.insert(resource.getRawHandle().getKey());
      });
  });
  auto &manager =
      DenseResourceElementsHandle::getManagerInterface(module.getContext()).getBlobManager();
  std::vector<std::string> dead;
  manager.getBlobMap([&](const llvm::StringMap<DialectResourceBlobManager::BlobEntry> &map) {
    for (const auto &entry : map)
      if (!used.contains(entry.first()) && entry.second.getBlob())
        dead.push_back(entry.first().str());
  });
  size_t freed = 0;
  for (const std::string &key : dead)
    if (DialectResourceBlobManager::BlobEntry *entry = manager.lookup(key)) {
      freed += entry->getBlob()->getData().size();
      entry->setBlob(AsmResourceBlob());
    }
  return freed;
}

} // namespace quantc
