//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// QuantizeLinear and DequantizeLinear with one scale, or one along an axis.
//
// Storage is si8 or ui8, and si32 on the way back (biases). An absent zero point is 0.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static LogicalResult checkStorage(NodeConverter &node, Type type, bool allow32) {
  bool is8 = type.isSignedInteger(8) || type.isUnsignedInteger(8);
  if (is8 || (allow32 && type.isSignedInteger(32)))
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return node.reader.refuse(Refusal::ElementType, Twine("expected 8-bit ") +
                                                      (allow32 ? "or signed 32-bit " : "") +
                                                      "integers, but found " + text);
}

/// Scales that are constants must be positive and finite.
static LogicalResult checkScale(NodeConverter &node, Value scale) {
  ElementsAttr elements = getConstantElements(scale);
  std::optional<std::vector<float>> values = elements ? readFloats(elements) : std::nullopt;
  for (float value : values.value_or(std::vector<float>()))
    if (!(value > 0.0f) || std::isinf(value))
      return node.reader.refuse(Refusal::AttributeValue,
                                "expected positive finite scales, but found " +
                                    std::to_string(value));
  return success();
}

namespace {
struct Parameters {
  Value scale;
  Value zeroPoint;
  int64_t axis = 0;
};
} // namespace

/// Scale and zero point of rank 0, or rank 1 along `form.axis`.
static FailureOr<Parameters> readParameters(NodeConverter &node, ShapeRef shape, Type storage,
                                            Value scale, const QuantizeForm &form) {
  Shape parameterShape;
  if (form.axis >= 0) {
    parameterShape.push_back(shapeOf(scale)[0]);
    int64_t size = shape[form.axis];
    if (nn::isDynamicDim(parameterShape[0]) || (size >= 0 && size != parameterShape[0]))
      return node.reader.refuse(Refusal::Shape, "expected one scale for each of the " +
                                                    Twine(size) + " elements along axis " +
                                                    Twine(form.axis) + ", but found " +
                                                    nn::shapeText(parameterShape));
  }
  Result reshaped = node.reshape(scale, parameterShape);
  if (failed(reshaped))
    return failure();
  Parameters parameters{*reshaped, {}, std::max<int64_t>(form.axis, 0)};
  auto type = RankedTensorType::get(parameterShape, storage);
  if (!node.reader.optionalInput(2)) {
    parameters.zeroPoint =
        node.constant(DenseElementsAttr::get(type, node.builder.getIntegerAttr(storage, 0)));
    return parameters;
  }
  Result zeroPoint = node.tensor(2);
  if (failed(zeroPoint))
    return failure();
  if (elementTypeOf(*zeroPoint) != storage)
    return node.reader.refuse(Refusal::ElementType,
                              "expected a zero point of the type of the integers");
  zeroPoint = node.reshape(*zeroPoint, parameterShape);
  if (failed(zeroPoint))
    return failure();
  parameters.zeroPoint = *zeroPoint;
  return parameters;
}

static Result convertQuantize(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 3)))
    return failure();
  Result input = node.floats(0), scale = node.floats(1);
  if (failed(input) || failed(scale))
    return failure();
  FailureOr<QuantizeForm> form = readQuantize(node.reader, shapeOf(*input).size(), shapeOf(*scale));
  if (failed(form) || failed(checkScale(node, *scale)) ||
      failed(checkStorage(node, form->type, /*allow32=*/false)))
    return failure();
  FailureOr<Parameters> parameters =
      readParameters(node, shapeOf(*input), form->type, *scale, *form);
  if (failed(parameters))
    return failure();
  auto type = RankedTensorType::get(shapeOf(*input), form->type);
  return Value(qnn::QuantizeOp::create(node.builder, node.loc, type, *input, parameters->scale,
                                       parameters->zeroPoint, parameters->axis, IntegerAttr()));
}

static Result convertDequantize(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 3)))
    return failure();
  Result input = node.tensor(0), scale = node.floats(1);
  if (failed(input) || failed(scale))
    return failure();
  FailureOr<QuantizeForm> form = readQuantize(node.reader, shapeOf(*input).size(), shapeOf(*scale));
  if (failed(form) || failed(checkScale(node, *scale)) ||
      failed(checkStorage(node, elementTypeOf(*input), /*allow32=*/true)))
    return failure();
  FailureOr<Parameters> parameters =
      readParameters(node, shapeOf(*input), elementTypeOf(*input), *scale, *form);
  if (failed(parameters))
    return failure();
  auto type = RankedTensorType::get(shapeOf(*input), elementTypeOf(*scale));
  return Value(qnn::DequantizeOp::create(node.builder, node.loc, type, *input, parameters->scale,
                                         parameters->zeroPoint, parameters->axis));
}

ArrayRef<HandlerRow> quantc::onnx::quantizationRows() {
  static const HandlerRow rows[] = {
      {"DequantizeLinear", 10, newestOpset, convertDequantize},
      {"QuantizeLinear", 10, newestOpset, convertQuantize},
  };
  return rows;
}
