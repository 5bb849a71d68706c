//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Resize and Upsample, one axis after the other.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// What holds for all axes.
struct Resizing {
  std::string mode, coordinates, nearest;
  double cubic = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// One axis: float64 scale, the result's size, and the region of interest.
struct ResizedAxis {
  int64_t axis;
  Scalar scale;
  Index out;
  std::optional<std::pair<Scalar, Scalar>> region;
  bool same = false;    ///< known to change nothing
  bool byScale = false; ///< the node gives the scale, not the size
};

/// Where an element of the result looks: the input's element to the left, and how far behind it.
struct Source {
  Scalar base, ratio;
  Scalar outside; ///< tf_crop_and_resize: beyond the input
};

/// What each element of the result sums: [out, taps] places in the input and their weights.
struct Taps {
  Index count;
  Tensor places, weights;
  Tensor outside; ///< [out]: takes the extrapolation value
};
} // namespace

//===----------------------------------------------------------------------===//
// Coordinates
//===----------------------------------------------------------------------===//

/// What coordinates are computed in. Where scales or regions, which are float32, meet whole and
/// half numbers, rounding decides which element is the nearest: float32, as ONNX Runtime computes
/// them, gives 2 for 1.5 / 0.6 - 0.5.
static Compute coordinateKind(const Resizing &r, const ResizedAxis &a) {
  return r.mode == "nearest" && (a.byScale || a.region) ? Compute::F32 : Compute::F64;
}

/// Coordinate in the input of element `o`.
static Scalar coordinate(Emitter &e, const Resizing &r, const ResizedAxis &a, Index in, Index o) {
  Compute kind = coordinateKind(r, a);
  auto real = [&](Index i) { return convert(e.toScalar(i), kind); };
  Scalar x = real(o), size = real(in), scale = convert(a.scale, kind), width = scale * size;
  Scalar half = (x + 0.5) / scale - 0.5;
  if (r.coordinates == "asymmetric")
    return x / scale;
  if (r.coordinates == "align_corners")
    return select(width == 1.0, number(0, x), x * (size - 1.0) / (width - 1.0));
  if (r.coordinates == "pytorch_half_pixel")
    return select(width == 1.0, number(-0.5, x), half);
  if (r.coordinates == "tf_half_pixel_for_nn")
    return (x + 0.5) / scale;
  if (r.coordinates == "half_pixel_symmetric")
    return size / 2.0 * (1.0 - real(a.out) / width) + half;
  if (r.coordinates == "tf_crop_and_resize") {
    Scalar start = convert(a.region->first, kind), end = convert(a.region->second, kind);
    Scalar span = (end - start) * (size - 1.0);
    return select(width == 1.0, span / 2.0, x * span / (width - 1.0)) + start * (size - 1.0);
  }
  return half;
}

static Source sourceOf(Emitter &e, const Resizing &r, const ResizedAxis &a, Index in, Index o) {
  Scalar x = coordinate(e, r, a, in, o), base = math("floor", x);
  Source s{convert(base, Compute::I64), x - base, e.boolean(false)};
  if (r.coordinates == "tf_crop_and_resize")
    s.outside = (x < 0.0) | (x > convert(e.toScalar(in), x.kind) - 1.0);
  return s;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The cubic kernel at distance x.
static Scalar cubicAt(Scalar x, double a) {
  x = abs(x);
  Scalar x2 = x * x, x3 = x2 * x;
  Scalar near = x3 * (a + 2) - x2 * (a + 3) + 1.0;
  Scalar far = x3 * a - x2 * (5 * a) + x * (8 * a) - 4 * a;
  return select(x <= 1.0, near, select(x < 2.0, far, number(0, x)));
}

static Scalar linearAt(Scalar x) { return max(1.0 - abs(x), number(0, x)); }

/// 1 for the one element that nearest mode takes: the one to the left, or that behind it.
static Scalar nearestStep(const Resizing &r, const ResizedAxis &a, Scalar ratio) {
  Scalar one = number(1, ratio), zero = number(0, ratio);
  if (r.nearest == "opset 10") // where it shrinks the one behind
    return select((a.scale < 1.0) & (ratio > 0.0), one, zero);
  if (r.nearest == "floor")
    return zero;
  if (r.nearest == "ceil")
    return select(ratio > 0.0, one, zero);
  return r.nearest == "round_prefer_ceil" ? select(ratio >= 0.5, one, zero)
                                          : select(ratio > 0.5, one, zero);
}

/// First tap relative to the element on the left, and the number of taps.
static std::pair<Index, Index> tapsOf(Emitter &e, const Resizing &r, const ResizedAxis &a) {
  if (r.mode == "nearest")
    return {Index(0), Index(1)};
  double reach = r.mode == "cubic" ? 2 : 1;
  if (!r.antialias)
    return {Index(1 - int64_t(reach)), Index(2 * int64_t(reach))};
  Scalar shrink = min(a.scale, number(1, a.scale));
  Index first = e.toIndex(math("floor", -reach / shrink)) + 1;
  return {first, Index(2) - first * 2};
}

/// Weight of the element `distance` behind the coordinate.
static Scalar weightAt(const Resizing &r, const ResizedAxis &a, Scalar distance) {
  if (r.antialias)
    distance = distance * min(a.scale, number(1, a.scale));
  return r.mode == "cubic" ? cubicAt(distance, r.cubic) : linearAt(distance);
}

static Taps tabulate(Emitter &e, const Resizing &r, const ResizedAxis &a, Index in) {
  std::pair<Index, Index> window = tapsOf(e, r, a);
  Index first = window.first, count = window.second;
  Taps t{count, e.allocate({a.out, count}, DType::I64), e.allocate({a.out, count}, DType::F64),
         e.allocate({a.out}, DType::Bool)};
  bool nearest = r.mode == "nearest";
  e.loop(a.out, [&](Index o) {
    Source s = sourceOf(e, r, a, in, o);
    t.outside.store(s.outside, {o});
    if (nearest)
      s.base = s.base + convert(nearestStep(r, a, s.ratio), Compute::I64);
    Scalar total = e.fold(count, {e.constant(0, Compute::F64)}, [&](Index i, ArrayRef<Scalar> so) {
      Index place = e.toIndex(s.base) + first + i;
      t.places.store(e.toScalar(max(min(place, in - 1), 0)), {o, i});
      Scalar weight = e.constant(1, Compute::F64);
      if (!nearest)
        weight = weightAt(r, a, convert(e.toScalar(first + i), Compute::F64) - s.ratio);
      if (r.excludeOutside)
        weight = select(!e.less(place, 0) & e.less(place, in), weight, number(0, weight));
      t.weights.store(weight, {o, i});
      return Scalars{so[0] + weight};
    })[0];
    if (r.excludeOutside || r.antialias)
      e.loop(count, [&](Index i) {
        Scalar whole = select(total == 0.0, number(1, total), total);
        t.weights.store(t.weights.load({o, i}) / whole, {o, i});
      });
  });
  return t;
}

/// y[outer, o, inner] from x[outer, in, inner].
static void resizeAxis(Emitter &e, const Resizing &r, const ResizedAxis &a, const Tensor &x,
                       const Tensor &y) {
  e.check(e.less(0, x.dim(1)) | e.equal(a.out, 0), "an axis without elements cannot grow");
  Taps t = tabulate(e, r, a, x.dim(1));
  bool crops = r.coordinates == "tf_crop_and_resize";
  e.loops({x.dim(0), a.out, x.dim(2)}, [&](IndexRef p) {
    auto load = [&](Index tap) {
      return x.load({p[0], e.toIndex(t.places.load({p[1], tap})), p[2]});
    };
    Scalar value = {};
    if (r.mode == "nearest")
      value = load(0);
    else
      value = e.fold(t.count, {e.constant(0, Compute::F64)}, [&](Index i, ArrayRef<Scalar> so) {
        return Scalars{so[0] + convert(load(i), Compute::F64) * t.weights.load({p[1], i})};
      })[0];
    if (crops)
      value = select(t.outside.load({p[1]}), number(r.extrapolation, value), value);
    y.store(value, p);
  });
}

//===----------------------------------------------------------------------===//
// The node
//===----------------------------------------------------------------------===//

/// Whether an input is there and holds something.
static bool filled(NodeLowering &n, unsigned index) {
  return n.has(index) && !n.in(index).count().is(0);
}

/// An element of a float input, folded where it is known.
static std::optional<double> knownElement(NodeLowering &n, unsigned index, int64_t i) {
  auto known = n.scope.constants.find(n.node.getOptionalInput(index));
  if (known == n.scope.constants.end())
    return std::nullopt;
  auto values = readFloats(known->second);
  if (!values || i >= int64_t(values->size()))
    return std::nullopt;
  return double((*values)[i]);
}

/// The size that a float32 scale gives, in float32: 10 elements at 0.7 become 7.
static Index scaledSize(Emitter &e, Index in, Scalar scale, std::optional<double> known) {
  if (known && in.constant())
    return int64_t(std::floor(float(*known) * float(*in.constant())));
  Scalar size = convert(e.toScalar(in), Compute::F32);
  return e.toIndex(math("floor", convert(scale, Compute::F32) * size));
}

/// Scale and size of an axis from a scale.
static void setScale(NodeLowering &n, ResizedAxis &a, unsigned input, int64_t i, Index in) {
  Emitter &e = n.e;
  std::optional<double> known = knownElement(n, input, i);
  a.scale = known ? e.constant(*known, Compute::F64) : convert(n.in(input).load({i}), Compute::F64);
  e.check(a.scale > 0.0, "a scale is not positive");
  a.out = scaledSize(e, in, a.scale, known);
  a.same = known && *known == 1.0;
  a.byScale = true;
}

/// One scale for all axes, so that the result is not larger (smaller) than the sizes say.
static LogicalResult keepRatio(NodeLowering &n, MutableArrayRef<ResizedAxis> axes,
                               const Tensor &in) {
  std::string policy = n.attr("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch")
    return success();
  if (policy != "not_larger" && policy != "not_smaller")
    return n.refuse(Refusal::AttributeValue, "unknown keep_aspect_ratio_policy");
  Scalar scale = axes.front().scale;
  for (const ResizedAxis &a : axes.drop_front())
    scale = policy == "not_larger" ? min(scale, a.scale) : max(scale, a.scale);
  for (ResizedAxis &a : axes) {
    a.scale = scale;
    Scalar size = convert(n.e.toScalar(in.dim(a.axis)), Compute::F64);
    a.out = n.e.toIndex(math("floor", scale * size + 0.5));
    a.same = false;
  }
  return success();
}

static FailureOr<SmallVector<ResizedAxis>>
readAxes(NodeLowering &n, const Tensor &in, unsigned scales, unsigned sizes, unsigned region) {
  Emitter &e = n.e;
  SmallVector<int64_t> list;
  if (auto given = n.intsAttr("axes"))
    list = *given;
  else
    for (int64_t axis = 0; axis < in.rank(); ++axis)
      list.push_back(axis);
  SmallVector<ResizedAxis> axes;
  FailureOr<Indices> wanted = Indices();
  bool bySize = sizes != ~0u && filled(n, sizes);
  if (bySize)
    wanted = n.ints(sizes, int64_t(list.size()));
  else if (!filled(n, scales))
    return n.refuse(Refusal::Operand, "expected scales or sizes");
  if (failed(wanted) || (bySize && wanted->size() != list.size()))
    return n.refuse(Refusal::Operand, "expected a size for each axis");
  int64_t count = int64_t(list.size());
  bool hasRegion = region != ~0u && filled(n, region);
  if (!bySize)
    e.check(e.equal(n.in(scales).count(), count), "expected a scale for each axis");
  if (hasRegion)
    e.check(e.equal(n.in(region).count(), 2 * count), "expected two numbers of roi for each axis");
  for (auto [i, given] : llvm::enumerate(list)) {
    FailureOr<int64_t> axis = n.reader.normalizeAxis(given, in.rank());
    if (failed(axis))
      return failure();
    ResizedAxis a{*axis, {}, {}, std::nullopt};
    Index size = in.dim(*axis);
    if (bySize) {
      a.out = (*wanted)[i];
      e.check(!e.less(a.out, 0), "a size is negative");
      a.scale = convert(e.toScalar(a.out), Compute::F64) / convert(e.toScalar(size), Compute::F64);
      a.same = a.out.same(size);
    } else {
      setScale(n, a, scales, int64_t(i), size);
    }
    if (hasRegion)
      a.region = {convert(n.in(region).load({int64_t(i)}), Compute::F64),
                  convert(n.in(region).load({count + int64_t(i)}), Compute::F64)};
    axes.push_back(a);
  }
  if (bySize && failed(keepRatio(n, axes, in)))
    return failure();
  return axes;
}

/// A sum as an element of an integer type: whole (linear sums are cut, others rounded), within the
/// type's range.
static Scalar wholeNumber(Emitter &e, const Resizing &r, Scalar value, DType type) {
  value = math(r.mode == "linear" && !r.antialias ? "trunc" : "roundEven", value);
  unsigned bits = bitWidth(type);
  if (type == DType::Bool || bits >= 64)
    return value;
  int64_t high = (int64_t(1) << (isSignedInteger(type) ? bits - 1 : bits)) - 1;
  int64_t low = isSignedInteger(type) ? -high - 1 : 0;
  return min(max(convert(value, Compute::I64), e.i64(low)), e.i64(high));
}

static LogicalResult resizeAll(NodeLowering &n, const Resizing &r, ArrayRef<ResizedAxis> axes) {
  Tensor x = n.in(0);
  DType type = x.type(), inner = type == DType::F64 ? DType::F64 : DType::F32;
  bool crops = r.coordinates == "tf_crop_and_resize";
  for (const ResizedAxis &a : axes) {
    if (crops && !a.region)
      return n.refuse(Refusal::Operand, "expected roi");
    if (a.same && !crops)
      continue;
    Indices sizes(x.dims()), parts = {product(x.dims().take_front(a.axis)), x.dim(a.axis),
                                      product(x.dims().drop_front(a.axis + 1))};
    sizes[a.axis] = a.out;
    // Nearest elements stay what they are; sums are rounded once, at the end.
    Tensor y = n.e.allocate(sizes, r.mode == "nearest" ? type : inner);
    resizeAxis(n.e, r, a, x.reshaped(parts), y.reshaped({parts[0], a.out, parts[2]}));
    x = y;
  }
  if (x.type() != type) {
    Tensor out = n.e.allocate(x.dims(), type);
    mapUnary(n.e, x, out, [&](Scalar value) {
      return toloops::isFloat(out.kind()) ? value : wholeNumber(n.e, r, value, type);
    });
    x = out;
  }
  n.bind(0, x);
  return success();
}

static LogicalResult resize(NodeLowering &n) {
  Resizing r;
  r.mode = n.attr("mode", "nearest");
  bool old = n.opset() < 11;
  r.coordinates = old ? "asymmetric" : n.attr("coordinate_transformation_mode", "half_pixel");
  r.nearest = old ? "opset 10" : n.attr("nearest_mode", "round_prefer_floor");
  r.cubic = n.attr("cubic_coeff_a", -0.75);
  r.extrapolation = n.attr("extrapolation_value", 0.0);
  r.excludeOutside = n.attr("exclude_outside", int64_t(0)) != 0;
  r.antialias = n.attr("antialias", int64_t(0)) != 0 && r.mode != "nearest";
  StringRef known[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",  "align_corners",
                       "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn"};
  if (r.mode != "nearest" && r.mode != "linear" && r.mode != "cubic")
    return n.refuse(Refusal::AttributeValue, "expected mode nearest, linear or cubic");
  StringRef modes[] = {"opset 10", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
  if (!llvm::is_contained(modes, r.nearest))
    return n.refuse(Refusal::AttributeValue, "unknown nearest_mode");
  if (!llvm::is_contained(known, r.coordinates))
    return n.refuse(Refusal::AttributeValue, "unknown coordinate_transformation_mode");
  unsigned region = r.coordinates == "tf_crop_and_resize" ? 1 : ~0u; // others leave it alone
  auto axes = old ? readAxes(n, n.in(0), 1, ~0u, ~0u) : readAxes(n, n.in(0), 2, 3, region);
  return failed(axes) ? failure() : resizeAll(n, r, *axes);
}

/// As Resize 10; before opset 9 the scales are an attribute.
static LogicalResult upsample(NodeLowering &n) {
  Resizing r{n.attr("mode", "nearest"), "asymmetric", "floor"};
  if (r.mode != "nearest" && r.mode != "linear")
    return n.refuse(Refusal::AttributeValue, "expected mode nearest or linear");
  if (n.opset() >= 9) {
    auto axes = readAxes(n, n.in(0), 1, ~0u, ~0u);
    return failed(axes) ? failure() : resizeAll(n, r, *axes);
  }
  auto scales = n.floatsAttr("scales");
  Tensor in = n.in(0);
  if (!scales || int64_t(scales->size()) != in.rank())
    return n.refuse(Refusal::AttributeValue, "expected a scale for each axis");
  SmallVector<ResizedAxis> axes;
  for (auto [axis, scale] : llvm::enumerate(*scales)) {
    if (!(scale > 0))
      return n.refuse(Refusal::AttributeValue, "a scale is not positive");
    ResizedAxis a{int64_t(axis), n.e.constant(scale, Compute::F64), {}, std::nullopt};
    a.out = scaledSize(n.e, in.dim(axis), a.scale, scale);
    a.same = scale == 1.0f;
    a.byScale = true;
    axes.push_back(a);
  }
  return resizeAll(n, r, axes);
}

static const LoweringRow rows[] = {
    {"Resize", 10, latestOpset, resize},
    {"Upsample", 7, 9, upsample},
};

ArrayRef<LoweringRow> quantc::toloops::resamplingLowerings() { return rows; }
