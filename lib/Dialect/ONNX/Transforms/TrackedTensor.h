//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small tensor whose elements are known one by one: a number, the size of a dimension, or
// nothing.
//
// Exporters write shape arithmetic: Shape, Gather, Concat, Reshape. With a dynamic batch only one
// element of such a tensor is unknown; following the elements singly keeps all others.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_ONNX_TRANSFORMS_TRACKEDTENSOR_H
#define QUANTC_LIB_DIALECT_ONNX_TRANSFORMS_TRACKEDTENSOR_H

#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include <vector>

namespace quantc::onnx {

/// Larger tensors are data, not shapes; they are not followed.
inline constexpr int64_t maxTrackedElements = 1 << 16;

struct Element {
  enum Kind : uint8_t { Unknown, Integer, Real, Symbol };
  Kind kind = Unknown;
  union {
    int64_t integer = 0; ///< Integer: the value. Symbol: the (negative) name of a dimension.
    double real;
  };

  static Element of(int64_t value) {
    Element element;
    element.kind = Integer;
    element.integer = value;
    return element;
  }
  static Element ofReal(double value) {
    Element element;
    element.kind = Real;
    element.real = value;
    return element;
  }
  /// A size: a number, a name, or unknown.
  static Element ofSize(int64_t size);

  bool isConstant() const { return kind == Integer || kind == Real; }
};

struct TrackedTensor {
  mlir::Type elementType; ///< An integer of up to 64 bits, f32 or f64.
  Shape shape;            ///< Static.
  std::vector<Element> elements;

  int64_t rank() const { return shape.size(); }
  bool isConstant() const;
  /// The elements, when all are integers.
  std::optional<llvm::SmallVector<int64_t>> integers() const;
};

/// Number of elements when static and small enough to be followed.
std::optional<int64_t> trackedCount(ShapeRef shape);
/// Whether tensors of this element type are followed.
bool isTrackedType(mlir::Type elementType);

/// A tensor of unknown elements; nullopt when too large.
std::optional<TrackedTensor> makeTracked(mlir::Type elementType, ShapeRef shape);
/// The elements of a constant; nullopt for other types and large ones.
std::optional<TrackedTensor> readTracked(mlir::ElementsAttr value);
/// The constant, when all elements are known.
mlir::ElementsAttr toElements(const TrackedTensor &tensor, llvm::StringRef name);

/// The value that an integer of this type holds after wrapping.
int64_t wrapInteger(int64_t value, mlir::Type type);

/// \name Movement of elements
/// Axes are non-negative and fit; nullopt where the operands do not fit together.
/// @{
std::optional<TrackedTensor> selectAlong(const TrackedTensor &tensor, int64_t axis,
                                         llvm::ArrayRef<int64_t> indices);
std::optional<TrackedTensor> concatAlong(llvm::ArrayRef<const TrackedTensor *> tensors,
                                         int64_t axis);
std::optional<TrackedTensor> broadcastTo(const TrackedTensor &tensor, ShapeRef shape);
std::optional<TrackedTensor> reshapeTo(const TrackedTensor &tensor, ShapeRef shape);
/// @}

} // namespace quantc::onnx

#endif // QUANTC_LIB_DIALECT_ONNX_TRANSFORMS_TRACKEDTENSOR_H
