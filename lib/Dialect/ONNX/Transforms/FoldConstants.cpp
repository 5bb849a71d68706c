//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-fold-constants: what the shape analysis knows becomes constants, the rest of the shape
// arithmetic loses its uses and goes. An If with a known condition becomes its branch.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

namespace quantc::onnx {
#define GEN_PASS_DEF_ONNXFOLDCONSTANTS
#include "quantc/Dialect/ONNX/Transforms/Passes.h.inc"
} // namespace quantc::onnx

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// A splat is small at any size here, but somebody will write it out.
constexpr int64_t maxSplatElements = int64_t(1) << 28;

static ConstantOp createConstant(NodeOp node, ElementsAttr value, StringRef name) {
  OpBuilder builder(node);
  return ConstantOp::create(builder, node.getLoc(), value.getShapedType(),
                            builder.getStringAttr(name), value, /*is_input=*/UnitAttr(),
                            /*input_info=*/ValueInfoAttr(), /*info=*/DictionaryAttr());
}

/// ConstantOfShape that is too large to be followed element by element.
static ElementsAttr splatOf(NodeOp node, const ShapeAnalysis &analysis) {
  NodeReader reader(node, analysis);
  FailureOr<SmallVector<int64_t>> shape = reader.constantInts(0);
  if (failed(shape) || llvm::any_of(*shape, nn::isDynamicDim))
    return {};
  std::optional<int64_t> count = nn::staticProduct(*shape);
  if (!count || *count > maxSplatElements)
    return {};
  ElementsAttr value = node.getTensor("value");
  if (!node.getAttribute("value"))
    value = DenseElementsAttr::get(RankedTensorType::get({1}, Float32Type::get(node.getContext())),
                                   0.0f);
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  if (!dense || dense.getNumElements() != 1 || !dense.getElementType().isIntOrFloat())
    return {};
  return dense.resizeSplat(RankedTensorType::get(*shape, dense.getElementType()));
}

/// The node's first result as a constant, or null.
static ElementsAttr constantOf(NodeOp node, const ShapeAnalysis &analysis) {
  if (!node.getNormalizedDomain().empty())
    return {};
  if (const TrackedTensor *tensor = analysis.tracked(node.getResult(0)))
    if (ElementsAttr value = toElements(*tensor, node.getResultName(0)))
      return value;
  if (node.isOp("Constant")) {
    NodeReader reader(node);
    FailureOr<ElementsAttr> value = readConstant(reader);
    return failed(value) ? ElementsAttr() : *value;
  }
  return node.isOp("ConstantOfShape") ? splatOf(node, analysis) : ElementsAttr();
}

/// The value that a node without effect passes on, or null.
static Value forwarded(NodeOp node) {
  NodeReader reader(node);
  if (node.isOp("Identity"))
    return node.getOptionalInput(0);
  if (node.isOp("Dropout") && succeeded(checkDropout(reader)))
    return node.getOptionalInput(0);
  return {};
}

/// Replaces the target of a Reshape by a constant with -1 for the dynamic size.
static void fixReshapeTarget(NodeOp node) {
  auto type = dyn_cast<RankedTensorType>(node.getResult(0).getType());
  Value target = node.getOptionalInput(1);
  if (!type || !target || target.getDefiningOp<ConstantOp>())
    return;
  SmallVector<int64_t> sizes(type.getShape());
  if (llvm::count(sizes, ShapedType::kDynamic) > 1 || llvm::is_contained(sizes, 0))
    return; // a written 0 would copy a size
  llvm::replace(sizes, ShapedType::kDynamic, int64_t(-1));
  auto targetType =
      RankedTensorType::get({static_cast<int64_t>(sizes.size())},
                            IntegerType::get(node.getContext(), 64, IntegerType::Signed));
  auto value = DenseElementsAttr::get(targetType, ArrayRef<int64_t>(sizes));
  node.getInputsMutable()[1].set(createConstant(node, value, ""));
}

static void foldNode(NodeOp node, const ShapeAnalysis &analysis) {
  if (node.getNumResults() == 0 || node.getOpset() < oldestFormOpset)
    return;
  bool othersUnused = llvm::all_of(node.getResults().drop_front(),
                                   [](OpResult result) { return result.use_empty(); });
  Value replacement = forwarded(node);
  if (!replacement && othersUnused)
    if (ElementsAttr value = constantOf(node, analysis))
      replacement = createConstant(node, value, node.getResultName(0));
  if (replacement)
    node.getResult(0).replaceAllUsesWith(replacement);
  else if (node.isOp("Reshape"))
    fixReshapeTarget(node);
}

/// The branch that a constant condition chooses, or null.
static Region *chosenBranch(NodeOp node) {
  Value condition = node.isOp("If") ? node.getOptionalInput(0) : Value();
  auto constant = condition ? condition.getDefiningOp<ConstantOp>() : ConstantOp();
  auto value = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!value || value.getNumElements() != 1 || !value.getElementType().isInteger(1))
    return nullptr;
  Region *branch = node.getGraph(*value.value_begin<bool>() ? "then_branch" : "else_branch");
  if (!branch || branch->empty() || branch->getNumArguments() != 0 ||
      branch->front().getTerminator()->getNumOperands() != node.getNumResults())
    return nullptr;
  return branch;
}

/// Moves the nodes of chosen branches in front of their If; true when there was one.
static bool inlineBranches(Block &block) {
  bool found = false;
  for (NodeOp node : llvm::make_early_inc_range(block.getOps<NodeOp>())) {
    Region *branch = chosenBranch(node);
    if (!branch)
      continue;
    found = true;
    Block &body = branch->front();
    node->replaceAllUsesWith(body.getTerminator()->getOperands());
    block.getOperations().splice(node->getIterator(), body.getOperations(), body.begin(),
                                 std::prev(body.end()));
    node->erase();
  }
  return found;
}

/// Erases, last first, whatever has neither uses nor effects.
static void eraseUnused(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

namespace {
struct FoldConstants : quantc::onnx::impl::OnnxFoldConstantsBase<FoldConstants> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getBody().empty())
        continue;
      Block &block = function.getBody().front();
      do { // the nodes of a chosen branch may fold, and choose others
        ShapeAnalysis analysis(function);
        for (NodeOp node : llvm::make_early_inc_range(block.getOps<NodeOp>()))
          foldNode(node, analysis);
        eraseUnused(block);
      } while (inlineBranches(block));
      updateResultTypes(function);
    }
  }
};
} // namespace
