//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that reduce along axes. Elements are added in index order; floats of at most 32 bits in
// float32, everything else in its compute type.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// A reduction: the value of nothing, one more element, and the end.
struct Reducer {
  Scalar (*start)(Scalar like);
  Scalar (*add)(Scalar sum, Scalar element);
  Scalar (*finish)(Scalar sum, Scalar count) = nullptr;
};
} // namespace

/// The type that a sum of elements is kept in between steps.
static DType sumType(Compute kind) {
  switch (kind) {
  case Compute::F32:
    return DType::F32;
  case Compute::F64:
    return DType::F64;
  case Compute::I64:
    return DType::I64;
  case Compute::U64:
    return DType::U64;
  case Compute::Bool:
    return DType::Bool;
  }
  llvm_unreachable("all kinds are handled");
}

/// Positions of an element of `in` in a tensor whose reduced axes have size 1.
static Indices reducedPosition(const AxisSet &axes, IndexRef position) {
  Indices own;
  for (auto [axis, at] : llvm::enumerate(position))
    own.push_back(axes.pick(axis, 0, at));
  return own;
}

/// Adds all elements into a tensor whose reduced axes have size 1.
static Tensor reduceInto(Emitter &e, const Tensor &in, const AxisSet &axes,
                         const Reducer &reducer) {
  Indices sizes;
  for (int64_t axis = 0; axis < in.rank(); ++axis)
    sizes.push_back(axes.pick(axis, 1, in.dim(axis)));
  Tensor sums = e.allocate(sizes, sumType(in.kind()));
  e.fill(sums, reducer.start(e.constant(0, in.kind())));
  e.loops(in.dims(), [&](IndexRef position) {
    Indices own = reducedPosition(axes, position);
    sums.store(reducer.add(sums.load(own), in.load(position)), own);
  });
  return sums;
}

static FailureOr<int64_t> numAxes(NodeLowering &n, const AxisSet &axes) {
  if (auto known = axes.size().constant())
    return *known;
  if (auto known = n.in(1).count().constant())
    return *known;
  if (auto left = n.declaredRank(0)) {
    n.e.check(n.e.equal(axes.size(), n.in(0).rank() - *left),
              "the result has another rank than declared");
    return n.in(0).rank() - *left;
  }
  return n.refuse(Refusal::DynamicOperand, "the number of axes is not known");
}

static LogicalResult reduce(NodeLowering &n, const Reducer &reducer) {
  Tensor in = n.in(0);
  bool noop = n.attr("noop_with_empty_axes", int64_t(0)) != 0;
  FailureOr<AxisSet> axes =
      readAxes(n, "axes", 1, in.rank(), /*absentIsAll=*/!noop, /*emptyIsAbsent=*/true);
  if (failed(axes))
    return failure();
  Tensor sums = reduceInto(n.e, in, *axes, reducer);
  Indices sizes(sums.dims());
  if (!n.attr("keepdims", int64_t(1))) {
    FailureOr<int64_t> removed = numAxes(n, *axes);
    if (failed(removed))
      return failure();
    sizes = withoutAxes(n.e, in.dims(), *axes, in.rank() - *removed);
  }
  Tensor out = n.result(0, sizes, in.type());
  Index merged = 1;
  for (int64_t axis = 0; axis < in.rank(); ++axis)
    merged = merged * axes->pick(axis, in.dim(axis), 1);
  Scalar count = n.e.toScalar(merged);
  mapUnary(n.e, sums, out, [&](Scalar sum) {
    return reducer.finish ? reducer.finish(sum, convert(count, sum.kind)) : sum;
  });
  return success();
}

//===----------------------------------------------------------------------===//
// The reducers
//===----------------------------------------------------------------------===//

static Scalar zero(Scalar like) { return number(0, like); }
static Scalar one(Scalar like) { return number(1, like); }
static Scalar infinity(Scalar like) { return number(HUGE_VAL, like); }

/// The greatest (least) value of a kind: an infinity, or the integer's bound. Narrow types wrap it
/// to their own on the way out only for empty sets.
static Scalar lowest(Scalar like) {
  Emitter &e = *like.emitter;
  if (isFloat(like.kind))
    return -infinity(like);
  if (like.kind == Compute::I64)
    return e.i64(INT64_MIN);
  return number(0, like);
}
static Scalar highest(Scalar like) {
  Emitter &e = *like.emitter;
  if (isFloat(like.kind))
    return infinity(like);
  if (like.kind == Compute::Bool)
    return e.boolean(true);
  Scalar bits = e.i64(like.kind == Compute::I64 ? INT64_MAX : -1);
  return {&e, bits.value, like.kind};
}
static Scalar addAbs(Scalar sum, Scalar x) { return sum + abs(x); }
static Scalar addSquare(Scalar sum, Scalar x) { return sum + x * x; }
static Scalar plus(Scalar sum, Scalar x) { return sum + x; }
static Scalar times(Scalar sum, Scalar x) { return sum * x; }
static Scalar greater(Scalar sum, Scalar x) {
  return x.kind == Compute::Bool ? sum | x : max(sum, x);
}
static Scalar smaller(Scalar sum, Scalar x) {
  return x.kind == Compute::Bool ? sum & x : min(sum, x);
}
static Scalar mean(Scalar sum, Scalar count) { return sum / count; }
static Scalar floatOf(Scalar x) { return isFloat(x.kind) ? x : convert(x, Compute::F64); }
static Scalar root(Scalar sum, Scalar) { return math("sqrt", floatOf(sum)); }
static Scalar logOf(Scalar sum, Scalar) { return math("log", floatOf(sum)); }

static constexpr Reducer l1{zero, addAbs}, l2{zero, addSquare, root}, sum{zero, plus},
    sumSquare{zero, addSquare}, average{zero, plus, mean}, prod{one, times}, most{lowest, greater},
    least{highest, smaller}, logSum{zero, plus, logOf};

template <const Reducer &reducer> static LogicalResult reduceBy(NodeLowering &n) {
  return reduce(n, reducer);
}

/// log(sum(exp(x - m))) + m with the maximum m, so that nothing overflows.
static LogicalResult reduceLogSumExp(NodeLowering &n) {
  Tensor in = n.in(0);
  bool noop = n.attr("noop_with_empty_axes", int64_t(0)) != 0;
  FailureOr<AxisSet> axes = readAxes(n, "axes", 1, in.rank(), !noop, /*emptyIsAbsent=*/true);
  if (failed(axes))
    return failure();
  Emitter &e = n.e;
  Tensor peaks = reduceInto(e, in, *axes, most);
  mapUnary(e, peaks, peaks, [&](Scalar x) { // an infinite maximum would give inf - inf
    return select(abs(x) == infinity(x), number(0, x), x);
  });
  Tensor sums = e.allocate(peaks.dims(), peaks.type());
  e.fill(sums, e.constant(0, sums.kind()));
  e.loops(in.dims(), [&](IndexRef position) {
    Indices own = reducedPosition(*axes, position);
    Scalar x = convert(in.load(position), sums.kind());
    sums.store(sums.load(own) + math("exp", x - peaks.load(own)), own);
  });
  Indices sizes(sums.dims());
  if (!n.attr("keepdims", int64_t(1))) {
    FailureOr<int64_t> removed = numAxes(n, *axes);
    if (failed(removed))
      return failure();
    sizes = withoutAxes(e, in.dims(), *axes, in.rank() - *removed);
  }
  Tensor out = n.result(0, sizes, in.type()).flat();
  e.loop(out.count(), [&](Index i) {
    out.store(math("log", sums.flat().load({i})) + peaks.flat().load({i}), {i});
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Over all spatial axes
//===----------------------------------------------------------------------===//

static LogicalResult reduceSpatial(NodeLowering &n, const Reducer &reducer) {
  Tensor in = n.in(0);
  if (in.rank() < 2)
    return n.refuse(Refusal::Rank, "expected rank 2 or more");
  AxisSet axes(n.e, in.rank());
  Index merged = 1;
  for (int64_t axis = 2; axis < in.rank(); ++axis) {
    axes.insert(axis);
    merged = merged * in.dim(axis);
  }
  Tensor sums = reduceInto(n.e, in, axes, reducer);
  Tensor out = n.result(0, sums.dims(), in.type());
  Scalar count = n.e.toScalar(merged);
  mapUnary(n.e, sums, out, [&](Scalar value) {
    return reducer.finish ? reducer.finish(value, convert(count, value.kind)) : value;
  });
  return success();
}

static LogicalResult globalAveragePool(NodeLowering &n) { return reduceSpatial(n, average); }
static LogicalResult globalMaxPool(NodeLowering &n) { return reduceSpatial(n, most); }

static LogicalResult globalLpPool(NodeLowering &n) {
  Tensor in = n.in(0);
  double p = double(n.attr("p", int64_t(2)));
  AxisSet axes(n.e, in.rank());
  for (int64_t axis = 2; axis < in.rank(); ++axis)
    axes.insert(axis);
  Tensor powers = n.e.allocate(in.dims(), in.type());
  mapUnary(n.e, in, powers, [&](Scalar x) { return math("pow", abs(x), number(p, x)); });
  Tensor sums = reduceInto(n.e, powers, axes, sum);
  mapUnary(n.e, sums, n.result(0, sums.dims(), in.type()),
           [&](Scalar x) { return math("pow", x, number(1 / p, x)); });
  return success();
}

static const LoweringRow rows[] = {
    {"GlobalAveragePool", 1, latestOpset, globalAveragePool},
    {"GlobalLpPool", 7, latestOpset, globalLpPool},
    {"GlobalMaxPool", 1, latestOpset, globalMaxPool},
    {"ReduceL1", 1, latestOpset, reduceBy<l1>},
    {"ReduceL2", 1, latestOpset, reduceBy<l2>},
    {"ReduceLogSum", 1, latestOpset, reduceBy<logSum>},
    {"ReduceLogSumExp", 1, latestOpset, reduceLogSumExp},
    {"ReduceMax", 1, latestOpset, reduceBy<most>},
    {"ReduceMean", 1, latestOpset, reduceBy<average>},
    {"ReduceMin", 1, latestOpset, reduceBy<least>},
    {"ReduceProd", 1, latestOpset, reduceBy<prod>},
    {"ReduceSum", 1, latestOpset, reduceBy<sum>},
    {"ReduceSumSquare", 1, latestOpset, reduceBy<sumSquare>},
};

ArrayRef<LoweringRow> quantc::toloops::reductionLowerings() { return rows; }
