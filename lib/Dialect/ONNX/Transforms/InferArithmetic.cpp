//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Result types of the arithmetic ops.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// Records why shapes do not fit as the node's refusal.
static auto refuseShape(NodeContext &node) {
  return [&node](const Twine &text) { (void)node.reader.refuse(Refusal::Shape, text); };
}

/// Sets the first result, of the element type of input 0.
static LogicalResult setFirst(NodeContext &node, const std::optional<Shape> &shape) {
  if (!shape)
    return failure();
  node.analysis.set(node.reader.node().getResult(0), node.elementType(0), *shape);
  return success();
}

static LogicalResult inferSame(NodeContext &node) {
  FailureOr<Shape> shape = node.reader.inputShape(0);
  return failed(shape) ? failure() : setFirst(node, *shape);
}

/// Also gives the mask a type.
static LogicalResult inferDropout(NodeContext &node) {
  FailureOr<Shape> shape = node.reader.inputShape(0);
  if (failed(shape))
    return failure();
  if (NodeOp op = node.reader.node(); op.getNumResults() > 1)
    if (!isa<NoneType>(op.getResult(1).getType()))
      node.analysis.set(op.getResult(1), IntegerType::get(op->getContext(), 1), *shape);
  return setFirst(node, *shape);
}

/// Any number of inputs that broadcast.
static LogicalResult inferBroadcast(NodeContext &node) {
  FailureOr<Shape> first = node.reader.inputShape(0);
  if (failed(first))
    return failure();
  std::optional<Shape> shape = *first;
  for (unsigned i = 1; i < node.reader.node().getInputs().size() && shape; ++i) {
    FailureOr<Shape> next = node.reader.inputShape(i);
    if (failed(next))
      return failure();
    shape = nn::broadcastShape(*shape, *next, refuseShape(node));
  }
  return setFirst(node, shape);
}

static nn::Window windowOf(const WindowForm &form) {
  return {form.kernel, form.strides, form.dilations, form.pads, form.ceilMode};
}

static LogicalResult inferConv(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  FailureOr<Shape> weight = node.reader.inputShape(1);
  if (failed(input) || failed(weight))
    return failure();
  FailureOr<ConvForm> form = readConv(node.reader, *input, *weight);
  if (failed(form))
    return failure();
  return setFirst(node, nn::convShape(*input, *weight, std::nullopt, windowOf(form->window),
                                      form->groups, refuseShape(node)));
}

static LogicalResult inferPool(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  if (failed(input))
    return failure();
  FailureOr<PoolForm> form = readPool(node.reader, *input);
  if (failed(form))
    return failure();
  std::optional<Shape> shape = nn::poolShape(*input, windowOf(form->window), refuseShape(node));
  NodeOp op = node.reader.node();
  if (shape && op.getNumResults() > 1 && !isa<NoneType>(op.getResult(1).getType()))
    node.analysis.set(op.getResult(1), IntegerType::get(op->getContext(), 64, IntegerType::Signed),
                      *shape);
  return setFirst(node, shape);
}

static LogicalResult inferGlobalPool(NodeContext &node) {
  FailureOr<Shape> shape = node.reader.inputShape(0);
  if (failed(shape) || shape->size() < 3)
    return failure();
  std::fill(shape->begin() + 2, shape->end(), 1);
  return setFirst(node, *shape);
}

static LogicalResult inferReduce(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  if (failed(input))
    return failure();
  FailureOr<ReduceForm> form = readReduce(node.reader, input->size());
  if (failed(form))
    return failure();
  return setFirst(node, nn::reduceShape(*input, form->axes, form->keepDims, refuseShape(node)));
}

static LogicalResult inferGemm(NodeContext &node) {
  FailureOr<Shape> lhs = node.reader.inputShape(0);
  FailureOr<Shape> rhs = node.reader.inputShape(1);
  FailureOr<GemmForm> form = readGemm(node.reader);
  if (failed(lhs) || failed(rhs) || failed(form))
    return failure();
  if (lhs->size() != 2 || rhs->size() != 2)
    return node.reader.refuse(Refusal::Rank, "expected matrices");
  if (form->transA)
    std::swap((*lhs)[0], (*lhs)[1]);
  if (form->transB)
    std::swap((*rhs)[0], (*rhs)[1]);
  return setFirst(node, nn::matmulShape(*lhs, *rhs, refuseShape(node)));
}

/// NumPy's rules, vectors included.
static LogicalResult inferMatMul(NodeContext &node) {
  FailureOr<Shape> lhs = node.reader.inputShape(0);
  FailureOr<Shape> rhs = node.reader.inputShape(1);
  if (failed(lhs) || failed(rhs))
    return failure();
  bool lhsVector = lhs->size() == 1, rhsVector = rhs->size() == 1;
  if (lhsVector)
    lhs->insert(lhs->begin(), 1);
  if (rhsVector)
    rhs->push_back(1);
  std::optional<Shape> shape = nn::matmulShape(*lhs, *rhs, refuseShape(node));
  if (shape && rhsVector)
    shape->pop_back();
  if (shape && lhsVector)
    shape->erase(shape->end() - (rhsVector ? 1 : 2));
  return setFirst(node, shape);
}

static LogicalResult inferQuantize(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  FailureOr<Shape> scale = node.reader.inputShape(1);
  if (failed(input) || failed(scale))
    return failure();
  FailureOr<QuantizeForm> form = readQuantize(node.reader, input->size(), *scale);
  if (failed(form))
    return failure();
  Type type = form->type ? form->type : node.elementType(1);
  node.analysis.set(node.reader.node().getResult(0), type, *input);
  return success();
}

void quantc::onnx::addArithmeticInference(llvm::StringMap<InferFn> &table) {
  for (StringRef name :
       {"Relu", "LeakyRelu", "Clip", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh", "Exp", "Abs",
        "Neg", "Sqrt", "Reciprocal", "Erf", "Gelu", "Identity", "BatchNormalization", "Softmax"})
    table[name] = inferSame;
  for (StringRef name : {"Add", "Sub", "Mul", "Div", "Sum"})
    table[name] = inferBroadcast;
  table["Dropout"] = inferDropout;
  table["Conv"] = inferConv;
  table["Gemm"] = inferGemm;
  table["MatMul"] = inferMatMul;
  table["MaxPool"] = inferPool;
  table["AveragePool"] = inferPool;
  table["GlobalAveragePool"] = inferGlobalPool;
  table["GlobalMaxPool"] = inferGlobalPool;
  table["ReduceMean"] = inferReduce;
  table["QuantizeLinear"] = inferQuantize;
  table["DequantizeLinear"] = inferQuantize;
}
