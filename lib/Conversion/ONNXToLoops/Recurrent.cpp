//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// RNN, GRU, LSTM. Each direction runs over time; sequences that have ended keep their state and
// give zeros.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {
enum class Curve {
  Relu,
  Tanh,
  Sigmoid,
  Affine,
  LeakyRelu,
  ThresholdedRelu,
  ScaledTanh,
  HardSigmoid,
  Elu,
  Softsign,
  Softplus,
};

struct Activation {
  Curve curve;
  double alpha, beta;
};
} // namespace

static std::optional<Activation> findActivation(StringRef name) {
  return llvm::StringSwitch<std::optional<Activation>>(name.lower())
      .Case("relu", Activation{Curve::Relu, 0, 0})
      .Case("tanh", Activation{Curve::Tanh, 0, 0})
      .Case("sigmoid", Activation{Curve::Sigmoid, 0, 0})
      .Case("affine", Activation{Curve::Affine, 1, 0})
      .Case("leakyrelu", Activation{Curve::LeakyRelu, 0.01, 0})
      .Case("thresholdedrelu", Activation{Curve::ThresholdedRelu, 1, 0})
      .Case("scaledtanh", Activation{Curve::ScaledTanh, 1, 1})
      .Case("hardsigmoid", Activation{Curve::HardSigmoid, 0.2, 0.5})
      .Case("elu", Activation{Curve::Elu, 1, 0})
      .Case("softsign", Activation{Curve::Softsign, 0, 0})
      .Case("softplus", Activation{Curve::Softplus, 0, 0})
      .Default(std::nullopt);
}

static Scalar apply(const Activation &a, Scalar x) {
  Scalar zero = number(0, x), one = number(1, x);
  switch (a.curve) {
  case Curve::Relu:
    return max(x, zero);
  case Curve::Tanh:
    return math("tanh", x);
  case Curve::Sigmoid:
    return math("sigmoid", x);
  case Curve::Affine:
    return x * a.alpha + a.beta;
  case Curve::LeakyRelu:
    return select(x < zero, x * a.alpha, x);
  case Curve::ThresholdedRelu:
    return select(x >= number(a.alpha, x), x, zero);
  case Curve::ScaledTanh:
    return math("tanh", x * a.beta) * a.alpha;
  case Curve::HardSigmoid:
    return max(min(x * a.alpha + a.beta, one), zero);
  case Curve::Elu:
    return select(x < zero, (math("exp", x) - one) * a.alpha, x);
  case Curve::Softsign:
    return x / (abs(x) + one);
  case Curve::Softplus:
    return max(x, zero) + math("log1p", math("exp", -abs(x)));
  }
  llvm_unreachable("all curves are handled");
}

//===----------------------------------------------------------------------===//
// What the three ops share
//===----------------------------------------------------------------------===//

namespace {
struct Recurrent {
  Emitter *e;
  Tensor x, w, r, bias, lengths, firstH, firstC, peepholes;
  Index time, batch, input, hidden, directions;
  int64_t gates;
  bool batchFirst = false, linearBeforeReset = false, inputForget = false;
  std::optional<double> clip;
  std::vector<Activation> activations; ///< of each direction in turn
  std::string direction;

  Tensor all, lastH, lastC; ///< results; may be empty
  Tensor h, c;              ///< states [batch, hidden] of the direction at hand
  // float32: products by the kernel. With all inputs, for a direction; with s.h, for a step.
  Tensor inputProducts, turned, stateProducts;

  Scalar clipped(Scalar v) const {
    return clip ? max(min(v, number(*clip, v)), number(-*clip, v)) : v;
  }
  Indices stateAt(Index direction, Index b, Index i) const {
    return batchFirst ? Indices{b, direction, i} : Indices{direction, b, i};
  }
  Scalar inputProduct(Index direction, Index t, Index b, Index row) const;
  Scalar stateProduct(const Tensor &state, Index direction, Index b, Index row) const;
  Scalar biasOf(Index direction, Index row) const;
};
} // namespace

Scalar Recurrent::inputProduct(Index d, Index t, Index b, Index row) const {
  if (inputProducts)
    return inputProducts.load(batchFirst ? IndexRef({b, t, row}) : IndexRef({t, b, row}));
  return e->fold(input, {e->constant(0, x.kind())}, [&](Index k, ArrayRef<Scalar> so) {
    Scalar element = x.load(batchFirst ? IndexRef({b, t, k}) : IndexRef({t, b, k}));
    return Scalars{so[0] + element * w.load({d, row, k})};
  })[0];
}

Scalar Recurrent::stateProduct(const Tensor &state, Index d, Index b, Index row) const {
  if (stateProducts && state.memref() == h.memref())
    return stateProducts.load({row});
  return e->fold(hidden, {e->constant(0, x.kind())}, [&](Index k, ArrayRef<Scalar> so) {
    return Scalars{so[0] + state.load({b, k}) * r.load({d, row, k})};
  })[0];
}

/// Element `row` of [Wb, Rb], 0 without a bias.
Scalar Recurrent::biasOf(Index d, Index row) const {
  return bias ? bias.load({d, row}) : e->constant(0, x.kind());
}

static LogicalResult readActivations(NodeLowering &n, Recurrent &s,
                                     ArrayRef<const char *> defaults) {
  int64_t directions = s.direction == "bidirectional" ? 2 : 1;
  SmallVector<std::string> names;
  if (auto list = dyn_cast_or_null<ArrayAttr>(n.node.getAttribute("activations"))) {
    for (auto name : list.getAsRange<StringAttr>())
      names.push_back(name.getValue().str());
  } else {
    for (int64_t d = 0; d < directions; ++d)
      names.append(defaults.begin(), defaults.end());
  }
  if (names.size() != defaults.size() * size_t(directions))
    return n.refuse(Refusal::AttributeValue, "expected an activation for each gate");
  auto alpha = n.floatsAttr("activation_alpha"), beta = n.floatsAttr("activation_beta");
  size_t nextAlpha = 0, nextBeta = 0;
  for (const std::string &name : names) {
    std::optional<Activation> found = findActivation(name);
    if (!found)
      return n.refuse(Refusal::AttributeValue, "unknown activation '" + name + "'");
    bool hasAlpha = found->alpha != 0, hasBeta = found->beta != 0 || found->curve == Curve::Affine;
    if (alpha && hasAlpha && nextAlpha < alpha->size())
      found->alpha = (*alpha)[nextAlpha++];
    if (beta && hasBeta && nextBeta < beta->size())
      found->beta = (*beta)[nextBeta++];
    s.activations.push_back(*found);
  }
  return success();
}

/// Refuses an operand of another rank; a run checks the sizes. An absent operand is good.
static LogicalResult checkSizes(NodeLowering &n, const Tensor &tensor, IndexRef sizes) {
  if (!tensor)
    return success();
  if (tensor.rank() != int64_t(sizes.size()))
    return n.refuse(Refusal::Rank, "an operand has another rank than its sizes need");
  Scalar fits = n.e.boolean(true);
  for (auto [size, expected] : llvm::zip_equal(tensor.dims(), sizes))
    fits = fits & n.e.equal(size, expected);
  n.e.check(fits, "sizes of X, W, R and the others do not fit each other");
  return success();
}

/// Sizes of a state as the node sees it.
static Indices stateSizes(const Recurrent &s) {
  return s.batchFirst ? Indices{s.batch, s.directions, s.hidden}
                      : Indices{s.directions, s.batch, s.hidden};
}

static FailureOr<Recurrent> readRecurrent(NodeLowering &n, int64_t gates,
                                          ArrayRef<const char *> defaults) {
  Recurrent s;
  s.e = &n.e;
  s.x = n.in(0);
  s.w = n.in(1);
  s.r = n.in(2);
  s.bias = n.in(3);
  s.lengths = n.in(4);
  s.firstH = n.in(5);
  s.gates = gates;
  s.direction = n.attr("direction", "forward");
  s.batchFirst = n.attr("layout", int64_t(0)) != 0;
  s.linearBeforeReset = n.attr("linear_before_reset", int64_t(0)) != 0;
  s.inputForget = n.attr("input_forget", int64_t(0)) != 0;
  if (n.node.getFloat("clip"))
    s.clip = n.attr("clip", 0.0);
  if (s.x.rank() != 3 || s.w.rank() != 3 || s.r.rank() != 3)
    return n.refuse(Refusal::Rank, "expected X, W and R of rank 3");
  if (s.direction != "forward" && s.direction != "reverse" && s.direction != "bidirectional")
    return n.refuse(Refusal::AttributeValue,
                    "expected direction forward, reverse or bidirectional");
  s.time = s.x.dim(s.batchFirst ? 1 : 0);
  s.batch = s.x.dim(s.batchFirst ? 0 : 1);
  s.input = s.x.dim(2);
  s.hidden = s.r.dim(2);
  s.directions = s.direction == "bidirectional" ? 2 : 1;
  Index rows = s.hidden * gates;
  if (failed(checkSizes(n, s.w, {s.directions, rows, s.input})) ||
      failed(checkSizes(n, s.r, {s.directions, rows, s.hidden})) ||
      failed(checkSizes(n, s.bias, {s.directions, rows * 2})) ||
      failed(checkSizes(n, s.lengths, {s.batch})) || failed(checkSizes(n, s.firstH, stateSizes(s))))
    return failure();
  if (failed(readActivations(n, s, defaults)))
    return failure();
  Indices state = stateSizes(s);
  DType type = s.x.type();
  if (n.wants(0))
    s.all = n.result(0,
                     s.batchFirst ? Indices{s.batch, s.time, s.directions, s.hidden}
                                  : Indices{s.time, s.directions, s.batch, s.hidden},
                     type);
  if (n.wants(1))
    s.lastH = n.result(1, state, type);
  s.h = n.e.allocate({s.batch, s.hidden}, type);
  return s;
}

/// One step of one sequence: reads s.h (and s.c), writes the new state to `next`.
using Step =
    llvm::function_ref<void(Recurrent &, int64_t direction, Index t, Index b, const Tensor &next)>;

static void start(Recurrent &s, const Tensor &state, const Tensor &first, int64_t direction) {
  s.e->loops({s.batch, s.hidden}, [&](IndexRef p) {
    state.store(
        first ? first.load(s.stateAt(direction, p[0], p[1])) : s.e->constant(0, state.kind()), p);
  });
}

static void finish(Recurrent &s, const Tensor &state, const Tensor &last, int64_t direction) {
  if (last)
    s.e->loops({s.batch, s.hidden}, [&](IndexRef p) {
      last.storeRaw(state.loadRaw(p), s.stateAt(direction, p[0], p[1]));
    });
}

/// What a direction's products by the kernel need: x @ W^T for all steps, and R^T.
static void prepareProducts(Recurrent &s, int64_t direction) {
  if (s.x.type() != DType::F32)
    return;
  Emitter &e = *s.e;
  Index rows = s.hidden * s.gates;
  s.inputProducts = e.allocate({s.x.dim(0), s.x.dim(1), rows}, DType::F32);
  emitGemm(e, {s.inputProducts, 0, rows}, {s.x, 0, s.input},
           {s.w, rows * s.input * direction, s.input}, gemmScratch(e, s.input), s.time * s.batch,
           rows, s.input, true);
  s.turned = e.allocate({s.hidden, rows}, DType::F32);
  e.loops({rows, s.hidden}, [&](IndexRef p) {
    s.turned.storeRaw(s.r.loadRaw({Index(direction), p[0], p[1]}), {p[1], p[0]});
  });
  s.stateProducts = e.allocate({rows}, DType::F32);
}

static void runDirection(Recurrent &s, int64_t direction, bool backward, Step step) {
  Emitter &e = *s.e;
  start(s, s.h, s.firstH, direction);
  if (s.c)
    start(s, s.c, s.firstC, direction);
  prepareProducts(s, direction);
  Index rows = s.hidden * s.gates;
  Tensor scratch = s.stateProducts ? gemmScratch(e, s.hidden) : Tensor();
  Tensor next = e.allocate({s.hidden}, s.x.type());
  e.loops({s.time, s.batch}, [&](IndexRef p) {
    Index b = p[1];
    Index length = s.lengths ? min(e.toIndex(s.lengths.load({b})), s.time) : s.time;
    Scalar runs = e.less(p[0], length);
    Index t = backward ? e.select(runs, length - 1 - p[0], p[0]) : p[0];
    auto output = [&](Index i) {
      return s.batchFirst ? Indices{b, t, Index(direction), i} : Indices{t, Index(direction), b, i};
    };
    e.ifThen(runs, [&] {
      if (s.stateProducts)
        emitGemm(e, {s.stateProducts, 0, rows}, {s.h, b * s.hidden, s.hidden}, {s.turned, 0, rows},
                 scratch, 1, rows, s.hidden, false);
      step(s, direction, t, b, next);
      e.loop(s.hidden, [&](Index i) {
        s.h.storeRaw(next.loadRaw({i}), {b, i});
        if (s.all)
          s.all.storeRaw(next.loadRaw({i}), output(i));
      });
    });
    if (s.all && s.lengths)
      e.ifThen(!runs, [&] {
        e.loop(s.hidden, [&](Index i) { s.all.store(e.constant(0, s.x.kind()), output(i)); });
      });
  });
  finish(s, s.h, s.lastH, direction);
  if (s.c)
    finish(s, s.c, s.lastC, direction);
}

static void runAll(Recurrent &s, Step step) {
  runDirection(s, 0, s.direction == "reverse", step);
  if (s.direction == "bidirectional")
    runDirection(s, 1, true, step);
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

static LogicalResult rnn(NodeLowering &n) {
  FailureOr<Recurrent> s = readRecurrent(n, 1, {"Tanh"});
  if (failed(s))
    return failure();
  runAll(*s, [](Recurrent &s, int64_t d, Index t, Index b, const Tensor &next) {
    s.e->loop(s.hidden, [&](Index i) {
      Scalar sum = s.inputProduct(d, t, b, i) + s.stateProduct(s.h, d, b, i) + s.biasOf(d, i) +
                   s.biasOf(d, s.hidden + i);
      next.store(apply(s.activations[d], s.clipped(sum)), {i});
    });
  });
  return success();
}

static LogicalResult gru(NodeLowering &n) {
  FailureOr<Recurrent> read = readRecurrent(n, 3, {"Sigmoid", "Tanh"});
  if (failed(read))
    return failure();
  Tensor reset = n.e.allocate({read->batch, read->hidden}, read->x.type());
  runAll(*read, [&](Recurrent &s, int64_t d, Index t, Index b, const Tensor &next) {
    Emitter &e = *s.e;
    const Activation &f = s.activations[2 * d], &g = s.activations[2 * d + 1];
    Index size = s.hidden;
    auto gate = [&](int64_t number, Index i) {
      Index row = size * number + i;
      return s.inputProduct(d, t, b, row) + s.biasOf(d, row);
    };
    auto inner = [&](const Tensor &state, int64_t number, Index i) {
      Index row = size * number + i;
      return s.stateProduct(state, d, b, row) + s.biasOf(d, size * 3 + row);
    };
    e.loop(size, [&](Index i) { // r, or with the plain form r * h, which the product needs
      Scalar r = apply(f, s.clipped(gate(1, i) + inner(s.h, 1, i)));
      reset.store(s.linearBeforeReset ? r : r * s.h.load({b, i}), {b, i});
    });
    e.loop(size, [&](Index i) {
      Scalar z = apply(f, s.clipped(gate(0, i) + inner(s.h, 0, i)));
      Scalar sum = s.linearBeforeReset ? gate(2, i) + reset.load({b, i}) * inner(s.h, 2, i)
                                       : gate(2, i) + inner(reset, 2, i);
      Scalar candidate = apply(g, s.clipped(sum));
      next.store((number(1, z) - z) * candidate + z * s.h.load({b, i}), {i});
    });
  });
  return success();
}

static LogicalResult lstm(NodeLowering &n) {
  FailureOr<Recurrent> read = readRecurrent(n, 4, {"Sigmoid", "Tanh", "Tanh"});
  if (failed(read))
    return failure();
  read->firstC = n.in(6);
  read->peepholes = n.in(7);
  if (failed(checkSizes(n, read->firstC, stateSizes(*read))) ||
      failed(checkSizes(n, read->peepholes, {read->directions, read->hidden * 3})))
    return failure();
  if (n.wants(2))
    read->lastC = n.result(2, stateSizes(*read), read->x.type());
  read->c = n.e.allocate({read->batch, read->hidden}, read->x.type());
  runAll(*read, [](Recurrent &s, int64_t d, Index t, Index b, const Tensor &next) {
    const Activation &f = s.activations[3 * d], &g = s.activations[3 * d + 1],
                     &h = s.activations[3 * d + 2];
    Index size = s.hidden;
    s.e->loop(size, [&](Index i) {
      auto gate = [&](int64_t number) {
        Index row = size * number + i;
        return s.inputProduct(d, t, b, row) + s.stateProduct(s.h, d, b, row) + s.biasOf(d, row) +
               s.biasOf(d, size * 4 + row);
      };
      auto peeked = [&](Scalar sum, int64_t number, Scalar cell) {
        return s.peepholes ? sum + s.peepholes.load({Index(d), size * number + i}) * cell : sum;
      };
      // Gates i, o, f, c; peepholes i, o, f.
      Scalar cell = s.c.load({b, i});
      Scalar in = apply(f, s.clipped(peeked(gate(0), 0, cell)));
      Scalar forget =
          s.inputForget ? number(1, in) - in : apply(f, s.clipped(peeked(gate(2), 2, cell)));
      Scalar fresh = forget * cell + in * apply(g, s.clipped(gate(3)));
      Scalar out = apply(f, s.clipped(peeked(gate(1), 1, fresh)));
      s.c.store(fresh, {b, i});
      next.store(out * apply(h, fresh), {i});
    });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"GRU", 7, latestOpset, gru},
    {"LSTM", 7, latestOpset, lstm},
    {"RNN", 7, latestOpset, rnn},
};

ArrayRef<LoweringRow> quantc::toloops::recurrentLowerings() { return rows; }
