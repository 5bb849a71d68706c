//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear maps: weights and biases take transforms up; see docs/ChannelAlgebra.md.
//
//===----------------------------------------------------------------------===//

#include "NNAlgebra.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;
using namespace quantc::nn::algebra;

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

static Value vectorConstant(OpBuilder &builder, Location loc, ArrayRef<float> values,
                            StringRef name) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  ElementsAttr elements = makeFloatWeights(type, values, name);
  return ConstantOp::create(builder, loc, type, elements);
}

/// b + W z, or b - W z for the inverse, in float64: what a shift of the input does to the bias.
/// The weight is [outputs, inputs / groups, taps...].
static LogicalResult absorbShift(OpBuilder &builder, LinearMapOpInterface op,
                                 const ChannelSlot &slot, int64_t inputAxis, int64_t groups,
                                 const ChannelTransform &transform, bool inverse) {
  std::optional<std::vector<float>> weight =
      readFloats(getConstantElements(op.getWeightOperand().get()));
  ArrayRef<int64_t> shape = shapeOf(op.getWeightOperand().get());
  std::optional<std::vector<float>> bias = std::vector<float>(shape[0], 0.0f);
  if (Value old = op.getBiasValue())
    bias = readFloats(getConstantElements(old));
  if (!weight || !bias)
    return failure();
  std::vector<int64_t> channels = slot.channelsOf(inputAxis, groups * shape[1]);
  int64_t row = static_cast<int64_t>(weight->size()) / shape[0], taps = row / shape[1];
  for (int64_t o = 0; o < shape[0]; ++o) {
    int64_t first = o / (shape[0] / groups) * shape[1];
    double sum = 0.0;
    for (int64_t i = 0; i < row; ++i)
      sum += double((*weight)[o * row + i]) * transform.shift[channels[first + i / taps]];
    (*bias)[o] = static_cast<float>((*bias)[o] + (inverse ? -sum : sum));
  }
  builder.setInsertionPoint(op);
  op.setBiasValue(vectorConstant(builder, op.getLoc(), *bias, "shifted"));
  return success();
}

/// The result side: rows of the weight and the bias are transformed like the result's channels.
static LogicalResult transformOutput(OpBuilder &builder, LinearMapOpInterface op,
                                     const ChannelSlot &slot, const ChannelTransform &transform,
                                     bool inverse) {
  ChannelSlot rows = onAxis(slot, 0);
  bool shift = transform.kind == Kind::Shift;
  transformChannelMoments(op, transform, rows, shapeOf(op.getWeightOperand().get())[0], inverse);
  if (!shift && failed(transformOperand(builder, op.getWeightOperand(), rows, transform,
                                        /*dual=*/false, inverse, "weight")))
    return failure();
  Value bias = op.getBiasValue();
  if (!bias && !shift)
    return success();
  std::optional<std::vector<float>> values =
      std::vector<float>(shapeOf(op.getWeightOperand().get())[0], 0.0f);
  if (bias)
    values = readFloats(getConstantElements(bias));
  if (!values)
    return failure();
  auto type = RankedTensorType::get({static_cast<int64_t>(values->size())}, builder.getF32Type());
  ElementsAttr changed = transformConstant(makeFloatWeights(type, *values, "bias"), rows, transform,
                                           /*dual=*/false, inverse, "bias");
  if (!changed)
    return failure();
  builder.setInsertionPoint(op);
  op.setBiasValue(ConstantOp::create(builder, op.getLoc(), type, changed));
  return success();
}

/// Reasons that hold for every linear map: its parameters must be there to be changed.
static std::optional<Carry> checkParameters(LinearMapOpInterface op) {
  if (!getConstantElements(op.getWeightOperand().get()))
    return Carry::refuse("its weight is no float constant");
  if (Value bias = op.getBiasValue(); bias && !getConstantElements(bias))
    return Carry::refuse("its bias is no float constant");
  return std::nullopt;
}

Carry LinearOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!port.isResult && port.index != 0)
    return Carry::refuse("it is a parameter");
  if (std::optional<Carry> refusal = checkParameters(cast<LinearMapOpInterface>(getOperation())))
    return *refusal;
  if (!liesAlong(slot, rankOf(port.isResult ? Value(getResult()) : Value(getInput())) - 1))
    return Carry::refuse("the channels lie along other axes than its last");
  if (!port.isResult && kind == Kind::Centering)
    return Carry::refuse("it sees the mean of its input");
  return Carry::absorb();
}

LogicalResult LinearOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                       Port port, const ChannelSlot &slot, bool inverse) {
  auto map = cast<LinearMapOpInterface>(getOperation());
  if (port.isResult)
    return transformOutput(builder, map, slot, transform, inverse);
  if (transform.kind == Kind::Shift)
    return absorbShift(builder, map, slot, rankOf(getInput()) - 1, /*groups=*/1, transform,
                       inverse);
  return transformOperand(builder, getWeightMutable(), onAxis(slot, 1), transform, /*dual=*/true,
                          inverse, "weight");
}

static bool isDepthwise(ConvOp op) {
  return op.getGroups() > 1 && shapeOf(op.getWeight())[1] == 1 &&
         shapeOf(op.getWeight())[0] == static_cast<int64_t>(op.getGroups());
}

namespace {
/// The weight of a convolution as [groups, outputs / groups, inputs / groups, taps], and where the
/// input's channels lie in it.
struct GroupedWeight {
  SmallVector<int64_t, 4> view;
  std::optional<ChannelSlot> slot;
};
} // namespace

static GroupedWeight groupedWeight(ConvOp op, const ChannelSlot &slot) {
  ArrayRef<int64_t> shape = shapeOf(op.getWeight());
  int64_t groups = op.getGroups();
  GroupedWeight result{{groups, shape[0] / groups, shape[1]}, std::nullopt};
  int64_t taps = 1;
  for (int64_t size : shape.drop_front(2))
    taps *= size;
  result.view.push_back(taps);
  if (std::optional<ChannelSlot> inGroups =
          reshapeSlot(onAxis(slot, 0), {groups * shape[1]}, {groups, shape[1]}))
    result.slot = inGroups->mapAxes({0, 2});
  return result;
}

/// Whether the slot is one of places within a group, at the result or the input: the same for all
/// groups.
static bool liesInGroups(ConvOp op, Port port, const ChannelSlot &slot) {
  ArrayRef<int64_t> shape = shapeOf(op.getWeight());
  int64_t groups = op.getGroups(), size = port.isResult ? shape[0] / groups : shape[1];
  std::optional<ChannelSlot> inGroups =
      reshapeSlot(onAxis(slot, 0), {groups * size}, {groups, size});
  return inGroups && liesAlong(*inGroups, 1);
}

Carry ConvOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!port.isResult && port.index != 0)
    return Carry::refuse("it is a parameter");
  if (std::optional<Carry> refusal = checkParameters(cast<LinearMapOpInterface>(getOperation())))
    return *refusal;
  if (!liesAlong(slot, 1))
    return Carry::refuse("the channels lie along other axes than 1");
  if (isDepthwise(*this) && kind == Kind::Permutation)
    return passAcross(port, slot);
  bool mixes = kind != Kind::Scale && kind != Kind::Shift;
  if (getGroups() > 1 && mixes && !liesInGroups(*this, port, slot))
    return Carry::refuse("it works on groups of channels");
  if (port.isResult)
    return Carry::absorb();
  if (kind == Kind::Centering)
    return Carry::refuse("it sees the mean of its input");
  bool padded = llvm::any_of(getPads(), [](int64_t pad) { return pad != 0; });
  if (kind == Kind::Shift && padded)
    return Carry::refuse("its padding is zero, and zero would be shifted");
  if (kind == Kind::Rotation &&
      llvm::any_of(shapeOf(getWeight()).drop_front(2), [](int64_t size) { return size != 1; }))
    return Carry::refuse("its kernel is larger than 1x1");
  if (!groupedWeight(*this, slot).slot)
    return Carry::refuse("its groups cut the channels in pieces");
  return Carry::absorb();
}

LogicalResult ConvOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                     Port port, const ChannelSlot &slot, bool inverse) {
  auto map = cast<LinearMapOpInterface>(getOperation());
  if (port.isResult)
    return transformOutput(builder, map, slot, transform, inverse);
  if (transform.kind == Kind::Shift)
    return absorbShift(builder, map, slot, 1, getGroups(), transform, inverse);
  if (getGroups() == 1)
    return transformOperand(builder, getWeightMutable(), onAxis(slot, 1), transform, /*dual=*/true,
                            inverse, "weight");
  if (transform.kind == Kind::Permutation && isDepthwise(*this))
    return success(); // the result's side has moved the rows
  GroupedWeight weight = groupedWeight(*this, slot);
  return transformOperand(builder, getWeightMutable(), *weight.slot, transform, /*dual=*/true,
                          inverse, "weight", weight.view);
}
