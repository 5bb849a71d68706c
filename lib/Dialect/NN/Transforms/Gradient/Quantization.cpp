//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of what quantization puts into the float graph: rounding is passed straight through.
// With q = clamp(round(x / s) + z) and y = (q - z) s, rounding taken for the identity:
//
//   dq/dx = 1 / s inside the range, else 0     dy/dq = s
//   dq/ds = -x / s^2 inside, else 0            dy/ds = q - z
//
// Both together have dy/ds = round(x / s) - x / s inside: Esser et al., Learned Step Size
// Quantization, arXiv:1902.08153, equation 3.
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// A scale, or what has its shape, so that it broadcasts along `axis` of a tensor of that rank.
static Value alongAxis(Emitter &e, Value parameter, int64_t axis, int64_t rank) {
  if (tensorType(parameter).getRank() == 0)
    return parameter;
  SmallVector<int64_t> shape(rank - axis, 1);
  shape[0] = shapeOf(parameter)[0];
  return e.reshape(parameter, shape);
}

/// Sums what `alongAxis` repeated.
static Value sumToParameter(Emitter &e, Value x, Value parameter, int64_t axis) {
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < tensorType(x).getRank(); ++i)
    if (tensorType(parameter).getRank() == 0 || i != axis)
      axes.push_back(i);
  return e.sum(x, axes, /*keepDims=*/false);
}

/// Where x / s rounds to a code of the range: a half beyond its ends; the very ends of that count
/// as clipped.
static FailureOr<Value> insideRange(Emitter &e, qnn::QuantizeOp op, Value quotient) {
  std::optional<std::vector<int64_t>> zeros = readIntegers(getConstantElements(op.getZeroPoint()));
  if (!zeros)
    return op.emitError("no derivative: expected a constant zero point");
  auto [least, greatest] = op.getCodeRange();
  SmallVector<float> low, high;
  for (int64_t zero : *zeros) {
    low.push_back(static_cast<float>(least - zero) - 0.5f);
    high.push_back(static_cast<float>(greatest - zero) + 0.5f);
  }
  auto type = RankedTensorType::get(shapeOf(op.getZeroPoint()), e.builder.getF32Type());
  auto bound = [&](ArrayRef<float> values) {
    return alongAxis(e, e.constant(DenseElementsAttr::get(type, values)),
                     static_cast<int64_t>(op.getAxis()), tensorType(quotient).getRank());
  };
  return e.mul(e.step(e.sub(quotient, bound(low))), e.step(e.sub(bound(high), quotient)));
}

static LogicalResult pullQuantize(qnn::QuantizeOp op, Pullback &p) {
  Emitter &e = p.e;
  auto axis = static_cast<int64_t>(op.getAxis());
  Value scale = alongAxis(e, op.getScale(), axis, tensorType(op.getInput()).getRank());
  Value quotient = e.div(op.getInput(), scale);
  FailureOr<Value> inside = insideRange(e, op, quotient);
  if (failed(inside))
    return failure();
  Value slope = e.div(e.mul(p.cotangent, *inside), scale);
  if (p.wants(0))
    p.gradients[0] = slope;
  if (p.wants(1))
    p.gradients[1] = e.unary<NegOp>(sumToParameter(e, e.mul(slope, quotient), op.getScale(), axis));
  return success();
}

static LogicalResult pullDequantize(qnn::DequantizeOp op, Pullback &p) {
  Emitter &e = p.e;
  auto axis = static_cast<int64_t>(op.getAxis());
  Value scale = alongAxis(e, op.getScale(), axis, tensorType(op.getInput()).getRank());
  if (p.wants(0))
    p.gradients[0] = e.mul(p.cotangent, scale);
  if (p.wants(1)) {
    Value code = e.div(op.getResult(), scale); // without its zero point
    p.gradients[1] = sumToParameter(e, e.mul(p.cotangent, code), op.getScale(), axis);
  }
  return success();
}

static LogicalResult pullObserve(qnn::ObserveOp, Pullback &p) {
  p.gradients[0] = p.cotangent;
  return success();
}

/// y = x R, and R R^T = I.
static LogicalResult pullHadamard(qnn::HadamardOp op, Pullback &p) {
  auto back = cast<qnn::HadamardOp>(p.e.builder.clone(*op));
  back->setLoc(p.e.loc);
  back.getInputMutable().assign(p.cotangent);
  back.setInverse(!op.getInverse());
  p.gradients[0] = back.getResult();
  return success();
}

/// Stored weights are constants, whatever holds their codes and scales.
static LogicalResult pullDecode(qnn::DecodeOp, Pullback &) { return success(); }

void quantc::nn::attachQuantizationGradients(MLIRContext *context) {
  qnn::QuantizeOp::attachInterface<Model<qnn::QuantizeOp, pullQuantize, 0b11>>(*context);
  qnn::DequantizeOp::attachInterface<Model<qnn::DequantizeOp, pullDequantize, 0b11>>(*context);
  qnn::ObserveOp::attachInterface<Model<qnn::ObserveOp, pullObserve>>(*context);
  qnn::HadamardOp::attachInterface<Model<qnn::HadamardOp, pullHadamard>>(*context);
  qnn::DecodeOp::attachInterface<Model<qnn::DecodeOp, pullDecode, 0>>(*context);
}
