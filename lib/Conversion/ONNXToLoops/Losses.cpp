//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loss functions.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// Class scores as [batch, classes, rest] and labels as [batch, rest].
struct Classes {
  Tensor scores, labels, weights;
  std::optional<int64_t> ignored;
};
} // namespace

static FailureOr<Classes> readClasses(NodeLowering &n) {
  Tensor scores = n.in(0), labels = n.in(1);
  if (scores.rank() < 2 || labels.rank() != scores.rank() - 1)
    return n.refuse(Refusal::Rank, "expected scores [N, C, ...] and labels [N, ...]");
  Classes c;
  Index rest = product(scores.dims().drop_front(2));
  n.e.check(n.e.equal(labels.count(), scores.dim(0) * rest), "labels and scores differ in size");
  c.scores = scores.reshaped({scores.dim(0), scores.dim(1), rest});
  c.labels = labels.reshaped({scores.dim(0), rest});
  c.weights = n.in(2);
  if (c.weights && c.weights.rank() != 1)
    return n.refuse(Refusal::Rank, "expected the weights in a vector");
  if (c.weights)
    n.e.check(n.e.equal(c.weights.dim(0), scores.dim(1)), "expected a weight for each class");
  if (n.node.getInt("ignore_index"))
    c.ignored = n.attr("ignore_index", int64_t(0));
  return c;
}

/// Losses -score(label) * weight(label), and their reduction as result 0. `score` is the logarithm
/// of a probability at [batch, class, rest].
static LogicalResult reduceLosses(NodeLowering &n, const Classes &c, const Tensor &score) {
  Emitter &e = n.e;
  std::string reduction = n.attr("reduction", "mean");
  DType type = n.in(0).type();
  Compute kind = c.scores.kind();
  Tensor each =
      reduction == "none" ? n.result(0, n.in(1).dims(), type).reshaped(c.labels.dims()) : Tensor();
  Scalar zero = e.constant(0, kind);
  Scalars sums = e.foldOver(c.labels.dims(), {zero, zero}, [&](IndexRef p, ArrayRef<Scalar> so) {
    Scalar label = convert(c.labels.load(p), Compute::I64);
    Scalar skipped = c.ignored ? label == double(*c.ignored) : e.boolean(false);
    Scalar safe = select(skipped, e.i64(0), label);
    Index place = wrapIndex(e, safe, c.scores.dim(1));
    Scalar weight = c.weights ? c.weights.load({place}) : e.constant(1, kind);
    weight = select(skipped, zero, weight);
    Scalar loss = select(skipped, zero, -score.load({p[0], place, p[1]}) * weight);
    if (each)
      each.store(loss, p);
    return Scalars{so[0] + loss, so[1] + weight};
  });
  if (each)
    return success();
  if (reduction != "sum" && reduction != "mean")
    return n.refuse(Refusal::AttributeValue, "expected reduction none, sum or mean");
  n.result(0, {}, type).store(reduction == "sum" ? sums[0] : sums[0] / sums[1], {});
  return success();
}

static LogicalResult negativeLogLikelihood(NodeLowering &n) {
  FailureOr<Classes> c = readClasses(n);
  if (failed(c))
    return failure();
  return reduceLosses(n, *c, c->scores);
}

static LogicalResult softmaxCrossEntropy(NodeLowering &n) {
  FailureOr<Classes> c = readClasses(n);
  if (failed(c))
    return failure();
  Emitter &e = n.e;
  Tensor logs = e.allocate(n.in(0).dims(), n.in(0).type());
  if (n.wants(1))
    n.bind(1, logs);
  logs = logs.reshaped(c->scores.dims());
  Index classes = c->scores.dim(1);
  e.loops({c->scores.dim(0), c->scores.dim(2)}, [&](IndexRef at) {
    auto score = [&](Index i) { return c->scores.load({at[0], i, at[1]}); };
    Scalar peak =
        e.fold(classes, {e.constant(-HUGE_VAL, logs.kind())},
               [&](Index i, ArrayRef<Scalar> so) { return Scalars{max(so[0], score(i))}; })[0];
    Scalar sum = e.fold(classes, {e.constant(0, logs.kind())}, [&](Index i, ArrayRef<Scalar> so) {
      return Scalars{so[0] + math("exp", score(i) - peak)};
    })[0];
    Scalar shift = peak + math("log", sum);
    e.loop(classes, [&](Index i) { logs.store(score(i) - shift, {at[0], i, at[1]}); });
  });
  return reduceLosses(n, *c, logs);
}

static const LoweringRow rows[] = {
    {"NegativeLogLikelihoodLoss", 12, latestOpset, withInputs<2, negativeLogLikelihood>},
    {"SoftmaxCrossEntropyLoss", 12, latestOpset, withInputs<2, softmaxCrossEntropy>},
};

ArrayRef<LoweringRow> quantc::toloops::lossesLowerings() { return rows; }
