//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Forms of the ops that say something about values and element types: Constant, Cast, quantization.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

using namespace mlir;
using namespace quantc::onnx;

FailureOr<Type> quantc::onnx::readCastType(NodeReader &reader) {
  if (!reader.has("to"))
    return reader.refuse(Refusal::AttributeValue, "expected attribute 'to', but it is absent");
  FailureOr<int64_t> code = reader.intAttr("to", 0);
  if (failed(code))
    return failure();
  if (Type type = castTypeFromCode(*code, reader.node()->getContext()))
    return type;
  return reader.refuse(Refusal::ElementType,
                       "expected a float of 16 to 64 bits, an integer of 8 to 64 bits or bool, but "
                       "found data type " +
                           Twine(*code));
}

FailureOr<ElementsAttr> quantc::onnx::readConstant(NodeReader &reader) {
  NodeOp op = reader.node();
  Builder builder(op->getContext());
  Type integer = builder.getIntegerType(64, /*isSigned=*/true);
  Type real = builder.getF32Type();
  auto make = [](ArrayRef<int64_t> shape, Type type, auto values) {
    return ElementsAttr(DenseElementsAttr::get(RankedTensorType::get(shape, type), values));
  };
  if (ElementsAttr tensor = op.getTensor("value")) {
    if (tensor.getElementType().isIntOrFloat())
      return tensor;
    return reader.refuse(Refusal::ElementType, "expected integer or float elements");
  }
  if (std::optional<int64_t> value = op.getInt("value_int"))
    return make({}, integer, ArrayRef<int64_t>(*value));
  if (std::optional<ArrayRef<int64_t>> values = op.getInts("value_ints"))
    return make({static_cast<int64_t>(values->size())}, integer, *values);
  if (std::optional<float> value = op.getFloat("value_float"))
    return make({}, real, ArrayRef<float>(*value));
  if (std::optional<ArrayRef<float>> values = op.getFloats("value_floats"))
    return make({static_cast<int64_t>(values->size())}, real, *values);
  for (StringRef name : {"value_string", "value_strings"})
    if (reader.has(name))
      return reader.refuse(Refusal::ElementType, "strings are not supported");
  if (reader.has("sparse_value"))
    return reader.refuse(Refusal::AttributeValue, "sparse tensors are not supported");
  return reader.refuse(Refusal::AttributeKind,
                       "expected one of value, value_int, value_ints, value_float, value_floats");
}

/// Element type on the integer side of QuantizeLinear.
static FailureOr<Type> quantizedType(NodeReader &reader) {
  MLIRContext *context = reader.node()->getContext();
  if (Value zeroPoint = reader.optionalInput(2)) {
    auto type = dyn_cast<RankedTensorType>(zeroPoint.getType());
    if (!type)
      return reader.refuse(Refusal::Rank, "the rank of the zero point is not known");
    return type.getElementType();
  }
  FailureOr<int64_t> code = reader.intAttr("output_dtype", 0);
  if (failed(code))
    return failure();
  constexpr int64_t uint8Code = 2;
  if (Type type = castTypeFromCode(*code == 0 ? uint8Code : *code, context))
    return type;
  return reader.refuse(Refusal::ElementType, "output_dtype " + Twine(*code) + " is not supported");
}

/// Axis of the scales: -1 when there is only one.
static FailureOr<int64_t> scaleAxis(NodeReader &reader, int64_t rank, ShapeRef scale) {
  FailureOr<int64_t> axis = reader.intAttr("axis", 1);
  FailureOr<int64_t> blockSize = reader.intAttr("block_size", 0);
  if (failed(axis) || failed(blockSize))
    return failure();
  if (*blockSize != 0 || scale.size() > 1)
    return reader.refuse(Refusal::AttributeValue, "blocked quantization is not supported");
  if (scale.empty() || scale[0] == 1)
    return int64_t(-1);
  if (reader.opset() < 13)
    return reader.refuse(Refusal::Shape, "opset 10 knows no scales along an axis");
  return rank == 1 ? FailureOr<int64_t>(0) : reader.normalizeAxis(*axis, rank);
}

FailureOr<QuantizeForm> quantc::onnx::readQuantize(NodeReader &reader, int64_t rank,
                                                   ShapeRef scale) {
  constexpr int64_t floatCode = 1;
  bool quantizes = reader.node().getOpType() == "QuantizeLinear";
  FailureOr<int64_t> precision = reader.intAttr(quantizes ? "precision" : "output_dtype", 0);
  FailureOr<int64_t> axis = scaleAxis(reader, rank, scale);
  if (failed(precision) || failed(axis))
    return failure();
  if (*precision != 0 && *precision != floatCode)
    return reader.refuse(Refusal::ElementType,
                         "expected float arithmetic, but found data type " + Twine(*precision));
  if (!quantizes)
    return QuantizeForm{*axis, {}};
  FailureOr<Type> type = quantizedType(reader);
  if (failed(type))
    return failure();
  return QuantizeForm{*axis, *type};
}
