//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//
// Selection by a heap whose root comes last: an item that comes before the root takes its place.
//
//===----------------------------------------------------------------------===//

#include "Sorting.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

Scalar quantc::toloops::precedes(Scalar a, Scalar b, bool largest) {
  if (a.kind == Compute::Bool) {
    a = convert(a, Compute::U64);
    b = convert(b, Compute::U64);
  }
  Scalar better = largest ? a > b : a < b;
  return toloops::isFloat(a.kind) ? better | (isNaN(b) & !isNaN(a)) : better;
}

namespace {
struct Heap {
  Emitter &e;
  const Tensor &places;
  Before before;

  Scalar at(Index place) const { return places.load({place}); }
  Scalar laterChild(Index hole, Index size) const;
  void sink(Index start, Scalar item, Index size) const;
};
} // namespace

/// The child of `hole` that comes last; it has one at least.
Scalar Heap::laterChild(Index hole, Index size) const {
  Index left = hole * 2 + 1, right = min(left + 1, size - 1);
  Scalar rightIsLater = before(e.toIndex(at(left)), e.toIndex(at(right)));
  return select(rightIsLater, e.toScalar(right), e.toScalar(left));
}

/// Puts `item` where it belongs at or below `start`, among the first `size` places.
void Heap::sink(Index start, Scalar item, Index size) const {
  Scalars end = e.whileLoop(
      {e.toScalar(start), e.boolean(true)}, [](ArrayRef<Scalar> v) { return v[1]; },
      [&](ArrayRef<Scalar> v) {
        Index hole = e.toIndex(v[0]);
        return e.ifElse(
            e.less(hole * 2 + 1, size), {Compute::I64, Compute::Bool},
            [&] {
              Scalar child = laterChild(hole, size), place = at(e.toIndex(child));
              Scalar moves = before(e.toIndex(item), e.toIndex(place));
              e.ifThen(moves, [&] { places.store(place, {hole}); });
              return Scalars{select(moves, child, v[0]), moves};
            },
            [&] { return Scalars{v[0], e.boolean(false)}; });
      });
  places.store(item, {e.toIndex(end[0])});
}

void quantc::toloops::sortFirst(Emitter &e, Index count, const Tensor &places, Before before) {
  Index size = places.dim(0);
  Heap heap{e, places, before};
  e.loop(size, [&](Index i) { places.store(e.toScalar(i), {i}); });
  e.loop(size / 2, [&](Index i) {
    Index start = size / 2 - 1 - i;
    heap.sink(start, heap.at(start), size);
  });
  e.ifThen(e.less(0, size), [&] {
    e.loop(count - size, [&](Index i) {
      Index item = size + i;
      e.ifThen(before(item, e.toIndex(heap.at(0))), [&] { heap.sink(0, e.toScalar(item), size); });
    });
  });
  // The root belongs at the end of those that are left.
  e.loop(size - 1, [&](Index i) {
    Index last = size - 1 - i;
    Scalar root = heap.at(0), item = heap.at(last);
    heap.sink(0, item, last);
    places.store(root, {last});
  });
}
