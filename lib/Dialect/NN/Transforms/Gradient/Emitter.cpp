//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops for derivatives; see Emitter.h.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"
#include "quantc/Dialect/ONNX/Utils/NodeBuilder.h"
#include "quantc/Interfaces/NodeName.h"
#include <limits>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// Of the nodes here: ScatterND and ScatterElements add from 16 on, and exporters write 17.
static constexpr int64_t nodeOpset = 17;

Location quantc::nn::partLocation(Operation *op, StringRef part) {
  Location loc = op->getLoc();
  std::string name = getNodeName(op);
  // What is computed again is its node's.
  if (auto again = dyn_cast<NameLoc>(loc); again && StringRef(name).consume_back(recomputedPart)) {
    loc = again.getChildLoc();
    name.resize(name.size() - recomputedPart.size());
  }
  return NameLoc::get(StringAttr::get(op->getContext(), name + part.str()), loc);
}

static ElementsAttr splatOf(RankedTensorType type, double value) {
  Builder builder(type.getContext());
  return DenseElementsAttr::get(type,
                                Attribute(builder.getFloatAttr(type.getElementType(), value)));
}

Value Emitter::number(Value like, double value) {
  return constant(splatOf(RankedTensorType::get({}, tensorType(like).getElementType()), value));
}

Value Emitter::splat(RankedTensorType type, double value) { return constant(splatOf(type, value)); }

Value Emitter::integers(ArrayRef<int64_t> list) {
  return constant(onnx::int64Elements(builder, list));
}

Value Emitter::reshape(Value x, ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape)
    return x;
  RankedTensorType type = tensorType(x).clone(shape);
  if (isa<FloatType>(type.getElementType()))
    return ReshapeOp::create(builder, loc, type, x);
  return node("Reshape", {x, integers(shape)}, type).front(); // no kernel moves other numbers
}

Value Emitter::transpose(Value x, ArrayRef<int64_t> permutation) {
  // Axes of size 1 may move without their elements.
  SmallVector<int64_t> kept, shape;
  for (int64_t axis : permutation) {
    shape.push_back(shapeOf(x)[axis]);
    if (shape.back() != 1)
      kept.push_back(axis);
  }
  if (llvm::is_sorted(kept))
    return reshape(x, shape);
  return TransposeOp::create(builder, loc, x, builder.getDenseI64ArrayAttr(permutation));
}

Value Emitter::transposeLast(Value x) {
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, tensorType(x).getRank()));
  std::swap(permutation[permutation.size() - 2], permutation.back());
  return transpose(x, permutation);
}

Value Emitter::slice(Value x, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) {
  if (shapeOf(x) == sizes)
    return x;
  return SliceOp::create(builder, loc, tensorType(x).clone(sizes), x, offsets);
}

Value Emitter::pad(Value x, ArrayRef<int64_t> before, ArrayRef<int64_t> after) {
  SmallVector<int64_t> offsets, sizes, pads;
  for (auto [size, first, last] : llvm::zip_equal(shapeOf(x), before, after)) {
    offsets.push_back(std::max<int64_t>(-first, 0));
    sizes.push_back(size + std::min<int64_t>(first, 0) + std::min<int64_t>(last, 0));
    pads.push_back(std::max<int64_t>(first, 0));
  }
  for (int64_t last : after)
    pads.push_back(std::max<int64_t>(last, 0));
  x = slice(x, offsets, sizes);
  if (llvm::all_of(pads, [](int64_t n) { return n == 0; }))
    return x;
  return PadOp::create(builder, loc, x, builder.getDenseI64ArrayAttr(pads),
                       builder.getF32FloatAttr(0.0f));
}

Value Emitter::expand(Value x, ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape)
    return x;
  return ExpandOp::create(builder, loc, tensorType(x).clone(shape), x);
}

Value Emitter::matrix(Value x) {
  int64_t columns = shapeOf(x).empty() ? 1 : shapeOf(x).back(), rows = 1;
  for (int64_t size : shapeOf(x).drop_back(shapeOf(x).empty() ? 0 : 1))
    rows *= size;
  return reshape(x, {rows, columns});
}

Value Emitter::mean(Value x, ArrayRef<int64_t> axes, bool keepDims) {
  return ReduceMeanOp::create(builder, loc, x, builder.getDenseI64ArrayAttr(axes),
                              builder.getBoolAttr(keepDims));
}

Value Emitter::sum(Value x, ArrayRef<int64_t> axes, bool keepDims) {
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shapeOf(x)[axis];
  if (count == 1) {
    SmallVector<int64_t> shape;
    for (auto [axis, size] : llvm::enumerate(shapeOf(x)))
      if (keepDims || !llvm::is_contained(axes, static_cast<int64_t>(axis)))
        shape.push_back(size);
    return reshape(x, shape);
  }
  return scale(mean(x, axes, keepDims), static_cast<double>(count));
}

Value Emitter::sumTo(Value x, ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> from = shapeOf(x);
  if (from == shape)
    return x;
  size_t added = from.size() - shape.size();
  SmallVector<int64_t> axes;
  for (size_t axis = 0; axis < from.size(); ++axis)
    if (axis < added || (shape[axis - added] == 1 && from[axis] != 1))
      axes.push_back(static_cast<int64_t>(axis));
  return reshape(sum(x, axes, /*keepDims=*/true), shape);
}

ResultRange Emitter::node(StringRef type, ValueRange operands, TypeRange results,
                          ArrayRef<NamedAttribute> attributes) {
  return onnx::createNode(builder, loc, getLocationName(loc), type, nodeOpset, operands, results,
                          attributes)
      ->getResults();
}

NamedAttribute Emitter::integer(StringRef name, int64_t value) {
  return onnx::intAttribute(builder, name, value);
}

/// 2^127 times a normal number is at least 1; what is smaller becomes one on the way.
Value Emitter::step(Value x) {
  for (int i = 0; i < 2; ++i)
    x = unary<HardSigmoidOp>(x, APFloat(0x1p127f), APFloat(0.0f));
  return x;
}

Value Emitter::divByLength(Value a, Value b) {
  Value positive = step(b), zero = offset(unary<NegOp>(positive), 1.0);
  return mul(div(a, add(b, zero)), positive);
}

Value Emitter::where(Value condition, Value a, Value b) {
  Type type = tensorType(a).clone(shapeOf(condition));
  return node("Where", {condition, a, b}, type).front();
}

Value Emitter::reverse(Value x, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> turned;
  for (int64_t axis : axes)
    if (shapeOf(x)[axis] > 1)
      turned.push_back(axis);
  if (turned.empty())
    return x;
  SmallVector<int64_t> last(turned.size(), -1), steps(turned.size(), -1);
  SmallVector<int64_t> end(turned.size(), std::numeric_limits<int64_t>::min());
  return node("Slice", {x, integers(last), integers(end), integers(turned), integers(steps)},
              x.getType())
      .front();
}
