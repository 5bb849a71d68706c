//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// QONNX: quantization as a function of floats, with scale, zero point and widths as operands that
// broadcast. In the input's type, one rounding an operation, as QONNX's sample implementations
// [NUM-QNT-5].
//
// Unlike QuantizeLinear the zero point is added before rounding, and a value is limited before it
// is rounded. NaN stays NaN.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// What the ops share
//===----------------------------------------------------------------------===//

enum class Rounding { HalfEven, Ceil, Floor, Up, Down, HalfUp, HalfDown };

/// Upper and lower case are the same.
static FailureOr<Rounding> readRounding(NodeLowering &n, const char *absent) {
  std::string name = StringRef(n.attr("rounding_mode", absent)).upper();
  auto mode = llvm::StringSwitch<std::optional<Rounding>>(name)
                  .Cases({"ROUND", "HALF_EVEN"}, Rounding::HalfEven)
                  .Case("CEIL", Rounding::Ceil)
                  .Case("FLOOR", Rounding::Floor)
                  .Case("UP", Rounding::Up)
                  .Cases({"DOWN", "ROUND_TO_ZERO"}, Rounding::Down)
                  .Case("HALF_UP", Rounding::HalfUp)
                  .Case("HALF_DOWN", Rounding::HalfDown)
                  .Default(std::nullopt);
  if (!mode)
    return n.refuse(Refusal::AttributeValue, "unknown rounding_mode '" + name + "'");
  return *mode;
}

/// Up and down are away from zero and towards it, and so are ties of the half modes.
static Scalar rounded(Rounding mode, Scalar x) {
  auto signedAs = [&](Scalar magnitude) { return math("copysign", magnitude, x); };
  switch (mode) {
  case Rounding::HalfEven:
    return math("roundEven", x);
  case Rounding::Ceil:
    return math("ceil", x);
  case Rounding::Floor:
    return math("floor", x);
  case Rounding::Up:
    return signedAs(math("ceil", abs(x)));
  case Rounding::Down:
    return math("trunc", x);
  case Rounding::HalfUp:
    return signedAs(math("floor", abs(x) + 0.5));
  case Rounding::HalfDown:
    return signedAs(math("ceil", abs(x) - 0.5));
  }
  llvm_unreachable("all modes are handled");
}

static LogicalResult expectFloats(NodeLowering &n) {
  return quantc::isFloat(n.in(0).type()) ? success()
                                         : n.refuse(Refusal::ElementType, "expected floats");
}

static Scalar powerOfTwo(Scalar exponent) { return math("pow", number(2, exponent), exponent); }

/// Stays NaN, unlike min and max.
static Scalar limited(Scalar x, Scalar low, Scalar high) {
  Scalar below = toloops::select(x > high, high, x);
  return toloops::select(below < low, low, below);
}

namespace {
/// The codes of a width, which is an operand.
struct Codes {
  bool isSigned, narrow;
  std::optional<std::pair<Scalar, Scalar>> known = std::nullopt; ///< limits of all elements

  std::pair<Scalar, Scalar> limits(Scalar bits) const {
    if (!isSigned)
      return {number(0, bits), powerOfTwo(bits) - (narrow ? 2.0 : 1.0)};
    Scalar half = powerOfTwo(bits - 1.0);
    return {number(narrow, half) - half, half - 1.0};
  }
  Scalar limit(Scalar x, Scalar bits) const {
    auto [low, high] = known ? *known : limits(bits);
    return limited(x, low, high);
  }
};
} // namespace

/// Where input `bits` is known to be one number, the limits are computed before any loop.
static Codes readCodes(NodeLowering &n, unsigned bits) {
  Codes codes{n.attr("signed", int64_t(1)) != 0, n.attr("narrow", int64_t(0)) != 0};
  if (n.in(bits).count().is(1))
    codes.known = codes.limits(convert(n.scalar(bits), n.in(0).kind()));
  return codes;
}

/// out = body(operands) over the broadcast of the first `count` inputs, all in the compute type of
/// the first.
static LogicalResult mapInputs(NodeLowering &n, unsigned count,
                               llvm::function_ref<Scalar(ArrayRef<Scalar>)> body) {
  SmallVector<Tensor> operands;
  for (unsigned i = 0; i < count; ++i)
    operands.push_back(n.in(i));
  auto shapes = llvm::map_to_vector(operands, [](const Tensor &t) { return t.dims(); });
  if (failed(expectFloats(n)))
    return failure();
  Tensor out = n.result(0, broadcast(n.e, shapes), operands[0].type());
  mapBroadcast(n.e, operands, out, [&](ArrayRef<Scalar> elements) {
    SmallVector<Scalar> same;
    for (const Scalar &element : elements)
      same.push_back(convert(element, out.kind()));
    return body(same);
  });
  return success();
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

/// Signed codes of one bit are -1 and 1.
static LogicalResult quant(NodeLowering &n) {
  FailureOr<Rounding> mode = readRounding(n, "ROUND");
  if (failed(mode) || failed(expectFloats(n)))
    return failure();
  Codes codes = readCodes(n, 3);
  return mapInputs(n, 4, [&](ArrayRef<Scalar> v) {
    Scalar scale = v[1], zero = v[2], bits = v[3];
    Scalar steps = v[0] / scale + zero;
    Scalar code = rounded(*mode, codes.limit(steps, bits));
    if (codes.isSigned) {
      Scalar sign = toloops::select(steps >= 0.0, number(1, steps), number(-1, steps));
      code = toloops::select(bits == 1.0, sign, code);
    }
    return (code - zero) * scale;
  });
}

static LogicalResult bipolarQuant(NodeLowering &n) {
  return mapInputs(n, 2, [](ArrayRef<Scalar> v) {
    return toloops::select(v[0] >= 0.0, number(1, v[0]), number(-1, v[0])) * v[1];
  });
}

/// Version 1: drops low bits and keeps the scale.
static LogicalResult truncBits(NodeLowering &n) {
  FailureOr<Rounding> mode = readRounding(n, "FLOOR");
  if (failed(mode))
    return failure();
  return mapInputs(n, 5, [&](ArrayRef<Scalar> v) {
    Scalar scale = v[1], zero = v[2], dropped = powerOfTwo(v[3] - v[4]);
    Scalar code = math("roundEven", v[0] / scale + zero);
    return (rounded(*mode, code / dropped) - zero) * scale;
  });
}

/// Version 2: codes of another scale, which is a power of two times the old one.
static LogicalResult truncScale(NodeLowering &n) {
  FailureOr<Rounding> mode = readRounding(n, "FLOOR");
  if (failed(mode) || failed(expectFloats(n)))
    return failure();
  Codes codes = readCodes(n, 5);
  return mapInputs(n, 6, [&](ArrayRef<Scalar> v) {
    Scalar scale = v[1], zero = v[2], toScale = v[4], bits = v[5];
    Scalar ratio = powerOfTwo(math("roundEven", math("log2", toScale / scale)));
    Scalar steps = math("roundEven", v[0] / scale + zero) / ratio;
    Scalar code = rounded(*mode, codes.limit(steps, bits));
    return (code - zero / ratio) * toScale;
  });
}

/// Floats of a few bits: exponent and mantissa widths, bias and greatest value are operands.
static LogicalResult floatQuant(NodeLowering &n) {
  FailureOr<Rounding> mode = readRounding(n, "ROUND");
  if (failed(mode))
    return failure();
  bool saturates = n.attr("saturation", int64_t(1)) != 0;
  bool infinite = n.attr("has_inf", int64_t(0)) != 0, nan = n.attr("has_nan", int64_t(0)) != 0;
  if (!saturates && !infinite && !nan)
    return n.refuse(Refusal::AttributeValue, "expected has_inf or has_nan where nothing saturates");
  double tiny = n.in(0).kind() == Compute::F64 ? 0x1p-1022 : 0x1p-126;
  return mapInputs(n, 6, [&](ArrayRef<Scalar> v) {
    Scalar x = v[0] / v[1], exponentBits = v[2], mantissaBits = v[3], bias = v[4];
    // In float64 the logarithm is below the exponent of the next power of two, as it should be.
    Scalar exponent = math("floor", math("log2", convert(abs(x) + tiny, Compute::F64)));
    Scalar least = convert(1.0 - bias - mantissaBits, Compute::F64);
    Scalar places = exponent - convert(mantissaBits, Compute::F64);
    Scalar step = convert(powerOfTwo(max(places, least)), x.kind);
    Scalar value = step * rounded(*mode, x / step);
    Scalar most =
        (2.0 - powerOfTwo(-mantissaBits)) * powerOfTwo(powerOfTwo(exponentBits) - 1.0 - bias);
    most = min(most, v[5]);
    if (saturates)
      return limited(value, -most, most) * v[1];
    Scalar beyond = number(infinite ? HUGE_VAL : std::nan(""), x);
    value = toloops::select(value > most, beyond, value);
    return toloops::select(value < -most, -beyond, value) * v[1];
  });
}

/// How many thresholds of its channel an element reaches, scaled and shifted.
static LogicalResult multiThreshold(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor in = n.in(0), levels = n.in(1);
  std::string layout = n.attr("data_layout", "NCHW");
  double scale = n.attr("out_scale", 1.0), shift = n.attr("out_bias", 0.0);
  if (in.rank() < 2 || levels.rank() != 2)
    return n.refuse(Refusal::Rank, "expected channels behind the batch, and thresholds of each");
  if (failed(expectFloats(n)))
    return failure();
  int64_t axis = !layout.empty() && layout.back() == 'C' ? in.rank() - 1 : 1;
  e.check(e.equal(levels.dim(0), 1) | e.equal(levels.dim(0), in.dim(axis)),
          "expected thresholds for each channel");
  Tensor out = n.result(0, in.dims(), in.type());
  e.loops(in.dims(), [&](IndexRef p) {
    Scalar x = in.load(p), none = number(0, x);
    Index channel = broadcastIndex(e, levels.dim(0), p[axis]);
    Scalar count = e.fold(levels.dim(1), {none}, [&](Index i, ArrayRef<Scalar> so) {
      Scalar level = convert(levels.load({channel, i}), x.kind);
      return Scalars{toloops::select(x >= level, so[0] + 1.0, so[0])};
    })[0];
    out.store(count * scale + shift, p);
  });
  return success();
}

ArrayRef<LoweringRow> quantc::toloops::qonnxLowerings() {
  static const std::vector<LoweringRow> all = [] {
    std::vector<LoweringRow> list;
    for (llvm::StringLiteral domain :
         {llvm::StringLiteral("finn.custom_op.general"), llvm::StringLiteral("onnx.brevitas"),
          llvm::StringLiteral("qonnx.custom_op.general")})
      list.insert(list.end(),
                  {{"BipolarQuant", 1, latestOpset, withInputs<2, bipolarQuant>, domain},
                   {"FloatQuant", 1, latestOpset, withInputs<6, floatQuant>, domain},
                   {"IntQuant", 1, latestOpset, withInputs<4, quant>, domain},
                   {"MultiThreshold", 1, latestOpset, withInputs<2, multiThreshold>, domain},
                   {"Quant", 1, latestOpset, withInputs<4, quant>, domain},
                   {"Trunc", 1, 1, withInputs<5, truncBits>, domain},
                   {"Trunc", 2, latestOpset, withInputs<6, truncScale>, domain}});
    return list;
  }();
  return all;
}
