//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pooling and reductions.
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static SmallVector<std::pair<StringRef, Attribute>> windowAttrs(NodeConverter &node,
                                                                const WindowForm &window) {
  return {{"kernel", node.ints(window.kernel)},
          {"strides", node.ints(window.strides)},
          {"dilations", node.ints(window.dilations)},
          {"pads", node.ints(window.pads)},
          {"ceil_mode", node.boolean(window.ceilMode)}};
}

/// Indices of the maxima have no form in `nn`.
static Result convertMaxPool(NodeConverter &node) {
  if (failed(node.reader.expectInputs(1, 1)) || failed(node.reader.expectOneOutput()))
    return failure();
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  FailureOr<PoolForm> form = readPool(node.reader, shapeOf(*input));
  if (failed(form))
    return failure();
  return node.create<nn::MaxPoolOp>(*input, windowAttrs(node, form->window));
}

static Result convertAveragePool(NodeConverter &node) {
  if (failed(node.reader.expectInputs(1, 1)))
    return failure();
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  FailureOr<PoolForm> form = readPool(node.reader, shapeOf(*input));
  if (failed(form))
    return failure();
  auto attributes = windowAttrs(node, form->window);
  attributes.emplace_back("count_include_pad", node.boolean(form->countIncludePad));
  return node.create<nn::AvgPoolOp>(*input, attributes);
}

/// The input of a global pool: [N, C, spatial...].
static Result globalInput(NodeConverter &node) {
  Result input = node.floats(0);
  if (succeeded(input) && shapeOf(*input).size() < 3)
    return node.reader.refuse(Refusal::Rank, "expected an input of rank 3 or more, but found " +
                                                 Twine(shapeOf(*input).size()));
  return input;
}

static Result createMean(NodeConverter &node, Value input, ShapeRef axes, bool keepDims) {
  return node.create<nn::ReduceMeanOp>(
      input, {{"axes", node.ints(axes)}, {"keepdims", node.boolean(keepDims)}});
}

static Result convertGlobalAveragePool(NodeConverter &node) {
  Result input = globalInput(node);
  if (failed(input))
    return failure();
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, shapeOf(*input).size()));
  return createMean(node, *input, axes, /*keepDims=*/true);
}

/// A window as large as the input.
static Result convertGlobalMaxPool(NodeConverter &node) {
  Result input = globalInput(node);
  if (failed(input))
    return failure();
  ShapeRef spatial = shapeOf(*input).drop_front(2);
  if (llvm::any_of(spatial, nn::isDynamicDim))
    return node.reader.refuse(Refusal::Shape, "expected static spatial sizes");
  size_t rank = spatial.size();
  WindowForm window{Shape(spatial), Shape(rank, 1), Shape(rank, 1), Shape(2 * rank, 0), false};
  return node.create<nn::MaxPoolOp>(*input, windowAttrs(node, window));
}

static Result convertReduceMean(NodeConverter &node) {
  if (failed(node.reader.expectInputs(1, node.reader.opset() < 18 ? 1 : 2)))
    return failure();
  Result input = node.floats(0);
  if (failed(input))
    return failure();
  FailureOr<ReduceForm> form = readReduce(node.reader, shapeOf(*input).size());
  if (failed(form))
    return failure();
  if (form->axes.empty())
    return input;
  return createMean(node, *input, form->axes, form->keepDims);
}

ArrayRef<HandlerRow> quantc::onnx::poolingRows() {
  static const HandlerRow rows[] = {
      {"AveragePool", 7, newestOpset, convertAveragePool},
      {"GlobalAveragePool", 7, newestOpset, convertGlobalAveragePool},
      {"GlobalMaxPool", 7, newestOpset, convertGlobalMaxPool},
      {"MaxPool", 7, newestOpset, convertMaxPool},
      {"ReduceMean", 7, newestOpset, convertReduceMean},
  };
  return rows;
}
