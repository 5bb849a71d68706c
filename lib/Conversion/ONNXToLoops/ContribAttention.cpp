//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention, QAttention, MultiHeadAttention and RotaryEmbedding of ONNX Runtime;
// GroupQueryAttention is in a file of its own.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Contrib.h"
#include "Operands.h"
#include "Quantized.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

namespace {
/// What ONNX Runtime adds to scores: a bias, and `filter` for keys that a mask takes out.
struct KeyMasks {
  Tensor mask; ///< lengths (or ends and starts), or a flag for each key
  Tensor bias;
  double filter;
  bool causal;
  Index past;
};
} // namespace

static FailureOr<KeyMasks> readMasks(NodeLowering &n, const AttentionProduct &a, Tensor mask,
                                     Tensor bias, Index past) {
  Emitter &e = n.e;
  KeyMasks m{mask, bias, n.attr("mask_filter_value", -10000.0),
             n.attr("unidirectional", int64_t(0)) != 0, past};
  Index batch = a.query.batch;
  if (mask && (!isInteger(mask.type()) || mask.rank() < 1 || mask.rank() > 3))
    return n.refuse(Refusal::Rank, "expected a mask of integers, of rank 1 to 3");
  if (mask && mask.rank() == 1)
    e.check(e.equal(mask.dim(0), batch) | e.equal(mask.dim(0), batch * 2),
            "expected a length, or an end and a start, for each batch");
  if (mask && mask.rank() > 1)
    e.check(e.equal(mask.dim(0), batch) & e.equal(mask.dim(-1), a.key.length) &
                (mask.rank() == 3 ? e.equal(mask.dim(1), a.query.length) : e.boolean(true)),
            "the mask does not fit the scores");
  if (bias && bias.rank() != 4)
    return n.refuse(Refusal::Rank, "expected an attention bias of rank 4");
  if (bias)
    checkSpreads(e, bias, {batch, a.query.heads, a.query.length, a.key.length});
  return m;
}

/// Whether the mask takes key j out.
static Scalar isMasked(Emitter &e, const KeyMasks &m, Index batches, IndexRef query, Index j) {
  if (m.mask.rank() == 2)
    return m.mask.load({query[0], j}) <= 0;
  if (m.mask.rank() == 3)
    return m.mask.load({query[0], query[2], j}) <= 0;
  Scalar starts = e.equal(m.mask.dim(0), batches * 2) & !e.equal(m.mask.dim(0), batches);
  Index end = e.toIndex(m.mask.load({query[0]}));
  Index start = e.toIndex(m.mask.load({e.select(starts, batches + query[0], 0)}));
  return !e.less(j, end) | e.less(j, e.select(starts, start, 0));
}

static Scalar adjusted(Emitter &e, const KeyMasks &m, Index batches, IndexRef query, Index j,
                       Scalar score) {
  if (m.bias) {
    Indices place = {query[0], query[1], query[2], j};
    for (int64_t axis = 0; axis < 4; ++axis)
      place[axis] = e.select(e.equal(m.bias.dim(axis), 1), 0, place[axis]);
    score = score + convert(m.bias.load(place), score.kind);
  }
  if (m.mask)
    score = score + toloops::select(isMasked(e, m, batches, query, j), number(m.filter, score),
                                    number(0, score));
  if (m.causal) // the lowest float: scores may be a result
    score =
        toloops::select(e.less(m.past + query[2], j), number(-3.4028234663852886e38, score), score);
  return score;
}

static Scalar readScale(NodeLowering &n, const AttentionProduct &a) {
  double scale = n.attr("scale", 0.0);
  return scale != 0 ? n.e.constant(scale, a.kind) : defaultScale(n.e, a.query.size, a.kind);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// input @ weights + bias: [batch, length, columns], in the input's type.
static Tensor project(Emitter &e, const Tensor &input, const Tensor &weights, const Tensor &bias) {
  Index rows = input.dim(0) * input.dim(1), inner = weights.dim(0), columns = weights.dim(1);
  Tensor x = convertedTo(e, input, DType::F32), w = convertedTo(e, weights, DType::F32);
  Tensor out = e.allocate({input.dim(0), input.dim(1), columns}, DType::F32);
  emitGemm(e, {out, 0, columns}, {x, 0, inner}, {w, 0, columns}, gemmScratch(e, inner), rows,
           columns, inner, /*transB=*/false);
  if (bias) {
    e.check(e.equal(bias.count(), columns), "the bias does not fit the weights");
    mapBroadcast(e, {out, bias.flat()}, out, [](ArrayRef<Scalar> v) { return v[0] + v[1]; });
  }
  return convertedTo(e, out, input.type());
}

/// Key (part 0) or value (part 1) inside [2, batch, heads, length, size].
static Heads stateHeads(const Tensor &state, int64_t part) {
  Index perHead = state.dim(3) * state.dim(4), perBatch = state.dim(2) * perHead;
  return {state.flat(), state.dim(1), state.dim(2),
          state.dim(3), state.dim(4), perBatch,
          perHead,      state.dim(4), state.dim(1) * perBatch * part};
}

/// Puts the past before keys and values; the whole becomes result 1.
static void appendState(NodeLowering &n, AttentionProduct &a, const Tensor &past) {
  Emitter &e = n.e;
  if (past)
    e.check(e.equal(past.dim(0), 2), "expected the past of key and value");
  e.check(e.equal(a.key.size, a.value.size), "heads of key and value differ in size");
  Index total = a.key.length + (past ? past.dim(3) : Index(0));
  Tensor present = n.result(1, {2, a.key.batch, a.key.heads, total, a.key.size}, a.key.data.type());
  Heads *parts[] = {&a.key, &a.value};
  for (auto [part, fresh] : llvm::enumerate(parts)) {
    Heads to = stateHeads(present, int64_t(part));
    joinHeads(e, past ? std::optional(stateHeads(past, int64_t(part))) : std::nullopt, *fresh, to);
    *fresh = to;
  }
}

namespace {
/// Inputs of Attention and QAttention; mask, bias of scores and past may be absent.
struct SelfAttention {
  Tensor input, weights, mask, bias, past;
  int64_t heads;
  Indices sizes; ///< of query, key and value, of all heads
};
} // namespace

static FailureOr<SelfAttention> readSelfAttention(NodeLowering &n, unsigned mask, unsigned past) {
  SelfAttention a{n.in(0), n.in(1), n.in(mask), {}, n.in(past), n.attr("num_heads", int64_t(0)),
                  {}};
  if (a.heads < 1 || n.attr("do_rotary", int64_t(0)) != 0 ||
      n.attr("past_present_share_buffer", int64_t(0)) != 0)
    return n.refuse(Refusal::AttributeValue,
                    "expected num_heads, no rotation and no buffer shared by past and present");
  if (a.input.rank() != 3 || a.weights.rank() != 2 || (a.past && a.past.rank() != 5))
    return n.refuse(Refusal::Rank, "expected input [N, S, C], weights [C, D] and past of rank 5");
  Index third = a.weights.dim(1) / 3;
  a.sizes = {third, third, third};
  if (auto given = n.intsAttr("qkv_hidden_sizes"); given && !given->empty()) {
    if (given->size() != 3 || llvm::any_of(*given, [](int64_t size) { return size < 0; }))
      return n.refuse(Refusal::AttributeValue, "expected three hidden sizes");
    a.sizes.assign(given->begin(), given->end());
  }
  Emitter &e = n.e;
  e.check(e.equal(a.input.dim(2), a.weights.dim(0)), "the weights do not fit the input");
  e.check(e.equal(a.sizes[0] + a.sizes[1] + a.sizes[2], a.weights.dim(1)) &
              e.equal(a.sizes[0] % a.heads, 0) & e.equal(a.sizes[1] % a.heads, 0) &
              e.equal(a.sizes[2] % a.heads, 0),
          "the heads do not share the weights evenly");
  return a;
}

/// Attention of queries, keys and values that lie one behind the other in `qkv`.
static LogicalResult attend(NodeLowering &n, const SelfAttention &in, const Tensor &qkv) {
  Emitter &e = n.e;
  Index heads = in.heads, q = in.sizes[0], k = in.sizes[1], v = in.sizes[2];
  AttentionProduct a{headsInside(qkv, heads, q / heads), headsInside(qkv, heads, k / heads, q),
                     headsInside(qkv, heads, v / heads, q + k), Compute::F32};
  if (in.past || n.wants(1))
    appendState(n, a, in.past);
  checkAttention(e, a);
  FailureOr<KeyMasks> m = readMasks(n, a, in.mask, in.bias, in.past ? in.past.dim(3) : Index(0));
  if (failed(m))
    return failure();
  a.scale = readScale(n, a);
  a.adjust = [&](IndexRef query, Index j, Scalar score) {
    return adjusted(e, *m, a.query.batch, query, j, score);
  };
  Tensor out = n.result(0, {in.input.dim(0), in.input.dim(1), v}, qkv.type());
  emitAttention(e, a, headsInside(out, heads, a.value.size));
  return success();
}

static LogicalResult attention(NodeLowering &n) {
  if (n.has(6))
    return n.refuse(Refusal::Operand, "expected no buffer shared by past and present");
  FailureOr<SelfAttention> a = readSelfAttention(n, 3, 4);
  if (failed(a))
    return failure();
  a->bias = n.in(5);
  return attend(n, *a, project(n.e, a->input, a->weights, n.in(2)));
}

/// Codes of input and weights, which may have a scale for each column; floats behind the product.
static LogicalResult qAttention(NodeLowering &n) {
  FailureOr<SelfAttention> a = readSelfAttention(n, 5, 8);
  FailureOr<Step> step = readStep(n, 3, 6, n.in(0).type());
  if (failed(a) || failed(step))
    return failure();
  FailureOr<Tensor> qkv =
      productOfCodes(n, {a->input, a->weights, n.in(6), n.in(7), n.in(3), n.in(4), n.in(2)});
  if (failed(qkv))
    return failure();
  return attend(n, *a, *qkv);
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

/// One of `parts` tensors packed as [batch, length, heads, parts, size].
static Heads packedHeads(const Tensor &t, int64_t part) {
  Index perPlace = t.dim(2) * t.dim(3) * t.dim(4);
  return {t.flat(),
          t.dim(0),
          t.dim(2),
          t.dim(1),
          t.dim(4),
          t.dim(1) * perPlace,
          t.dim(3) * t.dim(4),
          perPlace,
          t.dim(4) * part};
}

/// Query, key and value, in whichever way they are packed.
static LogicalResult readQkv(NodeLowering &n, AttentionProduct &a) {
  Tensor q = n.in(0), k = n.in(1), v = n.in(2);
  int64_t heads = n.attr("num_heads", int64_t(0));
  Emitter &e = n.e;
  auto inside = [&](const Tensor &t) {
    e.check(e.equal(t.dim(2) % heads, 0), "the heads do not share the last axis evenly");
    return headsInside(t, heads, t.dim(2) / heads);
  };
  auto either = [&](const Tensor &t) { return t.rank() == 4 ? headsFirst(t) : inside(t); };
  if (q && q.rank() == 5 && !k && !v) {
    e.check(e.equal(q.dim(3), 3) & e.equal(q.dim(2), heads), "expected packed heads");
    a.query = packedHeads(q, 0);
    a.key = packedHeads(q, 1);
    a.value = packedHeads(q, 2);
  } else if (q && q.rank() == 3 && k && k.rank() == 5 && !v) {
    e.check(e.equal(k.dim(3), 2) & e.equal(k.dim(2), heads), "expected packed heads");
    a.query = inside(q);
    a.key = packedHeads(k, 0);
    a.value = packedHeads(k, 1);
  } else if (q && k && v && q.rank() == 3 && (k.rank() == 3 || k.rank() == 4) &&
             (v.rank() == 3 || v.rank() == 4)) {
    a.query = inside(q);
    a.key = either(k);
    a.value = either(v);
  } else {
    return n.refuse(Refusal::Rank, "unknown way to pack query, key and value");
  }
  return success();
}

/// The heads plus their part of a bias, which begins at `first`.
static Heads biased(Emitter &e, const Heads &in, const Tensor &bias, Index first) {
  Tensor out = e.allocate(in.sizes(), in.data.type());
  e.loops(in.sizes(), [&](IndexRef p) {
    Scalar shift = bias.load({first + p[1] * in.size + p[3]});
    out.store(in.load(p) + convert(shift, in.data.kind()), p);
  });
  return headsFirst(out);
}

static void addBias(NodeLowering &n, AttentionProduct &a) {
  Tensor bias = n.in(3).flat();
  Index one = a.query.heads * a.query.size, third = a.value.heads * a.value.size;
  n.e.check(n.e.equal(bias.count(), one * 2 + third), "the bias does not fit query, key and value");
  a.query = biased(n.e, a.query, bias, 0);
  // Keys of rank 4 have their bias already.
  if (!n.in(1) || n.in(1).rank() != 4)
    a.key = biased(n.e, a.key, bias, one);
  if (!n.in(2) || n.in(2).rank() != 4)
    a.value = biased(n.e, a.value, bias, one * 2);
}

static LogicalResult multiHeadAttention(NodeLowering &n) {
  Emitter &e = n.e;
  AttentionProduct a{{}, {}, {}, Compute::F32};
  if (n.attr("num_heads", int64_t(0)) < 1 || n.has(8) || n.has(9))
    return n.refuse(Refusal::AttributeValue,
                    "expected num_heads, and no buffer shared by past and present");
  if (failed(readQkv(n, a)))
    return failure();
  if (n.has(6) != n.has(7) || (n.has(6) && (n.in(6).rank() != 4 || n.in(7).rank() != 4)))
    return n.refuse(Refusal::Operand, "expected past key and value of rank 4, or neither");
  checkAttention(e, a);
  if (n.has(3))
    addBias(n, a);
  Heads *parts[] = {&a.key, &a.value};
  for (auto [i, heads] : llvm::enumerate(parts)) {
    if (!n.has(6) && !n.wants(unsigned(i) + 1))
      continue;
    Tensor present = appendHeads(e, n.in(unsigned(i) + 6), *heads);
    n.bind(unsigned(i) + 1, present);
    *heads = headsFirst(present);
  }
  e.check(e.equal(a.key.length, a.value.length), "the pasts of key and value differ in length");
  FailureOr<KeyMasks> m = readMasks(n, a, n.in(4), n.in(5), n.has(6) ? n.in(6).dim(2) : Index(0));
  if (failed(m))
    return failure();
  a.scale = readScale(n, a);
  a.adjust = [&](IndexRef query, Index j, Scalar score) {
    return adjusted(e, *m, a.query.batch, query, j, score);
  };
  a.stage = AttentionProduct::Stage::Adjusted;
  if (n.wants(3))
    a.scores =
        n.result(3, {a.query.batch, a.query.heads, a.query.length, a.key.length}, n.in(0).type());
  Tensor out =
      n.result(0, {a.query.batch, a.query.length, a.query.heads * a.value.size}, n.in(0).type());
  emitAttention(e, a, headsInside(out, a.query.heads, a.value.size));
  return success();
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

/// Positions are listed for each place, or one is that of the first place.
static LogicalResult rotaryEmbedding(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor in = n.in(0), places = n.in(1), cosines = n.in(2), sines = n.in(3);
  int64_t heads = n.attr("num_heads", int64_t(0)),
          turned = n.attr("rotary_embedding_dim", int64_t(0));
  if (!in || in.rank() < 3 || in.rank() > 4 || !places || places.rank() < 1 || places.rank() > 2 ||
      !cosines || cosines.rank() != 2 || !sines || sines.rank() != 2)
    return n.refuse(Refusal::Rank, "expected input of rank 3 or 4 and caches of rank 2");
  if (n.attr("scale", 1.0) != 1) // which the CPU kernel does not look at
    return n.refuse(Refusal::AttributeValue, "expected scale 1");
  if (in.rank() == 3 && turned > 0 && heads < 1)
    return n.refuse(Refusal::AttributeValue, "expected num_heads beside rotary_embedding_dim");
  Tensor result = n.result(0, in.dims(), in.type());
  auto headsOf = [&](const Tensor &t) {
    if (t.rank() == 4)
      return headsFirst(t);
    Index count = turned > 0 ? Index(heads) : t.dim(2) / max(cosines.dim(1) * 2, 1);
    return headsInside(t, count, t.dim(2) / max(count, 1));
  };
  Heads x = headsOf(in);
  if (in.rank() == 3)
    e.check(e.equal(x.heads * x.size, in.dim(2)), "the heads do not share the last axis evenly");
  e.check(e.equal(cosines.dim(0), sines.dim(0)), "the caches differ in size");
  if (places.rank() == 2)
    e.check(e.equal(places.dim(0), x.batch) & e.equal(places.dim(1), x.length),
            "expected a position for each place");
  else
    e.check(e.equal(places.dim(0), 1), "expected one position");
  Rotation r{turned > 0 ? Index(turned) : x.size, n.attr("interleaved", int64_t(0)) != 0, cosines,
             sines};
  r.angle = [&](Index b, Index s, Index i) {
    Scalar place = places.rank() == 2 ? convert(places.load({b, s}), Compute::I64)
                                      : convert(places.load({0}), Compute::I64) + e.toScalar(s);
    return Indices{wrapIndex(e, place, cosines.dim(0)), i};
  };
  emitRotation(e, r, x, headsOf(result));
  return success();
}

static const LoweringRow rows[] = {
    {"Attention", 1, latestOpset, withInputs<2, attention>, "com.microsoft"},
    {"MultiHeadAttention", 1, latestOpset, withInputs<1, multiHeadAttention>, "com.microsoft"},
    {"QAttention", 1, latestOpset, withInputs<5, qAttention>, "com.microsoft"},
    {"RotaryEmbedding", 1, latestOpset, withInputs<4, rotaryEmbedding>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribAttentionLowerings() { return rows; }
