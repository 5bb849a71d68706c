//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading and writing at positions that a tensor lists. Negative positions count from the end; one
// out of range ends the run.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Indices joined(IndexRef a, IndexRef b, IndexRef c = {}) {
  Indices all(a);
  all.append(b.begin(), b.end());
  all.append(c.begin(), c.end());
  return all;
}

static LogicalResult gather(NodeLowering &n) {
  Tensor data = n.in(0), indices = n.in(1);
  int64_t axis = n.axisAttr("axis", 0, data.rank());
  if (n.failed())
    return failure();
  Index outer = product(data.dims().take_front(axis));
  Index inner = product(data.dims().drop_front(axis + 1));
  Tensor from = data.reshaped({outer, data.dim(axis), inner});
  Tensor places = indices.flat();
  Tensor out = n.result(
      0, joined(data.dims().take_front(axis), indices.dims(), data.dims().drop_front(axis + 1)),
      data.type());
  Tensor to = out.reshaped({outer, places.count(), inner});
  n.e.loops({outer, places.count()}, [&](IndexRef p) {
    Index place = wrapIndex(n.e, places.load({p[1]}), data.dim(axis));
    n.e.loop(inner, [&](Index i) { to.storeRaw(from.loadRaw({p[0], place, i}), {p[0], p[1], i}); });
  });
  return success();
}

static LogicalResult gatherElements(NodeLowering &n) {
  Tensor data = n.in(0), indices = n.in(1);
  int64_t axis = n.axisAttr("axis", 0, data.rank());
  if (n.failed() || indices.rank() != data.rank())
    return n.refuse(Refusal::Rank, "expected data and indices of one rank");
  for (int64_t i = 0; i < data.rank(); ++i)
    if (i != axis)
      n.e.check(!n.e.less(data.dim(i), indices.dim(i)), "indices are larger than the data");
  Tensor out = n.result(0, indices.dims(), data.type());
  n.e.loops(indices.dims(), [&](IndexRef p) {
    Indices from(p);
    from[axis] = wrapIndex(n.e, indices.load(p), data.dim(axis));
    out.storeRaw(data.loadRaw(from), p);
  });
  return success();
}

namespace {
/// Indices [batch..., ..., depth] that each name a slice of the data.
struct SliceIndices {
  int64_t batch, depth;
  Indices places; ///< sizes of the indices without the last
  Indices inner;  ///< sizes of a slice
};
} // namespace

/// `sliceRank` is the rank of a slice together with the places that the indices list, where the
/// node tells it: it decides how many axes are indexed when the indices' last size does not.
static FailureOr<SliceIndices> readSliceIndices(NodeLowering &n, const Tensor &data,
                                                const Tensor &indices, int64_t batch,
                                                std::optional<int64_t> sliceRank) {
  if (indices.rank() < 1 || batch < 0 || batch >= indices.rank())
    return n.refuse(Refusal::Rank, "expected indices of rank 1 or more");
  std::optional<int64_t> depth = indices.dim(-1).constant();
  if (!depth && sliceRank) {
    depth = data.rank() - batch + indices.rank() - 1 - *sliceRank;
    n.e.check(n.e.equal(indices.dim(-1), *depth), "the indices name another number of axes");
  }
  if (!depth)
    return n.refuse(Refusal::DynamicOperand, "the last size of the indices is not known");
  if (*depth < 0 || batch + *depth > data.rank())
    return n.refuse(Refusal::Rank, "the indices name more axes than the data has");
  for (int64_t i = 0; i < batch; ++i)
    n.e.check(n.e.equal(data.dim(i), indices.dim(i)), "batches have different sizes");
  return SliceIndices{batch, *depth, Indices(indices.dims().drop_back()),
                      Indices(data.dims().drop_front(batch + *depth))};
}

/// Where in the data the slice begins that the indices at `place` name.
static Indices sliceStart(Emitter &e, const SliceIndices &s, const Tensor &data,
                          const Tensor &indices, IndexRef place) {
  Indices start(place.take_front(s.batch));
  for (int64_t i = 0; i < s.depth; ++i)
    start.push_back(wrapIndex(e, indices.load(joined(place, {Index(i)})), data.dim(s.batch + i)));
  return start;
}

static LogicalResult gatherND(NodeLowering &n) {
  Tensor data = n.in(0), indices = n.in(1);
  FailureOr<SliceIndices> s =
      readSliceIndices(n, data, indices, n.attr("batch_dims", int64_t(0)), n.declaredRank(0));
  if (failed(s))
    return failure();
  Tensor out = n.result(0, joined(s->places, s->inner), data.type());
  n.e.loops(s->places, [&](IndexRef place) {
    Indices start = sliceStart(n.e, *s, data, indices, place);
    n.e.loops(s->inner,
              [&](IndexRef i) { out.storeRaw(data.loadRaw(joined(start, i)), joined(place, i)); });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

using Combine = Scalar (*)(Scalar, Scalar);

/// How an update meets what is there; null replaces it.
static FailureOr<Combine> readReduction(NodeLowering &n) {
  std::string name = n.attr("reduction", "none");
  if (name == "none")
    return Combine(nullptr);
  if (name == "add")
    return Combine([](Scalar a, Scalar b) { return a.kind == Compute::Bool ? a | b : a + b; });
  if (name == "mul")
    return Combine([](Scalar a, Scalar b) { return a.kind == Compute::Bool ? a & b : a * b; });
  if (name == "max")
    return Combine([](Scalar a, Scalar b) { return a.kind == Compute::Bool ? a | b : max(a, b); });
  if (name == "min")
    return Combine([](Scalar a, Scalar b) { return a.kind == Compute::Bool ? a & b : min(a, b); });
  return n.refuse(Refusal::AttributeValue, "expected reduction none, add, mul, max or min");
}

static void update(const Tensor &out, IndexRef to, const Tensor &updates, IndexRef from,
                   Combine combine) {
  if (combine)
    out.store(combine(out.load(to), updates.load(from)), to);
  else
    out.storeRaw(updates.loadRaw(from), to);
}

static LogicalResult scatterElements(NodeLowering &n) {
  Tensor data = n.in(0), indices = n.in(1), updates = n.in(2);
  int64_t axis = n.axisAttr("axis", 0, data.rank());
  FailureOr<Combine> combine = readReduction(n);
  if (n.failed() || failed(combine))
    return failure();
  if (indices.rank() != data.rank() || updates.rank() != data.rank())
    return n.refuse(Refusal::Rank, "expected data, indices and updates of one rank");
  if (updates.type() != data.type())
    return n.refuse(Refusal::ElementType, "expected updates of the data's type");
  for (int64_t i = 0; i < data.rank(); ++i) {
    n.e.check(n.e.equal(updates.dim(i), indices.dim(i)), "indices and updates differ in size");
    if (i != axis)
      n.e.check(!n.e.less(data.dim(i), indices.dim(i)), "indices are larger than the data");
  }
  Tensor out = n.result(0, data.dims(), data.type());
  n.e.copy(data, out);
  n.e.loops(indices.dims(), [&](IndexRef p) {
    Indices to(p);
    to[axis] = wrapIndex(n.e, indices.load(p), data.dim(axis));
    update(out, to, updates, p, *combine);
  });
  return success();
}

static LogicalResult scatterND(NodeLowering &n) {
  Tensor data = n.in(0), indices = n.in(1), updates = n.in(2);
  FailureOr<SliceIndices> s = readSliceIndices(n, data, indices, 0, updates.rank());
  FailureOr<Combine> combine = readReduction(n);
  if (failed(s) || failed(combine))
    return failure();
  Indices wanted = joined(s->places, s->inner);
  if (updates.type() != data.type())
    return n.refuse(Refusal::ElementType, "expected updates of the data's type");
  if (int64_t(wanted.size()) != updates.rank())
    return n.refuse(Refusal::Rank, "the updates have another rank than the indices ask for");
  for (auto [size, own] : llvm::zip_equal(wanted, updates.dims()))
    n.e.check(n.e.equal(size, own), "the updates have another size than the indices ask for");
  Tensor out = n.result(0, data.dims(), data.type());
  n.e.copy(data, out);
  n.e.loops(s->places, [&](IndexRef place) {
    Indices start = sliceStart(n.e, *s, data, indices, place);
    n.e.loops(s->inner, [&](IndexRef i) {
      update(out, joined(start, i), updates, joined(place, i), *combine);
    });
  });
  return success();
}

/// Writes `update` [batch, ..., length, ...] into a copy of the cache from write_indices[batch] on,
/// along the axis; mode "circular" goes on at the start.
static LogicalResult tensorScatter(NodeLowering &n) {
  Tensor cache = n.in(0), fresh = n.in(1), starts = n.in(2);
  int64_t axis = n.axisAttr("axis", -2, cache.rank());
  std::string mode = n.attr("mode", "linear");
  bool circular = mode == "circular";
  if (!circular && mode != "linear")
    return n.refuse(Refusal::AttributeValue, "expected mode linear or circular");
  if (fresh.type() != cache.type() || (starts && starts.rank() != 1))
    return n.refuse(Refusal::Operand,
                    "expected an update of the cache's type, indices in a vector");
  if (n.failed() || axis == 0 || fresh.rank() != cache.rank())
    return n.refuse(Refusal::Rank, "expected an axis behind the batch, and inputs of one rank");
  for (int64_t i = 0; i < cache.rank(); ++i)
    n.e.check(i == axis ? !n.e.less(cache.dim(i), fresh.dim(i))
                        : n.e.equal(cache.dim(i), fresh.dim(i)),
              "the update does not fit the cache");
  if (starts)
    n.e.check(n.e.equal(starts.dim(0), cache.dim(0)), "expected an index for each batch");
  Tensor out = n.result(0, cache.dims(), cache.type());
  n.e.copy(cache, out);
  n.e.loop(fresh.dim(0), [&](Index batch) {
    Index start = starts ? n.e.toIndex(starts.load({batch})) : Index(0);
    Index room = cache.dim(axis) - (circular ? Index(1) : fresh.dim(axis));
    n.e.check(!n.e.less(start, 0) & !n.e.less(room, start), "a write index is out of range");
    Indices rest(fresh.dims().drop_front());
    n.e.loops(rest, [&](IndexRef p) {
      Indices from = joined({batch}, p);
      Indices to(from);
      to[axis] = start + from[axis];
      if (circular)
        to[axis] = to[axis] % cache.dim(axis);
      out.storeRaw(fresh.loadRaw(from), to);
    });
  });
  return success();
}

/// The first sequence_lens[batch] elements along the time axis in reverse.
static LogicalResult reverseSequence(NodeLowering &n) {
  Tensor in = n.in(0), lengths = n.in(1);
  int64_t batch = n.axisAttr("batch_axis", 1, in.rank());
  int64_t time = n.axisAttr("time_axis", 0, in.rank());
  if (n.failed() || batch == time)
    return n.refuse(Refusal::AttributeValue, "expected two different axes");
  if (lengths.rank() != 1)
    return n.refuse(Refusal::Rank, "expected the lengths in a vector");
  n.e.check(n.e.equal(lengths.dim(0), in.dim(batch)), "expected a length for each batch");
  Tensor out = n.result(0, in.dims(), in.type());
  n.e.loops(in.dims(), [&](IndexRef p) {
    Index length = min(n.e.toIndex(lengths.load({p[batch]})), in.dim(time));
    Indices from(p);
    from[time] = n.e.select(n.e.less(p[time], length), length - 1 - p[time], p[time]);
    out.storeRaw(in.loadRaw(from), p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Gather", 1, latestOpset, withInputs<2, gather>},
    {"GatherElements", 11, latestOpset, withInputs<2, gatherElements>},
    {"GatherND", 11, latestOpset, withInputs<2, gatherND>},
    {"ReverseSequence", 10, latestOpset, withInputs<2, reverseSequence>},
    {"Scatter", 9, 10, withInputs<3, scatterElements>},
    {"ScatterElements", 11, latestOpset, withInputs<3, scatterElements>},
    {"ScatterND", 11, latestOpset, withInputs<3, scatterND>},
    {"TensorScatter", 24, latestOpset, withInputs<2, tensorScatter>},
};

ArrayRef<LoweringRow> quantc::toloops::scatterLowerings() { return rows; }
