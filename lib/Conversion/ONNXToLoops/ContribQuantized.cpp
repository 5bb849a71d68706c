//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX Runtime's QLinear ops beside convolutions and matrix products, after their documentation:
// real values of codes are computed with in float32 and become codes once [NUM-QNT-4];
// products and plain means are integers up to there.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"
#include "Quantized.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

FailureOr<Step> quantc::toloops::readStep(NodeLowering &n, unsigned scale, unsigned zero,
                                          DType type) {
  Tensor scales = n.in(scale), zeros = n.in(zero);
  if (!scales || !quantc::isFloat(scales.type()) || !isInteger(type) ||
      (zeros && !isInteger(zeros.type())))
    return n.refuse(Refusal::ElementType, "expected integers with a scale of floats");
  Emitter &e = n.e;
  e.check(zeros ? e.equal(scales.count(), 1) & e.equal(zeros.count(), 1)
                : e.equal(scales.count(), 1),
          "expected one scale and one zero point");
  Step step{convert(n.scalar(scale), Compute::F32), std::nullopt, type};
  if (zeros)
    step.zero = convert(n.scalar(zero), Compute::I64);
  return step;
}

/// The tensor's codes and their step.
static FailureOr<Step> readOperand(NodeLowering &n, unsigned codes, unsigned scale, unsigned zero) {
  return readStep(n, scale, zero, n.in(codes).type());
}

static LogicalResult inSequence(ArrayRef<FailureOr<Step>> steps) {
  return success(llvm::all_of(steps, [](const FailureOr<Step> &s) { return succeeded(s); }));
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

/// Refuses a node that lacks one of these inputs.
static LogicalResult expectInputs(NodeLowering &n, ArrayRef<unsigned> inputs) {
  for (unsigned i : inputs)
    if (!n.has(i))
      return n.refuse(Refusal::Operand, "expected input " + Twine(i) + ", but it is absent");
  return success();
}

/// `body` of both codes.
static LogicalResult
binary(NodeLowering &n,
       llvm::function_ref<Scalar(Step a, Step b, Step c, Scalar x, Scalar y)> body) {
  if (failed(expectInputs(n, {3, 4, 6})))
    return failure();
  FailureOr<Step> a = readOperand(n, 0, 1, 2), b = readOperand(n, 3, 4, 5),
                  c = readOperand(n, 0, 6, 7);
  if (failed(inSequence({a, b, c})))
    return failure();
  Tensor out = n.result(0, broadcast(n.e, {n.in(0).dims(), n.in(3).dims()}), c->type);
  mapBroadcast(n.e, {n.in(0), n.in(3)}, out,
               [&](ArrayRef<Scalar> v) { return body(*a, *b, *c, v[0], v[1]); });
  return success();
}

static LogicalResult qLinearAdd(NodeLowering &n) {
  return binary(
      n, [](Step a, Step b, Step c, Scalar x, Scalar y) { return c.code(a.real(x) + b.real(y)); });
}

static LogicalResult qLinearMul(NodeLowering &n) {
  return binary(n, [](Step a, Step b, Step c, Scalar x, Scalar y) {
    Scalar products = convert(a.centred(x) * b.centred(y), Compute::F32);
    return c.rescaled(products * (a.scale * b.scale / c.scale));
  });
}

static LogicalResult unary(NodeLowering &n, llvm::function_ref<Scalar(Scalar)> body) {
  FailureOr<Step> x = readOperand(n, 0, 1, 2), y = readOperand(n, 0, 3, 4);
  if (failed(inSequence({x, y})))
    return failure();
  mapUnary(n.e, n.in(0), n.result(0, n.in(0).dims(), y->type),
           [&](Scalar code) { return y->code(body(x->real(code))); });
  return success();
}

static LogicalResult qLinearSigmoid(NodeLowering &n) {
  return unary(n, [](Scalar x) { return math("sigmoid", x); });
}

static LogicalResult qLinearLeakyRelu(NodeLowering &n) {
  double alpha = n.attr("alpha", 0.01);
  return unary(n, [&](Scalar x) { return toloops::select(x < 0.0, x * alpha, x); });
}

static LogicalResult qLinearWhere(NodeLowering &n) {
  FailureOr<Step> x = readOperand(n, 1, 2, 3), y = readOperand(n, 4, 5, 6),
                  z = readOperand(n, 1, 7, 8);
  if (failed(inSequence({x, y, z})))
    return failure();
  Tensor condition = n.in(0), a = n.in(1), b = n.in(4);
  Tensor out = n.result(0, broadcast(n.e, {condition.dims(), a.dims(), b.dims()}), z->type);
  mapBroadcast(n.e, {condition, a, b}, out, [&](ArrayRef<Scalar> v) {
    return z->code(toloops::select(convert(v[0], Compute::Bool), x->real(v[1]), y->real(v[2])));
  });
  return success();
}

//===----------------------------------------------------------------------===//
// QLinearConcat, QLinearSoftmax
//===----------------------------------------------------------------------===//

/// Scale and zero point of the result, then each operand with its own.
static LogicalResult qLinearConcat(NodeLowering &n) {
  if (n.numInputs() < 5 || (n.numInputs() - 2) % 3 != 0)
    return n.refuse(Refusal::Operand, "expected tensors, each with scale and zero point");
  for (unsigned i = 2; i < n.numInputs(); ++i)
    if (failed(expectInputs(n, {i})))
      return failure();
  Emitter &e = n.e;
  FailureOr<Step> y = readStep(n, 0, 1, n.in(1).type());
  Tensor first = n.in(2);
  int64_t axis = n.axisAttr("axis", 0, first.rank());
  if (failed(y) || n.failed())
    return failure();
  Indices sizes(first.dims());
  sizes[axis] = 0;
  for (unsigned i = 2; i < n.numInputs(); i += 3) {
    Tensor x = n.in(i);
    if (x.rank() != first.rank())
      return n.refuse(Refusal::Rank, "expected tensors of one rank");
    for (int64_t other = 0; other < x.rank(); ++other)
      if (other != axis)
        e.check(e.equal(x.dim(other), first.dim(other)), "sizes of operands do not fit each other");
    sizes[axis] = sizes[axis] + x.dim(axis);
  }
  Tensor out = n.result(0, sizes, y->type);
  Index start = 0;
  for (unsigned i = 2; i < n.numInputs(); i += 3) {
    Tensor x = n.in(i);
    FailureOr<Step> step = readOperand(n, i, i + 1, i + 2);
    if (failed(step))
      return failure();
    e.loops(x.dims(), [&](IndexRef p) {
      Indices to(p);
      to[axis] = to[axis] + start;
      out.store(y->code(step->real(x.load(p))), to);
    });
    start = start + x.dim(axis);
  }
  return success();
}

/// One row of [outer, row, inner]; before opset 13 everything from the axis on is a row.
static LogicalResult qLinearSoftmax(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor in = n.in(0);
  FailureOr<Step> x = readOperand(n, 0, 1, 2), y = readOperand(n, 0, 3, 4);
  int64_t axis = n.axisAttr("axis", -1, in.rank());
  if (failed(inSequence({x, y})) || n.failed())
    return failure();
  bool oneAxis = n.attr("opset", int64_t(13)) >= 13;
  Index outer = product(in.dims().take_front(axis));
  Index row = oneAxis ? in.dim(axis) : product(in.dims().drop_front(axis));
  Index inner = oneAxis ? product(in.dims().drop_front(axis + 1)) : Index(1);
  Tensor from = in.reshaped({outer, row, inner});
  Tensor to = n.result(0, in.dims(), y->type).reshaped({outer, row, inner});
  Tensor powers = e.allocate({row}, DType::F32);
  e.loops({outer, inner}, [&](IndexRef p) {
    auto real = [&](Index k) { return x->real(from.load({p[0], k, p[1]})); };
    Scalar most = e.fold(row, {e.f32(-HUGE_VAL)}, [&](Index k, ArrayRef<Scalar> so) {
      return Scalars{max(so[0], real(k))};
    })[0];
    Scalar sum = e.fold(row, {e.f32(0)}, [&](Index k, ArrayRef<Scalar> so) {
      Scalar power = math("exp", real(k) - most);
      powers.store(power, {k});
      return Scalars{so[0] + power};
    })[0];
    e.loop(row, [&](Index k) { to.store(y->code(powers.load({k}) / sum), {p[0], k, p[1]}); });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Means and maxima
//===----------------------------------------------------------------------===//

namespace {
/// A batch of images with the channel behind the batch, or last.
struct Images {
  Tensor data;
  bool last;

  int64_t axes() const { return data.rank() - 2; }
  Index channels() const { return data.dim(last ? -1 : 1); }
  IndexRef spatial() const { return data.dims().slice(last ? 1 : 2, axes()); }
  Indices position(Index batch, Index channel, IndexRef at) const {
    Indices p = {batch};
    if (!last)
      p.push_back(channel);
    p.append(at.begin(), at.end());
    if (last)
      p.push_back(channel);
    return p;
  }
};
} // namespace

static FailureOr<Images> readImages(NodeLowering &n, bool last) {
  if (n.in(0).rank() < 3)
    return n.refuse(Refusal::Rank, "expected rank 3 or more");
  return Images{n.in(0), last};
}

static FailureOr<Images> readImages(NodeLowering &n) {
  return readImages(n, n.attr("channels_last", int64_t(0)) != 0);
}

static LogicalResult qLinearGlobalAveragePool(NodeLowering &n) {
  FailureOr<Images> in = readImages(n);
  FailureOr<Step> x = readOperand(n, 0, 1, 2), y = readOperand(n, 0, 3, 4);
  if (failed(in) || failed(inSequence({x, y})))
    return failure();
  Emitter &e = n.e;
  Indices ones(in->axes(), Index(1)), zeros(in->axes(), Index(0));
  Images out{{}, in->last};
  out.data = n.result(0, in->position(in->data.dim(0), in->channels(), ones), y->type);
  Scalar count = convert(e.toScalar(product(in->spatial())), Compute::F32);
  Scalar factor = x->scale / (y->scale * count);
  e.loops({in->data.dim(0), in->channels()}, [&](IndexRef p) {
    Scalar sum = e.foldOver(in->spatial(), {e.i64(0)}, [&](IndexRef at, ArrayRef<Scalar> so) {
      return Scalars{so[0] + x->centred(in->data.load(in->position(p[0], p[1], at)))};
    })[0];
    out.data.store(y->rescaled(convert(sum, Compute::F32) * factor),
                   out.position(p[0], p[1], zeros));
  });
  return success();
}

/// How many elements of the padded input the window at `place` covers; what ceil_mode adds behind
/// it does not count.
static Scalar paddedCount(Emitter &e, const Window &w, IndexRef spatial, IndexRef place) {
  Index all = 1;
  for (size_t i = 0; i < w.axes(); ++i) {
    Index room = spatial[i] + w.before[i] + w.after[i] - place[i] * w.strides[i];
    all = all * min(w.kernel[i], ceilDiv(room, w.dilations[i]));
  }
  return e.toScalar(all);
}

static LogicalResult qLinearAveragePool(NodeLowering &n) {
  FailureOr<Images> in = readImages(n);
  FailureOr<Step> x = readOperand(n, 0, 1, 2), y = readOperand(n, 0, 3, 4);
  if (failed(in) || failed(inSequence({x, y})))
    return failure();
  FailureOr<Window> w = readWindow(n, in->spatial());
  if (failed(w))
    return failure();
  Emitter &e = n.e;
  bool countPads = n.attr("count_include_pad", int64_t(0)) != 0;
  Images out{{}, in->last};
  out.data = n.result(0, in->position(in->data.dim(0), in->channels(), w->out), y->type);
  e.loops({in->data.dim(0), in->channels()}, [&](IndexRef p) {
    e.loops(w->out, [&](IndexRef place) {
      Scalars sums = foldWindow(e, *w, in->spatial(), place, {e.i64(0), e.i64(0)},
                                [&](IndexRef, IndexRef at, ArrayRef<Scalar> so) {
                                  Scalar code = in->data.load(in->position(p[0], p[1], at));
                                  return Scalars{so[0] + x->centred(code), so[1] + 1.0};
                                });
      Scalar count = countPads ? paddedCount(e, *w, in->spatial(), place) : sums[1];
      Scalar mean = convert(sums[0], Compute::F32) * x->scale / convert(count, Compute::F32);
      out.data.store(y->code(mean), out.position(p[0], p[1], place));
    });
  });
  return success();
}

static LogicalResult nhwcMaxPool(NodeLowering &n) {
  FailureOr<Images> in = readImages(n, /*last=*/true);
  if (failed(in))
    return failure();
  if (!isInteger(in->data.type()))
    return n.refuse(Refusal::ElementType, "expected integers");
  FailureOr<Window> w = readWindow(n, in->spatial());
  if (failed(w))
    return failure();
  Emitter &e = n.e;
  Images out{{}, true};
  out.data = n.result(0, in->position(in->data.dim(0), in->channels(), w->out), in->data.type());
  Scalar lowest = e.i64(int64_t(codeRange(in->data.type()).first));
  e.loops({in->data.dim(0), in->channels()}, [&](IndexRef p) {
    e.loops(w->out, [&](IndexRef place) {
      Scalar most = foldWindow(e, *w, in->spatial(), place, {lowest},
                               [&](IndexRef, IndexRef at, ArrayRef<Scalar> so) {
                                 Scalar code = in->data.load(in->position(p[0], p[1], at));
                                 return Scalars{max(so[0], convert(code, Compute::I64))};
                               })[0];
      out.data.store(most, out.position(p[0], p[1], place));
    });
  });
  return success();
}

/// The mean over `axes`, which are attributes; all without any.
static LogicalResult qLinearReduceMean(NodeLowering &n) {
  Tensor in = n.in(0);
  FailureOr<Step> x = readOperand(n, 0, 1, 2), y = readOperand(n, 0, 3, 4);
  FailureOr<onnx::Shape> axes =
      n.reader.normalizeAxes(n.intsAttr("axes").value_or(SmallVector<int64_t>()), in.rank());
  if (failed(inSequence({x, y})) || failed(axes))
    return failure();
  Emitter &e = n.e;
  bool keep = n.attr("keepdims", int64_t(1)) != 0;
  auto reduced = [&](int64_t axis) { return axes->empty() || llvm::is_contained(*axes, axis); };
  Indices sizes, kept, over;
  for (int64_t axis = 0; axis < in.rank(); ++axis) {
    kept.push_back(reduced(axis) ? Index(1) : in.dim(axis));
    over.push_back(reduced(axis) ? in.dim(axis) : Index(1));
    if (keep || !reduced(axis))
      sizes.push_back(kept.back());
  }
  Tensor out = n.result(0, sizes, y->type).reshaped(kept);
  Scalar count = convert(e.toScalar(product(over)), Compute::F32);
  e.loops(kept, [&](IndexRef p) {
    Scalar sum = e.foldOver(over, {e.i64(0)}, [&](IndexRef q, ArrayRef<Scalar> so) {
      Indices at;
      for (int64_t axis = 0; axis < in.rank(); ++axis)
        at.push_back(reduced(axis) ? q[axis] : p[axis]);
      return Scalars{so[0] + x->centred(in.load(at))};
    })[0];
    out.store(y->code(convert(sum, Compute::F32) * x->scale / count), p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"NhwcMaxPool", 1, latestOpset, withInputs<1, nhwcMaxPool>, "com.microsoft"},
    {"QLinearAdd", 1, latestOpset, withInputs<2, qLinearAdd>, "com.microsoft"},
    {"QLinearAveragePool", 1, latestOpset, withInputs<2, qLinearAveragePool>, "com.microsoft"},
    {"QLinearConcat", 1, latestOpset, withInputs<2, qLinearConcat>, "com.microsoft"},
    {"QLinearGlobalAveragePool", 1, latestOpset, withInputs<2, qLinearGlobalAveragePool>,
     "com.microsoft"},
    {"QLinearLeakyRelu", 1, latestOpset, withInputs<2, qLinearLeakyRelu>, "com.microsoft"},
    {"QLinearMul", 1, latestOpset, withInputs<2, qLinearMul>, "com.microsoft"},
    {"QLinearReduceMean", 1, latestOpset, withInputs<2, qLinearReduceMean>, "com.microsoft"},
    {"QLinearSigmoid", 1, latestOpset, withInputs<2, qLinearSigmoid>, "com.microsoft"},
    {"QLinearSoftmax", 1, latestOpset, withInputs<2, qLinearSoftmax>, "com.microsoft"},
    {"QLinearWhere", 1, latestOpset, withInputs<9, qLinearWhere>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribQuantizedLowerings() { return rows; }
