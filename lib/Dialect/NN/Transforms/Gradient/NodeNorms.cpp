//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes that divide by what they find (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

namespace {
/// x - mean, or x, over the root of its mean square along axes.
struct Normal {
  Normal(Emitter &e, Value x, ArrayRef<int64_t> axes, double epsilon, bool centered = true)
      : axes(axes), centered(centered) {
    value = centered ? e.sub(x, e.mean(x, axes, /*keepDims=*/true)) : x;
    Value square = e.mean(e.mul(value, value), axes, /*keepDims=*/true);
    inverse = e.unary<ReciprocalOp>(e.unary<SqrtOp>(e.offset(square, epsilon)));
    value = e.mul(value, inverse);
  }
  /// What x gets from the cotangent of `value`.
  Value pull(Emitter &e, Value dn) const {
    Value share = e.mul(value, e.mean(e.mul(dn, value), axes, /*keepDims=*/true));
    Value rest = centered ? e.sub(dn, e.mean(dn, axes, /*keepDims=*/true)) : dn;
    return e.mul(e.sub(rest, share), inverse);
  }

  SmallVector<int64_t> axes;
  bool centered;
  Value value, inverse;
};
} // namespace

static double epsilonOf(onnx::NodeOp op) { return op.getFloat("epsilon").value_or(1e-5f); }

static SmallVector<int64_t> axesFrom(int64_t axis, int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(axis, rank));
}

/// Whether scale and bias have this shape.
static bool hasParameters(onnx::NodeOp op, ArrayRef<int64_t> shape) {
  return op->getNumOperands() > 2 && shapeOf(op->getOperand(1)) == shape &&
         shapeOf(op->getOperand(2)) == shape;
}

/// Whether the value, as an operand beside one of `whole`, broadcasts to it.
static bool broadcastsTo(Value value, ArrayRef<int64_t> whole) {
  ArrayRef<int64_t> shape = shapeOf(value);
  return shape.size() <= whole.size() &&
         llvm::all_of(llvm::zip_equal(shape, whole.take_back(shape.size())), [](auto sizes) {
           return std::get<0>(sizes) == 1 || std::get<0>(sizes) == std::get<1>(sizes);
         });
}

/// As a layer's norm, of each channel by itself.
static LogicalResult pullInstanceNorm(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), dy = p.cotangent;
  if (rankOf(x) < 3 || !hasParameters(op, {shapeOf(x)[1]}))
    return refuse(op, "a rank of 3 or more, a scale and a bias of a number for each channel");
  SmallVector<int64_t> axes = axesFrom(2, rankOf(x)), perChannel(rankOf(x) - 1, 1), others = {0};
  perChannel.front() = shapeOf(x)[1];
  llvm::append_range(others, axes);
  Normal normal(e, x, axes, epsilonOf(op));
  if (p.wants(1))
    p.gradients[1] = e.sum(e.mul(dy, normal.value), others, /*keepDims=*/false);
  if (p.wants(2))
    p.gradients[2] = e.sum(dy, others, /*keepDims=*/false);
  if (p.wants(0))
    p.gradients[0] = normal.pull(e, e.mul(dy, e.reshape(op->getOperand(1), perChannel)));
  return success();
}

/// As [images, groups, channels of a group, pixels]; scales are those of groups before opset 21.
static LogicalResult pullGroupNorm(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), scale = op->getOperand(1);
  ArrayRef<int64_t> shape = shapeOf(x);
  const int64_t groups = op.getInt("num_groups").value_or(1);
  if (shape.size() < 2 || groups < 1 || shape[1] % groups != 0 ||
      (!hasParameters(op, {groups}) && !hasParameters(op, {shape[1]})))
    return refuse(op, "groups that cover the channels, a scale and a bias of a number for each");
  const bool perGroup = shapeOf(scale) == ArrayRef(groups);
  SmallVector<int64_t> parts = {shape[0], groups, shape[1] / groups, 1};
  for (int64_t size : shape.drop_front(2))
    parts.back() *= size;
  Normal normal(e, e.reshape(x, parts), {2, 3}, epsilonOf(op));
  Value dy = e.reshape(p.cotangent, parts);
  SmallVector<int64_t> others = {0, 3}, perPart = {groups, perGroup ? 1 : parts[2], 1};
  if (perGroup)
    others.insert(others.begin() + 1, 2);
  auto toScale = [&](Value sum) { return e.reshape(e.sum(sum, others, true), shapeOf(scale)); };
  if (p.wants(1))
    p.gradients[1] = toScale(e.mul(dy, normal.value));
  if (p.wants(2))
    p.gradients[2] = toScale(dy);
  if (p.wants(0))
    p.gradients[0] = e.reshape(normal.pull(e, e.mul(dy, e.reshape(scale, perPart))), shape);
  return success();
}

/// LayerNormalization and RMSNormalization: from an axis on; gain and bias broadcast.
template <bool centered> static LogicalResult pullRowNorm(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), gain = op->getOperand(1), dy = p.cotangent;
  const FailureOr<int64_t> axis = axisOf(op, x, -1);
  if (failed(axis))
    return failure();
  for (Value parameter : op->getOperands().drop_front())
    if (isa<ShapedType>(parameter.getType()) && !broadcastsTo(parameter, shapeOf(x)))
      return refuse(op, "a gain and a bias that broadcast to its input");
  Normal normal(e, x, axesFrom(*axis, rankOf(x)), epsilonOf(op), centered);
  if (p.wants(1))
    p.gradients[1] = e.sumTo(e.mul(dy, normal.value), shapeOf(gain));
  if (op->getNumOperands() > 2 && p.wants(2))
    p.gradients[2] = e.sumTo(dy, shapeOf(op->getOperand(2)));
  if (p.wants(0))
    p.gradients[0] = normal.pull(e, e.mul(dy, gain));
  return success();
}

/// The root of the variance has 1e-9 added to it, which counts for nothing here.
static LogicalResult pullMeanVariance(onnx::NodeOp op, Pullback &p) {
  Value x = op->getOperand(0);
  SmallVector<int64_t> axes;
  const int64_t absent[] = {0, 2, 3};
  for (int64_t given : op.getInts("axes").value_or(ArrayRef(absent))) {
    const FailureOr<int64_t> axis = normalizeAxis(op, given, rankOf(x));
    if (failed(axis))
      return failure();
    if (llvm::is_contained(axes, *axis))
      return refuse(op, "each axis once");
    axes.push_back(*axis);
  }
  p.gradients[0] = Normal(p.e, x, axes, 0.0).pull(p.e, p.cotangent);
  return success();
}

/// y = x s^-beta with s = bias + alpha / size times the squares of channels around:
/// dx = dy s^-beta - 2 alpha beta / size x sum(dy y / s), over the channels whose sum has x.
static LogicalResult pullLRN(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), dy = p.cotangent;
  const int64_t size = op.getInt("size").value_or(0);
  if (size < 1 || rankOf(x) < 2)
    return refuse(op, "a positive size, and a rank of 2 or more");
  const int64_t channels = shapeOf(x)[1];
  if (channels > largestMatrix / std::max<int64_t>(channels, 1))
    return refuse(op, "a matrix of channels of at most " + Twine(largestMatrix) + " elements");
  const double beta = op.getFloat("beta").value_or(0.75f);
  const double rate = op.getFloat("alpha").value_or(1e-4f) / static_cast<double>(size);
  auto square = tensorType(x).clone({channels, channels});
  SmallVector<Attribute> band; // column c: whose squares channel c sums
  for (int64_t from = 0; from < channels; ++from)
    for (int64_t c = 0; c < channels; ++c)
      band.push_back(e.builder.getFloatAttr(square.getElementType(),
                                            from >= c - (size - 1) / 2 && from <= c + size / 2));
  Value around = e.constant(DenseElementsAttr::get(square, band));
  auto mix = [&](Value value, Value matrix) {
    Value last = moveAxis(e, value, 1, rankOf(x) - 1);
    SmallVector<int64_t> shape(shapeOf(last));
    return moveAxis(e, e.reshape(e.matmul(e.matrix(last), matrix), shape), rankOf(x) - 1, 1);
  };
  Value s = e.offset(e.scale(mix(e.mul(x, x), around), rate), op.getFloat("bias").value_or(1.0f));
  Value power = e.node("Pow", {s, e.number(s, -beta)}, s.getType()).front();
  Value direct = e.mul(dy, power);
  Value shares = mix(e.div(e.mul(direct, x), s), e.transposeLast(around));
  p.gradients[0] = e.sub(direct, e.mul(e.scale(x, 2 * rate * beta), shares));
  return success();
}

const Row *quantc::nn::normRow(StringRef type) {
  static const llvm::StringMap<Row> rows = {
      {"GroupNormalization", {pullGroupNorm, 0b111}},
      {"InstanceNormalization", {pullInstanceNorm, 0b111}},
      {"LRN", {pullLRN, 0b1}},
      {"LayerNormalization", {pullRowNorm<true>, 0b111}},
      {"MeanVarianceNormalization", {pullMeanVariance, 0b1}},
      {"RMSNormalization", {pullRowNorm<false>, 0b11}},
  };
  auto row = rows.find(type);
  return row == rows.end() ? nullptr : &row->second;
}
