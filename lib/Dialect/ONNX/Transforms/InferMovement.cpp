//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Result types of the ops that move elements, change shapes or element types.
//
// Reshape is where dynamic sizes meet: its target is followed element by element, and a -1 is
// solved by cancelling sizes, named ones included.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static auto refuseShape(NodeContext &node) {
  return [&node](const Twine &text) { (void)node.reader.refuse(Refusal::Shape, text); };
}

/// Infers a result with the element type of input 0 from the shape of input 0.
template <typename ShapeFn>
static LogicalResult inferFromFirst(NodeContext &node, ShapeFn shapeFn) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  if (failed(input))
    return failure();
  FailureOr<Shape> shape = shapeFn(node.reader, *input);
  if (failed(shape))
    return failure();
  node.analysis.set(node.reader.node().getResult(0), node.elementType(0), *shape);
  return success();
}

static LogicalResult inferFlatten(NodeContext &node) {
  return inferFromFirst(node, readFlattenShape);
}
static LogicalResult inferSqueeze(NodeContext &node) {
  return inferFromFirst(node, readSqueezeShape);
}
static LogicalResult inferUnsqueeze(NodeContext &node) {
  return inferFromFirst(node, readUnsqueezeShape);
}

static FailureOr<Shape> toFailureOr(std::optional<Shape> shape) {
  if (!shape)
    return failure();
  return *shape;
}

static LogicalResult inferTranspose(NodeContext &node) {
  return inferFromFirst(node, [&](NodeReader &reader, ShapeRef input) -> FailureOr<Shape> {
    FailureOr<Shape> permutation = readPermutation(reader, input.size());
    if (failed(permutation))
      return failure();
    return toFailureOr(nn::transposeShape(input, *permutation, refuseShape(node)));
  });
}

static LogicalResult inferPad(NodeContext &node) {
  return inferFromFirst(node, [&](NodeReader &reader, ShapeRef input) -> FailureOr<Shape> {
    FailureOr<Shape> pads = readPads(reader, input.size());
    if (failed(pads))
      return failure();
    return toFailureOr(nn::padShape(input, *pads, refuseShape(node)));
  });
}

static LogicalResult inferConcat(NodeContext &node) {
  return inferFromFirst(node, [&](NodeReader &reader, ShapeRef input) -> FailureOr<Shape> {
    FailureOr<int64_t> axis = readConcatAxis(reader, input.size());
    if (failed(axis))
      return failure();
    SmallVector<Shape> shapes;
    for (unsigned i = 0; i < reader.node().getInputs().size(); ++i) {
      FailureOr<Shape> shape = reader.inputShape(i);
      if (failed(shape))
        return failure();
      shapes.push_back(*shape);
    }
    SmallVector<ShapeRef> refs(shapes.begin(), shapes.end());
    return toFailureOr(nn::concatShape(refs, *axis, refuseShape(node)));
  });
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

/// Removes from both lists what occurs in both.
static void cancel(SmallVectorImpl<int64_t> &above, SmallVectorImpl<int64_t> &below) {
  for (auto *it = below.begin(); it != below.end();) {
    auto *match = llvm::find(above, *it);
    if (match == above.end()) {
      ++it;
      continue;
    }
    above.erase(match);
    it = below.erase(it);
  }
}

/// Product of `input` over the product of the other sizes of `result`: the size at `slot`.
static FailureOr<int64_t> solveSize(NodeContext &node, ShapeRef input, ShapeRef result,
                                    size_t slot) {
  SmallVector<int64_t> above, below, others;
  for (auto [axis, size] : llvm::enumerate(result))
    if (axis != slot)
      others.push_back(size);
  llvm::copy_if(input, std::back_inserter(above), nn::isDynamicDim);
  llvm::copy_if(others, std::back_inserter(below), nn::isDynamicDim);
  bool nameless = llvm::is_contained(above, ShapedType::kDynamic) ||
                  llvm::is_contained(below, ShapedType::kDynamic);
  cancel(above, below);
  auto product = [](ShapeRef sizes) {
    return nn::staticProduct(
        llvm::to_vector(llvm::make_filter_range(sizes, [](int64_t size) { return size >= 0; })));
  };
  std::optional<int64_t> from = product(input), to = product(others);
  if (!from || !to)
    return node.reader.refuse(Refusal::Shape, "the number of elements does not fit into 64 bits");
  if (nameless || !below.empty())
    return ShapedType::kDynamic;
  if (*to == 0 || (above.empty() && *from % *to != 0))
    return node.reader.refuse(Refusal::Shape, "expected equal element counts, but found " +
                                                  nn::shapeText(input) + " and " +
                                                  nn::shapeText(result));
  if (above.empty())
    return *from / *to;
  return above.size() == 1 && *from == *to ? above.front() : ShapedType::kDynamic;
}

/// One size of the target; `slot` is set where it has to be solved for.
static FailureOr<int64_t> targetSize(NodeContext &node, ShapeRef input, const Element &element,
                                     size_t axis, bool allowZero, std::optional<size_t> &slot) {
  if (element.kind == Element::Unknown)
    return ShapedType::kDynamic;
  int64_t size = element.integer;
  if (element.kind == Element::Symbol)
    return size;
  if (size == 0 && !allowZero) {
    if (axis < input.size())
      return input[axis];
    return node.reader.refuse(Refusal::Shape, "a size of 0 copies an axis that the input lacks");
  }
  if (size >= 0)
    return size;
  if (size != -1 || slot)
    return node.reader.refuse(Refusal::Shape, "expected sizes of at least 0 and at most one -1");
  slot = axis;
  return ShapedType::kDynamic;
}

/// The shape that a target of which each element may be known asks for.
static FailureOr<Shape> reshapeShape(NodeContext &node, ShapeRef input,
                                     const TrackedTensor &target) {
  FailureOr<bool> allowZero = node.reader.boolAttr("allowzero", false);
  if (failed(allowZero) || target.rank() != 1 || !target.elementType.isInteger())
    return node.reader.refuse(Refusal::Shape, "expected a target of rank 1 that holds integers");
  Shape result;
  std::optional<size_t> slot;
  SmallVector<size_t> unknown;
  for (auto [axis, element] : llvm::enumerate(target.elements)) {
    FailureOr<int64_t> size = targetSize(node, input, element, axis, *allowZero, slot);
    if (failed(size))
      return failure();
    if (element.kind == Element::Unknown)
      unknown.push_back(axis);
    result.push_back(*size);
  }
  // The element count decides the only unknown size, too.
  if (!slot && unknown.size() == 1)
    slot = unknown.front();
  if (!slot)
    return result;
  FailureOr<int64_t> solved = solveSize(node, input, result, *slot);
  if (failed(solved))
    return failure();
  result[*slot] = *solved;
  return result;
}

static LogicalResult inferReshape(NodeContext &node) {
  return inferFromFirst(node, [&](NodeReader &reader, ShapeRef input) -> FailureOr<Shape> {
    const TrackedTensor *target = node.tracked(1);
    if (!target)
      return reader.refuse(Refusal::DynamicOperand, "the target shape is not known");
    FailureOr<Shape> shape = reshapeShape(node, input, *target);
    if (failed(shape))
      return failure();
    Shape checked(*shape); // several unknown sizes are a matter for the conversion
    if (llvm::count_if(checked, nn::isDynamicDim) <= 1 &&
        !nn::checkReshape(input, checked, refuseShape(node)))
      return failure();
    return shape;
  });
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

static LogicalResult inferCast(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  FailureOr<Type> type = readCastType(node.reader);
  if (failed(input) || failed(type))
    return failure();
  node.analysis.set(node.reader.node().getResult(0), *type, *input);
  return success();
}

static LogicalResult inferConstant(NodeContext &node) {
  FailureOr<ElementsAttr> value = readConstant(node.reader);
  if (failed(value))
    return failure();
  node.analysis.set(node.reader.node().getResult(0), value->getElementType(),
                    value->getShapedType().getShape());
  return success();
}

/// Also larger ones than are followed, and those with named sizes.
static LogicalResult inferConstantOfShape(NodeContext &node) {
  const TrackedTensor *sizes = node.tracked(0);
  if (!sizes || sizes->rank() != 1 || !sizes->elementType.isInteger())
    return node.reader.refuse(Refusal::DynamicOperand, "the shape is not known");
  Shape shape;
  for (const Element &element : sizes->elements) {
    bool known = element.kind == Element::Integer || element.kind == Element::Symbol;
    if (element.kind == Element::Integer && element.integer < 0)
      return node.reader.refuse(Refusal::Shape, "expected sizes of at least 0");
    shape.push_back(known ? element.integer : ShapedType::kDynamic);
  }
  Type type = Float32Type::get(node.reader.node()->getContext());
  if (node.reader.has("value")) {
    ElementsAttr value = node.reader.node().getTensor("value");
    if (!value)
      return node.reader.refuse(Refusal::AttributeKind, "expected a tensor");
    type = value.getElementType();
  }
  node.analysis.set(node.reader.node().getResult(0), type, shape);
  return success();
}

void quantc::onnx::addMovementInference(llvm::StringMap<InferFn> &table) {
  table["Cast"] = inferCast;
  table["Concat"] = inferConcat;
  table["Constant"] = inferConstant;
  table["ConstantOfShape"] = inferConstantOfShape;
  table["Flatten"] = inferFlatten;
  table["Pad"] = inferPad;
  table["Reshape"] = inferReshape;
  table["Squeeze"] = inferSqueeze;
  table["Transpose"] = inferTranspose;
  table["Unsqueeze"] = inferUnsqueeze;
}
