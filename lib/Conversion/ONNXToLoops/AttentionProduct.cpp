//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Heads, their scaled product and their rotation; see Attention.h.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

Heads quantc::toloops::headsFirst(const Tensor &t) {
  Index perHead = t.dim(2) * t.dim(3);
  return {t.flat(), t.dim(0), t.dim(1), t.dim(2), t.dim(3), t.dim(1) * perHead, perHead, t.dim(3)};
}

Heads quantc::toloops::headsInside(const Tensor &t, Index heads, Index size, Index first) {
  return {t.flat(), t.dim(0), heads, t.dim(1), size, t.dim(1) * t.dim(2), size, t.dim(2), first};
}

static void copyHeads(Emitter &e, const Heads &from, const Heads &to, Index first) {
  e.loops(from.sizes(), [&](IndexRef p) {
    to.data.storeRaw(from.data.loadRaw(from.at(p[0], p[1], p[2], p[3])),
                     to.at(p[0], p[1], first + p[2], p[3]));
  });
}

void quantc::toloops::joinHeads(Emitter &e, std::optional<Heads> past, const Heads &fresh,
                                const Heads &to) {
  if (past) {
    e.check(e.equal(past->batch, fresh.batch) & e.equal(past->heads, fresh.heads) &
                e.equal(past->size, fresh.size),
            "the past has another batch, number of heads or size");
    copyHeads(e, *past, to, 0);
  }
  copyHeads(e, fresh, to, past ? past->length : Index(0));
}

Tensor quantc::toloops::appendHeads(Emitter &e, const Tensor &past, const Heads &fresh) {
  Index before = past ? past.dim(2) : Index(0);
  Tensor all =
      e.allocate({fresh.batch, fresh.heads, before + fresh.length, fresh.size}, fresh.data.type());
  joinHeads(e, past ? std::optional(headsFirst(past)) : std::nullopt, fresh, headsFirst(all));
  return all;
}

void quantc::toloops::checkSpreads(Emitter &e, const Tensor &tensor, IndexRef sizes, bool shorter) {
  IndexRef own = sizes.take_back(tensor.rank());
  for (int64_t axis = 0; axis < tensor.rank(); ++axis) {
    Index size = tensor.dim(axis);
    Scalar fits = e.equal(size, 1) | e.equal(size, own[axis]);
    if (shorter && axis == tensor.rank() - 1)
      fits = e.boolean(true);
    e.check(fits, "a mask or bias does not fit the scores");
  }
}

//===----------------------------------------------------------------------===//
// The product
//===----------------------------------------------------------------------===//

Scalar quantc::toloops::defaultScale(Emitter &e, Index size, Compute kind) {
  return number(1, e.constant(0, kind)) / math("sqrt", convert(e.toScalar(size), kind));
}

void quantc::toloops::checkAttention(Emitter &e, const AttentionProduct &a) {
  Index shared = max(a.key.heads, 1);
  e.check(e.equal(a.query.batch, a.key.batch) & e.equal(a.query.batch, a.value.batch) &
              e.equal(a.query.size, a.key.size) & e.equal(a.key.heads, a.value.heads) &
              e.equal(a.key.length, a.value.length) &
              e.equal(a.query.heads, a.key.heads * (a.query.heads / shared)),
          "sizes of query, key and value do not fit each other");
}

/// Fills the scores of the query at `place`; gives their maximum.
static Scalar scoreKeys(Emitter &e, const AttentionProduct &a, IndexRef place, Index kvHead,
                        Index keys, const Tensor &scores) {
  using Stage = AttentionProduct::Stage;
  Index b = place[0], h = place[1], i = place[2];
  Scalar root = a.splitScale ? math("sqrt", a.scale) : a.scale;
  auto factor = [&](Scalar x) {
    return a.splitScale ? convert(x, a.kind) * root : convert(x, a.kind);
  };
  return e.fold(keys, {e.constant(-HUGE_VAL, a.kind)}, [&](Index j, ArrayRef<Scalar> so) {
    Scalar dot = e.fold(a.query.size, {e.constant(0, a.kind)}, [&](Index d, ArrayRef<Scalar> sum) {
      return Scalars{sum[0] +
                     factor(a.query.load(b, h, i, d)) * factor(a.key.load(b, kvHead, j, d))};
    })[0];
    if (!a.splitScale)
      dot = dot * a.scale;
    if (a.softcap)
      dot = math("tanh", dot / number(*a.softcap, dot)) * *a.softcap;
    if (a.scores && a.stage == Stage::Product)
      a.scores.store(dot, {b, h, i, j});
    if (a.adjust)
      dot = a.adjust(place, j, dot);
    if (a.scores && a.stage == Stage::Adjusted)
      a.scores.store(dot, {b, h, i, j});
    if (a.scores && a.stage == Stage::Visible)
      a.scores.store(select(dot == -HUGE_VAL, number(0, dot), dot), {b, h, i, j});
    scores.store(dot, {j});
    return Scalars{max(so[0], dot)};
  })[0];
}

/// Makes chances of scores.
static void softmaxScores(Emitter &e, const AttentionProduct &a, IndexRef place, Index keys,
                          Scalar peak, const Tensor &scores) {
  std::optional<Scalar> sink;
  if (a.sink) {
    sink = convert(a.sink(place[1]), a.kind);
    peak = max(peak, *sink);
  }
  Scalar blind = peak == number(-HUGE_VAL, peak);
  peak = select(blind, number(0, peak), peak);
  Scalar start = sink ? math("exp", *sink - peak) : e.constant(0, a.kind);
  Scalar sum = e.fold(keys, {start}, [&](Index j, ArrayRef<Scalar> so) {
    Scalar value = math("exp", scores.load({j}) - peak);
    scores.store(value, {j});
    return Scalars{so[0] + value};
  })[0];
  sum = select(blind, number(1, sum), sum);
  e.loop(keys, [&](Index j) {
    Scalar value = scores.load({j}) / sum;
    scores.store(value, {j});
    if (a.scores && a.stage == AttentionProduct::Stage::Softmax)
      a.scores.store(value, {place[0], place[1], place[2], j});
  });
}

void quantc::toloops::emitAttention(Emitter &e, const AttentionProduct &a, const Heads &out) {
  Tensor scores = e.allocate({a.key.length}, a.kind == Compute::F64 ? DType::F64 : DType::F32);
  Index perKey = max(a.query.heads / max(a.key.heads, 1), 1);
  e.loops({a.query.batch, a.query.heads, a.query.length}, [&](IndexRef place) {
    Index kvHead = place[1] / perKey;
    Index keys = a.keys ? a.keys(place[0]) : a.key.length;
    Scalar peak = scoreKeys(e, a, place, kvHead, keys, scores);
    softmaxScores(e, a, place, keys, peak, scores);
    e.loop(out.size, [&](Index d) {
      Scalar value = e.fold(keys, {e.constant(0, a.kind)}, [&](Index j, ArrayRef<Scalar> so) {
        Scalar v = convert(a.value.load(place[0], kvHead, j, d), a.kind);
        return Scalars{so[0] + scores.load({j}) * v};
      })[0];
      out.store(value, {place[0], place[1], place[2], d});
    });
  });
}

//===----------------------------------------------------------------------===//
// Rotation
//===----------------------------------------------------------------------===//

void quantc::toloops::emitRotation(Emitter &e, const Rotation &r, const Heads &in,
                                   const Heads &out) {
  Index half = r.turned / 2;
  e.check(!e.less(in.size, r.turned) & e.equal(half * 2, r.turned) &
              e.equal(r.cosines.dim(-1), half) & e.equal(r.sines.dim(-1), half),
          "the caches do not fit the size of a head");
  e.loops({in.batch, in.length, in.heads}, [&](IndexRef p) {
    Index b = p[0], s = p[1], h = p[2];
    e.loop(half, [&](Index i) {
      Index first = r.interleaved ? i * 2 : i, second = r.interleaved ? i * 2 + 1 : half + i;
      Scalar x = in.load(b, h, s, first), y = in.load(b, h, s, second);
      Indices at = r.angle(b, s, i);
      Scalar c = convert(r.cosines.load(at), x.kind), d = convert(r.sines.load(at), x.kind);
      out.store(c * x - d * y, {b, h, s, first});
      out.store(d * x + c * y, {b, h, s, second});
    });
    e.loop(in.size - r.turned, [&](Index i) {
      out.data.storeRaw(in.data.loadRaw(in.at(b, h, s, r.turned + i)),
                        out.at(b, h, s, r.turned + i));
    });
  });
}
