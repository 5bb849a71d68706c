//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 elementwise functions, softmax and means: the operations of quantc/Numerics/Float.h one by
// one, so that a GPU gives the floats of every other target.
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"
#include "quantc/Numerics/Float.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;
namespace reference = quantc::numerics::detail;

namespace {

/// As numerics::detail::ExpParts.
struct ExpParts {
  Val r, q, exponent;
};

ExpParts reduceExp(Val x) {
  KernelBuilder &k = *x.kernel;
  Val shifted = k.fma(x, k.f32(reference::kLog2E), k.f32(reference::kRoundMagic));
  Val n = shifted - k.f32(reference::kRoundMagic);
  Val r = k.fma(n, k.f32(-reference::kLn2Hi), x);
  r = k.fma(n, k.f32(-reference::kLn2Lo), r);
  Val q = k.f32(1.9875691500e-4f);
  for (float c :
       {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    q = k.fma(q, r, k.f32(c));
  return {r, q, k.bitsOf(shifted) - int64_t(reference::kRoundMagicBits)};
}

Val absolute(Val x) { return x.kernel->floatOf(x.kernel->bitsOf(x) & 0x7FFFFFFF); }
Val negated(Val x) { return x.kernel->floatOf(x.kernel->bitsOf(x) ^ int64_t(INT32_MIN)); }

/// [NUM-FLT-3]
Val expF32(Val x) {
  KernelBuilder &k = *x.kernel;
  Val high = k.f32(reference::kExpHigh), low = k.f32(reference::kExpLow);
  Val c = select(x > high, high, x);
  c = select(c < low, low, c);
  ExpParts e = reduceExp(c);
  Val y = k.fma(e.r * e.r, e.q, e.r) + k.f32(1.0f);
  Val scaled = k.floatOf(k.bitsOf(y) + (e.exponent << 23));
  Val result = select(x > high, k.f32(INFINITY), scaled);
  result = select(x < low, k.f32(0.0f), result);
  return select(k.isNaN(x), x, result);
}

/// [NUM-FLT-4]
Val sigmoidF32(Val x) {
  KernelBuilder &k = *x.kernel;
  Val e = expF32(negated(absolute(x)));
  Val numerator = select(x < k.f32(0.0f), e, k.f32(1.0f));
  return select(k.isNaN(x), x, numerator / (k.f32(1.0f) + e));
}

/// [NUM-FLT-5]
Val tanhF32(Val x) {
  KernelBuilder &k = *x.kernel;
  Val a = absolute(x), limit = k.f32(9.02f);
  Val c = select(a > limit, limit, a);
  ExpParts e = reduceExp(k.f32(2.0f) * c);
  Val p = k.fma(e.r * e.r, e.q, e.r);
  Val scale = k.floatOf((e.exponent + 127) << 23);
  Val t = k.fma(scale, p, scale - k.f32(1.0f));
  Val y = select(a >= limit, k.f32(1.0f), t / (t + k.f32(2.0f)));
  Val sign = k.bitsOf(x) & int64_t(INT32_MIN);
  Val result = k.floatOf((k.bitsOf(y) & 0x7FFFFFFF) | sign);
  return select(k.isNaN(x), x, result);
}

/// [NUM-FLT-10]
Val erfF32(Val x) {
  KernelBuilder &k = *x.kernel;
  auto polynomial = [&](Val first, Val at, ArrayRef<float> rest) {
    for (float c : rest)
      first = k.fma(first, at, k.f32(c));
    return first;
  };
  Val a = absolute(x), limit = k.f32(4.0f);
  Val p = polynomial(k.f32(0x1.5f113cp-14f), x * x,
                     {-0x1.aae984p-11f, 0x1.54dad8p-8f, -0x1.b8107cp-6f, 0x1.ce2e2p-4f,
                      -0x1.812744p-2f, 0x1.06eba8p-3f});
  Val near = k.fma(x, p, x);
  Val q = polynomial(k.f32(0x1.0df61ep-21f), select(a > limit, limit, a),
                     {0x1.e9288p-17f, -0x1.a1a74cp-12f, 0x1.0a0042p-8f, -0x1.98107ep-6f,
                      0x1.ba79a2p-4f, 0x1.445e5ap-1f, 0x1.2122eap+0f, -0x1.525528p-13f});
  Val sign = k.bitsOf(x) & int64_t(INT32_MIN);
  Val far = k.floatOf((k.bitsOf(k.f32(1.0f) - expF32(negated(q))) & 0x7FFFFFFF) | sign);
  return select(k.isNaN(x), x, select(a > k.f32(0.921875f), far, near));
}

/// [NUM-FLT-11]
Val geluF32(Val x) {
  KernelBuilder &k = *x.kernel;
  return k.f32(0.5f) * x * (k.f32(1.0f) + erfF32(x * k.f32(0.70710678f)));
}

/// [NUM-FLT-6]
Val clipF32(Val x, Val lo, Val hi) {
  Val v = select(x < lo, lo, x);
  return select(v > hi, hi, v);
}
Val hardSigmoidF32(Val x, float alpha, float beta) {
  KernelBuilder &k = *x.kernel;
  return clipF32(k.fma(k.f32(alpha), x, k.f32(beta)), k.f32(0.0f), k.f32(1.0f));
}

Val unary(Val x, kern::UnaryKind kind, float alpha, float beta) {
  KernelBuilder &k = *x.kernel;
  Val zero = k.f32(0.0f);
  switch (kind) {
  case kern::UnaryKind::Relu:
    return select(x <= zero, zero, x);
  case kern::UnaryKind::LeakyRelu:
    return select(x < zero, k.f32(alpha) * x, x);
  case kern::UnaryKind::Clip:
    return clipF32(x, k.f32(alpha), k.f32(beta));
  case kern::UnaryKind::HardSigmoid:
    return hardSigmoidF32(x, alpha, beta);
  case kern::UnaryKind::HardSwish:
    return x * hardSigmoidF32(x, 0.16666667f, 0.5f);
  case kern::UnaryKind::Sigmoid:
    return sigmoidF32(x);
  case kern::UnaryKind::Tanh:
    return tanhF32(x);
  case kern::UnaryKind::Exp:
    return expF32(x);
  case kern::UnaryKind::Abs:
    return absolute(x);
  case kern::UnaryKind::Neg:
    return negated(x);
  case kern::UnaryKind::Reciprocal:
    return k.f32(1.0f) / x;
  case kern::UnaryKind::Erf:
    return erfF32(x);
  case kern::UnaryKind::Gelu:
    return geluF32(x);
  case kern::UnaryKind::Sqrt:
    break; // refused before
  }
  llvm_unreachable("all functions are handled");
}

Val binary(Val a, Val b, kern::BinaryKind kind) {
  switch (kind) {
  case kern::BinaryKind::Add:
    return a + b;
  case kern::BinaryKind::Sub:
    return a - b;
  case kern::BinaryKind::Mul:
    return a * b;
  case kern::BinaryKind::Div:
    return a / b;
  }
  llvm_unreachable("all functions are handled");
}

} // namespace

static LogicalResult lowerUnary(Program &program, Operation *operation) {
  auto op = cast<kern::UnaryF32Op>(operation);
  if (op.getFunction() == kern::UnaryKind::Sqrt)
    return op.emitError("no kernel for the square root on this target");
  LoopNest nest(program, op.getOut(), {op.getInput()});
  if (!nest.isValid())
    return failure();
  nest.launch(op, "unary_f32", [&](KernelBuilder &, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (Val x : in[0])
      out.push_back(unary(x, op.getFunction(), op.getAlpha().convertToFloat(),
                          op.getBeta().convertToFloat()));
    return out;
  });
  return success();
}

static LogicalResult lowerBinary(Program &program, Operation *operation) {
  auto op = cast<kern::BinaryF32Op>(operation);
  LoopNest nest(program, op.getOut(), {op.getLhs(), op.getRhs()});
  if (!nest.isValid())
    return failure();
  nest.launch(op, "binary_f32", [&](KernelBuilder &, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (auto [a, b] : llvm::zip_equal(in[0], in[1]))
      out.push_back(binary(a, b, op.getFunction()));
    return out;
  });
  return success();
}

/// The address of the first element of a thread's row of a dense [outer, axis, inner] buffer.
static Val rowAddress(KernelBuilder &k, unsigned argument, int64_t axis, int64_t inner) {
  Val index = k.globalThread();
  Val element = inner == 1 ? index * axis : index / inner * (axis * inner) + index % inner;
  return k.address(k.argument(argument), element * 4);
}

/// One thread a row; sums run in index order [NUM-FLT-7, NUM-FLT-8].
static void launchRows(Program &program, Operation *op, StringRef kind, ArrayRef<Place> places,
                       int64_t rows, llvm::function_ref<void(KernelBuilder &)> body) {
  Grid grid = linearGrid(rows, 128);
  program.launch(op, kind, grid, places, [&](KernelBuilder &k) {
    k.guarded(rows % grid.threads != 0, [&] { return k.globalThread() < rows; }, [&] { body(k); });
  });
}

static LogicalResult lowerSoftmax(Program &program, Operation *operation) {
  auto op = cast<kern::SoftmaxF32Op>(operation);
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  if (failed(to) || failed(from))
    return failure();
  ArrayRef<int64_t> shape = cast<MemRefType>(op.getInput().getType()).getShape();
  int64_t axis = shape[1], inner = shape[2];
  launchRows(program, op, "softmax_f32", {*to, *from}, shape[0] * inner, [&](KernelBuilder &k) {
    Val in = rowAddress(k, 1, axis, inner), out = rowAddress(k, 0, axis, inner);
    Type f32 = k.builder.getF32Type();
    auto at = [&](Val base, Val i) { return k.address(base, i * (inner * 4)); };
    Val max = k.loop(1, axis, 1, {k.load(f32, in)}, [&](Val i, ArrayRef<Val> carried) {
      Val x = k.load(f32, at(in, i));
      return SmallVector<Val>{select(x > carried[0], x, carried[0])};
    })[0];
    Val sum = k.loop(0, axis, 1, {k.f32(0.0f)}, [&](Val i, ArrayRef<Val> carried) {
      Val e = expF32(k.load(f32, at(in, i)) - max);
      k.store(e, at(out, i));
      return SmallVector<Val>{carried[0] + e};
    })[0];
    k.loop(0, axis, 1, {}, [&](Val i, ArrayRef<Val>) {
      k.store(k.load(f32, at(out, i)) / sum, at(out, i));
      return SmallVector<Val>{};
    });
  });
  return success();
}

static LogicalResult lowerReduceMean(Program &program, Operation *operation) {
  auto op = cast<kern::ReduceMeanF32Op>(operation);
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  if (failed(to) || failed(from))
    return failure();
  ArrayRef<int64_t> shape = cast<MemRefType>(op.getInput().getType()).getShape();
  int64_t axis = shape[1], inner = shape[2];
  launchRows(program, op, "reduce_mean_f32", {*to, *from}, shape[0] * inner, [&](KernelBuilder &k) {
    Val in = rowAddress(k, 1, axis, inner);
    Val sum = k.loop(0, axis, 1, {k.f32(0.0f)}, [&](Val i, ArrayRef<Val> carried) {
      Val x = k.load(k.builder.getF32Type(), k.address(in, i * (inner * 4)));
      return SmallVector<Val>{carried[0] + x};
    })[0];
    k.store(sum / k.f32(float(axis)), k.address(k.argument(0), k.globalThread() * 4));
  });
  return success();
}

void quantc::togpu::addFloatOps(HandlerMap &handlers) {
  handlers["kern.unary_f32"] = lowerUnary;
  handlers["kern.binary_f32"] = lowerBinary;
  handlers["kern.softmax_f32"] = lowerSoftmax;
  handlers["kern.reduce_mean_f32"] = lowerReduceMean;
}
