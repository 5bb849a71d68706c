//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors made from sizes and numbers, and Pad.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// The one element of a tensor attribute, as a constant.
static std::optional<Scalar> onlyElement(Emitter &e, ElementsAttr attr, DType type) {
  if (!attr || attr.getNumElements() != 1)
    return std::nullopt;
  if (quantc::isFloat(type)) {
    if (auto wide = dyn_cast<DenseElementsAttr>(attr))
      return e.constant((*wide.value_begin<APFloat>()).convertToDouble(), computeOf(type));
    return std::nullopt;
  }
  auto elements = readIntegers(attr);
  if (!elements)
    return std::nullopt;
  if (type == DType::Bool)
    return e.boolean(elements->front() != 0);
  return Scalar{&e, e.i64(elements->front()).value, computeOf(type)};
}

static LogicalResult constantOfShape(NodeLowering &n) {
  FailureOr<Indices> sizes = n.ints(0, n.declaredRank(0));
  if (failed(sizes))
    return failure();
  ElementsAttr value = n.node.getTensor("value");
  std::optional<DType> type = value ? dtypeOf(value.getElementType()) : DType::F32;
  if (!type)
    return n.refuse(Refusal::ElementType, "expected a value of numbers");
  std::optional<Scalar> element =
      value ? onlyElement(n.e, value, *type) : std::optional(n.e.f32(0));
  if (!element)
    return n.refuse(Refusal::AttributeValue, "expected a value of one element");
  for (Index size : *sizes)
    n.e.check(!n.e.less(size, 0), "a size is negative");
  n.e.fill(n.result(0, *sizes, *type), *element);
  return success();
}

/// start + i * delta for i below max(ceil((limit - start) / delta), 0).
static LogicalResult range(NodeLowering &n) {
  Emitter &e = n.e;
  DType type = n.in(0).type();
  Scalar start = n.scalar(0), limit = n.scalar(1), delta = n.scalar(2);
  e.check(delta != number(0, delta), "delta is 0");
  Index count;
  auto known = [&](unsigned i) { return n.knownInts(i); };
  if (isFloat(start.kind)) {
    auto wide = [](Scalar x) { return convert(x, Compute::F64); };
    Scalar steps = math("ceil", (wide(limit) - wide(start)) / wide(delta));
    count = max(e.toIndex(steps), 0);
  } else if (known(0) && known(1) && known(2) && known(2)->front() != 0) {
    int64_t step = known(2)->front(), span = known(1)->front() - known(0)->front();
    count = std::max<int64_t>(0, span / step + (span % step != 0 && (span < 0) == (step < 0)));
  } else {
    Index span = e.toIndex(limit) - e.toIndex(start), step = e.toIndex(delta);
    Scalar backward = e.less(step, 0);
    span = e.select(backward, Index(0) - span, span);
    step = e.select(backward, Index(0) - step, step);
    count = max(ceilDiv(max(span, 0), max(step, 1)), 0);
  }
  Tensor out = n.result(0, {count}, type);
  e.loop(count,
         [&](Index i) { out.store(start + convert(e.toScalar(i), start.kind) * delta, {i}); });
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Elements before and after each axis; negative ones cut.
static LogicalResult readPads(NodeLowering &n, int64_t rank, Indices &before, Indices &after) {
  before.assign(rank, Index(0));
  after.assign(rank, Index(0));
  Indices list;
  if (auto given = n.intsAttr("pads")) {
    list.assign(given->begin(), given->end());
  } else {
    std::optional<int64_t> length;
    if (!n.has(3))
      length = 2 * rank;
    FailureOr<Indices> values = n.ints(1, length);
    if (failed(values))
      return failure();
    list = *values;
  }
  Indices axes;
  if (n.has(3)) {
    FailureOr<Indices> values = n.ints(3, int64_t(list.size() / 2));
    if (failed(values))
      return failure();
    for (Index axis : *values)
      axes.push_back(n.e.select(n.e.less(axis, 0), axis + rank, axis));
  } else {
    for (int64_t axis = 0; axis < rank; ++axis)
      axes.push_back(axis);
  }
  if (list.size() != 2 * axes.size())
    return n.refuse(Refusal::Operand, "expected two pads for each axis");
  for (auto [i, which] : llvm::enumerate(axes))
    for (int64_t axis = 0; axis < rank; ++axis) {
      if (std::optional<int64_t> known = which.constant()) { // known pads make known sizes
        before[axis] = axis == *known ? list[i] : before[axis];
        after[axis] = axis == *known ? list[axes.size() + i] : after[axis];
        continue;
      }
      Scalar mine = n.e.equal(which, axis);
      before[axis] = n.e.select(mine, list[i], before[axis]);
      after[axis] = n.e.select(mine, list[axes.size() + i], after[axis]);
    }
  return success();
}

/// The element that stands in for one outside: mirrored, repeated at the edge, or wrapped.
static Index substitute(Emitter &e, StringRef mode, Index at, Index size) {
  Index last = max(size - 1, 0);
  if (mode == "edge")
    return max(min(at, last), 0);
  Index period = mode == "wrap" ? max(size, 1) : max(last * 2, 1);
  Index within = at - floorDiv(at, period) * period;
  if (mode == "wrap")
    return within;
  return e.select(e.less(last, within), period - within, within);
}

static LogicalResult pad(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  std::string mode = n.attr("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return n.refuse(Refusal::AttributeValue, "expected mode constant, reflect, edge or wrap");
  Indices before, after, sizes;
  if (failed(readPads(n, in.rank(), before, after)))
    return failure();
  for (int64_t axis = 0; axis < in.rank(); ++axis)
    sizes.push_back(max(in.dim(axis) + before[axis] + after[axis], 0));
  if (mode != "constant")
    e.check(e.less(0, in.count()) | e.equal(product(sizes), 0), "there is nothing to repeat");
  Tensor out = n.result(0, sizes, in.type());
  Scalar value = e.constant(n.attr("value", 0.0), in.kind());
  if (n.has(2))
    value = n.scalar(2);
  Tensor filler = e.allocate({1}, in.type());
  filler.store(value, {0});
  e.loops(sizes, [&](IndexRef p) {
    Indices from;
    Scalar inside = e.boolean(true);
    for (int64_t axis = 0; axis < in.rank(); ++axis) {
      Index at = p[axis] - before[axis];
      inside = inside & !e.less(at, 0) & e.less(at, in.dim(axis));
      from.push_back(mode == "constant" ? at : substitute(e, mode, at, in.dim(axis)));
    }
    if (mode != "constant")
      return out.storeRaw(in.loadRaw(from), p);
    out.storeRaw(filler.loadRaw({0}), p);
    e.ifThen(inside, [&] { out.storeRaw(in.loadRaw(from), p); });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"ConstantOfShape", 9, latestOpset, constantOfShape},
    {"Pad", 7, latestOpset, pad},
    {"Range", 11, latestOpset, range},
};

ArrayRef<LoweringRow> quantc::toloops::generationLowerings() { return rows; }
