//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Storage and element access of host tensors. Owned bytes come from an aligned
// allocation that is zero-filled, so no tensor shows uninitialized memory.
// Narrow floats are decoded by APFloat: these accessors serve reports and
// checks; arithmetic on them belongs to lib/Numerics.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/HostTensor.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

using namespace llvm;
using namespace quantc;

/// No tensor in memory is larger (1 TiB); such a size is a mistake or an attack.
static constexpr size_t kMaxBytes = size_t(1) << 40;

/// `size` zero bytes, aligned; null if there is not that much memory.
static std::shared_ptr<uint8_t> allocate(size_t size) {
  constexpr size_t align = HostTensor::kAlignment;
  if (size > kMaxBytes)
    return nullptr;
  size_t rounded = std::max(align, (size + align - 1) / align * align);
  void *memory = std::aligned_alloc(align, rounded);
  if (!memory)
    return nullptr;
  std::memset(memory, 0, rounded);
  return std::shared_ptr<uint8_t>(static_cast<uint8_t *>(memory), std::free);
}

/// The alignment that typed access to `type` needs.
static size_t naturalAlignment(DType type) {
  if (type == DType::Complex64)
    return 4;
  if (type == DType::Complex128)
    return 8;
  return std::max(1u, elementBytes(type));
}

Expected<HostTensor> HostTensor::create(DType type, ArrayRef<int64_t> shape) {
  std::optional<int64_t> bytes = storageBytes(type, shape);
  if (!bytes)
    return makeError("expected a tensor that fits into memory, but found " + dtypeName(type) + " " +
                     shapeToString(shape));
  std::shared_ptr<uint8_t> memory = allocate(*bytes);
  if (!memory)
    return makeError("not enough memory for " + Twine(*bytes) + " bytes of " + dtypeName(type) +
                     " " + shapeToString(shape));
  HostTensor tensor;
  tensor.type = type;
  tensor.dims.assign(shape.begin(), shape.end());
  tensor.count = *quantc::numElements(shape);
  tensor.size = *bytes;
  tensor.data = memory.get();
  tensor.owner = std::move(memory);
  tensor.writable = true;
  return tensor;
}

HostTensor HostTensor::zeros(DType type, ArrayRef<int64_t> shape) {
  return cantFail(create(type, shape));
}

Expected<HostTensor> HostTensor::view(DType type, ArrayRef<int64_t> shape, ArrayRef<uint8_t> bytes,
                                      std::shared_ptr<const void> owner) {
  std::optional<int64_t> expected = storageBytes(type, shape);
  if (!expected || uint64_t(*expected) != bytes.size())
    return makeError("expected " +
                     (expected ? Twine(*expected) : Twine("a representable number of")) +
                     " bytes for " + dtypeName(type) + " " + shapeToString(shape) + ", but found " +
                     Twine(bytes.size()));
  if (reinterpret_cast<uintptr_t>(bytes.data()) % naturalAlignment(type) != 0 || !bytes.data())
    return copyOf(type, shape, bytes);
  HostTensor tensor;
  tensor.type = type;
  tensor.dims.assign(shape.begin(), shape.end());
  tensor.count = *quantc::numElements(shape);
  tensor.size = bytes.size();
  tensor.data = bytes.data();
  tensor.owner = std::move(owner);
  return tensor;
}

Expected<HostTensor> HostTensor::copyOf(DType type, ArrayRef<int64_t> shape,
                                        ArrayRef<uint8_t> bytes) {
  Expected<HostTensor> tensor = create(type, shape);
  if (!tensor)
    return tensor.takeError();
  if (tensor->size != bytes.size())
    return makeError("expected " + Twine(tensor->size) + " bytes for " + tensor->typeString() +
                     ", but found " + Twine(bytes.size()));
  if (!bytes.empty())
    std::memcpy(tensor->mutableBytes().data(), bytes.data(), bytes.size());
  return tensor;
}

MutableArrayRef<uint8_t> HostTensor::mutableBytes() {
  if (type == DType::Undefined)
    return {};
  if (!writable || owner.use_count() != 1) {
    HostTensor copy = cantFail(copyOf(type, dims, bytes()));
    *this = std::move(copy);
  }
  return {const_cast<uint8_t *>(data), size};
}

/// Semantics of a float type narrower than 32 bits.
static const fltSemantics *narrowSemantics(DType type) {
  switch (type) {
  case DType::F16:
    return &APFloat::IEEEhalf();
  case DType::BF16:
    return &APFloat::BFloat();
  case DType::F8E4M3FN:
    return &APFloat::Float8E4M3FN();
  case DType::F8E4M3FNUZ:
    return &APFloat::Float8E4M3FNUZ();
  case DType::F8E5M2:
    return &APFloat::Float8E5M2();
  case DType::F8E5M2FNUZ:
    return &APFloat::Float8E5M2FNUZ();
  case DType::F8E8M0:
    return &APFloat::Float8E8M0FNU();
  case DType::F4E2M1:
    return &APFloat::Float4E2M1FN();
  default:
    return nullptr;
  }
}

/// The storage bits of element `index`, at most 64 of them.
static uint64_t elementBits(const HostTensor &tensor, int64_t index) {
  assert(index >= 0 && index < tensor.numElements() && "element out of range");
  unsigned bits = bitWidth(tensor.dtype());
  assert(bits >= 1 && bits <= 64 && "no single value in an element of this type");
  ArrayRef<uint8_t> bytes = tensor.bytes();
  if (bits < 8) {
    int64_t perByte = 8 / bits;
    return (bytes[index / perByte] >> (index % perByte * bits)) & ((1u << bits) - 1);
  }
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + index * (bits / 8), bits / 8);
  return value;
}

static int64_t signExtend(uint64_t value, unsigned bits) {
  return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}

double HostTensor::asDouble(int64_t index) const {
  uint64_t bits = elementBits(*this, index);
  if (type == DType::F32)
    return values<float>()[index];
  if (type == DType::F64)
    return values<double>()[index];
  if (const fltSemantics *semantics = narrowSemantics(type))
    return APFloat(*semantics, APInt(bitWidth(type), bits)).convertToDouble();
  if (isSignedInteger(type))
    return static_cast<double>(signExtend(bits, bitWidth(type)));
  return static_cast<double>(bits);
}

int64_t HostTensor::asInt(int64_t index) const {
  if (isFloat(type)) {
    double value = asDouble(index);
    if (std::isnan(value))
      return 0;
    if (value >= 0x1p63)
      return std::numeric_limits<int64_t>::max();
    if (value < -0x1p63)
      return std::numeric_limits<int64_t>::min();
    return static_cast<int64_t>(value);
  }
  uint64_t bits = elementBits(*this, index);
  return isSignedInteger(type) ? signExtend(bits, bitWidth(type)) : static_cast<int64_t>(bits);
}

HostTensor HostTensor::slice(int64_t begin, int64_t length) const {
  assert(rank() >= 1 && begin >= 0 && length >= 0 && length <= dims[0] - begin && "bad slice");
  assert(elementBytes(type) != 0 && "cannot slice packed elements");
  HostTensor result = *this;
  result.dims[0] = length;
  result.count = *quantc::numElements(result.dims);
  result.size = result.count * elementBytes(type);
  size_t row = dims[0] == 0 ? 0 : size / dims[0];
  result.data = data + begin * row;
  return result;
}

HostTensor HostTensor::reshaped(ArrayRef<int64_t> shape) const {
  assert(quantc::numElements(shape) == count && "reshape changes the number of elements");
  HostTensor result = *this;
  result.dims.assign(shape.begin(), shape.end());
  return result;
}

std::string HostTensor::typeString() const {
  return (dtypeName(type) + " " + shapeToString(dims)).str();
}

bool quantc::bitEqual(const HostTensor &a, const HostTensor &b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && a.bytes() == b.bytes();
}

template <typename T> static std::optional<int64_t> findInfOrNaN(ArrayRef<T> bits, T exponentMask) {
  // One test a block keeps the loop vectorizable; the place is looked for only
  // where there is something to find.
  constexpr size_t kBlock = 4096;
  for (size_t base = 0; base < bits.size(); base += kBlock) {
    ArrayRef<T> block = bits.slice(base, std::min(kBlock, bits.size() - base));
    T any = 0;
    for (T value : block)
      any |= static_cast<T>((value & exponentMask) == exponentMask);
    if (!any)
      continue;
    for (size_t i = 0; i < block.size(); ++i)
      if ((block[i] & exponentMask) == exponentMask)
        return base + i;
  }
  return std::nullopt;
}

std::optional<int64_t> quantc::findNonFinite(const HostTensor &tensor) {
  switch (tensor.dtype()) {
  case DType::F32:
    return findInfOrNaN<uint32_t>(tensor.values<uint32_t>(), 0x7f800000u);
  case DType::F64:
    return findInfOrNaN<uint64_t>(tensor.values<uint64_t>(), 0x7ff0000000000000u);
  case DType::F16:
    return findInfOrNaN<uint16_t>(tensor.values<uint16_t>(), 0x7c00u);
  case DType::BF16:
    return findInfOrNaN<uint16_t>(tensor.values<uint16_t>(), 0x7f80u);
  default:
    break;
  }
  if (!isFloat(tensor.dtype()))
    return std::nullopt;
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    if (!std::isfinite(tensor.asDouble(i)))
      return i;
  return std::nullopt;
}
