//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of one tensor, normalisations, pools and movement, and what the families of ops share;
// see docs/ChannelAlgebra.md.
//
//===----------------------------------------------------------------------===//

#include "NNAlgebra.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;
using namespace quantc::nn::algebra;

ChannelSlot algebra::onAxis(const ChannelSlot &slot, int64_t axis) {
  ChannelSlot result = slot;
  for (ChannelDigit &digit : result.digits)
    digit.axis = axis;
  return result;
}

Carry algebra::passAcross(Port port, const ChannelSlot &slot) {
  return Carry::pass({{across(port), slot}});
}

LogicalResult algebra::transformOperand(OpBuilder &builder, OpOperand &operand,
                                        const ChannelSlot &slot, const ChannelTransform &transform,
                                        bool dual, bool inverse, StringRef name,
                                        ArrayRef<int64_t> view) {
  ElementsAttr value = getConstantElements(operand.get());
  auto reshaped = [&](ElementsAttr from, ArrayRef<int64_t> shape) -> ElementsAttr {
    std::optional<std::vector<float>> values = readFloats(from);
    auto type = RankedTensorType::get(shape, from.getElementType());
    return values ? makeFloatWeights(type, *values, name) : ElementsAttr();
  };
  ElementsAttr viewed = value && !view.empty() ? reshaped(value, view) : value;
  if (!viewed)
    return failure();
  ElementsAttr changed = transformConstant(viewed, slot, transform, dual, inverse, name);
  if (changed && !view.empty())
    changed = reshaped(changed, value.getShapedType().getShape());
  if (!changed)
    return failure();
  if (changed == value)
    return success();
  builder.setInsertionPoint(operand.getOwner());
  auto constant =
      ConstantOp::create(builder, operand.get().getLoc(), changed.getShapedType(), changed);
  operand.set(constant);
  return success();
}

//===----------------------------------------------------------------------===//
// Functions of one element
//===----------------------------------------------------------------------===//

Carry algebra::carryPermutation(Kind kind, Port port, const ChannelSlot &slot) {
  if (kind == Kind::Permutation)
    return passAcross(port, slot);
  return Carry::refuse("it is not linear");
}

Carry algebra::carryHomogeneous(Kind kind, Port port, const ChannelSlot &slot) {
  return kind == Kind::Scale ? passAcross(port, slot) : carryPermutation(kind, port, slot);
}

#define QUANTC_NN_CARRY(OP, RULE)                                                                  \
  Carry OP::carry(Kind kind, Port port, const ChannelSlot &slot) { return RULE(kind, port, slot); }
QUANTC_NN_CARRY(ReluOp, carryHomogeneous)
QUANTC_NN_CARRY(LeakyReluOp, carryHomogeneous)
QUANTC_NN_CARRY(AbsOp, carryHomogeneous)
QUANTC_NN_CARRY(ClipOp, carryPermutation)
QUANTC_NN_CARRY(HardSigmoidOp, carryPermutation)
QUANTC_NN_CARRY(HardSwishOp, carryPermutation)
QUANTC_NN_CARRY(SigmoidOp, carryPermutation)
QUANTC_NN_CARRY(TanhOp, carryPermutation)
QUANTC_NN_CARRY(ExpOp, carryPermutation)
QUANTC_NN_CARRY(SqrtOp, carryPermutation)
QUANTC_NN_CARRY(ReciprocalOp, carryPermutation)
QUANTC_NN_CARRY(ErfOp, carryPermutation)
QUANTC_NN_CARRY(GeluOp, carryPermutation)
QUANTC_NN_CARRY(SoftmaxOp, carryPermutation)
#undef QUANTC_NN_CARRY

Carry NegOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  return kind == Kind::Shift ? Carry::refuse("the shift would change its sign")
                             : passAcross(port, slot);
}

//===----------------------------------------------------------------------===//
// Normalisation and lookup
//===----------------------------------------------------------------------===//

/// What a normalisation along the last axis answers. `hasBias`: a shift of its result fits in.
static Carry carryNorm(Kind kind, Port port, const ChannelSlot &slot, Value input, Value gain,
                       Value bias, bool centers) {
  if (!port.isResult && port.index != 0)
    return Carry::refuse("it is a parameter");
  for (Value parameter : {gain, bias})
    if (parameter && !getConstantElements(parameter))
      return Carry::refuse("its gain or bias is no constant");
  if (!liesAlong(slot, rankOf(input) - 1))
    return Carry::refuse("the channels lie along other axes than the normalised one");
  switch (kind) {
  case Kind::Permutation:
    return passAcross(port, slot);
  case Kind::Scale:
    return port.isResult ? Carry::absorb()
                         : Carry::refuse("the norm sees the scale of its channels");
  case Kind::Shift:
    if (port.isResult && centers)
      return Carry::absorb();
    return Carry::refuse(port.isResult ? "it has no bias" : "the norm sees the shift");
  case Kind::Rotation:
    if (centers)
      return Carry::refuse("its mean is no invariant of rotations; turn it into an rms_norm first");
    if (gain)
      return Carry::refuse("its gain scales each channel by itself; fold it first");
    return passAcross(port, slot);
  case Kind::Centering:
    if (!port.isResult && centers && slot.size() == shapeOf(input).back())
      return Carry::absorb();
    return Carry::refuse(port.isResult ? "its result has a mean" : "the norm sees the mean");
  }
  return Carry::refuse("unknown");
}

/// Gain and bias at the result's port; a missing one is made.
template <typename NormOp>
static LogicalResult applyNorm(NormOp op, OpBuilder &builder, const ChannelTransform &transform,
                               Port port, const ChannelSlot &slot, bool inverse) {
  if (!port.isResult || transform.kind == Kind::Rotation)
    return success();
  int64_t length = shapeOf(op.getInput()).back();
  auto change = [&](MutableOperandRange parameter, float missing, bool make) -> LogicalResult {
    if (parameter.empty() && !make)
      return success();
    std::optional<std::vector<float>> values = std::vector<float>(length, missing);
    if (!parameter.empty())
      values = readFloats(getConstantElements(parameter[0].get()));
    if (!values)
      return failure();
    auto type = RankedTensorType::get({length}, builder.getF32Type());
    ElementsAttr changed =
        transformConstant(makeFloatWeights(type, *values, "norm"), onAxis(slot, 0), transform,
                          /*dual=*/false, inverse, "norm");
    if (!changed)
      return failure();
    builder.setInsertionPoint(op);
    parameter.assign(ConstantOp::create(builder, op.getLoc(), type, changed).getResult());
    return success();
  };
  bool shift = transform.kind == Kind::Shift;
  if (!shift && failed(change(op.getGainMutable(), 1.0f, transform.kind == Kind::Scale)))
    return failure();
  // A gain that was made moved the bias: its place is asked for now.
  if constexpr (std::is_same_v<NormOp, LayerNormOp>)
    return change(op.getBiasMutable(), 0.0f, shift);
  return success();
}

Carry RMSNormOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  return carryNorm(kind, port, slot, getInput(), getGain(), {}, /*centers=*/false);
}
LogicalResult RMSNormOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                        Port port, const ChannelSlot &slot, bool inverse) {
  return applyNorm(*this, builder, transform, port, slot, inverse);
}
Carry LayerNormOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  return carryNorm(kind, port, slot, getInput(), getGain(), getBias(), /*centers=*/true);
}
LogicalResult LayerNormOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                          Port port, const ChannelSlot &slot, bool inverse) {
  return applyNorm(*this, builder, transform, port, slot, inverse);
}

Carry EmbeddingOp::carry(Kind, Port port, const ChannelSlot &slot) {
  int64_t last = rankOf(getResult()) - 1;
  if (!port.isResult && port.index != 0)
    return Carry::refuse("it is an index");
  if (!liesAlong(slot, port.isResult ? last : 1))
    return Carry::refuse("the channels lie along other axes than the table's second");
  return Carry::pass({{across(port), onAxis(slot, port.isResult ? 1 : last)}});
}

//===----------------------------------------------------------------------===//
// Pools and means
//===----------------------------------------------------------------------===//

/// A window of padding alone gives a constant; only dilation can jump over the input.
template <typename PoolOp> static bool mayMissInput(PoolOp op) {
  auto isPad = [](int64_t pad) { return pad != 0; };
  auto isDilated = [](int64_t dilation) { return dilation != 1; };
  return llvm::any_of(op.getPads(), isPad) && llvm::any_of(op.getDilations(), isDilated);
}

/// A maximum moves with what grows in each channel alone.
Carry MaxPoolOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!liesAlong(slot, 1))
    return Carry::refuse("the channels lie along the window");
  bool grows = kind == Kind::Scale || kind == Kind::Shift;
  if (grows && mayMissInput(*this))
    return Carry::refuse("a window of padding alone has a value of its own");
  return grows ? passAcross(port, slot) : carryPermutation(kind, port, slot);
}
Carry AvgPoolOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!liesAlong(slot, 1))
    return Carry::refuse("the channels lie along the window");
  if (kind == Kind::Shift && getCountIncludePad() &&
      llvm::any_of(getPads(), [](int64_t pad) { return pad != 0; }))
    return Carry::refuse("its padding is zero, and zero would be shifted");
  if (kind == Kind::Shift && mayMissInput(*this))
    return Carry::refuse("a window of padding alone has a value of its own");
  return passAcross(port, slot);
}

Carry ReduceMeanOp::carry(Kind, Port port, const ChannelSlot &slot) {
  SmallVector<int64_t> toResult(rankOf(getInput()), -1), toInput(rankOf(getResult()), -1);
  int64_t axis = 0;
  for (int64_t i = 0; i < rankOf(getInput()); ++i) {
    bool reduced = llvm::is_contained(getAxes(), i);
    if (!reduced) {
      toResult[i] = axis;
      toInput[axis] = i;
    }
    axis += !reduced || getKeepdims();
  }
  std::optional<ChannelSlot> moved = slot.mapAxes(port.isResult ? toInput : toResult);
  if (!moved)
    return Carry::refuse("the channels lie along the mean");
  return Carry::pass({{across(port), *moved}});
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

Carry ReshapeOp::carry(Kind, Port port, const ChannelSlot &slot) {
  ArrayRef<int64_t> in = shapeOf(getInput()), out = shapeOf(getResult());
  std::optional<ChannelSlot> moved =
      port.isResult ? reshapeSlot(slot, out, in) : reshapeSlot(slot, in, out);
  if (!moved)
    return Carry::refuse("it cuts the channels in pieces");
  return Carry::pass({{across(port), *moved}});
}

Carry TransposeOp::carry(Kind, Port port, const ChannelSlot &slot) {
  SmallVector<int64_t> map(getPermutation());
  if (!port.isResult)
    for (auto [to, from] : llvm::enumerate(getPermutation()))
      map[from] = static_cast<int64_t>(to);
  return Carry::pass({{across(port), *slot.mapAxes(map)}});
}

Carry ConcatOp::carry(Kind, Port port, const ChannelSlot &slot) {
  if (slot.uses(getAxis()))
    return Carry::refuse("it joins tensors along the channels");
  Others others;
  if (!port.isResult)
    others.push_back({Port::result(0), slot});
  for (unsigned i = 0; i < getInputs().size(); ++i)
    if (!(port == Port::operand(i)))
      others.push_back({Port::operand(i), slot});
  return Carry::pass(std::move(others));
}

Carry PadOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  int64_t rank = rankOf(getInput());
  bool alongChannels = false, padded = false;
  for (int64_t axis = 0; axis < rank; ++axis) {
    bool here = getPads()[axis] != 0 || getPads()[axis + rank] != 0;
    padded |= here;
    alongChannels |= here && slot.uses(axis);
  }
  if (alongChannels)
    return Carry::refuse("it pads along the channels");
  bool keeps = kind == Kind::Permutation || (getValue().isZero() && kind != Kind::Shift);
  if (padded && !keeps)
    return Carry::refuse("the padding would have to be transformed, too");
  return passAcross(port, slot);
}

Carry SliceOp::carry(Kind, Port port, const ChannelSlot &slot) {
  for (const ChannelDigit &digit : slot.digits)
    if (shapeOf(getInput())[digit.axis] != shapeOf(getResult())[digit.axis])
      return Carry::refuse("it cuts the channels in pieces");
  return passAcross(port, slot);
}

/// Copies of a channel carry the transform of that channel: a slot that runs over the copies does
/// not go back.
Carry ExpandOp::carry(Kind, Port port, const ChannelSlot &slot) {
  for (const ChannelDigit &digit : slot.digits)
    if (shapeOf(getInput())[digit.axis] != shapeOf(getResult())[digit.axis])
      return Carry::refuse("it repeats what has channels of its own");
  return passAcross(port, slot);
}
