//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Axes, padding and result shapes of the ops that move elements.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/NodeForms.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace quantc::onnx;

using OnnxShape = quantc::onnx::Shape;

constexpr int64_t unknownSize = ShapedType::kDynamic;

FailureOr<int64_t> quantc::onnx::readConcatAxis(NodeReader &reader, int64_t rank) {
  if (!reader.has("axis"))
    return reader.refuse(Refusal::AttributeValue, "expected attribute 'axis', but it is absent");
  FailureOr<int64_t> axis = reader.intAttr("axis", 0);
  if (failed(axis))
    return failure();
  return reader.normalizeAxis(*axis, rank);
}

FailureOr<OnnxShape> quantc::onnx::readPermutation(NodeReader &reader, int64_t rank) {
  FailureOr<std::optional<ShapeRef>> perm = reader.intsAttr("perm");
  if (failed(perm))
    return failure();
  auto reversed = llvm::to_vector<4>(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (!*perm)
    return reversed;
  OnnxShape sorted(**perm);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return reader.refuse(Refusal::AttributeValue,
                         "expected 'perm' to be a permutation of " + Twine(rank) + " axes");
  return OnnxShape(**perm);
}

/// Axes that the pads of a Pad node belong to: all, or those that opset 18 and later name.
static FailureOr<SmallVector<int64_t>> padAxes(NodeReader &reader, int64_t rank) {
  if (reader.opset() < 18 || !reader.optionalInput(3))
    return llvm::to_vector(llvm::seq<int64_t>(0, rank));
  FailureOr<SmallVector<int64_t>> axes = reader.constantInts(3);
  if (failed(axes) || failed(reader.normalizeAxes(*axes, rank))) // refuses repeats
    return failure();
  for (int64_t &axis : *axes)
    axis = axis < 0 ? axis + rank : axis;
  return axes;
}

static FailureOr<SmallVector<int64_t>> padValues(NodeReader &reader) {
  if (reader.opset() >= 11)
    return reader.constantInts(1);
  FailureOr<std::optional<ShapeRef>> pads = reader.intsAttr("pads");
  if (failed(pads))
    return failure();
  if (!*pads)
    return reader.refuse(Refusal::AttributeValue, "expected attribute 'pads', but it is absent");
  return SmallVector<int64_t>(**pads);
}

FailureOr<OnnxShape> quantc::onnx::readPads(NodeReader &reader, int64_t rank) {
  FailureOr<StringRef> mode = reader.stringAttr("mode", "constant");
  if (failed(mode))
    return failure();
  if (*mode != "constant")
    return reader.refuse(Refusal::AttributeValue,
                         "expected mode 'constant', but found '" + *mode + "'");
  FailureOr<SmallVector<int64_t>> values = padValues(reader);
  FailureOr<SmallVector<int64_t>> axes = padAxes(reader, rank);
  if (failed(values) || failed(axes))
    return failure();
  if (values->size() != 2 * axes->size())
    return reader.refuse(Refusal::AttributeValue, "expected " + Twine(2 * axes->size()) +
                                                      " pads, but found " + Twine(values->size()));
  OnnxShape pads(2 * rank, 0);
  for (auto [i, value] : llvm::enumerate(*values)) {
    if (value < 0 || value > std::numeric_limits<int32_t>::max())
      return reader.refuse(Refusal::AttributeValue,
                           "expected non-negative pads, but found " + Twine(value));
    size_t side = i / axes->size();
    pads[(*axes)[i % axes->size()] + side * rank] = value;
  }
  return pads;
}

/// Product of sizes; unknown when a size is, except that one unknown size alone keeps its name.
static FailureOr<int64_t> product(NodeReader &reader, ShapeRef sizes) {
  int64_t result = 1;
  std::optional<int64_t> unknown;
  bool many = false;
  for (int64_t size : sizes) {
    if (size < 0) {
      many |= unknown.has_value();
      unknown = size;
    } else if (llvm::MulOverflow(result, size, result)) {
      return reader.refuse(Refusal::Shape, "the number of elements does not fit into 64 bits");
    }
  }
  if (!unknown || result == 0)
    return result;
  return !many && result == 1 ? *unknown : unknownSize;
}

FailureOr<OnnxShape> quantc::onnx::readFlattenShape(NodeReader &reader, ShapeRef input) {
  int64_t rank = input.size();
  FailureOr<int64_t> axis = reader.intAttr("axis", 1);
  if (failed(axis))
    return failure();
  if (*axis < -rank || *axis > rank)
    return reader.refuse(Refusal::AttributeValue, "expected an axis of at most rank " +
                                                      Twine(rank) + ", but found " + Twine(*axis));
  int64_t split = *axis < 0 ? *axis + rank : *axis;
  FailureOr<int64_t> outer = product(reader, input.take_front(split));
  FailureOr<int64_t> inner = product(reader, input.drop_front(split));
  if (failed(outer) || failed(inner))
    return failure();
  return OnnxShape{*outer, *inner};
}

/// Axes of Squeeze and Unsqueeze: an attribute before opset 13, an operand since; nullopt if
/// absent.
static FailureOr<std::optional<SmallVector<int64_t>>> axesOf(NodeReader &reader) {
  std::optional<SmallVector<int64_t>> none;
  if (reader.opset() >= 13) {
    if (!reader.optionalInput(1))
      return none;
    FailureOr<SmallVector<int64_t>> axes = reader.constantInts(1);
    if (failed(axes))
      return failure();
    return std::optional(*axes);
  }
  FailureOr<std::optional<ShapeRef>> axes = reader.intsAttr("axes");
  if (failed(axes))
    return failure();
  return *axes ? std::optional(SmallVector<int64_t>(**axes)) : none;
}

/// Axes that Squeeze removes when it names none: all of size 1.
static FailureOr<OnnxShape> unitAxes(NodeReader &reader, ShapeRef input) {
  OnnxShape axes;
  for (auto [axis, size] : llvm::enumerate(input)) {
    if (size < 0)
      return reader.refuse(Refusal::Shape, "without axes, the input must have a static shape");
    if (size == 1)
      axes.push_back(axis);
  }
  return axes;
}

FailureOr<OnnxShape> quantc::onnx::readSqueezeShape(NodeReader &reader, ShapeRef input) {
  FailureOr<std::optional<SmallVector<int64_t>>> given = axesOf(reader);
  if (failed(given))
    return failure();
  FailureOr<OnnxShape> axes =
      *given ? reader.normalizeAxes(**given, input.size()) : unitAxes(reader, input);
  if (failed(axes))
    return failure();
  OnnxShape result;
  for (auto [axis, size] : llvm::enumerate(input)) {
    if (!llvm::is_contained(*axes, static_cast<int64_t>(axis)))
      result.push_back(size);
    else if (size >= 0 && size != 1)
      return reader.refuse(Refusal::Shape, "expected size 1 along squeezed axis " + Twine(axis) +
                                               ", but found " + Twine(size));
  }
  return result;
}

FailureOr<OnnxShape> quantc::onnx::readUnsqueezeShape(NodeReader &reader, ShapeRef input) {
  FailureOr<std::optional<SmallVector<int64_t>>> given = axesOf(reader);
  if (failed(given))
    return failure();
  if (!*given)
    return reader.refuse(Refusal::AttributeValue, "expected axes, but they are absent");
  FailureOr<OnnxShape> axes = reader.normalizeAxes(**given, input.size() + (*given)->size());
  if (failed(axes))
    return failure();
  OnnxShape result(input);
  for (int64_t axis : *axes) // sorted, so each index is the final one
    result.insert(result.begin() + axis, 1);
  return result;
}
