//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conversions between element types, and the quantized ops, with the meaning that the standard
// gives them: rounding to nearest even before the zero point is added.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"
#include "Quantized.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Cast
//===----------------------------------------------------------------------===//

static std::optional<DType> numberType(int64_t code) {
  std::optional<DType> type = dtypeFromOnnxCode(code);
  if (!type || (*type != DType::Bool && !quantc::isFloat(*type) && !isInteger(*type)))
    return std::nullopt;
  return type;
}

/// Flags of Tensor::store from the attributes `saturate` and `round_mode`.
static FailureOr<int> storeFlags(NodeLowering &n) {
  int flags = n.attr("saturate", int64_t(1)) != 0;
  std::string mode = n.attr("round_mode", "up");
  if (mode != "up" && mode != "down" && mode != "nearest")
    return n.refuse(Refusal::AttributeValue, "expected round_mode up, down or nearest");
  return flags | (mode == "up" ? 0 : mode == "down" ? 1 : 2) << 1;
}

static LogicalResult castTo(NodeLowering &n, std::optional<DType> type) {
  Tensor in = n.in(0);
  FailureOr<int> flags = storeFlags(n);
  if (failed(flags))
    return failure();
  if (!type)
    return n.refuse(Refusal::ElementType, "expected a type of numbers");
  if (*type == in.type()) {
    n.bind(0, in);
    return success();
  }
  Tensor from = in.flat(), to = n.result(0, in.dims(), *type).flat();
  n.e.loop(from.count(), [&](Index i) { to.store(from.load({i}), {i}, *flags); });
  return success();
}

static LogicalResult cast(NodeLowering &n) {
  return castTo(n, numberType(n.attr("to", int64_t(0))));
}
static LogicalResult castLike(NodeLowering &n) { return castTo(n, n.in(1).type()); }

//===----------------------------------------------------------------------===//
// QuantizeLinear, DequantizeLinear
//===----------------------------------------------------------------------===//

namespace {
/// Where the scale of an element stands: one for all, one along an axis, or one a block.
struct Granularity {
  int64_t axis = 0;
  int64_t block = 0;

  Indices position(const Tensor &scale, IndexRef element) const {
    if (scale.rank() == 0)
      return {};
    if (scale.rank() == 1 && block == 0) {
      bool one = scale.dim(0).is(1) || element.empty();
      return {one ? Index(0) : broadcastIndex(scale.emitter(), scale.dim(0), element[axis])};
    }
    Indices own(element);
    own[axis] = own[axis] / block;
    return own;
  }
};
} // namespace

static FailureOr<Granularity> readScales(NodeLowering &n, const Tensor &x, const Tensor &scale) {
  Granularity g;
  g.block = n.attr("block_size", int64_t(0));
  if (g.block < 0)
    return n.refuse(Refusal::AttributeValue, "expected block_size not to be negative");
  if (scale.rank() == 0 || (scale.rank() == 1 && scale.dim(0).is(1) && g.block == 0))
    return g;
  g.axis = x.rank() == 1 ? 0 : n.axisAttr("axis", 1, x.rank());
  if (n.failed())
    return failure();
  if (g.block == 0 && scale.rank() == 1) {
    n.e.check(n.e.equal(scale.dim(0), x.dim(g.axis)) | n.e.equal(scale.dim(0), 1),
              "expected one scale for each slice");
    return g;
  }
  if (scale.rank() != x.rank())
    return n.refuse(Refusal::Rank, "expected one scale, one along an axis, or one a block");
  if (g.block == 0)
    return n.refuse(Refusal::AttributeValue, "expected block_size");
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    n.e.check(
        n.e.equal(scale.dim(axis), axis == g.axis ? ceilDiv(x.dim(axis), g.block) : x.dim(axis)),
        "the blocks do not cover the input");
  return g;
}

/// The zero points, if any, lie as the scales do; one of each may be a scalar or a vector.
static FailureOr<Granularity> readGranularity(NodeLowering &n, const Tensor &x, const Tensor &scale,
                                              const Tensor &zero) {
  FailureOr<Granularity> g = readScales(n, x, scale);
  if (failed(g) || !zero)
    return g;
  bool one = scale.rank() == 0 || (scale.rank() == 1 && scale.dim(0).is(1) && g->block == 0);
  if (one ? zero.rank() > 1 : zero.rank() != scale.rank())
    return n.refuse(Refusal::Rank, "expected a zero point for each scale");
  if (one && zero.rank() == 1 && zero.dim(0).constant() && !zero.dim(0).is(1))
    return n.refuse(Refusal::Shape, "expected a zero point for each scale");
  if (one)
    n.e.check(n.e.equal(zero.count(), 1), "expected a zero point for each scale");
  else
    for (auto [size, expected] : llvm::zip_equal(zero.dims(), scale.dims()))
      n.e.check(n.e.equal(size, expected), "expected a zero point for each scale");
  return g;
}

std::pair<double, double> quantc::toloops::codeRange(DType type) {
  int bits = int(bitWidth(type));
  if (isSignedInteger(type))
    return {-std::ldexp(1.0, bits - 1), std::ldexp(1.0, bits - 1) - 1};
  return {0, std::ldexp(1.0, bits) - 1};
}

Scalar quantc::toloops::quantized(Scalar value, std::optional<Scalar> zeroPoint, DType type) {
  if (quantc::isFloat(type))
    return value;
  auto [low, high] = codeRange(type);
  Scalar rounded = math("roundEven", value), zero = number(0, rounded);
  rounded = select(isNaN(rounded), zero, rounded);
  Scalar code = rounded + (zeroPoint ? convert(*zeroPoint, rounded.kind) : zero);
  return min(max(code, number(low, code)), number(high, code));
}

static LogicalResult quantizeLinear(NodeLowering &n) {
  Tensor x = n.in(0), scale = n.in(1), zero = n.in(2);
  FailureOr<Granularity> g = readGranularity(n, x, scale, zero);
  FailureOr<int> flags = storeFlags(n);
  if (failed(g) || failed(flags))
    return failure();
  int64_t code = n.attr("output_dtype", int64_t(0)), precision = n.attr("precision", int64_t(0));
  DType type = zero ? zero.type() : code ? numberType(code).value_or(DType::Undefined) : DType::U8;
  // The division is in the scale's type, or in what `precision` names.
  DType division = precision             ? numberType(precision).value_or(DType::F32)
                   : isInteger(x.type()) ? scale.type()
                                         : x.type();
  if (type == DType::Undefined)
    return n.refuse(Refusal::ElementType, "expected a type of numbers");
  Tensor y = n.result(0, x.dims(), type);
  n.e.loops(x.dims(), [&](IndexRef p) {
    Scalar a = convert(x.load(p), computeOf(division));
    Scalar b = convert(scale.load(g->position(scale, p)), a.kind);
    Scalar quotient = roundTo(a / b, division);
    std::optional<Scalar> offset;
    if (zero)
      offset = zero.load(g->position(zero, p));
    y.store(quantized(quotient, offset, type), p, *flags);
  });
  return success();
}

static LogicalResult dequantizeLinear(NodeLowering &n) {
  Tensor x = n.in(0), scale = n.in(1), zero = n.in(2);
  FailureOr<Granularity> g = readGranularity(n, x, scale, zero);
  if (failed(g))
    return failure();
  int64_t code = n.attr("output_dtype", int64_t(0));
  std::optional<DType> type = code ? numberType(code) : scale.type();
  if (!type)
    return n.refuse(Refusal::ElementType, "expected a type of numbers");
  Tensor y = n.result(0, x.dims(), *type);
  n.e.loops(x.dims(), [&](IndexRef p) {
    Scalar value = x.load(p);
    if (zero)
      value = value - convert(zero.load(g->position(zero, p)), value.kind);
    if (value.kind == Compute::U64) // the difference may be negative
      value = {value.emitter, value.value, Compute::I64};
    Scalar factor = scale.load(g->position(scale, p));
    y.store(convert(value, factor.kind) * factor, p);
  });
  return success();
}

/// An input of zeros gets the scale 1, as in ONNX Runtime: a scale of 0 would divide by it.
void quantc::toloops::emitDynamicCodes(Emitter &e, const Tensor &x, const DynamicCodes &to) {
  Tensor flat = x.flat();
  Scalar zero = e.constant(0, x.kind());
  Scalars range = e.fold(flat.count(), {zero, zero}, [&](Index i, ArrayRef<Scalar> so) {
    Scalar value = flat.load({i});
    return Scalars{min(so[0], value), max(so[1], value)};
  });
  Scalar scale = (range[1] - range[0]) / 255.0;
  scale = select(scale == zero, number(1, scale), scale);
  Scalar offset = quantized(-range[0] / scale, std::nullopt, DType::U8);
  to.scale.store(scale, {});
  to.zero.store(offset, {});
  mapUnary(e, x, to.data,
           [&](Scalar value) { return quantized(value / scale, offset, DType::U8); });
}

DynamicCodes quantc::toloops::dynamicCodes(Emitter &e, const Tensor &x) {
  DynamicCodes codes{e.allocate(x.dims(), DType::U8), e.allocate({}, DType::F32),
                     e.allocate({}, DType::U8)};
  emitDynamicCodes(e, x, codes);
  return codes;
}

static LogicalResult dynamicQuantizeLinear(NodeLowering &n) {
  Tensor x = n.in(0);
  emitDynamicCodes(
      n.e, x,
      {n.result(0, x.dims(), DType::U8), n.result(1, {}, DType::F32), n.result(2, {}, DType::U8)});
  return success();
}

//===----------------------------------------------------------------------===//
// Integer contractions
//===----------------------------------------------------------------------===//

Indices quantc::toloops::alongAxis(const Tensor &parameter, int64_t axis, IndexRef position) {
  if (parameter.rank() == 0)
    return {};
  if (parameter.rank() == 1)
    return {broadcastIndex(parameter.emitter(), parameter.dim(0), position[axis])};
  Indices own; // of the rank of `like`: batches, with one of the two last axes of size 1
  for (int64_t i = 0; i < parameter.rank(); ++i)
    own.push_back(broadcastIndex(parameter.emitter(), parameter.dim(i), position[i]));
  return own;
}

void quantc::toloops::expectParameter(NodeLowering &n, const Tensor &parameter, const Tensor &like,
                                      int64_t axis) {
  Emitter &e = n.e;
  if (!parameter || parameter.rank() == 0)
    return;
  if (parameter.rank() == 1)
    return e.check(e.equal(parameter.dim(0), 1) | e.equal(parameter.dim(0), like.dim(axis)),
                   "expected one scale or zero point, or one for each row or column");
  if (parameter.rank() != like.rank())
    return (void)n.refuse(Refusal::Rank, "expected one scale, one a column, or one a batch");
  for (int64_t i = 0; i < like.rank(); ++i) {
    bool own = i == (axis < 0 ? axis + like.rank() : axis) || i < like.rank() - 2;
    Scalar one = e.equal(parameter.dim(i), 1);
    e.check(own ? one | e.equal(parameter.dim(i), like.dim(i)) : one,
            "expected one scale or zero point, or one for each row or column");
  }
}

Scalar quantc::toloops::centred(const Tensor &codes, const Tensor &zero, int64_t axis,
                                IndexRef position) {
  Scalar code = convert(codes.load(position), Compute::I64);
  if (!zero)
    return code;
  return code - convert(zero.load(alongAxis(zero, axis, position)), Compute::I64);
}

/// Refuses parameters (absent ones are good) that are no scalars or vectors; a run checks that
/// those of `one` have one element, and those of `each` one or `channels`.
static LogicalResult expectChannelParameters(NodeLowering &n, ArrayRef<Tensor> one,
                                             ArrayRef<Tensor> each, Index channels) {
  Emitter &e = n.e;
  for (ArrayRef<Tensor> list : {one, each})
    for (const Tensor &t : list) {
      if (!t)
        continue;
      if (t.rank() > 1)
        return n.refuse(Refusal::Rank, "expected one scale or zero point, or one for each channel");
      Scalar fits = e.equal(t.count(), 1);
      e.check(list.data() == one.data() ? fits : fits | e.equal(t.count(), channels),
              "expected one scale or zero point, or one for each channel");
    }
  return success();
}

static LogicalResult matMulInteger(NodeLowering &n) {
  FailureOr<MatrixProduct> m = matrixProduct(n, n.in(0), n.in(1));
  if (failed(m))
    return failure();
  Tensor zeroA = n.in(2), zeroB = n.in(3);
  expectParameter(n, zeroA, m->a, -2);
  expectParameter(n, zeroB, m->b, -1);
  if (n.failed())
    return failure();
  Tensor out = n.result(0, m->sizes, DType::I32).reshaped(m->full);
  emitProduct(
      n.e, *m, n.e.i64(0),
      [&](const Tensor &t, IndexRef p) {
        bool first = &t == &m->a;
        return centred(t, first ? zeroA : zeroB, first ? t.rank() - 2 : t.rank() - 1, p);
      },
      [&](IndexRef p, Scalar sum) { out.store(sum, p); });
  return success();
}

static LogicalResult qLinearMatMul(NodeLowering &n) {
  Tensor a = n.in(0), scaleA = n.in(1), zeroA = n.in(2), b = n.in(3), scaleB = n.in(4),
         zeroB = n.in(5), scaleY = n.in(6), zeroY = n.in(7);
  FailureOr<MatrixProduct> m = matrixProduct(n, a, b);
  if (failed(m))
    return failure();
  for (const Tensor &t : {scaleA, zeroA})
    expectParameter(n, t, m->a, -2);
  for (const Tensor &t : {scaleB, zeroB})
    expectParameter(n, t, m->b, -1);
  Tensor out = n.result(0, m->sizes, zeroY.type()).reshaped(m->full);
  for (const Tensor &t : {scaleY, zeroY})
    expectParameter(n, t, out, -1);
  if (n.failed())
    return failure();
  auto scale = [&](const Tensor &t, int64_t axis, IndexRef p) {
    return convert(t.load(alongAxis(t, axis, p)), Compute::F32);
  };
  emitProduct(
      n.e, *m, n.e.i64(0),
      [&](const Tensor &t, IndexRef p) {
        bool first = &t == &m->a;
        return centred(t, first ? zeroA : zeroB, first ? t.rank() - 2 : t.rank() - 1, p);
      },
      [&](IndexRef p, Scalar sum) {
        int64_t rank = int64_t(p.size());
        Scalar factor =
            scale(scaleA, rank - 2, p) * scale(scaleB, rank - 1, p) / scale(scaleY, rank - 1, p);
        Scalar offset = zeroY.load(alongAxis(zeroY, rank - 1, p));
        out.store(quantized(convert(sum, Compute::F32) * factor, offset, zeroY.type()), p);
      });
  return success();
}

static LogicalResult convInteger(NodeLowering &n) {
  FailureOr<Convolution> c = readConvolution(n, n.in(0), n.in(1));
  if (failed(c))
    return failure();
  Tensor zeroX = n.in(2), zeroW = n.in(3), out = n.result(0, c->sizes, DType::I32);
  if (failed(expectChannelParameters(n, {zeroX}, {zeroW}, c->weight.dim(0))))
    return failure();
  emitConvolution(
      n.e, *c, [&](IndexRef) { return n.e.i64(0); },
      [&](const Tensor &t, IndexRef p) {
        return &t == &c->input ? centred(t, zeroX, 1, p) : centred(t, zeroW, 0, p);
      },
      [&](IndexRef p, Scalar sum) { out.store(sum, p); });
  return success();
}

static LogicalResult qLinearConv(NodeLowering &n) {
  Tensor x = n.in(0), scaleX = n.in(1), zeroX = n.in(2), w = n.in(3), scaleW = n.in(4),
         zeroW = n.in(5), scaleY = n.in(6), zeroY = n.in(7), bias = n.in(8);
  FailureOr<Convolution> c = readConvolution(n, x, w);
  if (failed(c))
    return failure();
  if (failed(expectChannelParameters(n, {scaleX, zeroX, scaleY, zeroY}, {scaleW, zeroW},
                                     c->weight.dim(0))) ||
      failed(expectVectors(n, {bias}, c->weight.dim(0))))
    return failure();
  Tensor out = n.result(0, c->sizes, zeroY.type());
  emitConvolution(
      n.e, *c,
      [&](IndexRef p) { return bias ? convert(bias.load({p[1]}), Compute::I64) : n.e.i64(0); },
      [&](const Tensor &t, IndexRef p) {
        return &t == &c->input ? centred(t, zeroX, 1, p) : centred(t, zeroW, 0, p);
      },
      [&](IndexRef p, Scalar sum) {
        auto one = [](const Tensor &t) { return t.flat().load({0}); };
        Scalar factor = one(scaleX) * scaleW.load(alongAxis(scaleW, 1, p)) / one(scaleY);
        out.store(quantized(convert(sum, Compute::F32) * factor, one(zeroY), zeroY.type()), p);
      });
  return success();
}

static const LoweringRow rows[] = {
    {"Cast", 7, latestOpset, cast},
    {"CastLike", 15, latestOpset, castLike},
    {"ConvInteger", 10, latestOpset, convInteger},
    {"DequantizeLinear", 10, latestOpset, dequantizeLinear},
    {"DynamicQuantizeLinear", 11, latestOpset, dynamicQuantizeLinear},
    {"MatMulInteger", 10, latestOpset, matMulInteger},
    {"QLinearConv", 10, latestOpset, qLinearConv},
    {"QLinearMatMul", 10, latestOpset, qLinearMatMul},
    {"QuantizeLinear", 10, latestOpset, quantizeLinear},
};

ArrayRef<LoweringRow> quantc::toloops::castingLowerings() { return rows; }
