//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Observers, quantize and dequantize: rules [NUM-QNT-1] and [NUM-QNT-2]. Linear layers with weights
// of 4 bits: [NUM-W4-1] to [NUM-W4-3]. Number formats: [NUM-FMT-2].
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/IR/QNN.h"
#include "OpTable.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Numerics/GroupedLinear.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Reference/ElementTypes.h"

using namespace mlir;

namespace quantc {

/// The identity.
static llvm::Error evaluateObserve(OpCall &call) {
  call.results.push_back(*call.operands[0]);
  return llvm::Error::success();
}

/// Calls fn(begin, length, scale, zero point) for runs of elements with the same parameters.
template <typename Fn> static llvm::Error forEachScale(const OpCall &call, int64_t axis, Fn fn) {
  ArrayRef<int64_t> shape = call.shape(0);
  ArrayRef<float> scales = call.floats(1);
  const std::vector<int32_t> &zeroPoints = call.operands[2]->integers().data;
  for (float scale : scales)
    if (!(scale > 0.0f) || scale > std::numeric_limits<float>::max())
      return makeError("expected a positive finite scale, but found " + std::to_string(scale) +
                       " [QNN-Q-6]");
  if (zeroPoints.size() != scales.size())
    return makeError("expected as many zero points as scales, but found " +
                     Twine(zeroPoints.size()) + " and " + Twine(scales.size()) + " [QNN-Q-4]");
  if (call.shape(1).empty()) {
    fn(int64_t(0), call.operands[0]->numElements(), scales[0], zeroPoints[0]);
    return llvm::Error::success();
  }
  if (axis >= static_cast<int64_t>(shape.size()) ||
      static_cast<int64_t>(scales.size()) != shape[axis])
    return makeError("expected one scale per element of axis " + Twine(axis) + ", but found " +
                     Twine(scales.size()) + " [QNN-Q-5]");
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  int64_t runs = inner == 0 ? 0 : call.operands[0]->numElements() / inner;
  for (int64_t run = 0; run < runs; ++run)
    fn(run * inner, inner, scales[run % shape[axis]], zeroPoints[run % shape[axis]]);
  return llvm::Error::success();
}

static llvm::Error evaluateQuantize(OpCall &call) {
  auto op = cast<qnn::QuantizeOp>(call.op);
  auto element = cast<IntegerType>(op.getResult().getType().getElementType());
  auto [lo, hi] = op.getCodeRange();
  numerics::IntRange range(lo, hi);
  IntTensor result(call.shape(0).vec());
  ArrayRef<float> in = call.floats(0);
  llvm::Error error = forEachScale(
      call, op.getAxis(), [&](int64_t begin, int64_t length, float scale, int32_t zeroPoint) {
        for (int64_t i = begin; i < begin + length; ++i)
          result.data[i] =
              numerics::quantizeLinear(in[i], scale, zeroPoint, static_cast<int32_t>(range.lo),
                                       static_cast<int32_t>(range.hi));
      });
  if (error)
    return error;
  call.results.emplace_back(std::move(result), *hostType(element));
  return llvm::Error::success();
}

static llvm::Error evaluateDequantize(OpCall &call) {
  auto out = call.floatResult(call.shape(0));
  if (!out)
    return out.takeError();
  const std::vector<int32_t> &in = call.operands[0]->integers().data;
  return forEachScale(call, cast<qnn::DequantizeOp>(call.op).getAxis(),
                      [&](int64_t begin, int64_t length, float scale, int32_t zeroPoint) {
                        for (int64_t i = begin; i < begin + length; ++i)
                          (*out)[i] = numerics::dequantizeLinear(in[i], scale, zeroPoint);
                      });
}

static llvm::Error evaluateGroupedLinear(OpCall &call) {
  auto op = cast<qnn::GroupedLinearOp>(call.op);
  numerics::GroupedWeights weights;
  weights.outputs = call.shape(1)[0];
  weights.inputs = call.shape(0).back();
  weights.group = op.getGroup();
  weights.isSigned = op.getFormat().getIsSigned();
  weights.codes = call.host(1).values<uint8_t>().data();
  weights.scales = call.floats(2).data();
  unsigned next = 3;
  if (op.getZeroPoints()) {
    ArrayRef<int8_t> points = call.host(next++).values<int8_t>();
    auto [lo, hi] = op.getCodeRange();
    for (int64_t point : points)
      if (point < lo || point > hi)
        return makeError("expected zero points in " + Twine(lo) + ".." + Twine(hi) +
                         ", but found " + Twine(point) + " [QNN-GL-6]");
    weights.zeroPoints = points.data();
  }
  const float *bias = op.getBias() ? call.floats(next).data() : nullptr;
  SmallVector<int64_t> shape(call.shape(0));
  shape.back() = weights.outputs;
  auto out = call.floatResult(shape);
  if (!out)
    return out.takeError();
  const int64_t rows = call.operands[0]->numElements() / weights.inputs;
  const float *input = call.floats(0).data();
  if (op.getActivationBits() == 16)
    numerics::groupedLinear(weights, input, bias, rows, out->data());
  else
    numerics::groupedLinearDynamic(
        weights, input, bias, rows, out->data(),
        {int64_t(op.getActivationBits()), op.getClip(), op.getActivationGroups()});
  return llvm::Error::success();
}

static llvm::Error evaluateHadamard(OpCall &call) {
  auto op = cast<qnn::HadamardOp>(call.op);
  auto out = call.floatResult(call.shape(0));
  if (!out)
    return out.takeError();
  llvm::copy(call.floats(0), out->begin());
  size_t axis = static_cast<size_t>(call.shape(0).back());
  numerics::Hadamard(op.getPlan(), op.getSigns())
      .apply(out->data(), axis == 0 ? 0 : out->size() / axis,
             op.getInverse() ? numerics::HadamardDirection::Inverse
                             : numerics::HadamardDirection::Forward,
             static_cast<size_t>(op.getInner()));
  return llvm::Error::success();
}

static llvm::Error evaluateDecode(OpCall &call) {
  SmallVector<ArrayRef<uint8_t>, 5> operands;
  for (unsigned i = 0; i < call.operands.size(); ++i)
    operands.push_back(call.host(i).bytes());
  auto op = cast<qnn::DecodeOp>(call.op);
  std::string reason;
  std::optional<std::vector<float>> values = op.evaluate(operands, reason);
  if (!values)
    return makeError(reason);
  auto out = call.floatResult(op.getType().getShape());
  if (!out)
    return out.takeError();
  llvm::copy(*values, out->begin());
  return llvm::Error::success();
}

void addQuantizationOps(OpTable &table) {
  table.add<qnn::ObserveOp>(evaluateObserve);
  table.add<qnn::QuantizeOp>(evaluateQuantize, TypeRule::FloatF32);
  table.add<qnn::DequantizeOp>(evaluateDequantize, TypeRule::FloatF32);
  table.add<qnn::HadamardOp>(evaluateHadamard);
  table.add<qnn::GroupedLinearOp>(evaluateGroupedLinear, TypeRule::FloatF32);
  table.add<qnn::DecodeOp>(evaluateDecode, TypeRule::Any);
}

} // namespace quantc
