//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluation of ops that make or move elements of small tensors.
//
//===----------------------------------------------------------------------===//

#include "ShapeAnalysis.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

using Result = std::optional<TrackedTensor>;

static Type int64Type(NodeContext &node) {
  return IntegerType::get(node.reader.node()->getContext(), 64, IntegerType::Signed);
}

static Result evaluateConstant(NodeContext &node) {
  FailureOr<ElementsAttr> value = readConstant(node.reader);
  return failed(value) ? std::nullopt : readTracked(*value);
}

static Result evaluateIdentity(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0);
  return input ? Result(*input) : std::nullopt;
}

/// Elements `start` to `end` of the sizes, both clamped; opset 15 added the two.
static Result evaluateShape(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  if (failed(input))
    return std::nullopt;
  int64_t rank = input->size();
  FailureOr<int64_t> start = node.reader.intAttr("start", 0);
  FailureOr<int64_t> end = node.reader.intAttr("end", rank);
  if (failed(start) || failed(end))
    return std::nullopt;
  auto clamp = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? std::max(index, -rank) + rank : index, 0, rank);
  };
  int64_t from = clamp(*start), to = std::max(clamp(*end), from);
  Result result = makeTracked(int64Type(node), {to - from});
  for (int64_t i = from; i < to; ++i)
    result->elements[i - from] = Element::ofSize((*input)[i]);
  return result;
}

static Result evaluateSize(NodeContext &node) {
  FailureOr<Shape> input = node.reader.inputShape(0);
  if (failed(input) || llvm::any_of(*input, nn::isDynamicDim))
    return std::nullopt;
  std::optional<int64_t> count = nn::staticProduct(*input);
  if (!count)
    return std::nullopt;
  Result result = makeTracked(int64Type(node), {});
  result->elements[0] = Element::of(*count);
  return result;
}

static Result evaluateGather(NodeContext &node) {
  const TrackedTensor *data = node.tracked(0), *indexTensor = node.tracked(1);
  FailureOr<int64_t> axis = node.reader.intAttr("axis", 0);
  std::optional<SmallVector<int64_t>> indices =
      indexTensor ? indexTensor->integers() : std::nullopt;
  if (!data || !indices || failed(axis) || data->rank() == 0)
    return std::nullopt;
  FailureOr<int64_t> normal = node.reader.normalizeAxis(*axis, data->rank());
  if (failed(normal))
    return std::nullopt;
  for (int64_t &index : *indices)
    index = index < 0 ? index + data->shape[*normal] : index;
  Result result = selectAlong(*data, *normal, *indices);
  if (!result)
    return std::nullopt;
  Shape shape(data->shape.begin(), data->shape.begin() + *normal);
  shape.append(indexTensor->shape);
  shape.append(data->shape.begin() + *normal + 1, data->shape.end());
  return reshapeTo(*result, shape);
}

static Result evaluateConcat(NodeContext &node) {
  SmallVector<const TrackedTensor *> tensors;
  for (unsigned i = 0; i < node.reader.node().getInputs().size(); ++i) {
    const TrackedTensor *tensor = node.tracked(i);
    if (!tensor)
      return std::nullopt;
    tensors.push_back(tensor);
  }
  if (tensors.empty())
    return std::nullopt;
  FailureOr<int64_t> axis = readConcatAxis(node.reader, tensors.front()->rank());
  return failed(axis) ? std::nullopt : concatAlong(tensors, *axis);
}

/// Starts, ends, axes and steps of Slice, which were attributes before opset 10.
struct SliceBounds {
  SmallVector<int64_t> starts, ends, axes, steps;
};

static std::optional<SmallVector<int64_t>> sliceOperand(NodeContext &node, unsigned index,
                                                        StringRef attribute) {
  if (node.reader.opset() < 10) {
    FailureOr<std::optional<ShapeRef>> values = node.reader.intsAttr(attribute);
    return failed(values) || !*values ? std::nullopt : std::optional(llvm::to_vector(**values));
  }
  const TrackedTensor *tensor = node.tracked(index);
  return tensor ? tensor->integers() : std::nullopt;
}

static std::optional<SliceBounds> readSlice(NodeContext &node) {
  bool inputs = node.reader.opset() >= 10;
  std::optional<SmallVector<int64_t>> starts = sliceOperand(node, 1, "starts");
  std::optional<SmallVector<int64_t>> ends = sliceOperand(node, 2, "ends");
  if (!starts || !ends || starts->size() != ends->size())
    return std::nullopt;
  SliceBounds bounds{*starts, *ends, llvm::to_vector(llvm::seq<int64_t>(0, starts->size())),
                     SmallVector<int64_t>(starts->size(), 1)};
  if (inputs ? bool(node.reader.optionalInput(3)) : node.reader.has("axes")) {
    std::optional<SmallVector<int64_t>> axes = sliceOperand(node, 3, "axes");
    if (!axes || axes->size() != starts->size())
      return std::nullopt;
    bounds.axes = *axes;
  }
  if (inputs && node.reader.optionalInput(4)) {
    std::optional<SmallVector<int64_t>> steps = sliceOperand(node, 4, "");
    if (!steps || steps->size() != starts->size())
      return std::nullopt;
    bounds.steps = *steps;
  }
  return bounds;
}

/// Indices of one axis. Source: ONNX Slice; negative bounds count from the end, then both are
/// clamped, for negative steps to [-1, size - 1].
static SmallVector<int64_t> sliceIndices(int64_t start, int64_t end, int64_t step, int64_t size) {
  auto clamp = [&](int64_t bound) {
    int64_t index = bound < 0 ? std::max(bound, -size - 1) + size : bound;
    return step > 0 ? std::clamp<int64_t>(index, 0, size)
                    : std::clamp<int64_t>(index, -1, size - 1);
  };
  int64_t from = clamp(start), to = clamp(end);
  SmallVector<int64_t> indices;
  // Sizes are small; a step beyond them is like one that leaves the axis.
  int64_t stride = std::clamp<int64_t>(step, -size - 1, size + 1);
  for (int64_t i = from; step > 0 ? i < to : i > to; i += stride)
    indices.push_back(i);
  return indices;
}

static Result evaluateSlice(NodeContext &node) {
  const TrackedTensor *data = node.tracked(0);
  std::optional<SliceBounds> bounds = data ? readSlice(node) : std::nullopt;
  if (!bounds || failed(node.reader.normalizeAxes(bounds->axes, data->rank())))
    return std::nullopt;
  Result result = *data;
  for (auto [start, end, axis, step] :
       llvm::zip_equal(bounds->starts, bounds->ends, bounds->axes, bounds->steps)) {
    if (step == 0 || !result)
      return std::nullopt;
    int64_t normal = axis < 0 ? axis + data->rank() : axis;
    result = selectAlong(*result, normal, sliceIndices(start, end, step, result->shape[normal]));
  }
  return result;
}

static Result evaluateTranspose(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0);
  if (!input)
    return std::nullopt;
  int64_t rank = input->rank();
  FailureOr<Shape> permutation = readPermutation(node.reader, rank);
  if (failed(permutation))
    return std::nullopt;
  SmallVector<int64_t> strides(rank, 1), position(rank, 0);
  for (int64_t axis = rank - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * input->shape[axis + 1];
  TrackedTensor result{input->elementType, {}, {}};
  for (int64_t axis : *permutation)
    result.shape.push_back(input->shape[axis]);
  while (result.elements.size() < input->elements.size()) {
    int64_t offset = 0;
    for (int64_t axis = 0; axis < rank; ++axis)
      offset += position[axis] * strides[(*permutation)[axis]];
    result.elements.push_back(input->elements[offset]);
    for (int64_t axis = rank - 1; axis >= 0 && ++position[axis] == result.shape[axis]; --axis)
      position[axis] = 0;
  }
  return result;
}

/// Ops that keep the elements and change the shape.
template <FailureOr<Shape> (*shapeFn)(NodeReader &, ShapeRef)>
static Result evaluateReshaped(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0);
  if (!input)
    return std::nullopt;
  FailureOr<Shape> shape = shapeFn(node.reader, input->shape);
  return failed(shape) ? std::nullopt : reshapeTo(*input, *shape);
}

static Result evaluateReshape(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0), *targetTensor = node.tracked(1);
  std::optional<SmallVector<int64_t>> target =
      targetTensor ? targetTensor->integers() : std::nullopt;
  if (!input || !target || targetTensor->rank() != 1 || llvm::count(*target, -1) > 1)
    return std::nullopt;
  FailureOr<bool> allowZero = node.reader.boolAttr("allowzero", false);
  if (failed(allowZero))
    return std::nullopt;
  Shape shape(target->begin(), target->end());
  for (auto [axis, size] : llvm::enumerate(shape))
    if (size == 0 && !*allowZero) {
      if (axis >= input->shape.size())
        return std::nullopt;
      size = input->shape[axis];
    }
  if (auto *slot = llvm::find(shape, -1); slot != shape.end()) {
    *slot = 1;
    std::optional<int64_t> rest = trackedCount(shape);
    if (!rest || *rest == 0)
      return std::nullopt;
    *slot = input->elements.size() / *rest;
  }
  return reshapeTo(*input, shape);
}

static Result evaluateConstantOfShape(NodeContext &node) {
  const TrackedTensor *sizes = node.tracked(0);
  std::optional<SmallVector<int64_t>> shape = sizes ? sizes->integers() : std::nullopt;
  if (!shape)
    return std::nullopt;
  Type type = Float32Type::get(node.reader.node()->getContext());
  Element fill = Element::ofReal(0.0);
  if (node.reader.has("value")) {
    Result value = readTracked(node.reader.node().getTensor("value"));
    if (!value || value->elements.size() != 1)
      return std::nullopt;
    type = value->elementType;
    fill = value->elements.front();
  }
  Result result = makeTracked(type, *shape);
  if (result)
    llvm::fill(result->elements, fill);
  return result;
}

static Result evaluateExpand(NodeContext &node) {
  const TrackedTensor *input = node.tracked(0), *sizes = node.tracked(1);
  std::optional<SmallVector<int64_t>> target = sizes ? sizes->integers() : std::nullopt;
  if (!input || !target)
    return std::nullopt;
  std::optional<Shape> shape = nn::broadcastShape(input->shape, *target, [](const Twine &) {});
  return shape ? broadcastTo(*input, *shape) : std::nullopt;
}

/// Integers only; the count is bounded before anything is made.
static Result evaluateRange(NodeContext &node) {
  constexpr int64_t limitOfInputs = int64_t(1) << 40;
  SmallVector<int64_t, 3> values;
  for (unsigned i = 0; i < 3; ++i) {
    const TrackedTensor *tensor = node.tracked(i);
    std::optional<SmallVector<int64_t>> value = tensor ? tensor->integers() : std::nullopt;
    if (!value || value->size() != 1 || value->front() < -limitOfInputs ||
        value->front() > limitOfInputs)
      return std::nullopt;
    values.push_back(value->front());
  }
  int64_t start = values[0], distance = values[1] - start, delta = values[2];
  if (delta == 0)
    return std::nullopt;
  bool away = distance == 0 || (distance < 0) != (delta < 0);
  int64_t count = away ? 0 : distance / delta + (distance % delta != 0);
  Result result = makeTracked(node.tracked(0)->elementType, {count});
  for (int64_t i = 0; result && i < count; ++i)
    result->elements[i] = Element::of(start + i * delta);
  return result;
}

void quantc::onnx::addMovementEvaluation(llvm::StringMap<EvaluateFn> &table) {
  table["Concat"] = evaluateConcat;
  table["Constant"] = evaluateConstant;
  table["ConstantOfShape"] = evaluateConstantOfShape;
  table["Expand"] = evaluateExpand;
  table["Flatten"] = evaluateReshaped<readFlattenShape>;
  table["Gather"] = evaluateGather;
  table["Identity"] = evaluateIdentity;
  table["Range"] = evaluateRange;
  table["Reshape"] = evaluateReshape;
  table["Shape"] = evaluateShape;
  table["Size"] = evaluateSize;
  table["Slice"] = evaluateSlice;
  table["Squeeze"] = evaluateReshaped<readSqueezeShape>;
  table["Transpose"] = evaluateTranspose;
  table["Unsqueeze"] = evaluateReshaped<readUnsqueezeShape>;
}
