//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes that `nn` does not hold (docs/Nodes.md): a row for each form of ONNX, as
// importers have.
//
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

LogicalResult quantc::nn::refuse(onnx::NodeOp op, const Twine &expected) {
  return op.emitError() << onnx::describeNode(op) << ": no derivative: expected " << expected;
}

FailureOr<int64_t> quantc::nn::normalizeAxis(onnx::NodeOp op, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return refuse(op, "an axis in [" + Twine(-rank) + ", " + Twine(rank) + "), but found " +
                          Twine(axis));
  return axis < 0 ? axis + rank : axis;
}

/// The axes of a reduction, an attribute or a constant operand, counted from the front; none: all.
static FailureOr<SmallVector<int64_t>> reducedAxes(onnx::NodeOp op) {
  const auto rank = static_cast<int64_t>(shapeOf(op->getOperand(0)).size());
  std::optional<ArrayRef<int64_t>> axes = op.getInts("axes");
  std::optional<std::vector<int64_t>> read;
  if (Value operand = op->getNumOperands() > 1 ? op.getOptionalInput(1) : Value()) {
    read = readIntegers(getConstantElements(operand));
    if (!read)
      return refuse(op, "axes that are constant");
    axes = *read;
  }
  SmallVector<int64_t> result;
  for (int64_t axis : axes.value_or(ArrayRef<int64_t>())) {
    FailureOr<int64_t> normal = normalizeAxis(op, axis, rank);
    if (failed(normal))
      return failure();
    result.push_back(*normal);
  }
  return result;
}

/// The operand's shape with 1 at reduced axes.
static FailureOr<SmallVector<int64_t>> keptShape(onnx::NodeOp op) {
  SmallVector<int64_t> kept(shapeOf(op->getOperand(0)));
  FailureOr<SmallVector<int64_t>> axes = reducedAxes(op);
  if (failed(axes))
    return failure();
  if (axes->empty() && !op.getInt("noop_with_empty_axes").value_or(0))
    kept.assign(kept.size(), 1);
  for (int64_t axis : *axes)
    kept[axis] = 1;
  return kept;
}

static LogicalResult pullReduceSum(onnx::NodeOp op, Pullback &p) {
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  p.gradients[0] = p.e.expand(p.e.reshape(p.cotangent, *kept), shapeOf(op->getOperand(0)));
  return success();
}

static LogicalResult pullReduceSumSquare(onnx::NodeOp op, Pullback &p) {
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  p.gradients[0] = p.e.mul(p.e.scale(op->getOperand(0), 2.0), p.e.reshape(p.cotangent, *kept));
  return success();
}

/// dx = x dy / y, and 0 where y is.
static LogicalResult pullReduceL2(onnx::NodeOp op, Pullback &p) {
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  Value share = p.e.divByLength(p.cotangent, op->getResult(0));
  p.gradients[0] = p.e.mul(op->getOperand(0), p.e.reshape(share, *kept));
  return success();
}

/// The first of equal elements gets all.
static LogicalResult pullReduceMax(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0);
  FailureOr<SmallVector<int64_t>> axes = reducedAxes(op);
  if (failed(axes))
    return failure();
  if (axes->size() != 1)
    return refuse(op, "one axis");
  const int64_t axis = axes->front();
  SmallVector<int64_t> kept(shapeOf(x));
  kept[axis] = 1;
  auto places = RankedTensorType::get(kept, e.builder.getIntegerType(64, /*isSigned=*/true));
  Value first =
      e.node("ArgMax", {x}, places, {e.integer("axis", axis), e.integer("keepdims", 1)}).front();
  p.gradients[0] =
      e.node("ScatterElements", {e.splat(tensorType(x), 0.0), first, e.reshape(p.cotangent, kept)},
             x.getType(), {e.integer("axis", axis)})
          .front();
  return success();
}

static LogicalResult pullWhere(onnx::NodeOp op, Pullback &p) {
  Value condition = op->getOperand(0), dy = p.cotangent, zero = p.e.number(dy, 0.0);
  for (unsigned i : {1u, 2u}) {
    if (!p.wants(i))
      continue;
    SmallVector<Value> operands = {condition, i == 1 ? dy : zero, i == 1 ? zero : dy};
    Value chosen = p.e.node("Where", operands, dy.getType()).front();
    p.gradients[i] = p.e.sumTo(chosen, shapeOf(op->getOperand(i)));
  }
  return success();
}

static LogicalResult pullIdentity(onnx::NodeOp, Pullback &p) {
  p.gradients[0] = p.cotangent;
  return success();
}

/// Rounding is passed straight through.
static LogicalResult pullRound(onnx::NodeOp op, Pullback &p) { return pullIdentity(op, p); }

static LogicalResult pullCastLike(onnx::NodeOp op, Pullback &p) {
  Value x = op->getOperand(0);
  p.gradients[0] = p.e.node("CastLike", {p.cotangent, x}, x.getType()).front();
  return success();
}

/// Squeeze, Unsqueeze, Reshape, Flatten.
static LogicalResult pullShape(onnx::NodeOp op, Pullback &p) {
  p.gradients[0] = p.e.reshape(p.cotangent, shapeOf(op->getOperand(0)));
  return success();
}

static const Row *rowOf(onnx::NodeOp op) {
  static const llvm::StringMap<Row> rows = {
      {"CastLike", {pullCastLike, 0b1}},
      {"Flatten", {pullShape, 0b1}},
      {"Identity", {pullIdentity, 0b1}},
      {"ReduceMax", {pullReduceMax, 0b1}},
      {"ReduceSum", {pullReduceSum, 0b1}},
      {"ReduceL2", {pullReduceL2, 0b1}},
      {"ReduceSumSquare", {pullReduceSumSquare, 0b1}},
      {"Reshape", {pullShape, 0b1}},
      {"Round", {pullRound, 0b1}},
      {"Squeeze", {pullShape, 0b1}},
      {"Unsqueeze", {pullShape, 0b1}},
      {"Where", {pullWhere, 0b110}},
  };
  if (!op.getNormalizedDomain().empty())
    return nullptr;
  if (auto row = rows.find(op.getOpType()); row != rows.end())
    return &row->second;
  for (auto find : {contractionRow, functionRow, movementRow})
    if (const Row *row = find(op.getOpType()))
      return row;
  return nullptr;
}

namespace {
struct NodeModel : DifferentiableOpInterface::ExternalModel<NodeModel, onnx::NodeOp> {
  LogicalResult vjp(Operation *op, OpBuilder &builder, ValueRange cotangents,
                    const llvm::BitVector &wanted, MutableArrayRef<Value> gradients) const {
    auto node = cast<onnx::NodeOp>(op);
    const Row *row = rowOf(node);
    if (!row)
      return node.emitError() << onnx::describeNode(node) << " has no derivative";
    Pullback p{Emitter(builder, op), cotangents.front(), wanted, gradients};
    return row->pull(node, p);
  }
  bool carriesGradient(Operation *op, unsigned index) const {
    const Row *row = rowOf(cast<onnx::NodeOp>(op));
    return !row || (row->carried >> std::min(index, 31u) & 1);
  }
};
} // namespace

void quantc::nn::attachNodeGradients(MLIRContext *context) {
  onnx::NodeOp::attachInterface<NodeModel>(*context);
}
