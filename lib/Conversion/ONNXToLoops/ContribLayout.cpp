//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ONNX Runtime's optimiser writes for its GPU providers (it has no CPU kernels of them): group
// normalization with the channels last, and sums with a bias and something behind.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// Refuses operands that are no floats; checks that each of `vectors` has `size` elements.
static LogicalResult expectFloats(NodeLowering &n, ArrayRef<Tensor> operands,
                                  ArrayRef<Tensor> vectors, Index size) {
  for (ArrayRef<Tensor> list : {operands, vectors})
    for (const Tensor &t : list)
      if (t && !quantc::isFloat(t.type()))
        return n.refuse(Refusal::ElementType, "expected floats");
  for (const Tensor &t : vectors)
    if (t)
      n.e.check(n.e.equal(t.count(), size), "expected a value for each channel");
  return success();
}

//===----------------------------------------------------------------------===//
// GroupNorm, SkipGroupNorm
//===----------------------------------------------------------------------===//

namespace {
/// float32 [N, place, C] in groups of neighbouring channels, which are normalized.
struct Groups {
  Tensor rows, gamma, beta;
  int64_t groups;
  double epsilon;
  bool swish;
};
} // namespace

static void normalizeGroups(Emitter &e, const Groups &g,
                            llvm::function_ref<void(IndexRef, Scalar)> store) {
  Index places = g.rows.dim(1), size = g.rows.dim(2) / g.groups;
  e.loops({g.rows.dim(0), g.groups}, [&](IndexRef p) {
    auto position = [&](IndexRef q) { return Indices{p[0], q[0], p[1] * size + q[1]}; };
    auto sum = [&](llvm::function_ref<Scalar(Scalar)> of) {
      return e.foldOver({places, size}, {e.f32(0)}, [&](IndexRef q, ArrayRef<Scalar> so) {
        return Scalars{so[0] + of(g.rows.load(position(q)))};
      })[0];
    };
    Scalar count = convert(e.toScalar(places * size), Compute::F32);
    Scalar mean = sum([](Scalar x) { return x; }) / count;
    Scalar variance = sum([&](Scalar x) { return (x - mean) * (x - mean); }) / count;
    Scalar scale = 1.0 / math("sqrt", variance + g.epsilon);
    e.loops({places, size}, [&](IndexRef q) {
      Indices at = position(q);
      auto ofChannel = [&](const Tensor &t) { return convert(t.load({at[2]}), Compute::F32); };
      Scalar y = (g.rows.load(at) - mean) * scale * ofChannel(g.gamma) + ofChannel(g.beta);
      store(at, g.swish ? y * math("sigmoid", y) : y);
    });
  });
}

static LogicalResult groupNorm(NodeLowering &n, Tensor skip, Tensor bias) {
  Emitter &e = n.e;
  Tensor x = n.in(0);
  bool last = n.attr("channels_last", int64_t(1)) != 0;
  int64_t groups = n.attr("groups", int64_t(0)), activation = n.attr("activation", int64_t(0));
  if (x.rank() != 4 || (skip && skip.rank() != 4 && skip.rank() != 2))
    return n.refuse(Refusal::Rank, "expected images of rank 4, and a skip of rank 2 or 4");
  if (groups < 1 || activation < 0 || activation > 1)
    return n.refuse(Refusal::AttributeValue, "expected groups, and activation 0 or 1");
  Index channels = x.dim(last ? 3 : 1), height = x.dim(last ? 1 : 2), width = x.dim(last ? 2 : 3);
  if (failed(expectFloats(n, {x, skip}, {n.in(1), n.in(2), bias}, channels)))
    return failure();
  e.check(e.equal(channels % groups, 0), "the groups do not share the channels evenly");
  auto imagePosition = [&](IndexRef p) { // of [N, place, C]
    Index row = p[1] / max(width, 1), column = p[1] % max(width, 1);
    return last ? Indices{p[0], row, column, p[2]} : Indices{p[0], p[2], row, column};
  };
  if (skip && skip.rank() == 2)
    skip = last ? skip.reshaped({skip.dim(0), 1, 1, skip.dim(1)})
                : skip.reshaped({skip.dim(0), skip.dim(1), 1, 1});
  for (int64_t axis = 0; skip && axis < 4; ++axis)
    e.check(e.equal(skip.dim(axis), 1) | e.equal(skip.dim(axis), x.dim(axis)),
            "the skip does not fit the input");
  Tensor out = n.result(0, x.dims(), x.type());
  Tensor sums = n.wants(1) ? n.result(1, x.dims(), x.type()) : Tensor();
  Groups g{e.allocate({x.dim(0), height * width, channels}, DType::F32),
           n.in(1).flat(),
           n.in(2).flat(),
           groups,
           n.attr("epsilon", 1e-5),
           activation == 1};
  Tensor shifts = bias ? bias.flat() : bias;
  e.loops(g.rows.dims(), [&](IndexRef p) {
    Indices at = imagePosition(p);
    Scalar value = convert(x.load(at), Compute::F32);
    if (skip)
      value = value + convert(skip.load(broadcastPosition(e, skip, at, x.dims())), Compute::F32);
    if (shifts)
      value = value + convert(shifts.load({p[2]}), Compute::F32);
    g.rows.store(value, p);
    if (sums)
      sums.store(value, at);
  });
  normalizeGroups(e, g, [&](IndexRef p, Scalar y) { out.store(y, imagePosition(p)); });
  return success();
}
static LogicalResult plainGroupNorm(NodeLowering &n) { return groupNorm(n, {}, {}); }
static LogicalResult skipGroupNorm(NodeLowering &n) { return groupNorm(n, n.in(3), n.in(4)); }

//===----------------------------------------------------------------------===//
// Sums with a bias
//===----------------------------------------------------------------------===//

static LogicalResult biasAdd(NodeLowering &n) {
  Tensor x = n.in(0), bias = n.in(1).flat(), skip = n.in(2);
  if (x.rank() < 1 || skip.rank() != x.rank())
    return n.refuse(Refusal::Rank, "expected input and skip of one rank of 1 or more");
  if (failed(expectFloats(n, {x, skip}, {bias}, x.dim(-1))))
    return failure();
  for (auto [a, b] : llvm::zip_equal(x.dims(), skip.dims()))
    n.e.check(n.e.equal(a, b), "the skip does not fit the input");
  mapBroadcast(n.e, {x, bias, skip}, n.result(0, x.dims(), x.type()),
               [](ArrayRef<Scalar> v) { return v[0] + v[1] + v[2]; });
  return success();
}

/// The left half of x + bias times the exact gelu of its right half.
static LogicalResult biasSplitGelu(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor x = n.in(0), bias = n.in(1).flat();
  if (x.rank() < 1)
    return n.refuse(Refusal::Rank, "expected rank 1 or more");
  if (failed(expectFloats(n, {x}, {bias}, x.dim(-1))))
    return failure();
  e.check(e.equal(x.dim(-1) % 2, 0), "expected an even number of channels");
  Indices sizes(x.dims());
  Index half = sizes.back() / 2;
  sizes.back() = half;
  Tensor out = n.result(0, sizes, x.type());
  e.loops(sizes, [&](IndexRef p) {
    auto value = [&](Index channel) {
      Indices at(p);
      at.back() = channel;
      return x.load(at) + convert(bias.load({channel}), x.kind());
    };
    Scalar gate = value(p.back() + half);
    Scalar gelu = gate * 0.5 * (math("erf", gate * 0.70710678118654752) + 1.0);
    out.store(value(p.back()) * gelu, p);
  });
  return success();
}

/// Softmax of data + bias; everything from the axis on is a row.
static LogicalResult biasSoftmax(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor x = n.in(0), bias = n.in(1);
  int64_t axis = n.axisAttr("axis", 1, x.rank());
  if (n.failed() || failed(expectFloats(n, {x, bias}, {}, 0)))
    return failure();
  if (bias.rank() > x.rank())
    return n.refuse(Refusal::Rank, "expected a bias that broadcasts to the input");
  for (int64_t i = 1; i <= bias.rank(); ++i)
    e.check(e.equal(bias.dim(-i), 1) | e.equal(bias.dim(-i), x.dim(-i)),
            "the bias does not fit the input");
  Tensor out = n.result(0, x.dims(), x.type());
  IndexRef outer = x.dims().take_front(axis), row = x.dims().drop_front(axis);
  Tensor powers = e.allocate(row, DType::F32);
  e.loops(outer, [&](IndexRef p) {
    auto position = [&](IndexRef q) {
      Indices at(p);
      at.append(q.begin(), q.end());
      return at;
    };
    auto score = [&](IndexRef q) {
      Indices at = position(q);
      Scalar shift = bias.load(broadcastPosition(e, bias, at, x.dims()));
      return convert(x.load(at), Compute::F32) + convert(shift, Compute::F32);
    };
    Scalar most = e.foldOver(row, {e.f32(-HUGE_VAL)}, [&](IndexRef q, ArrayRef<Scalar> so) {
      return Scalars{max(so[0], score(q))};
    })[0];
    Scalar sum = e.foldOver(row, {e.f32(0)}, [&](IndexRef q, ArrayRef<Scalar> so) {
      Scalar power = math("exp", score(q) - most);
      powers.store(power, q);
      return Scalars{so[0] + power};
    })[0];
    e.loops(row, [&](IndexRef q) { out.store(powers.load(q) / sum, position(q)); });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"BiasAdd", 1, latestOpset, withInputs<3, biasAdd>, "com.microsoft"},
    {"BiasSoftmax", 1, latestOpset, withInputs<2, biasSoftmax>, "com.microsoft"},
    {"BiasSplitGelu", 1, latestOpset, withInputs<2, biasSplitGelu>, "com.microsoft"},
    {"GroupNorm", 1, latestOpset, withInputs<3, plainGroupNorm>, "com.microsoft"},
    {"SkipGroupNorm", 1, latestOpset, withInputs<4, skipGroupNorm>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribLayoutLowerings() { return rows; }
