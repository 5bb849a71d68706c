//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that carry a state of fixed size along a sequence: LinearAttention, CausalConvWithState.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
struct LinearState {
  Tensor query, key, value, decay, beta;
  Tensor state = {}; ///< float32 [batch, kv heads, key size, value size]
  Tensor fresh = {}; ///< float32 [value size]: what a step writes
  int64_t queryHeads = 1, keyHeads = 1;
  Index keySize = 0, valueSize = 0;
  Scalar scale = {};
};
} // namespace

static Scalar f32(Scalar x) { return convert(x, Compute::F32); }

/// One step of one head: decay, correction, write, read by each query head that shares it.
static void stepHead(Emitter &e, const LinearState &s, Index b, Index h, Index t,
                     const Tensor &out) {
  auto key = [&](Index i) { return f32(s.key.load({b, t, h * s.keySize + i})); };
  if (s.decay) { // one a head, or one for each row of its state
    Scalar perHead = e.equal(s.decay.dim(2), s.keyHeads);
    e.loops({s.keySize, s.valueSize}, [&](IndexRef p) {
      Index place = e.select(perHead, h, h * s.keySize + p[0]);
      Scalar factor = math("exp", f32(s.decay.load({b, t, place})));
      s.state.store(s.state.load({b, h, p[0], p[1]}) * factor, {b, h, p[0], p[1]});
    });
  }
  e.loop(s.valueSize, [&](Index m) {
    Scalar value = f32(s.value.load({b, t, h * s.valueSize + m}));
    if (s.beta) {
      Scalar known = e.fold(s.keySize, {e.f32(0)}, [&](Index d, ArrayRef<Scalar> so) {
        return Scalars{so[0] + s.state.load({b, h, d, m}) * key(d)};
      })[0];
      Index place = e.select(e.equal(s.beta.dim(2), 1), 0, h);
      value = f32(s.beta.load({b, t, place})) * (value - known);
    }
    s.fresh.store(value, {m});
  });
  e.loops({s.keySize, s.valueSize}, [&](IndexRef p) {
    Scalar sum = s.state.load({b, h, p[0], p[1]}) + key(p[0]) * s.fresh.load({p[1]});
    s.state.store(sum, {b, h, p[0], p[1]});
  });
  int64_t group = s.queryHeads / s.keyHeads;
  e.loops({Index(group), s.valueSize}, [&](IndexRef p) {
    Index head = h * group + p[0];
    Scalar dot = e.fold(s.keySize, {e.f32(0)}, [&](Index d, ArrayRef<Scalar> so) {
      Scalar q = f32(s.query.load({b, t, head * s.keySize + d}));
      return Scalars{so[0] + q * s.state.load({b, h, d, p[1]})};
    })[0];
    out.store(dot * s.scale, {b, t, head * s.valueSize + p[1]});
  });
}

static void checkSizes(Emitter &e, const LinearState &s) {
  Index batch = s.query.dim(0), time = s.query.dim(1);
  auto alike = [&](const Tensor &t) { return e.equal(t.dim(0), batch) & e.equal(t.dim(1), time); };
  e.check(alike(s.key) & alike(s.value) & e.equal(s.query.dim(2), s.keySize * s.queryHeads) &
              e.equal(s.key.dim(2), s.keySize * s.keyHeads) &
              e.equal(s.value.dim(2), s.valueSize * s.keyHeads),
          "sizes of query, key and value do not fit each other");
  if (s.decay)
    e.check(alike(s.decay) & (e.equal(s.decay.dim(2), s.keyHeads) |
                              e.equal(s.decay.dim(2), s.keySize * s.keyHeads)),
            "the decay does not fit the keys");
  if (s.beta)
    e.check(alike(s.beta) & (e.equal(s.beta.dim(2), 1) | e.equal(s.beta.dim(2), s.keyHeads)),
            "beta does not fit the keys");
}

static LogicalResult linearAttention(NodeLowering &n) {
  Emitter &e = n.e;
  std::string rule = n.attr("update_rule", "gated_delta");
  bool gated = rule == "gated" || rule == "gated_delta";
  bool corrected = rule == "delta" || rule == "gated_delta";
  if (!gated && !corrected && rule != "linear")
    return n.refuse(Refusal::AttributeValue, "unknown update_rule '" + rule + "'");
  if (gated != n.has(4) || corrected != n.has(5))
    return n.refuse(Refusal::Operand, "update_rule '" + rule + "' asks for other inputs");
  LinearState s{n.in(0), n.in(1), n.in(2), n.in(4), n.in(5)};
  s.queryHeads = n.attr("q_num_heads", int64_t(0));
  s.keyHeads = n.attr("kv_num_heads", int64_t(0));
  if (s.queryHeads < 1 || s.keyHeads < 1 || s.queryHeads % s.keyHeads != 0 || s.query.rank() != 3 ||
      s.key.rank() != 3 || s.value.rank() != 3 || (s.decay && s.decay.rank() != 3) ||
      (s.beta && s.beta.rank() != 3))
    return n.refuse(Refusal::AttributeValue, "expected rank 3 and heads that share keys evenly");
  s.keySize = s.query.dim(2) / s.queryHeads;
  s.valueSize = s.value.dim(2) / s.keyHeads;
  Index batch = s.query.dim(0), time = s.query.dim(1);
  checkSizes(e, s);
  double scale = n.attr("scale", 0.0);
  s.scale = scale != 0 ? e.f32(scale) : 1.0 / math("sqrt", f32(e.toScalar(s.keySize)));
  Indices sizes = {batch, s.keyHeads, s.keySize, s.valueSize};
  s.state = e.allocate(sizes, DType::F32);
  s.fresh = e.allocate({s.valueSize}, DType::F32);
  Tensor past = n.in(3);
  if (past && past.rank() != 4)
    return n.refuse(Refusal::Rank, "expected a state of rank 4");
  if (past)
    for (auto [own, wanted] : llvm::zip_equal(past.dims(), sizes))
      e.check(e.equal(own, wanted), "the state has another size");
  e.loops(sizes, [&](IndexRef p) { s.state.store(past ? past.load(p) : e.f32(0), p); });
  Tensor out = n.result(0, {batch, time, s.valueSize * s.queryHeads}, s.query.type());
  e.loops({batch, s.keyHeads, time}, [&](IndexRef p) { stepHead(e, s, p[0], p[1], p[2], out); });
  if (n.wants(1))
    mapUnary(e, s.state, n.result(1, sizes, past ? past.type() : s.query.type()),
             [](Scalar x) { return x; });
  return success();
}

/// A depthwise convolution over the past and the new elements; the last k - 1 are the next past.
static LogicalResult causalConv(NodeLowering &n) {
  Tensor in = n.in(0), weight = n.in(1), bias = n.in(2), past = n.in(3);
  Emitter &e = n.e;
  std::string activation = n.attr("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return n.refuse(Refusal::AttributeValue, "expected activation none, silu or swish");
  if (in.rank() != 3 || weight.rank() != 3)
    return n.refuse(Refusal::Rank, "expected input [N, C, L] and weight [C, 1, k]");
  Index taps = weight.dim(2), before = max(taps - 1, 0);
  if ((bias && bias.rank() != 1) || (past && past.rank() != 3))
    return n.refuse(Refusal::Rank, "expected a vector as bias, a state of rank 3");
  e.check(e.equal(weight.dim(0), in.dim(1)) & e.equal(weight.dim(1), 1) &
              (bias ? e.equal(bias.dim(0), in.dim(1)) : e.boolean(true)),
          "weight or bias have another number of channels");
  Tensor all = e.allocate({in.dim(0), in.dim(1), before + in.dim(2)}, in.type());
  if (past)
    e.check(e.equal(past.dim(0), in.dim(0)) & e.equal(past.dim(1), in.dim(1)) &
                e.equal(past.dim(2), before),
            "the state has another size");
  e.loops({in.dim(0), in.dim(1), before},
          [&](IndexRef p) { all.store(past ? past.load(p) : e.constant(0, in.kind()), p); });
  e.loops(in.dims(), [&](IndexRef p) { all.storeRaw(in.loadRaw(p), {p[0], p[1], before + p[2]}); });
  Tensor out = n.result(0, in.dims(), in.type());
  e.loops(in.dims(), [&](IndexRef p) {
    Scalar start = bias ? bias.load({p[1]}) : e.constant(0, in.kind());
    Scalar sum = e.fold(taps, {e.constant(0, in.kind())}, [&](Index k, ArrayRef<Scalar> so) {
      return Scalars{so[0] + all.load({p[0], p[1], p[2] + k}) * weight.load({p[1], 0, k})};
    })[0];
    Scalar value = roundTo(sum + start, in.type());
    out.store(activation == "none" ? value : value * math("sigmoid", value), p);
  });
  if (n.wants(1)) {
    Tensor next = n.result(1, {in.dim(0), in.dim(1), before}, in.type());
    e.loops(next.dims(),
            [&](IndexRef p) { next.storeRaw(all.loadRaw({p[0], p[1], in.dim(2) + p[2]}), p); });
  }
  return success();
}

static const LoweringRow rows[] = {
    {"CausalConvWithState", 27, latestOpset, withInputs<2, causalConv>},
    {"LinearAttention", 27, latestOpset, withInputs<3, linearAttention>},
};

ArrayRef<LoweringRow> quantc::toloops::linearAttentionLowerings() { return rows; }
