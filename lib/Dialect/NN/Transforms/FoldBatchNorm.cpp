//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-fold-batch-norm: constants per channel go into the linear map in front of them.
//
// Whatever the op, it is first read as x * scale + shift per channel in double precision. Folding
// that into a weight is then one piece of algebra on LinearMapOpInterface.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace quantc::nn {
#define GEN_PASS_DEF_NNFOLDBATCHNORM
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

namespace {
/// y = x * scale + shift, one number per channel of `axis`.
struct ChannelAffine {
  Value input;
  int64_t axis;
  std::vector<double> scale;
  std::vector<double> shift;
};
} // namespace

/// A splat may have any number of elements; this many are written out.
constexpr int64_t maxWrittenElements = int64_t(1) << 28;

/// Elements of an f32 constant that is not absurdly large.
static std::optional<std::vector<float>> readConstant(Value value) {
  ElementsAttr elements = getConstantElements(value);
  if (!elements || !elements.getElementType().isF32() ||
      elements.getNumElements() > maxWrittenElements)
    return std::nullopt;
  return readFloats(elements);
}

//===----------------------------------------------------------------------===//
// Reading ops as affine maps
//===----------------------------------------------------------------------===//

static std::optional<ChannelAffine> readBatchNorm(BatchNormOp op) {
  auto scale = readConstant(op.getScale()), bias = readConstant(op.getBias());
  auto mean = readConstant(op.getMean()), variance = readConstant(op.getVariance());
  if (!scale || !bias || !mean || !variance)
    return std::nullopt;
  ChannelAffine affine{op.getInput(), 1, {}, {}};
  double epsilon = op.getEpsilon().convertToDouble();
  for (size_t c = 0; c < scale->size(); ++c) {
    double s = (*scale)[c] / std::sqrt(static_cast<double>((*variance)[c]) + epsilon);
    affine.scale.push_back(s);
    affine.shift.push_back((*bias)[c] - (*mean)[c] * s);
  }
  return affine;
}

/// One number per channel of `axis`, from a constant that broadcasts over everything else.
static std::optional<std::vector<double>> readPerChannel(Value value, RankedTensorType type,
                                                         int64_t axis) {
  auto constant = dyn_cast<RankedTensorType>(value.getType());
  std::optional<std::vector<float>> values = readConstant(value);
  int64_t channels = type.getDimSize(axis);
  if (!values || channels > maxWrittenElements || ShapedType::isDynamic(channels) ||
      constant.getRank() > type.getRank())
    return std::nullopt;
  int64_t lead = type.getRank() - constant.getRank();
  for (auto [i, size] : llvm::enumerate(constant.getShape()))
    if (size != 1 && (static_cast<int64_t>(i) + lead != axis || size != channels))
      return std::nullopt;
  std::vector<double> result(values->begin(), values->end());
  if (result.size() == 1)
    result.resize(channels, result.front());
  return result;
}

/// The linear map whose only user is `op`, on the side of `value`.
static LinearMapOpInterface soleProducer(Value value) {
  auto map = value.getDefiningOp<LinearMapOpInterface>();
  return map && value.hasOneUse() ? map : LinearMapOpInterface();
}

/// `nn.mul`, `nn.add` or `nn.sub` of a linear map's result and a constant.
template <typename OpTy> static std::optional<ChannelAffine> readBinary(OpTy op) {
  Value input = op.getLhs(), constant = op.getRhs();
  bool swapped = false;
  if (getConstantElements(input)) {
    std::swap(input, constant);
    swapped = true;
  }
  LinearMapOpInterface map = soleProducer(input);
  if (!map || op.getType() != input.getType())
    return std::nullopt;
  int64_t axis = map.getResultChannelAxis();
  auto values = readPerChannel(constant, cast<RankedTensorType>(input.getType()), axis);
  if (!values)
    return std::nullopt;
  size_t count = values->size();
  if (std::is_same_v<OpTy, MulOp>)
    return ChannelAffine{input, axis, *values, std::vector<double>(count, 0.0)};
  double sign = 1.0;
  if (std::is_same_v<OpTy, SubOp>) {
    sign = swapped ? -1.0 : 1.0;
    if (!swapped)
      for (double &value : *values)
        value = -value;
  }
  return ChannelAffine{input, axis, std::vector<double>(count, sign), *values};
}

static std::optional<ChannelAffine> readAffine(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<ChannelAffine>>(op)
      .Case([](BatchNormOp norm) { return readBatchNorm(norm); })
      .Case<MulOp, AddOp, SubOp>([](auto binary) { return readBinary(binary); })
      .Default([](Operation *) { return std::nullopt; });
}

//===----------------------------------------------------------------------===//
// Writing them
//===----------------------------------------------------------------------===//

static bool isFinite(ArrayRef<float> values) {
  return llvm::all_of(values, [](float value) { return std::isfinite(value); });
}

static Value createConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                            ArrayRef<float> values, StringRef name) {
  ElementsAttr elements = makeFloatWeights(type, values, name);
  return ConstantOp::create(builder, loc, type, elements);
}

/// The weight with each output channel's slice multiplied by its scale.
static std::vector<float> scaleWeight(ArrayRef<float> weight, ArrayRef<int64_t> shape, int64_t axis,
                                      ArrayRef<double> scale) {
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  std::vector<float> result(weight.size());
  for (size_t i = 0; i < weight.size(); ++i)
    result[i] = static_cast<float>(weight[i] * scale[(i / inner) % shape[axis]]);
  return result;
}

static std::vector<float> foldBias(const std::optional<std::vector<float>> &bias,
                                   const ChannelAffine &affine) {
  std::vector<float> result(affine.scale.size());
  for (size_t c = 0; c < result.size(); ++c)
    result[c] = static_cast<float>((bias ? (*bias)[c] : 0.0) * affine.scale[c] + affine.shift[c]);
  return result;
}

/// Folds into the linear map in front; false when there is none, when it is not constant, or when a
/// number would overflow.
static bool foldIntoMap(Operation *op, const ChannelAffine &affine) {
  LinearMapOpInterface map = soleProducer(affine.input);
  if (!map || map.getResultChannelAxis() != affine.axis)
    return false;
  Value oldWeight = map.getWeightOperand().get(), oldBias = map.getBiasValue();
  std::optional<std::vector<float>> weight = readConstant(oldWeight), bias;
  if (oldBias)
    bias = readConstant(oldBias);
  if (!weight || (oldBias && !bias))
    return false;
  auto type = cast<RankedTensorType>(oldWeight.getType());
  std::vector<float> newBias = foldBias(bias, affine);
  std::vector<float> newWeight =
      scaleWeight(*weight, type.getShape(), map.getWeightOutputAxis(), affine.scale);
  if (!isFinite(newWeight) || !isFinite(newBias))
    return false;
  OpBuilder builder(map);
  auto biasType =
      RankedTensorType::get({static_cast<int64_t>(newBias.size())}, type.getElementType());
  bool scales = llvm::any_of(affine.scale, [](double scale) { return scale != 1.0; });
  if (scales)
    map.getWeightOperand().set(
        createConstant(builder, map->getLoc(), type, newWeight, "folded_weight"));
  map.setBiasValue(createConstant(builder, map->getLoc(), biasType, newBias, "folded_bias"));
  rescaleChannelMoments(map, affine.scale, affine.shift);
  op->getResult(0).replaceAllUsesWith(affine.input);
  op->erase();
  return true;
}

/// A batch normalisation that stands alone: a product and a sum.
static void writeMulAdd(BatchNormOp op, const ChannelAffine &affine) {
  OpBuilder builder(op);
  auto inputType = op.getInput().getType();
  SmallVector<int64_t> shape(inputType.getRank() - 1, 1);
  shape[0] = affine.scale.size();
  auto type = RankedTensorType::get(shape, inputType.getElementType());
  std::vector<float> scale(affine.scale.begin(), affine.scale.end());
  std::vector<float> shift(affine.shift.begin(), affine.shift.end());
  Value scaleValue = createConstant(builder, op.getLoc(), type, scale, "scale");
  Value shiftValue = createConstant(builder, op.getLoc(), type, shift, "shift");
  Value product = MulOp::create(builder, op.getLoc(), inputType, op.getInput(), scaleValue);
  Value sum = AddOp::create(builder, op.getLoc(), inputType, product, shiftValue);
  op.replaceAllUsesWith(sum);
  op.erase();
}

/// Its result has the mean `bias` and the standard deviation |scale| on the data that it was
/// trained on.
static std::optional<ChannelMoments> readMoments(BatchNormOp op) {
  auto scale = readConstant(op.getScale()), bias = readConstant(op.getBias());
  if (!scale || !bias)
    return std::nullopt;
  ChannelMoments moments;
  for (auto [s, b] : llvm::zip_equal(*scale, *bias)) {
    moments.mean.push_back(b);
    moments.deviation.push_back(std::fabs(static_cast<double>(s)));
  }
  return moments;
}

static LogicalResult foldOp(Operation *op, bool keepMoments) {
  std::optional<ChannelAffine> affine = readAffine(op);
  if (!affine)
    return success();
  auto norm = dyn_cast<BatchNormOp>(op);
  std::optional<ChannelMoments> moments;
  if (norm && keepMoments)
    moments = readMoments(norm);
  Operation *map = affine->input.getDefiningOp();
  if (foldIntoMap(op, *affine)) {
    if (moments)
      setChannelMoments(map, *moments);
    return success();
  }
  if (!norm)
    return success();
  auto fits = [](double value) { return std::isfinite(static_cast<float>(value)); };
  if (!llvm::all_of(affine->scale, fits) || !llvm::all_of(affine->shift, fits))
    return norm.emitOpError("expected finite factors, but found a variance + epsilon that is not "
                            "positive, or an overflow");
  writeMulAdd(norm, *affine);
  return success();
}

namespace {
struct FoldBatchNorm : quantc::nn::impl::NNFoldBatchNormBase<FoldBatchNorm> {
  using NNFoldBatchNormBase::NNFoldBatchNormBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<BatchNormOp, MulOp, AddOp, SubOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(foldOp(op, keepMoments)))
        signalPassFailure();
    getOperation().walk([](ConstantOp op) {
      if (op.use_empty())
        op.erase();
    });
  }
};
} // namespace
