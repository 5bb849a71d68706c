//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The walk over ports; see TransformRegion.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/DenseSet.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

bool TransformRegion::contains(Value value) const {
  return llvm::any_of(members, [&](const Member &member) { return member.value == value; });
}

SmallVector<Operation *> TransformRegion::readers() const {
  SmallVector<Operation *> result;
  for (const Application &application : applications)
    if (!application.port.isResult && isa<LinearMapOpInterface>(application.op))
      result.push_back(application.op);
  return result;
}

namespace {
using PortKey = std::pair<Operation *, unsigned>;
static PortKey keyOf(Operation *op, Port port) {
  return {op, 2 * port.index + (port.isResult ? 1 : 0)};
}

class Walk {
public:
  Walk(TransformKind kind, const RegionOptions &options) : options(options) { region.kind = kind; }

  void add(Value value, const ChannelSlot &slot, bool inverse);
  TransformRegion run();

private:
  /// A port that refused when it was asked; another port of its op may take it along later.
  struct Refused {
    Operation *op;
    Port port;
    TransformRegion::Refusal refusal;
  };

  void visit(Operation *op, Port port, OpOperand *use, const TransformRegion::Member &member);
  void pass(Operation *op, const Carry &carry, const TransformRegion::Member &member);
  void refuse(const TransformRegion::Member &member, OpOperand *use, const Twine &reason,
              Operation *op = nullptr, Port port = Port::result(0), bool canBeExplicit = true) {
    refused.push_back(
        {op, port, {member.value, use, member.slot, member.inverse, reason.str(), canBeExplicit}});
  }

  bool passClamp(Operation *op, Port port, const TransformRegion::Member &member,
                 std::string &reason);

  RegionOptions options;
  TransformRegion region;
  std::vector<Refused> refused;
  llvm::DenseMap<Value, size_t> index;
  /// Ports that carry because another port of their op does.
  llvm::DenseSet<PortKey> settled;
  /// Ops of which some ports carry and the others do not.
  llvm::DenseSet<Operation *> passing;
};
} // namespace

void Walk::add(Value value, const ChannelSlot &slot, bool inverse) {
  auto [known, isNew] = index.try_emplace(value, region.members.size());
  if (isNew) {
    region.members.push_back({value, slot, inverse});
    return;
  }
  const TransformRegion::Member &member = region.members[known->second];
  if (!(member.slot == slot) || member.inverse != inverse)
    refuse(member, nullptr, "two ways ask for different transforms of one value", nullptr,
           Port::result(0), /*canBeExplicit=*/false);
}

static std::string describe(Operation *op) {
  return "'" + getNodeName(op) + "' (" + op->getName().getStringRef().str() + ")";
}

/// Whether the options let the transform through a clamp of one operand; else maybe a better
/// reason.
bool Walk::passClamp(Operation *op, Port port, const TransformRegion::Member &member,
                     std::string &reason) {
  auto clamp = dyn_cast<QuantizableOpInterface>(op);
  auto bounds = clamp && op->getNumOperands() == 1 ? clamp.getClampBounds() : std::nullopt;
  bool shifts = options.aboveShift && region.kind == TransformKind::Shift;
  bool scales = options.openClamps && region.kind == TransformKind::Scale;
  if (!bounds || bounds->first != 0 || !(shifts || scales) || member.inverse)
    return false;
  if (shifts && std::isfinite(bounds->second) && !options.openClamps) {
    reason = "its upper bound would have to be shifted, too";
    return false;
  }
  if (shifts)
    region.bounded.push_back({op, member.slot});
  if (std::isfinite(bounds->second))
    region.opened.push_back({op, member.slot});
  return true;
}

void Walk::visit(Operation *op, Port port, OpOperand *use, const TransformRegion::Member &member) {
  auto algebra = dyn_cast<ChannelAlgebraInterface>(op);
  if (!algebra)
    return refuse(member, use,
                  op->hasTrait<OpTrait::IsTerminator>()
                      ? Twine("it is a result of the graph")
                      : Twine(describe(op) + ": the algebra of channels does not know it"));
  if (!settled.contains(keyOf(op, port))) {
    Carry carry = algebra.carry(region.kind, port, member.slot);
    if (carry.verdict == Carry::Refuse && passClamp(op, port, member, carry.reason))
      carry = Carry::pass({{port.isResult ? Port::operand(0) : Port::result(0), member.slot}});
    if (carry.verdict == Carry::Refuse)
      return refuse(member, use, describe(op) + ": " + carry.reason, op, port);
    // It passes on condition that its other ports stay: of a product, one factor is transformed.
    if (carry.verdict == Carry::Pass && !passing.insert(op).second)
      return refuse(member, use, describe(op) + ": the transform reaches it along two operands", op,
                    port);
    pass(op, carry, member);
  }
  region.applications.push_back({op, port, member.slot, member.inverse});
}

void Walk::pass(Operation *op, const Carry &carry, const TransformRegion::Member &member) {
  for (const Carry::Other &other : carry.others) {
    bool inverse = member.inverse != other.inverse;
    Value value = other.port.isResult ? Value(op->getResult(other.port.index))
                                      : op->getOperand(other.port.index);
    if (!other.port.isResult && getConstantElements(value)) {
      region.constants.push_back({&op->getOpOperand(other.port.index), other.slot, inverse});
      continue;
    }
    settled.insert(keyOf(op, other.port));
    add(value, other.slot, inverse);
  }
}

static bool isFloat32(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

/// Whether there is an op that does the transform (or undoes it, for `inverse`) at run time.
static bool hasExplicitOp(TransformKind kind, Value value, const ChannelSlot &slot, bool inverse) {
  std::optional<int64_t> axis = slot.singleAxis();
  if (!isFloat32(value) || !axis)
    return false;
  auto type = cast<RankedTensorType>(value.getType());
  int64_t rank = type.getRank();
  switch (kind) {
  case TransformKind::Scale:
  case TransformKind::Shift:
    return true;
  case TransformKind::Rotation: // a linear map, or a 1x1 convolution
    return *axis == rank - 1 || (*axis == 1 && rank >= 3 && rank <= 5);
  case TransformKind::Centering:
    return !inverse && slot.size() == type.getDimSize(*axis);
  case TransformKind::Permutation:
    return false;
  }
  return false;
}

TransformRegion Walk::run() {
  // Members grow while they are visited.
  for (size_t i = 0; i < region.members.size(); ++i) {
    TransformRegion::Member member = region.members[i];
    if (!isFloat32(member.value))
      refuse(member, nullptr, "its elements are not of type f32", nullptr, Port::result(0),
             /*canBeExplicit=*/false);
    if (auto result = dyn_cast<OpResult>(member.value))
      visit(result.getOwner(), Port::result(result.getResultNumber()), nullptr, member);
    else
      refuse(member, nullptr, "it is an input of the graph");
    for (OpOperand &use : member.value.getUses())
      visit(use.getOwner(), Port::operand(use.getOperandNumber()), &use, member);
  }
  for (Refused &r : refused) {
    if (r.op && settled.contains(keyOf(r.op, r.port)))
      region.applications.push_back({r.op, r.port, r.refusal.slot, r.refusal.inverse});
    else
      region.refusals.push_back(std::move(r.refusal));
  }
  for (TransformRegion::Refusal &refusal : region.refusals)
    refusal.canBeExplicit &= hasExplicitOp(region.kind, refusal.value, refusal.slot,
                                           refusal.inverse != (refusal.use != nullptr));
  return std::move(region);
}

TransformRegion quantc::findTransformRegion(Value seed, const ChannelSlot &slot, TransformKind kind,
                                            const RegionOptions &options) {
  Walk walk(kind, options);
  walk.add(seed, slot, /*inverse=*/false);
  return walk.run();
}

LogicalResult quantc::applyTransformRegion(const TransformRegion &region,
                                           const ChannelTransform &transform) {
  for (const TransformRegion::Application &application : region.applications) {
    OpBuilder builder(application.op);
    if (failed(cast<ChannelAlgebraInterface>(application.op)
                   .applyTransform(builder, transform, application.port, application.slot,
                                   application.inverse)))
      return application.op->emitError()
             << describe(application.op) << ": its constants have no bytes to transform";
  }
  for (const TransformRegion::Constant &constant : region.constants) {
    Operation *op = constant.use->getOwner();
    ElementsAttr changed =
        transformConstant(getConstantElements(constant.use->get()), constant.slot, transform,
                          /*dual=*/false, constant.inverse, transformName(transform.kind));
    if (!changed)
      return op->emitError() << describe(op) << ": a constant has no bytes to transform";
    OpBuilder builder(op);
    constant.use->set(nn::ConstantOp::create(builder, constant.use->get().getLoc(),
                                             changed.getShapedType(), changed));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Explicit ops
//===----------------------------------------------------------------------===//

/// A constant over one axis of `type`, the others of size 1.
static Value channelConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                             const ChannelSlot &slot, ArrayRef<double> perChannel) {
  int64_t axis = *slot.singleAxis();
  SmallVector<int64_t> shape(type.getRank() - axis, 1);
  shape[0] = type.getDimSize(axis);
  std::vector<float> values;
  for (int64_t channel : slot.channelsOf(axis, shape[0]))
    values.push_back(static_cast<float>(perChannel[channel]));
  auto constantType = RankedTensorType::get(shape, type.getElementType());
  return nn::ConstantOp::create(builder, loc, constantType,
                                makeFloatWeights(constantType, values, "explicit"));
}

/// The matrix M with y = M x for the channel vectors of an axis: R^T, or R for the inverse.
static std::vector<float> rotationMatrix(const ChannelTransform &transform, const ChannelSlot &slot,
                                         int64_t length, bool inverse) {
  std::vector<int64_t> channels = slot.channelsOf(*slot.singleAxis(), length);
  // Positions mix when they differ in their channel alone.
  auto rest = [&](int64_t position) {
    for (const ChannelDigit &digit : slot.digits)
      position -= position / digit.inner % digit.size * digit.inner;
    return position;
  };
  std::vector<float> matrix(static_cast<size_t>(length * length), 0.0f);
  for (int64_t to = 0; to < length; ++to)
    for (int64_t from = 0; from < length; ++from)
      if (rest(to) == rest(from)) {
        int64_t row = inverse ? channels[to] : channels[from];
        int64_t column = inverse ? channels[from] : channels[to];
        matrix[to * length + from] =
            static_cast<float>(transform.rotation[row * transform.channels + column]);
      }
  return matrix;
}

/// A product with a matrix along the last axis, or along axis 1 as a 1x1 convolution.
static Value explicitRotation(OpBuilder &builder, Location loc, Value value,
                              const ChannelSlot &slot, const ChannelTransform &transform,
                              bool inverse) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t axis = *slot.singleAxis(), length = type.getDimSize(axis), rank = type.getRank();
  std::vector<float> matrix = rotationMatrix(transform, slot, length, inverse);
  auto constant = [&](ArrayRef<int64_t> shape) -> Value {
    auto matrixType = RankedTensorType::get(shape, type.getElementType());
    return nn::ConstantOp::create(builder, loc, matrixType,
                                  makeFloatWeights(matrixType, matrix, "rotation"));
  };
  if (axis == rank - 1)
    return nn::LinearOp::create(builder, loc, value, constant({length, length}), Value());
  SmallVector<int64_t> shape(rank, 1), ones(rank - 2, 1), zeros(2 * (rank - 2), 0);
  shape[0] = shape[1] = length;
  return nn::ConvOp::create(builder, loc, value, constant(shape), Value(), ones, ones, zeros);
}

static Value explicitTransform(OpBuilder &builder, Location loc, Value value,
                               const ChannelSlot &slot, const ChannelTransform &transform,
                               bool inverse) {
  if (!hasExplicitOp(transform.kind, value, slot, inverse))
    return {};
  auto type = cast<RankedTensorType>(value.getType());
  switch (transform.kind) {
  case TransformKind::Rotation:
    return explicitRotation(builder, loc, value, slot, transform, inverse);
  case TransformKind::Scale: {
    std::vector<double> factors;
    for (double s : transform.scale)
      factors.push_back(inverse ? s : 1.0 / s);
    return nn::MulOp::create(builder, loc, value,
                             channelConstant(builder, loc, type, slot, factors));
  }
  case TransformKind::Shift: {
    std::vector<double> offsets;
    for (double z : transform.shift)
      offsets.push_back(inverse ? z : -z);
    return nn::AddOp::create(builder, loc, value,
                             channelConstant(builder, loc, type, slot, offsets));
  }
  case TransformKind::Centering: {
    int64_t axis = *slot.singleAxis();
    Value mean = nn::ReduceMeanOp::create(builder, loc, value, builder.getDenseI64ArrayAttr(axis),
                                          builder.getBoolAttr(true));
    return nn::SubOp::create(builder, loc, value, mean);
  }
  case TransformKind::Permutation:
    return {};
  }
  return {};
}

bool quantc::makeExplicit(const TransformRegion::Refusal &refusal,
                          const ChannelTransform &transform) {
  if (!refusal.canBeExplicit)
    return false;
  if (refusal.use) {
    // The reader wants the value as it was; it reads what an explicit op of the producer made.
    OpBuilder builder(refusal.use->getOwner());
    Value restored = explicitTransform(builder, refusal.value.getLoc(), refusal.use->get(),
                                       refusal.slot, transform, !refusal.inverse);
    if (!restored)
      return false;
    refusal.use->set(restored);
    return true;
  }
  OpBuilder builder(refusal.value.getContext());
  builder.setInsertionPointAfterValue(refusal.value);
  Value changed = explicitTransform(builder, refusal.value.getLoc(), refusal.value, refusal.slot,
                                    transform, refusal.inverse);
  if (!changed)
    return false;
  Operation *first = changed.getDefiningOp();
  SmallPtrSet<Operation *, 4> made{first};
  for (Value operand : first->getOperands())
    if (operand != refusal.value && operand.getDefiningOp())
      made.insert(operand.getDefiningOp());
  Value old = refusal.value;
  old.replaceAllUsesExcept(changed, made);
  return true;
}
