//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Meaning of max_pool, sum_pool and reduce_sum. Rule [NUM-POOL-2].
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Numerics/Pool.h"

using namespace mlir;

namespace quantc::dyad {

using numerics::IntRange;

/// Writes sums that must fit 32 bits.
static LogicalResult storeSums(Operation *op, ArrayRef<int64_t> sums, int32_t *out) {
  for (int64_t sum : sums) {
    if (sum < INT32_MIN || sum > INT32_MAX)
      return op->emitOpError("expected sums of 32 bits, but found ") << sum << " [NUM-POOL-2]";
    *out++ = static_cast<int32_t>(sum);
  }
  return success();
}

/// The window of a pool for an input of run-time shape; nullopt (with a diagnostic) where the
/// result type's static sizes do not belong to it.
template <typename PoolOp>
static std::optional<Window> poolWindow(PoolOp op, const IntTensor &input,
                                        std::vector<int64_t> &shape) {
  ArrayRef<int64_t> spatial = ArrayRef(input.shape).drop_front(2);
  Window window =
      makeWindow(spatial, op.getKernel(), op.getStrides(), op.getDilations(), op.getPads());
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  shape = {input.shape[0], input.shape[1]};
  for (size_t i = 0; i < spatial.size(); ++i) {
    WindowAxis &axis = window.axes[3 - spatial.size() + i];
    if (!type.isDynamicDim(i + 2) && type.getDimSize(i + 2) == axis.ceilOutput())
      axis.output = axis.ceilOutput();
    shape.push_back(axis.output);
  }
  if (failed(checkResultShape(op, shape)))
    return std::nullopt;
  return window;
}

//===----------------------------------------------------------------------===//
// max_pool
//===----------------------------------------------------------------------===//

SmallVector<Value> MaxPoolOp::getCopiedOperands() { return {getInput()}; }

FailureOr<SmallVector<IntTensor>> MaxPoolOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  const IntTensor &input = *operands[0];
  std::vector<int64_t> shape;
  std::optional<Window> window = poolWindow(*this, input, shape);
  if (!window)
    return failure();
  IntTensor result(shape, static_cast<int32_t>(typeRange(getInput().getType()).lo));
  int64_t images = shape[0] * shape[1], step = window->axes[2].stride;
  for (int64_t image = 0; image < images; ++image) {
    const int32_t *source = input.data.data() + image * window->inputSize();
    int32_t *target = result.data.data() + image * window->outputSize();
    forEachTapRun(*window, 0, window->outputSize(),
                  [&](int64_t, int64_t out, int64_t count, int64_t in) {
                    for (int64_t i = 0; i < count && in >= 0; ++i)
                      target[out + i] = std::max(target[out + i], source[in + i * step]);
                  });
  }
  return single(std::move(result));
}

/// What holds for the input holds for a maximum of its elements.
ResultRange MaxPoolOp::inferRange(ArrayRef<OperandRange> operands) {
  return passThrough(operands[0]);
}

OpCost MaxPoolOp::getCost() {
  OpCost cost = elementwiseCost(*this);
  for (int64_t size : getKernel())
    cost.operations *= size;
  return cost;
}

//===----------------------------------------------------------------------===//
// sum_pool
//===----------------------------------------------------------------------===//

bool SumPoolOp::accumulates() { return true; }

FailureOr<SmallVector<IntTensor>> SumPoolOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  const IntTensor &input = *operands[0];
  std::vector<int64_t> shape;
  std::optional<Window> window = poolWindow(*this, input, shape);
  if (!window)
    return failure();
  IntTensor result(shape);
  int64_t images = shape[0] * shape[1], step = window->axes[2].stride;
  int64_t zeroPoint = operands[1]->data[0];
  std::vector<int64_t> sums(static_cast<size_t>(window->outputSize()));
  for (int64_t image = 0; image < images; ++image) {
    const int32_t *source = input.data.data() + image * window->inputSize();
    std::fill(sums.begin(), sums.end(), 0);
    forEachTapRun(*window, 0, window->outputSize(),
                  [&](int64_t, int64_t out, int64_t count, int64_t in) {
                    for (int64_t i = 0; i < count && in >= 0; ++i)
                      sums[out + i] += source[in + i * step] - zeroPoint;
                  });
    if (failed(storeSums(*this, sums, result.data.data() + image * window->outputSize())))
      return failure();
  }
  return single(std::move(result));
}

/// Ranges of sums of up to `count` elements, `fewer` where some sums have fewer. The result keeps
/// the channel axis `axis` of the operand when that is not negative.
static ResultRange inferSum(const OperandRange &input, const OperandRange &zeroPoint, int64_t count,
                            bool fewer, int64_t axis) {
  ResultRange result;
  auto bounds = [&](IntRange x, IntRange &sum, IntRange &partial) {
    x = numerics::sub(x, zeroPoint.range);
    sum = numerics::poolSumRange(x, count, fewer);
    partial = numerics::poolSumRange(x, count, /*partial=*/true).unionWith(IntRange::point(0));
  };
  IntRange partial;
  bounds(input.range, result.range, partial);
  if (axis < 0 || input.channels.empty()) {
    result.accumulator.push_back(partial);
    return result;
  }
  result.channelAxis = axis;
  for (IntRange x : input.channels) {
    IntRange sum;
    bounds(x, sum, partial);
    result.channels.push_back(sum);
    result.accumulator.push_back(partial);
  }
  result.range = unionOf(result.channels);
  return result;
}

ResultRange SumPoolOp::inferRange(ArrayRef<OperandRange> operands) {
  RankedTensorType type = getInput().getType(), result = getResult().getType();
  int64_t count = 1;
  for (int64_t size : getKernel())
    count *= size;
  bool fewer = true;
  if (!type.isDynamicDim(2) &&
      llvm::none_of(type.getShape().drop_front(2), ShapedType::isDynamic) &&
      llvm::none_of(result.getShape().drop_front(2), ShapedType::isDynamic))
    fewer = makeWindow(type.getShape().drop_front(2), getKernel(), getStrides(), getDilations(),
                       getPads(), result.getShape().drop_front(2))
                .hasPadding();
  int64_t axis = operands[0].channelAxis == 1 ? 1 : -1;
  return inferSum(operands[0], operands[1], count, fewer, axis);
}

OpCost SumPoolOp::getCost() {
  OpCost cost = elementwiseCost(*this);
  for (int64_t size : getKernel())
    cost.operations *= size;
  return cost;
}

//===----------------------------------------------------------------------===//
// reduce_sum
//===----------------------------------------------------------------------===//

bool ReduceSumOp::accumulates() { return true; }

FailureOr<SmallVector<IntTensor>> ReduceSumOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  const IntTensor &input = *operands[0];
  std::vector<int64_t> shape, kept(input.shape);
  for (int64_t i = 0; i < input.rank(); ++i) {
    bool reduced = llvm::is_contained(getAxes(), i);
    kept[i] = reduced ? 1 : kept[i];
    if (!reduced || getKeepdims())
      shape.push_back(kept[i]);
  }
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape);
  std::vector<int64_t> sums(result.size());
  int64_t zeroPoint = operands[1]->data[0];
  forEachRow<2>(
      input.shape, {rowMajorStrides(input.shape), broadcastStrides(kept, input.shape)},
      [&](const std::array<int64_t, 2> &at, int64_t length, const std::array<int64_t, 2> &step) {
        for (int64_t i = 0; i < length; ++i)
          sums[at[1] + i * step[1]] += input.data[at[0] + i] - zeroPoint;
      });
  if (failed(storeSums(*this, sums, result.data.data())))
    return failure();
  return single(std::move(result));
}

ResultRange ReduceSumOp::inferRange(ArrayRef<OperandRange> operands) {
  RankedTensorType type = getInput().getType();
  int64_t count = 1, axis = operands[0].channelAxis, removed = 0;
  for (int64_t reduced : getAxes()) {
    // No bound is known for a dynamic axis: the widest one makes a proof fail, as it must.
    int64_t size = type.isDynamicDim(reduced) ? INT32_MAX : type.getDimSize(reduced);
    count = numerics::mul(IntRange::point(count), size).hi;
    if (reduced == operands[0].channelAxis)
      axis = -1;
    removed += reduced < operands[0].channelAxis;
  }
  bool fewer = llvm::any_of(getAxes(), [&](int64_t reduced) { return type.isDynamicDim(reduced); });
  if (axis >= 0 && !getKeepdims())
    axis -= removed;
  return inferSum(operands[0], operands[1], count, fewer, axis);
}

OpCost ReduceSumOp::getCost() {
  OpCost cost = elementwiseCost(*this);
  cost.operations = nominalElements(getInput().getType());
  return cost;
}

} // namespace quantc::dyad
