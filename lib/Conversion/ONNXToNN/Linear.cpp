//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conv, Gemm and MatMul.
//
// A constant matrix becomes the weight of `nn.linear`, transposed once here; everything else is
// `nn.matmul`. Gemm's alpha goes into a constant weight and beta into a constant bias; elsewhere
// they are multiplications.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static Result convertConv(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 3)))
    return failure();
  Result input = node.floats(0), weight = node.floats(1);
  if (failed(input) || failed(weight))
    return failure();
  SmallVector<Value> operands{*input, *weight};
  if (node.reader.optionalInput(2)) {
    Result bias = node.floats(2);
    if (failed(bias))
      return failure();
    operands.push_back(*bias);
  }
  FailureOr<ConvForm> form = readConv(node.reader, shapeOf(*input), shapeOf(*weight));
  if (failed(form))
    return failure();
  return node.create<nn::ConvOp>(operands, {{"strides", node.ints(form->window.strides)},
                                            {"dilations", node.ints(form->window.dilations)},
                                            {"pads", node.ints(form->window.pads)},
                                            {"groups", node.integer(form->groups)}});
}

//===----------------------------------------------------------------------===//
// Gemm
//===----------------------------------------------------------------------===//

/// A splat may have any number of elements; this many are written out.
constexpr int64_t maxWrittenElements = int64_t(1) << 28;

/// Elements of a constant that is not absurdly large.
static std::optional<std::vector<float>> readConstant(Value value) {
  ElementsAttr elements = getConstantElements(value);
  if (!elements || elements.getNumElements() > maxWrittenElements)
    return std::nullopt;
  return readFloats(elements);
}

/// value * factor; constants are multiplied here.
static Result scale(NodeConverter &node, Value value, float factor) {
  if (factor == 1.0f)
    return value;
  Type type = elementTypeOf(value);
  if (isa<FloatType>(type) && !type.isF32()) {
    Attribute number = node.builder.getFloatAttr(type, factor);
    auto splat = DenseElementsAttr::get(RankedTensorType::get({}, type), number);
    return node.create<nn::MulOp>({value, node.constant(splat)});
  }
  std::optional<std::vector<float>> values = readConstant(value);
  if (!values)
    return node.create<nn::MulOp>({value, node.scalar(factor)});
  for (float &element : *values)
    element *= factor;
  return node.constant(makeFloatWeights(typeOf(value), *values, "scaled"));
}

/// Whether C of Gemm gives each of the N columns one number.
static bool isPerColumn(ShapeRef shape, int64_t columns) {
  bool last = shape.empty() || shape.back() == 1 || shape.back() == columns;
  return shape.size() <= 2 && last && (shape.size() < 2 || shape.front() == 1);
}

/// A constant C as a bias of shape [N], or null when it is none.
static Value constantBias(NodeConverter &node, Value addend, int64_t columns) {
  if (NodeConverter::isWeight(addend) && shapeOf(addend) == ShapeRef{columns})
    return addend;
  if (!elementTypeOf(addend).isF32() || !isPerColumn(shapeOf(addend), columns) ||
      columns > maxWrittenElements)
    return {};
  std::optional<std::vector<float>> values = readConstant(addend);
  if (!values || values->empty())
    return {};
  if (values->size() == 1)
    values->resize(columns, values->front());
  auto type = RankedTensorType::get({columns}, elementTypeOf(addend));
  if (shapeOf(addend) == ShapeRef{columns})
    return addend;
  return node.constant(makeFloatWeights(type, *values, "bias"));
}

/// product + beta * C, where C must not enlarge the product.
static Result addGemmC(NodeConverter &node, Value product, float beta) {
  if (!node.reader.optionalInput(2) || beta == 0.0f)
    return product;
  Result addend = node.floats(2);
  if (failed(addend))
    return failure();
  addend = scale(node, *addend, beta);
  if (failed(addend))
    return failure();
  Result sum = node.create<nn::AddOp>({product, *addend});
  if (succeeded(sum) && sum->getType() != product.getType())
    return node.reader.refuse(Refusal::Shape, "expected C to broadcast to " +
                                                  nn::shapeText(shapeOf(product)) + ", but found " +
                                                  nn::shapeText(shapeOf(*addend)));
  return sum;
}

static Result convertConstantGemm(NodeConverter &node, const GemmForm &form, Value lhs, Value rhs) {
  Result weight = form.transB ? Result(rhs) : node.transpose(rhs, {1, 0});
  if (failed(weight))
    return failure();
  weight = scale(node, *weight, form.alpha);
  if (failed(weight))
    return failure();
  Value addend = form.beta == 0.0f ? Value() : node.reader.optionalInput(2);
  if (addend && isa<RankedTensorType>(addend.getType()))
    if (Value bias = constantBias(node, addend, shapeOf(*weight)[0])) {
      Result scaled = scale(node, bias, form.beta);
      if (failed(scaled))
        return failure();
      return node.create<nn::LinearOp>({lhs, *weight, *scaled});
    }
  Result product = node.create<nn::LinearOp>({lhs, *weight});
  if (failed(product))
    return failure();
  return addGemmC(node, *product, form.beta);
}

static Result convertGemm(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 3)))
    return failure();
  Result lhs = node.floats(0), rhs = node.floats(1);
  FailureOr<GemmForm> form = readGemm(node.reader);
  if (failed(lhs) || failed(rhs) || failed(form))
    return failure();
  if (shapeOf(*lhs).size() != 2 || shapeOf(*rhs).size() != 2)
    return node.reader.refuse(Refusal::Rank, "expected matrices, but found ranks " +
                                                 Twine(shapeOf(*lhs).size()) + " and " +
                                                 Twine(shapeOf(*rhs).size()));
  if (form->transA)
    lhs = node.transpose(*lhs, {1, 0});
  if (failed(lhs))
    return failure();
  if (NodeConverter::isWeight(*rhs))
    return convertConstantGemm(node, *form, *lhs, *rhs);
  if (form->transB)
    rhs = node.transpose(*rhs, {1, 0});
  if (failed(rhs))
    return failure();
  Result product = node.create<nn::MatMulOp>({*lhs, *rhs});
  if (failed(product))
    return failure();
  product = scale(node, *product, form->alpha);
  if (failed(product))
    return failure();
  return addGemmC(node, *product, form->beta);
}

//===----------------------------------------------------------------------===//
// MatMul
//===----------------------------------------------------------------------===//

/// `shape` without the axis that is `fromEnd` axes before the last.
static SmallVector<int64_t> withoutAxis(ShapeRef shape, size_t fromEnd) {
  SmallVector<int64_t> result(shape);
  result.erase(result.end() - 1 - fromEnd);
  return result;
}

/// Vectors become matrices for the product; the axis is dropped behind it.
static Result convertMatMul(NodeConverter &node) {
  if (failed(node.reader.expectInputs(2, 2)))
    return failure();
  Result lhs = node.floats(0), rhs = node.floats(1);
  if (failed(lhs) || failed(rhs))
    return failure();
  if (shapeOf(*lhs).empty() || shapeOf(*rhs).empty())
    return node.reader.refuse(Refusal::Rank, "expected operands of rank 1 or more");
  if (NodeConverter::isWeight(*rhs) && shapeOf(*rhs).size() == 2) {
    Result weight = node.transpose(*rhs, {1, 0});
    if (failed(weight))
      return failure();
    return node.create<nn::LinearOp>({*lhs, *weight});
  }
  bool lhsVector = shapeOf(*lhs).size() == 1, rhsVector = shapeOf(*rhs).size() == 1;
  if (lhsVector)
    lhs = node.reshape(*lhs, {1, shapeOf(*lhs)[0]});
  if (rhsVector)
    rhs = node.reshape(*rhs, {shapeOf(*rhs)[0], 1});
  if (failed(lhs) || failed(rhs))
    return failure();
  Result product = node.create<nn::MatMulOp>({*lhs, *rhs});
  if (succeeded(product) && rhsVector)
    product = node.reshape(*product, withoutAxis(shapeOf(*product), 0));
  if (succeeded(product) && lhsVector)
    product = node.reshape(*product, withoutAxis(shapeOf(*product), rhsVector ? 0 : 1));
  return product;
}

ArrayRef<HandlerRow> quantc::onnx::linearRows() {
  static const HandlerRow rows[] = {
      {"Conv", 7, newestOpset, convertConv},
      {"Gemm", 7, newestOpset, convertGemm},
      {"MatMul", 7, newestOpset, convertMatMul},
  };
  return rows;
}
