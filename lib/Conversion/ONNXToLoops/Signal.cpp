//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fourier transforms by their definition with tabulated turns, windows, and the mel filter bank;
// computed in float64.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

static constexpr double pi = 3.14159265358979323846;

static Scalar real(Emitter &e, Index index) { return convert(e.toScalar(index), Compute::F64); }

//===----------------------------------------------------------------------===//
// DFT, STFT
//===----------------------------------------------------------------------===//

namespace {
struct Complex {
  Scalar re, im;
};
} // namespace

/// [length, 2]: cosine and sine of sign * 2 pi i / length.
static Tensor turnsOf(Emitter &e, Index length, double sign) {
  Tensor turns = e.allocate({length, 2}, DType::F64);
  e.loop(length, [&](Index i) {
    Scalar angle = real(e, i) * (sign * 2 * pi) / real(e, length);
    turns.store(math("cos", angle), {i, 0});
    turns.store(math("sin", angle), {i, 1});
  });
  return turns;
}

/// Sum over k < count of element(k) * turn(k * n modulo their number); n is below that number.
static Complex transform(Emitter &e, Index count, Index n, const Tensor &turns,
                         llvm::function_ref<Complex(Index)> element) {
  Scalar zero = e.constant(0, Compute::F64);
  Scalar length = e.toScalar(turns.dim(0)), step = e.toScalar(n);
  Scalars sums = e.fold(count, {zero, zero, e.i64(0)}, [&](Index k, ArrayRef<Scalar> so) {
    Index turn = e.toIndex(so[2]);
    Scalar c = turns.load({turn, 0}), s = turns.load({turn, 1}), next = so[2] + step;
    Complex x = element(k);
    return Scalars{so[0] + x.re * c - x.im * s, so[1] + x.re * s + x.im * c,
                   select(next >= length, next - length, next)};
  });
  return {sums[0], sums[1]};
}

/// The last axis holds real parts, or real and imaginary ones.
static Complex complexAt(Emitter &e, const Tensor &x, IndexRef place) {
  Indices p(place);
  p.push_back(0);
  Scalar re = convert(x.load(p), Compute::F64), im = e.constant(0, Compute::F64);
  p.back() = 1;
  Scalar has = e.equal(x.dim(-1), 2);
  im = e.ifElse(
      has, {Compute::F64}, [&] { return Scalars{convert(x.load(p), Compute::F64)}; },
      [&] { return Scalars{im}; })[0];
  return {re, im};
}

/// Element k of a spectrum of which only the first half is stored; what is missing there is 0.
static Complex mirrored(Emitter &e, const Tensor &x, IndexRef at, Index k, Index length) {
  Scalar upper = e.less(length / 2, k);
  Index stored = e.select(upper, length - k, k);
  Scalars value = e.ifElse(
      e.less(stored, x.dim(1)), {Compute::F64, Compute::F64},
      [&] {
        Complex c = complexAt(e, x, {at[0], stored, at[1]});
        return Scalars{c.re, select(upper, -c.im, c.im)};
      },
      [&] { return Scalars{e.constant(0, Compute::F64), e.constant(0, Compute::F64)}; });
  return {value[0], value[1]};
}

/// The axis of a DFT: an attribute before opset 20, then an input.
static FailureOr<Index> dftAxis(NodeLowering &n, int64_t rank) {
  Index axis = n.opset() < 20 ? Index(n.attr("axis", int64_t(1))) : Index(-2);
  if (n.opset() >= 20 && n.has(2)) {
    FailureOr<Index> given = n.integer(2);
    if (failed(given))
      return failure();
    axis = *given;
  }
  axis = n.e.select(n.e.less(axis, 0), axis + rank, axis);
  n.e.check(!n.e.less(axis, 0) & n.e.less(axis, rank - 1), "the axis is out of range");
  return axis;
}

static LogicalResult dft(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  bool inverse = n.attr("inverse", int64_t(0)) != 0, half = n.attr("onesided", int64_t(0)) != 0;
  if (in.rank() < 2)
    return n.refuse(Refusal::Rank, "expected a signal [..., 1 or 2]");
  FailureOr<Index> given = dftAxis(n, in.rank());
  if (failed(given))
    return failure();
  Index axis = *given;
  e.check(e.equal(in.dim(-1), 1) | e.equal(in.dim(-1), 2), "the last axis is not of size 1 or 2");
  Index outer = 1, along = 1, inner = 1;
  for (int64_t i = 0; i < in.rank() - 1; ++i) {
    outer = outer * e.select(e.less(i, axis), in.dim(i), 1);
    along = e.select(e.equal(axis, i), in.dim(i), along);
    inner = inner * e.select(e.less(axis, i), in.dim(i), 1);
  }
  Index length = inverse && half ? (along - 1) * 2 : along;
  if (n.has(1)) {
    FailureOr<Index> given = n.integer(1);
    if (failed(given))
      return failure();
    length = *given;
  }
  e.check(e.less(0, length), "the length is not positive");
  Tensor turns = turnsOf(e, length, inverse ? 1 : -1);
  Index out = half && !inverse ? length / 2 + 1 : length, parts = half && inverse ? 1 : 2;
  Indices sizes;
  for (int64_t i = 0; i < in.rank() - 1; ++i)
    sizes.push_back(e.select(e.equal(axis, i), out, in.dim(i)));
  sizes.push_back(parts);
  Tensor x = in.reshaped({outer, along, inner, in.dim(-1)});
  Tensor y = n.result(0, sizes, in.type()).reshaped({outer, out, inner, parts});
  Index count = half && inverse ? length : min(length, along);
  e.loops({outer, out, inner}, [&](IndexRef p) {
    Complex sum = transform(e, count, p[1], turns, [&](Index k) {
      return half && inverse ? mirrored(e, x, {p[0], p[2]}, k, length)
                             : complexAt(e, x, {p[0], k, p[2]});
    });
    Scalar scale = inverse ? 1.0 / real(e, length) : e.constant(1, Compute::F64);
    y.store(sum.re * scale, {p[0], p[1], p[2], 0});
    if (parts.is(2))
      y.store(sum.im * scale, {p[0], p[1], p[2], 1});
  });
  return success();
}

static LogicalResult stft(NodeLowering &n) {
  Tensor in = n.in(0), window = n.in(2);
  Emitter &e = n.e;
  if (in.rank() != 3)
    return n.refuse(Refusal::Rank, "expected a signal [batch, length, 1 or 2]");
  if (window && window.rank() != 1)
    return n.refuse(Refusal::Rank, "expected a window of rank 1");
  FailureOr<Index> step = n.integer(1);
  FailureOr<Index> length =
      n.has(3) ? n.integer(3) : FailureOr<Index>(window ? window.dim(0) : in.dim(1));
  if (failed(step) || failed(length))
    return failure();
  if (window)
    e.check(e.equal(window.dim(0), *length), "the window has another length than a frame");
  e.check(e.less(0, *step) & e.less(0, *length) & !e.less(in.dim(1), *length),
          "a frame does not fit the signal");
  e.check(e.equal(in.dim(2), 1) | e.equal(in.dim(2), 2), "the last axis is not of size 1 or 2");
  bool half = n.attr("onesided", int64_t(1)) != 0;
  Index frames = (in.dim(1) - *length) / max(*step, 1) + 1;
  Index bins = half ? *length / 2 + 1 : *length;
  Tensor turns = turnsOf(e, *length, -1);
  Tensor out = n.result(0, {in.dim(0), frames, bins, 2}, in.type());
  e.loops({in.dim(0), frames, bins}, [&](IndexRef p) {
    Complex sum = transform(e, *length, p[2], turns, [&](Index k) {
      Complex x = complexAt(e, in, {p[0], p[1] * *step + k});
      if (!window)
        return x;
      Scalar w = convert(window.load({k}), Compute::F64);
      return Complex{x.re * w, x.im * w};
    });
    out.store(sum.re, {p[0], p[1], p[2], 0});
    out.store(sum.im, {p[0], p[1], p[2], 1});
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

static FailureOr<DType> outputType(NodeLowering &n) {
  std::optional<DType> type = dtypeFromOnnxCode(n.attr("output_datatype", int64_t(1)));
  if (!type || bitWidth(*type) == 0)
    return n.refuse(Refusal::ElementType, "expected a type of numbers");
  return *type;
}

/// a0 - a1 cos(t) + a2 cos(2 t) with t = 2 pi i / N (N - 1 where not periodic).
static LogicalResult cosineWindow(NodeLowering &n, double a0, double a1, double a2) {
  Emitter &e = n.e;
  FailureOr<Index> size = n.integer(0);
  FailureOr<DType> type = outputType(n);
  if (failed(size) || failed(type))
    return failure();
  bool periodic = n.attr("periodic", int64_t(1)) != 0;
  Index period = periodic ? *size : *size - 1;
  Tensor out = n.result(0, {max(*size, 0)}, *type);
  e.loop(out.dim(0), [&](Index i) {
    Scalar angle = real(e, i) * (2 * pi) / real(e, period);
    out.store(a0 - math("cos", angle) * a1 + math("cos", angle * 2.0) * a2, {i});
  });
  return success();
}
static LogicalResult hann(NodeLowering &n) { return cosineWindow(n, 0.5, 0.5, 0); }
static LogicalResult hamming(NodeLowering &n) {
  return cosineWindow(n, 25.0 / 46.0, 21.0 / 46.0, 0);
}
static LogicalResult blackman(NodeLowering &n) { return cosineWindow(n, 0.42, 0.5, 0.08); }

//===----------------------------------------------------------------------===//
// MelWeightMatrix
//===----------------------------------------------------------------------===//

static LogicalResult melWeightMatrix(NodeLowering &n) {
  Emitter &e = n.e;
  FailureOr<Index> bins = n.integer(0), length = n.integer(1), rate = n.integer(2);
  FailureOr<DType> type = outputType(n);
  if (failed(bins) || failed(length) || failed(rate) || failed(type))
    return failure();
  e.check(!e.less(*bins, 0) & !e.less(*length, 0), "a size is negative");
  auto mel = [&](unsigned input) {
    Scalar hertz = convert(n.scalar(input), Compute::F64);
    return math("log", hertz / 700.0 + 1.0) * (2595 / std::log(10.0));
  };
  Scalar low = mel(3), step = (mel(4) - low) / real(e, *bins + 2);
  // Bin of the spectrum at each edge between filters.
  Tensor edges = e.allocate({*bins + 2}, DType::I64);
  e.loop(*bins + 2, [&](Index i) {
    Scalar hertz = (math("exp", (real(e, i) * step + low) * (std::log(10.0) / 2595)) - 1.0) * 700.0;
    edges.store(math("floor", hertz * real(e, *length + 1) / real(e, *rate)), {i});
  });
  Tensor out = n.result(0, {*length / 2 + 1, *bins}, *type);
  e.loops(out.dims(), [&](IndexRef p) {
    auto edge = [&](int64_t i) { return edges.load({p[1] + i}); };
    Scalar lower = edge(0), centre = edge(1), higher = edge(2), j = e.toScalar(p[0]);
    auto ratio = [&](Scalar a, Scalar b) {
      return convert(a, Compute::F64) / convert(b, Compute::F64);
    };
    Scalar zero = e.constant(0, Compute::F64), one = e.constant(1, Compute::F64);
    Scalar rising = select((j >= lower) & (j <= centre), ratio(j - lower, centre - lower), zero);
    Scalar value = select(lower == centre, select(j == centre, one, zero), rising);
    Scalar falls = (higher > centre) & (j >= centre) & (j < higher);
    out.store(select(falls, ratio(higher - j, higher - centre), value), p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"BlackmanWindow", 17, latestOpset, blackman},         {"DFT", 17, latestOpset, dft},
    {"HammingWindow", 17, latestOpset, hamming},           {"HannWindow", 17, latestOpset, hann},
    {"MelWeightMatrix", 17, latestOpset, melWeightMatrix}, {"STFT", 17, latestOpset, stft},
};

ArrayRef<LoweringRow> quantc::toloops::signalLowerings() { return rows; }
