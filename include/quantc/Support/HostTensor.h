//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dense row-major tensor in host memory: what data readers produce, the
// interpreter computes with, compiled code is called with and files are
// written from. It has value semantics: copies share their bytes until one of
// them asks for mutable access (copy on write). Bytes are owned (64-byte
// aligned) or a view into something kept alive by a shared pointer, such as a
// MappedFile.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_HOSTTENSOR_H
#define QUANTC_SUPPORT_HOSTTENSOR_H

#include "quantc/Support/DType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cassert>
#include <memory>
#include <string>
#include <vector>

namespace quantc {

class HostTensor {
public:
  static constexpr size_t kAlignment = 64;

  /// An Undefined tensor without bytes; its shape is the scalar shape.
  HostTensor() = default;

  /// A zero-filled tensor. Fails on a negative dimension, a size that does not
  /// fit into memory, or a type without a width (String, Undefined).
  static llvm::Expected<HostTensor> create(DType type, llvm::ArrayRef<int64_t> shape);

  /// As `create`, for types and shapes already known to be valid.
  static HostTensor zeros(DType type, llvm::ArrayRef<int64_t> shape);

  /// A tensor over `bytes`, which `owner` keeps alive and nobody changes.
  /// Copies when the bytes are not aligned for the element type. Fails unless
  /// the byte count is exactly that of type and shape.
  static llvm::Expected<HostTensor> view(DType type, llvm::ArrayRef<int64_t> shape,
                                         llvm::ArrayRef<uint8_t> bytes,
                                         std::shared_ptr<const void> owner);

  /// A tensor with a copy of `bytes`; fails as `view` does.
  static llvm::Expected<HostTensor> copyOf(DType type, llvm::ArrayRef<int64_t> shape,
                                           llvm::ArrayRef<uint8_t> bytes);

  /// A tensor with a copy of `values`, whose number must fit `shape`.
  template <typename T>
  static HostTensor from(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<T> values) {
    HostTensor tensor = zeros(DTypeOf<T>::value, shape);
    assert(tensor.numElements() == int64_t(values.size()) && "size mismatch");
    std::copy(values.begin(), values.end(), tensor.template mutableValues<T>().begin());
    return tensor;
  }

  DType dtype() const { return type; }
  llvm::ArrayRef<int64_t> shape() const { return dims; }
  unsigned rank() const { return dims.size(); }
  int64_t dim(unsigned axis) const { return dims[axis]; }
  int64_t numElements() const { return count; }
  size_t byteSize() const { return size; }
  bool isDefined() const { return type != DType::Undefined; }

  llvm::ArrayRef<uint8_t> bytes() const { return {data, size}; }
  /// Copies first when the bytes are shared or a view.
  llvm::MutableArrayRef<uint8_t> mutableBytes();

  /// The elements as T. T must have the element's width (int8_t may be read as
  /// uint8_t, F16 as uint16_t); sub-byte types are read as packed uint8_t.
  template <typename T> llvm::ArrayRef<T> values() const {
    assert(widthFits(sizeof(T)) && "element type of another width");
    return {reinterpret_cast<const T *>(data), size / sizeof(T)};
  }
  template <typename T> llvm::MutableArrayRef<T> mutableValues() {
    assert(widthFits(sizeof(T)) && "element type of another width");
    llvm::MutableArrayRef<uint8_t> raw = mutableBytes();
    return {reinterpret_cast<T *>(raw.data()), raw.size() / sizeof(T)};
  }

  /// Element `index` (row-major) converted; works for every real type,
  /// sub-byte ones included. Convenience for tests, reports and small tensors.
  double asDouble(int64_t index) const;
  /// As asDouble, exact for 64-bit integers; floats are truncated towards zero
  /// and saturated, NaN gives 0.
  int64_t asInt(int64_t index) const;

  /// Elements [begin, begin + length) of axis 0, sharing the bytes. Requires
  /// rank >= 1, a range inside the axis and a whole-byte type.
  HostTensor slice(int64_t begin, int64_t length) const;
  /// The same bytes with another shape of equal element count.
  HostTensor reshaped(llvm::ArrayRef<int64_t> shape) const;

  /// "float32 [1, 3, 224, 224]".
  std::string typeString() const;

private:
  bool widthFits(size_t bytes) const {
    unsigned width = elementBytes(type);
    return width == bytes || (width == 0 && bytes == 1) ||
           (type == DType::Complex64 && bytes == 4) || (type == DType::Complex128 && bytes == 8);
  }

  DType type = DType::Undefined;
  std::vector<int64_t> dims;
  int64_t count = 0;
  size_t size = 0;
  const uint8_t *data = nullptr;
  std::shared_ptr<const void> owner;
  /// Set when `owner` is a buffer of our own that `data` points into.
  bool writable = false;
};

/// A tensor with the name of the graph input or output it belongs to.
struct NamedTensor {
  std::string name;
  HostTensor tensor;
};

inline bool sameShape(const HostTensor &a, const HostTensor &b) { return a.shape() == b.shape(); }
/// Equal type, shape and bytes. (-0.0 differs from 0.0; equal NaNs are equal.)
bool bitEqual(const HostTensor &a, const HostTensor &b);

/// Index of the first NaN or infinity of a tensor of any float type; nullopt
/// if there is none or the type has no such values.
std::optional<int64_t> findNonFinite(const HostTensor &tensor);

} // namespace quantc

#endif // QUANTC_SUPPORT_HOSTTENSOR_H
