//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DynamicQuantizeLSTM: weights of codes, which lie transposed; inputs become codes once, states of
// all sequences together before each step, by DynamicQuantizeLinear's rule. All else is float32.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"
#include "Quantized.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// Codes [directions, inner, 4 * hidden] with a scale for a direction, or one for each column.
struct GateWeights {
  Tensor codes, scale, zero;

  Scalar load(const Tensor &parameter, Index direction, Index column) const {
    if (parameter.rank() == 1)
      return parameter.load({direction});
    return parameter.load(
        {direction, broadcastIndex(parameter.emitter(), parameter.dim(1), column)});
  }
  /// Of a row of codes at `at`: the real product with a column.
  Scalar product(Emitter &e, const DynamicCodes &x, llvm::function_ref<Indices(Index)> at,
                 Index direction, Index column) const {
    Scalar zeroX = convert(x.zero.load({}), Compute::I64);
    Scalar zeroW = convert(load(zero, direction, column), Compute::I64);
    Scalar sum = e.fold(codes.dim(1), {e.i64(0)}, [&](Index k, ArrayRef<Scalar> so) {
      Scalar a = convert(x.data.load(at(k)), Compute::I64) - zeroX;
      Scalar b = convert(codes.load({direction, k, column}), Compute::I64) - zeroW;
      return Scalars{so[0] + a * b};
    })[0];
    return convert(sum, Compute::F32) * (x.scale.load({}) * load(scale, direction, column));
  }
};

struct QuantizedLstm {
  Emitter &e;
  Tensor x, bias, lengths, firstH, firstC, peepholes; ///< the latter five may be absent
  GateWeights w, r;
  Index time = 0, batch = 0, hidden = 0;
  bool inputForget = false;
  std::optional<double> clip = std::nullopt;
  Tensor all = {}, lastH = {}, lastC = {}; ///< results; may be absent
  // Of the direction at hand.
  Tensor h = {}, c = {}, inputProducts = {}, stateProducts = {};
  DynamicCodes codesX = {}, codesH = {};

  Scalar clipped(Scalar v) const {
    return clip ? max(min(v, number(*clip, v)), number(-*clip, v)) : v;
  }
  Scalar gate(int64_t direction, Index t, Index b, Index row) const;
  void step(int64_t direction, Index t, Index b) const;
  void run(int64_t direction, bool backward);
};
} // namespace

/// Products and biases of a gate, before its activation.
Scalar QuantizedLstm::gate(int64_t direction, Index t, Index b, Index row) const {
  Scalar sum = inputProducts.load({t, b, row}) + stateProducts.load({b, row});
  if (bias)
    sum = sum + (bias.load({direction, row}) + bias.load({direction, hidden * 4 + row}));
  return sum;
}

/// One sequence; gates i, o, f, c, peepholes i, o, f.
void QuantizedLstm::step(int64_t direction, Index t, Index b) const {
  e.loop(hidden, [&](Index i) {
    auto sum = [&](int64_t number) { return gate(direction, t, b, hidden * number + i); };
    auto peeked = [&](int64_t number, Scalar cell) {
      Scalar value = sum(number);
      if (peepholes)
        value = value + peepholes.load({direction, hidden * number + i}) * cell;
      return math("sigmoid", clipped(value));
    };
    Scalar cell = c.load({b, i}), in = peeked(0, cell);
    Scalar forget = inputForget ? 1.0 - in : peeked(2, cell);
    Scalar fresh = forget * cell + in * math("tanh", clipped(sum(3)));
    Scalar state = peeked(1, fresh) * math("tanh", fresh);
    c.store(fresh, {b, i});
    h.store(state, {b, i});
    if (all)
      all.store(state, {t, Index(direction), b, i});
  });
}

void QuantizedLstm::run(int64_t direction, bool backward) {
  auto start = [&](const Tensor &state, const Tensor &first) {
    e.loops({batch, hidden}, [&](IndexRef p) {
      state.store(first ? first.load({direction, p[0], p[1]}) : e.f32(0), p);
    });
  };
  start(h, firstH);
  start(c, firstC);
  e.loops({time, batch, hidden * 4}, [&](IndexRef p) {
    inputProducts.store(
        w.product(e, codesX, [&](Index k) { return Indices{p[0], p[1], k}; }, direction, p[2]), p);
  });
  e.loop(time, [&](Index at) {
    emitDynamicCodes(e, h, codesH);
    e.loops({batch, hidden * 4}, [&](IndexRef p) {
      stateProducts.store(
          r.product(e, codesH, [&](Index k) { return Indices{p[0], k}; }, direction, p[1]), p);
    });
    e.loop(batch, [&](Index b) {
      Index length = lengths ? min(e.toIndex(lengths.load({b})), time) : time;
      Scalar runs = e.less(at, length);
      Index t = backward ? e.select(runs, length - 1 - at, at) : at;
      e.ifThen(runs, [&] { step(direction, t, b); });
      if (all && lengths)
        e.ifThen(!runs, [&] {
          e.loop(hidden, [&](Index i) { all.store(e.f32(0), {t, Index(direction), b, i}); });
        });
    });
  });
  auto finish = [&](const Tensor &state, const Tensor &last) {
    if (last)
      e.loops({batch, hidden},
              [&](IndexRef p) { last.store(state.load(p), {direction, p[0], p[1]}); });
  };
  finish(h, lastH);
  finish(c, lastC);
}

/// Refuses an operand of another rank, or of another kind; a run checks the sizes.
static void expectSizes(NodeLowering &n, const Tensor &t, IndexRef sizes, bool integers = false) {
  if (!t)
    return;
  if (t.rank() != int64_t(sizes.size()) || isInteger(t.type()) != integers)
    return (void)n.refuse(Refusal::Rank, "an operand has another rank or type than it needs");
  for (auto [size, expected] : llvm::zip_equal(t.dims(), sizes))
    n.e.check(n.e.equal(size, expected), "sizes of X, W, R and the others do not fit each other");
}

static void expectWeights(NodeLowering &n, const GateWeights &w, Index directions, Index inner,
                          Index rows) {
  expectSizes(n, w.codes, {directions, inner, rows}, true);
  for (bool integers : {false, true}) {
    const Tensor &t = integers ? w.zero : w.scale;
    if (t.rank() == 1)
      expectSizes(n, t, {directions}, integers);
    else if (t.rank() == 2 && t.dim(1).is(1))
      expectSizes(n, t, {directions, 1}, integers);
    else
      expectSizes(n, t, {directions, rows}, integers);
  }
}

/// The plain activations, which are all that ONNX Runtime's quantizer meets.
static LogicalResult checkActivations(NodeLowering &n, int64_t directions) {
  auto list = dyn_cast_or_null<ArrayAttr>(n.node.getAttribute("activations"));
  if (!list)
    return success();
  static constexpr llvm::StringLiteral names[] = {"Sigmoid", "Tanh", "Tanh"};
  bool plain = int64_t(list.size()) == 3 * directions;
  for (auto [i, name] : llvm::enumerate(list)) {
    auto text = dyn_cast<StringAttr>(name);
    plain &= text && text.getValue().equals_insensitive(names[i % 3]);
  }
  return plain ? success()
               : n.refuse(Refusal::AttributeValue, "expected activations Sigmoid, Tanh, Tanh");
}

static LogicalResult dynamicQuantizeLstm(NodeLowering &n) {
  for (unsigned input : {8, 9, 10, 11})
    if (!n.has(input))
      return n.refuse(Refusal::Operand, "expected input " + Twine(input) + ", but it is absent");
  Emitter &e = n.e;
  QuantizedLstm s{e,
                  n.in(0),
                  n.in(3),
                  n.in(4),
                  n.in(5),
                  n.in(6),
                  n.in(7),
                  {n.in(1), n.in(8), n.in(9)},
                  {n.in(2), n.in(10), n.in(11)}};
  std::string direction = n.attr("direction", "forward");
  s.inputForget = n.attr("input_forget", int64_t(0)) != 0;
  if (n.node.getFloat("clip"))
    s.clip = n.attr("clip", 0.0);
  int64_t directions = direction == "bidirectional" ? 2 : 1;
  if (direction != "forward" && direction != "reverse" && directions == 1)
    return n.refuse(Refusal::AttributeValue,
                    "expected direction forward, reverse or bidirectional");
  if (s.x.type() != DType::F32 || s.x.rank() != 3 || s.r.codes.rank() != 3)
    return n.refuse(Refusal::Rank, "expected X of float32, and X, W and R of rank 3");
  s.time = s.x.dim(0);
  s.batch = s.x.dim(1);
  s.hidden = s.r.codes.dim(1);
  Index rows = s.hidden * 4;
  expectWeights(n, s.w, directions, s.x.dim(2), rows);
  expectWeights(n, s.r, directions, s.hidden, rows);
  expectSizes(n, s.bias, {directions, rows * 2});
  expectSizes(n, s.lengths, {s.batch}, true);
  expectSizes(n, s.firstH, {directions, s.batch, s.hidden});
  expectSizes(n, s.firstC, {directions, s.batch, s.hidden});
  expectSizes(n, s.peepholes, {directions, s.hidden * 3});
  if (n.failed() || failed(checkActivations(n, directions)))
    return failure();
  if (n.wants(0))
    s.all = n.result(0, {s.time, directions, s.batch, s.hidden}, DType::F32);
  for (auto [i, last] : llvm::enumerate(SmallVector<Tensor *>{&s.lastH, &s.lastC}))
    if (n.wants(unsigned(i) + 1))
      *last = n.result(unsigned(i) + 1, {directions, s.batch, s.hidden}, DType::F32);
  s.h = e.allocate({s.batch, s.hidden}, DType::F32);
  s.c = e.allocate({s.batch, s.hidden}, DType::F32);
  s.inputProducts = e.allocate({s.time, s.batch, rows}, DType::F32);
  s.stateProducts = e.allocate({s.batch, rows}, DType::F32);
  s.codesX = dynamicCodes(e, s.x);
  s.codesH = {e.allocate({s.batch, s.hidden}, DType::U8), e.allocate({}, DType::F32),
              e.allocate({}, DType::U8)};
  s.run(0, direction == "reverse");
  if (directions == 2)
    s.run(1, true);
  return success();
}

static const LoweringRow rows[] = {
    {"DynamicQuantizeLSTM", 1, latestOpset, withInputs<3, dynamicQuantizeLstm>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribRecurrentLowerings() { return rows; }
