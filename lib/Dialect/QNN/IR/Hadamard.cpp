//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn.hadamard: its plan, its constraints, that it may be quantized, and what crosses it. Labels
// [QNN-HAD-*] are explained in docs/Dialects/QNN.md, transforms in docs/ChannelAlgebra.md.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/IR/QNN.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

numerics::HadamardPlan HadamardOp::getPlan() {
  std::string reason;
  std::optional<numerics::HadamardPlan> plan = numerics::planHadamardAxis(
      getInput().getType().getShape().back(), getSize(), getInner(), reason);
  assert(plan && "the verifier has seen the plan");
  return *std::move(plan);
}

std::vector<int8_t> HadamardOp::getSigns() {
  if (!getSignSeed())
    return {};
  int64_t axis = getInput().getType().getShape().back();
  return numerics::randomSigns(axis / int64_t(getInner()), int64_t(*getSignSeed()));
}

OperandRole HadamardOp::getOperandRole(unsigned) { return OperandRole::Activation; }

/// Where a digit of a channel's index stands to the vectors that are mixed, which are the digit
/// (position / inner) % size of the last axis.
namespace {
enum class Place { OtherAxis, Within, Above, Mixed };
} // namespace

static Place placeOf(HadamardOp op, const ChannelDigit &digit) {
  if (digit.axis != op.getInput().getType().getRank() - 1)
    return Place::OtherAxis;
  auto inner = int64_t(op.getInner()), above = inner * int64_t(op.getSize());
  if (inner % (digit.inner * digit.size) == 0)
    return Place::Within;
  return digit.inner % above == 0 ? Place::Above : Place::Mixed;
}

/// What acts on other digits than the mixed one commutes with the rotation: it is linear.
Carry HadamardOp::carry(TransformKind kind, Port port, const ChannelSlot &slot) {
  if (kind == TransformKind::Shift)
    return Carry::refuse("the shift would be rotated");
  for (const ChannelDigit &digit : slot.digits) {
    Place place = placeOf(*this, digit);
    if (place == Place::Mixed)
      return Carry::refuse("it mixes these channels itself");
    // A scale is a diagonal, as signs are.
    if (place == Place::Above && getSignSeed() && kind != TransformKind::Scale)
      return Carry::refuse("its signs differ from block to block");
  }
  return Carry::pass({{port.isResult ? Port::operand(0) : Port::result(0), slot, false}});
}

LogicalResult HadamardOp::verify() {
  RankedTensorType type = getInput().getType();
  if (type.getRank() == 0 || ShapedType::isDynamic(type.getShape().back()))
    return emitOpError("expected a static last axis, but found ") << type << " [QNN-HAD-1]";
  std::string reason;
  if (!numerics::planHadamardAxis(type.getShape().back(), getSize(), getInner(), reason))
    return emitOpError(reason) << " [QNN-HAD-2]";
  return success();
}
