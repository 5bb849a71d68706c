//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Image forms of convolutions, pools and reductions; see Requantize.h.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

int64_t SpatialImage::rank() const { return cast<RankedTensorType>(tensor.getType()).getRank(); }

Value SpatialImage::sequenceInput(ArrayRef<int64_t> pads, int64_t byte) {
  Value source = lowering.stridedInput(tensor);
  if (!source)
    return {};
  SmallVector<int64_t> s(typeOf(source).getShape()), strides = kern::getStrides(source.getType());
  Type element = typeOf(source).getElementType();
  int64_t length = s[2] + pads[1] + pads[3];
  Value whole = lowering.buffer({s[0], 1, length, s[1]}, element);
  if (pads[1] + pads[3] > 0)
    kern::FillOp::create(lowering.builder, tensor.getLoc(), whole, byte, kern::PartitionAttr());
  Value interior =
      lowering.view(whole, {s[0], s[1], s[2]}, {length * s[1], 1, s[1]}, pads[1] * s[1]);
  kern::CopyOp::create(lowering.builder, tensor.getLoc(), interior, source, kern::PartitionAttr());
  return whole;
}

Value SpatialImage::output(Value result) {
  Value target = lowering.output(result);
  MemRefType type = typeOf(target);
  if (type.getRank() == 4)
    return target;
  ArrayRef<int64_t> s = type.getShape();
  Value computed = lowering.buffer({s[0], 1, s[2], s[1]}, type.getElementType());
  pendingTarget = target;
  pendingSource = lowering.view(computed, {s[0], s[1], s[2]}, {s[2] * s[1], 1, s[1]});
  return computed;
}

void SpatialImage::finish() {
  if (pendingTarget)
    kern::CopyOp::create(lowering.builder, tensor.getLoc(), pendingTarget, pendingSource,
                         kern::PartitionAttr());
}

/// Brings one-axis attributes to two axes: the missing first axis has extent 1.
static SmallVector<int64_t> twoAxes(ArrayRef<int64_t> values, int64_t missing) {
  if (values.size() == 1)
    return {missing, values[0]};
  return SmallVector<int64_t>(values);
}
static SmallVector<int64_t> twoAxesPads(ArrayRef<int64_t> pads) {
  if (pads.size() == 2)
    return {0, pads[0], 0, pads[1]};
  return SmallVector<int64_t>(pads);
}

ConvImage::ConvImage(Lowering &lowering, Value tensor, ArrayRef<int64_t> strides,
                     ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                     ArrayRef<int64_t> weightShape)
    : SpatialImage(lowering, tensor), kernel(twoAxes(weightShape.drop_front(2), 1)),
      strides(twoAxes(strides, 1)), dilations(twoAxes(dilations, 1)), pads(twoAxesPads(pads)) {}

LogicalResult ConvImage::check(Operation *op) const {
  if (rank() == 3 || rank() == 4)
    return success();
  return op->emitError("expected one or two spatial axes, but found ") << rank() - 2;
}

Value ConvImage::input(int64_t byte) {
  return rank() == 4 ? lowering.paddedInput(tensor, pads, byte) : sequenceInput(pads, byte);
}

PoolImage::PoolImage(Lowering &lowering, Value tensor, ArrayRef<int64_t> kernel,
                     ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads)
    : SpatialImage(lowering, tensor), kernel(twoAxes(kernel, 1)), strides(twoAxes(strides, 1)),
      dilations(twoAxes(dilations, 1)), pads(twoAxesPads(pads)) {}

LogicalResult PoolImage::check(Operation *op) const {
  if (rank() == 3 || rank() == 4)
    return success();
  return op->emitError("expected one or two spatial axes, but found ") << rank() - 2;
}

Value PoolImage::input() {
  return rank() == 4 ? lowering.input(tensor) : sequenceInput({0, 0, 0, 0}, 0);
}

RowMajorOutput::RowMajorOutput(Lowering &lowering, Value tensor, bool imageOrder)
    : lowering(lowering) {
  memory = lowering.output(tensor);
  if (!isImage(tensor.getType()))
    return;
  MemRefType type = typeOf(memory);
  Value logical = lowering.transposed(memory, {0, 3, 1, 2});
  bool sameOrder = kern::isDense(imageOrder ? memory.getType() : logical.getType());
  if (sameOrder)
    return;
  target = imageOrder ? memory : logical;
  memory = lowering.buffer(typeOf(target).getShape(), type.getElementType());
}

void RowMajorOutput::finish() {
  if (target)
    lowering.copy(target, memory);
}

ReducedAxes::ReducedAxes(Lowering &lowering, Value tensor, ArrayRef<int64_t> axes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto product = [&](ArrayRef<int64_t> which) {
    int64_t n = 1;
    for (int64_t a : which)
      n *= type.getDimSize(a);
    return n;
  };
  axis = product(axes);
  if (isImage(type) && axes == ArrayRef<int64_t>{2, 3}) {
    memory = lowering.denseInput(tensor);
    outer = type.getDimSize(0);
    inner = type.getDimSize(1);
    keepsImageOrder = true;
    return;
  }
  // Kept axes before and after a consecutive group stay in place; otherwise all kept axes come
  // first.
  SmallVector<int64_t> before, after, order;
  bool consecutive = axes.empty() || axes.back() - axes.front() + 1 == int64_t(axes.size());
  for (int64_t a = 0; a < type.getRank(); ++a)
    if (!llvm::is_contained(axes, a))
      (consecutive && !axes.empty() && a > axes.back() ? after : before).push_back(a);
  outer = product(before);
  inner = product(after);
  memory = lowering.rowMajorInput(tensor);
  if (!memory || consecutive)
    return;
  llvm::append_range(order, before);
  llvm::append_range(order, axes);
  Value permuted = lowering.transposed(lowering.reshape(memory, type.getShape()), order);
  Value dense = lowering.buffer(typeOf(permuted).getShape(), typeOf(permuted).getElementType());
  lowering.copy(dense, permuted);
  memory = dense;
}

/// Rows that a dense pixel list is cut into: tiles of a row should be long, and there should be
/// rows to share among workers.
static int64_t rowCount(int64_t pixels) {
  constexpr int64_t shortestRow = 48;
  for (int64_t rows = pixels / shortestRow; rows > 1; --rows)
    if (pixels % rows == 0)
      return rows;
  return 1;
}

void quantc::tokern::mergePixels(Lowering &lowering, Value &in, Value &out,
                                 ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides) {
  auto inType = cast<MemRefType>(in.getType()), outType = cast<MemRefType>(out.getType());
  bool pointwise = llvm::all_of(kernel, [](int64_t v) { return v == 1; }) &&
                   llvm::all_of(strides, [](int64_t v) { return v == 1; });
  if (!pointwise || !kern::isDense(inType) || !kern::isDense(outType))
    return;
  int64_t pixels = outType.getDimSize(0) * outType.getDimSize(1) * outType.getDimSize(2);
  int64_t rows = rowCount(pixels);
  in = lowering.reshape(in, {1, rows, pixels / rows, inType.getDimSize(3)});
  out = lowering.reshape(out, {1, rows, pixels / rows, outType.getDimSize(3)});
}

Value quantc::tokern::alignedOperand(Lowering &lowering, Value tensor, Value result) {
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t rank = cast<RankedTensorType>(result.getType()).getRank();
  if (type.getRank() == rank)
    return lowering.input(tensor);
  Value memory = lowering.rowMajorInput(tensor);
  if (!memory)
    return {};
  SmallVector<int64_t> shape(rank - type.getRank(), 1);
  llvm::append_range(shape, type.getShape());
  Value extended = lowering.reshape(memory, shape);
  return rank == 4 ? lowering.transposed(extended, {0, 2, 3, 1}) : extended;
}
