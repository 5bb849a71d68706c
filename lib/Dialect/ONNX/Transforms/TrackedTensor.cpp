//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors of single known elements: conversion from and to constants, and movement.
//
//===----------------------------------------------------------------------===//

#include "TrackedTensor.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

Element Element::ofSize(int64_t size) {
  if (size == ShapedType::kDynamic)
    return {};
  Element element = of(size);
  if (size < 0)
    element.kind = Symbol;
  return element;
}

bool TrackedTensor::isConstant() const {
  return llvm::all_of(elements, [](const Element &element) { return element.isConstant(); });
}

std::optional<SmallVector<int64_t>> TrackedTensor::integers() const {
  SmallVector<int64_t> values;
  for (const Element &element : elements) {
    if (element.kind != Element::Integer)
      return std::nullopt;
    values.push_back(element.integer);
  }
  return values;
}

std::optional<int64_t> quantc::onnx::trackedCount(ShapeRef shape) {
  if (llvm::any_of(shape, nn::isDynamicDim))
    return std::nullopt;
  std::optional<int64_t> count = nn::staticProduct(shape);
  if (!count || *count > maxTrackedElements)
    return std::nullopt;
  // Empty tensors of several axes are no shapes, and their partial products may overflow.
  return *count == 0 && shape.size() > 1 ? std::nullopt : count;
}

bool quantc::onnx::isTrackedType(Type elementType) {
  if (auto integer = dyn_cast_or_null<IntegerType>(elementType))
    return llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth());
  return elementType && (elementType.isF32() || elementType.isF64());
}

std::optional<TrackedTensor> quantc::onnx::makeTracked(Type elementType, ShapeRef shape) {
  std::optional<int64_t> count = trackedCount(shape);
  if (!count || !isTrackedType(elementType))
    return std::nullopt;
  return TrackedTensor{elementType, Shape(shape), std::vector<Element>(*count)};
}

static double doubleAt(ArrayRef<char> bytes, size_t index, bool isDouble) {
  float single = 0.0f;
  double value = 0.0;
  if (isDouble)
    std::memcpy(&value, bytes.data() + index * sizeof(double), sizeof(double));
  else
    std::memcpy(&single, bytes.data() + index * sizeof(float), sizeof(float));
  return isDouble ? value : static_cast<double>(single);
}

std::optional<TrackedTensor> quantc::onnx::readTracked(ElementsAttr value) {
  auto type = dyn_cast_or_null<RankedTensorType>(value ? value.getShapedType() : ShapedType());
  if (!type)
    return std::nullopt;
  std::optional<TrackedTensor> tensor = makeTracked(type.getElementType(), type.getShape());
  if (!tensor)
    return std::nullopt;
  if (type.getElementType().isInteger()) {
    std::optional<std::vector<int64_t>> values = readIntegers(value);
    if (!values)
      return std::nullopt;
    for (auto [element, integer] : llvm::zip_equal(tensor->elements, *values))
      element = Element::of(integer);
    return tensor;
  }
  std::optional<std::vector<char>> bytes = readBytes(value);
  if (!bytes)
    return std::nullopt;
  for (size_t i = 0; i < tensor->elements.size(); ++i)
    tensor->elements[i] = Element::ofReal(doubleAt(*bytes, i, type.getElementType().isF64()));
  return tensor;
}

/// Appends the little-endian bytes of one element.
static void appendBytes(std::vector<char> &bytes, const Element &element, Type type) {
  auto append = [&](const void *value, size_t size) {
    bytes.insert(bytes.end(), static_cast<const char *>(value),
                 static_cast<const char *>(value) + size);
  };
  if (type.isF32()) {
    float single = static_cast<float>(element.real);
    append(&single, sizeof(single));
  } else {
    append(&element.integer, elementBytes(type)); // the bits of a double or of an integer
  }
}

ElementsAttr quantc::onnx::toElements(const TrackedTensor &tensor, StringRef name) {
  if (!tensor.isConstant())
    return {};
  auto type = RankedTensorType::get(tensor.shape, tensor.elementType);
  if (tensor.elementType.isInteger(1)) {
    SmallVector<bool> bits;
    for (const Element &element : tensor.elements)
      bits.push_back(element.integer != 0);
    return DenseElementsAttr::get(type, bits);
  }
  std::vector<char> bytes;
  for (const Element &element : tensor.elements)
    appendBytes(bytes, element, tensor.elementType);
  return makeWeights(type, bytes, name);
}

int64_t quantc::onnx::wrapInteger(int64_t value, Type type) {
  auto integer = cast<IntegerType>(type);
  unsigned width = integer.getWidth();
  if (width >= 64)
    return value;
  uint64_t bits = static_cast<uint64_t>(value) & ((uint64_t(1) << width) - 1);
  bool isSigned = !integer.isUnsigned() && width > 1;
  if (isSigned && (bits >> (width - 1)))
    bits |= ~uint64_t(0) << width;
  return static_cast<int64_t>(bits);
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

static int64_t product(ShapeRef shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::optional<TrackedTensor> quantc::onnx::selectAlong(const TrackedTensor &tensor, int64_t axis,
                                                       ArrayRef<int64_t> indices) {
  Shape shape = tensor.shape;
  int64_t size = shape[axis];
  shape[axis] = indices.size();
  std::optional<TrackedTensor> result = makeTracked(tensor.elementType, shape);
  if (!result)
    return std::nullopt;
  int64_t inner = product(ShapeRef(shape).drop_front(axis + 1));
  int64_t outer = product(ShapeRef(shape).take_front(axis));
  auto out = result->elements.begin();
  for (int64_t block = 0; block < outer; ++block)
    for (int64_t index : indices) {
      if (index < 0 || index >= size)
        return std::nullopt;
      auto from = tensor.elements.begin() + (block * size + index) * inner;
      out = std::copy(from, from + inner, out);
    }
  return result;
}

std::optional<TrackedTensor> quantc::onnx::concatAlong(ArrayRef<const TrackedTensor *> tensors,
                                                       int64_t axis) {
  SmallVector<ShapeRef> shapes;
  for (const TrackedTensor *tensor : tensors) {
    if (tensor->elementType != tensors.front()->elementType)
      return std::nullopt;
    shapes.push_back(tensor->shape);
  }
  std::optional<Shape> shape = nn::concatShape(shapes, axis, [](const Twine &) {});
  std::optional<TrackedTensor> result =
      shape ? makeTracked(tensors.front()->elementType, *shape) : std::nullopt;
  if (!result)
    return std::nullopt;
  int64_t outer = product(ShapeRef(*shape).take_front(axis));
  auto out = result->elements.begin();
  for (int64_t block = 0; block < outer; ++block)
    for (const TrackedTensor *tensor : tensors) {
      int64_t run = product(ShapeRef(tensor->shape).drop_front(axis));
      auto from = tensor->elements.begin() + block * run;
      out = std::copy(from, from + run, out);
    }
  return result;
}

std::optional<TrackedTensor> quantc::onnx::broadcastTo(const TrackedTensor &tensor,
                                                       ShapeRef shape) {
  std::optional<TrackedTensor> result = makeTracked(tensor.elementType, shape);
  if (!result || tensor.shape.size() > shape.size())
    return std::nullopt;
  size_t lead = shape.size() - tensor.shape.size();
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    if (tensor.shape[i] != 1 && tensor.shape[i] != shape[lead + i])
      return std::nullopt;
  for (size_t flat = 0; flat < result->elements.size(); ++flat) {
    int64_t rest = flat, index = 0, stride = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
      int64_t position = rest % shape[axis];
      rest /= shape[axis];
      if (axis < lead)
        continue;
      int64_t size = tensor.shape[axis - lead];
      index += (size == 1 ? 0 : position) * stride;
      stride *= size;
    }
    result->elements[flat] = tensor.elements[index];
  }
  return result;
}

std::optional<TrackedTensor> quantc::onnx::reshapeTo(const TrackedTensor &tensor, ShapeRef shape) {
  std::optional<int64_t> count = trackedCount(shape);
  if (!count || *count != static_cast<int64_t>(tensor.elements.size()))
    return std::nullopt;
  return TrackedTensor{tensor.elementType, Shape(shape), tensor.elements};
}
