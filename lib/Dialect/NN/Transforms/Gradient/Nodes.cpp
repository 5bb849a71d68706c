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
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "quantc/Dialect/ONNX/Utils/RequiredInputs.h"
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

FailureOr<int64_t> quantc::nn::axisOf(onnx::NodeOp op, Value x, int64_t otherwise) {
  return normalizeAxis(op, op.getInt("axis").value_or(otherwise), rankOf(x));
}

Value quantc::nn::moveAxis(Emitter &e, Value x, int64_t from, int64_t to) {
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x)));
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return e.transpose(x, order);
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

/// ReduceL1: dx = sign(x) dy.
static LogicalResult pullReduceL1(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0);
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  Value sign = e.sub(e.step(x), e.step(e.unary<NegOp>(x)));
  p.gradients[0] = e.mul(sign, e.reshape(p.cotangent, *kept));
  return success();
}

/// y = log(sum(x)): dx = dy / exp(y).
static LogicalResult pullReduceLogSum(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  Value share = e.div(p.cotangent, e.unary<ExpOp>(op->getResult(0)));
  p.gradients[0] = e.expand(e.reshape(share, *kept), shapeOf(op->getOperand(0)));
  return success();
}

/// y = log(sum(exp(x))): dx = exp(x - y) dy.
static LogicalResult pullReduceLogSumExp(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  Value share = e.unary<ExpOp>(e.sub(op->getOperand(0), e.reshape(op->getResult(0), *kept)));
  p.gradients[0] = e.mul(share, e.reshape(p.cotangent, *kept));
  return success();
}

/// ReduceMax and ReduceMin: the first of equal elements, in the order of the reduced axes, gets
/// all.
template <const char *arg> static LogicalResult pullExtremes(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0);
  FailureOr<SmallVector<int64_t>> kept = keptShape(op);
  if (failed(kept))
    return failure();
  // One axis stays where it is; several become one behind the others.
  SmallVector<int64_t> order, reduced, back(rankOf(x)), shape(shapeOf(x)), sizes, small;
  for (auto [axis, sizes] : llvm::enumerate(llvm::zip_equal(*kept, shapeOf(x))))
    (std::get<0>(sizes) == std::get<1>(sizes) ? order : reduced)
        .push_back(static_cast<int64_t>(axis));
  if (reduced.empty()) {
    p.gradients[0] = e.reshape(p.cotangent, shapeOf(x));
    return success();
  }
  int64_t axis = reduced.front();
  Value rows = x;
  if (reduced.size() > 1) {
    axis = static_cast<int64_t>(order.size());
    llvm::append_range(order, reduced);
    rows = e.transpose(x, order);
    sizes.assign(shapeOf(rows).begin(), shapeOf(rows).end());
    SmallVector<int64_t> flat(shapeOf(rows).take_front(axis));
    flat.push_back(1);
    for (int64_t size : shapeOf(rows).drop_front(axis))
      flat.back() *= size;
    rows = e.reshape(rows, flat);
  }
  small.assign(shapeOf(rows).begin(), shapeOf(rows).end());
  small[axis] = 1;
  auto places = RankedTensorType::get(small, e.builder.getIntegerType(64, /*isSigned=*/true));
  Value first =
      e.node(arg, {rows}, places, {e.integer("axis", axis), e.integer("keepdims", 1)}).front();
  Value scattered = e.node("ScatterElements",
                           {e.splat(tensorType(rows), 0.0), first, e.reshape(p.cotangent, small)},
                           rows.getType(), {e.integer("axis", axis)})
                        .front();
  if (reduced.size() > 1) {
    for (auto [to, from] : llvm::enumerate(order))
      back[from] = static_cast<int64_t>(to);
    scattered = e.transpose(e.reshape(scattered, sizes), back);
  }
  p.gradients[0] = scattered;
  return success();
}
static constexpr char argMax[] = "ArgMax", argMin[] = "ArgMin";

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

/// Cast, too: to the operand's type.
static LogicalResult pullCast(onnx::NodeOp op, Pullback &p) {
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
      {"Cast", {pullCast, 0b1, /*floats=*/true}},
      {"CastLike", {pullCast, 0b1, /*floats=*/true}},
      {"Flatten", {pullShape, 0b1}},
      {"Identity", {pullIdentity, 0b1}},
      {"ReduceL1", {pullReduceL1, 0b1}},
      {"ReduceLogSum", {pullReduceLogSum, 0b1}},
      {"ReduceLogSumExp", {pullReduceLogSumExp, 0b1}},
      {"ReduceMax", {pullExtremes<argMax>, 0b1}},
      {"ReduceMin", {pullExtremes<argMin>, 0b1}},
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
  for (auto find : {contractionRow, copyRow, functionRow, normRow, movementRow})
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
    onnx::NodeReader reader(node);
    if (failed(reader.expectInputs(onnx::requiredInputs(node.getOpType(), node.getOpset()), ~0u)))
      return node.emitError() << onnx::describeNode(node)
                              << ": no derivative: " << reader.refusal()->second;
    if (llvm::any_of(cotangents.drop_front(), [](Value value) { return bool(value); }))
      return refuse(node, "a loss of the first result alone");
    Pullback p{Emitter(builder, op), cotangents.front(), wanted, gradients};
    return row->pull(node, p);
  }
  bool carriesGradient(Operation *op, unsigned index) const {
    const Row *row = rowOf(cast<onnx::NodeOp>(op));
    if (row && row->floats && !(isFloat(op->getOperand(index)) && isFloat(op->getResult(0))))
      return false;
    return !row || (row->carried >> std::min(index, 31u) & 1);
  }

private:
  static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }
};
} // namespace

void quantc::nn::attachNodeGradients(MLIRContext *context) {
  onnx::NodeOp::attachInterface<NodeModel>(*context);
}
