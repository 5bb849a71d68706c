//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights and biases of linear maps become integers: symmetric codes with a scale per output
// channel (or one per tensor), biases at scale s_x * s_w, and 32-bit results where nothing else
// represents them.
//
//===----------------------------------------------------------------------===//

#include "InputMeans.h"
#include "Nodes.h"
#include "Pairs.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/Transforms/NodeBits.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/PTQ/BiasCorrection.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// Parameters and pairs
//===----------------------------------------------------------------------===//

ParameterValues qnn::makeParameters(OpBuilder &builder, Location loc, IntegerType storage,
                                    ArrayRef<float> scales, int64_t zeroPoint, bool perAxis) {
  SmallVector<int64_t, 1> shape;
  if (perAxis)
    shape.push_back(static_cast<int64_t>(scales.size()));
  auto scaleType = RankedTensorType::get(shape, builder.getF32Type());
  auto zeroPointType = RankedTensorType::get(shape, storage);
  std::vector<int64_t> zeroPoints(scales.size(), zeroPoint);
  // Dense whatever the size: verifiers and folders read them.
  Value scale =
      nn::ConstantOp::create(builder, loc, scaleType, DenseElementsAttr::get(scaleType, scales));
  ElementsAttr zero = makeIntegerWeights(zeroPointType, zeroPoints, "zero_point");
  return {scale, nn::ConstantOp::create(builder, loc, zeroPointType, zero)};
}

DequantizeOp qnn::makePair(OpBuilder &builder, Location loc, Value value, IntegerType storage,
                           const ParameterValues &parameters, int64_t axis, unsigned bits) {
  auto type = cast<RankedTensorType>(value.getType());
  IntegerAttr codeBits;
  if (bits != 0 && bits < storage.getWidth())
    codeBits = builder.getI64IntegerAttr(bits);
  auto quantized =
      QuantizeOp::create(builder, loc, type.clone(storage), value, parameters.scale,
                         parameters.zeroPoint, builder.getI64IntegerAttr(axis), codeBits);
  return DequantizeOp::create(builder, loc, type, quantized, parameters.scale, parameters.zeroPoint,
                              axis);
}

std::optional<numerics::QuantParams> qnn::perTensorParameters(DequantizeOp op) {
  auto scale = readFloats(getConstantElements(op.getScale()));
  auto zeroPoint = readIntegers(getConstantElements(op.getZeroPoint()));
  if (!scale || !zeroPoint || scale->size() != 1 || zeroPoint->size() != 1)
    return std::nullopt;
  return numerics::QuantParams{scale->front(), static_cast<int32_t>(zeroPoint->front())};
}

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

/// The quantize that a result reaches through clamps of its own, or null.
static QuantizeOp followingQuantize(Value result) {
  for (;;) {
    for (Operation *user : result.getUsers())
      if (auto quantize = dyn_cast<QuantizeOp>(user))
        return quantize;
    if (!result.hasOneUse())
      return {};
    auto clamp = asQuantizable(*result.getUsers().begin());
    if (!clamp || !clamp.getClampBounds())
      return {};
    result = clamp->getResult(0);
  }
}

namespace {
/// A weight whose codes and steps were chosen already: constants, one step for each channel.
struct GivenCodes {
  std::vector<float> steps;
  int bits = 2; ///< that hold the codes
};

/// Bits of the node's weight codes; the options were checked.
unsigned weightBitsOf(LinearMapOpInterface op, const QuantizeOptions &options) {
  auto nodes = llvm::cantFail(parseNodeBits(options.nodeBits));
  auto found = nodes.find(getLocationName(op.getLoc()));
  bool own = found != nodes.end() && found->second.weight != 0;
  return own ? found->second.weight : options.weightBits;
}

/// One linear map on its way to integers.
struct LinearMap {
  LinearMap(LinearMapOpInterface op, const QuantizeOptions &options)
      : op(op), options(options), bits(int(weightBitsOf(op, options))) {}

  LinearMapOpInterface op;
  const QuantizeOptions &options;
  int bits; ///< of a weight code
  numerics::QuantParams input;
  numerics::IntRange xMinusZp;
  numerics::WeightChannelOptions channelOptions;
  RankedTensorType weightType;
  std::vector<float> weight, bias;
  std::optional<GivenCodes> given;
  int64_t axis = 0, channels = 0, outer = 1, inner = 1;
  std::vector<numerics::WeightChannel> result;

  LogicalResult load(DequantizeOp input);
  LogicalResult loadWeight();
  bool isPerAxis() const { return options.weightPerChannel || given; }
  std::optional<numerics::WeightChannel> quantizeAt(int64_t channel, float scale) const;
  LogicalResult checkSums();
  LogicalResult quantizePerChannel();
  LogicalResult quantizePerTensor();
  LogicalResult quantize() { return isPerAxis() ? quantizePerChannel() : quantizePerTensor(); }
  LogicalResult correctBias();
  void rewrite();
  void quantizeResult(OpBuilder &builder, ArrayRef<float> scales);

  int64_t channelSize() const { return outer * inner; }
  std::vector<float> channel(int64_t index) const;
  /// s_x * s_w of each channel.
  std::vector<float> accumulatorScales() const;
};
} // namespace

/// Codes, steps and values of a weight that is the dequantize of constants.
static std::optional<std::pair<GivenCodes, std::vector<float>>> readGiven(LinearMapOpInterface op) {
  DequantizeOp stored = storedWeight(op);
  if (!stored)
    return std::nullopt;
  auto steps = readFloats(getConstantElements(stored.getScale()));
  auto codes = readIntegers(getConstantElements(stored.getInput()));
  if (!steps || !codes)
    return std::nullopt;
  auto shape = cast<RankedTensorType>(stored.getInput().getType()).getShape();
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(op.getWeightOutputAxis() + 1))
    inner *= size;
  GivenCodes given{std::move(*steps)};
  std::vector<float> values(codes->size());
  for (auto [i, code] : llvm::enumerate(*codes)) {
    while (std::abs(code) >= int64_t(1) << (given.bits - 1))
      ++given.bits;
    values[i] = numerics::dequantizeLinear(static_cast<int32_t>(code),
                                           given.steps[i / inner % given.steps.size()], 0);
  }
  return std::make_pair(std::move(given), std::move(values));
}

LogicalResult LinearMap::loadWeight() {
  if (auto stored = readGiven(op)) {
    given = std::move(stored->first);
    weight = std::move(stored->second);
    bits = given->bits;
    return success(bits <= 16);
  }
  auto values = readFloats(getConstantElements(op.getWeightOperand().get()));
  if (values)
    weight = std::move(*values);
  return success(values.has_value());
}

LogicalResult LinearMap::load(DequantizeOp dequantize) {
  std::optional<numerics::QuantParams> parameters = perTensorParameters(dequantize);
  if (!parameters || failed(loadWeight()))
    return op.emitError("expected constant scales and weights, but found others");
  input = *parameters;
  auto storage = cast<IntegerType>(dequantize.getInput().getType().getElementType());
  auto codes = numerics::IntRange::ofType(!storage.isUnsigned(), storage.getWidth());
  if (auto quantize = dequantize.getInput().getDefiningOp<QuantizeOp>())
    std::tie(codes.lo, codes.hi) = quantize.getCodeRange();
  xMinusZp = {codes.lo - input.zeroPoint, codes.hi - input.zeroPoint};
  weightType = cast<RankedTensorType>(op.getWeightOperand().get().getType());
  axis = op.getWeightOutputAxis();
  channels = weightType.getDimSize(axis);
  for (int64_t i = 0; i < weightType.getRank(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : weightType.getDimSize(i);
  bias.assign(static_cast<size_t>(channels), 0.0f);
  if (Value value = op.getBiasValue()) {
    auto biasValues = readFloats(getConstantElements(value));
    if (!biasValues || biasValues->size() != bias.size())
      return op.emitError("expected a constant bias of ") << channels << " elements";
    bias = std::move(*biasValues);
  }
  QuantizeOp following = followingQuantize(op->getResult(0));
  auto scale = following ? readFloats(getConstantElements(following.getScale())) : std::nullopt;
  if (scale && scale->size() == 1)
    channelOptions.outScale = scale->front();
  return success();
}

std::vector<float> LinearMap::channel(int64_t index) const {
  std::vector<float> values;
  values.reserve(static_cast<size_t>(channelSize()));
  for (int64_t o = 0; o < outer; ++o) {
    auto begin = weight.begin() + (o * channels + index) * inner;
    values.insert(values.end(), begin, begin + inner);
  }
  return values;
}

static InFlightDiagnostic channelError(LinearMapOpInterface op, int64_t channel) {
  return op.emitError("expected finite weights and a scale that keeps the accumulator inside 32 "
                      "bits, but found none for output channel ")
         << channel << " of node '" << getLocationName(op.getLoc()) << "'";
}

/// [NUM-WGT-9] Raising the scale of wide codes would give fewer bits than were asked for, so sums
/// that do not fit are refused, with the widths that would.
LogicalResult LinearMap::checkSums() {
  double xmax = static_cast<double>(xMinusZp.maxAbs());
  if (bits <= 8 && xmax <= 255)
    return success();
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<float> values = channel(c);
    auto sum = [&](int width) {
      double scale = numerics::naturalWeightScale(values.data(), values.size(), width), total = 0;
      for (float w : values)
        total += width == 1 ? 1 : std::fabs(w) / scale;
      return total * xmax;
    };
    if (sum(bits) < 0x1p31)
      continue;
    int fits = bits - 1;
    while (fits > 0 && sum(fits) >= 0x1p31)
      --fits;
    InFlightDiagnostic error = op.emitError("expected sums of products inside 32 bits, but found ");
    error << llvm::formatv("{0:e2}", sum(bits)).str() << " for output channel " << c << " of node '"
          << getLocationName(op.getLoc()) << "', which adds " << channelSize() << " products of "
          << bits << "-bit weights and inputs of magnitude " << static_cast<int64_t>(xmax) << "; ";
    if (fits > 0)
      error << "weights of " << fits << " bits fit";
    else
      error << "no width of weights fits, the input needs fewer bits";
    return error;
  }
  return success();
}

std::optional<numerics::WeightChannel> LinearMap::quantizeAt(int64_t index, float scale) const {
  std::vector<float> values = channel(index);
  return numerics::quantizeWeightChannelAt(values.data(), values.size(), bias[index], input.scale,
                                           scale, xMinusZp, bits, channelOptions);
}

LogicalResult LinearMap::quantizePerChannel() {
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<float> values = channel(c);
    auto quantized =
        given ? quantizeAt(c, given->steps[c])
              : numerics::quantizeWeightChannel(values.data(), values.size(), bias[c], input.scale,
                                                xMinusZp, bits, channelOptions);
    if (!quantized)
      return channelError(op, c);
    result.push_back(std::move(*quantized));
  }
  return success();
}

/// One scale for all channels: doubled until every accumulator fits.
LogicalResult LinearMap::quantizePerTensor() {
  float scale = numerics::naturalWeightScale(weight.data(), weight.size(), bits);
  int64_t failed = 0;
  for (int attempt = 0; attempt < 32 && std::isfinite(scale); ++attempt, scale *= 2) {
    result.clear();
    for (int64_t c = 0; c < channels; ++c) {
      auto quantized = quantizeAt(c, scale);
      failed = c;
      if (!quantized)
        break;
      result.push_back(std::move(*quantized));
    }
    if (static_cast<int64_t>(result.size()) == channels)
      return success();
  }
  return channelError(op, failed);
}

/// What the codes make of the means of the results goes back into the bias.
LogicalResult LinearMap::correctBias() {
  auto keep = [&](const Twine &reason) {
    op.emitRemark() << "'" << getLocationName(op.getLoc()) << "' keeps its bias: " << reason;
    return success();
  };
  std::optional<ptq::PatchGeometry> geometry = op.getPatches();
  if (axis != 0 || !geometry || given)
    return keep(given ? "its weight is rounded already" : "its rows are not known");
  llvm::Expected<std::vector<double>> means = inputMeans(op);
  if (!means)
    return keep(llvm::toString(means.takeError()));
  ptq::LinearLayer layer;
  layer.weight.resize(channels, channelSize());
  layer.taps = geometry->taps();
  layer.groups = geometry->groups;
  ptq::Matrix rounded(channels, channelSize());
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t k = 0; k < channelSize(); ++k) {
      layer.weight(c, k) = weight[c * channelSize() + k];
      rounded(c, k) = double(result[c].q[k]) * result[c].scale;
    }
  llvm::Expected<ptq::Vector> shift = ptq::biasShift(
      layer, rounded,
      Eigen::Map<const ptq::Vector>(means->data(), static_cast<Eigen::Index>(means->size())),
      geometry->tapShares());
  if (!shift)
    return op.emitError("bias correction: ") << llvm::toString(shift.takeError());
  if (!op.getBiasValue()) { // one for the integers to take the place of
    OpBuilder builder(op);
    auto type = RankedTensorType::get({channels}, builder.getF32Type());
    op.setBiasValue(
        nn::ConstantOp::create(builder, op.getLoc(), type, makeFloatWeights(type, bias, "bias")));
  }
  for (int64_t c = 0; c < channels; ++c)
    bias[c] = static_cast<float>(bias[c] - (*shift)[c]);
  op.emitRemark() << "'" << getLocationName(op.getLoc()) << "' takes back a mean error of up to "
                  << llvm::formatv("{0:e3}", shift->cwiseAbs().maxCoeff()).str();
  result.clear();
  return quantize();
}

std::vector<float> LinearMap::accumulatorScales() const {
  std::vector<float> scales;
  for (const numerics::WeightChannel &c : result)
    scales.push_back(static_cast<float>(double(input.scale) * double(c.scale)));
  return scales;
}

void LinearMap::rewrite() {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  std::string name = getLocationName(loc).str();
  auto storage = builder.getIntegerType(bits > 8 ? 16 : 8, /*isSigned=*/true);
  auto s32 = builder.getIntegerType(32, /*isSigned=*/true);
  std::vector<int64_t> codes(weight.size()), biasCodes;
  std::vector<float> scales;
  for (auto [c, quantized] : llvm::enumerate(result)) {
    for (int64_t k = 0; k < channelSize(); ++k)
      codes[(k / inner * channels + static_cast<int64_t>(c)) * inner + k % inner] = quantized.q[k];
    biasCodes.push_back(quantized.bias);
    scales.push_back(quantized.scale);
  }
  bool perAxis = isPerAxis();
  std::vector<float> products = accumulatorScales();
  ArrayRef<float> used = ArrayRef<float>(scales).take_front(perAxis ? scales.size() : 1);
  ArrayRef<float> usedProducts = ArrayRef<float>(products).take_front(used.size());

  auto type = RankedTensorType::get(weightType.getShape(), storage);
  Value stored =
      nn::ConstantOp::create(builder, loc, type, makeIntegerWeights(type, codes, name + ".weight"));
  ParameterValues parameters = makeParameters(builder, loc, storage, used, 0, perAxis);
  op.getWeightOperand().set(DequantizeOp::create(builder, loc, weightType, stored, parameters.scale,
                                                 parameters.zeroPoint, axis));
  if (op.getBiasValue()) {
    auto biasType = RankedTensorType::get({channels}, s32);
    Value storedBias = nn::ConstantOp::create(
        builder, loc, biasType, makeIntegerWeights(biasType, biasCodes, name + ".bias"));
    ParameterValues biasParameters = makeParameters(builder, loc, s32, usedProducts, 0, perAxis);
    op.setBiasValue(
        DequantizeOp::create(builder, loc, RankedTensorType::get({channels}, builder.getF32Type()),
                             storedBias, biasParameters.scale, biasParameters.zeroPoint, 0));
  }
  if (!followingQuantize(op->getResult(0)))
    quantizeResult(builder, usedProducts);
}

/// The result at scale s_x * s_w in 32 bits: the accumulators themselves.
void LinearMap::quantizeResult(OpBuilder &builder, ArrayRef<float> scales) {
  Value value = op->getResult(0);
  auto s32 = builder.getIntegerType(32, /*isSigned=*/true);
  builder.setInsertionPointAfter(op);
  ParameterValues parameters = makeParameters(builder, op.getLoc(), s32, scales, 0, isPerAxis());
  int64_t channelAxis = isPerAxis() ? op.getResultChannelAxis() : 0;
  DequantizeOp pair = makePair(builder, op.getLoc(), value, s32, parameters, channelAxis);
  value.replaceAllUsesExcept(pair.getResult(), pair.getInput().getDefiningOp());
}

LogicalResult qnn::quantizeLinearMap(LinearMapOpInterface op, DequantizeOp input,
                                     const QuantizeOptions &options) {
  LinearMap map(op, options);
  if (failed(map.load(input)) || failed(map.checkSums()) || failed(map.quantize()) ||
      (options.correctBias && failed(map.correctBias())))
    return failure();
  map.rewrite();
  return success();
}

//===----------------------------------------------------------------------===//
// Before rounding
//===----------------------------------------------------------------------===//

DequantizeOp qnn::storedWeight(LinearMapOpInterface op) {
  auto stored = op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
  if (!stored || !getConstantElements(stored.getInput()) || !getConstantElements(stored.getScale()))
    return {};
  auto type = cast<RankedTensorType>(stored.getInput().getType());
  auto zeroPoints = readDistinctIntegers(getConstantElements(stored.getZeroPoint()));
  bool symmetric = zeroPoints && llvm::all_of(*zeroPoints, [](int64_t zero) { return zero == 0; });
  auto scale = cast<RankedTensorType>(stored.getScale().getType());
  bool perChannel = scale.getRank() == 1 && int64_t(stored.getAxis()) == op.getWeightOutputAxis() &&
                    scale.getDimSize(0) == type.getDimSize(op.getWeightOutputAxis());
  return symmetric && perChannel ? stored : DequantizeOp();
}

FailureOr<WeightLimits> qnn::weightLimits(LinearMapOpInterface op, DequantizeOp input,
                                          const QuantizeOptions &options) {
  auto map = std::make_shared<LinearMap>(op, options);
  if (failed(map->load(input)) || failed(map->checkSums()) || failed(map->quantizePerChannel()))
    return failure();
  WeightLimits limits;
  limits.bits = map->bits;
  limits.weight = map->weight;
  limits.bias = map->bias;
  std::vector<uint8_t> fixed, soft;
  for (const numerics::WeightChannel &channel : map->result) {
    limits.steps.push_back(channel.scale);
    fixed.push_back(channel.scaleRaised);
    soft.push_back(channel.withinSoftLimit);
  }
  limits.allows = [map, fixed = std::move(fixed), soft = std::move(soft)](int64_t channel,
                                                                          float step) {
    // [NUM-WGT-5] with the same margin as a channel's largest step has.
    if (fixed[channel] ||
        double(step) * double(map->input.scale) < 0x1p-38 * map->channelOptions.outScale)
      return false;
    auto quantized = map->quantizeAt(channel, step);
    return quantized && quantized->withinSoftLimit >= bool(soft[channel]);
  };
  return limits;
}
