//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of pools and means.
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// For each window the number of elements that lie inside the input, or with `padded` inside input
/// and padding; row-major over the spatial axes of the result.
template <typename Pool> static std::vector<int64_t> windowCounts(Pool op, bool padded) {
  ArrayRef<int64_t> in = shapeOf(op.getInput()).drop_front(2);
  ArrayRef<int64_t> out = shapeOf(op.getResult()).drop_front(2);
  std::vector<int64_t> counts = {1};
  for (size_t i = 0; i < in.size(); ++i) {
    int64_t first = padded ? -op.getPads()[i] : 0;
    int64_t end = in[i] + (padded ? op.getPads()[in.size() + i] : 0);
    std::vector<int64_t> next;
    for (int64_t before : counts)
      for (int64_t place = 0; place < out[i]; ++place) {
        int64_t count = 0;
        for (int64_t tap = 0; tap < op.getKernel()[i]; ++tap) {
          int64_t at = place * op.getStrides()[i] - op.getPads()[i] + tap * op.getDilations()[i];
          count += at >= first && at < end;
        }
        next.push_back(before * count);
      }
    counts = std::move(next);
  }
  return counts;
}

/// A constant of shape [1, 1, windows...]: `value` of each window's count.
static Value perWindow(Emitter &e, Value result, ArrayRef<int64_t> counts,
                       llvm::function_ref<double(int64_t)> value) {
  SmallVector<int64_t> shape(shapeOf(result));
  shape[0] = shape[1] = 1;
  SmallVector<Attribute> values;
  for (int64_t count : counts)
    values.push_back(e.builder.getFloatAttr(tensorType(result).getElementType(), value(count)));
  return e.constant(DenseElementsAttr::get(tensorType(result).clone(shape), values));
}

/// Each window's cotangent goes to the first of its greatest elements. A window of padding alone
/// has none.
static Value pullMaxPool(MaxPoolOp op, Emitter &e, Value dy) {
  Value x = op.getInput();
  std::vector<int64_t> counts = windowCounts(op, /*padded=*/false);
  if (llvm::is_contained(counts, 0))
    dy = e.mul(dy, perWindow(e, op.getResult(), counts, [](int64_t n) { return n ? 1.0 : 0.0; }));
  int64_t elements = tensorType(x).getNumElements(), windows = tensorType(dy).getNumElements();
  Type indexType = tensorType(dy).clone(e.builder.getIntegerType(64, /*isSigned=*/true));
  Value places = e.node("MaxPool", x, {op.getType(), indexType},
                        {e.ints("kernel_shape", op.getKernel()), e.ints("strides", op.getStrides()),
                         e.ints("dilations", op.getDilations()), e.ints("pads", op.getPads()),
                         e.integer("ceil_mode", op.getCeilMode())})[1];
  places = e.reshape(places, {windows, 1});
  Value zeros = e.splat(RankedTensorType::get({elements}, tensorType(x).getElementType()), 0.0);
  Value sums = e.node("ScatterND", {zeros, places, e.reshape(dy, {windows})}, zeros.getType(),
                      {e.text("reduction", "add")})
                   .front();
  return e.reshape(sums, shapeOf(x));
}

/// A pool is a convolution of each channel with ones, over the counts.
static Value pullAvgPool(AvgPoolOp op, Emitter &e, Value dy) {
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  SmallVector<int64_t> kernel = {input[1], 1};
  llvm::append_range(kernel, op.getKernel());
  Value ones = e.splat(tensorType(dy).clone(kernel), 1.0);
  std::vector<int64_t> counts = windowCounts(op, op.getCountIncludePad());
  Value weights = perWindow(e, op.getResult(), counts,
                            [](int64_t n) { return n ? 1.0 / static_cast<double>(n) : 0.0; });
  return pullConvInput(e, e.mul(dy, weights), ones, input, op.getStrides(), op.getDilations(),
                       op.getPads(), input[1]);
}

static Value pullReduceMean(ReduceMeanOp op, Emitter &e, Value dy) {
  SmallVector<int64_t> kept(shapeOf(op.getInput()));
  int64_t count = 1;
  for (int64_t axis : op.getAxes())
    count *= std::exchange(kept[axis], 1);
  Value share = e.scale(e.reshape(dy, kept), 1.0 / static_cast<double>(count));
  return e.expand(share, shapeOf(op.getInput()));
}

template <typename Op, Value (*fn)(Op, Emitter &, Value)> static void attach(MLIRContext *context) {
  Op::template attachInterface<Model<Op, pullUnary<Op, fn>>>(*context);
}

void quantc::nn::attachPoolingGradients(MLIRContext *context) {
  attach<MaxPoolOp, pullMaxPool>(context);
  attach<AvgPoolOp, pullAvgPool>(context);
  attach<ReduceMeanOp, pullReduceMean>(context);
}
