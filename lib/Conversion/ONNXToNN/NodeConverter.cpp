//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands of nodes, and shorthands for the ops that handlers create; see NodeConverter.h.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

Result NodeConverter::tensor(unsigned index) {
  Result value = reader.input(index);
  if (failed(value))
    return failure();
  auto type = dyn_cast<RankedTensorType>(value->getType());
  if (!type)
    return reader.refuse(Refusal::Rank, "the rank of input " + Twine(index) + " is not known");
  if (!type.getElementType().isIntOrFloat())
    return reader.refuse(Refusal::ElementType,
                         "expected input " + Twine(index) + " to hold numbers");
  return value;
}

Result NodeConverter::floats(unsigned index) {
  Result value = tensor(index);
  if (failed(value))
    return failure();
  Type type = elementTypeOf(*value);
  if (type.isF32() || (anyFloats && isa<FloatType>(type)))
    return value;
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return reader.refuse(Refusal::ElementType,
                       "expected input " + Twine(index) + " to hold f32, but found " + text);
}

FailureOr<std::optional<float>> NodeConverter::constantFloat(unsigned index) {
  if (!reader.optionalInput(index))
    return std::optional<float>();
  Result value = floats(index);
  if (failed(value))
    return failure();
  std::optional<std::vector<float>> read;
  if (ElementsAttr elements = getConstantElements(*value); elements) {
    if (elements.getNumElements() != 1)
      return reader.refuse(Refusal::Shape, "expected input " + Twine(index) +
                                               " to have one element, but found " +
                                               Twine(elements.getNumElements()));
    read = readFloats(elements);
  }
  if (!read)
    return reader.refuse(Refusal::DynamicOperand,
                         "expected input " + Twine(index) + " to be a constant");
  return std::optional(read->front());
}

Value NodeConverter::constant(ElementsAttr value) {
  return nn::ConstantOp::create(builder, loc, value.getType(), value);
}

Value NodeConverter::scalar(float value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, builder.getF32Type()), value));
}

/// The dequantize of constants that gives the value, or null.
static qnn::DequantizeOp storedWeight(Value value) {
  auto dequantize = value.getDefiningOp<qnn::DequantizeOp>();
  if (!dequantize || !llvm::all_of(dequantize->getOperands(), getConstantElements))
    return {};
  return dequantize;
}

bool NodeConverter::isWeight(Value value) {
  return getConstantElements(value) || storedWeight(value);
}

Result NodeConverter::transpose(Value value, ShapeRef permutation) {
  if (ElementsAttr elements = getConstantElements(value))
    if (ElementsAttr moved = nn::transposeElements(elements, permutation, "transposed"))
      return constant(moved);
  if (qnn::DequantizeOp stored = storedWeight(value)) {
    Result integers = transpose(stored.getInput(), permutation);
    if (failed(integers))
      return failure();
    // Scales lie along an axis, which is somewhere else now.
    auto axis = llvm::find(permutation, stored.getAxis()) - permutation.begin();
    bool perAxis = !shapeOf(stored.getScale()).empty();
    auto type = RankedTensorType::get(shapeOf(*integers), elementTypeOf(value));
    return Value(qnn::DequantizeOp::create(builder, stored.getLoc(), type, *integers,
                                           stored.getScale(), stored.getZeroPoint(),
                                           perAxis ? axis : 0));
  }
  return create<nn::TransposeOp>(value, {{"permutation", ints(permutation)}});
}

Result NodeConverter::reshape(Value value, ShapeRef shape) {
  SmallVector<int64_t> sizes(shape);
  for (int64_t &size : sizes)
    size = nn::isDynamicDim(size) ? ShapedType::kDynamic : size;
  auto type = RankedTensorType::get(sizes, elementTypeOf(value));
  if (type == value.getType())
    return value;
  auto refuse = [&](const Twine &text) { (void)reader.refuse(Refusal::Shape, text); };
  if (!nn::checkReshape(shapeOf(value), sizes, refuse))
    return failure();
  if (ElementsAttr elements = getConstantElements(value))
    if (ElementsAttr moved = nn::reshapeElements(elements, type))
      return constant(moved);
  return Value(nn::ReshapeOp::create(builder, loc, type, value));
}
