//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activations, normalizations and embeddings that ONNX Runtime fuses.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"
#include "Quantized.h"
#include <functional>

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Gelu in its forms
//===----------------------------------------------------------------------===//

static Scalar exactGelu(Scalar x) { return x * 0.5 * (math("erf", x * 0.70710678118654752) + 1.0); }
static Scalar fastGelu(Scalar x) {
  Scalar inner = (x + x * x * x * 0.044715) * 0.79788456080286536;
  return x * 0.5 * (math("tanh", inner) + 1.0);
}

/// fn(x + bias), with or without a bias along the last axis.
template <Scalar (*fn)(Scalar)> static LogicalResult biasedUnary(NodeLowering &n) {
  Tensor in = n.in(0), bias = n.in(1);
  if (!in || !quantc::isFloat(in.type()))
    return n.refuse(Refusal::ElementType, "expected floats");
  Tensor out = n.result(0, in.dims(), in.type());
  if (!bias) {
    mapUnary(n.e, in, out, fn);
    return success();
  }
  if (bias.rank() != 1 || in.rank() < 1)
    return n.refuse(Refusal::Rank, "expected a vector as bias");
  n.e.check(n.e.equal(bias.dim(0), in.dim(-1)),
            "expected a bias for each element of the last axis");
  mapBroadcast(n.e, {in, bias}, out, [](ArrayRef<Scalar> v) { return fn(v[0] + v[1]); });
  return success();
}

static LogicalResult quickGelu(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.702);
  Tensor in = n.in(0);
  mapUnary(n.e, in, n.result(0, in.dims(), in.type()),
           [&](Scalar x) { return x * math("sigmoid", x * alpha); });
  return success();
}

//===----------------------------------------------------------------------===//
// Normalization of rows
//===----------------------------------------------------------------------===//

namespace {
/// y = (x - mean) / sqrt(variance + epsilon) * scale + shift a row; without `centred` the mean is
/// 0.
struct RowNorm {
  bool centred;
  double epsilon;
  Tensor scale, shift; ///< flat, one value for each element of a row; a shift may be absent
  Tensor out;          ///< [rows, elements]
  Tensor means = {}, scales = {}; ///< flat; may be absent
  Tensor row = {};                ///< float32, of one row: what `normalizeRow` reads
};
} // namespace

static RowNorm rowNorm(NodeLowering &n, bool centred, double absentEpsilon, Tensor scale,
                       Tensor shift, Tensor out, Index rows, Index elements) {
  Emitter &e = n.e;
  e.check(e.equal(scale.count(), elements), "expected a scale for each element of a row");
  if (shift)
    e.check(e.equal(shift.count(), elements), "expected a shift for each element of a row");
  DType wide = out.kind() == Compute::F64 ? DType::F64 : DType::F32;
  RowNorm norm{centred, n.attr("epsilon", absentEpsilon), scale.flat(),
               shift ? shift.flat() : shift, out.reshaped({rows, elements})};
  norm.row = e.allocate({elements}, wide);
  return norm;
}

static void normalizeRow(Emitter &e, const RowNorm &norm, Index at) {
  Index count = norm.row.dim(0);
  Scalar zero = e.constant(0, norm.row.kind()), size = convert(e.toScalar(count), zero.kind);
  Scalar mean = zero;
  if (norm.centred)
    mean = e.fold(count, {zero}, [&](Index i, ArrayRef<Scalar> so) {
      return Scalars{so[0] + norm.row.load({i})};
    })[0] / size;
  Scalar squares = e.fold(count, {zero}, [&](Index i, ArrayRef<Scalar> so) {
    Scalar distance = norm.row.load({i}) - mean;
    return Scalars{so[0] + distance * distance};
  })[0];
  Scalar scale = number(1, zero) / math("sqrt", squares / size + number(norm.epsilon, zero));
  if (norm.means)
    norm.means.store(mean, {at});
  if (norm.scales)
    norm.scales.store(scale, {at});
  e.loop(count, [&](Index i) {
    Scalar value = (norm.row.load({i}) - mean) * scale * convert(norm.scale.load({i}), zero.kind);
    if (norm.shift)
      value = value + convert(norm.shift.load({i}), zero.kind);
    norm.out.store(value, {at, i});
  });
}

/// [outer..., 1...]: sizes of the statistics of rows that begin at `axis`.
static Indices statisticSizes(const Tensor &in, int64_t axis) {
  Indices sizes(in.dims().take_front(axis));
  sizes.resize(in.rank(), Index(1));
  return sizes;
}

/// RMS normalization under the name that ONNX Runtime gave it in the default domain.
static LogicalResult simplifiedLayerNorm(NodeLowering &n) {
  Tensor in = n.in(0), scale = n.in(1);
  int64_t axis = n.axisAttr("axis", -1, in.rank());
  if (n.failed())
    return failure();
  Index rows = product(in.dims().take_front(axis)), elements = product(in.dims().drop_front(axis));
  Tensor out = n.result(0, in.dims(), scale.type());
  RowNorm norm = rowNorm(n, false, 1e-5, scale, n.in(2), out, rows, elements);
  if (n.wants(1))
    norm.scales = n.result(1, statisticSizes(in, axis), norm.row.type()).flat();
  Tensor x = in.reshaped({rows, elements});
  n.e.loop(rows, [&](Index r) {
    n.e.loop(elements, [&](Index i) { norm.row.store(x.load({r, i}), {i}); });
    normalizeRow(n.e, norm, r);
  });
  return success();
}

/// The norm of x + skip + bias, and that sum as result 3.
static LogicalResult skipNorm(NodeLowering &n, bool centred) {
  Tensor in = n.in(0), skip = n.in(1), scale = n.in(2), shift = centred ? n.in(3) : Tensor();
  Tensor bias = n.in(centred ? 4 : 3);
  if (!skip || !scale || in.rank() < 2 || skip.rank() > in.rank() || skip.rank() < 2)
    return n.refuse(Refusal::Rank, "expected input and skip of rank 2 or 3");
  Emitter &e = n.e;
  Index elements = in.dim(-1), rows = product(in.dims().drop_back());
  for (int64_t axis = 1; axis <= skip.rank(); ++axis) {
    Scalar fits = e.equal(skip.dim(-axis), in.dim(-axis));
    e.check(axis == 3 ? fits | e.equal(skip.dim(-axis), 1) : fits,
            "the skip does not fit the input");
  }
  if (bias)
    e.check(e.equal(bias.count(), elements), "expected a bias for each element of a row");
  RowNorm norm =
      rowNorm(n, centred, 1e-12, scale, shift, n.result(0, in.dims(), in.type()), rows, elements);
  if (n.wants(1))
    norm.means = n.result(1, statisticSizes(in, in.rank() - 1), norm.row.type()).flat();
  if (n.wants(2))
    norm.scales = n.result(2, statisticSizes(in, in.rank() - 1), norm.row.type()).flat();
  Tensor sums =
      n.wants(3) ? n.result(3, in.dims(), in.type()).reshaped({rows, elements}) : Tensor();
  Tensor x = in.reshaped({rows, elements});
  Index skipRows = product(skip.dims().drop_back()); // a divisor of rows
  Tensor s = skip.reshaped({skipRows, elements});
  Tensor b = bias ? bias.flat() : bias;
  e.loop(rows, [&](Index r) {
    Index other = skipRows.same(rows) ? r : r % max(skipRows, 1);
    e.loop(elements, [&](Index i) {
      Scalar sum = x.load({r, i}) + convert(s.load({other, i}), x.kind());
      if (b)
        sum = sum + convert(b.load({i}), x.kind());
      norm.row.store(sum, {i});
      if (sums)
        sums.store(sum, {r, i});
    });
    normalizeRow(e, norm, r);
  });
  return success();
}
static LogicalResult skipLayerNorm(NodeLowering &n) { return skipNorm(n, true); }
static LogicalResult skipSimplifiedLayerNorm(NodeLowering &n) { return skipNorm(n, false); }

//===----------------------------------------------------------------------===//
// EmbedLayerNormalization
//===----------------------------------------------------------------------===//

/// How many tokens of a batch the mask keeps; 0 without a mask.
static void countMask(NodeLowering &n, Index batch, Index length) {
  Tensor mask = n.in(7), counts = n.result(1, {batch}, DType::I32);
  n.e.loop(batch, [&](Index b) {
    Scalar zero = n.e.i64(0);
    Scalar count = !mask ? zero : n.e.fold(length, {zero}, [&](Index s, ArrayRef<Scalar> so) {
      return Scalars{so[0] + convert(mask.load({b, s}) == 1, Compute::I64)};
    })[0];
    counts.store(count, {b});
  });
}

namespace {
/// Rows of floats, or of codes with one scale; may be absent.
struct Table {
  Tensor data;
  std::optional<Step> step = std::nullopt;

  explicit operator bool() const { return bool(data); }
  Scalar load(IndexRef p) const {
    Scalar element = data.load(p);
    return step ? step->real(element) : element;
  }
};
struct Embedding {
  Tensor ids, segments, mask, positions; ///< all but ids may be absent
  Table words, places, kinds;
  Tensor gamma, beta;
  DType type; ///< of the result
};
} // namespace

/// The norm of the sum of a word's, a position's and a segment's embedding.
static LogicalResult emitEmbedding(NodeLowering &n, const Embedding &in) {
  for (const Tensor &t :
       {in.ids, in.segments, in.mask, in.positions, in.words.data, in.places.data, in.kinds.data})
    if (t && t.rank() != 2)
      return n.refuse(Refusal::Rank, "expected ids, embeddings and masks of rank 2");
  if (!in.words || !in.places || !in.gamma || (in.segments && !in.kinds))
    return n.refuse(Refusal::Operand, "expected embeddings of words, positions and, with their "
                                      "ids, segments, and a scale");
  Emitter &e = n.e;
  Index batch = in.ids.dim(0), length = in.ids.dim(1), size = in.words.data.dim(1);
  for (const Tensor &t : {in.segments, in.mask})
    if (t)
      e.check(e.equal(t.dim(0), batch) & e.equal(t.dim(1), length),
              "segments or mask have another size than the ids");
  if (in.positions)
    e.check((e.equal(in.positions.dim(0), batch) | e.equal(in.positions.dim(0), 1)) &
                e.equal(in.positions.dim(1), length),
            "position_ids have another size than the ids");
  e.check(e.equal(in.places.data.dim(1), size) &
              (in.segments ? e.equal(in.kinds.data.dim(1), size) : e.boolean(true)),
          "the embeddings differ in size");
  Tensor out = n.result(0, {batch, length, size}, in.type);
  RowNorm norm = rowNorm(n, true, 1e-12, in.gamma, in.beta, out, batch * length, size);
  Tensor sums = n.wants(2) ? n.result(2, out.dims(), out.type()) : Tensor();
  e.loops({batch, length}, [&](IndexRef p) {
    Index word = wrapIndex(e, in.ids.load(p), in.words.data.dim(0));
    Scalar position = e.toScalar(p[1]);
    if (in.positions)
      position = in.positions.load({e.select(e.equal(in.positions.dim(0), 1), 0, p[0]), p[1]});
    Index place = wrapIndex(e, position, in.places.data.dim(0));
    Index kind = in.segments ? wrapIndex(e, in.segments.load(p), in.kinds.data.dim(0)) : Index(0);
    e.loop(size, [&](Index i) {
      Scalar sum = in.words.load({word, i}) + in.places.load({place, i});
      if (in.segments)
        sum = sum + in.kinds.load({kind, i});
      norm.row.store(sum, {i});
      if (sums)
        sums.store(sum, {p[0], p[1], i});
    });
    normalizeRow(e, norm, p[0] * length + p[1]);
  });
  return success();
}

static LogicalResult embedLayerNorm(NodeLowering &n) {
  Embedding in{n.in(0),        n.in(1),        n.in(7), n.in(8), Table{n.in(2)},
               Table{n.in(3)}, Table{n.in(4)}, n.in(5), n.in(6), n.in(2).type()};
  if (failed(emitEmbedding(n, in)))
    return failure();
  if (n.wants(1))
    countMask(n, in.ids.dim(0), in.ids.dim(1));
  return success();
}

/// The vector of codes as float32.
static Tensor dequantized(Emitter &e, const Tensor &codes, const Step &step) {
  Tensor out = e.allocate(codes.dims(), DType::F32);
  mapUnary(e, codes, out, [&](Scalar code) { return step.real(code); });
  return out;
}

static LogicalResult qEmbedLayerNorm(NodeLowering &n) {
  std::optional<Step> steps[5]; // words, places, kinds, gamma, beta
  for (unsigned i = 0; i < 5; ++i) {
    if (i == 2 && !n.has(1))
      continue;
    for (unsigned input : {2 + i, 8 + i, 13 + i})
      if (!n.has(input))
        return n.refuse(Refusal::Operand, "expected input " + Twine(input) + ", but it is absent");
    FailureOr<Step> step = readStep(n, 8 + i, 13 + i, n.in(2 + i).type());
    if (failed(step))
      return failure();
    steps[i] = *step;
  }
  Embedding in{n.in(0),
               n.in(1),
               n.in(7),
               {},
               {n.in(2), steps[0]},
               {n.in(3), steps[1]},
               {n.in(4), steps[2]},
               dequantized(n.e, n.in(5), *steps[3]),
               dequantized(n.e, n.in(6), *steps[4]),
               DType::F32};
  if (failed(emitEmbedding(n, in)))
    return failure();
  if (n.wants(1))
    countMask(n, in.ids.dim(0), in.ids.dim(1));
  return success();
}

//===----------------------------------------------------------------------===//
// Ops that ONNX Runtime had before the standard
//===----------------------------------------------------------------------===//

static constexpr char dequantizeLinear[] = "DequantizeLinear", gridSample[] = "GridSample",
                      quantizeLinear[] = "QuantizeLinear", trilu[] = "Trilu",
                      linearAttention[] = "LinearAttention", causalConv[] = "CausalConvWithState";

/// The newest form that the standard has.
template <ArrayRef<LoweringRow> (*family)(), const char *opType, unsigned inputs>
static LogicalResult asInStandard(NodeLowering &n) {
  for (unsigned i = 0; i < inputs; ++i)
    if (!n.has(i))
      return n.refuse(Refusal::Operand, "expected input " + Twine(i) + ", but it is absent");
  Lowering newest = nullptr;
  for (const LoweringRow &row : family())
    if (row.opType == opType)
      newest = row.lower;
  assert(newest && "no such op");
  return newest(n);
}

/// Without what the standard has not taken over.
template <ArrayRef<LoweringRow> (*family)(), const char *opType, unsigned inputs>
static LogicalResult statefulAsInStandard(NodeLowering &n) {
  for (StringRef name : {"state_window", "state_update_capacity", "state_length", "channels_last",
                         "input_channel_offset", "input_channels"})
    if (n.attr(name, int64_t(0)) != 0)
      return n.refuse(Refusal::AttributeValue, "expected no " + name);
  if (n.attr("dilation", int64_t(1)) != 1 || n.attr("ndim", int64_t(1)) != 1)
    return n.refuse(Refusal::AttributeValue, "expected dilation 1 and ndim 1");
  return asInStandard<family, opType, inputs>(n);
}

static const LoweringRow rows[] = {
    {causalConv, 1, latestOpset, statefulAsInStandard<linearAttentionLowerings, causalConv, 2>,
     "com.microsoft"},
    {linearAttention, 1, latestOpset,
     statefulAsInStandard<linearAttentionLowerings, linearAttention, 3>, "com.microsoft"},
    {"BiasGelu", 1, latestOpset, withInputs<2, biasedUnary<exactGelu>>, "com.microsoft"},
    {dequantizeLinear, 1, latestOpset, asInStandard<castingLowerings, dequantizeLinear, 2>,
     "com.microsoft"},
    {"EmbedLayerNormalization", 1, latestOpset, withInputs<1, embedLayerNorm>, "com.microsoft"},
    {"FastGelu", 1, latestOpset, withInputs<1, biasedUnary<fastGelu>>, "com.microsoft"},
    {gridSample, 1, latestOpset, asInStandard<samplingLowerings, gridSample, 2>, "com.microsoft"},
    {quantizeLinear, 1, latestOpset, asInStandard<castingLowerings, quantizeLinear, 2>,
     "com.microsoft"},
    {trilu, 1, latestOpset, asInStandard<cumulativeLowerings, trilu, 1>, "com.microsoft"},
    {"Gelu", 1, latestOpset, withInputs<1, biasedUnary<exactGelu>>, "com.microsoft"},
    {"QEmbedLayerNormalization", 1, latestOpset, withInputs<1, qEmbedLayerNorm>, "com.microsoft"},
    {"QuickGelu", 1, latestOpset, withInputs<1, quickGelu>, "com.microsoft"},
    {"SimplifiedLayerNormalization", 1, latestOpset, withInputs<2, simplifiedLayerNorm>},
    {"SkipLayerNormalization", 1, latestOpset, withInputs<3, skipLayerNorm>, "com.microsoft"},
    {"SkipSimplifiedLayerNormalization", 1, latestOpset, withInputs<3, skipSimplifiedLayerNorm>,
     "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribLowerings() { return rows; }
