//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sets of axes; see Axes.h.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

void AxisSet::insert(Scalar axis) {
  Scalar wide = convert(axis, Compute::I64);
  Scalar wrapped = toloops::select(wide < 0, wide + double(rank()), wide);
  e->check((wrapped >= 0) & (wrapped < double(rank())), "an axis is out of range");
  for (int64_t i = 0; i < rank(); ++i) {
    Scalar same = wrapped == double(i);
    run[i] = run[i].emitter ? run[i] | same : same;
  }
}

void AxisSet::insertListed(const Tensor &axes, bool emptyIsAll) {
  e->loop(axes.dim(0), [&](Index i) {
    Scalar axis = convert(axes.load({i}), Compute::I64);
    e->check((axis >= double(-rank())) & (axis < double(rank())), "an axis is out of range");
  });
  Scalar all = emptyIsAll ? e->equal(axes.dim(0), 0) : e->boolean(false);
  for (int64_t own = 0; own < rank(); ++own)
    run[own] = e->fold(axes.dim(0), {all}, [&](Index i, ArrayRef<Scalar> found) {
      Scalar axis = convert(axes.load({i}), Compute::I64);
      return Scalars{found[0] | (axis == double(own)) | (axis == double(own - rank()))};
    })[0];
}

bool AxisSet::isKnown() const {
  return llvm::none_of(run, [](const Scalar &s) { return s.emitter; });
}

Scalar AxisSet::contains(int64_t axis) const {
  if (run[axis].emitter && !members[axis])
    return run[axis];
  return e->boolean(members[axis]);
}

Index AxisSet::pick(int64_t axis, Index yes, Index no) const {
  if (members[axis])
    return yes;
  return run[axis].emitter ? e->select(run[axis], yes, no) : no;
}

Index AxisSet::size() const {
  Index count = 0;
  for (int64_t axis = 0; axis < rank(); ++axis)
    count = count + pick(axis, 1, 0);
  return count;
}

FailureOr<AxisSet> quantc::toloops::readAxes(NodeLowering &n, StringRef attribute, unsigned input,
                                             int64_t rank, bool absentIsAll, bool emptyIsAbsent) {
  AxisSet set(n.e, rank);
  std::optional<SmallVector<int64_t>> list = n.intsAttr(attribute);
  if (!list && n.has(input))
    list = n.knownInts(input);
  bool absent = !list && !n.has(input);
  if (!list && !absent) {
    Tensor axes = n.in(input).flat();
    std::optional<int64_t> count = axes.dim(0).constant();
    if (!count) {
      set.insertListed(axes, emptyIsAbsent && absentIsAll);
      return set;
    }
    if (*count > rank)
      return n.refuse(Refusal::Shape,
                      "expected at most " + Twine(rank) + " axes, but found " + Twine(*count));
    absent = *count == 0;
    for (int64_t i = 0; i < *count; ++i)
      set.insert(axes.load({i}));
    if (!absent)
      return set;
    list.emplace();
  }
  if (absent || (list->empty() && emptyIsAbsent)) {
    if (absentIsAll)
      set.insertAll();
    return set;
  }
  for (int64_t axis : *list) {
    FailureOr<int64_t> normal = n.reader.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    set.insert(*normal);
  }
  return set;
}

Indices quantc::toloops::withoutAxes(Emitter &e, IndexRef sizes, const AxisSet &set,
                                     int64_t count) {
  Indices kept(count, Index(1));
  if (set.isKnown()) {
    kept.clear();
    for (int64_t axis = 0; axis < set.rank(); ++axis)
      if (!set.has(axis))
        kept.push_back(sizes[axis]);
    return kept;
  }
  Index before = 0; // axes kept so far
  for (int64_t axis = 0; axis < set.rank(); ++axis) {
    Scalar stays = !set.contains(axis);
    for (int64_t place = 0; place < std::min(count, axis + 1); ++place)
      kept[place] = e.select(stays & e.equal(before, place), sizes[axis], kept[place]);
    before = before + set.pick(axis, 0, 1);
  }
  return kept;
}
