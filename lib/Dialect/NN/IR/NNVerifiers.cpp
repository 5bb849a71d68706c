//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Result types of the `nn` ops, and the verifiers, which ask the same rules (NNShapes.h).
//
// Each op has one `infer` function; its `verify` calls it to report the reason on the op, its
// `inferReturnTypes` calls it to get the type. So a builder and a verifier cannot disagree.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include <cmath>

using namespace mlir;
using namespace quantc::nn;

/// Shape of a value that ODS has constrained to be a ranked tensor; empty for other types, which
/// the op's type constraints report.
static ShapeRef shapeOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getShape() : ShapeRef();
}

static std::optional<ShapeRef> optionalShape(Value value) {
  return value ? std::optional<ShapeRef>(shapeOf(value)) : std::nullopt;
}

/// All operands of an op have the element type of the first.
static bool checkElementTypes(ValueRange operands, ReasonFn reason) {
  Type first = getElementTypeOrSelf(operands.front());
  for (Value operand : operands)
    if (Type type = getElementTypeOrSelf(operand); type != first) {
      std::string text;
      llvm::raw_string_ostream(text) << first << " and " << type;
      reason("expected operands of one element type, but found " + text);
      return false;
    }
  return true;
}

//===----------------------------------------------------------------------===//
// One shape rule per op
//===----------------------------------------------------------------------===//

template <typename OpLike> static Window windowOf(OpLike op) {
  return {{}, op.getStrides(), op.getDilations(), op.getPads(), false};
}
template <typename OpLike> static Window poolWindowOf(OpLike op) {
  return {op.getKernel(), op.getStrides(), op.getDilations(), op.getPads(), op.getCeilMode()};
}

static std::optional<Shape> infer(ConvOp::Adaptor op, ReasonFn reason) {
  return convShape(shapeOf(op.getInput()), shapeOf(op.getWeight()), optionalShape(op.getBias()),
                   windowOf(op), op.getGroups(), reason);
}

static std::optional<Shape> infer(LinearOp::Adaptor op, ReasonFn reason) {
  return linearShape(shapeOf(op.getInput()), shapeOf(op.getWeight()), optionalShape(op.getBias()),
                     reason);
}

static std::optional<Shape> infer(MatMulOp::Adaptor op, ReasonFn reason) {
  return matmulShape(shapeOf(op.getLhs()), shapeOf(op.getRhs()), reason);
}

static std::optional<Shape> infer(BatchNormOp::Adaptor op, ReasonFn reason) {
  ShapeRef input = shapeOf(op.getInput());
  if (input.size() < 2) {
    reason("expected an input of rank 2 or more, but found rank " + Twine(input.size()));
    return std::nullopt;
  }
  int64_t channels = shapeOf(op.getScale()).empty() ? -1 : shapeOf(op.getScale())[0];
  for (Value parameter : op.getOperands().drop_front())
    if (shapeOf(parameter) != ShapeRef{channels} || ShapedType::isDynamic(channels)) {
      reason("expected parameters of one static shape [channels], but found " +
             shapeText(shapeOf(parameter)));
      return std::nullopt;
    }
  if (!ShapedType::isDynamic(input[1]) && input[1] != channels) {
    reason("expected " + Twine(channels) + " channels, but found input " + shapeText(input));
    return std::nullopt;
  }
  // Also refuses NaN.
  if (!(op.getEpsilon().convertToFloat() >= 0.0f)) {
    reason("expected a non-negative epsilon");
    return std::nullopt;
  }
  return Shape(input);
}

template <typename BinaryAdaptor>
static std::optional<Shape> inferBinary(BinaryAdaptor op, ReasonFn reason) {
  return broadcastShape(shapeOf(op.getLhs()), shapeOf(op.getRhs()), reason);
}
static std::optional<Shape> infer(AddOp::Adaptor op, ReasonFn reason) {
  return inferBinary(op, reason);
}
static std::optional<Shape> infer(SubOp::Adaptor op, ReasonFn reason) {
  return inferBinary(op, reason);
}
static std::optional<Shape> infer(MulOp::Adaptor op, ReasonFn reason) {
  return inferBinary(op, reason);
}
static std::optional<Shape> infer(DivOp::Adaptor op, ReasonFn reason) {
  return inferBinary(op, reason);
}

static std::optional<Shape> infer(MaxPoolOp::Adaptor op, ReasonFn reason) {
  return poolShape(shapeOf(op.getInput()), poolWindowOf(op), reason);
}

static std::optional<Shape> infer(AvgPoolOp::Adaptor op, ReasonFn reason) {
  return poolShape(shapeOf(op.getInput()), poolWindowOf(op), reason);
}

static std::optional<Shape> infer(ReduceMeanOp::Adaptor op, ReasonFn reason) {
  return reduceShape(shapeOf(op.getInput()), op.getAxes(), op.getKeepdims(), reason);
}

static std::optional<Shape> infer(TransposeOp::Adaptor op, ReasonFn reason) {
  return transposeShape(shapeOf(op.getInput()), op.getPermutation(), reason);
}

static std::optional<Shape> infer(ConcatOp::Adaptor op, ReasonFn reason) {
  SmallVector<ShapeRef> shapes(llvm::map_range(op.getInputs(), shapeOf));
  return concatShape(shapes, op.getAxis(), reason);
}

static std::optional<Shape> infer(PadOp::Adaptor op, ReasonFn reason) {
  return padShape(shapeOf(op.getInput()), op.getPads(), reason);
}

//===----------------------------------------------------------------------===//
// inferReturnTypes and verify on top of the rules
//===----------------------------------------------------------------------===//

template <typename AdaptorTy>
static std::optional<Shape> inferChecked(AdaptorTy adaptor, ReasonFn reason) {
  if (adaptor.getOperands().empty()) {
    reason("expected at least 1 operand, but found 0");
    return std::nullopt;
  }
  if (!checkElementTypes(adaptor.getOperands(), reason))
    return std::nullopt;
  return infer(adaptor, reason);
}

template <typename AdaptorTy>
static LogicalResult inferTypes(AdaptorTy adaptor, std::optional<Location> loc,
                                SmallVectorImpl<Type> &types) {
  auto reason = [&](const Twine &text) { (void)emitOptionalError(loc, text); };
  std::optional<Shape> shape = inferChecked(adaptor, reason);
  if (!shape)
    return failure();
  types.push_back(
      RankedTensorType::get(*shape, getElementTypeOrSelf(adaptor.getOperands().front())));
  return success();
}

template <typename OpTy> static LogicalResult verifyInferred(OpTy op) {
  auto reason = [&](const Twine &text) { (void)op.emitOpError(text); };
  return success(inferChecked(typename OpTy::Adaptor(op), reason).has_value());
}

#define QUANTC_NN_INFERRED(OP)                                                                     \
  LogicalResult OP::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,  \
                                     SmallVectorImpl<Type> &types) {                               \
    return inferTypes(adaptor, loc, types);                                                        \
  }                                                                                                \
  LogicalResult OP::verify() { return verifyInferred(*this); }
QUANTC_NN_INFERRED(ConvOp)
QUANTC_NN_INFERRED(LinearOp)
QUANTC_NN_INFERRED(MatMulOp)
QUANTC_NN_INFERRED(BatchNormOp)
QUANTC_NN_INFERRED(AddOp)
QUANTC_NN_INFERRED(SubOp)
QUANTC_NN_INFERRED(MulOp)
QUANTC_NN_INFERRED(DivOp)
QUANTC_NN_INFERRED(MaxPoolOp)
QUANTC_NN_INFERRED(AvgPoolOp)
QUANTC_NN_INFERRED(ReduceMeanOp)
QUANTC_NN_INFERRED(TransposeOp)
QUANTC_NN_INFERRED(ConcatOp)
QUANTC_NN_INFERRED(PadOp)
#undef QUANTC_NN_INFERRED

//===----------------------------------------------------------------------===//
// Verifiers of the other ops
//===----------------------------------------------------------------------===//

LogicalResult ClipOp::verify() {
  if (getLo().isNaN() || getHi().isNaN())
    return emitOpError("expected bounds that are numbers, but found a NaN");
  return success();
}

LogicalResult SoftmaxOp::verify() {
  int64_t axis = getAxis(), rank = getInput().getType().getRank();
  if (axis < 0 || axis >= rank)
    return emitOpError("expected an axis below rank ") << rank << ", but found " << axis;
  return success();
}

LogicalResult ReshapeOp::verify() {
  Type from = getInput().getType().getElementType(), to = getResult().getType().getElementType();
  if (from != to)
    return emitOpError("expected a result of element type ") << from << ", but found " << to;
  auto reason = [&](const Twine &text) { (void)emitOpError(text); };
  return success(
      checkReshape(getInput().getType().getShape(), getResult().getType().getShape(), reason));
}

LogicalResult CastOp::verify() {
  if (getInput().getType().getShape() != getResult().getType().getShape())
    return emitOpError("expected a result of shape ")
           << shapeText(getInput().getType().getShape()) << ", but found "
           << shapeText(getResult().getType().getShape());
  for (Type type : {getInput().getType().getElementType(), getResult().getType().getElementType()})
    if (!type.isIntOrFloat())
      return emitOpError("expected integer or float elements, but found ") << type;
  return success();
}

/// A parameter of a normalisation is [channels] of the input's element type.
static LogicalResult verifyNormParameter(Operation *op, RankedTensorType input, Value parameter,
                                         StringRef name) {
  if (!parameter || input.getRank() == 0)
    return success();
  auto type = cast<RankedTensorType>(parameter.getType());
  auto expected = RankedTensorType::get({input.getShape().back()}, input.getElementType());
  if (type != expected)
    return op->emitOpError("expected a ")
           << name << " of type " << expected << ", but found " << type;
  return success();
}

static LogicalResult verifyNorm(Operation *op, RankedTensorType input, Value gain, Value bias,
                                const APFloat &epsilon) {
  if (input.getRank() == 0 || isDynamicDim(input.getShape().back()))
    return op->emitOpError("expected an input with a last axis of known size, but found ") << input;
  if (epsilon.isNaN() || epsilon.isNegative())
    return op->emitOpError("expected an epsilon of at least 0");
  return success(succeeded(verifyNormParameter(op, input, gain, "gain")) &&
                 succeeded(verifyNormParameter(op, input, bias, "bias")));
}

LogicalResult RMSNormOp::verify() {
  return verifyNorm(*this, getInput().getType(), getGain(), {}, getEpsilon());
}

LogicalResult LayerNormOp::verify() {
  return verifyNorm(*this, getInput().getType(), getGain(), getBias(), getEpsilon());
}

LogicalResult EmbeddingOp::verify() {
  if (getTable().getType().getRank() != 2)
    return emitOpError("expected a table of rank 2, but found ") << getTable().getType();
  SmallVector<int64_t> shape(getIndices().getType().getShape());
  shape.push_back(getTable().getType().getDimSize(1));
  auto expected = RankedTensorType::get(shape, getTable().getType().getElementType());
  if (getResult().getType() != expected)
    return emitOpError("expected a result of type ")
           << expected << ", but found " << getResult().getType();
  return success();
}

/// The result has the input's element type and rank.
static LogicalResult verifySameRank(Operation *op, RankedTensorType from, RankedTensorType to) {
  if (from.getElementType() == to.getElementType() && from.getRank() == to.getRank())
    return success();
  return op->emitOpError("expected a result of rank ")
         << from.getRank() << " and element type " << from.getElementType() << ", but found " << to;
}

LogicalResult SliceOp::verify() {
  RankedTensorType from = getInput().getType(), to = getResult().getType();
  if (failed(verifySameRank(*this, from, to)))
    return failure();
  if (static_cast<int64_t>(getOffsets().size()) != from.getRank())
    return emitOpError("expected ")
           << from.getRank() << " offsets, but found " << getOffsets().size();
  for (int64_t axis = 0; axis < from.getRank(); ++axis) {
    int64_t offset = getOffsets()[axis], size = to.getDimSize(axis), all = from.getDimSize(axis);
    bool whole = offset == 0 && size == all;
    if (whole || (offset >= 0 && !isDynamicDim(size) && !isDynamicDim(all) && offset <= all &&
                  size <= all - offset))
      continue;
    InFlightDiagnostic error = emitOpError("expected a box inside ")
                               << shapeText(from.getShape()) << ", but found "
                               << shapeText(to.getShape()) << " at [";
    llvm::interleaveComma(getOffsets(), error);
    return error << "]";
  }
  return success();
}

LogicalResult ExpandOp::verify() {
  RankedTensorType from = getInput().getType(), to = getResult().getType();
  if (failed(verifySameRank(*this, from, to)))
    return failure();
  for (int64_t axis = 0; axis < from.getRank(); ++axis)
    if (from.getDimSize(axis) != to.getDimSize(axis) &&
        (from.getDimSize(axis) != 1 || to.isDynamicDim(axis)))
      return emitOpError("expected sizes of ")
             << shapeText(from.getShape()) << " or, instead of 1, "
             << "any, but found " << shapeText(to.getShape());
  return success();
}
