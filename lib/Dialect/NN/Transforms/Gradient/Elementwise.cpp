//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of elementwise ops. At a kink the derivative is that of the constant side, where
// there is one, else that of the left side, but 0 for |x|.
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

static LogicalResult pullAdd(AddOp op, Pullback &p) {
  for (unsigned i = 0; i < 2; ++i)
    if (p.wants(i))
      p.gradients[i] = p.e.sumTo(p.cotangent, shapeOf(op->getOperand(i)));
  return success();
}

static LogicalResult pullSub(SubOp op, Pullback &p) {
  if (p.wants(0))
    p.gradients[0] = p.e.sumTo(p.cotangent, shapeOf(op.getLhs()));
  if (p.wants(1))
    p.gradients[1] = p.e.unary<NegOp>(p.e.sumTo(p.cotangent, shapeOf(op.getRhs())));
  return success();
}

static LogicalResult pullMul(MulOp op, Pullback &p) {
  if (p.wants(0))
    p.gradients[0] = p.e.sumTo(p.e.mul(p.cotangent, op.getRhs()), shapeOf(op.getLhs()));
  if (p.wants(1))
    p.gradients[1] = p.e.sumTo(p.e.mul(p.cotangent, op.getLhs()), shapeOf(op.getRhs()));
  return success();
}

/// d(a / b) = da / b - (a / b) db / b.
static LogicalResult pullDiv(DivOp op, Pullback &p) {
  Value quotient = p.e.div(p.cotangent, op.getRhs());
  if (p.wants(0))
    p.gradients[0] = p.e.sumTo(quotient, shapeOf(op.getLhs()));
  if (p.wants(1)) {
    Value product = p.e.mul(quotient, op.getResult());
    p.gradients[1] = p.e.unary<NegOp>(p.e.sumTo(product, shapeOf(op.getRhs())));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Clamps and their like
//===----------------------------------------------------------------------===//

/// The result tells, so that a clamp may go on being part of what is in front of it.
static Value pullRelu(ReluOp op, Emitter &e, Value dy) { return e.mul(dy, e.step(op.getResult())); }

/// 1 where lo < y < hi, else 0.
static Value pullBetween(Emitter &e, Value dy, Value y, double lo, double hi) {
  if (!std::isinf(lo) || lo > 0)
    dy = e.mul(dy, e.step(lo == 0 ? y : e.offset(y, -lo)));
  if (!std::isinf(hi) || hi < 0)
    dy = e.mul(dy, e.step(e.offset(e.unary<NegOp>(y), hi)));
  return dy;
}

static Value pullClip(ClipOp op, Emitter &e, Value dy) {
  return pullBetween(e, dy, op.getResult(), op.getLo().convertToDouble(),
                     op.getHi().convertToDouble());
}

static Value pullLeakyRelu(LeakyReluOp op, Emitter &e, Value dy) {
  Value positive = e.mul(dy, e.step(op.getInput()));
  return e.add(positive, e.scale(e.sub(dy, positive), op.getAlpha().convertToDouble()));
}

static Value pullHardSigmoid(HardSigmoidOp op, Emitter &e, Value dy) {
  // In this order: a cotangent times the slope of a step, 2^127, may overflow.
  return e.scale(pullBetween(e, dy, op.getResult(), 0.0, 1.0), op.getAlpha().convertToDouble());
}

/// 0 up to -3, x / 3 + 1/2, 1 from 3 on.
static Value pullHardSwish(HardSwishOp op, Emitter &e, Value dy) {
  Value x = e.unary<ClipOp>(op.getInput(), APFloat(-3.0f), APFloat(3.0f));
  Value below = e.step(e.offset(e.unary<NegOp>(x), 3.0));
  Value slope = e.add(e.scale(x, 1.0 / 3.0), e.scale(below, 0.5));
  return e.mul(e.mul(dy, slope), e.step(e.offset(x, 3.0)));
}

static Value pullAbs(AbsOp op, Emitter &e, Value dy) {
  Value x = op.getInput();
  return e.mul(dy, e.sub(e.step(x), e.step(e.unary<NegOp>(x))));
}

//===----------------------------------------------------------------------===//
// Smooth functions
//===----------------------------------------------------------------------===//

static Value pullSigmoid(SigmoidOp op, Emitter &e, Value dy) {
  Value y = op.getResult();
  return e.mul(dy, e.sub(y, e.mul(y, y)));
}
static Value pullTanh(TanhOp op, Emitter &e, Value dy) {
  Value y = op.getResult();
  return e.sub(dy, e.mul(dy, e.mul(y, y)));
}
static Value pullExp(ExpOp op, Emitter &e, Value dy) { return e.mul(dy, op.getResult()); }
static Value pullNeg(NegOp, Emitter &e, Value dy) { return e.unary<NegOp>(dy); }
static Value pullSqrt(SqrtOp op, Emitter &e, Value dy) {
  return e.div(e.scale(dy, 0.5), op.getResult());
}
static Value pullReciprocal(ReciprocalOp op, Emitter &e, Value dy) {
  Value y = op.getResult();
  return e.unary<NegOp>(e.mul(dy, e.mul(y, y)));
}

/// factor * exp(-x^2 * rate).
static Value bell(Emitter &e, Value x, double factor, double rate) {
  return e.scale(e.unary<ExpOp>(e.scale(e.mul(x, x), -rate)), factor);
}
static Value pullErf(ErfOp op, Emitter &e, Value dy) {
  return e.mul(dy, bell(e, op.getInput(), 2.0 / std::sqrt(M_PI), 1.0));
}

/// x P(x) has the derivative P(x) + x p(x), with P and p of the normal distribution.
static Value pullGelu(GeluOp op, Emitter &e, Value dy) {
  Value x = op.getInput();
  Value erf = e.unary<ErfOp>(e.scale(x, std::sqrt(0.5)));
  Value below = e.scale(e.offset(erf, 1.0), 0.5);
  Value density = bell(e, x, 1.0 / std::sqrt(2.0 * M_PI), 0.5);
  return e.mul(dy, e.add(below, e.mul(x, density)));
}

template <typename Op, Value (*fn)(Op, Emitter &, Value)> static void attach(MLIRContext *context) {
  Op::template attachInterface<Model<Op, pullUnary<Op, fn>>>(*context);
}

void quantc::nn::attachElementwiseGradients(MLIRContext *context) {
  AddOp::attachInterface<Model<AddOp, pullAdd>>(*context);
  SubOp::attachInterface<Model<SubOp, pullSub>>(*context);
  MulOp::attachInterface<Model<MulOp, pullMul>>(*context);
  DivOp::attachInterface<Model<DivOp, pullDiv>>(*context);
  attach<ReluOp, pullRelu>(context);
  attach<ClipOp, pullClip>(context);
  attach<LeakyReluOp, pullLeakyRelu>(context);
  attach<HardSigmoidOp, pullHardSigmoid>(context);
  attach<HardSwishOp, pullHardSwish>(context);
  attach<AbsOp, pullAbs>(context);
  attach<SigmoidOp, pullSigmoid>(context);
  attach<TanhOp, pullTanh>(context);
  attach<ExpOp, pullExp>(context);
  attach<NegOp, pullNeg>(context);
  attach<SqrtOp, pullSqrt>(context);
  attach<ReciprocalOp, pullReciprocal>(context);
  attach<ErfOp, pullErf>(context);
  attach<GeluOp, pullGelu>(context);
}
