//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What quantization asks the `nn` ops: QuantizableOpInterface and LinearMapOpInterface.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

constexpr double infinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

/// Operands of both linear maps are (input, weight, bias).
static OperandRole linearMapRole(unsigned index) {
  switch (index) {
  case 0:
    return OperandRole::Activation;
  case 1:
    return OperandRole::Weight;
  case 2:
    return OperandRole::Bias;
  default:
    return OperandRole::Other;
  }
}

/// Products per output element of a weight [output channels, reduced...].
static int64_t reductionSize(Value weight) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  int64_t size = 1;
  for (int64_t dim : shape.drop_front())
    size *= dim;
  return size;
}

OperandRole ConvOp::getOperandRole(unsigned index) { return linearMapRole(index); }
OpOperand &ConvOp::getInputOperand() { return getInputMutable(); }
OpOperand &ConvOp::getWeightOperand() { return getWeightMutable(); }
Value ConvOp::getBiasValue() { return getBias(); }
void ConvOp::setBiasValue(Value bias) { getBiasMutable().assign(bias); }
int64_t ConvOp::getWeightOutputAxis() { return 0; }
int64_t ConvOp::getResultChannelAxis() { return 1; }
int64_t ConvOp::getReductionSize() { return reductionSize(getWeight()); }

std::optional<ptq::PatchGeometry> ConvOp::getPatches() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (!input.hasStaticShape() || !result.hasStaticShape())
    return std::nullopt;
  ptq::PatchGeometry geometry;
  geometry.channels = input.getDimSize(1);
  geometry.groups = static_cast<int64_t>(getGroups());
  for (size_t axis = 0, end = input.getRank() - 2; axis < end; ++axis) {
    geometry.size[axis] = input.getDimSize(axis + 2);
    geometry.kernel[axis] = cast<RankedTensorType>(getWeight().getType()).getDimSize(axis + 2);
    geometry.strides[axis] = getStrides()[axis];
    geometry.dilations[axis] = getDilations()[axis];
    geometry.padsBefore[axis] = getPads()[axis];
    geometry.out[axis] = result.getDimSize(axis + 2);
  }
  return geometry;
}

OperandRole LinearOp::getOperandRole(unsigned index) { return linearMapRole(index); }
OpOperand &LinearOp::getInputOperand() { return getInputMutable(); }
OpOperand &LinearOp::getWeightOperand() { return getWeightMutable(); }
Value LinearOp::getBiasValue() { return getBias(); }
void LinearOp::setBiasValue(Value bias) { getBiasMutable().assign(bias); }
int64_t LinearOp::getWeightOutputAxis() { return 0; }
int64_t LinearOp::getResultChannelAxis() { return getResult().getType().getRank() - 1; }
int64_t LinearOp::getReductionSize() { return reductionSize(getWeight()); }

std::optional<ptq::PatchGeometry> LinearOp::getPatches() {
  ptq::PatchGeometry geometry;
  geometry.channels = getWeight().getType().getDimSize(1);
  geometry.channelsLast = true;
  if (geometry.channels < 0)
    return std::nullopt;
  return geometry;
}

//===----------------------------------------------------------------------===//
// Every operand is an activation
//===----------------------------------------------------------------------===//

bool AddOp::isSum() { return true; }

#define QUANTC_NN_ACTIVATIONS(OP)                                                                  \
  OperandRole OP::getOperandRole(unsigned) { return OperandRole::Activation; }
QUANTC_NN_ACTIVATIONS(AddOp)
QUANTC_NN_ACTIVATIONS(SubOp)
QUANTC_NN_ACTIVATIONS(MulOp)
QUANTC_NN_ACTIVATIONS(ReluOp)
QUANTC_NN_ACTIVATIONS(ClipOp)
QUANTC_NN_ACTIVATIONS(LeakyReluOp)
QUANTC_NN_ACTIVATIONS(HardSigmoidOp)
QUANTC_NN_ACTIVATIONS(HardSwishOp)
QUANTC_NN_ACTIVATIONS(SigmoidOp)
QUANTC_NN_ACTIVATIONS(TanhOp)
QUANTC_NN_ACTIVATIONS(ExpOp)
QUANTC_NN_ACTIVATIONS(AbsOp)
QUANTC_NN_ACTIVATIONS(NegOp)
QUANTC_NN_ACTIVATIONS(SqrtOp)
QUANTC_NN_ACTIVATIONS(ReciprocalOp)
QUANTC_NN_ACTIVATIONS(ErfOp)
QUANTC_NN_ACTIVATIONS(GeluOp)
QUANTC_NN_ACTIVATIONS(MatMulOp)
QUANTC_NN_ACTIVATIONS(MaxPoolOp)
QUANTC_NN_ACTIVATIONS(AvgPoolOp)
QUANTC_NN_ACTIVATIONS(ReduceMeanOp)
QUANTC_NN_ACTIVATIONS(ReshapeOp)
QUANTC_NN_ACTIVATIONS(TransposeOp)
QUANTC_NN_ACTIVATIONS(ConcatOp)
QUANTC_NN_ACTIVATIONS(PadOp)
#undef QUANTC_NN_ACTIVATIONS

//===----------------------------------------------------------------------===//
// Movement: the result is represented like the input
//===----------------------------------------------------------------------===//

ScaleRelation MaxPoolOp::getScaleRelation() { return ScaleRelation::SameAsInput; }
ScaleRelation ReshapeOp::getScaleRelation() { return ScaleRelation::SameAsInput; }
ScaleRelation TransposeOp::getScaleRelation() { return ScaleRelation::SameAsInput; }
ScaleRelation ConcatOp::getScaleRelation() { return ScaleRelation::Shared; }
/// Zero is a value of every affine representation; another padding value may lie outside the range
/// of the input.
ScaleRelation PadOp::getScaleRelation() {
  return getValue().isZero() ? ScaleRelation::SameAsInput : ScaleRelation::Free;
}

//===----------------------------------------------------------------------===//
// Unary functions, in double precision
//===----------------------------------------------------------------------===//

/// min(max(x, lo), hi) that keeps a NaN and gives hi when lo > hi.
static double clamp(double x, double lo, double hi) {
  double raised = x < lo ? lo : x;
  return raised > hi ? hi : raised;
}

std::optional<std::pair<double, double>> ReluOp::getClampBounds() { return {{0.0, infinity}}; }
std::optional<double> ReluOp::evaluateUnary(double x) { return clamp(x, 0.0, infinity); }

std::optional<std::pair<double, double>> ClipOp::getClampBounds() {
  double hi = getHi().convertToDouble();
  return {{std::min<double>(getLo().convertToDouble(), hi), hi}};
}
std::optional<double> ClipOp::evaluateUnary(double x) {
  return clamp(x, getLo().convertToDouble(), getHi().convertToDouble());
}

std::optional<double> LeakyReluOp::evaluateUnary(double x) {
  return x < 0.0 ? getAlpha().convertToDouble() * x : x;
}

std::optional<double> HardSigmoidOp::evaluateUnary(double x) {
  return clamp(getAlpha().convertToDouble() * x + getBeta().convertToDouble(), 0.0, 1.0);
}

std::optional<double> HardSwishOp::evaluateUnary(double x) {
  return x * clamp(x / 6.0 + 0.5, 0.0, 1.0);
}

std::optional<double> SigmoidOp::evaluateUnary(double x) {
  // The exponential of a negative number only: no overflow.
  double e = std::exp(-std::fabs(x));
  return x >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

std::optional<double> TanhOp::evaluateUnary(double x) { return std::tanh(x); }
std::optional<double> ExpOp::evaluateUnary(double x) { return std::exp(x); }
std::optional<double> AbsOp::evaluateUnary(double x) { return std::fabs(x); }
std::optional<double> NegOp::evaluateUnary(double x) { return -x; }
std::optional<double> SqrtOp::evaluateUnary(double x) { return std::sqrt(x); }
std::optional<double> ReciprocalOp::evaluateUnary(double x) { return 1.0 / x; }
std::optional<double> ErfOp::evaluateUnary(double x) { return std::erf(x); }
std::optional<double> GeluOp::evaluateUnary(double x) {
  return 0.5 * x * std::erfc(-x * 0.70710678118654752);
}
