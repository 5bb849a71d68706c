//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NonMaxSuppression and Unique: results as long as the data make them.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"
#include "Sorting.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// NonMaxSuppression
//===----------------------------------------------------------------------===//

namespace {
struct Suppression {
  Tensor boxes, scores;
  bool centred = false; ///< boxes as centre and sizes
  Index most;           ///< boxes a class
  Scalar overlap, least;
  bool hasLeast = false;
  Tensor gone; ///< by box: chosen or suppressed
};

struct Box {
  Scalar y1, x1, y2, x2;
  Scalar area() const { return (y2 - y1) * (x2 - x1); }
};
} // namespace

static Box loadBox(const Suppression &s, Index batch, Index box) {
  auto at = [&](int64_t i) { return s.boxes.load({batch, box, i}); };
  if (s.centred) {
    Scalar halfW = at(2) / 2.0, halfH = at(3) / 2.0;
    return {at(1) - halfH, at(0) - halfW, at(1) + halfH, at(0) + halfW};
  }
  return {min(at(0), at(2)), min(at(1), at(3)), max(at(0), at(2)), max(at(1), at(3))};
}

/// Intersection over union; 0 where an area is empty.
static Scalar overlapOf(const Box &a, const Box &b) {
  Scalar zero = number(0, a.x1);
  Scalar height = max(min(a.y2, b.y2) - max(a.y1, b.y1), zero);
  Scalar width = max(min(a.x2, b.x2) - max(a.x1, b.x1), zero);
  Scalar shared = height * width, all = a.area() + b.area() - shared;
  return select(all > zero, shared / all, zero);
}

/// The best box of a class that is left, or -1.
static Scalar bestBox(Emitter &e, const Suppression &s, Index batch, Index label) {
  Scalar none = e.i64(-1);
  return e.fold(s.scores.dim(2), {none, e.constant(0, s.scores.kind())},
                [&](Index i, ArrayRef<Scalar> so) {
                  Scalar score = s.scores.load({batch, label, i});
                  Scalar takes = !s.gone.load({i}) & ((so[0] < 0) | (score > so[1]));
                  if (s.hasLeast)
                    takes = takes & (score > s.least);
                  return Scalars{select(takes, e.toScalar(i), so[0]), select(takes, score, so[1])};
                })[0];
}

/// Takes boxes of one class until none is left or there are enough; `found` rows so far.
static Scalar suppressClass(Emitter &e, const Suppression &s, Index batch, Index label,
                            const Tensor &rows, Scalar found) {
  e.fill(s.gone, e.boolean(false));
  Scalar first = bestBox(e, s, batch, label);
  return e.whileLoop(
      {found, e.i64(0), first},
      [&](ArrayRef<Scalar> v) { return (v[2] >= 0) & (v[1] < e.toScalar(s.most)); },
      [&](ArrayRef<Scalar> v) {
        Index row = e.toIndex(v[0]), chosen = e.toIndex(v[2]);
        rows.store(e.toScalar(batch), {row, 0});
        rows.store(e.toScalar(label), {row, 1});
        rows.store(v[2], {row, 2});
        s.gone.store(e.boolean(true), {chosen});
        Box box = loadBox(s, batch, chosen);
        e.loop(s.scores.dim(2), [&](Index i) {
          Scalar over = overlapOf(box, loadBox(s, batch, i)) > s.overlap;
          s.gone.store(s.gone.load({i}) | over, {i});
        });
        return Scalars{v[0] + 1.0, v[1] + 1.0, bestBox(e, s, batch, label)};
      })[0];
}

static LogicalResult nonMaxSuppression(NodeLowering &n) {
  Emitter &e = n.e;
  Suppression s;
  s.boxes = n.in(0);
  s.scores = n.in(1);
  s.centred = n.attr("center_point_box", int64_t(0)) != 0;
  if (s.boxes.rank() != 3 || s.scores.rank() != 3)
    return n.refuse(Refusal::Rank, "expected boxes [N, S, 4] and scores [N, C, S]");
  e.check(e.equal(s.boxes.dim(2), 4) & e.equal(s.boxes.dim(0), s.scores.dim(0)) &
              e.equal(s.boxes.dim(1), s.scores.dim(2)),
          "boxes and scores do not fit each other");
  s.most = 0;
  if (n.has(2)) {
    FailureOr<Index> given = n.integer(2);
    if (failed(given))
      return failure();
    s.most = max(min(*given, s.scores.dim(2)), 0);
  }
  s.overlap = n.has(3) ? n.scalar(3) : e.constant(0, s.boxes.kind());
  s.hasLeast = n.has(4);
  if (s.hasLeast)
    s.least = n.scalar(4);
  s.gone = e.allocate({s.scores.dim(2)}, DType::Bool);
  Index room = s.scores.dim(0) * s.scores.dim(1) * s.most;
  Tensor rows = e.allocate({room, 3}, DType::I64);
  Scalar found = e.foldOver({s.scores.dim(0), s.scores.dim(1)}, {e.i64(0)},
                            [&](IndexRef p, ArrayRef<Scalar> so) {
                              return Scalars{suppressClass(e, s, p[0], p[1], rows, so[0])};
                            })[0];
  n.bind(0, e.view(rows, {e.toIndex(found), 3}));
  return success();
}

//===----------------------------------------------------------------------===//
// Unique
//===----------------------------------------------------------------------===//

/// Negative, 0 or positive as item a [item, element] comes before, is, or comes after item b.
static Scalar compareItems(Emitter &e, const Tensor &items, Index a, Index b) {
  return e.fold(items.dim(1), {e.i64(0)}, [&](Index i, ArrayRef<Scalar> so) {
    Scalar x = items.load({a, i}), y = items.load({b, i});
    Scalar order =
        select(precedes(x, y, false), e.i64(-1), select(precedes(y, x, false), e.i64(1), e.i64(0)));
    return Scalars{select(so[0] == 0.0, order, so[0])};
  })[0];
}

namespace {
/// Distinct items: `first` has the place of each one's first, `number` maps items to them.
struct Distinct {
  Tensor first, number;
  Index count;
};
} // namespace

/// In the order of the items; those that are equal lie side by side in a sorted list of all.
static Distinct findDistinct(Emitter &e, const Tensor &items) {
  Index size = items.dim(0);
  Tensor order = e.allocate({size}, DType::I64);
  sortFirst(e, size, order, [&](Index a, Index b) {
    Scalar compared = compareItems(e, items, a, b);
    return (compared < 0.0) | ((compared == 0.0) & e.less(a, b));
  });
  Distinct d{e.allocate({size}, DType::I64), e.allocate({size}, DType::I64), 0};
  Scalar total = e.fold(size, {e.i64(0)}, [&](Index i, ArrayRef<Scalar> so) {
    Index item = e.toIndex(order.load({i})), before = e.toIndex(order.load({max(i - 1, 0)}));
    Scalar fresh = e.equal(i, 0) | (compareItems(e, items, before, item) != 0.0);
    Scalar count = select(fresh, so[0] + 1.0, so[0]);
    e.ifThen(fresh, [&] { d.first.store(e.toScalar(item), {e.toIndex(so[0])}); });
    d.number.store(count - 1.0, {item});
    return Scalars{count};
  })[0];
  d.count = e.toIndex(total);
  return d;
}

/// The same in order of first appearance.
static Distinct byAppearance(Emitter &e, const Distinct &d, Index size) {
  Tensor order = e.allocate({d.count}, DType::I64), rank = e.allocate({d.count}, DType::I64);
  sortFirst(e, d.count, order,
            [&](Index a, Index b) { return d.first.load({a}) < d.first.load({b}); });
  Distinct s{e.allocate({d.count}, DType::I64), e.allocate({size}, DType::I64), d.count};
  e.loop(d.count, [&](Index i) {
    Index item = e.toIndex(order.load({i}));
    rank.store(e.toScalar(i), {item});
    s.first.store(d.first.load({item}), {i});
  });
  e.loop(size, [&](Index i) { s.number.store(rank.load({e.toIndex(d.number.load({i}))}), {i}); });
  return s;
}

/// [along, before, behind] the axis, as [items, elements].
static Tensor itemsOf(Emitter &e, const Tensor &x, IndexRef parts) {
  Tensor items = e.allocate({parts[1], parts[0] * parts[2]}, x.type());
  e.loops(parts, [&](IndexRef p) { items.storeRaw(x.loadRaw(p), {p[1], p[0] * parts[2] + p[2]}); });
  return items;
}

static LogicalResult unique(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  bool flat = !n.node.getInt("axis");
  int64_t axis = flat ? 0 : n.axisAttr("axis", 0, in.rank());
  if (n.failed())
    return failure();
  Tensor whole = flat ? in.flat() : in;
  IndexRef dims = whole.dims();
  Indices parts = {product(dims.take_front(axis)), dims[axis], product(dims.drop_front(axis + 1))};
  Tensor x = whole.reshaped(parts), items = itemsOf(e, x, parts);
  Distinct d = findDistinct(e, items);
  if (!n.attr("sorted", int64_t(1)))
    d = byAppearance(e, d, parts[1]);
  Indices sizes(dims);
  sizes[axis] = d.count;
  Tensor out = n.result(0, sizes, in.type()).reshaped({parts[0], d.count, parts[2]});
  e.loops(out.dims(), [&](IndexRef p) {
    out.storeRaw(x.loadRaw({p[0], e.toIndex(d.first.load({p[1]})), p[2]}), p);
  });
  if (n.wants(1))
    e.copy(e.view(d.first, {d.count}), n.result(1, {d.count}, DType::I64));
  if (n.wants(2))
    n.bind(2, d.number);
  if (n.wants(3)) {
    Tensor counts = n.result(3, {d.count}, DType::I64);
    e.fill(counts, e.i64(0));
    e.loop(parts[1], [&](Index i) {
      Index place = e.toIndex(d.number.load({i}));
      counts.store(counts.load({place}) + 1.0, {place});
    });
  }
  return success();
}

static const LoweringRow rows[] = {
    {"NonMaxSuppression", 10, latestOpset, nonMaxSuppression},
    {"Unique", 11, latestOpset, unique},
};

ArrayRef<LoweringRow> quantc::toloops::detectionLowerings() { return rows; }
