//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// lower-nn-to-nodes: what the algebra of channels needed goes back to nodes and plain nn.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Conversion/NNToONNX/NNToONNX.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/Utils/NodeBuilder.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/TypeSwitch.h"

namespace quantc {
#define GEN_PASS_DEF_LOWERNNTONODES
#include "quantc/Conversion/NNToONNX/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;

/// Nodes of these operators have one meaning from opset 13 on; LayerNormalization came with 17.
static constexpr int64_t nodeOpset = 17;

namespace {
class Lowering {
public:
  explicit Lowering(Operation *op) : op(op), builder(op) {}

  Value norm(nn::LayerNormOp norm);
  Value norm(nn::RMSNormOp norm);
  Value embedding(nn::EmbeddingOp lookup) {
    return node("Gather", {lookup.getTable(), lookup.getIndices()}, {integer("axis", 0)});
  }
  Value slice(nn::SliceOp slice);
  Value expand(nn::ExpandOp expand);
  Value cast(nn::CastOp cast);

private:
  Value node(StringRef type, ValueRange operands, ArrayRef<NamedAttribute> attributes = {});
  Value constant(ElementsAttr elements) {
    return nn::ConstantOp::create(builder, op->getLoc(), elements.getShapedType(), elements);
  }
  Value integers(ArrayRef<int64_t> list) { return constant(onnx::int64Elements(builder, list)); }
  Value splat(ArrayRef<int64_t> shape, double value, Type elementType) {
    return constant(DenseElementsAttr::get(RankedTensorType::get(shape, elementType),
                                           Attribute(builder.getFloatAttr(elementType, value))));
  }
  NamedAttribute integer(StringRef name, int64_t value) {
    return onnx::intAttribute(builder, name, value);
  }

  Operation *op;
  OpBuilder builder;
};
} // namespace

Value Lowering::node(StringRef type, ValueRange operands, ArrayRef<NamedAttribute> attributes) {
  return onnx::createNode(builder, op->getLoc(), getNodeName(op), type, nodeOpset, operands,
                          op->getResult(0).getType(), attributes)
      ->getResult(0);
}

Value Lowering::norm(nn::LayerNormOp norm) {
  int64_t channels = norm.getType().getShape().back();
  Value gain =
      norm.getGain() ? norm.getGain() : splat({channels}, 1.0, norm.getType().getElementType());
  SmallVector<Value> operands = {norm.getInput(), gain};
  if (norm.getBias())
    operands.push_back(norm.getBias());
  return node("LayerNormalization", operands,
              {integer("axis", -1),
               builder.getNamedAttr("epsilon",
                                    builder.getF32FloatAttr(norm.getEpsilon().convertToFloat()))});
}

/// The form of files before opset 23.
Value Lowering::norm(nn::RMSNormOp norm) {
  Location loc = norm.getLoc();
  Value x = norm.getInput();
  Value square = nn::MulOp::create(builder, loc, x, x);
  int64_t last = norm.getType().getRank() - 1;
  Value mean = nn::ReduceMeanOp::create(builder, loc, square, builder.getDenseI64ArrayAttr(last),
                                        builder.getBoolAttr(true));
  Value sum = nn::AddOp::create(
      builder, loc, mean,
      splat({}, norm.getEpsilon().convertToFloat(), norm.getType().getElementType()));
  Value root = nn::SqrtOp::create(builder, loc, sum.getType(), sum);
  Value normal = nn::DivOp::create(builder, loc, x, root);
  return norm.getGain() ? Value(nn::MulOp::create(builder, loc, normal, norm.getGain())) : normal;
}

Value Lowering::slice(nn::SliceOp slice) {
  SmallVector<int64_t> starts, ends, axes;
  for (auto [axis, begin] : llvm::enumerate(slice.getOffsets())) {
    int64_t size = slice.getType().getDimSize(axis);
    if (begin == 0 && size == slice.getInput().getType().getDimSize(axis))
      continue;
    starts.push_back(begin);
    ends.push_back(begin + size);
    axes.push_back(static_cast<int64_t>(axis));
  }
  if (axes.empty())
    return slice.getInput();
  return node("Slice", {slice.getInput(), integers(starts), integers(ends), integers(axes)});
}

/// Axes that stay are 1 in the target shape, so that their size need not be known.
Value Lowering::expand(nn::ExpandOp expand) {
  SmallVector<int64_t> shape;
  for (auto [from, to] :
       llvm::zip_equal(expand.getInput().getType().getShape(), expand.getType().getShape()))
    shape.push_back(from == to ? 1 : to);
  return node("Expand", {expand.getInput(), integers(shape)});
}

/// Null where ONNX has no number for the type.
Value Lowering::cast(nn::CastOp cast) {
  auto type = getElementTypeOrSelf(cast.getType());
  std::optional<int64_t> code = onnx::codeOfCastType(type);
  return code ? node("Cast", {cast.getInput()}, {integer("to", *code)}) : Value();
}

//===----------------------------------------------------------------------===//
// Other floats
//===----------------------------------------------------------------------===//

/// Kernels know float32 alone.
static bool hasOtherFloats(Operation *op) {
  if (!isa<nn::NNDialect>(op->getDialect()) || isa<nn::ConstantOp>(op))
    return false;
  return llvm::any_of(llvm::concat<Type>(op->getOperandTypes(), op->getResultTypes()),
                      [](Type type) {
                        Type element = getElementTypeOrSelf(type);
                        return isa<FloatType>(element) && !element.isF32();
                      });
}

/// The nodes that a file has for the op.
static LogicalResult toNodes(Operation *op) {
  Location loc = op->getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder(module->getBodyRegion());
  auto function = func::FuncOp::create(
      builder, loc, "form", builder.getFunctionType(op->getOperandTypes(), op->getResultTypes()));
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping, back;
  mapping.map(op->getOperands(), block->getArguments());
  Operation *copy = builder.clone(*op, mapping);
  auto end = func::ReturnOp::create(builder, loc, copy->getResults());
  if (failed(writeNodes(function)))
    return failure();
  back.map(block->getArguments(), op->getOperands());
  builder.setInsertionPoint(op);
  for (Operation &made : block->without_terminator()) {
    if (auto constant = dyn_cast<onnx::ConstantOp>(made))
      back.map(constant.getResult(),
               nn::ConstantOp::create(builder, loc, constant.getType(), constant.getValue())
                   .getResult());
    else
      builder.clone(made, back);
  }
  op->replaceAllUsesWith(llvm::map_to_vector(
      end.getOperands(), [&](Value result) { return back.lookupOrDefault(result); }));
  op->erase();
  return success();
}

namespace {
struct LowerNNToNodes : quantc::impl::LowerNNToNodesBase<LowerNNToNodes> {
  using LowerNNToNodesBase::LowerNNToNodesBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      Lowering lowering(op);
      Value value =
          llvm::TypeSwitch<Operation *, Value>(op)
              .Case<nn::LayerNormOp, nn::RMSNormOp>([&](auto o) { return lowering.norm(o); })
              .Case<nn::EmbeddingOp>([&](auto o) { return lowering.embedding(o); })
              .Case<nn::SliceOp>([&](auto o) { return lowering.slice(o); })
              .Case<nn::ExpandOp>([&](auto o) { return lowering.expand(o); })
              .Case<nn::CastOp>([&](auto o) { return lowering.cast(o); })
              .Default([](Operation *) { return Value(); });
      if (!value)
        continue;
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
    }
    ops.clear();
    getOperation().walk([&](Operation *op) {
      if (hasOtherFloats(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(toNodes(op)))
        return signalPassFailure();
  }
};
} // namespace
