//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes that move elements or mix them along axes (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "quantc/Dialect/ONNX/Utils/NodeBuilder.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringMap.h"
#include <cstring>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// Adds slice i of x along `axis` to slice places[i] of zeros, of which there are `size`.
static Value scatterAlong(Emitter &e, Value x, Value places, int64_t axis, int64_t size) {
  Value first = moveAxis(e, x, axis, 0);
  SmallVector<int64_t> shape(shapeOf(first));
  const int64_t count = shape.front();
  shape.front() = size;
  Value zeros = e.splat(tensorType(x).clone(shape), 0.0);
  Value added = e.node("ScatterND", {zeros, e.reshape(places, {count, 1}), first}, zeros.getType(),
                       {e.text("reduction", "add")})
                    .front();
  return moveAxis(e, added, 0, axis);
}

static LogicalResult pullGather(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), places = op->getOperand(1);
  const FailureOr<int64_t> axis = axisOf(op, x, 0);
  if (failed(axis))
    return failure();
  const int64_t count = tensorType(places).getNumElements();
  auto wide = tensorType(places).clone(e.builder.getIntegerType(64, /*isSigned=*/true));
  if (places.getType() != wide)
    places = e.node("Cast", {places}, wide, {e.integer("to", 7)}).front();
  SmallVector<int64_t> shape(shapeOf(x));
  shape[*axis] = count;
  p.gradients[0] = scatterAlong(e, e.reshape(p.cotangent, shape), places, *axis, shapeOf(x)[*axis]);
  return success();
}

/// The list that an attribute or a constant operand holds; empty where neither is there.
static FailureOr<std::vector<int64_t>> readList(onnx::NodeOp op, StringRef name, unsigned operand) {
  if (auto given = op.getInts(name))
    return std::vector<int64_t>(given->begin(), given->end());
  Value value = operand < op->getNumOperands() ? op.getOptionalInput(operand) : Value();
  if (!value)
    return std::vector<int64_t>();
  if (auto list = readIntegers(getConstantElements(value)))
    return *list;
  return refuse(op, "starts, axes and steps that are constant");
}

/// By the places of the result's slices along each axis.
static LogicalResult pullSlice(onnx::NodeOp op, Pullback &p) {
  Value x = op->getOperand(0), dy = p.cotangent;
  auto starts = readList(op, "starts", 1), axes = readList(op, "axes", 3),
       steps = readList(op, "steps", 4);
  if (failed(starts) || failed(axes) || failed(steps))
    return failure();
  if (axes->empty())
    llvm::append_range(*axes, llvm::seq<int64_t>(0, static_cast<int64_t>(starts->size())));
  if (steps->empty())
    steps->assign(starts->size(), 1);
  if (axes->size() != starts->size() || steps->size() != starts->size() || rankOf(dy) != rankOf(x))
    return refuse(op, "starts, axes and steps of one length, and a result of the operand's rank");
  llvm::SmallSet<int64_t, 4> seen;
  for (auto [from, named, step] : llvm::zip_equal(*starts, *axes, *steps)) {
    const FailureOr<int64_t> axis = normalizeAxis(op, named, rankOf(x));
    if (failed(axis))
      return failure();
    if (!seen.insert(*axis).second)
      return refuse(op, "each axis once");
    const int64_t size = shapeOf(x)[*axis], count = shapeOf(dy)[*axis];
    const int64_t start = std::clamp<int64_t>(from + (from < 0 ? size : 0), step < 0 ? -1 : 0,
                                              step < 0 ? size - 1 : size);
    // A step further than the size leaves one element, as one of the size does.
    const int64_t stride = std::clamp(step, -size, size);
    SmallVector<int64_t> places;
    for (int64_t k = 0; k < count; ++k)
      places.push_back(start + k * stride);
    if (llvm::any_of(places, [&](int64_t place) { return place < 0 || place >= size; }))
      return refuse(op, "a result of the shape that starts, ends and steps give");
    dy = scatterAlong(p.e, dy, p.e.integers(places), *axis, size);
  }
  p.gradients[0] = dy;
  return success();
}

static LogicalResult pullTile(onnx::NodeOp op, Pullback &p) {
  ArrayRef<int64_t> from = shapeOf(op->getOperand(0)), to = shapeOf(p.cotangent);
  SmallVector<int64_t> parts, axes;
  if (from.size() != to.size())
    return refuse(op, "a result of the operand's rank");
  for (auto [size, whole] : llvm::zip_equal(from, to)) {
    axes.push_back(static_cast<int64_t>(parts.size()));
    parts.append({size ? whole / size : 0, size});
  }
  p.gradients[0] = p.e.sum(p.e.reshape(p.cotangent, parts), axes, /*keepDims=*/false);
  return success();
}

/// Sums of what comes after.
static LogicalResult pullCumSum(onnx::NodeOp op, Pullback &p) {
  p.gradients[0] = p.e.node("CumSum", {p.cotangent, op->getOperand(1)}, p.cotangent.getType(),
                            {p.e.integer("exclusive", op.getInt("exclusive").value_or(0)),
                             p.e.integer("reverse", 1 - op.getInt("reverse").value_or(0))})
                       .front();
  return success();
}

/// dx = dy - exp(y) sum(dy).
static LogicalResult pullLogSoftmax(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value y = op->getResult(0);
  const bool old = op.getOpset() < 13;
  const FailureOr<int64_t> axis = axisOf(op, y, old ? 1 : -1);
  if (failed(axis))
    return failure();
  if (old && *axis != rankOf(y) - 1)
    return refuse(op, "the last axis before opset 13");
  Value share = e.sumAlong(p.cotangent, *axis);
  p.gradients[0] = e.sub(p.cotangent, e.mul(e.unary<ExpOp>(y), share));
  return success();
}

/// y = x / |x|: dx = (dy - s sum(dy y)) / |x|, s the derivative of |x|; 0 where |x| is, as y.
static LogicalResult pullLpNormalization(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), y = op->getResult(0);
  const FailureOr<int64_t> axis = axisOf(op, x, -1);
  if (failed(axis))
    return failure();
  Value share = e.sumAlong(e.mul(p.cotangent, y), *axis), length, slope = y;
  if (op.getInt("p").value_or(2) == 1) {
    length = e.sumAlong(e.unary<AbsOp>(x), *axis);
    slope = e.sub(e.step(x), e.step(e.unary<NegOp>(x)));
  } else {
    length = e.unary<SqrtOp>(e.sumAlong(e.mul(x, x), *axis));
  }
  p.gradients[0] = e.divByLength(e.sub(p.cotangent, e.mul(slope, share)), length);
  return success();
}

/// The matrix [size, result] that a Resize applies along an axis: what it makes of unit vectors.
static Value resizeMatrix(onnx::NodeOp op, Emitter &e, Value like, int64_t size, int64_t result,
                          std::optional<float> scale) {
  auto square = tensorType(like).clone({size, size});
  auto element = cast<FloatType>(square.getElementType());
  const APInt one = APFloat(element.getFloatSemantics(), 1).bitcastToAPInt();
  const size_t width = element.getWidth() / 8;
  std::vector<char> unit(static_cast<size_t>(size * size) * width);
  for (size_t i = 0; i < static_cast<size_t>(size); ++i)
    std::memcpy(unit.data() + i * static_cast<size_t>(size + 1) * width, one.getRawData(), width);
  Value none = onnx::NoneOp::create(e.builder, e.loc);
  SmallVector<Value> operands = {e.constant(makeWeights(square, unit, "unit")), none};
  if (scale) {
    auto pair = RankedTensorType::get({2}, e.builder.getF32Type());
    operands.push_back(
        e.constant(cast<ElementsAttr>(DenseElementsAttr::get(pair, ArrayRef({1.0f, *scale})))));
  } else {
    operands.append({none, e.integers({size, result})});
  }
  SmallVector<NamedAttribute> attributes;
  for (NamedAttribute attribute :
       op.getOnnxAttrsAttr() ? op.getOnnxAttrsAttr().getValue() : ArrayRef<NamedAttribute>())
    if (attribute.getName() != "axes")
      attributes.push_back(attribute);
  return onnx::createNode(e.builder, e.loc, getLocationName(e.loc), "Resize", op.getOpset(),
                          operands, square.clone({size, result}), attributes)
      ->getResult(0);
}

/// Linear in x, along one axis after the other.
static LogicalResult pullResize(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), dy = p.cotangent;
  // What is there but empty counts as left out.
  auto operand = [&](unsigned i) {
    Value value = i < op->getNumOperands() ? op.getOptionalInput(i) : Value();
    return value && tensorType(value).getNumElements() > 0 ? value : Value();
  };
  std::optional<std::vector<float>> scales;
  if (Value value = operand(2); value && !operand(3))
    scales = readFloats(getConstantElements(value));
  if (op.getOpset() < 11 || (!scales && !operand(3)) ||
      op.getString("coordinate_transformation_mode").value_or("") == "tf_crop_and_resize" ||
      op.getString("keep_aspect_ratio_policy").value_or("stretch") != "stretch")
    return refuse(op, "opset 11 or more, constant scales, and neither a crop nor a kept ratio");
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x)));
  if (auto named = op.getInts("axes"))
    axes.assign(named->begin(), named->end());
  const size_t given = scales ? scales->size() : tensorType(operand(3)).getNumElements();
  if (given != axes.size() || rankOf(dy) != rankOf(x))
    return refuse(op, "a scale or a size for each axis, and a result of the operand's rank");
  for (auto [i, named] : llvm::enumerate(axes)) {
    const FailureOr<int64_t> axis = normalizeAxis(op, named, rankOf(x));
    if (failed(axis))
      return failure();
    const int64_t size = shapeOf(x)[*axis], result = shapeOf(dy)[*axis];
    if (size == result && (!scales || (*scales)[i] == 1.0f))
      continue;
    if (const int64_t longer = std::max(size, result); longer && size > largestMatrix / longer)
      return refuse(op, "matrices along axis " + Twine(*axis) + " of at most " +
                            Twine(largestMatrix) + " elements, but found sizes " + Twine(size) +
                            " and " + Twine(result));
    Value matrix = resizeMatrix(op, e, x, size, result,
                                scales ? std::optional<float>((*scales)[i]) : std::nullopt);
    Value last = moveAxis(e, dy, *axis, rankOf(x) - 1);
    SmallVector<int64_t> shape(shapeOf(last));
    shape.back() = size;
    Value product = e.matmul(e.matrix(last), e.transposeLast(matrix));
    dy = moveAxis(e, e.reshape(product, shape), rankOf(x) - 1, *axis);
  }
  p.gradients[0] = dy;
  return success();
}

const Row *quantc::nn::movementRow(StringRef type) {
  static const llvm::StringMap<Row> rows = {
      {"CumSum", {pullCumSum, 0b1}},
      {"Gather", {pullGather, 0b1}},
      {"LogSoftmax", {pullLogSoftmax, 0b1}},
      {"LpNormalization", {pullLpNormalization, 0b1}},
      {"Resize", {pullResize, 0b1}},
      {"Slice", {pullSlice, 0b1}},
      {"Tile", {pullTile, 0b1}},
  };
  auto row = rows.find(type);
  return row == rows.end() ? nullptr : &row->second;
}
