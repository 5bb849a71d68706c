//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data movement, constants, changes of shape and element type.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static Result convertConcat(NodeConverter &node) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < std::max<unsigned>(1, node.reader.node().getInputs().size()); ++i) {
    Result input = node.tensor(i);
    if (failed(input))
      return failure();
    inputs.push_back(*input);
  }
  FailureOr<int64_t> axis = readConcatAxis(node.reader, shapeOf(inputs[0]).size());
  if (failed(axis))
    return failure();
  return node.create<nn::ConcatOp>(inputs, {{"axis", node.integer(*axis)}});
}

static Result createPad(NodeConverter &node, float value) {
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  FailureOr<Shape> pads = readPads(node.reader, shapeOf(*input).size());
  if (failed(pads))
    return failure();
  return node.create<nn::PadOp>(*input, {{"pads", node.ints(*pads)}, {"value", node.real(value)}});
}

/// Pads and value as attributes.
static Result convertPad2(NodeConverter &node) {
  FailureOr<float> value = node.reader.floatAttr("value", 0.0f);
  if (failed(value))
    return failure();
  return createPad(node, *value);
}

/// Pads, value and (opset 18) axes as operands.
static Result convertPad11(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 4)))
    return failure();
  FailureOr<std::optional<float>> value = node.constantFloat(2);
  if (failed(value))
    return failure();
  return createPad(node, value->value_or(0.0f));
}

/// Ops whose result shape follows from the input's.
template <FailureOr<Shape> (*shapeFn)(NodeReader &, ShapeRef)>
static Result convertReshaped(NodeConverter &node) {
  Result input = node.tensor(0);
  if (failed(input))
    return failure();
  FailureOr<Shape> shape = shapeFn(node.reader, shapeOf(*input));
  if (failed(shape))
    return failure();
  return node.reshape(*input, *shape);
}

/// Shape inference evaluated the target and left the result type, which also knows dynamic sizes.
static Result convertReshape(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 2)))
    return failure();
  Result input = node.tensor(0);
  if (failed(input))
    return failure();
  if (failed(node.reader.constantInts(1)))
    return failure();
  auto type = dyn_cast<RankedTensorType>(node.reader.node().getResult(0).getType());
  if (!type)
    return node.reader.refuse(Refusal::Shape, "the target does not fit the input");
  return node.reshape(*input, type.getShape());
}

static Result convertTranspose(NodeConverter &node) {
  Result input = node.tensor(0);
  if (failed(input))
    return failure();
  FailureOr<Shape> permutation = readPermutation(node.reader, shapeOf(*input).size());
  if (failed(permutation))
    return failure();
  return node.transpose(*input, *permutation);
}

static Result convertIdentity(NodeConverter &node) { return node.tensor(0); }

static Result convertDropout(NodeConverter &node) {
  if (failed(checkDropout(node.reader)))
    return failure();
  return node.tensor(0);
}

static Result convertConstant(NodeConverter &node) {
  FailureOr<ElementsAttr> value = readConstant(node.reader);
  if (failed(value))
    return failure();
  return node.constant(*value);
}

static Result convertCast(NodeConverter &node) {
  Result input = node.tensor(0);
  FailureOr<Type> type = readCastType(node.reader);
  if (failed(input) || failed(type))
    return failure();
  Type from = elementTypeOf(*input);
  if (from == *type)
    return input;
  unsigned width = from.getIntOrFloatBitWidth();
  if (!from.isInteger(1) && width != 64 && width != 32 && width != 16 &&
      !(width == 8 && from.isInteger()))
    return node.reader.refuse(Refusal::ElementType,
                              "expected a float of 16 to 64 bits, an integer of 8 to 64 bits or "
                              "bool as input");
  return Value(nn::CastOp::create(node.builder, node.loc,
                                  RankedTensorType::get(shapeOf(*input), *type), *input));
}

ArrayRef<HandlerRow> quantc::onnx::movementRows() {
  static const HandlerRow rows[] = {
      {"Cast", 7, newestOpset, convertCast},
      {"Concat", 7, newestOpset, convertConcat},
      {"Constant", 7, newestOpset, convertConstant},
      {"Dropout", 7, newestOpset, convertDropout},
      {"Flatten", 7, newestOpset, convertReshaped<readFlattenShape>},
      {"Identity", 7, newestOpset, convertIdentity},
      {"Pad", 7, 10, convertPad2},
      {"Pad", 11, newestOpset, convertPad11},
      {"Reshape", 7, newestOpset, convertReshape},
      {"Squeeze", 7, newestOpset, convertReshaped<readSqueezeShape>},
      {"Transpose", 7, newestOpset, convertTranspose},
      {"Unsqueeze", 7, newestOpset, convertReshaped<readUnsqueezeShape>},
  };
  return rows;
}
