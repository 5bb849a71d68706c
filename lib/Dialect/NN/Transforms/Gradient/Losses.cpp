//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Losses; see Losses.h.
//
//===----------------------------------------------------------------------===//

#include "Losses.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

RankedTensorType quantc::nn::lossArgumentType(Loss loss, RankedTensorType type) {
  if (loss != Loss::CrossEntropy)
    return loss == Loss::KL && type.getRank() == 0 ? RankedTensorType() : type;
  if (type.getRank() == 0)
    return {};
  auto element = IntegerType::get(type.getContext(), 64, IntegerType::Signed);
  return RankedTensorType::get(type.getShape().drop_back(), element);
}

StringRef quantc::nn::lossArgumentName(Loss loss) {
  switch (loss) {
  case Loss::MeanSquare:
  case Loss::KL:
    return "target";
  case Loss::CrossEntropy:
    return "labels";
  case Loss::Cotangent:
    return "cotangent";
  }
  llvm_unreachable("a loss that is none");
}

/// The sum of all elements times `factor`, rows first: [1].
static Value total(Emitter &e, Value x, double factor) {
  Value rows = e.sum(e.matrix(x), {1}, /*keepDims=*/false);
  Value sum = e.reshape(e.sum(rows, {0}, /*keepDims=*/false), {1});
  return factor == 1.0 ? sum : e.scale(sum, factor);
}

static LossParts meanSquare(Emitter &e, const GradientOptions &options, Value y, Value target) {
  double share = options.mean ? 1.0 / static_cast<double>(tensorType(y).getNumElements()) : 1.0;
  Value difference = e.sub(y, target);
  return {total(e, e.mul(difference, difference), share), e.scale(difference, 2.0 * share)};
}

static Value logSoftmax(Emitter &e, Value rows) {
  return e.node("LogSoftmax", rows, rows.getType(), e.integer("axis", 1)).front();
}

/// The cotangent of KL(p || q) is q - p.
static LossParts divergence(Emitter &e, const GradientOptions &options, Value y, Value target) {
  Value logits = e.matrix(y);
  double share = options.mean ? 1.0 / static_cast<double>(shapeOf(logits)[0]) : 1.0;
  Value logQ = logSoftmax(e, logits), logP = logSoftmax(e, e.matrix(target));
  Value p = e.unary<ExpOp>(logP);
  Value loss = total(e, e.mul(p, e.sub(logP, logQ)), share);
  Value cotangent = e.sub(e.unary<ExpOp>(logQ), p);
  return {loss, e.reshape(share == 1.0 ? cotangent : e.scale(cotangent, share), shapeOf(y))};
}

/// The cotangent is softmax(y) - onehot(label).
static LossParts crossEntropy(Emitter &e, const GradientOptions &options, Value y, Value argument) {
  Value logits = e.matrix(y);
  int64_t rows = shapeOf(logits)[0];
  Value labels = e.reshape(argument, {rows});
  Type scalar = tensorType(y).clone(ArrayRef<int64_t>());
  Value loss = e.node("SoftmaxCrossEntropyLoss", {logits, labels}, scalar,
                      {e.text("reduction", options.mean ? "mean" : "sum"),
                       e.integer("ignore_index", options.ignoreIndex)})
                   .front();
  Type mask = tensorType(labels).clone(e.builder.getI1Type());
  Value ignored = e.node("Equal", {labels, e.integers({options.ignoreIndex})}, mask).front();
  Value places = e.node("Where", {ignored, e.integers({0}), labels}, labels.getType()).front();
  RankedTensorType column = tensorType(y).clone({rows, 1});
  Value q = SoftmaxOp::create(e.builder, e.loc, logits.getType(), logits, 1);
  Value difference =
      e.node("ScatterElements", {q, e.reshape(places, {rows, 1}), e.splat(column, -1.0)},
             q.getType(), {e.integer("axis", 1), e.text("reduction", "add")})
          .front();
  Value one = e.number(y, 1.0), zero = e.number(y, 0.0);
  Value counts = e.where(e.reshape(ignored, {rows, 1}), zero, one);
  if (options.mean)
    counts = e.div(counts, e.sum(counts, {0}, /*keepDims=*/true));
  return {e.reshape(loss, {1}), e.reshape(e.mul(difference, counts), shapeOf(y))};
}

LossParts quantc::nn::emitLoss(Emitter &e, const GradientOptions &options, Value output,
                               Value argument) {
  switch (options.loss) {
  case Loss::MeanSquare:
    return meanSquare(e, options, output, argument);
  case Loss::KL:
    return divergence(e, options, output, argument);
  case Loss::CrossEntropy:
    return crossEntropy(e, options, output, argument);
  case Loss::Cotangent:
    return {total(e, e.mul(output, argument), 1.0), argument};
  }
  llvm_unreachable("a loss that is none");
}
