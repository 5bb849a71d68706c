//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Elementwise ops and softmax in fp32. The functions are those of numerics/Float.h, so compiled
// code that uses them too gives the same bits.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Numerics/Float.h"
#include "quantc/Support/TensorLoops.h"
#include "quantc/Support/TileProduct.h"

using namespace mlir;

namespace quantc {

//===----------------------------------------------------------------------===//
// Unary ops
//===----------------------------------------------------------------------===//

/// out[i] = f(in[i]), with up to two parameters.
using UnaryLoop = void (*)(float *out, const float *in, int64_t n, float a, float b);

template <typename Fn>
[[gnu::always_inline]] static inline void mapUnary(float *out, const float *in, int64_t n, Fn fn) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = fn(in[i]);
}

QUANTC_HOST_LEVELS static void reluLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::reluF32(x); });
}
QUANTC_HOST_LEVELS static void clipLoop(float *out, const float *in, int64_t n, float a, float b) {
  mapUnary(out, in, n, [=](float x) { return numerics::clipF32(x, a, b); });
}
QUANTC_HOST_LEVELS static void leakyLoop(float *out, const float *in, int64_t n, float a, float) {
  mapUnary(out, in, n, [=](float x) { return numerics::leakyReluF32(x, a); });
}
QUANTC_HOST_LEVELS static void hardSigmoidLoop(float *out, const float *in, int64_t n, float a,
                                               float b) {
  mapUnary(out, in, n, [=](float x) { return numerics::hardSigmoidF32(x, a, b); });
}
QUANTC_HOST_LEVELS static void hardSwishLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::hardSwishF32(x); });
}
QUANTC_HOST_LEVELS static void sigmoidLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::sigmoidF32(x); });
}
QUANTC_HOST_LEVELS static void tanhLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::tanhF32(x); });
}

QUANTC_HOST_LEVELS static void expLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::expF32(x); });
}
QUANTC_HOST_LEVELS static void absLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return __builtin_fabsf(x); });
}
QUANTC_HOST_LEVELS static void negLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return -x; });
}
QUANTC_HOST_LEVELS static void sqrtLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return __builtin_sqrtf(x); });
}
QUANTC_HOST_LEVELS static void reciprocalLoop(float *out, const float *in, int64_t n, float,
                                              float) {
  mapUnary(out, in, n, [](float x) { return 1.0f / x; });
}
QUANTC_HOST_LEVELS static void erfLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::erfF32(x); });
}
QUANTC_HOST_LEVELS static void geluLoop(float *out, const float *in, int64_t n, float, float) {
  mapUnary(out, in, n, [](float x) { return numerics::geluF32(x); });
}

static llvm::Error runUnary(OpCall &call, UnaryLoop loop, float a = 0.0f, float b = 0.0f) {
  auto out = call.floatResult(call.shape(0));
  if (!out)
    return out.takeError();
  loop(out->data(), call.floats(0).data(), static_cast<int64_t>(out->size()), a, b);
  return llvm::Error::success();
}

static llvm::Error evaluateRelu(OpCall &call) { return runUnary(call, reluLoop); }
static llvm::Error evaluateHardSwish(OpCall &call) { return runUnary(call, hardSwishLoop); }
static llvm::Error evaluateSigmoid(OpCall &call) { return runUnary(call, sigmoidLoop); }
static llvm::Error evaluateTanh(OpCall &call) { return runUnary(call, tanhLoop); }
static llvm::Error evaluateExp(OpCall &call) { return runUnary(call, expLoop); }
static llvm::Error evaluateAbs(OpCall &call) { return runUnary(call, absLoop); }
static llvm::Error evaluateNeg(OpCall &call) { return runUnary(call, negLoop); }
static llvm::Error evaluateSqrt(OpCall &call) { return runUnary(call, sqrtLoop); }
static llvm::Error evaluateReciprocal(OpCall &call) { return runUnary(call, reciprocalLoop); }
static llvm::Error evaluateErf(OpCall &call) { return runUnary(call, erfLoop); }
static llvm::Error evaluateGelu(OpCall &call) { return runUnary(call, geluLoop); }
static llvm::Error evaluateClip(OpCall &call) {
  auto op = cast<nn::ClipOp>(call.op);
  return runUnary(call, clipLoop, op.getLo().convertToFloat(), op.getHi().convertToFloat());
}
static llvm::Error evaluateLeakyRelu(OpCall &call) {
  return runUnary(call, leakyLoop, cast<nn::LeakyReluOp>(call.op).getAlpha().convertToFloat());
}
static llvm::Error evaluateHardSigmoid(OpCall &call) {
  auto op = cast<nn::HardSigmoidOp>(call.op);
  return runUnary(call, hardSigmoidLoop, op.getAlpha().convertToFloat(),
                  op.getBeta().convertToFloat());
}

//===----------------------------------------------------------------------===//
// Binary ops
//===----------------------------------------------------------------------===//

template <typename Fn> static llvm::Error runBinary(OpCall &call, Fn fn) {
  auto shape = resolveShape([&](nn::ReasonFn reason) {
    return nn::broadcastShape(call.shape(0), call.shape(1), reason);
  });
  if (!shape)
    return shape.takeError();
  auto result = call.floatResult(*shape);
  if (!result)
    return result.takeError();
  float *out = result->data();
  forEachRow<2>(
      *shape, {broadcastStrides(call.shape(0), *shape), broadcastStrides(call.shape(1), *shape)},
      [&](const std::array<int64_t, 2> &at, int64_t length, const std::array<int64_t, 2> &step) {
        const float *a = call.floats(0).data() + at[0];
        const float *b = call.floats(1).data() + at[1];
        for (int64_t i = 0; i < length; ++i)
          *out++ = fn(a[i * step[0]], b[i * step[1]]);
      });
  return llvm::Error::success();
}

static llvm::Error evaluateAdd(OpCall &call) {
  return runBinary(call, [](float a, float b) { return a + b; });
}
static llvm::Error evaluateSub(OpCall &call) {
  return runBinary(call, [](float a, float b) { return a - b; });
}
static llvm::Error evaluateMul(OpCall &call) {
  return runBinary(call, [](float a, float b) { return a * b; });
}
static llvm::Error evaluateDiv(OpCall &call) {
  return runBinary(call, [](float a, float b) { return a / b; });
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

static llvm::Error evaluateSoftmax(OpCall &call) {
  ArrayRef<int64_t> shape = call.shape(0);
  int64_t axis = cast<nn::SoftmaxOp>(call.op).getAxis();
  auto out = call.floatResult(shape);
  if (!out)
    return out.takeError();
  int64_t inner = 1, outer = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  for (int64_t size : shape.take_front(axis))
    outer *= size;
  for (int64_t row = 0; row < outer; ++row)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t begin = row * shape[axis] * inner + i;
      numerics::softmaxF32(call.floats(0).data() + begin, out->data() + begin,
                           static_cast<size_t>(shape[axis]), static_cast<size_t>(inner));
    }
  return llvm::Error::success();
}

void addElementwiseOps(OpTable &table) {
  table.add<nn::ReluOp>(evaluateRelu);
  table.add<nn::ClipOp>(evaluateClip);
  table.add<nn::LeakyReluOp>(evaluateLeakyRelu);
  table.add<nn::HardSigmoidOp>(evaluateHardSigmoid);
  table.add<nn::HardSwishOp>(evaluateHardSwish);
  table.add<nn::SigmoidOp>(evaluateSigmoid);
  table.add<nn::TanhOp>(evaluateTanh);
  table.add<nn::ExpOp>(evaluateExp);
  table.add<nn::AbsOp>(evaluateAbs);
  table.add<nn::NegOp>(evaluateNeg);
  table.add<nn::SqrtOp>(evaluateSqrt);
  table.add<nn::ReciprocalOp>(evaluateReciprocal);
  table.add<nn::ErfOp>(evaluateErf);
  table.add<nn::GeluOp>(evaluateGelu);
  table.add<nn::AddOp>(evaluateAdd);
  table.add<nn::SubOp>(evaluateSub);
  table.add<nn::MulOp>(evaluateMul);
  table.add<nn::DivOp>(evaluateDiv);
  table.add<nn::SoftmaxOp>(evaluateSoftmax);
}

} // namespace quantc
