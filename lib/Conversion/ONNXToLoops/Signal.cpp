//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fourier transforms by their definition, windows, and the mel filter bank; computed in float64.
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

/// Sum over k < count of element(k) * exp(sign * 2 pi i * k * n / length).
static Complex transform(Emitter &e, Index count, Index length, Index n, double sign,
                         llvm::function_ref<Complex(Index)> element) {
  Scalar zero = e.constant(0, Compute::F64);
  Scalars sums = e.fold(count, {zero, zero}, [&](Index k, ArrayRef<Scalar> so) {
    // The product modulo the length keeps the angle small, and so exact.
    Scalar angle = real(e, (k * n) % max(length, 1)) * (sign * 2 * pi) / real(e, length);
    Scalar c = math("cos", angle), s = math("sin", angle);
    Complex x = element(k);
    return Scalars{so[0] + x.re * c - x.im * s, so[1] + x.re * s + x.im * c};
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

/// Element k of a spectrum of which only the first half is stored.
static Complex mirrored(Emitter &e, const Tensor &x, IndexRef at, Index k, Index length) {
  Index half = length / 2;
  Scalar upper = e.less(half, k);
  Index stored = min(e.select(upper, length - k, k), x.dim(1) - 1);
  Complex value = complexAt(e, x, {at[0], stored, at[1]});
  return {value.re, select(upper, -value.im, value.im)};
}

static LogicalResult dft(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  bool inverse = n.attr("inverse", int64_t(0)) != 0, half = n.attr("onesided", int64_t(0)) != 0;
  Index axis = n.opset() < 20 ? Index(n.attr("axis", int64_t(1))) : Index(-2);
  if (n.opset() >= 20 && n.has(2)) {
    FailureOr<Index> given = n.integer(2);
    if (failed(given))
      return failure();
    axis = *given;
  }
  axis = e.select(e.less(axis, 0), axis + in.rank(), axis);
  e.check(!e.less(axis, 0) & e.less(axis, in.rank() - 1), "the axis is out of range");
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
  Index out = half && !inverse ? length / 2 + 1 : length, parts = half && inverse ? 1 : 2;
  Indices sizes;
  for (int64_t i = 0; i < in.rank() - 1; ++i)
    sizes.push_back(e.select(e.equal(axis, i), out, in.dim(i)));
  sizes.push_back(parts);
  Tensor x = in.reshaped({outer, along, inner, in.dim(-1)});
  Tensor y = n.result(0, sizes, in.type()).reshaped({outer, out, inner, parts});
  Index count = half && inverse ? length : min(length, along);
  e.loops({outer, out, inner}, [&](IndexRef p) {
    Complex sum = transform(e, count, length, p[1], inverse ? 1 : -1, [&](Index k) {
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
  FailureOr<Index> step = n.integer(1);
  FailureOr<Index> length =
      n.has(3) ? n.integer(3) : FailureOr<Index>(window ? window.dim(0) : in.dim(1));
  if (failed(step) || failed(length))
    return failure();
  if (window)
    e.check(e.equal(window.dim(0), *length), "the window has another length than a frame");
  e.check(e.less(0, *step) & e.less(0, *length) & !e.less(in.dim(1), *length),
          "a frame does not fit the signal");
  bool half = n.attr("onesided", int64_t(1)) != 0;
  Index frames = (in.dim(1) - *length) / max(*step, 1) + 1;
  Index bins = half ? *length / 2 + 1 : *length;
  Tensor out = n.result(0, {in.dim(0), frames, bins, 2}, in.type());
  e.loops({in.dim(0), frames, bins}, [&](IndexRef p) {
    Complex sum = transform(e, *length, *length, p[2], -1, [&](Index k) {
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
