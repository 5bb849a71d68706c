//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Softmax and the normalizations.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"
#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// [outer, axis, inner] of a tensor around an axis; before opset 13 everything behind the axis
/// belongs to it.
static Tensor aroundAxis(NodeLowering &n, const Tensor &tensor, int64_t axis) {
  IndexRef sizes = tensor.dims();
  if (n.opset() < 13)
    return tensor.reshaped({product(sizes.take_front(axis)), product(sizes.drop_front(axis)), 1});
  return tensor.reshaped(
      {product(sizes.take_front(axis)), sizes[axis], product(sizes.drop_front(axis + 1))});
}

static LogicalResult softmax(NodeLowering &n, bool logarithm) {
  Tensor in = n.in(0);
  int64_t axis = n.axisAttr("axis", n.opset() < 13 ? 1 : -1, in.rank());
  if (n.failed())
    return failure();
  Emitter &e = n.e;
  Tensor x = aroundAxis(n, in, axis);
  Tensor y = aroundAxis(n, n.result(0, in.dims(), in.type()), axis);
  e.loops({x.dim(0), x.dim(2)}, [&](IndexRef at) {
    auto element = [&](Index i) { return x.load({at[0], i, at[1]}); };
    Scalar lowest = e.constant(-HUGE_VAL, x.kind());
    Scalar peak = e.fold(x.dim(1), {lowest}, [&](Index i, ArrayRef<Scalar> so) {
      return Scalars{max(so[0], element(i))};
    })[0];
    Scalar sum = e.fold(x.dim(1), {e.constant(0, x.kind())}, [&](Index i, ArrayRef<Scalar> so) {
      return Scalars{so[0] + math("exp", element(i) - peak)};
    })[0];
    e.loop(x.dim(1), [&](Index i) {
      Scalar shifted = element(i) - peak;
      Scalar value = logarithm ? shifted - math("log", sum) : math("exp", shifted) / sum;
      y.store(value, {at[0], i, at[1]});
    });
  });
  return success();
}
static LogicalResult softmaxOf(NodeLowering &n) { return softmax(n, false); }
static LogicalResult logSoftmaxOf(NodeLowering &n) { return softmax(n, true); }

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

namespace {
/// Mean and 1 / sqrt(variance + epsilon) of a row.
struct Moments {
  Scalar mean, scale;
};
} // namespace

/// Of `count` elements; without a mean the second moment about 0.
static Moments moments(Emitter &e, Index count, Compute kind, double epsilon, bool centred,
                       llvm::function_ref<Scalar(Index)> element) {
  Scalar zero = e.constant(0, kind);
  Scalar size = convert(e.toScalar(count), kind);
  Scalar mean = zero;
  if (centred)
    mean = e.fold(count, {zero}, [&](Index i, ArrayRef<Scalar> so) {
      return Scalars{so[0] + element(i)};
    })[0] / size;
  Scalar squares = e.fold(count, {zero}, [&](Index i, ArrayRef<Scalar> so) {
    Scalar distance = element(i) - mean;
    return Scalars{so[0] + distance * distance};
  })[0];
  return {mean, number(1, zero) / math("sqrt", squares / size + number(epsilon, zero))};
}

/// Sizes with ones from `axis` on.
static Indices statisticSizes(const Tensor &in, int64_t axis) {
  Indices sizes(in.dims());
  for (int64_t i = axis; i < in.rank(); ++i)
    sizes[i] = 1;
  return sizes;
}

/// LayerNormalization and RMSNormalization: statistics in float32 (stash_type 1); the normalized
/// value is rounded to the operand's type before it is scaled, as the standard's function does.
static LogicalResult layerNorm(NodeLowering &n, bool centred) {
  Tensor in = n.in(0), scale = n.in(1), bias = centred ? n.in(2) : Tensor();
  int64_t axis = n.axisAttr("axis", -1, in.rank());
  double epsilon = n.attr("epsilon", 1e-5);
  if (n.failed())
    return failure();
  Emitter &e = n.e;
  for (const Tensor &t : {scale, bias}) {
    if (!t)
      continue;
    if (t.rank() > in.rank())
      return n.refuse(Refusal::Rank, "expected scale and bias of no higher rank than the input");
    for (int64_t i = 1; i <= t.rank(); ++i)
      e.check(e.equal(t.dim(-i), 1) | e.equal(t.dim(-i), in.dim(-i)),
              "scale or bias do not fit the input");
  }
  Index outer = product(in.dims().take_front(axis)), inner = product(in.dims().drop_front(axis));
  Tensor x = in.reshaped({outer, inner});
  Tensor normalized = e.allocate({outer, inner}, in.type());
  DType stash = in.type() == DType::F64 ? DType::F64 : DType::F32;
  Tensor means, scales;
  if (centred && n.wants(1))
    means = n.result(1, statisticSizes(in, axis), stash).flat();
  if (n.wants(centred ? 2 : 1))
    scales = n.result(centred ? 2 : 1, statisticSizes(in, axis), stash).flat();
  e.loop(outer, [&](Index row) {
    Moments m =
        moments(e, inner, x.kind(), epsilon, centred, [&](Index i) { return x.load({row, i}); });
    if (means)
      means.store(m.mean, {row});
    if (scales)
      scales.store(m.scale, {row});
    e.loop(inner,
           [&](Index i) { normalized.store((x.load({row, i}) - m.mean) * m.scale, {row, i}); });
  });
  Tensor y = n.result(0, in.dims(), scale.type());
  SmallVector<Tensor> operands = {normalized.reshaped(in.dims()), scale};
  if (bias)
    operands.push_back(bias);
  mapBroadcast(e, operands, y, [&](ArrayRef<Scalar> v) {
    Scalar scaled = convert(v[0], v[1].kind) * v[1];
    return bias ? scaled + v[2] : scaled;
  });
  return success();
}
static LogicalResult layerNormalization(NodeLowering &n) { return layerNorm(n, true); }
static LogicalResult rmsNormalization(NodeLowering &n) { return layerNorm(n, false); }

/// Normalizes [N, groups, rest] and scales by a value for each channel (or group).
static LogicalResult groupNorm(NodeLowering &n, Index groups, bool perGroup, double epsilon) {
  Tensor in = n.in(0), scale = n.in(1), bias = n.in(2);
  if (in.rank() < 2)
    return n.refuse(Refusal::Rank, "expected rank 2 or more");
  Emitter &e = n.e;
  Index pixels = product(in.dims().drop_front(2));
  Index perGroupChannels = in.dim(1) / max(groups, 1);
  n.e.check(e.equal(perGroupChannels * groups, in.dim(1)), "the groups do not cover the channels");
  if (failed(expectVectors(n, {scale, bias}, perGroup ? groups : in.dim(1))))
    return failure();
  Tensor x = in.reshaped({in.dim(0), groups, perGroupChannels, pixels});
  Tensor y = n.result(0, in.dims(), in.type()).reshaped(x.dims());
  e.loops({in.dim(0), groups}, [&](IndexRef at) {
    auto load = [&](Index i) {
      return x.load({at[0], at[1], i / max(pixels, 1), i % max(pixels, 1)});
    };
    Moments m = moments(e, perGroupChannels * pixels, x.kind(), epsilon, true, load);
    e.loops({perGroupChannels, pixels}, [&](IndexRef p) {
      Index channel = perGroup ? at[1] : at[1] * perGroupChannels + p[0];
      Scalar value = (x.load({at[0], at[1], p[0], p[1]}) - m.mean) * m.scale;
      y.store(value * scale.load({channel}) + bias.load({channel}), {at[0], at[1], p[0], p[1]});
    });
  });
  return success();
}

static LogicalResult groupNormalization(NodeLowering &n) {
  return groupNorm(n, n.attr("num_groups", int64_t(1)), n.opset() < 21, n.attr("epsilon", 1e-5));
}
static LogicalResult instanceNormalization(NodeLowering &n) {
  return groupNorm(n, n.in(0).dim(1), true, n.attr("epsilon", 1e-5));
}

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias a channel. In training the statistics
/// are the batch's, and running ones are updated.
static LogicalResult batchNormalization(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  double epsilon = n.attr("epsilon", 1e-5), momentum = n.attr("momentum", 0.9);
  bool training = n.attr("training_mode", int64_t(0)) != 0;
  if (in.rank() < 1 || n.attr("spatial", int64_t(1)) != 1)
    return n.refuse(Refusal::AttributeValue, "expected spatial 1");
  Index channels = in.rank() > 1 ? in.dim(1) : Index(1);
  Index pixels = in.rank() > 1 ? product(in.dims().drop_front(2)) : Index(1);
  if (failed(expectVectors(n, {n.in(1), n.in(2), n.in(3), n.in(4)}, channels)))
    return failure();
  Tensor x = in.reshaped({in.dim(0), channels, pixels});
  Tensor y = n.result(0, in.dims(), in.type()).reshaped(x.dims());
  Tensor mean = n.in(3), variance = n.in(4);
  if (training) {
    Tensor runMean = n.wants(1) ? n.result(1, mean.dims(), mean.type()) : Tensor();
    Tensor runVariance = n.wants(2) ? n.result(2, mean.dims(), variance.type()) : Tensor();
    Tensor ownMean = e.allocate({channels}, DType::F32), own = e.allocate({channels}, DType::F32);
    Index rows = in.dim(0) * pixels;
    e.loop(channels, [&](Index c) {
      auto load = [&](Index i) { return x.load({i / max(pixels, 1), c, i % max(pixels, 1)}); };
      Moments m = moments(e, rows, x.kind(), 0, true, load);
      ownMean.store(m.mean, {c});
      own.store(number(1, m.scale) / (m.scale * m.scale), {c});
      auto update = [&](Tensor old, Tensor fresh, Tensor to) {
        if (to)
          to.store(convert(old.load({c}), Compute::F32) * momentum +
                       fresh.load({c}) * (1 - momentum),
                   {c});
      };
      update(mean, ownMean, runMean);
      update(variance, own, runVariance);
    });
    mean = ownMean;
    variance = own;
  }
  Tensor scale = n.in(1), bias = n.in(2);
  e.loops(x.dims(), [&](IndexRef p) {
    auto of = [&](const Tensor &t) { return convert(t.load({p[1]}), x.kind()); };
    Scalar deviation = math("sqrt", of(variance) + number(epsilon, x.load(p)));
    y.store((x.load(p) - of(mean)) / deviation * of(scale) + of(bias), p);
  });
  return success();
}

static LogicalResult lpNormalization(NodeLowering &n) {
  Tensor in = n.in(0);
  int64_t axis = n.axisAttr("axis", -1, in.rank()), p = n.attr("p", int64_t(2));
  if (n.failed() || (p != 1 && p != 2))
    return n.refuse(Refusal::AttributeValue, "expected p to be 1 or 2");
  Emitter &e = n.e;
  IndexRef sizes = in.dims();
  Indices around = {product(sizes.take_front(axis)), sizes[axis],
                    product(sizes.drop_front(axis + 1))};
  Tensor x = in.reshaped(around), y = n.result(0, in.dims(), in.type()).reshaped(around);
  e.loops({x.dim(0), x.dim(2)}, [&](IndexRef at) {
    Scalar zero = e.constant(0, x.kind());
    Scalar sum = e.fold(x.dim(1), {zero}, [&](Index i, ArrayRef<Scalar> so) {
      Scalar v = x.load({at[0], i, at[1]});
      return Scalars{so[0] + (p == 1 ? abs(v) : v * v)};
    })[0];
    Scalar norm = p == 1 ? sum : math("sqrt", sum);
    e.loop(x.dim(1), [&](Index i) { // a zero norm leaves zeros
      Scalar v = x.load({at[0], i, at[1]});
      y.store(select(norm == zero, zero, v / norm), {at[0], i, at[1]});
    });
  });
  return success();
}

static LogicalResult meanVarianceNormalization(NodeLowering &n) {
  Tensor in = n.in(0);
  onnx::Shape axes = {0, 2, 3};
  if (auto given = n.intsAttr("axes")) {
    FailureOr<onnx::Shape> normal = n.reader.normalizeAxes(*given, in.rank());
    if (failed(normal))
      return failure();
    axes = *normal;
  }
  Emitter &e = n.e;
  Tensor y = n.result(0, in.dims(), in.type());
  Indices outer(in.dims()), inner;
  for (int64_t axis : axes) {
    if (axis >= in.rank())
      return n.refuse(Refusal::Rank, "an axis is out of range");
    outer[axis] = 1;
    inner.push_back(in.dim(axis));
  }
  e.loops(outer, [&](IndexRef at) {
    auto position = [&](IndexRef within) {
      Indices p(at);
      for (auto [axis, i] : llvm::zip_equal(axes, within))
        p[axis] = i;
      return p;
    };
    Scalar zero = e.constant(0, in.kind());
    auto sum = [&](llvm::function_ref<Scalar(Scalar)> term) {
      return e.foldOver(inner, {zero}, [&](IndexRef i, ArrayRef<Scalar> so) {
        return Scalars{so[0] + term(in.load(position(i)))};
      })[0];
    };
    Scalar count = convert(e.toScalar(product(inner)), in.kind());
    Scalar mean = sum([](Scalar x) { return x; }) / count;
    Scalar square = sum([](Scalar x) { return x * x; }) / count;
    Scalar deviation = math("sqrt", square - mean * mean) + number(1e-9, mean);
    e.loops(inner,
            [&](IndexRef i) { y.store((in.load(position(i)) - mean) / deviation, position(i)); });
  });
  return success();
}

/// Divides by (bias + alpha / size * sum of squares over `size` channels around)^beta.
static LogicalResult lrn(NodeLowering &n) {
  Tensor in = n.in(0);
  double alpha = n.attr("alpha", 1e-4), beta = n.attr("beta", 0.75), bias = n.attr("bias", 1.0);
  int64_t size = n.attr("size", int64_t(0));
  if (size < 1 || in.rank() < 2)
    return n.refuse(Refusal::AttributeValue, "expected a positive size");
  Emitter &e = n.e;
  Indices sizes = {in.dim(0), in.dim(1), product(in.dims().drop_front(2))};
  Tensor x = in.reshaped(sizes), y = n.result(0, in.dims(), in.type()).reshaped(sizes);
  e.loops(sizes, [&](IndexRef p) {
    Index first = max(p[1] - (size - 1) / 2, 0), last = min(p[1] + size / 2, in.dim(1) - 1);
    Scalar zero = e.constant(0, x.kind());
    Scalar squares = e.fold(last - first + 1, {zero}, [&](Index i, ArrayRef<Scalar> so) {
      Scalar v = x.load({p[0], first + i, p[2]});
      return Scalars{so[0] + v * v};
    })[0];
    Scalar base = squares * (alpha / double(size)) + bias;
    y.store(x.load(p) / math("pow", base, number(beta, base)), p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"BatchNormalization", 7, latestOpset, batchNormalization},
    {"GroupNormalization", 18, latestOpset, groupNormalization},
    {"InstanceNormalization", 7, latestOpset, instanceNormalization},
    {"LRN", 1, latestOpset, lrn},
    {"LayerNormalization", 17, latestOpset, layerNormalization},
    {"LogSoftmax", 1, latestOpset, logSoftmaxOf},
    {"LpNormalization", 1, latestOpset, lpNormalization},
    {"MeanVarianceNormalization", 9, latestOpset, meanVarianceNormalization},
    {"RMSNormalization", 23, latestOpset, rmsNormalization},
    {"Softmax", 1, latestOpset, softmaxOf},
};

ArrayRef<LoweringRow> quantc::toloops::normalizationLowerings() { return rows; }
