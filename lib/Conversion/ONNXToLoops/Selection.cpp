//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops whose results are chosen by comparing elements along an axis.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"
#include "Sorting.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// [before, along, behind] an axis.
static Indices around(const Tensor &tensor, int64_t axis) {
  IndexRef sizes = tensor.dims();
  return {product(sizes.take_front(axis)), sizes[axis], product(sizes.drop_front(axis + 1))};
}

//===----------------------------------------------------------------------===//
// ArgMax, Hardmax, TopK
//===----------------------------------------------------------------------===//

/// Place of the first (or last) greatest element along axis 1 of [outer, along, inner].
static Scalar bestPlace(Emitter &e, const Tensor &x, IndexRef at, bool largest, bool last) {
  Scalar first = x.load({at[0], 0, at[1]});
  return e.fold(x.dim(1) - 1, {e.i64(0), first}, [&](Index i, ArrayRef<Scalar> so) {
    Scalar value = x.load({at[0], i + 1, at[1]});
    Scalar takes = last ? !precedes(so[1], value, largest) : precedes(value, so[1], largest);
    return Scalars{select(takes, e.toScalar(i + 1), so[0]), select(takes, value, so[1])};
  })[0];
}

static LogicalResult argBest(NodeLowering &n, bool largest) {
  Tensor in = n.in(0);
  int64_t axis = n.axisAttr("axis", 0, in.rank());
  bool keep = n.attr("keepdims", int64_t(1)) != 0;
  bool last = n.attr("select_last_index", int64_t(0)) != 0;
  if (n.failed())
    return failure();
  Indices sizes(in.dims());
  if (keep)
    sizes[axis] = 1;
  else
    sizes.erase(sizes.begin() + axis);
  Indices parts = around(in, axis);
  Tensor x = in.reshaped(parts);
  n.e.check(n.e.less(0, parts[1]) | n.e.equal(product(sizes), 0), "the axis is empty");
  Tensor y = n.result(0, sizes, DType::I64).reshaped({parts[0], parts[2]});
  n.e.loops(y.dims(), [&](IndexRef at) { y.store(bestPlace(n.e, x, at, largest, last), at); });
  return success();
}
static LogicalResult argMax(NodeLowering &n) { return argBest(n, true); }
static LogicalResult argMin(NodeLowering &n) { return argBest(n, false); }

static LogicalResult hardmax(NodeLowering &n) {
  Tensor in = n.in(0);
  int64_t axis = n.axisAttr("axis", n.opset() < 13 ? 1 : -1, in.rank());
  if (n.failed())
    return failure();
  Indices parts = around(in, axis);
  if (n.opset() < 13) // everything from the axis on is one
    parts = {parts[0], parts[1] * parts[2], 1};
  Tensor x = in.reshaped(parts), y = n.result(0, in.dims(), in.type()).reshaped(parts);
  Index some = n.e.select(n.e.equal(parts[1], 0), 0, 1);
  n.e.loops({parts[0] * some, parts[2]}, [&](IndexRef at) {
    Scalar best = bestPlace(n.e, x, at, true, false);
    n.e.loop(parts[1], [&](Index i) {
      Scalar one = n.e.constant(1, y.kind()), zero = n.e.constant(0, y.kind());
      y.store(select(n.e.toScalar(i) == best, one, zero), {at[0], i, at[1]});
    });
  });
  return success();
}

static LogicalResult topK(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  int64_t axis = n.axisAttr("axis", -1, in.rank());
  bool largest = n.attr("largest", int64_t(1)) != 0;
  FailureOr<Index> k =
      n.opset() < 10 ? FailureOr<Index>(Index(n.attr("k", int64_t(0)))) : n.integer(1);
  if (n.failed() || failed(k))
    return failure();
  e.check(!e.less(*k, 0) & !e.less(in.dim(axis), *k), "k is out of range");
  Indices sizes(in.dims()), parts = around(in, axis);
  sizes[axis] = *k;
  Indices outParts = {parts[0], *k, parts[2]};
  Tensor x = in.reshaped(parts);
  Tensor values = n.result(0, sizes, in.type()).reshaped(outParts);
  Tensor places = n.result(1, sizes, DType::I64).reshaped(outParts);
  Tensor order = e.allocate({*k}, DType::I64);
  e.loops({parts[0], parts[2]}, [&](IndexRef at) {
    auto value = [&](Index i) { return x.load({at[0], i, at[1]}); };
    sortFirst(e, parts[1], order, [&](Index a, Index b) {
      Scalar u = value(a), v = value(b);
      Scalar first = precedes(u, v, largest), tie = !first & !precedes(v, u, largest);
      return first | (tie & e.less(a, b));
    });
    e.loop(*k, [&](Index rank) {
      Scalar place = order.load({rank});
      values.storeRaw(x.loadRaw({at[0], e.toIndex(place), at[1]}), {at[0], rank, at[1]});
      places.store(place, {at[0], rank, at[1]});
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// OneHot
//===----------------------------------------------------------------------===//

static LogicalResult oneHot(NodeLowering &n) {
  Tensor indices = n.in(0), values = n.in(2);
  Emitter &e = n.e;
  int64_t axis = n.axisAttr("axis", -1, indices.rank() + 1);
  if (n.failed())
    return failure();
  Index depth;
  if (auto known = n.knownInts(1); known && known->size() == 1)
    depth = known->front();
  else
    depth = e.toIndex(convert(n.scalar(1), Compute::I64));
  e.check(e.equal(values.count(), 2) & e.equal(n.in(1).count(), 1),
          "expected one depth and two values");
  e.check(!e.less(depth, 0), "the depth is negative");
  Indices sizes(indices.dims());
  sizes.insert(sizes.begin() + axis, depth);
  Tensor out = n.result(0, sizes, values.type());
  e.loops(sizes, [&](IndexRef p) {
    Indices from(p);
    from.erase(from.begin() + axis);
    Scalar wanted = convert(indices.load(from), Compute::I64);
    wanted = select(wanted < 0, wanted + e.toScalar(depth), wanted);
    Scalar on = wanted == e.toScalar(p[axis]);
    out.store(select(on, values.load({1}), values.load({0})), p);
  });
  return success();
}

//===----------------------------------------------------------------------===//
// NonZero, Compress
//===----------------------------------------------------------------------===//

/// Calls `body` with the number of each element that `holds`, in order; gives their count.
static Index enumerate(Emitter &e, Index count, llvm::function_ref<Scalar(Index)> holds,
                       llvm::function_ref<void(Index element, Index number)> body) {
  Scalar total = e.fold(count, {e.i64(0)}, [&](Index i, ArrayRef<Scalar> so) {
    Scalar here = holds(i);
    e.ifThen(here, [&] { body(i, e.toIndex(so[0])); });
    return Scalars{select(here, so[0] + 1.0, so[0])};
  })[0];
  return e.toIndex(total);
}

static LogicalResult nonZero(NodeLowering &n) {
  Tensor in = n.in(0), flat = in.flat();
  Emitter &e = n.e;
  auto holds = [&](Index i) { return convert(flat.load({i}), Compute::Bool); };
  Index count = enumerate(e, flat.count(), holds, [](Index, Index) {});
  Tensor out = n.result(0, {in.rank(), count}, DType::I64);
  enumerate(e, flat.count(), holds, [&](Index element, Index number) {
    Index rest = element;
    for (int64_t axis = in.rank(); axis-- > 0;) {
      out.store(e.toScalar(rest % in.dim(axis)), {axis, number});
      rest = rest / in.dim(axis);
    }
  });
  return success();
}

static LogicalResult compress(NodeLowering &n) {
  Tensor in = n.in(0), condition = n.in(1);
  Emitter &e = n.e;
  bool flat = !n.node.getInt("axis");
  int64_t axis = flat ? 0 : n.axisAttr("axis", 0, in.rank());
  if (n.failed() || condition.rank() != 1)
    return n.refuse(Refusal::Rank, "expected a vector of conditions");
  Tensor x = flat ? in.flat() : in;
  Indices parts = around(x, axis);
  x = x.reshaped(parts);
  Index length = min(condition.dim(0), parts[1]);
  auto holds = [&](Index i) { return condition.load({i}); };
  Index count = enumerate(e, length, holds, [](Index, Index) {});
  Indices sizes(flat ? IndexRef(parts).slice(1, 1) : in.dims());
  sizes[axis] = count;
  Tensor out = n.result(0, sizes, in.type()).reshaped({parts[0], count, parts[2]});
  enumerate(e, length, holds, [&](Index element, Index number) {
    e.loops({parts[0], parts[2]}, [&](IndexRef at) {
      out.storeRaw(x.loadRaw({at[0], element, at[1]}), {at[0], number, at[1]});
    });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"ArgMax", 1, latestOpset, argMax},     {"ArgMin", 1, latestOpset, argMin},
    {"Compress", 9, latestOpset, compress}, {"Hardmax", 1, latestOpset, hardmax},
    {"NonZero", 9, latestOpset, nonZero},   {"OneHot", 9, latestOpset, oneHot},
    {"TopK", 1, latestOpset, topK},
};

ArrayRef<LoweringRow> quantc::toloops::selectionLowerings() { return rows; }
