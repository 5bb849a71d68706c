//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products, quotients and sums of tensors; see docs/ChannelAlgebra.md.
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
  bool mixes = kind != Kind::Scale && kind != Kind::Shift;
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
    if (mixes && onBatch)
      return Carry::refuse("it would mix matrices of a batch");
    bool left = port.index == 0;
    return other(Port::operand(left ? 1 : 0), left ? rhs : lhs, left ? 1 : 2, left ? 2 : 1,
                 kind == Kind::Scale);
  }
  if (mixes && onBatch)
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
  bool constants = llvm::all_of(op->getOperands(),
                                [](Value operand) { return bool(getConstantElements(operand)); });
  if (kind == Kind::Shift && constants)
    return Carry::refuse("a sum of constants has no addend for the shift");
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

/// Constant factors, or the divisor, move with a permutation, once: at the result's port. A
/// constant numerator carries it as any other.
static LogicalResult applyFactor(Operation *op, OpBuilder &builder,
                                 const ChannelTransform &transform, Port port,
                                 const ChannelSlot &slot, bool inverse) {
  if (!port.isResult || transform.kind != Kind::Permutation)
    return success();
  for (OpOperand &operand : op->getOpOperands().drop_front(isa<DivOp>(op) ? 1 : 0))
    if (getConstantElements(operand.get()) &&
        coverOf(slot, op->getResult(0), operand.get()) != Cover::Repeated &&
        failed(transformBroadcast(builder, operand, op->getResult(0), slot, transform,
                                  /*dual=*/false, inverse)))
      return failure();
  return success();
}

/// The factor that takes up a transform of the product: what covers the channels alone, else what
/// a linear map makes; nullopt when both could. A permutation moves both, whichever is asked.
static std::optional<unsigned> factorFor(Operation *op, Kind kind, const ChannelSlot &slot) {
  SmallVector<unsigned> full, linear;
  for (OpOperand &operand : op->getOpOperands()) {
    if (getConstantElements(operand.get()) ||
        coverOf(slot, op->getResult(0), operand.get()) != Cover::Full)
      continue;
    full.push_back(operand.getOperandNumber());
    if (operand.get().getDefiningOp<LinearMapOpInterface>())
      linear.push_back(operand.getOperandNumber());
  }
  if (full.size() == 1 || (!full.empty() && kind == Kind::Permutation))
    return full.front();
  return linear.size() == 1 ? std::optional(linear.front()) : std::nullopt;
}

Carry MulOp::carry(Kind kind, Port port, const ChannelSlot &slot) {
  if (!port.isResult)
    return carryFactor(*this, kind, port, slot, port.index);
  std::optional<unsigned> factor = factorFor(*this, kind, slot);
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
