//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer convolutions, linear layers and pools, each with the requantization behind it.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"
#include "quantc/Kernels/Packing.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

//===----------------------------------------------------------------------===//
// Ranges and requantization data
//===----------------------------------------------------------------------===//

namespace quantc::tokern {

numerics::IntRange typeRange(Type tensor) {
  auto type = cast<IntegerType>(cast<RankedTensorType>(tensor).getElementType());
  int64_t one = 1, width = type.getWidth();
  if (type.isUnsigned())
    return {0, (one << width) - 1};
  return {-(one << (width - 1)), (one << (width - 1)) - 1};
}

std::vector<numerics::IntRange> accumulatorRanges(Lowering &lowering, Operation *op) {
  std::vector<IntTensor> constants(op->getNumOperands());
  SmallVector<OperandRange> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    OperandRange range{typeRange(operand.getType()), nullptr};
    if (std::optional<std::vector<int64_t>> values = readIntegers(lowering.constantOf(operand))) {
      ArrayRef<int64_t> shape = cast<RankedTensorType>(operand.getType()).getShape();
      constants[i] = IntTensor(std::vector<int64_t>(shape.begin(), shape.end()));
      for (size_t k = 0; k < values->size(); ++k)
        constants[i].data[k] = int32_t((*values)[k]);
      range.constant = &constants[i];
      if (!values->empty())
        range.range = {*llvm::min_element(*values), *llvm::max_element(*values)};
    }
    operands.push_back(range);
  }
  ResultRange result = cast<IntegerSemantics>(op).inferRange(operands);
  if (!result.channels.empty())
    return result.channels;
  return {result.range};
}

static bool isKernelRounding(dyad::Rounding rounding, bool onnx) {
  return rounding == dyad::Rounding::HalfUp || (onnx && rounding == dyad::Rounding::OnnxRne);
}

dyad::RequantizeOp absorbingRequantize(Value accumulator, bool onnx) {
  if (!accumulator.hasOneUse())
    return {};
  auto requantize = dyn_cast<dyad::RequantizeOp>(*accumulator.user_begin());
  if (!requantize || requantize.getInput() != accumulator ||
      !isKernelRounding(requantize.getRounding(), onnx))
    return {};
  return requantize;
}

EpilogueData epilogueFor(Lowering &lowering, ArrayRef<numerics::IntRange> ranges,
                         const Rescale &rescale) {
  if (rescale.onnxScales.empty())
    return lowering.chooseEpilogue(ranges, rescale.dyadics, rescale.zeroPoint, rescale.lo,
                                   rescale.hi);
  EpilogueData data;
  data.kind = kern::Epilogue::Onnx;
  data.scales = rescale.onnxScales;
  return data;
}

FailureOr<Rescale> readRescale(Lowering &lowering, dyad::RequantizeOp op, bool onnx) {
  FailureOr<std::vector<int64_t>> multipliers = lowering.integers(op, op.getMultiplier());
  FailureOr<std::vector<int64_t>> shifts = lowering.integers(op, op.getShift());
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  FailureOr<int64_t> inputZeroPoint = lowering.scalar(op, op.getInputZeroPoint());
  if (failed(multipliers) || failed(shifts) || failed(zeroPoint) || failed(inputZeroPoint))
    return failure();
  bool isOnnx = op.getRounding() == dyad::Rounding::OnnxRne;
  if (!isKernelRounding(op.getRounding(), onnx) ||
      (isOnnx && (lowering.natural || lowering.strict)))
    return op.emitError("expected rounding half_up, but found ")
           << dyad::stringifyRounding(op.getRounding())
           << (isOnnx ? ": dyad-requantize-to-dyadic{all} replaces it" : "");
  Rescale rescale;
  if (isOnnx) {
    for (int64_t bits : *multipliers)
      rescale.onnxScales.push_back(llvm::bit_cast<float>(int32_t(bits)));
    multipliers->clear();
    shifts->clear();
  }
  for (auto [m, s] : llvm::zip_equal(*multipliers, *shifts)) {
    numerics::Dyadic d{int32_t(m), int32_t(s)};
    if (!numerics::isLegal(d))
      return op.emitError("expected an odd 24-bit multiplier and a shift of 1..62, but found ")
             << m << " and " << s;
    rescale.dyadics.push_back(d);
  }
  Type type = op.getType();
  rescale.inputZeroPoint = *inputZeroPoint;
  rescale.zeroPoint = Lowering::stored(type, *zeroPoint);
  rescale.lo = Lowering::stored(type, int32_t(op.getClampLo()));
  rescale.hi = Lowering::stored(type, int32_t(op.getClampHi()));
  return rescale;
}

} // namespace quantc::tokern

//===----------------------------------------------------------------------===//
// Convolution and linear
//===----------------------------------------------------------------------===//

namespace {
/// The integer operands of a contraction; `bias` has the zero point folded in.
struct Contraction {
  std::vector<int8_t> weight;
  std::vector<int32_t> bias;
  int64_t zeroPoint = 0; ///< stored byte
};
} // namespace

template <typename Op> static FailureOr<Contraction> readContraction(Lowering &lowering, Op op) {
  FailureOr<std::vector<int64_t>> weight = lowering.integers(op, op.getWeight());
  FailureOr<std::vector<int64_t>> bias = lowering.integers(op, op.getBias());
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(weight) || failed(bias) || failed(zeroPoint))
    return failure();
  if (cast<RankedTensorType>(op.getWeight().getType()).getElementType().isUnsignedInteger())
    return op.emitError("expected signed weights of at most 8 bits");
  Contraction result;
  result.zeroPoint = Lowering::stored(op.getInput().getType(), *zeroPoint);
  result.weight.assign(weight->begin(), weight->end());
  size_t depth = bias->empty() ? 0 : weight->size() / bias->size();
  for (size_t n = 0; n < bias->size(); ++n) {
    int64_t sum = 0;
    for (size_t k = 0; k < depth; ++k)
      sum += (*weight)[n * depth + k];
    // Wraps like the accumulator does; the final sum is proved to fit.
    result.bias.push_back(int32_t(uint32_t((*bias)[n] - result.zeroPoint * sum)));
  }
  return result;
}

/// The tensor that the contraction writes, and how: through its requantization, or raw.
struct Destination {
  Value tensor;
  EpilogueData epilogue;
  int64_t zeroPoint = 0, lo = 0, hi = 255;
};

static FailureOr<Destination> destination(Lowering &lowering, Operation *op) {
  Destination result;
  dyad::RequantizeOp requantize = absorbingRequantize(op->getResult(0), /*onnx=*/true);
  if (!requantize) {
    result.tensor = op->getResult(0);
    result.epilogue.kind = kern::Epilogue::Raw;
    result.epilogue.dyadics = {numerics::Dyadic{numerics::kMinMultiplier, 1}};
    return result;
  }
  FailureOr<Rescale> rescale = readRescale(lowering, requantize, /*onnx=*/true);
  if (failed(rescale))
    return failure();
  result.tensor = requantize.getResult();
  result.zeroPoint = rescale->zeroPoint;
  result.lo = rescale->lo;
  result.hi = rescale->hi;
  result.epilogue = epilogueFor(lowering, accumulatorRanges(lowering, op), *rescale);
  return result;
}

/// The convolution with constants in natural order.
static LogicalResult emitNaturalConv(Lowering &lowering, Operation *op, const Contraction &data,
                                     const Destination &to, Value in, Value out,
                                     ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                     ArrayRef<int64_t> dilations, int64_t groups) {
  OpBuilder &b = lowering.builder;
  int64_t inChannels = cast<MemRefType>(in.getType()).getDimSize(3);
  int64_t channels = cast<MemRefType>(out.getType()).getDimSize(3);
  const EpilogueData &e = to.epilogue;
  Value weight = lowering.constant(b.getI8Type(),
                                   naturalWeights(data.weight, channels, kernel[0] * kernel[1]));
  Value bias = lowering.constant(b.getI32Type(), data.bias);
  auto [multiplier, shift] = lowering.epilogueBuffers(
      e, e.kind == kern::Epilogue::Raw ? 1 : channels, [](int64_t p) { return p; });
  if (groups > 1 && groups == channels && inChannels == channels)
    kern::DepthwiseConvOp::create(b, op->getLoc(), out, in, weight, bias, multiplier, shift, kernel,
                                  strides, dilations, /*row_align=*/1, e.kind, to.zeroPoint, to.lo,
                                  to.hi, e.accLo, e.accHi, /*natural=*/true, kern::PartitionAttr());
  else
    kern::ConvOp::create(b, op->getLoc(), out, in, weight, bias, multiplier, shift, kernel, strides,
                         dilations, groups, e.kind, to.zeroPoint, to.lo, to.hi, e.accLo, e.accHi,
                         /*natural=*/true, kern::PartitionAttr());
  return success();
}

static LogicalResult emitConv(Lowering &lowering, Operation *op, const Contraction &data,
                              const Destination &to, Value in, Value out, ArrayRef<int64_t> kernel,
                              ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                              int64_t groups) {
  OpBuilder &b = lowering.builder;
  auto inType = cast<MemRefType>(in.getType()), outType = cast<MemRefType>(out.getType());
  int64_t channels = outType.getDimSize(3);
  int64_t raw = to.epilogue.kind == kern::Epilogue::Raw;
  int64_t accLo = to.epilogue.accLo, accHi = to.epilogue.accHi;
  if (lowering.natural)
    return emitNaturalConv(lowering, op, data, to, in, out, kernel, strides, dilations, groups);
  if (groups > 1 && groups == channels && inType.getDimSize(3) == channels) {
    int64_t lanes = lowering.level.depthwiseLanes;
    std::vector<int8_t> packed(
        kernels::packedDepthwiseU8S8Size(lanes, channels, kernel[0], kernel[1]));
    kernels::packDepthwiseU8S8(lanes, channels, kernel[0], kernel[1], data.weight.data(),
                               packed.data());
    int64_t padded = kernels::depthwiseChannels(lanes, channels);
    std::vector<int32_t> bias(padded);
    kernels::permuteDepthwise<int32_t>(lanes, channels, data.bias.data(), bias.data());
    auto [multiplier, shift] =
        lowering.epilogueBuffers(to.epilogue, raw ? 1 : padded, [&](int64_t p) {
          return kernels::depthwiseChannelAt(lanes, channels, p);
        });
    kern::DepthwiseConvOp::create(
        b, op->getLoc(), out, in, lowering.constant(b.getI8Type(), packed),
        lowering.constant(b.getI32Type(), bias), multiplier, shift, kernel, strides, dilations,
        lowering.level.depthwiseRows, to.epilogue.kind, to.zeroPoint, to.lo, to.hi, accLo, accHi,
        /*natural=*/false, kern::PartitionAttr());
    return success();
  }
  kernels::ConvShape shape;
  shape.kernelH = kernel[0];
  shape.kernelW = kernel[1];
  shape.strideH = strides[0];
  shape.strideW = strides[1];
  shape.dilH = dilations[0];
  shape.dilW = dilations[1];
  shape.groups = groups;
  shape.groupC = inType.getDimSize(3) / groups;
  shape.groupN = channels / groups;
  shape.inRowStride = kern::getStrides(inType)[1];
  shape.inPixelStride = kern::getStrides(inType)[2];
  std::vector<int8_t> packed(kernels::packedConvU8S8Size(shape));
  kernels::packConvU8S8(shape, data.weight.data(), packed.data());
  int64_t padded = kernels::convChannels(groups, shape.groupN);
  std::vector<int32_t> bias(padded);
  llvm::copy(data.bias, bias.begin());
  auto [multiplier, shift] = lowering.epilogueBuffers(
      to.epilogue, raw ? 1 : padded, [&](int64_t p) { return p < channels ? p : -1; });
  kern::ConvOp::create(b, op->getLoc(), out, in, lowering.constant(b.getI8Type(), packed),
                       lowering.constant(b.getI32Type(), bias), multiplier, shift, kernel, strides,
                       dilations, groups, to.epilogue.kind, to.zeroPoint, to.lo, to.hi, accLo,
                       accHi, /*natural=*/false, kern::PartitionAttr());
  return success();
}

static LogicalResult lowerConv(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::ConvOp>(operation);
  FailureOr<Contraction> data = readContraction(lowering, op);
  FailureOr<Destination> to = destination(lowering, op);
  if (failed(data) || failed(to))
    return failure();
  ConvImage image(lowering, op.getInput(), op.getStrides(), op.getDilations(), op.getPads(),
                  cast<RankedTensorType>(op.getWeight().getType()).getShape());
  if (failed(image.check(op)))
    return failure();
  Value in = image.input(data->zeroPoint);
  if (!in)
    return op.emitError("expected the input to be computed before");
  Value out = image.output(to->tensor);
  if (op.getGroups() == 1)
    mergePixels(lowering, in, out, image.kernel, image.strides);
  if (failed(emitConv(lowering, op, *data, *to, in, out, image.kernel, image.strides,
                      image.dilations, op.getGroups())))
    return failure();
  image.finish();
  return success();
}

static LogicalResult lowerLinear(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::LinearOp>(operation);
  FailureOr<Contraction> data = readContraction(lowering, op);
  FailureOr<Destination> to = destination(lowering, op);
  if (failed(data) || failed(to))
    return failure();
  Value in = lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, to->tensor);
  ArrayRef<int64_t> weightShape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t rows = cast<MemRefType>(in.getType()).getNumElements() / weightShape[1];
  Value in4 = lowering.reshape(in, {1, 1, rows, weightShape[1]});
  Value out4 = lowering.reshape(out.memory, {1, 1, rows, weightShape[0]});
  if (failed(emitConv(lowering, op, *data, *to, in4, out4, {1, 1}, {1, 1}, {1, 1}, 1)))
    return failure();
  out.finish();
  return success();
}

//===----------------------------------------------------------------------===//
// Average pooling
//===----------------------------------------------------------------------===//

/// Emits the pool of an NHWC image with the rescaling behind `op`.
static LogicalResult emitPool(Lowering &lowering, Operation *op, dyad::RequantizeOp requantize,
                              Value in, Value out, ArrayRef<int64_t> kernel,
                              ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                              ArrayRef<int64_t> pads, int64_t zeroPoint) {
  FailureOr<Rescale> rescale = readRescale(lowering, requantize);
  if (failed(rescale))
    return failure();
  auto outType = cast<MemRefType>(out.getType());
  int64_t pixels = outType.getDimSize(1) * outType.getDimSize(2);
  int64_t count = rescale->dyadics.size();
  if (count != 1 && count != pixels)
    return op->emitError("expected one multiplier, or one for each of the ")
           << pixels << " output pixels";
  EpilogueData epilogue = lowering.chooseEpilogue(accumulatorRanges(lowering, op), rescale->dyadics,
                                                  rescale->zeroPoint, rescale->lo, rescale->hi);
  // The pooling kernel has no accumulator clamp.
  if (epilogue.accLo != INT32_MIN || epilogue.accHi != INT32_MAX)
    epilogue.kind = kern::Epilogue::Integer;
  auto [multiplier, shift] = lowering.epilogueBuffers(epilogue, count, [](int64_t p) { return p; });
  if (epilogue.kind != kern::Epilogue::Integer && count > 1)
    shift = lowering.constant(lowering.builder.getI32Type(), std::vector<int32_t>(count));
  kern::AvgPoolOp::create(lowering.builder, op->getLoc(), out, in, multiplier, shift, kernel,
                          strides, dilations, pads, zeroPoint, epilogue.kind, rescale->zeroPoint,
                          rescale->lo, rescale->hi, kern::PartitionAttr());
  return success();
}

static FailureOr<dyad::RequantizeOp> requireRequantize(Operation *op) {
  if (dyad::RequantizeOp requantize = absorbingRequantize(op->getResult(0)))
    return requantize;
  return op->emitError("expected a dyad.requantize as the only user of '") << op->getName() << "'";
}

static LogicalResult lowerSumPool(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::SumPoolOp>(operation);
  FailureOr<dyad::RequantizeOp> requantize = requireRequantize(op);
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(requantize) || failed(zeroPoint))
    return failure();
  PoolImage image(lowering, op.getInput(), op.getKernel(), op.getStrides(), op.getDilations(),
                  op.getPads());
  if (failed(image.check(op)))
    return failure();
  Value in = image.input();
  Value out = image.output(requantize->getResult());
  if (!in || failed(emitPool(lowering, op, *requantize, in, out, image.kernel, image.strides,
                             image.dilations, image.pads,
                             Lowering::stored(op.getInput().getType(), *zeroPoint))))
    return failure();
  image.finish();
  return success();
}

static LogicalResult lowerReduceSum(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::ReduceSumOp>(operation);
  FailureOr<dyad::RequantizeOp> requantize = requireRequantize(op);
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(requantize) || failed(zeroPoint))
    return failure();
  ReducedAxes reduced(lowering, op.getInput(), op.getAxes());
  if (!reduced.memory)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, requantize->getResult(), reduced.keepsImageOrder);
  Value in = lowering.reshape(reduced.memory, {reduced.outer, reduced.axis, 1, reduced.inner});
  Value result = lowering.reshape(out.memory, {reduced.outer, 1, 1, reduced.inner});
  if (failed(emitPool(lowering, op, *requantize, in, result, {reduced.axis, 1}, {1, 1}, {1, 1},
                      {0, 0, 0, 0}, Lowering::stored(op.getInput().getType(), *zeroPoint))))
    return failure();
  out.finish();
  return success();
}

static std::optional<WantedBorder> borderOfConv(Lowering &lowering, Operation *op) {
  auto conv = cast<dyad::ConvOp>(op);
  auto zeroPoint = readIntegers(lowering.constantOf(conv.getZeroPoint()));
  if (!zeroPoint || zeroPoint->size() != 1)
    return std::nullopt;
  Value input = conv.getInput();
  return WantedBorder{input, conv.getPads(), Lowering::stored(input.getType(), zeroPoint->front())};
}

void quantc::tokern::addDyadContractions(HandlerMap &handlers) {
  handlers["dyad.conv"] = {lowerConv, borderOfConv};
  handlers["dyad.linear"] = lowerLinear;
  handlers["dyad.sum_pool"] = lowerSumPool;
  handlers["dyad.reduce_sum"] = lowerReduceSum;
}
