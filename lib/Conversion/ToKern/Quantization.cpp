//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn.quantize, qnn.dequantize, qnn.observe and qnn.decode.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"
#include "quantc/Numerics/Quantize.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }
static Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

/// Any memory of rank up to 4 as [batch, H, W, C] with its own strides.
static Value asImage(Lowering &lowering, Value memory) {
  MemRefType type = typeOf(memory);
  if (type.getRank() == 4)
    return memory;
  SmallVector<int64_t> shape(type.getShape()), strides = kern::getStrides(type);
  while (shape.size() < 4) {
    shape.insert(shape.begin(), 1);
    strides.insert(strides.begin(), 0);
  }
  // One long dense axis is best seen as width.
  if (type.getRank() > 4)
    return {};
  return lowering.view(memory, shape, strides);
}

static Value denseAsImage(Lowering &lowering, Value memory) {
  if (typeOf(memory).getRank() > 4)
    return lowering.reshape(memory, {1, 1, 1, typeOf(memory).getNumElements()});
  return asImage(lowering, memory);
}

static LogicalResult lowerQuantize(Lowering &lowering, Operation *operation) {
  auto op = cast<qnn::QuantizeOp>(operation);
  FailureOr<std::vector<float>> scale = lowering.floats(op, op.getScale());
  FailureOr<std::vector<int64_t>> zeroPoint = lowering.integers(op, op.getZeroPoint());
  if (failed(scale) || failed(zeroPoint))
    return failure();
  if (!elementOf(op.getResult()).isInteger(8) || scale->size() != 1)
    return op.emitError("expected one scale and an 8-bit result, but found ") << op.getType();
  bool image = isImage(op.getInput().getType());
  bool inPlace = image || isa<BlockArgument>(op.getInput());
  Value in = inPlace ? lowering.stridedInput(op.getInput()) : lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  auto [lo, hi] = op.getCodeRange();
  RowMajorOutput out(lowering, op.getResult(), /*imageOrder=*/true);
  Value target = image ? (out.target ? out.target : out.memory) : out.memory;
  kern::QuantizeOp::create(lowering.builder, op.getLoc(), denseAsImage(lowering, target),
                           denseAsImage(lowering, in), APFloat(scale->front()),
                           Lowering::stored(op.getType(), zeroPoint->front()),
                           Lowering::stored(op.getType(), lo), Lowering::stored(op.getType(), hi),
                           kern::PartitionAttr());
  return success();
}

/// Constants are dequantized here: a weight of a float op that stayed float.
static LogicalResult foldDequantize(Lowering &lowering, qnn::DequantizeOp op,
                                    ElementsAttr constant) {
  FailureOr<std::vector<float>> scale = lowering.floats(op, op.getScale());
  FailureOr<std::vector<int64_t>> zeroPoint = lowering.integers(op, op.getZeroPoint());
  std::optional<std::vector<int64_t>> values = readIntegers(constant);
  if (failed(scale) || failed(zeroPoint) || !values)
    return failure();
  auto type = cast<RankedTensorType>(op.getType());
  int64_t axis = int64_t(op.getAxis()), inner = 1;
  for (int64_t a = axis + 1; a < type.getRank(); ++a)
    inner *= type.getDimSize(a);
  std::vector<float> result(values->size());
  for (size_t i = 0; i < result.size(); ++i) {
    size_t channel = scale->size() == 1 ? 0 : (i / inner) % type.getDimSize(axis);
    int64_t zp = (*zeroPoint)[zeroPoint->size() == 1 ? 0 : channel];
    result[i] = numerics::dequantizeLinear(int32_t((*values)[i]), (*scale)[channel], int32_t(zp));
  }
  lowering.defineConstant(op.getResult(), makeFloatWeights(type, result, "dequantized"));
  return success();
}

static void createDequantizeI32(Lowering &lowering, Location loc, Value out, Value in,
                                ArrayRef<float> scale) {
  MemRefType type = typeOf(out);
  int64_t channels = type.getRank() == 0 ? 1 : type.getShape().back();
  int64_t rows = channels == 0 ? 0 : type.getNumElements() / channels;
  kern::DequantizeI32Op::create(lowering.builder, loc, lowering.reshape(out, {rows, channels}),
                                lowering.reshape(in, {rows, channels}),
                                lowering.constant(lowering.builder.getF32Type(),
                                                  std::vector<float>(scale.begin(), scale.end())),
                                kern::PartitionAttr());
}

/// The kernel reads a scale a column: with channels elsewhere, both sides go through copies that
/// have them innermost.
static LogicalResult dequantizeAlongAxis(Lowering &lowering, qnn::DequantizeOp op,
                                         ArrayRef<float> scale) {
  Value memory = lowering.rowMajorInput(op.getInput());
  if (!memory)
    return op.emitError("expected the input to be computed before");
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getType()).getShape();
  int64_t axis = op.getAxis(), channels = shape[axis], outer = 1, inner = 1;
  for (auto [a, extent] : llvm::enumerate(shape))
    (int64_t(a) < axis ? outer : inner) *= int64_t(a) == axis ? 1 : extent;
  RowMajorOutput out(lowering, op.getResult());
  auto channelsLast = [&](Value dense) {
    return lowering.transposed(lowering.reshape(dense, {outer, channels, inner, 1}), {0, 2, 3, 1});
  };
  SmallVector<int64_t> rows = {outer, inner, 1, channels};
  Value sums = lowering.buffer(rows, lowering.builder.getI32Type());
  Value reals = lowering.buffer(rows, lowering.builder.getF32Type());
  lowering.copy(sums, channelsLast(memory));
  createDequantizeI32(lowering, op.getLoc(), reals, sums, scale);
  lowering.copy(channelsLast(out.memory), reals);
  out.finish();
  return success();
}

static LogicalResult lowerDequantizeI32(Lowering &lowering, qnn::DequantizeOp op,
                                        ArrayRef<float> scale) {
  int64_t axis = op.getAxis(), rank = cast<RankedTensorType>(op.getType()).getRank();
  bool channelIsInner = rank == 4 ? axis == 1 : axis == rank - 1;
  if (scale.size() != 1 && !channelIsInner)
    return dequantizeAlongAxis(lowering, op, scale);
  Value memory = lowering.denseInput(op.getInput());
  if (!memory)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, op.getResult(), /*imageOrder=*/true);
  createDequantizeI32(lowering, op.getLoc(), out.memory, memory, scale);
  out.finish();
  return success();
}

static LogicalResult lowerDequantize(Lowering &lowering, Operation *operation) {
  auto op = cast<qnn::DequantizeOp>(operation);
  if (ElementsAttr constant = lowering.constantOf(op.getInput()))
    return foldDequantize(lowering, op, constant);
  FailureOr<std::vector<float>> scale = lowering.floats(op, op.getScale());
  FailureOr<std::vector<int64_t>> zeroPoint = lowering.integers(op, op.getZeroPoint());
  if (failed(scale) || failed(zeroPoint))
    return failure();
  Type element = elementOf(op.getInput());
  if (element.isInteger(32))
    return lowerDequantizeI32(lowering, op, *scale);
  if (!element.isInteger(8) || scale->size() != 1)
    return op.emitError("expected one scale for an 8-bit tensor");
  bool image = isImage(op.getInput().getType());
  Value in = image ? lowering.input(op.getInput()) : lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  Value out = lowering.stridedOutput(op.getResult());
  kern::DequantizeOp::create(lowering.builder, op.getLoc(), denseAsImage(lowering, out),
                             denseAsImage(lowering, in), APFloat(scale->front()),
                             Lowering::stored(op.getInput().getType(), zeroPoint->front()),
                             kern::PartitionAttr());
  return success();
}

static LogicalResult lowerObserve(Lowering &lowering, Operation *op) {
  Value source = lowering.input(op->getOperand(0));
  if (!source)
    return op->emitError("expected the input to be computed before");
  lowering.forward(op->getResult(0), op->getOperand(0));
  return success();
}

/// Weights in number formats without kernels of their own are float constants.
static LogicalResult lowerDecode(Lowering &lowering, Operation *operation) {
  auto op = cast<qnn::DecodeOp>(operation);
  SmallVector<std::vector<char>, 5> storage;
  SmallVector<ArrayRef<uint8_t>, 5> operands;
  for (Value operand : op->getOperands()) {
    ElementsAttr constant = lowering.constantOf(operand);
    std::optional<std::vector<char>> bytes = constant ? readBytes(constant) : std::nullopt;
    if (!bytes)
      return op.emitError("expected constant operands of ") << op->getName();
    storage.push_back(std::move(*bytes));
    operands.emplace_back(reinterpret_cast<const uint8_t *>(storage.back().data()),
                          storage.back().size());
  }
  std::string reason;
  std::optional<std::vector<float>> values = op.evaluate(operands, reason);
  if (!values)
    return op.emitError(reason);
  lowering.defineConstant(op.getResult(), makeFloatWeights(op.getType(), *values, "decoded"));
  return success();
}

void quantc::tokern::addQuantization(HandlerMap &handlers) {
  handlers["qnn.quantize"] = lowerQuantize;
  handlers["qnn.dequantize"] = lowerDequantize;
  handlers["qnn.observe"] = lowerObserve;
  handlers["qnn.decode"] = lowerDecode;
}
