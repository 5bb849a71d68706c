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
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Hadamard.h"

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNROTATEONLINE
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {
struct RotateOnline : quantc::qnn::impl::QnnRotateOnlineBase<RotateOnline> {
  using QnnRotateOnlineBase::QnnRotateOnlineBase;

  void runOnOperation() override;

private:
  LogicalResult rotateInput(LinearMapOpInterface op);
  void rotateScores(nn::MatMulOp product);
  /// The rotated value, one for all readers.
  Value rotated(Value value, int64_t size, bool signs);

  llvm::DenseMap<std::pair<Value, unsigned>, Value> made; ///< by value and whether there are signs
};
} // namespace

/// Length of the vectors that are mixed: the whole axis, or blocks of a power of two.
static std::optional<numerics::HadamardPlan> planFor(int64_t channels) {
  if (numerics::HadamardPlanning planning = numerics::planHadamard(channels))
    return planning.plan;
  return numerics::planHadamardBlocks(channels);
}

Value RotateOnline::rotated(Value value, int64_t size, bool signs) {
  Value &known = made[{value, unsigned(signs)}];
  if (known)
    return known;
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  known = HadamardOp::create(builder, value.getLoc(), value.getType(), value,
                             builder.getI64IntegerAttr(size), builder.getI64IntegerAttr(1),
                             signs ? builder.getI64IntegerAttr(seed) : IntegerAttr(), UnitAttr());
  return known;
}

/// R4: what the weights in front cannot take up is rotated on its way in.
LogicalResult RotateOnline::rotateInput(LinearMapOpInterface op) {
  OpOperand &input = op.getInputOperand();
  auto type = cast<RankedTensorType>(input.get().getType());
  auto algebra = dyn_cast<ChannelAlgebraInterface>(op.getOperation());
  ChannelSlot slot = ChannelSlot::axis(type.getRank() - 1, type.getShape().back());
  Port port = Port::operand(input.getOperandNumber());
  if (!algebra || !isa_and_nonnull<ChannelAlgebraInterface>(input.get().getDefiningOp()) ||
      algebra.carry(TransformKind::Rotation, port, slot).verdict != Carry::Absorb ||
      findTransformRegion(input.get(), slot, TransformKind::Rotation).isLegal())
    return success();
  std::optional<numerics::HadamardPlan> plan = planFor(slot.size());
  if (!plan) {
    op.emitRemark() << "the input of '" << getNodeName(op)
                    << "' is not rotated: no Hadamard matrix of a part of " << slot.size()
                    << " channels";
    return success();
  }
  op.emitRemark() << "the input of '" << getNodeName(op)
                  << "' is rotated at run time: " << plan->describe();
  int64_t size = plan->size;
  numerics::Hadamard hadamard(*plan, numerics::randomSigns(slot.size(), seed));
  ChannelTransform transform{TransformKind::Rotation, slot.size(), {}, {}, {}, {}};
  transform.rotation = hadamard.matrix();
  input.set(rotated(input.get(), size, /*signs=*/true));
  OpBuilder builder(op);
  return algebra.applyTransform(builder, transform, port, slot, /*inverse=*/false);
}

/// The transpose behind which `value` has the channels of its last axis as rows, with nothing but
/// products with one number between, and no other reader on the way; null otherwise.
static nn::TransposeOp transposeOfRows(Value value) {
  while (value.hasOneUse()) {
    if (auto turned = value.getDefiningOp<nn::TransposeOp>()) {
      int64_t rank = turned.getType().getRank();
      return rank >= 2 && turned.getPermutation()[rank - 2] == rank - 1 ? turned
                                                                        : nn::TransposeOp();
    }
    auto product = value.getDefiningOp<nn::MulOp>();
    if (!product)
      break;
    ElementsAttr factor = getConstantElements(product.getRhs());
    if (!factor || factor.getNumElements() != 1 || product.getLhs().getType() != product.getType())
      break;
    value = product.getLhs();
  }
  return {};
}

/// R3: <q R, k R> = <q, k>, for queries and keys that a transpose of the keys brings together.
void RotateOnline::rotateScores(nn::MatMulOp product) {
  nn::TransposeOp keys = transposeOfRows(product.getRhs());
  if (!keys || getConstantElements(product.getLhs()))
    return;
  int64_t rank = keys.getType().getRank();
  int64_t channels = keys.getType().getDimSize(rank - 2);
  numerics::HadamardPlanning planning = numerics::planHadamard(channels);
  if (!planning) {
    product.emitRemark() << "the scores of '" << getNodeName(product)
                         << "' are not rotated: " << planning.message();
    return;
  }
  product.emitRemark() << "queries and keys of '" << getNodeName(product)
                       << "' are rotated at run time: " << planning.plan->describe();
  product.getLhsMutable().assign(rotated(product.getLhs(), channels, /*signs=*/false));
  keys.getInputMutable().assign(rotated(keys.getInput(), channels, /*signs=*/false));
}

void RotateOnline::runOnOperation() {
  SmallVector<LinearMapOpInterface> maps;
  SmallVector<nn::MatMulOp> products;
  getOperation().walk([&](LinearMapOpInterface op) { maps.push_back(op); });
  getOperation().walk([&](nn::MatMulOp op) { products.push_back(op); });
  if (scores)
    for (nn::MatMulOp product : products)
      rotateScores(product);
  if (inputs)
    for (LinearMapOpInterface op : maps)
      if (failed(rotateInput(op)))
        return signalPassFailure();
}
