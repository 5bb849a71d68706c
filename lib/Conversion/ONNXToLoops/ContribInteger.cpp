//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX Runtime's matrix products and convolutions of codes: exact integer sums, then float32.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"
#include "Quantized.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {
/// Sums of products of codes without their zero points, rows of a and columns of b having
/// parameters of their own.
struct IntegerProduct {
  MatrixProduct m;
  Tensor zeroA, zeroB, scaleA, scaleB; ///< the zero points may be absent
  Tensor bias;                         ///< in float, of each column; may be absent

  void emit(Emitter &e, llvm::function_ref<void(IndexRef, Scalar sum)> store) const;
  /// scaleA * scaleB
  Scalar factor(IndexRef p) const;
  /// Stores float32(sum) * factor + bias.
  void emitFloats(Emitter &e, const Tensor &out) const;
};
} // namespace

static LogicalResult checkProduct(NodeLowering &n, const IntegerProduct &p) {
  for (const Tensor &t : {p.m.a, p.m.b})
    if (!isInteger(t.type()))
      return n.refuse(Refusal::ElementType, "expected integers");
  for (const Tensor &t : {p.scaleA, p.scaleB, p.bias})
    if (t && !quantc::isFloat(t.type()))
      return n.refuse(Refusal::ElementType, "expected scales and bias of floats");
  for (const Tensor &t : {p.scaleA, p.zeroA})
    expectParameter(n, t, p.m.a, -2);
  for (const Tensor &t : {p.scaleB, p.zeroB})
    expectParameter(n, t, p.m.b, -1);
  if (p.bias)
    n.e.check(n.e.equal(p.bias.count(), p.m.b.dim(-1)), "expected a bias for each column");
  return failure(n.failed());
}

void IntegerProduct::emit(Emitter &e, llvm::function_ref<void(IndexRef, Scalar)> store) const {
  emitProduct(
      e, m, e.i64(0),
      [&](const Tensor &t, IndexRef p) {
        bool first = &t == &m.a;
        return centred(t, first ? zeroA : zeroB, first ? t.rank() - 2 : t.rank() - 1, p);
      },
      store);
}

/// Element of a parameter for a position of the product, whose batch may have more axes.
static Scalar parameterAt(const Tensor &parameter, int64_t axis, IndexRef p) {
  if (parameter.rank() > 1)
    p = p.drop_front(p.size() - parameter.rank());
  return convert(parameter.load(alongAxis(parameter, int64_t(p.size()) + axis, p)), Compute::F32);
}

Scalar IntegerProduct::factor(IndexRef p) const {
  return parameterAt(scaleA, -2, p) * parameterAt(scaleB, -1, p);
}

void IntegerProduct::emitFloats(Emitter &e, const Tensor &out) const {
  Tensor shifts = bias ? bias.flat() : bias;
  emit(e, [&](IndexRef p, Scalar sum) {
    Scalar value = convert(sum, Compute::F32) * factor(p);
    if (shifts)
      value = value + convert(shifts.load({p.back()}), Compute::F32);
    out.store(value, p);
  });
}

FailureOr<Tensor> quantc::toloops::productOfCodes(NodeLowering &n, const CodeOperands &o) {
  FailureOr<MatrixProduct> m = matrixProduct(n, o.a, o.b);
  if (failed(m))
    return failure();
  IntegerProduct p{*m, o.zeroA, o.zeroB, o.scaleA, o.scaleB, o.bias};
  if (failed(checkProduct(n, p)))
    return failure();
  Tensor out = n.e.allocate(m->sizes, o.scaleB.type());
  p.emitFloats(n.e, out.reshaped(m->full));
  return out;
}

/// The product of codes becomes the node's result.
static LogicalResult bindProduct(NodeLowering &n, const CodeOperands &operands) {
  FailureOr<Tensor> out = productOfCodes(n, operands);
  if (failed(out))
    return failure();
  n.bind(0, *out);
  return success();
}

static LogicalResult matMulIntegerToFloat(NodeLowering &n) {
  return bindProduct(n, {n.in(0), n.in(1), n.in(4), n.in(5), n.in(2), n.in(3), n.in(6)});
}

/// `a` becomes uint8 codes of one scale, as by DynamicQuantizeLinear.
static LogicalResult dynamicQuantizeMatMul(NodeLowering &n) {
  Tensor a = n.in(0);
  if (!quantc::isFloat(a.type()))
    return n.refuse(Refusal::ElementType, "expected floats");
  DynamicCodes codes = dynamicCodes(n.e, a);
  return bindProduct(n, {codes.data, n.in(1), codes.zero, n.in(3), codes.scale, n.in(2), n.in(4)});
}

/// 16-bit codes without zero points; sums of 32 bits, which wrap.
static LogicalResult matMulInteger16(NodeLowering &n) {
  FailureOr<MatrixProduct> m = matrixProduct(n, n.in(0), n.in(1));
  if (failed(m))
    return failure();
  IntegerProduct p{*m, {}, {}, {}, {}, {}};
  if (failed(checkProduct(n, p)))
    return failure();
  bool isSigned = isSignedInteger(n.in(0).type()) || isSignedInteger(n.in(1).type());
  DType type = n.declaredType(0).value_or(isSigned ? DType::I32 : DType::U32);
  Tensor out = n.result(0, m->sizes, type).reshaped(m->full);
  p.emit(n.e, [&](IndexRef at, Scalar sum) { out.store(sum, at); });
  return success();
}

/// (a @ b + c) * alpha * a_scale * b_scale: floats, or with a y_scale codes.
static LogicalResult qGemm(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor a = n.in(0), b = n.in(3), c = n.in(6), zeroB = n.in(5), scaleB = n.in(4);
  if (a.rank() != 2 || b.rank() != 2 || scaleB.rank() > 1 || (zeroB && zeroB.rank() > 1))
    return n.refuse(Refusal::Rank, "expected matrices, with one scale, or one a column");
  double alpha = n.attr("alpha", 1.0);
  FailureOr<MatrixProduct> m =
      matrixProduct(n, n.attr("transA", int64_t(0)) ? transposed(e, a, {1, 0}) : a,
                    n.attr("transB", int64_t(0)) ? transposed(e, b, {1, 0}) : b);
  if (failed(m))
    return failure();
  IntegerProduct p{*m, n.in(2), zeroB, n.in(1), scaleB, {}};
  if (failed(checkProduct(n, p)))
    return failure();
  std::optional<Step> y;
  if (n.has(7)) {
    FailureOr<Step> step = readStep(n, 7, 8, n.has(8) ? n.in(8).type() : a.type());
    if (failed(step))
      return failure();
    y = *step;
  }
  Tensor out = n.result(0, m->sizes, y ? y->type : DType::F32);
  if (c && (c.rank() > 2 || !isInteger(c.type())))
    return n.refuse(Refusal::Operand, "expected C to be integers that broadcast to the result");
  for (int64_t axis = 1; c && axis <= c.rank(); ++axis)
    e.check(e.equal(c.dim(-axis), 1) | e.equal(c.dim(-axis), out.dim(-axis)),
            "C does not fit the result");
  p.emit(e, [&](IndexRef at, Scalar sum) {
    if (c)
      sum = sum + convert(c.load(broadcastPosition(e, c, at, out.dims())), Compute::I64);
    Scalar factor = number(alpha, e.f32(0)) * p.factor(at), value = convert(sum, Compute::F32);
    if (y)
      out.store(y->rescaled(value * (factor / y->scale)), at);
    else
      out.store(value * factor, at);
  });
  return success();
}

//===----------------------------------------------------------------------===//
// QLinearConv
//===----------------------------------------------------------------------===//

/// The standard's, also with the channels last.
static LogicalResult qLinearConv(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor x = n.in(0), w = n.in(3), scaleW = n.in(4), zeroW = n.in(5), bias = n.in(8);
  bool last = n.attr("channels_last", int64_t(0)) != 0;
  if (x.rank() < 3)
    return n.refuse(Refusal::Rank, "expected rank 3 or more");
  FailureOr<Step> in = readStep(n, 1, 2, x.type()), y = readStep(n, 6, 7, n.in(7).type());
  if (failed(in) || failed(y))
    return failure();
  SmallVector<int64_t> order = {0, x.rank() - 1}, back = {0};
  for (int64_t axis = 1; axis < x.rank() - 1; ++axis)
    order.push_back(axis);
  for (int64_t axis = 2; axis < x.rank(); ++axis)
    back.push_back(axis);
  back.push_back(1);
  FailureOr<Convolution> c = readConvolution(n, last ? transposed(e, x, order) : x, w);
  if (failed(c))
    return failure();
  for (const Tensor &t : {scaleW, zeroW}) {
    if (t.rank() > 1)
      return n.refuse(Refusal::Rank, "expected one scale, or one for each channel");
    e.check(e.equal(t.count(), 1) | e.equal(t.count(), w.dim(0)),
            "expected one scale or zero point, or one for each channel");
  }
  if (bias)
    e.check(e.equal(bias.count(), w.dim(0)), "expected a bias for each channel");
  Tensor out = last ? e.allocate(c->sizes, y->type) : n.result(0, c->sizes, y->type);
  Tensor shifts = bias ? bias.flat() : bias;
  emitConvolution(
      e, *c,
      [&](IndexRef p) { return shifts ? convert(shifts.load({p[1]}), Compute::I64) : e.i64(0); },
      [&](const Tensor &t, IndexRef p) {
        return &t == &c->input ? in->centred(t.load(p)) : centred(t, zeroW, 0, p);
      },
      [&](IndexRef p, Scalar sum) {
        Scalar scale = convert(scaleW.load(alongAxis(scaleW, 1, p)), Compute::F32);
        out.store(y->rescaled(convert(sum, Compute::F32) * (in->scale * scale / y->scale)), p);
      });
  if (last)
    n.bind(0, transposed(e, out, back));
  return success();
}

static const LoweringRow rows[] = {
    {"DynamicQuantizeMatMul", 1, latestOpset, withInputs<3, dynamicQuantizeMatMul>,
     "com.microsoft"},
    {"MatMulInteger16", 1, latestOpset, withInputs<2, matMulInteger16>, "com.microsoft"},
    {"MatMulIntegerToFloat", 1, latestOpset, withInputs<4, matMulIntegerToFloat>, "com.microsoft"},
    {"QGemm", 1, latestOpset, withInputs<5, qGemm>, "com.microsoft"},
    {"QLinearConv", 1, latestOpset, withInputs<8, qLinearConv>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribIntegerLowerings() { return rows; }
