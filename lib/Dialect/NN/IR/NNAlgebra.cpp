//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which transforms of channels each op lets through: the legality matrix of docs/ChannelAlgebra.md.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

using Kind = TransformKind;
using Others = SmallVector<Carry::Other, 2>;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
static int64_t rankOf(Value value) { return static_cast<int64_t>(shapeOf(value).size()); }

/// The port at the other end of an op of one tensor in and one out.
static Port across(Port port) { return port.isResult ? Port::operand(0) : Port::result(0); }

static Carry passAcross(Port port, const ChannelSlot &slot) {
  return Carry::pass({{across(port), slot}});
}

/// Whether all digits lie along `axis`.
static bool liesAlong(const ChannelSlot &slot, int64_t axis) { return slot.singleAxis() == axis; }

/// Replaces a constant operand by its transformed copy.
static LogicalResult transformOperand(OpBuilder &builder, OpOperand &operand,
                                      const ChannelSlot &slot, const ChannelTransform &transform,
                                      bool dual, bool inverse, StringRef name) {
  ElementsAttr value = getConstantElements(operand.get());
  if (!value)
    return failure();
  ElementsAttr changed = transformConstant(value, slot, transform, dual, inverse, name);
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

static Value vectorConstant(OpBuilder &builder, Location loc, ArrayRef<float> values,
                            StringRef name) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  ElementsAttr elements = makeFloatWeights(type, values, name);
  return ConstantOp::create(builder, loc, type, elements);
}

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

/// The weight's slot for channels of the input or the result that lie along one axis.
static ChannelSlot onAxis(const ChannelSlot &slot, int64_t axis) {
  ChannelSlot result = slot;
  for (ChannelDigit &digit : result.digits)
    digit.axis = axis;
  return result;
}

/// b + W z, or b - W z for the inverse, in float64: what a shift of the input does to the bias.
/// The weight is [outputs, inputs, taps...]; `groupOutputs` output channels read one input group.
static LogicalResult absorbShift(OpBuilder &builder, LinearMapOpInterface op,
                                 const ChannelSlot &slot, int64_t inputAxis, bool depthwise,
                                 const ChannelTransform &transform, bool inverse) {
  std::optional<std::vector<float>> weight =
      readFloats(getConstantElements(op.getWeightOperand().get()));
  ArrayRef<int64_t> shape = shapeOf(op.getWeightOperand().get());
  std::optional<std::vector<float>> bias = std::vector<float>(shape[0], 0.0f);
  if (Value old = op.getBiasValue())
    bias = readFloats(getConstantElements(old));
  if (!weight || !bias)
    return failure();
  int64_t inputs = depthwise ? shape[0] : shape[1];
  std::vector<int64_t> channels = slot.channelsOf(inputAxis, inputs);
  int64_t row = static_cast<int64_t>(weight->size()) / shape[0], taps = row / shape[1];
  for (int64_t o = 0; o < shape[0]; ++o) {
    double sum = 0.0;
    for (int64_t i = 0; i < row; ++i)
      sum += double((*weight)[o * row + i]) * transform.shift[channels[depthwise ? o : i / taps]];
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
    return absorbShift(builder, map, slot, rankOf(getInput()) - 1, /*depthwise=*/false, transform,
                       inverse);
  return transformOperand(builder, getWeightMutable(), onAxis(slot, 1), transform, /*dual=*/true,
                          inverse, "weight");
}

static bool isDepthwise(ConvOp op) {
  return op.getGroups() > 1 && shapeOf(op.getWeight())[1] == 1 &&
         shapeOf(op.getWeight())[0] == op.getGroups();
}

Carry ConvOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!port.isResult && port.index != 0)
    return Carry::refuse("it is a parameter");
  if (std::optional<Carry> refusal = checkParameters(cast<LinearMapOpInterface>(getOperation())))
    return *refusal;
  if (!liesAlong(slot, 1))
    return Carry::refuse("the channels lie along other axes than 1");
  bool mixes = kind == Kind::Rotation || kind == Kind::Permutation || kind == Kind::Centering;
  if (isDepthwise(*this) && kind == Kind::Permutation)
    return passAcross(port, slot);
  if (getGroups() > 1 && mixes)
    return Carry::refuse("it works on groups of channels");
  if (getGroups() > 1 && !isDepthwise(*this))
    return Carry::refuse("it works on groups of channels of more than one");
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
  return Carry::absorb();
}

LogicalResult ConvOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                     Port port, const ChannelSlot &slot, bool inverse) {
  auto map = cast<LinearMapOpInterface>(getOperation());
  bool depthwise = isDepthwise(*this);
  if (port.isResult)
    return transformOutput(builder, map, slot, transform, inverse);
  if (transform.kind == Kind::Shift)
    return absorbShift(builder, map, slot, 1, depthwise, transform, inverse);
  if (depthwise && transform.kind == Kind::Permutation)
    return success(); // the result's side has moved the rows
  return transformOperand(builder, getWeightMutable(), onAxis(slot, depthwise ? 0 : 1), transform,
                          /*dual=*/true, inverse, "weight");
}

//===----------------------------------------------------------------------===//
// Products of activations
//===----------------------------------------------------------------------===//

/// The slot as `to` has it when both have the same axes but the last two; nullopt when a batch axis
/// is broadcast.
static std::optional<ChannelSlot> moveMatrixAxis(const ChannelSlot &slot, Value from, Value to,
                                                 int64_t fromAxis, int64_t toAxis) {
  ChannelSlot result = slot;
  int64_t shift = rankOf(to) - rankOf(from);
  for (ChannelDigit &digit : result.digits) {
    if (digit.axis == rankOf(from) - fromAxis) {
      digit.axis = rankOf(to) - toAxis;
      continue;
    }
    int64_t axis = digit.axis + shift;
    if (digit.axis >= rankOf(from) - 2 || axis < 0 ||
        shapeOf(to)[axis] != shapeOf(from)[digit.axis])
      return std::nullopt;
    digit.axis = axis;
  }
  return result;
}

/// Each row of `rows` sums to one.
static bool rowsSumToOne(Value rows) {
  auto softmax = rows.getDefiningOp<SoftmaxOp>();
  return softmax && static_cast<int64_t>(softmax.getAxis()) == rankOf(rows) - 1;
}

Carry MatMulOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  Value lhs = getLhs(), rhs = getRhs(), out = getResult();
  Value self = port.isResult ? out : port.index == 0 ? lhs : rhs;
  int64_t rank = rankOf(self);
  // Axes counted from the end: 2 the rows, 1 the columns.
  bool onRows = slot.uses(rank - 2), onColumns = slot.uses(rank - 1);
  bool onBatch =
      llvm::any_of(slot.digits, [&](const ChannelDigit &d) { return d.axis < rank - 2; });
  if (onRows && onColumns)
    return Carry::refuse("the channels lie along rows and columns");
  auto other = [&](Port to, Value value, int64_t fromAxis, int64_t toAxis, bool inverse) -> Carry {
    std::optional<ChannelSlot> moved = moveMatrixAxis(slot, self, value, fromAxis, toAxis);
    if (!moved)
      return Carry::refuse("one of the operands is repeated along the channels");
    return Carry::pass({{to, *moved, inverse}});
  };
  bool summed = !port.isResult && (port.index == 0 ? onColumns : onRows);
  if (summed) {
    // <q, k> stays when q takes R and k takes R, or when q is divided by what k is multiplied with.
    if (kind == Kind::Shift || kind == Kind::Centering)
      return Carry::refuse("the product of two activations sees the mean");
    if (kind != Kind::Scale && onBatch)
      return Carry::refuse("it would mix matrices of a batch");
    bool left = port.index == 0;
    return other(Port::operand(left ? 1 : 0), left ? rhs : lhs, left ? 1 : 2, left ? 2 : 1,
                 kind == Kind::Scale);
  }
  if (kind != Kind::Scale && onBatch)
    return Carry::refuse("it would mix matrices of a batch");
  if (!onRows && !onColumns)
    return Carry::refuse("the channels lie along a batch of matrices");
  if (kind == Kind::Shift && (onRows || !rowsSumToOne(lhs)))
    return Carry::refuse("rows that do not sum to one would change the shift");
  if (!port.isResult)
    return other(Port::result(0), out, port.index == 0 ? 2 : 1, port.index == 0 ? 2 : 1, false);
  return onRows ? other(Port::operand(0), lhs, 2, 2, false)
                : other(Port::operand(1), rhs, 1, 1, false);
}

//===----------------------------------------------------------------------===//
// Elementwise ops of two operands
//===----------------------------------------------------------------------===//

namespace {
/// How an operand of a broadcasting op lies under the channels of the result.
enum class Cover { Full, Repeated, Partial };
} // namespace

/// The slot of the result as `operand` has it.
static ChannelSlot operandSlot(const ChannelSlot &slot, int64_t resultRank, Value operand) {
  ChannelSlot result = slot;
  for (ChannelDigit &digit : result.digits)
    digit.axis -= resultRank - rankOf(operand);
  return result;
}

static Cover coverOf(const ChannelSlot &slot, Value result, Value operand) {
  unsigned full = 0;
  ChannelSlot own = operandSlot(slot, rankOf(result), operand);
  for (auto [mine, theirs] : llvm::zip_equal(own.digits, slot.digits))
    full += mine.axis >= 0 && shapeOf(operand)[mine.axis] == shapeOf(result)[theirs.axis];
  return full == own.digits.size() ? Cover::Full : full == 0 ? Cover::Repeated : Cover::Partial;
}

/// The slot of a port as the result has it; nullopt where the operand is repeated along it.
static std::optional<ChannelSlot> resultSlot(Operation *op, Port port, const ChannelSlot &slot) {
  if (port.isResult)
    return slot;
  Value operand = op->getOperand(port.index), result = op->getResult(0);
  ChannelSlot moved = slot;
  for (ChannelDigit &digit : moved.digits)
    digit.axis += rankOf(result) - rankOf(operand);
  if (coverOf(moved, result, operand) != Cover::Full)
    return std::nullopt;
  return moved;
}

/// A constant operand spread over the channels of the result, where it is repeated along them.
static LogicalResult transformBroadcast(OpBuilder &builder, OpOperand &operand, Value result,
                                        const ChannelSlot &slot, const ChannelTransform &transform,
                                        bool dual, bool inverse) {
  ElementsAttr value = getConstantElements(operand.get());
  std::optional<std::vector<float>> values = readFloats(value);
  if (!values)
    return failure();
  ArrayRef<int64_t> to = shapeOf(result), from = shapeOf(operand.get());
  SmallVector<int64_t> shape(to.size(), 1);
  llvm::copy(from, shape.end() - from.size());
  for (const ChannelDigit &digit : slot.digits)
    shape[digit.axis] = to[digit.axis];
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  std::vector<float> spread(type.getNumElements());
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t rest = i, source = 0, stride = 1;
    for (int64_t axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0; --axis) {
      int64_t own = axis - static_cast<int64_t>(shape.size() - from.size());
      int64_t size = own >= 0 ? from[own] : 1;
      source += (size == 1 ? 0 : rest % shape[axis]) * stride;
      stride *= size;
      rest /= shape[axis];
    }
    spread[i] = (*values)[source];
  }
  ElementsAttr changed = transformConstant(makeFloatWeights(type, spread, "spread"), slot,
                                           transform, dual, inverse, "constant");
  if (!changed)
    return failure();
  builder.setInsertionPoint(operand.getOwner());
  operand.set(ConstantOp::create(builder, operand.get().getLoc(), type, changed));
  return success();
}

/// Sums: every addend is transformed like the result; a shift goes past constants alone.
static Carry carrySum(Operation *op, Kind kind, Port port, const ChannelSlot &slot) {
  std::optional<ChannelSlot> out = resultSlot(op, port, slot);
  if (!out)
    return Carry::refuse("the operand is repeated along the channels");
  Others others;
  if (!port.isResult)
    others.push_back({Port::result(0), *out});
  for (OpOperand &operand : op->getOpOperands()) {
    Port other = Port::operand(operand.getOperandNumber());
    if (other == port || getConstantElements(operand.get()))
      continue;
    if (kind == Kind::Shift && op->getNumOperands() == 2 &&
        !getConstantElements(op->getOperand(1 - other.index)))
      return Carry::refuse("the shift of a sum of two activations has no one place");
    if (coverOf(*out, op->getResult(0), operand.get()) != Cover::Full)
      return Carry::refuse("the other addend is repeated along the channels");
    others.push_back({other, operandSlot(*out, rankOf(op->getResult(0)), operand.get())});
  }
  return Carry::pass(std::move(others));
}

/// Constants of a sum, once: at the result's port.
static LogicalResult applySum(Operation *op, OpBuilder &builder, const ChannelTransform &transform,
                              Port port, const ChannelSlot &slot, bool inverse) {
  if (!port.isResult || transform.kind == Kind::Shift)
    return success(); // x - z + c: the constant stays
  for (OpOperand &operand : op->getOpOperands())
    if (getConstantElements(operand.get()) &&
        failed(transformBroadcast(builder, operand, op->getResult(0), slot, transform,
                                  /*dual=*/false, inverse)))
      return failure();
  return success();
}

Carry AddOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  return carrySum(*this, kind, port, slot);
}
LogicalResult AddOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                    Port port, const ChannelSlot &slot, bool inverse) {
  return applySum(*this, builder, transform, port, slot, inverse);
}
Carry SubOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (kind == Kind::Shift &&
      (port.isResult ? bool(getConstantElements(getLhs())) : port.index == 1))
    return Carry::refuse("the shift would change its sign");
  return carrySum(*this, kind, port, slot);
}
LogicalResult SubOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                    Port port, const ChannelSlot &slot, bool inverse) {
  return applySum(*this, builder, transform, port, slot, inverse);
}

/// One factor of a product (or the numerator) takes the transform, the other stays.
static Carry carryFactor(Operation *op, Kind kind, Port port, const ChannelSlot &slot,
                         unsigned factor) {
  std::optional<ChannelSlot> out = resultSlot(op, port, slot);
  if (!out)
    return Carry::refuse("the operand is repeated along the channels");
  Value result = op->getResult(0), rest = op->getOperand(1 - factor);
  if (op->getOperand(0) == op->getOperand(1))
    return Carry::refuse("a square is not linear");
  if (kind == Kind::Shift)
    return Carry::refuse("a factor would scale the shift");
  Cover restCover = coverOf(*out, result, rest);
  if (coverOf(*out, result, op->getOperand(factor)) != Cover::Full)
    return Carry::refuse("the factor is repeated along the channels");
  Others others;
  if (!port.isResult)
    others.push_back({Port::result(0), *out});
  else
    others.push_back(
        {Port::operand(factor), operandSlot(*out, rankOf(result), op->getOperand(factor))});
  if (kind == Kind::Scale || restCover == Cover::Repeated)
    return Carry::pass(std::move(others));
  if (kind != Kind::Permutation)
    return Carry::refuse("it scales each channel by itself; fold a constant gain first");
  if (!getConstantElements(rest)) {
    if (restCover != Cover::Full)
      return Carry::refuse("the other factor is repeated along some of the channels");
    others.push_back({Port::operand(1 - factor), operandSlot(*out, rankOf(result), rest)});
  }
  return Carry::pass(std::move(others));
}

/// Constant factors move with a permutation, once: at the result's port.
static LogicalResult applyFactor(Operation *op, OpBuilder &builder,
                                 const ChannelTransform &transform, Port port,
                                 const ChannelSlot &slot, bool inverse) {
  if (!port.isResult || transform.kind != Kind::Permutation)
    return success();
  for (OpOperand &operand : op->getOpOperands())
    if (getConstantElements(operand.get()) &&
        coverOf(slot, op->getResult(0), operand.get()) != Cover::Repeated &&
        failed(transformBroadcast(builder, operand, op->getResult(0), slot, transform,
                                  /*dual=*/false, inverse)))
      return failure();
  return success();
}

/// The factor that takes up a transform of the product: what a linear map makes, else what covers
/// the channels alone; nullopt when both could.
static std::optional<unsigned> factorFor(Operation *op, const ChannelSlot &slot) {
  SmallVector<unsigned> full, linear;
  for (OpOperand &operand : op->getOpOperands()) {
    if (getConstantElements(operand.get()) ||
        coverOf(slot, op->getResult(0), operand.get()) != Cover::Full)
      continue;
    full.push_back(operand.getOperandNumber());
    if (operand.get().getDefiningOp<LinearMapOpInterface>())
      linear.push_back(operand.getOperandNumber());
  }
  if (full.size() == 1)
    return full.front();
  return linear.size() == 1 ? std::optional(linear.front()) : std::nullopt;
}

Carry MulOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!port.isResult)
    return carryFactor(*this, kind, port, slot, port.index);
  std::optional<unsigned> factor = factorFor(*this, slot);
  if (!factor)
    return Carry::refuse("neither factor alone is a linear map's result");
  return carryFactor(*this, kind, port, slot, *factor);
}
LogicalResult MulOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                    Port port, const ChannelSlot &slot, bool inverse) {
  return applyFactor(*this, builder, transform, port, slot, inverse);
}
Carry DivOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!port.isResult && port.index == 1)
    return Carry::refuse("a quotient is not linear in its divisor");
  return carryFactor(*this, kind, port, slot, 0);
}
LogicalResult DivOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                    Port port, const ChannelSlot &slot, bool inverse) {
  return applyFactor(*this, builder, transform, port, slot, inverse);
}

//===----------------------------------------------------------------------===//
// Functions of one element
//===----------------------------------------------------------------------===//

static Carry carryPermutation(Kind kind, Port port, const ChannelSlot &slot) {
  if (kind == Kind::Permutation)
    return passAcross(port, slot);
  return Carry::refuse("it is not linear");
}

/// f(s x) = s f(x) for s > 0.
static Carry carryHomogeneous(Kind kind, Port port, const ChannelSlot &slot) {
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
    if (!port.isResult && centers)
      return Carry::absorb();
    return Carry::refuse(port.isResult ? "its result has a mean" : "the norm sees the mean");
  }
  return Carry::refuse("unknown");
}

/// Gain and bias at the result's port; a missing one is made.
template <typename NormOp>
static LogicalResult applyNorm(NormOp op, OpBuilder &builder, const ChannelTransform &transform,
                               Port port, const ChannelSlot &slot, bool inverse,
                               MutableOperandRange bias) {
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
  return bias.getOwner() ? change(bias, 0.0f, shift) : success();
}

Carry RMSNormOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  return carryNorm(kind, port, slot, getInput(), getGain(), {}, /*centers=*/false);
}
LogicalResult RMSNormOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                        Port port, const ChannelSlot &slot, bool inverse) {
  return applyNorm(*this, builder, transform, port, slot, inverse,
                   MutableOperandRange(nullptr, 0, 0));
}
Carry LayerNormOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  return carryNorm(kind, port, slot, getInput(), getGain(), getBias(), /*centers=*/true);
}
LogicalResult LayerNormOp::applyTransform(OpBuilder &builder, const ChannelTransform &transform,
                                          Port port, const ChannelSlot &slot, bool inverse) {
  return applyNorm(*this, builder, transform, port, slot, inverse, getBiasMutable());
}

Carry EmbeddingOp::carry(Kind, Port port, const ChannelSlot &slot) {
  int64_t last = rankOf(getResult()) - 1;
  if (!liesAlong(slot, port.isResult ? last : 1))
    return Carry::refuse("the channels lie along other axes than the table's second");
  return Carry::pass({{across(port), onAxis(slot, port.isResult ? 1 : last)}});
}

//===----------------------------------------------------------------------===//
// Pools and means
//===----------------------------------------------------------------------===//

Carry MaxPoolOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!liesAlong(slot, 1))
    return Carry::refuse("the channels lie along the window");
  return carryHomogeneous(kind, port, slot);
}
Carry AvgPoolOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!liesAlong(slot, 1))
    return Carry::refuse("the channels lie along the window");
  if (kind == Kind::Shift && getCountIncludePad() &&
      llvm::any_of(getPads(), [](int64_t pad) { return pad != 0; }))
    return Carry::refuse("its padding is zero, and zero would be shifted");
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
