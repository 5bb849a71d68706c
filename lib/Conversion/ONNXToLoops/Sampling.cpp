//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GridSample, AffineGrid, RoiAlign, DeformConv: reading images between their pixels.
//
//===----------------------------------------------------------------------===//

#include "Windows.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

static Scalar real(Emitter &e, Index index, Compute kind) {
  return convert(e.toScalar(index), kind);
}

//===----------------------------------------------------------------------===//
// AffineGrid
//===----------------------------------------------------------------------===//

static LogicalResult affineGrid(NodeLowering &n) {
  Tensor theta = n.in(0);
  Emitter &e = n.e;
  bool corners = n.attr("align_corners", int64_t(0)) != 0;
  if (theta.rank() != 3)
    return n.refuse(Refusal::Rank, "expected theta [N, 2, 3] or [N, 3, 4]");
  std::optional<int64_t> length = n.declaredRank(0);
  if (theta.dim(1).constant())
    length = *theta.dim(1).constant() + 2;
  FailureOr<Indices> size = n.ints(1, length);
  if (failed(size) || size->size() < 3)
    return n.refuse(Refusal::Operand, "expected size [N, C, ...]");
  int64_t axes = int64_t(size->size()) - 2;
  Scalar fits = e.equal((*size)[0], theta.dim(0)) & e.equal(theta.dim(1), axes) &
                e.equal(theta.dim(2), axes + 1);
  for (Index length : *size)
    fits = fits & !e.less(length, 0);
  e.check(fits, "theta and size do not fit each other");
  Indices sizes = {(*size)[0]};
  sizes.append(size->begin() + 2, size->end());
  sizes.push_back(axes);
  Tensor out = n.result(0, sizes, theta.type());
  e.loops(IndexRef(sizes).drop_back(), [&](IndexRef p) {
    // x first: the last axis.
    Scalars base;
    for (int64_t i = axes; i > 0; --i) {
      Scalar at = real(e, p[i], theta.kind()), count = real(e, sizes[i], theta.kind());
      Scalar edge = select(e.equal(sizes[i], 1), number(-1, at), at * 2.0 / (count - 1.0) - 1.0);
      base.push_back(corners ? edge : (at * 2.0 + 1.0) / count - 1.0);
    }
    e.loop(axes, [&](Index row) {
      Scalar sum = theta.load({p[0], row, axes});
      for (int64_t k = 0; k < axes; ++k)
        sum = sum + theta.load({p[0], row, k}) * base[k];
      Indices to(p);
      to.push_back(row);
      out.store(sum, to);
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

namespace {
struct Sampler {
  Tensor x;
  int64_t axes;
  std::string mode, padding;
  bool corners;
};
} // namespace

/// Folds a coordinate back into [low, high] as mirrors at both ends do.
static Scalar reflect(Scalar v, Scalar low, Scalar high) {
  Scalar span = high - low, zero = number(0, v);
  Scalar safe = select(span == zero, number(1, v), span);
  Scalar distance = abs(v - low), turns = math("floor", distance / safe);
  Scalar rest = distance - turns * safe;
  Scalar odd = turns - math("floor", turns * 0.5) * 2.0 == number(1, v);
  return select(span == zero, low, select(odd, high - rest, low + rest));
}

/// A coordinate in pixels, after padding.
static Scalar pixelOf(Emitter &e, const Sampler &s, Scalar g, Index size) {
  Scalar length = real(e, size, g.kind), one = number(1, g);
  Scalar v = s.corners ? (g + 1.0) * 0.5 * (length - one) : ((g + 1.0) * length - one) * 0.5;
  Scalar low = number(s.corners ? 0 : -0.5, g), high = length - (s.corners ? 1.0 : 0.5);
  if (s.mode == "nearest")
    v = math("roundEven", v);
  // Cubic weights are those of the place itself; only the pixels that they meet are moved.
  if (s.padding == "zeros" || (s.padding == "border" && s.mode == "cubic"))
    return v;
  Scalar outside = s.padding == "border" ? (v < 0.0) | (v > length - one) : (v < low) | (v > high);
  Scalar folded =
      s.padding == "border" ? max(min(v, length - one), number(0, v)) : reflect(v, low, high);
  return select(outside, folded, v);
}

/// The pixel at whole coordinates; outside, what the padding says.
static Scalar pixelAt(Emitter &e, const Sampler &s, Index batch, Index channel,
                      ArrayRef<Scalar> at) {
  Indices place = {batch, channel};
  Scalar inside = e.boolean(true);
  for (int64_t i = 0; i < s.axes; ++i) {
    Index size = s.x.dim(2 + i);
    Scalar v = at[i];
    if (s.padding == "reflection") {
      Scalar length = real(e, size, v.kind);
      Scalar low = number(s.corners ? 0 : -0.5, v), high = length - (s.corners ? 1.0 : 0.5);
      Scalar outside = (v < 0.0) | (v > length - 1.0);
      v = select(outside, reflect(v, low, high), v);
    }
    Scalar index = convert(v, Compute::I64);
    Scalar last = e.toScalar(size - 1);
    inside = inside & (index >= 0) & (index <= last);
    place.push_back(e.toIndex(max(min(index, last), e.i64(0))));
  }
  Scalar value = s.x.load(place);
  return s.padding == "zeros" ? select(inside, value, number(0, value)) : value;
}

/// Weight of tap `i` (0 or 1; for cubic 0 to 3, from the one before) at a fraction.
static Scalar tapWeight(const Sampler &s, Scalar fraction, Index tap, Emitter &e) {
  Scalar distance = abs(real(e, tap, fraction.kind) - (s.mode == "cubic" ? 1.0 : 0.0) - fraction);
  if (s.mode != "cubic")
    return 1.0 - distance;
  double a = -0.75;
  Scalar d2 = distance * distance, d3 = d2 * distance;
  return select(distance <= 1.0, d3 * (a + 2) - d2 * (a + 3) + 1.0,
                d3 * a - d2 * (5 * a) + distance * (8 * a) - 4 * a);
}

static Scalar sample(Emitter &e, const Sampler &s, Index batch, Index channel,
                     ArrayRef<Scalar> at) {
  if (s.mode == "nearest")
    return pixelAt(e, s, batch, channel, at);
  int64_t taps = s.mode == "cubic" ? 4 : 2, first = s.mode == "cubic" ? -1 : 0;
  Scalars whole;
  for (Scalar v : at)
    whole.push_back(math("floor", v));
  Indices box(size_t(s.axes), Index(taps));
  Scalar zero = e.constant(0, at[0].kind);
  return e.foldOver(box, {zero}, [&](IndexRef tap, ArrayRef<Scalar> so) {
    Scalars place;
    Scalar weight = number(1, zero);
    for (int64_t i = 0; i < s.axes; ++i) {
      place.push_back(whole[i] + real(e, tap[i] + first, zero.kind));
      weight = weight * tapWeight(s, at[i] - whole[i], tap[i], e);
    }
    Scalar value = convert(pixelAt(e, s, batch, channel, place), zero.kind);
    return Scalars{so[0] + value * weight};
  })[0];
}

static LogicalResult gridSample(NodeLowering &n) {
  Tensor x = n.in(0), grid = n.in(1);
  Emitter &e = n.e;
  Sampler s{x, x.rank() - 2, n.attr("mode", n.opset() < 20 ? "bilinear" : "linear"),
            n.attr("padding_mode", "zeros"), n.attr("align_corners", int64_t(0)) != 0};
  if (s.mode == "bilinear")
    s.mode = "linear";
  if (s.mode == "bicubic")
    s.mode = "cubic";
  if (s.mode != "linear" && s.mode != "cubic" && s.mode != "nearest")
    return n.refuse(Refusal::AttributeValue, "expected mode linear, cubic or nearest");
  if (s.padding != "zeros" && s.padding != "border" && s.padding != "reflection")
    return n.refuse(Refusal::AttributeValue, "expected padding_mode zeros, border or reflection");
  if (s.axes < 1 || grid.rank() != x.rank())
    return n.refuse(Refusal::Rank, "expected input and grid of one rank");
  e.check(e.equal(grid.dim(-1), s.axes) & e.equal(grid.dim(0), x.dim(0)),
          "input and grid do not fit each other");
  for (int64_t i = 0; i < s.axes; ++i)
    e.check(e.less(0, x.dim(2 + i)), "the image is empty");
  Indices sizes = {x.dim(0), x.dim(1)};
  sizes.append(grid.dims().begin() + 1, grid.dims().end() - 1);
  Tensor out = n.result(0, sizes, x.type());
  Compute kind = x.kind() == Compute::F64 ? Compute::F64 : grid.kind();
  Indices places(sizes);
  places.erase(places.begin() + 1);
  e.loops(places, [&](IndexRef p) {
    Scalars at;
    for (int64_t i = 0; i < s.axes; ++i) { // the grid says x first
      Indices from(p);
      from.push_back(s.axes - 1 - i);
      at.push_back(pixelOf(e, s, convert(grid.load(from), kind), x.dim(2 + i)));
    }
    e.loop(x.dim(1), [&](Index channel) {
      Indices to(p);
      to.insert(to.begin() + 1, channel);
      out.store(sample(e, s, p[0], channel, at), to);
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

/// Four pixels around (y, x) with their weights; `combine` meets the weighted pixels of one point.
static Scalar bilinear(Emitter &e, const Tensor &image, Index batch, Index channel, Scalar y,
                       Scalar x, bool largest) {
  Index height = image.dim(2), width = image.dim(3);
  Scalar h = real(e, height, y.kind), w = real(e, width, x.kind), zero = number(0, y);
  Scalar outside = (y < -1.0) | (y > h) | (x < -1.0) | (x > w);
  auto split = [&](Scalar v, Index size) {
    Scalar low = math("floor", max(v, zero)), last = real(e, size - 1, v.kind);
    Scalar atEnd = low >= last;
    low = select(atEnd, last, low);
    Scalar fraction = select(atEnd, zero, max(v, zero) - low);
    Index first = e.toIndex(convert(low, Compute::I64));
    return std::tuple(first, min(first + 1, size - 1), fraction);
  };
  auto [y0, y1, fy] = split(y, height);
  auto [x0, x1, fx] = split(x, width);
  auto pixel = [&](Index row, Index column) {
    return convert(image.load({batch, channel, row, column}), zero.kind);
  };
  Scalar a = pixel(y0, x0) * (1.0 - fy) * (1.0 - fx), b = pixel(y0, x1) * (1.0 - fy) * fx,
         c = pixel(y1, x0) * fy * (1.0 - fx), d = pixel(y1, x1) * fy * fx;
  Scalar value = largest ? max(max(a, b), max(c, d)) : a + b + c + d;
  return select(outside, zero, value);
}

static LogicalResult roiAlign(NodeLowering &n) {
  Tensor x = n.in(0), rois = n.in(1), batches = n.in(2);
  Emitter &e = n.e;
  int64_t height = n.attr("output_height", int64_t(1)), width = n.attr("output_width", int64_t(1));
  int64_t ratio = n.attr("sampling_ratio", int64_t(0));
  double scale = n.attr("spatial_scale", 1.0);
  std::string mode = n.attr("mode", "avg");
  bool largest = mode == "max";
  bool half =
      n.opset() >= 16 && n.attr("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  if (mode != "avg" && mode != "max")
    return n.refuse(Refusal::AttributeValue, "expected mode avg or max");
  if (x.rank() != 4 || rois.rank() != 2 || height < 1 || width < 1)
    return n.refuse(Refusal::Rank, "expected an image [N, C, H, W] and regions [R, 4]");
  e.check(e.equal(rois.dim(1), 4) & e.equal(batches.count(), rois.dim(0)),
          "regions and batch_indices do not fit each other");
  e.check(e.less(0, x.dim(2)) & e.less(0, x.dim(3)), "the image is empty");
  Tensor out = n.result(0, {rois.dim(0), x.dim(1), height, width}, x.type());
  e.loop(rois.dim(0), [&](Index r) {
    Index batch = wrapIndex(e, batches.load({r}), x.dim(0));
    auto corner = [&](int64_t i) { return rois.load({r, i}) * scale - (half ? 0.5 : 0.0); };
    Scalar left = corner(0), top = corner(1), w = corner(2) - left, h = corner(3) - top;
    if (!half) { // malformed regions have the size 1
      w = max(w, number(1, w));
      h = max(h, number(1, h));
    }
    Scalar binH = h / double(height), binW = w / double(width);
    auto samples = [&](Scalar bin) {
      return ratio > 0 ? Index(ratio) : max(e.toIndex(math("ceil", bin)), 0);
    };
    Index rows = samples(binH), columns = samples(binW);
    Scalar count = real(e, max(rows * columns, 1), w.kind);
    e.loops({x.dim(1), height, width}, [&](IndexRef p) {
      Scalar start = e.constant(largest ? -HUGE_VAL : 0, w.kind);
      Scalar sum = e.foldOver({rows, columns}, {start}, [&](IndexRef i, ArrayRef<Scalar> so) {
        auto at = [&](Scalar origin, Scalar bin, Index cell, Index k, Index of) {
          return origin + real(e, cell, w.kind) * bin +
                 (real(e, k, w.kind) + 0.5) * bin / real(e, of, w.kind);
        };
        Scalar value = bilinear(e, x, batch, p[0], at(top, binH, p[1], i[0], rows),
                                at(left, binW, p[2], i[1], columns), largest);
        return Scalars{largest ? max(so[0], value) : so[0] + value};
      })[0];
      if (largest)
        sum = select(e.less(0, rows * columns), sum, number(0, sum));
      out.store(largest ? sum : sum / count, {r, p[0], p[1], p[2]});
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

/// A pixel between pixels; those outside are 0.
static Scalar sampleOrZero(Emitter &e, const Tensor &x, Index batch, Index channel,
                           ArrayRef<Scalar> at) {
  Sampler s{x, int64_t(at.size()), "linear", "zeros", true};
  return sample(e, s, batch, channel, at);
}

namespace {
struct Deformed {
  Tensor x, w, offset, bias, mask;
  int64_t groups, offsets; ///< of channels, and of channels that share their offsets
  Window window;
  Index taps;
};
} // namespace

static FailureOr<Deformed> readDeformed(NodeLowering &n) {
  Emitter &e = n.e;
  Deformed d{n.in(0),
             n.in(1),
             n.in(2),
             n.in(3),
             n.in(4),
             n.attr("group", int64_t(1)),
             n.attr("offset_group", int64_t(1)),
             {},
             {}};
  int64_t rank = d.x.rank();
  if (rank < 3 || d.w.rank() != rank || d.offset.rank() != rank || d.groups < 1 || d.offsets < 1 ||
      (d.mask && d.mask.rank() != rank))
    return n.refuse(Refusal::Rank, "expected input, weight, offset and mask of one rank");
  Indices spatial(d.x.dims().drop_front(2)), kernel(d.w.dims().drop_front(2));
  FailureOr<Window> window = readWindow(n, spatial, kernel);
  if (failed(window))
    return failure();
  d.window = *window;
  d.taps = product(kernel);
  Index channels = d.x.dim(1);
  Scalar fits = e.equal(d.w.dim(1) * d.groups, channels) &
                e.equal(d.w.dim(0) / d.groups * d.groups, d.w.dim(0)) &
                e.equal(channels / d.offsets * d.offsets, channels) &
                e.equal(d.offset.dim(0), d.x.dim(0)) &
                e.equal(d.offset.dim(1), d.taps * (rank - 2) * d.offsets);
  if (d.mask)
    fits = fits & e.equal(d.mask.dim(0), d.x.dim(0)) & e.equal(d.mask.dim(1), d.taps * d.offsets);
  if (d.bias)
    fits = fits & e.equal(d.bias.count(), d.w.dim(0));
  for (int64_t i = 0; i < rank - 2; ++i) {
    fits = fits & e.equal(kernel[i], d.window.kernel[i]) & e.less(0, spatial[i]) &
           e.equal(d.offset.dim(2 + i), d.window.out[i]);
    if (d.mask)
      fits = fits & e.equal(d.mask.dim(2 + i), d.window.out[i]);
  }
  e.check(fits, "weight, offset or mask do not fit the input");
  return d;
}

/// What one tap of a channel reads for the place [batch, spatial...] of the result.
static Scalar deformedPixel(Emitter &e, const Deformed &d, IndexRef place, Index channel,
                            IndexRef tap) {
  int64_t axes = d.x.rank() - 2;
  Index group = channel / max(d.x.dim(1) / d.offsets, 1), number = 0;
  for (int64_t i = 0; i < axes; ++i)
    number = number * d.window.kernel[i] + tap[i];
  Indices where(place);
  where.insert(where.begin() + 1, Index(0));
  Scalars at;
  for (int64_t i = 0; i < axes; ++i) {
    where[1] = (group * d.taps + number) * axes + i;
    Index whole =
        place[1 + i] * d.window.strides[i] + tap[i] * d.window.dilations[i] - d.window.before[i];
    at.push_back(real(e, whole, d.x.kind()) + d.offset.load(where));
  }
  Scalar value = sampleOrZero(e, d.x, place[0], channel, at);
  if (!d.mask)
    return value;
  where[1] = group * d.taps + number;
  return value * d.mask.load(where);
}

/// All pixels that one place meets are read first; then every channel of the result weighs them.
static LogicalResult deformConv(NodeLowering &n) {
  Emitter &e = n.e;
  FailureOr<Deformed> read = readDeformed(n);
  if (failed(read))
    return failure();
  const Deformed &d = *read;
  Indices sizes = {d.x.dim(0), d.w.dim(0)}, places = {d.x.dim(0)}, box = {d.x.dim(1)};
  sizes.append(d.window.out.begin(), d.window.out.end());
  places.append(d.window.out.begin(), d.window.out.end());
  box.append(d.window.kernel.begin(), d.window.kernel.end());
  Tensor out = n.result(0, sizes, d.x.type());
  DType type = d.x.type() == DType::F64 ? DType::F64 : DType::F32;
  Tensor pixels = e.allocate(box, type), column = pixels.flat();
  Index length = d.w.dim(1) * d.taps, perGroup = max(d.w.dim(0) / d.groups, 1);
  Tensor weights = d.w.reshaped({d.w.dim(0), length});
  e.loops(places, [&](IndexRef place) {
    e.loops(box,
            [&](IndexRef p) { pixels.store(deformedPixel(e, d, place, p[0], p.drop_front()), p); });
    e.loop(d.w.dim(0), [&](Index o) {
      Index first = o / perGroup * length;
      Scalar start = d.bias ? d.bias.load({o}) : e.constant(0, d.x.kind());
      Scalar sum = e.fold(length, {start}, [&](Index i, ArrayRef<Scalar> so) {
        return Scalars{so[0] + column.load({first + i}) * weights.load({o, i})};
      })[0];
      Indices to(place);
      to.insert(to.begin() + 1, o);
      out.store(sum, to);
    });
  });
  return success();
}

static const LoweringRow rows[] = {
    {"AffineGrid", 20, latestOpset, affineGrid},
    {"DeformConv", 19, latestOpset, deformConv},
    {"GridSample", 16, latestOpset, gridSample},
    {"RoiAlign", 10, latestOpset, roiAlign},
};

ArrayRef<LoweringRow> quantc::toloops::samplingLowerings() { return rows; }
