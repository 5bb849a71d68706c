//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention and RotaryEmbedding, with heads as an axis of their own or inside the last one.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// [batch, heads, sequence, size], whichever way it lies in memory.
struct Heads {
  Tensor data;
  Index batch, heads, length, size;

  Indices at(Index b, Index h, Index s, Index i) const {
    if (data.rank() == 4)
      return {b, h, s, i};
    return {b, s, h * size + i};
  }
  Scalar load(Index b, Index h, Index s, Index i) const { return data.load(at(b, h, s, i)); }
};
} // namespace

static FailureOr<Heads> readHeads(NodeLowering &n, const Tensor &tensor, StringRef attribute) {
  if (tensor.rank() == 4)
    return Heads{tensor, tensor.dim(0), tensor.dim(1), tensor.dim(2), tensor.dim(3)};
  int64_t heads = n.attr(attribute, int64_t(0));
  if (tensor.rank() != 3 || heads < 1)
    return n.refuse(Refusal::Rank, "expected rank 4, or rank 3 and the number of heads");
  n.e.check(n.e.equal(tensor.dim(2) % heads, 0), "the heads do not share the last axis evenly");
  return Heads{tensor, tensor.dim(0), heads, tensor.dim(1), tensor.dim(2) / heads};
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
struct Attention {
  Heads q;
  Tensor key, value; ///< [batch, heads, total length, size]: the past, then what is new
  Tensor mask, lengths, raw;
  Index past;
  Scalar scale;
  std::optional<double> softcap;
  bool causal = false;
  int64_t rawMode = 0;
};
} // namespace

/// The past and the new rows, one behind the other.
static Tensor presentOf(NodeLowering &n, const Heads &fresh, const Tensor &past, unsigned result) {
  Emitter &e = n.e;
  Index before = past ? past.dim(2) : Index(0);
  Tensor all =
      e.allocate({fresh.batch, fresh.heads, before + fresh.length, fresh.size}, fresh.data.type());
  if (past)
    e.loops(past.dims(), [&](IndexRef p) { all.storeRaw(past.loadRaw(p), p); });
  e.loops({fresh.batch, fresh.heads, fresh.length, fresh.size}, [&](IndexRef p) {
    all.storeRaw(fresh.data.loadRaw(fresh.at(p[0], p[1], p[2], p[3])),
                 {p[0], p[1], before + p[2], p[3]});
  });
  if (n.wants(result))
    n.bind(result, all);
  return all;
}

/// What a mask adds to the score of key j; keys beyond it are hidden.
static Scalar maskAt(Emitter &e, const Attention &a, IndexRef place, Index j, Compute kind) {
  Index length = a.mask.dim(-1);
  Scalar inside = e.less(j, length), hidden = e.constant(-HUGE_VAL, kind);
  return e.ifElse(
      inside, {kind},
      [&] {
        Indices own, full = {place[0], place[1], place[2], j};
        for (int64_t axis = 0; axis < a.mask.rank(); ++axis) {
          Index size = a.mask.dim(axis), wanted = full[4 - a.mask.rank() + axis];
          own.push_back(axis == a.mask.rank() - 1 ? j : e.select(e.equal(size, 1), 0, wanted));
        }
        Scalar value = a.mask.load(own);
        if (value.kind == Compute::Bool)
          return Scalars{toloops::select(value, e.constant(0, kind), hidden)};
        return Scalars{convert(value, kind)};
      },
      [&] { return Scalars{hidden}; })[0];
}

/// Fills the scores of one query; gives their maximum.
static Scalar scoreKeys(Emitter &e, const Attention &a, IndexRef place, Index kvHead,
                        const Tensor &scores) {
  Index b = place[0], h = place[1], i = place[2];
  Compute kind = scores.kind();
  return e.fold(a.key.dim(2), {e.constant(-HUGE_VAL, kind)}, [&](Index j, ArrayRef<Scalar> so) {
    Scalar dot = e.fold(a.q.size, {e.constant(0, kind)}, [&](Index d, ArrayRef<Scalar> sum) {
      Scalar x = convert(a.q.load(b, h, i, d), kind) * a.scale;
      return Scalars{sum[0] + x * (convert(a.key.load({b, kvHead, j, d}), kind) * a.scale)};
    })[0];
    if (a.softcap)
      dot = math("tanh", dot / number(*a.softcap, dot)) * *a.softcap;
    if (a.raw && a.rawMode <= 1)
      a.raw.store(dot, {b, h, i, j});
    Scalar hidden = e.constant(-HUGE_VAL, kind);
    if (a.mask)
      dot = dot + maskAt(e, a, place, j, kind);
    if (a.causal)
      dot = toloops::select(e.less(i + a.past, j), hidden, dot);
    if (a.lengths)
      dot = toloops::select(e.less(j, e.toIndex(a.lengths.load({b}))), dot, hidden);
    if (a.raw && a.rawMode == 2)
      a.raw.store(dot, {b, h, i, j});
    scores.store(dot, {j});
    return Scalars{max(so[0], dot)};
  })[0];
}

static void attend(Emitter &e, const Attention &a, const Heads &out) {
  Compute kind = a.q.data.kind();
  Tensor scores = e.allocate({a.key.dim(2)}, kind == Compute::F64 ? DType::F64 : DType::F32);
  Index perKey = a.q.heads / max(a.key.dim(1), 1);
  e.loops({a.q.batch, a.q.heads, a.q.length}, [&](IndexRef place) {
    Index kvHead = place[1] / max(perKey, 1);
    Scalar peak = scoreKeys(e, a, place, kvHead, scores);
    // A query that sees no key gives zeros.
    Scalar blind = peak == number(-HUGE_VAL, peak);
    peak = toloops::select(blind, number(0, peak), peak);
    Scalar sum = e.fold(a.key.dim(2), {e.constant(0, kind)}, [&](Index j, ArrayRef<Scalar> so) {
      Scalar value = math("exp", scores.load({j}) - peak);
      scores.store(value, {j});
      return Scalars{so[0] + value};
    })[0];
    sum = toloops::select(blind, number(1, sum), sum);
    e.loop(a.key.dim(2), [&](Index j) {
      Scalar value = scores.load({j}) / sum;
      scores.store(value, {j});
      if (a.raw && a.rawMode == 3)
        a.raw.store(value, {place[0], place[1], place[2], j});
    });
    e.loop(out.size, [&](Index d) {
      Scalar value = e.fold(a.key.dim(2), {e.constant(0, kind)}, [&](Index j, ArrayRef<Scalar> so) {
        Scalar v = convert(a.value.load({place[0], kvHead, j, d}), kind);
        return Scalars{so[0] + scores.load({j}) * v};
      })[0];
      out.data.store(value, out.at(place[0], place[1], place[2], d));
    });
  });
}

static LogicalResult attention(NodeLowering &n) {
  Emitter &e = n.e;
  FailureOr<Heads> q = readHeads(n, n.in(0), "q_num_heads");
  FailureOr<Heads> k = readHeads(n, n.in(1), "kv_num_heads");
  FailureOr<Heads> v = readHeads(n, n.in(2), "kv_num_heads");
  if (failed(q) || failed(k) || failed(v))
    return failure();
  Attention a{*q, presentOf(n, *k, n.in(4), 1), presentOf(n, *v, n.in(5), 2), n.in(3), n.in(6)};
  a.past = n.has(4) ? n.in(4).dim(2) : Index(0);
  e.check(e.equal(q->size, k->size) & e.equal(k->heads, v->heads) &
              e.equal(a.key.dim(2), a.value.dim(2)) &
              e.equal(q->heads, max(k->heads, 1) * (q->heads / max(k->heads, 1))),
          "sizes of query, key and value do not fit each other");
  if (a.mask && (a.mask.rank() < 2 || a.mask.rank() > 4))
    return n.refuse(Refusal::Rank, "expected a mask of rank 2 to 4");
  // The scale is split between both factors, as the standard's function does.
  Compute kind = q->data.kind();
  a.scale = n.node.getFloat("scale")
                ? math("sqrt", e.constant(n.attr("scale", 1.0), kind))
                : math("sqrt", number(1, e.constant(0, kind)) /
                                   math("sqrt", convert(e.toScalar(q->size), kind)));
  if (n.attr("softcap", 0.0) > 0)
    a.softcap = n.attr("softcap", 0.0);
  a.causal = n.attr("is_causal", int64_t(0)) != 0;
  a.rawMode = n.attr("qk_matmul_output_mode", int64_t(0));
  if (n.wants(3))
    a.raw = n.result(3, {q->batch, q->heads, q->length, a.key.dim(2)}, q->data.type());
  Index size = v->size;
  Tensor out = q->data.rank() == 4
                   ? n.result(0, {q->batch, q->heads, q->length, size}, q->data.type())
                   : n.result(0, {q->batch, q->length, q->heads * size}, q->data.type());
  attend(e, a, Heads{out, q->batch, q->heads, q->length, size});
  return success();
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

static LogicalResult rotaryEmbedding(NodeLowering &n) {
  Emitter &e = n.e;
  FailureOr<Heads> x = readHeads(n, n.in(0), "num_heads");
  if (failed(x))
    return failure();
  Tensor cosines = n.in(1), sines = n.in(2), places = n.in(3);
  bool interleaved = n.attr("interleaved", int64_t(0)) != 0;
  int64_t given = n.attr("rotary_embedding_dim", int64_t(0));
  Index turned = given ? Index(given) : x->size, half = turned / 2;
  if (cosines.rank() != (places ? 2 : 3) || sines.rank() != cosines.rank())
    return n.refuse(Refusal::Rank,
                    "expected caches of rank 2 with position_ids, of rank 3 without");
  e.check(e.equal(cosines.dim(-1), half) & e.equal(sines.dim(-1), half) & !e.less(x->size, turned),
          "the caches do not fit the size of a head");
  Heads out = *x;
  out.data = n.result(0, x->data.dims(), x->data.type());
  e.loops({x->batch, x->length}, [&](IndexRef p) {
    auto cached = [&](const Tensor &cache, Index i) {
      if (!places)
        return cache.load({p[0], p[1], i});
      return cache.load({wrapIndex(e, places.load({p[0], p[1]}), cache.dim(0)), i});
    };
    e.loop(x->heads, [&](Index h) {
      e.loop(half, [&](Index i) {
        Index first = interleaved ? i * 2 : i, second = interleaved ? i * 2 + 1 : half + i;
        Scalar a = x->load(p[0], h, p[1], first), b = x->load(p[0], h, p[1], second);
        Scalar c = convert(cached(cosines, i), a.kind), s = convert(cached(sines, i), a.kind);
        out.data.store(c * a - s * b, out.at(p[0], h, p[1], first));
        out.data.store(s * a + c * b, out.at(p[0], h, p[1], second));
      });
      e.loop(x->size - turned, [&](Index i) {
        out.data.storeRaw(x->data.loadRaw(x->at(p[0], h, p[1], turned + i)),
                          out.at(p[0], h, p[1], turned + i));
      });
    });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Attention", 23, latestOpset, attention},
    {"RotaryEmbedding", 23, latestOpset, rotaryEmbedding},
};

ArrayRef<LoweringRow> quantc::toloops::attentionLowerings() { return rows; }
