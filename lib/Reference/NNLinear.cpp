//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Contractions in fp32: conv, linear, matmul; and batch_norm. From +0, one fused multiply-add per
// product in the order of the kernels, then the bias [NUM-FLT-2].
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Support/Convolution.h"
#include "quantc/Support/TensorLoops.h"
#include <cmath>

using namespace mlir;

namespace quantc {

QUANTC_HOST_LEVELS static void productF32(const ProductArgs<float> &args) {
  runProduct<float>(args);
}

/// Adds the bias operand, or +0, to `planes` planes of sums, whose channels repeat.
static void addBias(const OpCall &call, float *sums, int64_t planes, int64_t outputs,
                    int64_t positions) {
  const float *bias = call.operands.size() < 3 ? nullptr : call.floats(2).data();
  for (int64_t plane = 0; plane < planes; ++plane, sums += positions) {
    float term = bias ? bias[plane % outputs] : 0.0f;
    for (int64_t i = 0; i < positions; ++i)
      sums[i] += term;
  }
}

static std::optional<ArrayRef<int64_t>> biasShape(const OpCall &call) {
  if (call.operands.size() < 3)
    return std::nullopt;
  return call.shape(2);
}

//===----------------------------------------------------------------------===//
// conv
//===----------------------------------------------------------------------===//

static llvm::Error evaluateConv(OpCall &call) {
  auto op = cast<nn::ConvOp>(call.op);
  ArrayRef<int64_t> input = call.shape(0), weight = call.shape(1);
  int64_t groups = op.getGroups();
  auto shape = resolveShape([&](nn::ReasonFn reason) {
    nn::Window attributes{{}, op.getStrides(), op.getDilations(), op.getPads()};
    return nn::convShape(input, weight, biasShape(call), attributes, groups, reason);
  });
  if (!shape)
    return shape.takeError();
  auto out = call.floatResult(*shape);
  if (!out)
    return out.takeError();
  Window window = makeWindow(input.drop_front(2), weight.drop_front(2), op.getStrides(),
                             op.getDilations(), op.getPads(), ArrayRef(*shape).drop_front(2));
  int64_t outputs = weight[0] / groups;
  std::vector<float> packed = packConvolution<float>(call.floats(1).data(), groups, outputs,
                                                     weight[1], window.kernelSize());
  std::vector<float> zeros(static_cast<size_t>(weight[0]), 0.0f);
  // The product reads whole tiles, so the last row of an image needs room behind it.
  int64_t imageSize = input[1] * window.inputSize();
  std::vector<float> image(static_cast<size_t>(imageSize + kTileColumns));
  for (int64_t n = 0; n < input[0]; ++n) {
    std::copy_n(call.floats(0).data() + n * imageSize, imageSize, image.begin());
    convolve<float>({window, groups, weight[1], outputs, image.data(), packed.data(), zeros.data(),
                     out->data() + n * weight[0] * window.outputSize()},
                    productF32);
  }
  addBias(call, out->data(), input[0] * weight[0], weight[0], window.outputSize());
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// linear, matmul
//===----------------------------------------------------------------------===//

static llvm::Error evaluateLinear(OpCall &call) {
  ArrayRef<int64_t> input = call.shape(0), weight = call.shape(1);
  auto shape = resolveShape(
      [&](nn::ReasonFn reason) { return nn::linearShape(input, weight, biasShape(call), reason); });
  if (!shape)
    return shape.takeError();
  auto out = call.floatResult(*shape);
  if (!out)
    return out.takeError();
  // A 1x1 convolution over one image whose positions are the rows.
  int64_t depth = weight[1], outputs = weight[0];
  int64_t rows = outputs == 0 ? 0 : static_cast<int64_t>(out->size()) / outputs;
  std::vector<float> columns(static_cast<size_t>(depth * rows + kTileColumns)), sums(out->size());
  gather(columns.data(), call.floats(0).data(), {depth, rows}, Dims{1, depth});
  std::vector<float> packed =
      packConvolution<float>(call.floats(1).data(), 1, outputs, depth, /*kernelSize=*/1);
  std::vector<float> zeros(static_cast<size_t>(outputs), 0.0f);
  Window window;
  window.axes[2].input = window.axes[2].output = rows;
  convolve<float>(
      {window, 1, depth, outputs, columns.data(), packed.data(), zeros.data(), sums.data()},
      productF32);
  addBias(call, sums.data(), outputs, outputs, rows);
  gather(out->data(), sums.data(), {rows, outputs}, Dims{1, rows});
  return llvm::Error::success();
}

/// One [M, K] x [K, N] product. `padded` has room for [K, N] with N rounded up to whole tiles.
static void multiplyMatrices(float *out, const float *lhs, const float *rhs, int64_t m, int64_t n,
                             int64_t k, std::vector<float> &padded) {
  int64_t stride = (n + kTileColumns - 1) / kTileColumns * kTileColumns;
  for (int64_t row = 0; row < k; ++row)
    std::copy_n(rhs + row * n, n, padded.data() + row * stride);
  std::vector<float> packed =
      packRows<float>(m, k, [&](int64_t row, int64_t column) { return lhs[row * k + column]; });
  std::vector<float> zeros(static_cast<size_t>(m), 0.0f);
  productF32({out, n, packed.data(), zeros.data(), padded.data(), stride, m, k, n});
}

static llvm::Error evaluateMatMul(OpCall &call) {
  ArrayRef<int64_t> lhs = call.shape(0), rhs = call.shape(1);
  auto shape = resolveShape([&](nn::ReasonFn reason) { return nn::matmulShape(lhs, rhs, reason); });
  if (!shape)
    return shape.takeError();
  auto out = call.floatResult(*shape);
  if (!out)
    return out.takeError();
  int64_t m = lhs[lhs.size() - 2], k = lhs.back(), n = rhs.back();
  ArrayRef<int64_t> batch = ArrayRef(*shape).drop_back(2);
  Dims a = broadcastStrides(lhs.drop_back(2), batch), b = broadcastStrides(rhs.drop_back(2), batch);
  std::vector<float> padded(static_cast<size_t>(k * (n + kTileColumns)));
  float *target = out->data();
  forEachRow<2>(
      batch, {a, b},
      [&](const std::array<int64_t, 2> &at, int64_t length, const std::array<int64_t, 2> &step) {
        for (int64_t i = 0; i < length; ++i, target += m * n)
          multiplyMatrices(target, call.floats(0).data() + (at[0] + i * step[0]) * m * k,
                           call.floats(1).data() + (at[1] + i * step[1]) * k * n, m, n, k, padded);
      });
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// batch_norm
//===----------------------------------------------------------------------===//

/// (x - mean) / sqrt(variance + epsilon) * scale + bias, each step rounded to fp32.
static llvm::Error evaluateBatchNorm(OpCall &call) {
  auto op = cast<nn::BatchNormOp>(call.op);
  ArrayRef<int64_t> input = call.shape(0);
  for (unsigned i = 1; i < 5; ++i)
    if (call.operands[i]->numElements() != input[1])
      return makeError("expected " + Twine(input[1]) + " parameters, but found " +
                       Twine(call.operands[i]->numElements()));
  auto out = call.floatResult(input);
  if (!out)
    return out.takeError();
  float epsilon = op.getEpsilon().convertToFloat();
  int64_t positions = 1;
  for (int64_t size : input.drop_front(2))
    positions *= size;
  ArrayRef<float> x = call.floats(0), scale = call.floats(1), bias = call.floats(2);
  ArrayRef<float> mean = call.floats(3), variance = call.floats(4);
  size_t i = 0;
  for (int64_t plane = 0; plane < input[0] * input[1]; ++plane) {
    int64_t c = plane % input[1];
    float deviation = std::sqrt(variance[c] + epsilon);
    for (int64_t p = 0; p < positions; ++p, ++i)
      (*out)[i] = (x[i] - mean[c]) / deviation * scale[c] + bias[c];
  }
  return llvm::Error::success();
}

void addLinearOps(OpTable &table) {
  table.add<nn::ConvOp>(evaluateConv);
  table.add<nn::LinearOp>(evaluateLinear);
  table.add<nn::MatMulOp>(evaluateMatMul);
  table.add<nn::BatchNormOp>(evaluateBatchNorm);
}

} // namespace quantc
