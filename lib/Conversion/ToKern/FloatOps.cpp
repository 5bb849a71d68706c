//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float elementwise ops, pools, reductions and softmax.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

static LogicalResult emitUnary(Lowering &lowering, Operation *op, kern::UnaryKind kind,
                               float alpha = 0, float beta = 0) {
  Value in = lowering.denseInput(op->getOperand(0));
  if (!in)
    return op->emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, op->getResult(0), /*imageOrder=*/true);
  kern::UnaryF32Op::create(lowering.builder, op->getLoc(), out.memory, in, kind, APFloat(alpha),
                           APFloat(beta), kern::PartitionAttr());
  out.finish();
  return success();
}

static LogicalResult lowerRelu(Lowering &lowering, Operation *op) {
  return clampIsAbsorbed(op) ? success() : emitUnary(lowering, op, kern::UnaryKind::Relu);
}
static LogicalResult lowerClip(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::ClipOp>(operation);
  if (clampIsAbsorbed(op))
    return success();
  return emitUnary(lowering, op, kern::UnaryKind::Clip, op.getLo().convertToFloat(),
                   op.getHi().convertToFloat());
}
static LogicalResult lowerLeakyRelu(Lowering &lowering, Operation *op) {
  return emitUnary(lowering, op, kern::UnaryKind::LeakyRelu,
                   cast<nn::LeakyReluOp>(op).getAlpha().convertToFloat());
}
static LogicalResult lowerHardSigmoid(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::HardSigmoidOp>(operation);
  return emitUnary(lowering, op, kern::UnaryKind::HardSigmoid, op.getAlpha().convertToFloat(),
                   op.getBeta().convertToFloat());
}
template <kern::UnaryKind kind> static LogicalResult lowerUnary(Lowering &lowering, Operation *op) {
  return emitUnary(lowering, op, kind);
}

//===----------------------------------------------------------------------===//
// Binary and batch norm
//===----------------------------------------------------------------------===//

template <kern::BinaryKind kind>
static LogicalResult lowerBinary(Lowering &lowering, Operation *op) {
  Value lhs = alignedOperand(lowering, op->getOperand(0), op->getResult(0));
  Value rhs = alignedOperand(lowering, op->getOperand(1), op->getResult(0));
  if (!lhs || !rhs)
    return op->emitError("expected the operands to be computed before");
  Value out = lowering.output(op->getResult(0));
  kern::BinaryF32Op::create(lowering.builder, op->getLoc(), out, lhs, rhs, kind,
                            kern::PartitionAttr());
  return success();
}

//===----------------------------------------------------------------------===//
// Pools and reductions
//===----------------------------------------------------------------------===//

static LogicalResult lowerMaxPool(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::MaxPoolOp>(operation);
  PoolImage image(lowering, op.getInput(), op.getKernel(), op.getStrides(), op.getDilations(),
                  op.getPads());
  if (failed(image.check(op)))
    return failure();
  Value in = image.input();
  if (!in)
    return op.emitError("expected the input to be computed before");
  Value out = image.output(op.getResult());
  kern::MaxPoolOp::create(lowering.builder, op.getLoc(), out, in, image.kernel, image.strides,
                          image.dilations, image.pads, kern::PartitionAttr());
  image.finish();
  return success();
}

static LogicalResult lowerAvgPool(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::AvgPoolOp>(operation);
  PoolImage image(lowering, op.getInput(), op.getKernel(), op.getStrides(), op.getDilations(),
                  op.getPads());
  if (failed(image.check(op)))
    return failure();
  Value in = image.input();
  if (!in)
    return op.emitError("expected the input to be computed before");
  Value out = image.output(op.getResult());
  kern::AvgPoolF32Op::create(lowering.builder, op.getLoc(), out, in, image.kernel, image.strides,
                             image.dilations, image.pads, op.getCountIncludePad(),
                             kern::PartitionAttr());
  image.finish();
  return success();
}

static LogicalResult lowerReduceMean(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::ReduceMeanOp>(operation);
  ReducedAxes reduced(lowering, op.getInput(), op.getAxes());
  if (!reduced.memory)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, op.getResult(), reduced.keepsImageOrder);
  kern::ReduceMeanF32Op::create(
      lowering.builder, op.getLoc(), lowering.reshape(out.memory, {reduced.outer, reduced.inner}),
      lowering.reshape(reduced.memory, {reduced.outer, reduced.axis, reduced.inner}),
      kern::PartitionAttr());
  out.finish();
  return success();
}

static LogicalResult lowerSoftmax(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::SoftmaxOp>(operation);
  Value in = lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getType()).getShape();
  int64_t outer = 1, inner = 1, axis = int64_t(op.getAxis());
  for (auto [i, size] : llvm::enumerate(shape))
    (int64_t(i) < axis ? outer : inner) *= int64_t(i) == axis ? 1 : size;
  RowMajorOutput out(lowering, op.getResult());
  SmallVector<int64_t> view = {outer, shape[axis], inner};
  kern::SoftmaxF32Op::create(lowering.builder, op.getLoc(), lowering.reshape(out.memory, view),
                             lowering.reshape(in, view), kern::PartitionAttr());
  out.finish();
  return success();
}

void quantc::tokern::addFloatOps(HandlerMap &handlers) {
  handlers["nn.relu"] = lowerRelu;
  handlers["nn.clip"] = lowerClip;
  handlers["nn.leaky_relu"] = lowerLeakyRelu;
  handlers["nn.hard_sigmoid"] = lowerHardSigmoid;
  handlers["nn.hard_swish"] = lowerUnary<kern::UnaryKind::HardSwish>;
  handlers["nn.sigmoid"] = lowerUnary<kern::UnaryKind::Sigmoid>;
  handlers["nn.tanh"] = lowerUnary<kern::UnaryKind::Tanh>;
  handlers["nn.exp"] = lowerUnary<kern::UnaryKind::Exp>;
  handlers["nn.abs"] = lowerUnary<kern::UnaryKind::Abs>;
  handlers["nn.neg"] = lowerUnary<kern::UnaryKind::Neg>;
  handlers["nn.sqrt"] = lowerUnary<kern::UnaryKind::Sqrt>;
  handlers["nn.erf"] = lowerUnary<kern::UnaryKind::Erf>;
  handlers["nn.reciprocal"] = lowerUnary<kern::UnaryKind::Reciprocal>;
  handlers["nn.gelu"] = lowerUnary<kern::UnaryKind::Gelu>;
  handlers["nn.add"] = lowerBinary<kern::BinaryKind::Add>;
  handlers["nn.sub"] = lowerBinary<kern::BinaryKind::Sub>;
  handlers["nn.mul"] = lowerBinary<kern::BinaryKind::Mul>;
  handlers["nn.div"] = lowerBinary<kern::BinaryKind::Div>;
  handlers["nn.max_pool"] = lowerMaxPool;
  handlers["nn.avg_pool"] = lowerAvgPool;
  handlers["nn.reduce_mean"] = lowerReduceMean;
  handlers["nn.softmax"] = lowerSoftmax;
}
