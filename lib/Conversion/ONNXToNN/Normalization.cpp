//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BatchNormalization and Softmax.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// A parameter may be of another float type than the input (opset 15); it is cast to `wanted`.
static Result floatParameter(NodeConverter &node, unsigned index, Type wanted) {
  Result parameter = node.tensor(index);
  if (failed(parameter) || !isa<FloatType>(elementTypeOf(*parameter)) ||
      elementTypeOf(*parameter) == wanted)
    return node.floats(index);
  auto type = RankedTensorType::get(shapeOf(*parameter), wanted);
  return Value(nn::CastOp::create(node.builder, node.loc, type, *parameter));
}

static Result convertBatchNorm(NodeConverter &node) {
  if (failed(node.reader.expectInputs(5, 5)))
    return failure();
  FailureOr<float> epsilon = readBatchNorm(node.reader);
  Result input = node.floats(0);
  if (failed(epsilon) || failed(input))
    return failure();
  SmallVector<Value> operands{*input};
  for (unsigned i = 1; i < 5; ++i) {
    Result parameter = floatParameter(node, i, elementTypeOf(*input));
    if (failed(parameter))
      return failure();
    operands.push_back(*parameter);
  }
  return node.create<nn::BatchNormOp>(operands, {{"epsilon", node.real(*epsilon)}});
}

/// Before opset 13 everything from `axis` on is one row: it is reshaped to one axis and back.
static Result convertSoftmax(NodeConverter &node) {
  if (failed(node.reader.expectInputs(1, 1)))
    return failure();
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  ShapeRef shape = shapeOf(*input);
  FailureOr<SoftmaxForm> form = readSoftmax(node.reader, shape.size());
  if (failed(form))
    return failure();
  if (!form->coerced)
    return node.create<nn::SoftmaxOp>(*input, {{"axis", node.integer(form->axis)}});
  SmallVector<int64_t> rows(shape.take_front(form->axis));
  ShapeRef row = shape.drop_front(form->axis);
  std::optional<int64_t> length = nn::staticProduct(row);
  if (!length)
    return node.reader.refuse(Refusal::Shape, "the number of elements does not fit into 64 bits");
  rows.push_back(llvm::any_of(row, nn::isDynamicDim) ? ShapedType::kDynamic : *length);
  Result coerced = node.reshape(*input, rows);
  if (failed(coerced))
    return failure();
  Result softmax = node.create<nn::SoftmaxOp>(*coerced, {{"axis", node.integer(form->axis)}});
  if (failed(softmax))
    return failure();
  return node.reshape(*softmax, shape);
}

ArrayRef<HandlerRow> quantc::onnx::normalizationRows() {
  static const HandlerRow rows[] = {
      {"BatchNormalization", 7, newestOpset, convertBatchNorm},
      {"Softmax", 7, newestOpset, convertSoftmax},
  };
  return rows;
}
