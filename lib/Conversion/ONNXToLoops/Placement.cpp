//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Col2Im, MaxUnpool, CenterCropPad: elements put where windows or borders say.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// Each pixel sums the columns whose blocks cover it.
static LogicalResult col2Im(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  std::optional<int64_t> rank = n.declaredRank(0);
  std::optional<int64_t> length = rank ? std::optional(*rank - 2) : std::nullopt;
  FailureOr<Indices> image = n.ints(1, length), block = n.ints(2, length);
  if (failed(image) || failed(block))
    return failure();
  size_t axes = block->size();
  SmallVector<int64_t> ones(axes, 1), none(2 * axes, 0);
  auto strides = n.intsAttr("strides").value_or(ones);
  auto dilations = n.intsAttr("dilations").value_or(ones);
  auto pads = n.intsAttr("pads").value_or(none);
  auto positive = [](ArrayRef<int64_t> list) {
    return llvm::all_of(list, [](int64_t x) { return x > 0; });
  };
  if (in.rank() != 3 || image->size() != axes || !positive(strides) || !positive(dilations) ||
      strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes)
    return n.refuse(Refusal::AttributeValue, "expected a value for each spatial axis");
  Index taps = product(*block), channels = in.dim(1) / max(taps, 1);
  Indices places, sizes = {in.dim(0), channels};
  for (size_t i = 0; i < axes; ++i) {
    Index extent = ((*block)[i] - 1) * dilations[i] + 1;
    e.check(!e.less((*image)[i], 0) & e.less(0, (*block)[i]), "a size is negative");
    places.push_back(floorDiv((*image)[i] + pads[i] + pads[axes + i] - extent, strides[i]) + 1);
    sizes.push_back((*image)[i]);
  }
  e.check(e.equal(in.dim(1), channels * taps) & e.equal(in.dim(2), product(places)),
          "the columns do not fit the image");
  Tensor out = n.result(0, sizes, in.type());
  e.loops(sizes, [&](IndexRef p) {
    Scalar zero = e.constant(0, in.kind());
    Scalar sum = e.foldOver(*block, {zero}, [&](IndexRef tap, ArrayRef<Scalar> so) {
      Index row = p[1], column = 0;
      Scalar covers = e.boolean(true);
      for (size_t i = 0; i < axes; ++i) {
        Index reach = p[2 + i] + pads[i] - tap[i] * dilations[i];
        Index place = floorDiv(reach, strides[i]);
        covers = covers & e.equal(place * strides[i], reach) & !e.less(place, 0) &
                 e.less(place, places[i]);
        row = row * (*block)[i] + tap[i];
        column = column * places[i] + place;
      }
      return e.ifElse(
          covers, {in.kind()}, [&] { return Scalars{so[0] + in.load({p[0], row, column})}; },
          [&] { return Scalars(so); });
    })[0];
    out.store(sum, p);
  });
  return success();
}

/// Puts each value where the pool that made it found it.
static LogicalResult maxUnpool(NodeLowering &n) {
  Tensor in = n.in(0), places = n.in(1);
  Emitter &e = n.e;
  auto kernel = n.intsAttr("kernel_shape");
  size_t axes = size_t(std::max<int64_t>(in.rank() - 2, 0));
  auto strides = n.intsAttr("strides").value_or(SmallVector<int64_t>(axes, 1));
  auto pads = n.intsAttr("pads").value_or(SmallVector<int64_t>(2 * axes, 0));
  if (in.rank() < 3 || !kernel || kernel->size() != axes || strides.size() != axes ||
      pads.size() != 2 * axes)
    return n.refuse(Refusal::AttributeValue, "expected a value for each spatial axis");
  Indices own = {in.dim(0), in.dim(1)};
  for (size_t i = 0; i < axes; ++i)
    own.push_back((in.dim(2 + i) - 1) * strides[i] - (pads[i] + pads[axes + i]) + (*kernel)[i]);
  FailureOr<Indices> sizes = n.has(2) ? n.ints(2, in.rank()) : FailureOr<Indices>(own);
  if (failed(sizes))
    return failure();
  if (sizes->size() != own.size())
    return n.refuse(Refusal::Operand, "expected a size for each axis of the input");
  e.check(e.equal(places.count(), in.count()), "indices and input differ in size");
  for (Index size : *sizes)
    e.check(!e.less(size, 0), "a size is negative");
  Tensor out = n.result(0, *sizes, in.type());
  e.fill(out, e.constant(0, in.kind()));
  Tensor flat = in.flat(), flatPlaces = places.flat();
  e.loop(flat.count(), [&](Index i) { // numbers count in the shape that the pool had
    Index rest = wrapIndex(e, flatPlaces.load({i}), product(own));
    Indices to(own.size());
    Scalar inside = e.boolean(true);
    for (size_t axis = own.size(); axis-- > 0;) {
      to[axis] = rest % max(own[axis], 1);
      rest = rest / max(own[axis], 1);
      inside = inside & e.less(to[axis], (*sizes)[axis]);
    }
    e.check(inside, "an index lies outside the output");
    out.storeRaw(flat.loadRaw({i}), to);
  });
  return success();
}

/// Cuts or pads both sides of an axis; the odd element goes to the end.
static LogicalResult centerCropPad(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  SmallVector<int64_t> axes;
  if (auto given = n.intsAttr("axes"))
    axes = *given;
  else
    for (int64_t axis = 0; axis < in.rank(); ++axis)
      axes.push_back(axis);
  FailureOr<Indices> wanted = n.ints(1, int64_t(axes.size()));
  if (failed(wanted) || wanted->size() != axes.size())
    return n.refuse(Refusal::Operand, "expected a size for each axis");
  Indices sizes(in.dims()), shift(in.rank(), Index(0));
  for (auto [given, size] : llvm::zip_equal(axes, *wanted)) {
    FailureOr<int64_t> axis = n.reader.normalizeAxis(given, in.rank());
    if (failed(axis))
      return failure();
    e.check(!e.less(size, 0), "a size is negative");
    sizes[*axis] = size;
    // Place of the input's first element in the result, negative where it is cut off.
    Index more = size - in.dim(*axis);
    shift[*axis] = e.select(e.less(more, 0), Index(0) - (Index(0) - more) / 2, more / 2);
  }
  Tensor out = n.result(0, sizes, in.type());
  e.fill(out, e.constant(0, in.kind()));
  e.loops(sizes, [&](IndexRef p) {
    Indices from;
    Scalar inside = e.boolean(true);
    for (int64_t axis = 0; axis < in.rank(); ++axis) {
      from.push_back(p[axis] - shift[axis]);
      inside = inside & !e.less(from[axis], 0) & e.less(from[axis], in.dim(axis));
    }
    e.ifThen(inside, [&] { out.storeRaw(in.loadRaw(from), p); });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"CenterCropPad", 18, latestOpset, centerCropPad},
    {"Col2Im", 18, latestOpset, col2Im},
    {"MaxUnpool", 9, latestOpset, maxUnpool},
};

ArrayRef<LoweringRow> quantc::toloops::placementLowerings() { return rows; }
