//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes whose results are copies of elements (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "quantc/Dialect/ONNX/Utils/NodeBuilder.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

static RankedTensorType integersOf(Emitter &e, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, e.builder.getIntegerType(64, /*isSigned=*/true));
}

/// The node itself says where each element of its result comes from: it moves numbers from 1 on in
/// place of the operand's elements. What it fills in has 0.
static Value sources(onnx::NodeOp op, Emitter &e, ValueRange operands) {
  Value x = op->getOperand(0);
  const int64_t count = tensorType(x).getNumElements();
  auto number = [&](int64_t value) {
    return e.constant(DenseElementsAttr::get(integersOf(e, {}), ArrayRef<int64_t>(value)));
  };
  Value numbers =
      e.node("Range", {number(1), number(count + 1), number(1)}, integersOf(e, {count})).front();
  SmallVector<Value> moved = {e.reshape(numbers, shapeOf(x))};
  llvm::append_range(moved, operands.drop_front());
  DictionaryAttr attributes = op.getOnnxAttrsAttr();
  return onnx::createNode(e.builder, e.loc, getLocationName(e.loc), op.getOpType(), op.getOpset(),
                          moved, integersOf(e, shapeOf(op->getResult(0))),
                          attributes ? attributes.getValue() : ArrayRef<NamedAttribute>())
      ->getResult(0);
}

/// Adds each element of the cotangent to the one that it is a copy of.
static LogicalResult pullCopies(onnx::NodeOp op, Pullback &p, ValueRange operands) {
  Emitter &e = p.e;
  Value x = op->getOperand(0);
  const int64_t from = tensorType(x).getNumElements(),
                to = tensorType(p.cotangent).getNumElements();
  Value places = e.reshape(sources(op, e, operands), {to, 1});
  Value zeros = e.splat(tensorType(x).clone({from + 1}), 0.0);
  Value sums = e.node("ScatterND", {zeros, places, e.reshape(p.cotangent, {to})}, zeros.getType(),
                      {e.text("reduction", "add")})
                   .front();
  p.gradients[0] = e.reshape(e.slice(sums, {1}, {from}), shapeOf(x));
  return success();
}

static LogicalResult pullCopy(onnx::NodeOp op, Pullback &p) {
  return pullCopies(op, p, op->getOperands());
}

/// Without the value that it fills in.
static LogicalResult pullPad(onnx::NodeOp op, Pullback &p) {
  if (op->getNumOperands() > 2 && p.wants(2))
    return refuse(op, "a value for padding that the gradient is not asked of");
  SmallVector<Value> operands(op->getOperands());
  if (operands.size() > 2)
    operands[2] = onnx::NoneOp::create(p.e.builder, p.e.loc);
  return pullCopies(op, p, operands);
}

//===----------------------------------------------------------------------===//
// Places as an operand
//===----------------------------------------------------------------------===//

/// GatherElements adds what ScatterElements would take from it.
static LogicalResult pullGatherElements(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0);
  const FailureOr<int64_t> axis = axisOf(op, x, 0);
  if (failed(axis))
    return failure();
  SmallVector<Value> operands = {e.splat(tensorType(x), 0.0), op->getOperand(1), p.cotangent};
  p.gradients[0] = e.node("ScatterElements", operands, x.getType(),
                          {e.integer("axis", *axis), e.text("reduction", "add")})
                       .front();
  return success();
}

/// Updates are added, or take the place of what was there.
static LogicalResult pullScatter(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value places = op->getOperand(1), updates = op->getOperand(2);
  const bool elements = op.getOpType() == "ScatterElements";
  StringRef reduction = op.getString("reduction").value_or("none");
  if (reduction != "none" && reduction != "add")
    return refuse(op, "updates that are written or added");
  SmallVector<NamedAttribute> axis;
  if (elements)
    axis.push_back(e.integer("axis", op.getInt("axis").value_or(0)));
  if (p.wants(0)) {
    p.gradients[0] = p.cotangent;
    if (reduction == "none")
      p.gradients[0] =
          e.node(op.getOpType(), {p.cotangent, places, e.splat(tensorType(updates), 0.0)},
                 p.cotangent.getType(), axis)
              .front();
  }
  if (p.wants(2))
    p.gradients[2] = e.node(elements ? "GatherElements" : "GatherND", {p.cotangent, places},
                            updates.getType(), axis)
                         .front();
  return success();
}

/// By the places that it gives.
static LogicalResult pullTopK(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0);
  const FailureOr<int64_t> axis = axisOf(op, x, -1);
  if (failed(axis))
    return failure();
  if (op->getNumResults() < 2)
    return refuse(op, "values and places as results");
  p.gradients[0] =
      e.node("ScatterElements", {e.splat(tensorType(x), 0.0), op->getResult(1), p.cotangent},
             x.getType(), {e.integer("axis", *axis)})
          .front();
  return success();
}

const Row *quantc::nn::copyRow(StringRef type) {
  static const llvm::StringMap<Row> rows = {
      {"CenterCropPad", {pullCopy, 0b1}},
      {"DepthToSpace", {pullCopy, 0b1}},
      {"Expand", {pullCopy, 0b1}},
      {"GatherElements", {pullGatherElements, 0b1}},
      {"GatherND", {pullCopy, 0b1}},
      {"Pad", {pullPad, 0b101}},
      {"ReverseSequence", {pullCopy, 0b1}},
      {"ScatterElements", {pullScatter, 0b101}},
      {"ScatterND", {pullScatter, 0b101}},
      {"SpaceToDepth", {pullCopy, 0b1}},
      {"TopK", {pullTopK, 0b1}},
      {"Trilu", {pullCopy, 0b1}},
  };
  auto row = rows.find(type);
  return row == rows.end() ? nullptr : &row->second;
}
