//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of normalisations, softmax and lookups.
//
//===----------------------------------------------------------------------===//

#include "Model.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

static SmallVector<int64_t> axesBefore(int64_t last) {
  return llvm::to_vector(llvm::seq<int64_t>(0, last));
}

/// 1 / sqrt(x + epsilon).
static Value inverseRoot(Emitter &e, Value x, const APFloat &epsilon) {
  return e.unary<ReciprocalOp>(e.unary<SqrtOp>(e.offset(x, epsilon.convertToDouble())));
}

//===----------------------------------------------------------------------===//
// Batch norm
//===----------------------------------------------------------------------===//

/// y = (x - mean) r scale + bias with r = 1 / sqrt(variance + epsilon).
static LogicalResult pullBatchNorm(BatchNormOp op, Pullback &p) {
  Emitter &e = p.e;
  Value dy = p.cotangent, x = op.getInput();
  int64_t rank = tensorType(x).getRank();
  SmallVector<int64_t> perChannel = {shapeOf(x)[1]}, axes = {0};
  for (int64_t axis = 2; axis < rank; ++axis) {
    perChannel.push_back(1);
    axes.push_back(axis);
  }
  Value r = inverseRoot(e, op.getVariance(), op.getEpsilon());
  Value slope = e.mul(r, op.getScale());
  if (p.wants(0))
    p.gradients[0] = e.mul(dy, e.reshape(slope, perChannel));
  Value total;
  if (p.wants(2) || p.wants(3))
    total = e.sum(dy, axes, /*keepDims=*/false);
  if (p.wants(2))
    p.gradients[2] = total;
  if (p.wants(3))
    p.gradients[3] = e.unary<NegOp>(e.mul(total, slope));
  if (!p.wants(1) && !p.wants(4))
    return success();
  Value centered = e.sub(x, e.reshape(op.getMean(), perChannel));
  Value product = e.mul(e.sum(e.mul(dy, centered), axes, /*keepDims=*/false), r);
  if (p.wants(1))
    p.gradients[1] = product;
  if (p.wants(4)) // dr = -1/2 r^3 dvariance
    p.gradients[4] = e.scale(e.mul(product, e.mul(slope, r)), -0.5);
  return success();
}

//===----------------------------------------------------------------------===//
// Norms along the last axis
//===----------------------------------------------------------------------===//

/// The gradient of gain or bias: the sum over rows.
static Value sumRows(Emitter &e, Value x) {
  return e.sum(x, axesBefore(tensorType(x).getRank() - 1), /*keepDims=*/false);
}

/// For n = c r with r = 1 / sqrt(mean(c^2) + epsilon) and the cotangent dn:
/// dc = r (dn - n mean(dn n)).
static Value pullNormal(Emitter &e, Value dn, Value normal, Value r) {
  int64_t last = tensorType(normal).getRank() - 1;
  Value share = e.meanAlong(e.mul(dn, normal), last);
  return e.mul(e.sub(dn, e.mul(normal, share)), r);
}

static LogicalResult pullRMSNorm(RMSNormOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op.getInput(), dy = p.cotangent;
  Value r = inverseRoot(e, e.meanAlong(e.mul(x, x), tensorType(x).getRank() - 1), op.getEpsilon());
  Value normal = e.mul(x, r);
  if (op.getGain() && p.wants(1))
    p.gradients[1] = sumRows(e, e.mul(dy, normal));
  if (p.wants(0))
    p.gradients[0] = pullNormal(e, op.getGain() ? e.mul(dy, op.getGain()) : dy, normal, r);
  return success();
}

static LogicalResult pullLayerNorm(LayerNormOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op.getInput(), dy = p.cotangent;
  int64_t last = tensorType(x).getRank() - 1;
  unsigned gain = 1, bias = op.getGain() ? 2 : 1;
  if (op.getBias() && p.wants(bias))
    p.gradients[bias] = sumRows(e, dy);
  if (!p.wants(0) && !(op.getGain() && p.wants(gain)))
    return success();
  Value centered = e.sub(x, e.meanAlong(x, last));
  Value r = inverseRoot(e, e.meanAlong(e.mul(centered, centered), last), op.getEpsilon());
  Value normal = e.mul(centered, r);
  if (op.getGain() && p.wants(gain))
    p.gradients[gain] = sumRows(e, e.mul(dy, normal));
  if (p.wants(0)) {
    Value dn = op.getGain() ? e.mul(dy, op.getGain()) : dy;
    Value dc = pullNormal(e, dn, normal, r);
    p.gradients[0] = e.sub(dc, e.meanAlong(dc, last));
  }
  return success();
}

/// dx = y (dy - sum(dy y)).
static LogicalResult pullSoftmax(SoftmaxOp op, Pullback &p) {
  Emitter &e = p.e;
  Value y = op.getResult();
  Value product = e.mul(p.cotangent, y);
  Value share = e.sumAlong(product, static_cast<int64_t>(op.getAxis()));
  p.gradients[0] = e.sub(product, e.mul(y, share));
  return success();
}

/// Rows of the cotangent are added to the rows that were looked up.
static LogicalResult pullEmbedding(EmbeddingOp op, Pullback &p) {
  Emitter &e = p.e;
  if (!p.wants(0))
    return success();
  Value updates = e.matrix(p.cotangent);
  Value rows = e.reshape(op.getIndices(), {shapeOf(updates)[0], 1});
  Value zeros = e.splat(tensorType(op.getTable()), 0.0);
  p.gradients[0] =
      e.node("ScatterND", {zeros, rows, updates}, zeros.getType(), {e.text("reduction", "add")})
          .front();
  return success();
}

void quantc::nn::attachNormalizationGradients(MLIRContext *context) {
  BatchNormOp::attachInterface<Model<BatchNormOp, pullBatchNorm>>(*context);
  RMSNormOp::attachInterface<Model<RMSNormOp, pullRMSNorm>>(*context);
  LayerNormOp::attachInterface<Model<LayerNormOp, pullLayerNorm>>(*context);
  SoftmaxOp::attachInterface<Model<SoftmaxOp, pullSoftmax>>(*context);
  EmbeddingOp::attachInterface<Model<EmbeddingOp, pullEmbedding, 0b1>>(*context);
}
