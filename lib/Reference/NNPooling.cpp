//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Pools and means in fp32: taps in row-major order, plain sums, one division.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Support/TensorLoops.h"
#include "quantc/Support/WindowLoops.h"
#include <limits>

using namespace mlir;

namespace quantc {

/// A pool over every channel of every image: the window, and memory for the result.
namespace {
struct PoolRun {
  Window window;
  int64_t planes;
  ArrayRef<float> in;
  MutableArrayRef<float> out;

  /// Calls fn(out element, in element) for every tap inside the input, in order of taps.
  template <typename Fn> void forEachTap(Fn fn) const {
    int64_t step = window.axes[2].stride;
    for (int64_t plane = 0; plane < planes; ++plane) {
      const float *source = in.data() + plane * window.inputSize();
      float *target = out.data() + plane * window.outputSize();
      forEachTapRun(window, 0, window.outputSize(),
                    [&](int64_t, int64_t at, int64_t count, int64_t from) {
                      for (int64_t i = 0; i < count && from >= 0; ++i)
                        fn(target[at + i], source[from + i * step]);
                    });
    }
  }
};
} // namespace

template <typename Op> static llvm::Expected<PoolRun> beginPool(OpCall &call) {
  auto op = cast<Op>(call.op);
  ArrayRef<int64_t> input = call.shape(0);
  auto shape = resolveShape([&](nn::ReasonFn reason) {
    nn::Window attributes{op.getKernel(), op.getStrides(), op.getDilations(), op.getPads(),
                          op.getCeilMode()};
    return nn::poolShape(input, attributes, reason);
  });
  if (!shape)
    return shape.takeError();
  auto out = call.floatResult(*shape);
  if (!out)
    return out.takeError();
  return PoolRun{makeWindow(input.drop_front(2), op.getKernel(), op.getStrides(), op.getDilations(),
                            op.getPads(), ArrayRef(*shape).drop_front(2)),
                 input[0] * input[1], call.floats(0), *out};
}

/// A NaN in the window is its maximum.
static llvm::Error evaluateMaxPool(OpCall &call) {
  llvm::Expected<PoolRun> run = beginPool<nn::MaxPoolOp>(call);
  if (!run)
    return run.takeError();
  std::fill(run->out.begin(), run->out.end(), -std::numeric_limits<float>::infinity());
  run->forEachTap([](float &max, float x) { max = x > max || x != x ? x : max; });
  return llvm::Error::success();
}

/// Positions of a window that the divisor counts, along one axis: those inside the input, or inside
/// the input and its padding.
static int64_t countTaps(const WindowAxis &axis, int64_t out, bool includePad) {
  if (!includePad)
    return axis.validTaps(out);
  WindowAxis padded = axis; // the same window over an input that the padding is a part of
  padded.input = axis.padBefore + axis.input + axis.padAfter;
  padded.padBefore = 0;
  return padded.validTaps(out);
}

static llvm::Error evaluateAvgPool(OpCall &call) {
  llvm::Expected<PoolRun> run = beginPool<nn::AvgPoolOp>(call);
  if (!run)
    return run.takeError();
  run->forEachTap([](float &sum, float x) { sum += x; });
  bool includePad = cast<nn::AvgPoolOp>(call.op).getCountIncludePad();
  const auto &[z, y, x] = run->window.axes;
  float *out = run->out.data();
  for (int64_t plane = 0; plane < run->planes; ++plane)
    for (int64_t oz = 0; oz < z.output; ++oz)
      for (int64_t oy = 0; oy < y.output; ++oy)
        for (int64_t ox = 0; ox < x.output; ++ox, ++out)
          *out /= static_cast<float>(countTaps(z, oz, includePad) * countTaps(y, oy, includePad) *
                                     countTaps(x, ox, includePad));
  return llvm::Error::success();
}

/// Sums in row-major order of the input.
static llvm::Error evaluateReduceMean(OpCall &call) {
  auto op = cast<nn::ReduceMeanOp>(call.op);
  ArrayRef<int64_t> input = call.shape(0);
  auto shape = resolveShape([&](nn::ReasonFn reason) {
    return nn::reduceShape(input, op.getAxes(), op.getKeepdims(), reason);
  });
  if (!shape)
    return shape.takeError();
  auto out = call.floatResult(*shape);
  if (!out)
    return out.takeError();
  Dims kept(input);
  int64_t count = 1;
  for (int64_t axis : op.getAxes()) {
    count *= input[axis];
    kept[axis] = 1;
  }
  const float *in = call.floats(0).data();
  forEachRow<2>(
      input, {rowMajorStrides(input), broadcastStrides(kept, input)},
      [&](const std::array<int64_t, 2> &at, int64_t length, const std::array<int64_t, 2> &step) {
        for (int64_t i = 0; i < length; ++i)
          (*out)[at[1] + i * step[1]] += in[at[0] + i];
      });
  for (float &sum : *out)
    sum /= static_cast<float>(count);
  return llvm::Error::success();
}

void addPoolingOps(OpTable &table) {
  table.add<nn::MaxPoolOp>(evaluateMaxPool);
  table.add<nn::AvgPoolOp>(evaluateAvgPool);
  table.add<nn::ReduceMeanOp>(evaluateReduceMean);
}

} // namespace quantc
