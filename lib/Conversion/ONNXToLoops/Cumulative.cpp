//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Running sums, and ops that look at the bits or the place of an element.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// A running sum or product along an axis that is an operand.
static LogicalResult cumulate(NodeLowering &n, double start, Scalar (*step)(Scalar, Scalar)) {
  Tensor in = n.in(0);
  bool exclusive = n.attr("exclusive", int64_t(0)) != 0;
  bool reverse = n.attr("reverse", int64_t(0)) != 0;
  Emitter &e = n.e;
  Tensor out = n.result(0, in.dims(), in.type());
  FailureOr<Index> given = n.integer(1);
  if (failed(given))
    return failure();
  Index axis = e.select(e.less(*given, 0), *given + in.rank(), *given);
  e.check(!e.less(axis, 0) & e.less(axis, in.rank()), "the axis is out of range");
  // Sizes before, along and behind an axis that only a run may know.
  Index outer = 1, along = 1, inner = 1;
  for (int64_t i = 0; i < in.rank(); ++i) {
    outer = outer * e.select(e.less(i, axis), in.dim(i), 1);
    along = e.select(e.equal(axis, i), in.dim(i), along);
    inner = inner * e.select(e.less(axis, i), in.dim(i), 1);
  }
  Tensor x = in.reshaped({outer, along, inner}), y = out.reshaped({outer, along, inner});
  e.loops({outer, inner}, [&](IndexRef at) {
    e.fold(along, {e.constant(start, x.kind())}, [&](Index i, ArrayRef<Scalar> so) {
      Index place = reverse ? along - 1 - i : i;
      Scalar next = step(so[0], x.load({at[0], place, at[1]}));
      y.store(exclusive ? so[0] : next, {at[0], place, at[1]});
      return Scalars{next};
    });
  });
  return success();
}
static LogicalResult cumSum(NodeLowering &n) {
  return cumulate(n, 0, [](Scalar a, Scalar b) { return a + b; });
}
static LogicalResult cumProd(NodeLowering &n) {
  return cumulate(n, 1, [](Scalar a, Scalar b) { return a * b; });
}

static LogicalResult trilu(NodeLowering &n) {
  Tensor in = n.in(0);
  bool upper = n.attr("upper", int64_t(1)) != 0;
  if (in.rank() < 2)
    return n.refuse(Refusal::Rank, "expected rank 2 or more");
  Emitter &e = n.e;
  Index diagonal = 0;
  if (n.has(1)) {
    FailureOr<Index> given = n.integer(1);
    if (failed(given))
      return failure();
    diagonal = *given;
  }
  Tensor out = n.result(0, in.dims(), in.type());
  Tensor zero = e.allocate({1}, in.type());
  zero.store(e.constant(0, in.kind()), {0});
  e.loops(in.dims(), [&](IndexRef p) {
    Index row = p[p.size() - 2], column = p[p.size() - 1];
    // Column minus row against the diagonal; saturated values of k stay out of the sum's way.
    Scalar offset = e.toScalar(column) - e.toScalar(row), k = e.toScalar(diagonal);
    Scalar keeps = upper ? offset >= k : offset <= k;
    Value raw = arith::SelectOp::create(e.b, e.loc, keeps.value, in.loadRaw(p), zero.loadRaw({0}));
    out.storeRaw(raw, p);
  });
  return success();
}

static LogicalResult eyeLike(NodeLowering &n) {
  Tensor in = n.in(0);
  if (in.rank() != 2)
    return n.refuse(Refusal::Rank, "expected a matrix");
  int64_t k = n.attr("k", int64_t(0)), code = n.attr("dtype", int64_t(0));
  std::optional<DType> type = code ? dtypeFromOnnxCode(code) : in.type();
  if (!type || bitWidth(*type) == 0)
    return n.refuse(Refusal::ElementType, "expected a type of numbers");
  Tensor out = n.result(0, in.dims(), *type);
  n.e.loops(in.dims(), [&](IndexRef p) {
    Scalar one = n.e.constant(1, out.kind()), zero = n.e.constant(0, out.kind());
    out.store(select(n.e.equal(p[1] - p[0], k), one, zero), p);
  });
  return success();
}

static LogicalResult bitShift(NodeLowering &n) {
  std::string direction = n.attr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.refuse(Refusal::AttributeValue, "expected direction LEFT or RIGHT");
  Tensor a = n.in(0), b = n.in(1);
  Tensor out = n.result(0, broadcast(n.e, {a.dims(), b.dims()}), a.type());
  mapBroadcast(n.e, {a, b}, out, [&](ArrayRef<Scalar> v) {
    return direction == "LEFT" ? shiftLeft(v[0], v[1]) : shiftRight(v[0], v[1]);
  });
  return success();
}

/// The same bits as another type of the same width.
static LogicalResult bitCast(NodeLowering &n) {
  Tensor in = n.in(0);
  std::optional<DType> type = dtypeFromOnnxCode(n.attr("to", int64_t(0)));
  if (!type || elementBytes(*type) == 0 || elementBytes(in.type()) != elementBytes(*type))
    return n.refuse(Refusal::ElementType, "expected types of one width");
  Tensor from = in.flat(), to = n.result(0, in.dims(), *type).flat();
  Type raw = storageType(*type, n.e.b.getContext());
  n.e.loop(from.count(), [&](Index i) {
    Value bits = from.loadRaw({i});
    if (bits.getType() != raw)
      bits = arith::BitcastOp::create(n.e.b, n.e.loc, raw, bits);
    to.storeRaw(bits, {i});
  });
  return success();
}

static const LoweringRow rows[] = {
    {"BitCast", 26, latestOpset, withInputs<1, bitCast>},
    {"BitShift", 11, latestOpset, withInputs<2, bitShift>},
    {"CumProd", 26, latestOpset, withInputs<2, cumProd>},
    {"CumSum", 11, latestOpset, withInputs<2, cumSum>},
    {"EyeLike", 9, latestOpset, withInputs<1, eyeLike>},
    {"Trilu", 14, latestOpset, withInputs<1, trilu>},
};

ArrayRef<LoweringRow> quantc::toloops::cumulativeLowerings() { return rows; }
