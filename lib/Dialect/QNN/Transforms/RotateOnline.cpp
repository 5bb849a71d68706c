//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn-rotate-online: rotations that no weight in front can take up, done at run time.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/RotationDecision.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Hadamard.h"
#include "llvm/ADT/SetVector.h"
#include <map>

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNROTATEONLINE
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {
/// A value along whose last axis the channels lie that a product sums, and the ops from it to the
/// product, the nearest to the product first.
struct Place {
  struct Step {
    Operation *op;
    unsigned operand;
    ChannelSlot from, to; ///< at the operand, at the result
  };
  Value value;
  int64_t inner = 1; ///< of the channels' digit
  SmallVector<Step> steps;
};

struct RotateOnline : quantc::qnn::impl::QnnRotateOnlineBase<RotateOnline> {
  using QnnRotateOnlineBase::QnnRotateOnlineBase;

  void runOnOperation() override;

private:
  LogicalResult rotateInput(LinearMapOpInterface op);
  LogicalResult rotateHeads(nn::MatMulOp product);
  LogicalResult rotateScores(nn::MatMulOp product);
  /// The input of `op`, whose weight takes up the same rotation: channels of `slot`.
  LogicalResult rotateOperand(LinearMapOpInterface op, const ChannelSlot &slot,
                              const numerics::HadamardPlan &plan, bool signs);
  LogicalResult rotateAt(const Place &place, OpOperand &use, const numerics::HadamardPlan &plan);
  /// The rotated value, one for all readers.
  Value rotated(Value value, int64_t size, int64_t inner, bool signs);

  /// By value, size, inner and whether there are signs.
  std::map<std::tuple<const void *, int64_t, int64_t, bool>, Value> made;
  /// Readers before what they read.
  llvm::SetVector<Operation *> copied;
};
} // namespace

static ChannelSlot lastAxis(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return ChannelSlot::axis(type.getRank() - 1, type.getShape().back());
}

static ChannelTransform rotationOf(const numerics::Hadamard &hadamard) {
  ChannelTransform transform{TransformKind::Rotation, hadamard.plan().channels(), {}, {}, {}, {}};
  transform.rotation = hadamard.matrix();
  return transform;
}

Value RotateOnline::rotated(Value value, int64_t size, int64_t inner, bool signs) {
  Value &known = made[{value.getAsOpaquePointer(), size, inner, signs}];
  if (known)
    return known;
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  known = HadamardOp::create(builder, value.getLoc(), value.getType(), value,
                             builder.getI64IntegerAttr(size), builder.getI64IntegerAttr(inner),
                             signs ? builder.getI64IntegerAttr(seed) : IntegerAttr(), UnitAttr());
  return known;
}

//===----------------------------------------------------------------------===//
// Inputs of linear maps
//===----------------------------------------------------------------------===//

LogicalResult RotateOnline::rotateOperand(LinearMapOpInterface op, const ChannelSlot &slot,
                                          const numerics::HadamardPlan &plan, bool signs) {
  OpOperand &input = op.getInputOperand();
  numerics::Hadamard hadamard(plan, signs ? numerics::randomSigns(slot.size(), seed)
                                          : std::vector<int8_t>());
  input.set(rotated(input.get(), plan.size, slot.digits.back().inner, signs));
  OpBuilder builder(op);
  return cast<ChannelAlgebraInterface>(op.getOperation())
      .applyTransform(builder, rotationOf(hadamard), Port::operand(input.getOperandNumber()), slot,
                      /*inverse=*/false);
}

/// Why the map's weight takes up no rotation of its input, or its input none at all; empty when
/// both do.
static std::string whyNot(LinearMapOpInterface op, const ChannelSlot &slot) {
  OpOperand &input = op.getInputOperand();
  Operation *producer = input.get().getDefiningOp();
  if (!producer)
    return "it is an input of the graph";
  if (isa<HadamardOp>(producer))
    return "it is rotated already";
  if (!isa<ChannelAlgebraInterface>(producer))
    return "'" + getNodeName(producer) + "' (" + producer->getName().getStringRef().str() +
           "): the algebra of channels does not know it";
  auto algebra = dyn_cast<ChannelAlgebraInterface>(op.getOperation());
  if (!algebra)
    return "the algebra of channels does not know '" + op->getName().getStringRef().str() + "'";
  Carry carry =
      algebra.carry(TransformKind::Rotation, Port::operand(input.getOperandNumber()), slot);
  if (carry.verdict != Carry::Absorb)
    return carry.reason.empty() ? "its weight takes up no rotation" : carry.reason;
  return "";
}

/// R4: what the weights in front cannot take up is rotated on its way in.
LogicalResult RotateOnline::rotateInput(LinearMapOpInterface op) {
  OpOperand &input = op.getInputOperand();
  ChannelSlot slot = lastAxis(input.get());
  if (isa_and_nonnull<HadamardOp>(input.get().getDefiningOp())) { // decided there
    op.emitRemark() << "the input of '" << getNodeName(op)
                    << "' is not rotated: it is rotated already";
    return success();
  }
  if (std::string reason = whyNot(op, slot); !reason.empty()) {
    remarkRotation(op, RotationKind::Input, slot.size(), false, reason)
        << "the input of '" << getNodeName(op) << "' is not rotated: " << reason;
    return success();
  }
  if (findTransformRegion(input.get(), slot, TransformKind::Rotation).isLegal())
    return success(); // nn-rotate's
  std::optional<numerics::HadamardPlan> plan = numerics::planHadamard(slot.size()).plan;
  if (!plan)
    plan = numerics::planHadamardBlocks(slot.size());
  if (!plan) {
    std::string reason =
        ("no Hadamard matrix of a part of " + Twine(slot.size()) + " channels").str();
    remarkRotation(op, RotationKind::Input, slot.size(), false, reason)
        << "the input of '" << getNodeName(op) << "' is not rotated: " << reason;
    return success();
  }
  remarkRotation(op, RotationKind::Input, slot.size(), true, "Hadamard " + plan->describe())
      << "the input of '" << getNodeName(op) << "' is rotated at run time: " << plan->describe();
  return rotateOperand(op, slot, *plan, /*signs=*/true);
}

//===----------------------------------------------------------------------===//
// Products of activations
//===----------------------------------------------------------------------===//

/// Whether the product weighs the rows of its right operand by rows that sum to one: what a shift
/// of those passes on. The values of an attention then, not its keys.
static bool isWeightedMean(nn::MatMulOp product) {
  return product.carry(TransformKind::Shift, Port::operand(1), lastAxis(product.getRhs()))
             .verdict != Carry::Refuse;
}

/// The half of a rotation of all heads' channels that no weight takes up: H_heads (x) I. The other
/// half, I (x) R within each head, crosses from the values' weight to the reader's (R2).
LogicalResult RotateOnline::rotateHeads(nn::MatMulOp product) {
  TransformRegion region = findTransformRegion(product.getResult(), lastAxis(product.getResult()),
                                               TransformKind::Rotation);
  if (!region.isLegal()) {
    if (isWeightedMean(product))
      remarkRotation(product, RotationKind::Mixing, lastAxis(product.getResult()).size(), false,
                     region.refusals.front().reason)
          << "the heads of '" << getNodeName(product)
          << "' are not mixed: " << region.refusals.front().reason;
    return success();
  }
  for (const TransformRegion::Application &application : region.applications) {
    auto op = dyn_cast<LinearMapOpInterface>(application.op);
    if (!op || application.port.isResult || application.slot.digits.size() != 1)
      continue;
    ChannelSlot whole = lastAxis(op.getInputOperand().get());
    ChannelDigit channels = application.slot.digits.front();
    int64_t heads = whole.size() / channels.size;
    if (heads == 1 || channels.inner != 1)
      continue;
    ChannelSlot slot{{ChannelDigit{channels.axis, heads, channels.size}}};
    if (std::string reason = whyNot(op, slot); !reason.empty()) {
      remarkRotation(op, RotationKind::Mixing, whole.size(), false, reason)
          << "the heads of '" << getNodeName(op) << "' are not mixed: " << reason;
      continue;
    }
    numerics::HadamardPlanning planning = numerics::planHadamard(heads);
    if (!planning) {
      remarkRotation(op, RotationKind::Mixing, whole.size(), false, planning.message())
          << "the " << heads << " heads of '" << getNodeName(op)
          << "' are not mixed: " << planning.message();
      continue;
    }
    remarkRotation(op, RotationKind::Mixing, whole.size(), true,
                   Twine(heads) + " heads, Hadamard " + planning.plan->describe())
        << "the heads of '" << getNodeName(op)
        << "' are mixed at run time: " << planning.plan->describe();
    if (failed(rotateOperand(op, slot, *planning.plan, /*signs=*/false)))
      return failure();
  }
  return success();
}

/// The op's one operand that carries the rotation of its result, if that is all that carries it.
static std::optional<Carry::Other> soleOperand(Operation *op, const Carry &carry) {
  if (carry.verdict != Carry::Pass || carry.others.size() != 1)
    return std::nullopt;
  const Carry::Other &other = carry.others.front();
  if (other.port.isResult || getConstantElements(op->getOperand(other.port.index)))
    return std::nullopt;
  return other;
}

/// Walks from `value` to its producers as long as each hands the rotation on to one operand, and
/// takes the smallest tensor on the way along whose last axis the channels lie (keys before they
/// are repeated for the queries that share them), or says why there is none.
static std::optional<Place> findPlace(Value value, ChannelSlot slot, std::string &reason) {
  std::optional<Place> best;
  Place place{value, 1, {}};
  for (;;) {
    auto type = cast<RankedTensorType>(place.value.getType());
    if (slot.digits.size() == 1 && slot.singleAxis() == type.getRank() - 1 &&
        (!best ||
         type.getNumElements() < cast<RankedTensorType>(best->value.getType()).getNumElements())) {
      place.inner = slot.digits.front().inner;
      best = place;
    }
    auto result = dyn_cast<OpResult>(place.value);
    auto algebra =
        result ? dyn_cast<ChannelAlgebraInterface>(result.getOwner()) : ChannelAlgebraInterface();
    if (!algebra) {
      reason =
          result ? "the algebra of channels does not know '" + getNodeName(result.getOwner()) + "'"
                 : "they are an input of the graph";
      return best;
    }
    Carry carry =
        algebra.carry(TransformKind::Rotation, Port::result(result.getResultNumber()), slot);
    std::optional<Carry::Other> other = soleOperand(algebra, carry);
    if (!other) {
      reason = "'" + getNodeName(algebra) + "': " +
               (carry.verdict == Carry::Refuse ? carry.reason
                                               : std::string("it hands the rotation on to no one "
                                                             "operand"));
      return best;
    }
    place.steps.push_back({algebra, other->port.index, other->slot, slot});
    place.value = algebra->getOperand(other->port.index);
    slot = other->slot;
  }
}

/// `use` reads what the ops on the way make of the rotated value. They are copied, so that other
/// readers keep what they read.
LogicalResult RotateOnline::rotateAt(const Place &place, OpOperand &use,
                                     const numerics::HadamardPlan &plan) {
  ChannelTransform transform = rotationOf(numerics::Hadamard(plan));
  Value value = rotated(place.value, plan.size, place.inner, /*signs=*/false);
  for (const Place::Step &step : llvm::reverse(place.steps)) {
    OpBuilder builder(step.op);
    Operation *copy = builder.clone(*step.op);
    copy->setOperand(step.operand, value);
    builder.setInsertionPoint(copy);
    auto algebra = cast<ChannelAlgebraInterface>(copy);
    if (failed(algebra.applyTransform(builder, transform, Port::result(0), step.to, false)) ||
        failed(algebra.applyTransform(builder, transform, Port::operand(step.operand), step.from,
                                      false)))
      return failure();
    value = copy->getResult(0);
  }
  use.set(value);
  for (const Place::Step &step : place.steps)
    copied.insert(step.op);
  return success();
}

/// R3: <q R, k R> = <q, k>, behind whatever turns pairs of channels by their position.
LogicalResult RotateOnline::rotateScores(nn::MatMulOp product) {
  if (isWeightedMean(product))
    return success();
  ChannelSlot slot = lastAxis(product.getLhs());
  auto skip = [&](const Twine &reason) {
    remarkRotation(product, RotationKind::Scores, slot.size(), false, reason)
        << "the scores of '" << getNodeName(product) << "' are not rotated: " << reason;
    return success();
  };
  if (getConstantElements(product.getLhs()) || getConstantElements(product.getRhs()))
    return skip("one of the factors is a constant");
  Carry pair = product.carry(TransformKind::Rotation, Port::operand(0), slot);
  if (pair.verdict != Carry::Pass)
    return skip(pair.reason);
  std::string reason;
  std::optional<Place> queries = findPlace(product.getLhs(), slot, reason);
  std::optional<Place> keys = findPlace(product.getRhs(), pair.others.front().slot, reason);
  if (!queries || !keys)
    return skip("the channels of its keys lie along no last axis: " + reason);
  if (isa_and_nonnull<HadamardOp>(keys->value.getDefiningOp()))
    return skip("they are rotated already");
  numerics::HadamardPlanning planning = numerics::planHadamard(slot.size());
  if (!planning)
    return skip(planning.message());
  remarkRotation(product, RotationKind::Scores, slot.size(), true,
                 "Hadamard " + planning.plan->describe())
      << "queries and keys of '" << getNodeName(product)
      << "' are rotated at run time: " << planning.plan->describe();
  return success(succeeded(rotateAt(*queries, product.getLhsMutable(), *planning.plan)) &&
                 succeeded(rotateAt(*keys, product.getRhsMutable(), *planning.plan)));
}

void RotateOnline::runOnOperation() {
  made.clear(); // one pass object runs on several functions
  copied.clear();
  SmallVector<LinearMapOpInterface> maps;
  SmallVector<nn::MatMulOp> products;
  getOperation().walk([&](LinearMapOpInterface op) { maps.push_back(op); });
  getOperation().walk([&](nn::MatMulOp op) { products.push_back(op); });
  for (nn::MatMulOp product : products)
    if ((scores && failed(rotateScores(product))) || (heads && failed(rotateHeads(product))))
      return signalPassFailure();
  if (inputs)
    for (LinearMapOpInterface op : maps)
      if (failed(rotateInput(op)))
        return signalPassFailure();
  for (Operation *op : copied)
    if (op->use_empty())
      op->erase();
}
