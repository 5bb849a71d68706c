//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention and RotaryEmbedding of the standard, with heads as an axis of their own or inside the
// last one.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Contrib.h"
#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

static FailureOr<Heads> readHeads(NodeLowering &n, const Tensor &tensor, StringRef attribute) {
  if (tensor && tensor.rank() == 4)
    return headsFirst(tensor);
  int64_t heads = n.attr(attribute, int64_t(0));
  if (!tensor || tensor.rank() != 3 || heads < 1)
    return n.refuse(Refusal::Rank, "expected rank 4, or rank 3 and the number of heads");
  n.e.check(n.e.equal(tensor.dim(2) % heads, 0), "the heads do not share the last axis evenly");
  return headsInside(tensor, heads, tensor.dim(2) / heads);
}

/// New heads as result 0, laid out as `like` is.
static Heads resultLike(NodeLowering &n, const Tensor &like, const Heads &q, Index size) {
  if (like.rank() == 4)
    return headsFirst(n.result(0, {q.batch, q.heads, q.length, size}, like.type()));
  return headsInside(n.result(0, {q.batch, q.length, q.heads * size}, like.type()), q.heads, size);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
/// What hides keys, and what is added to scores.
struct Masks {
  Tensor mask, lengths;
  bool causal = false;
  bool spreads = false; ///< a mask's last size of 1 stands for all keys
  bool hasPast = false;
  Index past; ///< its length
};
} // namespace

/// What the mask adds to the score of key j; keys beyond it are hidden.
static Scalar maskAt(Emitter &e, const Masks &m, IndexRef query, Index j, Compute kind) {
  Scalar hidden = e.constant(-HUGE_VAL, kind);
  Index size = m.mask.dim(-1);
  Index column = m.spreads ? e.select(e.equal(size, 1), 0, j) : j;
  return e.ifElse(
      e.less(column, size), {kind},
      [&] {
        Indices own;
        for (int64_t axis = 0; axis < m.mask.rank() - 1; ++axis) {
          Index wanted = query[3 - (m.mask.rank() - 1) + axis];
          own.push_back(e.select(e.equal(m.mask.dim(axis), 1), 0, wanted));
        }
        own.push_back(column);
        Scalar value = m.mask.load(own);
        if (value.kind == Compute::Bool)
          return Scalars{toloops::select(value, e.constant(0, kind), hidden)};
        return Scalars{convert(value, kind)};
      },
      [&] { return Scalars{hidden}; })[0];
}

/// Keys before a batch's first query. Where the cache is kept outside of the op, the queries are
/// the last of its valid keys.
static Index keysBefore(Emitter &e, const Masks &m, Index batch, Index queries) {
  if (m.lengths && !m.hasPast)
    return e.toIndex(m.lengths.load({batch})) - queries;
  return m.past;
}

static FailureOr<Masks> readMasks(NodeLowering &n, const AttentionProduct &a) {
  Emitter &e = n.e;
  Masks m{n.in(3),        n.in(6),  n.attr("is_causal", int64_t(0)) != 0,
          n.opset() < 24, n.has(4), n.has(4) ? n.in(4).dim(2) : Index(0)};
  if (m.mask && (m.mask.rank() < 1 || m.mask.rank() > 4))
    return n.refuse(Refusal::Rank, "expected a mask of rank 1 to 4");
  if (m.mask)
    checkSpreads(e, m.mask, {a.query.batch, a.query.heads, a.query.length, a.key.length},
                 /*shorter=*/true);
  if (m.lengths && m.lengths.rank() != 1)
    return n.refuse(Refusal::Rank, "expected nonpad_kv_seqlen to be a vector");
  if (m.lengths)
    e.check(e.equal(m.lengths.dim(0), a.query.batch), "expected a length for each batch");
  return m;
}

static DType softmaxType(NodeLowering &n, DType absent) {
  if (!n.node.getInt("softmax_precision"))
    return absent;
  std::optional<DType> given = dtypeFromOnnxCode(n.attr("softmax_precision", int64_t(1)));
  if (given && quantc::isFloat(*given))
    return *given;
  (void)n.refuse(Refusal::AttributeValue, "expected softmax_precision to be a float type");
  return absent;
}

/// Scores are computed in float32, or in float64 where an operand or softmax_precision asks.
static LogicalResult attention(NodeLowering &n) {
  Emitter &e = n.e;
  FailureOr<Heads> q = readHeads(n, n.in(0), "q_num_heads");
  FailureOr<Heads> k = readHeads(n, n.in(1), "kv_num_heads");
  FailureOr<Heads> v = readHeads(n, n.in(2), "kv_num_heads");
  if (failed(q) || failed(k) || failed(v))
    return failure();
  if (n.has(4) != n.has(5) || (n.has(4) && (n.in(4).rank() != 4 || n.in(5).rank() != 4)))
    return n.refuse(Refusal::Operand, "expected past key and value of rank 4, or neither");
  bool wide = computeOf(softmaxType(n, DType::F32)) == Compute::F64 ||
              computeOf(q->data.type()) == Compute::F64;
  Tensor key = appendHeads(e, n.in(4), *k), value = appendHeads(e, n.in(5), *v);
  if (n.wants(1))
    n.bind(1, key);
  if (n.wants(2))
    n.bind(2, value);
  AttentionProduct a{*q, headsFirst(key), headsFirst(value), wide ? Compute::F64 : Compute::F32};
  checkAttention(e, a);
  FailureOr<Masks> m = readMasks(n, a);
  if (failed(m) || n.failed())
    return failure();
  a.splitScale = true;
  a.scale = n.node.getFloat("scale") ? e.constant(n.attr("scale", 1.0), a.kind)
                                     : defaultScale(e, q->size, a.kind);
  if (n.attr("softcap", 0.0) > 0)
    a.softcap = n.attr("softcap", 0.0);
  a.adjust = [&](IndexRef query, Index j, Scalar score) {
    Scalar hidden = e.constant(-HUGE_VAL, a.kind);
    if (m->mask)
      score = score + maskAt(e, *m, query, j, a.kind);
    if (m->causal)
      score = toloops::select(e.less(query[2] + keysBefore(e, *m, query[0], a.query.length), j),
                              hidden, score);
    if (m->lengths)
      score = toloops::select(e.less(j, e.toIndex(m->lengths.load({query[0]}))), score, hidden);
    return score;
  };
  int64_t mode = n.attr("qk_matmul_output_mode", int64_t(0));
  using Stage = AttentionProduct::Stage;
  a.stage = mode == 3 ? Stage::Softmax : mode == 2 ? Stage::Adjusted : Stage::Product;
  if (n.wants(3))
    a.scores = n.result(3, {q->batch, q->heads, q->length, a.key.length}, n.in(0).type());
  emitAttention(e, a, resultLike(n, n.in(0), *q, v->size));
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
  Tensor places = n.in(3);
  int64_t given = n.attr("rotary_embedding_dim", int64_t(0));
  Rotation r{given ? Index(given) : x->size, n.attr("interleaved", int64_t(0)) != 0, n.in(1),
             n.in(2)};
  if (!r.cosines || !r.sines || r.cosines.rank() != (places ? 2 : 3) ||
      r.sines.rank() != r.cosines.rank())
    return n.refuse(Refusal::Rank,
                    "expected caches of rank 2 with position_ids, of rank 3 without");
  if (places && places.rank() != 2)
    return n.refuse(Refusal::Rank, "expected position_ids of rank 2");
  for (int64_t axis = 0; axis < r.cosines.rank() - 1; ++axis)
    e.check(e.equal(r.cosines.dim(axis), r.sines.dim(axis)), "the caches differ in size");
  IndexRef perPlace = places ? places.dims() : r.cosines.dims();
  e.check(e.equal(perPlace[0], x->batch) & e.equal(perPlace[1], x->length),
          places ? "expected a position for each place" : "expected angles for each place");
  r.angle = [&](Index b, Index s, Index i) {
    if (!places)
      return Indices{b, s, i};
    return Indices{wrapIndex(e, places.load({b, s}), r.cosines.dim(0)), i};
  };
  emitRotation(e, r, *x, resultLike(n, n.in(0), *x, x->size));
  return success();
}

static const LoweringRow rows[] = {
    {"Attention", 23, latestOpset, withInputs<3, attention>},
    {"RotaryEmbedding", 23, latestOpset, withInputs<3, rotaryEmbedding>},
};

ArrayRef<LoweringRow> quantc::toloops::attentionLowerings() {
  static const std::vector<LoweringRow> all = [] {
    std::vector<LoweringRow> list(std::begin(rows), std::end(rows));
    for (ArrayRef<LoweringRow> family :
         {contribLowerings(), contribAttentionLowerings(), contribMatMulLowerings(),
          contribQuantizedLowerings(), contribIntegerLowerings(), contribRecurrentLowerings(),
          contribLayoutLowerings(), contribGatherLowerings(), qonnxLowerings(),
          groupQueryLowerings()})
      list.insert(list.end(), family.begin(), family.end());
    return list;
  }();
  return all;
}
