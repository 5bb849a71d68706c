//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checked access to the attributes and operands of a node; see NodeReader.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

StringRef quantc::onnx::refusalText(Refusal kind) {
  switch (kind) {
  case Refusal::UnknownOp:
    return "unknown op";
  case Refusal::Opset:
    return "unsupported opset";
  case Refusal::AttributeKind:
    return "malformed attribute";
  case Refusal::AttributeValue:
    return "unsupported attribute value";
  case Refusal::Operand:
    return "malformed operands";
  case Refusal::DynamicOperand:
    return "operand is not constant";
  case Refusal::Output:
    return "unsupported output";
  case Refusal::ElementType:
    return "unsupported element type";
  case Refusal::Rank:
    return "unsupported rank";
  case Refusal::Shape:
    return "unsupported shape";
  }
  llvm_unreachable("all refusals are listed");
}

//===----------------------------------------------------------------------===//
// ValueSource
//===----------------------------------------------------------------------===//

std::optional<quantc::onnx::Shape> ValueSource::shape(Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? std::optional<Shape>(Shape(type.getShape())) : std::nullopt;
}

/// Attributes in operand form are short; larger constants are data.
constexpr int64_t maxIntegers = 1 << 16;

std::optional<SmallVector<int64_t>> ValueSource::integers(Value value) const {
  ElementsAttr elements = getConstantElements(value);
  if (!elements || elements.getNumElements() > maxIntegers)
    return std::nullopt;
  std::optional<std::vector<int64_t>> read = readIntegers(elements);
  if (!read)
    return std::nullopt;
  return SmallVector<int64_t>(read->begin(), read->end());
}

static const ValueSource &irSource() {
  static const ValueSource source;
  return source;
}

//===----------------------------------------------------------------------===//
// NodeReader: attributes
//===----------------------------------------------------------------------===//

NodeReader::NodeReader(NodeOp node) : op(node), values(irSource()) {}

LogicalResult NodeReader::refuse(Refusal kind, const Twine &text) {
  if (!reason)
    reason = {kind, text.str()};
  return failure();
}

static StringRef kindOf(Attribute attr) {
  return llvm::TypeSwitch<Attribute, StringRef>(attr)
      .Case<IntegerAttr>([](auto) { return "an integer"; })
      .Case<FloatAttr>([](auto) { return "a float"; })
      .Case<StringAttr>([](auto) { return "a string"; })
      .Case<DenseI64ArrayAttr>([](auto) { return "a list of integers"; })
      .Case<DenseF32ArrayAttr>([](auto) { return "a list of floats"; })
      .Case<ArrayAttr>([](auto) { return "a list of strings"; })
      .Case<TensorAttr>([](auto) { return "a tensor"; })
      .Case<GraphAttr>([](auto) { return "a graph"; })
      .Case<RefAttr>([](auto) { return "a reference to a function's attribute"; })
      .Default([](Attribute) { return "something else"; });
}

LogicalResult NodeReader::wrongKind(StringRef name, StringRef expected) {
  return refuse(Refusal::AttributeKind, "expected attribute '" + name + "' to be " + expected +
                                            ", but found " + kindOf(op.getAttribute(name)));
}

FailureOr<int64_t> NodeReader::intAttr(StringRef name, int64_t absent) {
  if (!has(name))
    return absent;
  if (std::optional<int64_t> value = op.getInt(name))
    return *value;
  return wrongKind(name, "an integer");
}

FailureOr<bool> NodeReader::boolAttr(StringRef name, bool absent) {
  FailureOr<int64_t> value = intAttr(name, absent);
  if (failed(value))
    return failure();
  if (*value != 0 && *value != 1)
    return refuse(Refusal::AttributeValue,
                  "expected attribute '" + name + "' to be 0 or 1, but found " + Twine(*value));
  return *value == 1;
}

FailureOr<float> NodeReader::floatAttr(StringRef name, float absent) {
  if (!has(name))
    return absent;
  if (std::optional<float> value = op.getFloat(name))
    return *value;
  return wrongKind(name, "a float");
}

FailureOr<StringRef> NodeReader::stringAttr(StringRef name, StringRef absent) {
  if (!has(name))
    return absent;
  if (std::optional<StringRef> value = op.getString(name))
    return *value;
  return wrongKind(name, "a string");
}

FailureOr<std::optional<ShapeRef>> NodeReader::intsAttr(StringRef name) {
  if (!has(name))
    return std::optional<ShapeRef>();
  if (std::optional<ShapeRef> value = op.getInts(name))
    return value;
  return wrongKind(name, "a list of integers");
}

//===----------------------------------------------------------------------===//
// NodeReader: operands and outputs
//===----------------------------------------------------------------------===//

LogicalResult NodeReader::expectInputs(unsigned least, unsigned most) {
  unsigned count = op.getInputs().size();
  if (count > most)
    return refuse(Refusal::Operand,
                  "expected at most " + Twine(most) + " inputs, but found " + Twine(count));
  for (unsigned i = 0; i < least; ++i)
    if (!op.getOptionalInput(i))
      return refuse(Refusal::Operand, "expected input " + Twine(i) + ", but it is absent");
  return success();
}

FailureOr<Value> NodeReader::input(unsigned index) {
  if (Value value = op.getOptionalInput(index))
    return value;
  return refuse(Refusal::Operand, "expected input " + Twine(index) + ", but it is absent");
}

FailureOr<quantc::onnx::Shape> NodeReader::inputShape(unsigned index) {
  FailureOr<Value> value = input(index);
  if (failed(value))
    return failure();
  if (std::optional<Shape> shape = values.shape(*value))
    return *shape;
  return refuse(Refusal::Rank, "the rank of input " + Twine(index) + " is not known");
}

FailureOr<SmallVector<int64_t>> NodeReader::constantInts(unsigned index) {
  FailureOr<Value> value = input(index);
  if (failed(value))
    return failure();
  if (std::optional<SmallVector<int64_t>> integers = values.integers(*value))
    return *integers;
  auto type = dyn_cast<RankedTensorType>(value->getType());
  if (type && !type.getElementType().isInteger())
    return refuse(Refusal::ElementType, "expected input " + Twine(index) + " to hold integers");
  return refuse(Refusal::DynamicOperand, "expected input " + Twine(index) +
                                             " to be a constant of at most " + Twine(maxIntegers) +
                                             " elements");
}

FailureOr<int64_t> NodeReader::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return refuse(Refusal::AttributeValue,
                  "expected an axis below rank " + Twine(rank) + ", but found " + Twine(axis));
  return axis < 0 ? axis + rank : axis;
}

FailureOr<quantc::onnx::Shape> NodeReader::normalizeAxes(ShapeRef axes, int64_t rank) {
  Shape result;
  for (int64_t axis : axes) {
    FailureOr<int64_t> normal = normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    if (llvm::is_contained(result, *normal))
      return refuse(Refusal::AttributeValue,
                    "expected axes without repeats, but found " + Twine(axis) + " twice");
    result.push_back(*normal);
  }
  llvm::sort(result);
  return result;
}

LogicalResult NodeReader::expectOneOutput() {
  if (op.getNumResults() == 0)
    return refuse(Refusal::Output, "expected an output, but found none");
  for (OpResult result : op.getResults().drop_front())
    if (!result.use_empty())
      return refuse(Refusal::Output,
                    "output " + Twine(result.getResultNumber()) + " is used, but not supported");
  return success();
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

Type quantc::onnx::castTypeFromCode(int64_t code, MLIRContext *context) {
  auto integer = [&](unsigned width, bool isSigned) {
    return IntegerType::get(context, width, isSigned ? IntegerType::Signed : IntegerType::Unsigned);
  };
  switch (code) {
  case 1:
    return Float32Type::get(context);
  case 2:
    return integer(8, false);
  case 3:
    return integer(8, true);
  case 4:
    return integer(16, false);
  case 5:
    return integer(16, true);
  case 6:
    return integer(32, true);
  case 7:
    return integer(64, true);
  case 9:
    return IntegerType::get(context, 1);
  case 10:
    return Float16Type::get(context);
  case 11:
    return Float64Type::get(context);
  case 12:
    return integer(32, false);
  case 13:
    return integer(64, false);
  case 16:
    return BFloat16Type::get(context);
  default:
    return {};
  }
}

std::optional<int64_t> quantc::onnx::codeOfCastType(Type type) {
  for (int64_t code = 1; code <= 16; ++code)
    if (castTypeFromCode(code, type.getContext()) == type)
      return code;
  return std::nullopt;
}
