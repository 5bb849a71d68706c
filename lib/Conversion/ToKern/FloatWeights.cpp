//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packing of float weights; see FloatWeights.h. Both ways give the same bytes: what
// kernels::packConvF32 writes is a transposition within each panel of columns.
//
//===----------------------------------------------------------------------===//

#include "FloatWeights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

/// Row-major memory of a weight that is no constant. GPUs pack constants alone.
static FailureOr<Value> runtimeMemory(Lowering &lowering, Operation *op, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value memory =
      lowering.natural || !type.getElementType().isF32() ? Value() : lowering.plainInput(tensor);
  if (memory)
    return memory;
  return op->emitError("expected a constant float operand of ") << op->getName();
}

static Value zeroed(Lowering &lowering, int64_t size) {
  Value memory = lowering.buffer({size}, lowering.builder.getF32Type());
  kern::FillOp::create(lowering.builder, lowering.function.getLoc(), memory, 0,
                       kern::PartitionAttr());
  return memory;
}

/// Copies `panels` panels of `columns` columns each, from column `first` of every group.
static void copyPanels(Lowering &lowering, const kernels::ConvShape &s, Value from, Value to,
                       int64_t first, int64_t panels, int64_t columns) {
  int64_t taps = s.kernelH * s.kernelW, rows = taps * s.groupC;
  int64_t width = columns <= 16 ? 16 : 32;
  int64_t packedGroup = int64_t(kernels::packedConvF32Size(s)) / s.groups;
  SmallVector<int64_t> shape = {s.groups, panels, taps, s.groupC, columns};
  Value source =
      lowering.view(from, shape, {s.groupN * rows, 32 * rows, 1, taps, rows}, first * rows);
  Value target =
      lowering.view(to, shape, {packedGroup, 32 * rows, s.groupC * width, width, 1}, first * rows);
  lowering.copy(target, source);
}

FailureOr<Value> quantc::tokern::packedConvWeight(Lowering &lowering, LinearMapOpInterface op,
                                                  const kernels::ConvShape &shape) {
  Value tensor = op.getWeightOperand().get();
  int64_t size = int64_t(kernels::packedConvF32Size(shape));
  if (lowering.constantOf(tensor)) {
    FailureOr<std::vector<float>> weight = lowering.floats(op, tensor);
    if (failed(weight))
      return failure();
    std::vector<float> packed(size);
    kernels::packConvF32(shape, weight->data(), packed.data());
    return lowering.constant(lowering.builder.getF32Type(), packed);
  }
  FailureOr<Value> memory = runtimeMemory(lowering, op, tensor);
  if (failed(memory))
    return failure();
  int64_t full = shape.groupN / 32, tail = shape.groupN % 32;
  Value packed =
      tail ? zeroed(lowering, size) : lowering.buffer({size}, lowering.builder.getF32Type());
  if (full)
    copyPanels(lowering, shape, *memory, packed, 0, full, 32);
  if (tail)
    copyPanels(lowering, shape, *memory, packed, 32 * full, 1, tail);
  return packed;
}

FailureOr<Value> quantc::tokern::packedDepthwiseWeight(Lowering &lowering, LinearMapOpInterface op,
                                                       const kernels::ConvShape &shape) {
  Value tensor = op.getWeightOperand().get();
  int64_t taps = shape.kernelH * shape.kernelW;
  if (lowering.constantOf(tensor)) {
    FailureOr<std::vector<float>> weight = lowering.floats(op, tensor);
    if (failed(weight))
      return failure();
    std::vector<float> packed(weight->size());
    kernels::packDepthwiseF32(shape.groups, shape.kernelH, shape.kernelW, weight->data(),
                              packed.data());
    return lowering.constant(lowering.builder.getF32Type(), packed);
  }
  FailureOr<Value> memory = runtimeMemory(lowering, op, tensor);
  if (failed(memory))
    return failure();
  Value packed = lowering.buffer({taps * shape.groups}, lowering.builder.getF32Type());
  lowering.copy(lowering.view(packed, {taps, shape.groups}, {shape.groups, 1}),
                lowering.view(*memory, {taps, shape.groups}, {1, taps}));
  return packed;
}

FailureOr<Value> quantc::tokern::packedBias(Lowering &lowering, LinearMapOpInterface op,
                                            int64_t channels, int64_t padded) {
  Value tensor = op.getBiasValue();
  if (!tensor || lowering.constantOf(tensor)) {
    std::vector<float> values(channels, 0.0f);
    if (tensor) {
      FailureOr<std::vector<float>> read = lowering.floats(op, tensor);
      if (failed(read))
        return failure();
      values = *read;
    }
    values.resize(padded, 0.0f);
    return lowering.constant(lowering.builder.getF32Type(), values);
  }
  FailureOr<Value> memory = runtimeMemory(lowering, op, tensor);
  if (failed(memory))
    return failure();
  Value bias = zeroed(lowering, padded);
  lowering.copy(lowering.view(bias, {channels}, {1}), *memory);
  return bias;
}
