//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float convolutions, linear layers and matrix products, each with the clamp behind it.
//
//===----------------------------------------------------------------------===//

#include "FloatWeights.h"
#include "Requantize.h"
#include "quantc/Kernels/Packing.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

namespace {
/// Where a contraction writes, and the clamp it applies.
struct FloatDestination {
  Value tensor;
  FloatAttr lo, hi;
};
} // namespace

static FloatDestination destination(Lowering &lowering, Operation *op) {
  FloatDestination result{op->getResult(0), {}, {}};
  if (!result.tensor.hasOneUse())
    return result;
  Operation *user = *result.tensor.user_begin();
  auto quantizable = dyn_cast<QuantizableOpInterface>(user);
  if (!quantizable)
    return result;
  if (auto bounds = quantizable.getClampBounds()) {
    Type f32 = lowering.builder.getF32Type();
    result.tensor = user->getResult(0);
    result.lo = FloatAttr::get(f32, bounds->first);
    result.hi = FloatAttr::get(f32, bounds->second);
  }
  return result;
}

bool quantc::tokern::clampIsAbsorbed(Operation *clamp) {
  Operation *producer = clamp->getOperand(0).getDefiningOp();
  return producer && isa<LinearMapOpInterface>(producer) && clamp->getOperand(0).hasOneUse();
}

/// On a GPU, which packs weights for its own tiles: constants in natural order.
static LogicalResult emitNaturalConv(Lowering &lowering, LinearMapOpInterface op,
                                     const FloatDestination &to, Value in, Value out,
                                     const kernels::ConvShape &shape, bool depthwise) {
  OpBuilder &b = lowering.builder;
  SmallVector<int64_t> kernel = {shape.kernelH, shape.kernelW};
  SmallVector<int64_t> strides = {shape.strideH, shape.strideW};
  SmallVector<int64_t> dilations = {shape.dilH, shape.dilW};
  int64_t channels = shape.groups * shape.groupN;
  FailureOr<std::vector<float>> weight = lowering.floats(op, op.getWeightOperand().get());
  FailureOr<Value> bias = packedBias(lowering, op, channels, channels);
  if (failed(weight) || failed(bias))
    return failure();
  Value constant =
      lowering.constant(b.getF32Type(), naturalWeights(*weight, channels, kernel[0] * kernel[1]));
  if (depthwise)
    kern::DepthwiseConvF32Op::create(b, op.getLoc(), out, in, constant, *bias, kernel, strides,
                                     dilations, to.lo, to.hi, /*natural=*/true,
                                     kern::PartitionAttr());
  else
    kern::ConvF32Op::create(b, op.getLoc(), out, in, constant, *bias, kernel, strides, dilations,
                            shape.groups, to.lo, to.hi, /*natural=*/true, kern::PartitionAttr());
  return success();
}

static LogicalResult emitConv(Lowering &lowering, LinearMapOpInterface op,
                              const FloatDestination &to, Value in, Value out,
                              ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                              ArrayRef<int64_t> dilations, int64_t groups) {
  OpBuilder &b = lowering.builder;
  int64_t inChannels = typeOf(in).getDimSize(3), channels = typeOf(out).getDimSize(3);
  bool depthwise = groups > 1 && groups == channels && inChannels == channels;
  kernels::ConvShape shape;
  shape.kernelH = kernel[0];
  shape.kernelW = kernel[1];
  shape.strideH = strides[0];
  shape.strideW = strides[1];
  shape.dilH = dilations[0];
  shape.dilW = dilations[1];
  shape.groups = groups;
  shape.groupC = inChannels / groups;
  shape.groupN = channels / groups;
  shape.inRowStride = kern::getStrides(in.getType())[1];
  shape.inPixelStride = kern::getStrides(in.getType())[2];
  if (lowering.natural)
    return emitNaturalConv(lowering, op, to, in, out, shape, depthwise);
  FailureOr<Value> weight = depthwise ? packedDepthwiseWeight(lowering, op, shape)
                                      : packedConvWeight(lowering, op, shape);
  int64_t padded = depthwise ? channels : kernels::convChannels(groups, shape.groupN);
  FailureOr<Value> bias = packedBias(lowering, op, channels, padded);
  if (failed(weight) || failed(bias))
    return failure();
  if (depthwise)
    kern::DepthwiseConvF32Op::create(b, op.getLoc(), out, in, *weight, *bias, kernel, strides,
                                     dilations, to.lo, to.hi, /*natural=*/false,
                                     kern::PartitionAttr());
  else
    kern::ConvF32Op::create(b, op.getLoc(), out, in, *weight, *bias, kernel, strides, dilations,
                            groups, to.lo, to.hi, /*natural=*/false, kern::PartitionAttr());
  return success();
}

static LogicalResult lowerConv(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::ConvOp>(operation);
  FloatDestination to = destination(lowering, op);
  ConvImage image(lowering, op.getInput(), op.getStrides(), op.getDilations(), op.getPads(),
                  cast<RankedTensorType>(op.getWeight().getType()).getShape());
  if (failed(image.check(op)))
    return failure();
  Value in = image.input(0);
  if (!in)
    return op.emitError("expected the input to be computed before");
  Value out = image.output(to.tensor);
  if (op.getGroups() == 1)
    mergePixels(lowering, in, out, image.kernel, image.strides);
  if (failed(emitConv(lowering, cast<LinearMapOpInterface>(operation), to, in, out, image.kernel,
                      image.strides, image.dilations, op.getGroups())))
    return failure();
  image.finish();
  return success();
}

static LogicalResult lowerLinear(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::LinearOp>(operation);
  FloatDestination to = destination(lowering, op);
  Value in = lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, to.tensor);
  ArrayRef<int64_t> weightShape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t rows = typeOf(in).getNumElements() / weightShape[1];
  if (failed(emitConv(lowering, cast<LinearMapOpInterface>(operation), to,
                      lowering.reshape(in, {1, 1, rows, weightShape[1]}),
                      lowering.reshape(out.memory, {1, 1, rows, weightShape[0]}), {1, 1}, {1, 1},
                      {1, 1}, 1)))
    return failure();
  out.finish();
  return success();
}

static LogicalResult lowerMatMul(Lowering &lowering, Operation *operation) {
  auto op = cast<nn::MatMulOp>(operation);
  RowMajorOutput out(lowering, op.getResult());
  std::optional<MatMulViews> views = matMulViews(lowering, op, out.memory);
  if (!views)
    return failure();
  kern::MatMulF32Op::create(lowering.builder, op.getLoc(), views->out, views->lhs, views->rhs,
                            kern::PartitionAttr());
  out.finish();
  return success();
}

static std::optional<WantedBorder> borderOfConv(Lowering &, Operation *op) {
  auto conv = cast<nn::ConvOp>(op);
  return WantedBorder{conv.getInput(), conv.getPads(), 0};
}

void quantc::tokern::addFloatContractions(HandlerMap &handlers) {
  handlers["nn.conv"] = {lowerConv, borderOfConv};
  handlers["nn.linear"] = lowerLinear;
  handlers["nn.matmul"] = lowerMatMul;
}
