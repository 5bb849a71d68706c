//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that copy elements to other places, or only see them with another shape.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Another shape
//===----------------------------------------------------------------------===//

static LogicalResult bindReshaped(NodeLowering &n, Tensor in, IndexRef sizes) {
  Scalar same = n.e.equal(product(sizes), in.count());
  n.e.check(same, "the new shape has another number of elements");
  n.bind(0, in.reshaped(sizes));
  return success();
}

static LogicalResult reshape(NodeLowering &n) {
  Tensor in = n.in(0);
  FailureOr<Indices> wanted = n.ints(1, n.declaredRank(0));
  if (failed(wanted))
    return failure();
  bool zeroIsZero = n.attr("allowzero", int64_t(0)) != 0;
  Indices sizes;
  Index known = 1;
  for (auto [axis, size] : llvm::enumerate(*wanted)) {
    if (!zeroIsZero && int64_t(axis) < in.rank())
      size = n.e.select(n.e.equal(size, 0), in.dim(axis), size);
    sizes.push_back(size);
    known = known * n.e.select(n.e.equal(size, -1), 1, size);
  }
  Index rest = in.count() / max(known, 1);
  for (Index &size : sizes)
    size = n.e.select(n.e.equal(size, -1), rest, size);
  return bindReshaped(n, in, sizes);
}

static LogicalResult flatten(NodeLowering &n) {
  Tensor in = n.in(0);
  int64_t axis = n.attr("axis", int64_t(1));
  if (axis < 0)
    axis += in.rank();
  if (axis < 0 || axis > in.rank())
    return n.refuse(Refusal::AttributeValue, "axis is out of range");
  n.bind(0,
         in.reshaped({product(in.dims().take_front(axis)), product(in.dims().drop_front(axis))}));
  return success();
}

static LogicalResult squeeze(NodeLowering &n) {
  Tensor in = n.in(0);
  bool given = n.intsAttr("axes") || n.has(1);
  FailureOr<AxisSet> axes = readAxes(n, "axes", 1, in.rank(), /*absentIsAll=*/false);
  if (failed(axes))
    return failure();
  // The rank of the result must be known now: an axis whose size is not is taken to stay.
  if (!given)
    for (int64_t axis = 0; axis < in.rank(); ++axis) {
      if (in.dim(axis).is(1))
        axes->insert(axis);
      else
        n.e.check(!n.e.equal(in.dim(axis), 1),
                  "without axes, one whose size is known at run time only must not be of size 1");
    }
  for (int64_t axis = 0; axis < in.rank(); ++axis)
    n.e.check(!axes->contains(axis) | n.e.equal(in.dim(axis), 1),
              "a squeezed axis is not of size 1");
  int64_t count = axes->size().constant().value_or(-1);
  if (count < 0) { // the number of axes is that of the operand's elements, or what the result says
    std::optional<int64_t> length = n.in(1).count().constant(), left = n.declaredRank(0);
    if (!length && !left)
      return n.refuse(Refusal::DynamicOperand, "the number of axes is not known");
    count = length ? *length : in.rank() - *left;
    n.e.check(n.e.equal(axes->size(), count), "the result has another rank than declared");
  }
  n.bind(0, in.reshaped(withoutAxes(n.e, in.dims(), *axes, in.rank() - count)));
  return success();
}

static LogicalResult unsqueeze(NodeLowering &n) {
  Tensor in = n.in(0);
  std::optional<SmallVector<int64_t>> list = n.intsAttr("axes");
  std::optional<int64_t> more = list ? std::optional<int64_t>(list->size()) : std::nullopt;
  if (!more && n.has(1))
    more = n.in(1).count().constant();
  std::optional<int64_t> declared = n.declaredRank(0);
  if (!more && declared && *declared >= in.rank())
    more = *declared - in.rank();
  if (!more)
    return n.refuse(Refusal::DynamicOperand, "the number of axes is not known");
  int64_t rank = in.rank() + *more;
  FailureOr<AxisSet> axes = readAxes(n, "axes", 1, rank, /*absentIsAll=*/false);
  if (failed(axes))
    return failure();
  n.e.check(n.e.equal(axes->size(), *more), "axes repeat, or are more or fewer than declared");
  Indices sizes;
  Index next = 0; // axis of the input that comes next
  for (int64_t axis = 0; axis < rank; ++axis) {
    Index own = 1;
    if (next.constant() && *next.constant() < in.rank())
      own = in.dim(*next.constant());
    else if (!next.constant())
      for (int64_t from = 0; from < in.rank(); ++from)
        own = n.e.select(n.e.equal(next, from), in.dim(from), own);
    sizes.push_back(axes->pick(axis, 1, own));
    next = next + axes->pick(axis, 0, 1);
  }
  return bindReshaped(n, in, sizes);
}

static LogicalResult identity(NodeLowering &n) {
  n.bind(0, n.in(0));
  return success();
}

static LogicalResult shapeOf(NodeLowering &n) {
  Tensor in = n.in(0);
  auto clamped = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + in.rank() : at, 0, in.rank());
  };
  int64_t start = clamped(n.attr("start", int64_t(0)));
  int64_t end = clamped(n.attr("end", in.rank()));
  int64_t count = std::max<int64_t>(end - start, 0);
  Tensor out = n.result(0, {count}, DType::I64);
  for (int64_t i = 0; i < count; ++i)
    out.store(n.e.toScalar(in.dim(start + i)), {i});
  return success();
}

static LogicalResult sizeOf(NodeLowering &n) {
  n.result(0, {}, DType::I64).store(n.e.toScalar(n.in(0).count()), {});
  return success();
}

//===----------------------------------------------------------------------===//
// Other places
//===----------------------------------------------------------------------===//

/// Copies all of `in` into `out`, its first element going to `origin`.
static void paste(Emitter &e, const Tensor &in, const Tensor &out, IndexRef origin) {
  e.loops(in.dims(), [&](IndexRef position) {
    Indices to;
    for (auto [at, first] : llvm::zip_equal(position, origin))
      to.push_back(at + first);
    out.storeRaw(in.loadRaw(position), to);
  });
}

/// Copies the part of `in` that begins at `origin` and has the sizes of `out`.
static void cut(Emitter &e, const Tensor &in, const Tensor &out, IndexRef origin) {
  e.loops(out.dims(), [&](IndexRef position) {
    Indices from;
    for (auto [at, first] : llvm::zip_equal(position, origin))
      from.push_back(at + first);
    out.storeRaw(in.loadRaw(from), position);
  });
}

static LogicalResult transpose(NodeLowering &n) {
  Tensor in = n.in(0);
  SmallVector<int64_t> order;
  if (auto given = n.intsAttr("perm"))
    order = *given;
  else
    for (int64_t axis = in.rank(); axis-- > 0;)
      order.push_back(axis);
  SmallVector<bool> seen(in.rank(), false);
  Indices sizes;
  for (int64_t axis : order) {
    if (axis < 0 || axis >= in.rank() || seen[axis])
      return n.refuse(Refusal::AttributeValue, "expected perm to name each axis once");
    seen[axis] = true;
    sizes.push_back(in.dim(axis));
  }
  if (int64_t(order.size()) != in.rank())
    return n.refuse(Refusal::AttributeValue, "expected perm to name each axis once");
  Tensor out = n.result(0, sizes, in.type());
  n.e.loops(sizes, [&](IndexRef position) {
    Indices from(in.rank());
    for (auto [index, axis] : llvm::enumerate(order))
      from[axis] = position[index];
    out.storeRaw(in.loadRaw(from), position);
  });
  return success();
}

static LogicalResult concat(NodeLowering &n) {
  SmallVector<Tensor> parts = n.inputs();
  if (parts.empty())
    return n.refuse(Refusal::Operand, "expected an input");
  int64_t rank = parts.front().rank();
  int64_t axis = n.axisAttr("axis", 1, rank);
  if (n.failed())
    return failure();
  Indices sizes(parts.front().dims());
  sizes[axis] = 0;
  for (const Tensor &part : parts) {
    if (part.rank() != rank)
      return n.refuse(Refusal::Rank, "expected inputs of one rank");
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis)
        n.e.check(n.e.equal(part.dim(i), sizes[i]), "sizes of inputs do not fit each other");
    sizes[axis] = sizes[axis] + part.dim(axis);
  }
  Tensor out = n.result(0, sizes, parts.front().type());
  Indices origin(rank, Index(0));
  for (const Tensor &part : parts) {
    paste(n.e, part, out, origin);
    origin[axis] = origin[axis] + part.dim(axis);
  }
  return success();
}

/// Sizes of the pieces along the axis.
static FailureOr<Indices> splitSizes(NodeLowering &n, Index total) {
  if (auto given = n.intsAttr("split"))
    return Indices(given->begin(), given->end());
  int64_t count = n.numResults();
  if (n.has(1))
    return n.ints(1, count);
  Index part = ceilDiv(total, count);
  if (!n.node.getInt("num_outputs"))
    n.e.check(n.e.equal(part * count, total), "the axis does not split into equal parts");
  Indices sizes(count, part);
  Index left = total;
  for (Index &size : sizes) {
    size = min(part, left);
    left = left - size;
  }
  return sizes;
}

static LogicalResult split(NodeLowering &n) {
  Tensor in = n.in(0);
  int64_t axis = n.axisAttr("axis", 0, in.rank());
  if (n.failed())
    return failure();
  FailureOr<Indices> parts = splitSizes(n, in.dim(axis));
  if (failed(parts))
    return failure();
  if (parts->size() != n.numResults())
    return n.refuse(Refusal::Output, "expected as many outputs as parts");
  Index sum = 0;
  for (Index part : *parts) {
    n.e.check(!n.e.less(part, 0), "a part has a negative size");
    sum = sum + part;
  }
  n.e.check(n.e.equal(sum, in.dim(axis)), "the parts do not cover the axis");
  Indices origin(in.rank(), Index(0));
  for (auto [i, part] : llvm::enumerate(*parts)) {
    Indices sizes(in.dims());
    sizes[axis] = part;
    cut(n.e, in, n.result(i, sizes, in.type()), origin);
    origin[axis] = origin[axis] + part;
  }
  return success();
}

namespace {
/// Where a slice begins along an axis, its step, and how many elements it has.
struct Range {
  Index start, step, count;
};
} // namespace

/// NumPy's rule for start:end:step over an axis of this size; `given` says whether it applies.
static Range sliceRange(Emitter &e, Index size, Index start, Index end, Index step) {
  Scalar backward = e.less(step, 0);
  auto wrapped = [&](Index at) { return e.select(e.less(at, 0), at + size, at); };
  auto clamped = [&](Index at, Index low, Index high) { return max(low, min(at, high)); };
  // Sentinels of either sign must not overflow when the size is added.
  Index limit = int64_t(1) << 62;
  start = wrapped(clamped(start, Index(0) - limit, limit));
  end = wrapped(clamped(end, Index(0) - limit, limit));
  start = e.select(backward, clamped(start, -1, size - 1), clamped(start, 0, size));
  end = e.select(backward, clamped(end, -1, size - 1), clamped(end, 0, size));
  Index span = e.select(backward, start - end, end - start);
  Index stride = e.select(backward, Index(0) - step, step);
  return {start, step, max(ceilDiv(max(span, 0), max(stride, 1)), 0)};
}

/// The ranges that starts, ends, axes and steps say, as attributes or inputs.
static FailureOr<SmallVector<Range>> readSlices(NodeLowering &n, const Tensor &in) {
  FailureOr<Indices> starts, ends, axes, steps;
  auto list = [&](StringRef name, unsigned index) -> FailureOr<Indices> {
    if (auto given = n.intsAttr(name))
      return Indices(given->begin(), given->end());
    if (!n.has(index))
      return Indices();
    return n.ints(index, in.rank());
  };
  starts = list("starts", 1);
  ends = list("ends", 2);
  axes = list("axes", 3);
  steps = list("steps", 4);
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  size_t count = starts->size();
  if (ends->size() != count || (!axes->empty() && axes->size() != count) ||
      (!steps->empty() && steps->size() != count))
    return n.refuse(Refusal::Operand, "expected starts, ends, axes and steps of one length");
  SmallVector<Range> ranges;
  for (int64_t axis = 0; axis < in.rank(); ++axis) {
    Index start = 0, end = in.dim(axis), step = 1;
    for (size_t i = 0; i < count; ++i) {
      Index which = axes->empty() ? Index(int64_t(i)) : (*axes)[i];
      Index normal = n.e.select(n.e.less(which, 0), which + in.rank(), which);
      Scalar mine = n.e.equal(normal, axis);
      start = n.e.select(mine, (*starts)[i], start);
      end = n.e.select(mine, (*ends)[i], end);
      if (!steps->empty())
        step = n.e.select(mine, (*steps)[i], step);
    }
    n.e.check(!n.e.equal(step, 0), "a step is 0");
    ranges.push_back(sliceRange(n.e, in.dim(axis), start, end, step));
  }
  return ranges;
}

static LogicalResult slice(NodeLowering &n) {
  Tensor in = n.in(0);
  FailureOr<SmallVector<Range>> ranges = readSlices(n, in);
  if (failed(ranges))
    return failure();
  Indices sizes;
  for (const Range &range : *ranges)
    sizes.push_back(range.count);
  Tensor out = n.result(0, sizes, in.type());
  n.e.loops(sizes, [&](IndexRef position) {
    Indices from;
    for (auto [at, range] : llvm::zip_equal(position, *ranges))
      from.push_back(range.start + at * range.step);
    out.storeRaw(in.loadRaw(from), position);
  });
  return success();
}

static LogicalResult expand(NodeLowering &n) {
  Tensor in = n.in(0);
  FailureOr<Indices> wanted = n.ints(1, n.declaredRank(0));
  if (failed(wanted))
    return failure();
  Tensor out = n.result(0, broadcast(n.e, {in.dims(), *wanted}), in.type());
  n.e.loops(out.dims(), [&](IndexRef position) {
    out.storeRaw(in.loadRaw(broadcastPosition(n.e, in, position, out.dims())), position);
  });
  return success();
}

static LogicalResult tile(NodeLowering &n) {
  Tensor in = n.in(0);
  FailureOr<Indices> repeats = n.ints(1, in.rank());
  if (failed(repeats))
    return failure();
  if (int64_t(repeats->size()) != in.rank())
    return n.refuse(Refusal::Operand, "expected a repeat for each axis");
  Indices sizes;
  for (auto [size, times] : llvm::zip_equal(in.dims(), *repeats))
    sizes.push_back(size * max(times, 0));
  Tensor out = n.result(0, sizes, in.type());
  n.e.loops(sizes, [&](IndexRef position) {
    Indices from;
    for (auto [at, size] : llvm::zip_equal(position, in.dims()))
      from.push_back(at % size);
    out.storeRaw(in.loadRaw(from), position);
  });
  return success();
}

static LogicalResult where(NodeLowering &n) {
  Tensor condition = n.in(0), a = n.in(1), b = n.in(2);
  Tensor out = n.result(0, broadcast(n.e, {condition.dims(), a.dims(), b.dims()}), a.type());
  mapBroadcast(n.e, {condition, a, b}, out,
               [](ArrayRef<Scalar> x) { return select(x[0], x[1], x[2]); });
  return success();
}

/// [N, C, H, W] seen as [N, a, b, c, H', x, W', y] and transposed.
static LogicalResult depthToSpace(NodeLowering &n) {
  Tensor in = n.in(0);
  int64_t block = n.attr("blocksize", int64_t(1));
  bool columnFirst = n.attr("mode", "DCR") == "CRD";
  if (in.rank() != 4 || block < 1 || block > INT32_MAX)
    return n.refuse(Refusal::Rank, "expected rank 4 and a positive blocksize below 2^31");
  Index channels = in.dim(1) / (block * block);
  Tensor out = n.result(0, {in.dim(0), channels, in.dim(2) * block, in.dim(3) * block}, in.type());
  n.e.loops(out.dims(), [&](IndexRef p) {
    Index inner = (p[2] % block) * block + p[3] % block;
    Index channel = columnFirst ? p[1] * (block * block) + inner : inner * channels + p[1];
    out.storeRaw(in.loadRaw({p[0], channel, p[2] / block, p[3] / block}), p);
  });
  return success();
}

static LogicalResult spaceToDepth(NodeLowering &n) {
  Tensor in = n.in(0);
  int64_t block = n.attr("blocksize", int64_t(1));
  if (in.rank() != 4 || block < 1 || block > INT32_MAX)
    return n.refuse(Refusal::Rank, "expected rank 4 and a positive blocksize below 2^31");
  Tensor out = n.result(
      0, {in.dim(0), in.dim(1) * (block * block), in.dim(2) / block, in.dim(3) / block}, in.type());
  n.e.loops(out.dims(), [&](IndexRef p) {
    Index channel = p[1] % in.dim(1), inner = p[1] / in.dim(1);
    out.storeRaw(
        in.loadRaw({p[0], channel, p[2] * block + inner / block, p[3] * block + inner % block}), p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Concat", 7, latestOpset, concat},       {"DepthToSpace", 1, latestOpset, depthToSpace},
    {"Expand", 8, latestOpset, expand},       {"Flatten", 1, latestOpset, flatten},
    {"Identity", 1, latestOpset, identity},   {"Reshape", 7, latestOpset, reshape},
    {"Shape", 1, latestOpset, shapeOf},       {"Size", 1, latestOpset, sizeOf},
    {"Slice", 1, latestOpset, slice},         {"SpaceToDepth", 1, latestOpset, spaceToDepth},
    {"Split", 7, latestOpset, split},         {"Squeeze", 1, latestOpset, squeeze},
    {"Tile", 7, latestOpset, tile},           {"Transpose", 1, latestOpset, transpose},
    {"Unsqueeze", 1, latestOpset, unsqueeze}, {"Where", 9, latestOpset, where},
};

ArrayRef<LoweringRow> quantc::toloops::movementLowerings() { return rows; }
