//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GroupQueryAttention of ONNX Runtime: caches that a batch fills to a length of its own.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Contrib.h"
#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
struct Cached {
  Heads query, key, value;   ///< the new ones
  Tensor pastKey, pastValue; ///< [batch, heads, room, size]; may be absent
  Tensor last;               ///< index of the last valid key of each batch
  Index total;               ///< keys of the longest batch
  Index room;                ///< keys that the new caches hold

  /// Valid keys of a batch, with the new ones.
  Index keys(Emitter &e, Index batch) const { return e.toIndex(last.load({batch})) + 1; }
  /// Those that were there before.
  Index before(Emitter &e, Index batch) const { return max(keys(e, batch) - query.length, 0); }
};
} // namespace

static LogicalResult refuseVariants(NodeLowering &n) {
  for (unsigned input = 12; input < n.numInputs(); ++input)
    if (n.has(input))
      return n.refuse(Refusal::Operand, "input " + Twine(input) + " is not supported");
  if (n.attr("k_quant_type", "NONE") != "NONE" || n.attr("v_quant_type", "NONE") != "NONE" ||
      n.attr("sliding_window_cache", int64_t(0)) != 0)
    return n.refuse(Refusal::AttributeValue, "expected caches of floats that hold all keys");
  for (unsigned input : {5u, 6u})
    if (!n.has(input))
      return n.refuse(Refusal::Operand, "expected seqlens_k and total_sequence_length");
  if (n.attr("num_heads", int64_t(0)) < 1 || n.attr("kv_num_heads", int64_t(0)) < 1)
    return n.refuse(Refusal::AttributeValue, "expected num_heads and kv_num_heads");
  return success();
}

/// Query, key and value, side by side or packed in one.
static LogicalResult readQkv(NodeLowering &n, Cached &c) {
  Emitter &e = n.e;
  int64_t heads = n.attr("num_heads", int64_t(0)), shared = n.attr("kv_num_heads", int64_t(0));
  Tensor q = n.in(0), k = n.in(1), v = n.in(2);
  if (!q || q.rank() != 3 || (k && k.rank() != 3) || (v && v.rank() != 3) || n.has(1) != n.has(2))
    return n.refuse(Refusal::Rank, "expected query, key and value of rank 3, or one packed");
  int64_t columns = k ? heads : heads + 2 * shared;
  Index size = q.dim(2) / columns;
  e.check(e.equal(size * columns, q.dim(2)), "the heads do not share the last axis evenly");
  c.query = headsInside(q, heads, size);
  if (k) {
    e.check(e.equal(k.dim(2) % shared, 0) & e.equal(v.dim(2) % shared, 0),
            "the heads do not share the last axis evenly");
    c.key = headsInside(k, shared, k.dim(2) / shared);
    c.value = headsInside(v, shared, v.dim(2) / shared);
  } else {
    c.key = headsInside(q, shared, size, size * heads);
    c.value = headsInside(q, shared, size, size * (heads + shared));
  }
  e.check(e.equal(c.key.length, c.query.length), "expected a new key for each query");
  return success();
}

static LogicalResult readCaches(NodeLowering &n, Cached &c) {
  Emitter &e = n.e;
  c.pastKey = n.in(3);
  c.pastValue = n.in(4);
  if (n.has(3) != n.has(4) || (c.pastKey && (c.pastKey.rank() != 4 || c.pastValue.rank() != 4)))
    return n.refuse(Refusal::Operand, "expected past key and value of rank 4, or neither");
  FailureOr<Index> total = n.integer(6);
  if (failed(total))
    return failure();
  c.last = n.in(5).flat();
  c.total = *total;
  Index held = c.pastKey ? c.pastKey.dim(2) : Index(0);
  e.check(e.equal(c.last.count(), c.query.batch) & !e.less(c.total, 0),
          "expected a length for each batch");
  if (c.pastKey)
    e.check(e.equal(held, c.pastValue.dim(2)), "the pasts of key and value differ in length");
  c.room = max(c.total, held);
  e.loop(c.query.batch, [&](Index b) {
    Index keys = c.keys(e, b);
    e.check(!e.less(keys, 1) & !e.less(c.total, keys) & !e.less(held, c.before(e, b)),
            "a length does not fit the caches");
  });
  return success();
}

/// The past's valid rows, then the new ones; zeros behind them.
static Tensor fillCache(Emitter &e, const Cached &c, const Tensor &past, const Heads &fresh) {
  Tensor cache = e.allocate({fresh.batch, fresh.heads, c.room, fresh.size}, fresh.data.type());
  if (past)
    e.check(e.equal(past.dim(0), fresh.batch) & e.equal(past.dim(1), fresh.heads) &
                e.equal(past.dim(3), fresh.size),
            "the past has another batch, number of heads or size");
  e.fill(cache, e.constant(0, cache.kind()));
  e.loops({fresh.batch, fresh.heads}, [&](IndexRef p) {
    Index before = c.before(e, p[0]);
    if (past)
      e.loops({before, fresh.size}, [&](IndexRef q) {
        cache.storeRaw(past.loadRaw({p[0], p[1], q[0], q[1]}), {p[0], p[1], q[0], q[1]});
      });
    e.loops({min(fresh.length, c.room - before), fresh.size}, [&](IndexRef q) {
      cache.storeRaw(fresh.data.loadRaw(fresh.at(p[0], p[1], q[0], q[1])),
                     {p[0], p[1], before + q[0], q[1]});
    });
  });
  return cache;
}

/// Turns new queries and keys by their positions.
static LogicalResult rotate(NodeLowering &n, Cached &c) {
  Emitter &e = n.e;
  Tensor cosines = n.in(7), sines = n.in(8), places = n.in(9);
  if (!cosines || !sines || cosines.rank() != 2 || sines.rank() != 2 ||
      (places && places.rank() != 2))
    return n.refuse(Refusal::Operand, "expected caches of rank 2 for the rotation");
  e.check(e.equal(cosines.dim(0), sines.dim(0)), "the caches differ in size");
  if (places)
    e.check(e.equal(places.dim(0), c.query.batch) & e.equal(places.dim(1), c.query.length),
            "expected a position for each place");
  Rotation r{cosines.dim(1) * 2, n.attr("rotary_interleaved", int64_t(0)) != 0, cosines, sines};
  r.angle = [&](Index b, Index s, Index i) {
    // Places behind the last valid key are padding.
    Scalar place = e.toScalar(min(c.before(e, b) + s, c.keys(e, b) - 1));
    if (places)
      place = places.load({b, s});
    return Indices{wrapIndex(e, place, cosines.dim(0)), i};
  };
  for (Heads *heads : {&c.query, &c.key}) {
    Heads out = headsFirst(e.allocate(heads->sizes(), heads->data.type()));
    emitRotation(e, r, *heads, out);
    *heads = out;
  }
  return success();
}

/// A key is seen by queries that are not before it, and at most `window` - 1 behind it.
static void addMasks(NodeLowering &n, const Cached &c, AttentionProduct &a) {
  Emitter &e = n.e;
  bool causal = n.attr("causal", int64_t(1)) != 0;
  int64_t window = n.attr("local_window_size", int64_t(-1));
  Tensor bias = n.in(10), sinks = n.in(11);
  if (bias)
    checkSpreads(e, bias, {c.query.batch, c.query.heads, c.query.length, c.total});
  a.keys = [&e, &c](Index batch) { return c.keys(e, batch); };
  a.adjust = [=, &e, &c](IndexRef query, Index j, Scalar score) {
    if (bias) {
      Indices place = {query[0], query[1], query[2], j};
      for (int64_t axis = 0; axis < 4; ++axis)
        place[axis] = e.select(e.equal(bias.dim(axis), 1), 0, place[axis]);
      score = score + convert(bias.load(place), score.kind);
    }
    Scalar hidden = number(-HUGE_VAL, score);
    Index own = c.before(e, query[0]) + query[2];
    if (causal)
      score = toloops::select(e.less(own, j), hidden, score);
    if (window > 0)
      score = toloops::select(e.less(own - window, j), score, hidden);
    return score;
  };
  if (sinks) {
    e.check(e.equal(sinks.count(), c.query.heads), "expected a sink for each head");
    a.sink = [sinks = sinks.flat()](Index head) { return sinks.load({head}); };
  } else if (n.attr("smooth_softmax", int64_t(0)) == 1) {
    a.sink = [&e](Index) { return e.f32(0); };
  }
}

static LogicalResult groupQueryAttention(NodeLowering &n) {
  Emitter &e = n.e;
  Cached c;
  if (failed(refuseVariants(n)) || failed(readQkv(n, c)) || failed(readCaches(n, c)))
    return failure();
  if (n.has(10) && n.in(10).rank() != 4)
    return n.refuse(Refusal::Rank, "expected an attention bias of rank 4");
  if (n.attr("do_rotary", int64_t(0)) != 0 && failed(rotate(n, c)))
    return failure();
  Tensor key = fillCache(e, c, c.pastKey, c.key), value = fillCache(e, c, c.pastValue, c.value);
  if (n.wants(1))
    n.bind(1, key);
  if (n.wants(2))
    n.bind(2, value);
  AttentionProduct a{c.query, headsFirst(key), headsFirst(value), Compute::F32};
  checkAttention(e, a);
  double scale = n.attr("scale", 0.0);
  a.scale = scale != 0 ? e.f32(scale) : defaultScale(e, c.query.size, a.kind);
  if (n.attr("softcap", 0.0) > 0)
    a.softcap = n.attr("softcap", 0.0);
  addMasks(n, c, a);
  if (n.wants(3)) {
    a.stage = n.attr("qk_output", int64_t(0)) == 2 ? AttentionProduct::Stage::Softmax
                                                   : AttentionProduct::Stage::Visible;
    a.scores = n.result(3, {c.query.batch, c.query.heads, c.query.length, c.total}, n.in(0).type());
    e.fill(a.scores, e.constant(0, a.scores.kind()));
  }
  Tensor out =
      n.result(0, {c.query.batch, c.query.length, c.query.heads * a.value.size}, n.in(0).type());
  emitAttention(e, a, headsInside(out, c.query.heads, a.value.size));
  return success();
}

static const LoweringRow rows[] = {
    {"GroupQueryAttention", 1, latestOpset, withInputs<1, groupQueryAttention>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::groupQueryLowerings() { return rows; }
