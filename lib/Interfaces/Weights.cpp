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
#include <mutex>

using namespace mlir;

namespace quantc {

/// Integer tensors that fold and small float tensors stay dense (ONNX scope, section 11).
constexpr size_t denseLimitBytes = 1024;

/// Readers of bytecode refuse a blob that asks for more alignment than their own buffer has.
constexpr size_t blobAlignment = 64; // a cache line; generated code counts on it

/// A splat with more elements is not expanded.
constexpr int64_t mostSplatElements = int64_t(1) << 28;

size_t elementBytes(Type elementType) { return (elementType.getIntOrFloatBitWidth() + 7) / 8; }

ElementsAttr getConstantElements(Value value) {
  ElementsAttr attr;
  if (value && matchPattern(value, m_Constant(&attr)))
    return attr;
  return {};
}

/// Bytes of an element of a dense or resource attribute (a bool counts as one); 0 for types whose
/// elements are no numbers.
static size_t rawElementBytes(Type type) {
  if (auto complex = dyn_cast<ComplexType>(type))
    return complex.getElementType().isIntOrFloat() ? 2 * elementBytes(complex.getElementType()) : 0;
  return type.isIntOrFloat() ? elementBytes(type) : 0;
}

static std::optional<ArrayRef<char>> resourceData(DenseResourceElementsAttr attr) {
  AsmResourceBlob *blob = attr.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  ArrayRef<char> data = blob->getData();
  size_t count = static_cast<size_t>(attr.getNumElements());
  size_t width = rawElementBytes(attr.getElementType());
  if (count > data.size() / width)
    return std::nullopt;
  return data.take_front(count * width);
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
  if (!attr || rawElementBytes(attr.getElementType()) == 0)
    return std::nullopt;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    std::optional<ArrayRef<char>> data = resourceData(resource);
    if (!data)
      return std::nullopt;
    return std::vector<char>(data->begin(), data->end());
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return std::nullopt;
  if (dense.isSplat() && dense.getNumElements() > mostSplatElements)
    return std::nullopt;
  size_t count = static_cast<size_t>(dense.getNumElements());
  size_t width = rawElementBytes(dense.getElementType());
  if (dense.getElementType().isInteger(1))
    return expandBits(dense);
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return std::vector<char>(raw.begin(), raw.end());
  if (width == 1)
    return std::vector<char>(count, raw.front());
  std::vector<char> bytes(count * width);
  for (size_t i = 0; i < count; ++i)
    std::memcpy(bytes.data() + i * width, raw.data(), width);
  return bytes;
}

/// Element `i` of `bits` bits, at most 64. Bits above them in its last byte are not defined.
static int64_t loadInteger(ArrayRef<char> bytes, size_t i, unsigned bits, bool isUnsigned) {
  size_t width = (bits + 7) / 8;
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + i * width, width); // little endian
  if (bits == 64)
    return static_cast<int64_t>(value);
  value &= (uint64_t(1) << bits) - 1;
  return isUnsigned ? static_cast<int64_t>(value) : llvm::SignExtend64(value, bits);
}

static bool isUnsignedLike(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && (integer.isUnsigned() || integer.getWidth() == 1);
}

std::optional<std::vector<int64_t>> readIntegers(ElementsAttr attr) {
  if (!attr)
    return std::nullopt;
  Type type = attr.getShapedType().getElementType();
  if (!type.isInteger() || type.getIntOrFloatBitWidth() > 64)
    return std::nullopt;
  std::optional<std::vector<char>> bytes = readBytes(attr);
  if (!bytes)
    return std::nullopt;
  std::vector<int64_t> values(static_cast<size_t>(attr.getNumElements()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = loadInteger(*bytes, i, type.getIntOrFloatBitWidth(), isUnsignedLike(type));
  return values;
}

std::optional<std::vector<int64_t>> readDistinctIntegers(ElementsAttr attr) {
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(attr); splat && !splat.empty())
    attr = splat.resizeSplat(RankedTensorType::get({1}, splat.getElementType()));
  return readIntegers(attr);
}

std::optional<std::pair<int64_t, int64_t>> integerBounds(ElementsAttr attr) {
  std::optional<std::vector<int64_t>> values = readDistinctIntegers(attr);
  if (!values || values->empty())
    return std::nullopt;
  auto [least, greatest] = std::minmax_element(values->begin(), values->end());
  return std::pair(*least, *greatest);
}

std::optional<std::vector<float>> readFloats(ElementsAttr attr) {
  if (!attr)
    return std::nullopt;
  Type type = attr.getShapedType().getElementType();
  if (type.isInteger()) {
    std::optional<std::vector<int64_t>> integers = readIntegers(attr);
    if (!integers)
      return std::nullopt;
    return std::vector<float>(integers->begin(), integers->end());
  }
  auto floatType = dyn_cast<FloatType>(type);
  if (!floatType || floatType.getWidth() > 64)
    return std::nullopt;
  std::optional<std::vector<char>> bytes = readBytes(attr);
  if (!bytes)
    return std::nullopt;
  std::vector<float> values(static_cast<size_t>(attr.getNumElements()));
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

/// A handle of the first of name, name_1, name_2, ... that names no blob. One whose blob was freed
/// counts: a module's names then do not tell which copies of it came and went before.
static DenseResourceElementsHandle nameBlob(MLIRContext *context, StringRef name,
                                            AsmResourceBlob blob) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  auto &interface = DenseResourceElementsHandle::getManagerInterface(context);
  std::string candidate = name.str();
  for (int64_t number = 1;; ++number) {
    auto *entry = interface.getBlobManager().lookup(candidate);
    if (!entry)
      return interface.insert(candidate, std::move(blob));
    if (AsmResourceBlob *old = entry->getBlob(); old && old->getData().empty()) {
      entry->setBlob(std::move(blob));
      return DenseResourceElementsHandle(
          entry, cast<DenseResourceElementsHandle::Dialect>(interface.getDialect()));
    }
    candidate = (name + "_" + Twine(number)).str();
  }
}

ElementsAttr nameWeights(RankedTensorType type, StringRef name, AsmResourceBlob blob) {
  return DenseResourceElementsAttr::get(type, nameBlob(type.getContext(), name, std::move(blob)));
}

ElementsAttr makeWeights(RankedTensorType type, ArrayRef<char> bytes, StringRef name) {
  if (bytes.size() <= denseLimitBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, blobAlignment, /*dataIsMutable=*/false);
  return nameWeights(type, name.empty() ? "weight" : name, std::move(blob));
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
