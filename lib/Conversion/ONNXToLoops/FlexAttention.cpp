//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FlexAttention (ai.onnx.preview): attention whose scores and probabilities pass through graphs of
// the model.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// What the graph `name` makes of a tensor; the tensor itself where there is none.
static FailureOr<Tensor> modified(NodeLowering &n, StringRef name, Tensor tensor) {
  Region *body = n.node.getGraph(name);
  if (!body || body->empty())
    return tensor;
  FailureOr<SmallVector<Tensor>> results = n.lowerBody(*body, {tensor});
  if (failed(results))
    return failure();
  if (results->size() != 1 || results->front().rank() != 4)
    return n.refuse(Refusal::Output, "expected '" + name + "' to give one tensor of rank 4");
  for (auto [own, wanted] : llvm::zip_equal(results->front().dims(), tensor.dims()))
    n.e.check(n.e.equal(own, wanted), "a graph changes the shape of the scores");
  return results->front();
}

/// Rows of the last axis, in place.
static void softmaxRows(Emitter &e, const Tensor &x, const Tensor &y) {
  e.loops(x.dims().drop_back(), [&](IndexRef p) {
    auto at = [&](Index j) {
      Indices place(p);
      place.push_back(j);
      return place;
    };
    Scalar peak =
        e.fold(x.dim(-1), {e.constant(-HUGE_VAL, x.kind())},
               [&](Index j, ArrayRef<Scalar> so) { return Scalars{max(so[0], x.load(at(j)))}; })[0];
    Scalar sum = e.fold(x.dim(-1), {e.constant(0, x.kind())}, [&](Index j, ArrayRef<Scalar> so) {
      return Scalars{so[0] + math("exp", x.load(at(j)) - peak)};
    })[0];
    e.loop(x.dim(-1), [&](Index j) { y.store(math("exp", x.load(at(j)) - peak) / sum, at(j)); });
  });
}

static LogicalResult flexAttention(NodeLowering &n) {
  Tensor q = n.in(0), k = n.in(1), v = n.in(2);
  Emitter &e = n.e;
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4)
    return n.refuse(Refusal::Rank, "expected query, key and value of rank 4");
  Index repeat = q.dim(1) / max(k.dim(1), 1);
  e.check(e.equal(k.dim(1) * repeat, q.dim(1)) & e.equal(k.dim(3), q.dim(3)) &
              e.equal(k.dim(0), q.dim(0)) & e.equal(v.dim(0), q.dim(0)) &
              e.equal(v.dim(1), k.dim(1)) & e.equal(v.dim(2), k.dim(2)),
          "sizes of query, key and value do not fit each other");
  DType precision = q.kind() == Compute::F64 ? DType::F64 : DType::F32;
  if (n.node.getInt("softmax_precision")) {
    std::optional<DType> given = dtypeFromOnnxCode(n.attr("softmax_precision", int64_t(1)));
    if (!given || !quantc::isFloat(*given))
      return n.refuse(Refusal::ElementType, "expected softmax_precision to be a float type");
    precision = *given;
  }
  // Both factors take the root of the scale, rounded to their type.
  Scalar scale = n.node.getFloat("scale")
                     ? e.f32(n.attr("scale", 1.0))
                     : 1.0 / math("sqrt", convert(e.toScalar(q.dim(3)), Compute::F32));
  Scalar root = roundTo(math("sqrt", scale), q.type());
  Tensor scores = e.allocate({q.dim(0), q.dim(1), q.dim(2), k.dim(2)}, precision);
  e.loops(scores.dims(), [&](IndexRef p) {
    Scalar dot = e.fold(q.dim(3), {e.constant(0, q.kind())}, [&](Index d, ArrayRef<Scalar> so) {
      Scalar a = q.load({p[0], p[1], p[2], d}) * root;
      return Scalars{so[0] + a * (k.load({p[0], p[1] / max(repeat, 1), p[3], d}) * root)};
    })[0];
    scores.store(dot, p);
  });
  FailureOr<Tensor> changed = modified(n, "score_mod", scores);
  if (failed(changed))
    return failure();
  Tensor chances = e.allocate(scores.dims(), precision);
  softmaxRows(e, *changed, chances);
  changed = modified(n, "prob_mod", chances);
  if (failed(changed))
    return failure();
  Tensor out = n.result(0, {q.dim(0), q.dim(1), q.dim(2), v.dim(3)}, v.type());
  e.loops(out.dims(), [&](IndexRef p) {
    Compute kind = changed->kind();
    Scalar sum = e.fold(k.dim(2), {e.constant(0, kind)}, [&](Index j, ArrayRef<Scalar> so) {
      Scalar value = convert(v.load({p[0], p[1] / max(repeat, 1), j, p[3]}), kind);
      return Scalars{so[0] + changed->load({p[0], p[1], p[2], j}) * value};
    })[0];
    out.store(sum, p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"FlexAttention", 1, latestOpset, withInputs<3, flexAttention>, "ai.onnx.preview"},
};

ArrayRef<LoweringRow> quantc::toloops::flexAttentionLowerings() { return rows; }
