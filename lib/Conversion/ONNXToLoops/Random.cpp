//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dropout, and tensors of random numbers [NUM-RAND-1]. A node starts its own generator: from its
// seed, or from 0 where the file leaves the seed open, so that every run gives the same numbers.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// Random doubles of the generator that is called `name`.
static Tensor draw(NodeLowering &n, StringRef name, IndexRef sizes, int64_t seed) {
  Emitter &e = n.e;
  Tensor numbers = e.allocate(sizes, DType::F64);
  e.call(name, Type(), {e.address(numbers), e.argument(numbers.count()), e.i64(seed).value});
  return numbers;
}

static constexpr StringLiteral uniformName = "qrt_loops_random_uniform";
static constexpr StringLiteral normalName = "qrt_loops_random_normal";

/// y = x * mask / (1 - ratio), where the mask is true with the probability 1 - ratio.
static LogicalResult dropout(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor in = n.in(0);
  if (!n.has(2)) { // an opset without training_mode, or its default
    n.bind(0, in);
    if (n.wants(1))
      e.fill(n.result(1, in.dims(), DType::Bool), e.boolean(true));
    return success();
  }
  Scalar training = convert(n.scalar(2), Compute::Bool);
  Scalar ratio = n.has(1) ? convert(n.scalar(1), Compute::F64) : e.constant(0.5, Compute::F64);
  ratio = select(training, ratio, number(0, ratio));
  e.check((ratio >= 0.0) & (ratio < 1.0), "expected a ratio in [0, 1)");
  Tensor numbers = draw(n, uniformName, in.dims(), n.attr("seed", int64_t(0)));
  Tensor out = n.result(0, in.dims(), in.type());
  Tensor mask = n.wants(1) ? n.result(1, in.dims(), DType::Bool) : Tensor();
  e.loops(in.dims(), [&](IndexRef p) {
    Scalar keep = numbers.load(p) >= ratio, x = in.load(p);
    Scalar scaled = convert(convert(x, Compute::F64) / (1.0 - ratio), in.kind());
    out.store(select(ratio == number(0, ratio), x, select(keep, scaled, number(0, x))), p);
    if (mask)
      mask.store(keep, p);
  });
  return success();
}

/// Sizes and element type of the result: attributes, or those of the input.
static FailureOr<Tensor> shapedResult(NodeLowering &n) {
  DType type = DType::F32;
  if (int64_t code = n.attr("dtype", int64_t(0))) {
    type = dtypeFromOnnxCode(code).value_or(DType::Undefined);
    if (bitWidth(type) == 0 || type == DType::Complex64 || type == DType::Complex128)
      return n.refuse(Refusal::AttributeValue, "expected dtype to be a type of numbers");
  } else if (n.numInputs() > 0) {
    type = n.in(0).type();
  }
  if (n.numInputs() > 0)
    return n.result(0, n.in(0).dims(), type);
  std::optional<SmallVector<int64_t>> shape = n.intsAttr("shape");
  if (!shape || llvm::any_of(*shape, [](int64_t size) { return size < 0; }))
    return n.refuse(Refusal::AttributeValue, "expected a shape");
  return n.result(0, Indices(shape->begin(), shape->end()), type);
}

static int64_t seedOf(NodeLowering &n) { return int64_t(n.attr("seed", 0.0)); }

/// factor * x + offset of what the generator draws.
static LogicalResult randomTensor(NodeLowering &n, StringRef generator, double factor,
                                  double offset) {
  FailureOr<Tensor> out = shapedResult(n);
  if (failed(out))
    return failure();
  Tensor numbers = draw(n, generator, out->dims(), seedOf(n));
  mapUnary(n.e, numbers, *out, [&](Scalar x) { return convert(x * factor + offset, out->kind()); });
  return success();
}

static LogicalResult randomUniform(NodeLowering &n) {
  double low = n.attr("low", 0.0), high = n.attr("high", 1.0);
  return randomTensor(n, uniformName, high - low, low);
}

static LogicalResult randomNormal(NodeLowering &n) {
  return randomTensor(n, normalName, n.attr("scale", 1.0), n.attr("mean", 0.0));
}

/// 1 with the probability that the input says, else 0.
static LogicalResult bernoulli(NodeLowering &n) {
  FailureOr<Tensor> out = shapedResult(n);
  if (failed(out))
    return failure();
  Tensor numbers = draw(n, uniformName, out->dims(), seedOf(n));
  n.e.loops(out->dims(), [&](IndexRef p) {
    Scalar one = numbers.load(p) < convert(n.in(0).load(p), Compute::F64);
    out->store(convert(one, out->kind()), p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Bernoulli", 15, latestOpset, bernoulli},
    {"Dropout", 7, latestOpset, dropout},
    {"RandomNormal", 1, latestOpset, randomNormal},
    {"RandomNormalLike", 1, latestOpset, randomNormal},
    {"RandomUniform", 1, latestOpset, randomUniform},
    {"RandomUniformLike", 1, latestOpset, randomUniform},
};

ArrayRef<LoweringRow> quantc::toloops::randomLowerings() { return rows; }
