//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// raise-nodes-to-nn: kept nodes that the algebra of channels knows.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/StringMap.h"

namespace quantc {
#define GEN_PASS_DEF_RAISENODESTONN
#include "quantc/Conversion/ONNXToNN/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;
using quantc::onnx::NodeReader;

/// Each returns the results, or nothing when the node stays.
using Raised = SmallVector<Value>;
using Raise = Raised (*)(OpBuilder &, NodeReader &);

static RankedTensorType typeOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

static Raised raiseLayerNorm(OpBuilder &builder, NodeReader &reader) {
  onnx::NodeOp node = reader.node();
  FailureOr<Value> input = reader.input(0);
  FailureOr<int64_t> axis = reader.intAttr("axis", -1);
  FailureOr<float> epsilon = reader.floatAttr("epsilon", 1e-5f);
  FailureOr<int64_t> stash = reader.intAttr("stash_type", 1);
  auto type = succeeded(input) ? typeOf(*input) : RankedTensorType();
  if (!type || failed(axis) || failed(epsilon) || failed(stash) || *stash != 1 ||
      !type.getElementType().isF32() || type.getRank() == 0 ||
      ShapedType::isDynamic(type.getShape().back()) || node->getNumResults() != 1)
    return {};
  Value gain = reader.optionalInput(1), bias = reader.optionalInput(2);
  auto expected = RankedTensorType::get({type.getShape().back()}, type.getElementType());
  if ((*axis != -1 && *axis != type.getRank() - 1) || type != node.getResult(0).getType() ||
      (gain && gain.getType() != expected) || (bias && bias.getType() != expected))
    return {};
  return {
      nn::LayerNormOp::create(builder, node.getLoc(), type, *input, gain, bias, APFloat(*epsilon))};
}

static Raised raiseGather(OpBuilder &builder, NodeReader &reader) {
  onnx::NodeOp node = reader.node();
  FailureOr<int64_t> axis = reader.intAttr("axis", 0);
  FailureOr<Value> table = reader.input(0), indices = reader.input(1);
  if (failed(axis) || *axis != 0 || failed(table) || failed(indices))
    return {};
  RankedTensorType from = typeOf(*table), at = typeOf(*indices);
  auto to = dyn_cast<RankedTensorType>(node.getResult(0).getType());
  if (!from || !at || !to || from.getRank() != 2 || !isa<FloatType>(from.getElementType()) ||
      !isa<IntegerType>(at.getElementType()))
    return {};
  SmallVector<int64_t> shape(at.getShape());
  shape.push_back(from.getDimSize(1));
  if (to != RankedTensorType::get(shape, from.getElementType()))
    return {};
  return {nn::EmbeddingOp::create(builder, node.getLoc(), to, *table, *indices)};
}

static Raised raiseExpand(OpBuilder &builder, NodeReader &reader) {
  onnx::NodeOp node = reader.node();
  FailureOr<Value> input = reader.input(0);
  auto from = succeeded(input) ? typeOf(*input) : RankedTensorType();
  auto to = dyn_cast<RankedTensorType>(node.getResult(0).getType());
  if (!from || !to || from.getRank() != to.getRank() || !to.hasStaticShape())
    return {};
  for (auto [size, expanded] : llvm::zip_equal(from.getShape(), to.getShape()))
    if (size != expanded && size != 1)
      return {};
  return {nn::ExpandOp::create(builder, node.getLoc(), to, *input)};
}

/// Results cut the axis one after the other; their types say where.
static Raised raiseSplit(OpBuilder &builder, NodeReader &reader) {
  onnx::NodeOp node = reader.node();
  FailureOr<Value> input = reader.input(0);
  auto from = succeeded(input) ? typeOf(*input) : RankedTensorType();
  if (!from)
    return {};
  FailureOr<int64_t> attribute = reader.intAttr("axis", 0);
  FailureOr<int64_t> axis = failed(attribute) ? FailureOr<int64_t>(failure())
                                              : reader.normalizeAxis(*attribute, from.getRank());
  bool known = succeeded(axis) && llvm::all_of(node->getResultTypes(), [](Type type) {
                 auto tensor = dyn_cast<RankedTensorType>(type);
                 return tensor && tensor.hasStaticShape();
               });
  if (!known || !from.hasStaticShape())
    return {};
  Raised results;
  SmallVector<int64_t> offsets(from.getRank(), 0);
  for (Value old : node->getResults()) {
    results.push_back(nn::SliceOp::create(builder, node.getLoc(), old.getType(), *input, offsets));
    offsets[*axis] += cast<RankedTensorType>(old.getType()).getDimSize(*axis);
  }
  return results;
}

/// Steps of 1, and constants that say where.
static Raised raiseSlice(OpBuilder &builder, NodeReader &reader) {
  onnx::NodeOp node = reader.node();
  FailureOr<Value> input = reader.input(0);
  auto from = succeeded(input) ? typeOf(*input) : RankedTensorType();
  auto to = dyn_cast<RankedTensorType>(node.getResult(0).getType());
  if (!from || !to || !from.hasStaticShape() || !to.hasStaticShape() || node.getOpset() < 10)
    return {};
  FailureOr<SmallVector<int64_t>> starts = reader.constantInts(1);
  if (failed(starts))
    return {};
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  for (unsigned index : {3u, 4u}) {
    if (!reader.optionalInput(index))
      continue;
    FailureOr<SmallVector<int64_t>> values = reader.constantInts(index);
    if (failed(values) || values->size() != starts->size())
      return {};
    if (index == 3)
      axes = *values;
    else if (llvm::any_of(*values, [](int64_t step) { return step != 1; }))
      return {};
  }
  SmallVector<int64_t> offsets(from.getRank(), 0);
  for (auto [attribute, start] : llvm::zip_equal(axes, *starts)) {
    FailureOr<int64_t> axis = reader.normalizeAxis(attribute, from.getRank());
    if (failed(axis))
      return {};
    int64_t size = from.getDimSize(*axis);
    offsets[*axis] = std::clamp<int64_t>(start < 0 ? start + size : start, 0, size);
  }
  return {nn::SliceOp::create(builder, node.getLoc(), to, *input, offsets)};
}

/// x^2 is x * x.
static Raised raisePow(OpBuilder &builder, NodeReader &reader) {
  onnx::NodeOp node = reader.node();
  FailureOr<Value> input = reader.input(0), power = reader.input(1);
  if (failed(input) || failed(power) || node.getResult(0).getType() != input->getType() ||
      !typeOf(*input) || !isa<FloatType>(typeOf(*input).getElementType()))
    return {};
  std::optional<std::vector<float>> values = readFloats(getConstantElements(*power));
  if (!values || values->size() != 1 || values->front() != 2.0f)
    return {};
  return {nn::MulOp::create(builder, node.getLoc(), input->getType(), *input, *input)};
}

namespace {
struct RaiseNodesToNN : quantc::impl::RaiseNodesToNNBase<RaiseNodesToNN> {
  using RaiseNodesToNNBase::RaiseNodesToNNBase;

  void runOnOperation() override {
    static const llvm::StringMap<Raise> raises = {{"LayerNormalization", raiseLayerNorm},
                                                  {"Gather", raiseGather},
                                                  {"Expand", raiseExpand},
                                                  {"Split", raiseSplit},
                                                  {"Slice", raiseSlice},
                                                  {"Pow", raisePow}};
    SmallVector<onnx::NodeOp> nodes;
    getOperation().walk([&](onnx::NodeOp node) { nodes.push_back(node); });
    for (onnx::NodeOp node : nodes) {
      auto raise = raises.find(node.getOpType());
      if (raise == raises.end() || !node.getNormalizedDomain().empty())
        continue;
      OpBuilder builder(node);
      NodeReader reader(node);
      Raised results = raise->second(builder, reader);
      if (results.empty())
        continue;
      node->replaceAllUsesWith(results);
      node.erase();
    }
  }
};
} // namespace
