//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folders of the `nn` ops: identities disappear, movement of constants happens at compile time.
//
// Only movement is folded, never arithmetic: the value of a float op is the interpreter's business.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

ElementsAttr quantc::nn::reshapeElements(ElementsAttr value, RankedTensorType type) {
  if (!type.hasStaticShape())
    return {};
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(value))
    if (dense.getNumElements() == type.getNumElements())
      return dense.reshape(type);
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (ElementsAttr elements =
          reshapeElements(dyn_cast_or_null<ElementsAttr>(adaptor.getInput()), getType()))
    return elements;
  // Only the last of several reshapes counts.
  if (auto producer = getInput().getDefiningOp<ReshapeOp>()) {
    RankedTensorType from = producer.getInput().getType();
    // A static shape in between also checks the dynamic sizes before it.
    bool losesCheck = producer.getType().hasStaticShape() && !from.hasStaticShape() &&
                      !getType().hasStaticShape();
    if (!losesCheck) {
      if (from == getType())
        return producer.getInput();
      getInputMutable().assign(producer.getInput());
      return getResult();
    }
  }
  return {};
}

/// Number of leading axes that a permutation moves; those behind keep their place.
static size_t movedAxes(ArrayRef<int64_t> permutation) {
  size_t count = permutation.size();
  while (count > 0 && permutation[count - 1] == static_cast<int64_t>(count - 1))
    --count;
  return count;
}

/// Row-major bytes of the transposed tensor. Axes that keep their place move as one run.
static std::vector<char> transposeBytes(ArrayRef<char> bytes, size_t width, ArrayRef<int64_t> shape,
                                        ArrayRef<int64_t> permutation) {
  size_t moved = movedAxes(permutation);
  size_t run = width;
  for (int64_t size : shape.drop_front(moved))
    run *= size;
  SmallVector<size_t> strides(moved, run);
  for (size_t axis = moved; axis-- > 1;)
    strides[axis - 1] = strides[axis] * shape[axis];
  SmallVector<int64_t> index(moved, 0);
  std::vector<char> result;
  result.reserve(bytes.size());
  while (result.size() < bytes.size()) {
    size_t from = 0;
    for (size_t axis = 0; axis < moved; ++axis)
      from += index[axis] * strides[permutation[axis]];
    result.insert(result.end(), bytes.begin() + from, bytes.begin() + from + run);
    for (size_t axis = moved; axis-- > 0; index[axis] = 0)
      if (++index[axis] < shape[permutation[axis]])
        break;
  }
  return result;
}

ElementsAttr quantc::nn::transposeElements(ElementsAttr value, ArrayRef<int64_t> permutation,
                                           StringRef name) {
  auto type = dyn_cast_or_null<RankedTensorType>(value ? value.getType() : Type());
  auto ignore = [](const Twine &) {};
  if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return {};
  std::optional<Shape> shape = transposeShape(type.getShape(), permutation, ignore);
  if (!shape)
    return {};
  auto resultType = RankedTensorType::get(*shape, type.getElementType());
  if (auto splat = dyn_cast<SplatElementsAttr>(value))
    return splat.reshape(resultType);
  if (type.getElementType().isInteger(1)) // packed in dense attributes: not worth a second path
    return {};
  std::optional<std::vector<char>> bytes = readBytes(value);
  if (!bytes)
    return {};
  return makeWeights(
      resultType,
      transposeBytes(*bytes, elementBytes(type.getElementType()), type.getShape(), permutation),
      name);
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (movedAxes(getPermutation()) == 0 && getInput().getType() == getType())
    return getInput();
  if (auto value = dyn_cast_or_null<ElementsAttr>(adaptor.getInput()))
    if (ElementsAttr folded = transposeElements(value, getPermutation(), "transposed"))
      return folded;
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? OpFoldResult(getInputs()[0]) : OpFoldResult();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  bool empty = llvm::all_of(getPads(), [](int64_t pad) { return pad == 0; });
  return empty ? OpFoldResult(getInput()) : OpFoldResult();
}

OpFoldResult ReduceMeanOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getInput()) : OpFoldResult();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
