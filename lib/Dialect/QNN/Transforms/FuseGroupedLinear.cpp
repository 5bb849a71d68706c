//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn-fuse-grouped-linear: linear layers on stored weights of 4 bits become qnn.grouped_linear,
// which has kernels on packed codes.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "mlir/IR/Remarks.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/NumberFormat.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNFUSEGROUPEDLINEAR
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {

/// A weight [outputs, inputs] as qnn.grouped_linear holds it.
struct GroupedWeight {
  int64_t outputs = 0, inputs = 0, group = 1;
  bool isSigned = true;
  ElementsAttr codes;                        ///< [outputs, ceil(inputs / 2)] bytes
  std::vector<float> scales;                 ///< one, one a row, or one a group
  std::optional<std::vector<int64_t>> zeros; ///< as many; none: all 0

  int64_t groups() const { return llvm::divideCeil(inputs, group); }
  /// One number for each group of `size` inputs, no more than `group`, from one, one a row, or one
  /// a group.
  template <typename T> std::vector<T> spread(const std::vector<T> &values, int64_t size) const {
    std::vector<T> result;
    const int64_t own = groups(), count = llvm::divideCeil(inputs, size);
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t g = 0; g < count; ++g)
        result.push_back(
            values[size_t(o * own + g * size / group) * values.size() / size_t(outputs * own)]);
    return result;
  }
};

/// The weight, or why it is none.
struct Read {
  std::optional<GroupedWeight> weight;
  StringRef why;
};

Read readDecode(DecodeOp op) {
  using namespace numerics;
  const NumberFormat format = op.getFormat().getFormat();
  if (format.element != ElementKind::Integer || format.integerBits != 4 || format.fractionBits != 0)
    return {std::nullopt, "its codes are no integers of 4 bits"};
  if (format.zeroPoint == ZeroPointKind::Float ||
      (format.scale != ScaleType::F32 && format.scale != ScaleType::F16 &&
       format.scale != ScaleType::BF16))
    return {std::nullopt, "expected float scales and integer zero points"};
  GroupedWeight weight;
  weight.outputs = op.getRows(), weight.inputs = op.getColumns();
  weight.group =
      format.granularity == Granularity::Group ? int64_t(format.groupSize) : weight.inputs;
  weight.isSigned = format.isSigned;
  weight.codes = getConstantElements(op.getCodes());
  ElementsAttr scales = getConstantElements(op.getScales());
  std::optional<std::vector<float>> values = scales ? readFloats(scales) : std::nullopt;
  if (!weight.codes || !values || values->empty())
    return {std::nullopt, "expected constant codes and scales"};
  weight.scales = std::move(*values);
  if (op.getZeroPoints()) {
    ElementsAttr zeros = getConstantElements(op.getZeroPoints());
    weight.zeros = zeros ? readIntegers(zeros) : std::nullopt;
    if (!weight.zeros || weight.zeros->size() != weight.scales.size())
      return {std::nullopt, "expected constant zero points"};
  } else if (format.middleCode() != 0) {
    weight.zeros = std::vector<int64_t>(weight.scales.size(), format.middleCode());
  }
  return {std::move(weight), ""};
}

/// Codes of four bits as the elements of a tensor.
Read readDequantize(DequantizeOp op) {
  RankedTensorType type = op.getInput().getType();
  auto element = cast<IntegerType>(type.getElementType());
  if (element.getWidth() != 4 || type.getRank() != 2)
    return {std::nullopt, "its codes are no integers of 4 bits"};
  ElementsAttr constants[] = {getConstantElements(op.getInput()),
                              getConstantElements(op.getScale()),
                              getConstantElements(op.getZeroPoint())};
  if (!llvm::all_of(constants, [](ElementsAttr constant) { return bool(constant); }))
    return {std::nullopt, "expected constant codes, scales and zero points"};
  std::optional<std::vector<int64_t>> codes = readIntegers(constants[0]);
  std::optional<std::vector<float>> scales = readFloats(constants[1]);
  std::optional<std::vector<int64_t>> zeros = readIntegers(constants[2]);
  if (!codes || !scales || !zeros || scales->empty() || zeros->size() != scales->size() ||
      (scales->size() > 1 && op.getAxis() != 0))
    return {std::nullopt, "expected one scale, or one for each output"};
  GroupedWeight weight;
  weight.outputs = type.getDimSize(0), weight.inputs = weight.group = type.getDimSize(1);
  weight.isSigned = element.isSigned();
  const int64_t rowBytes = llvm::divideCeil(weight.inputs, 2);
  std::vector<char> bytes(size_t(weight.outputs * rowBytes));
  for (int64_t i = 0; i < int64_t(codes->size()); ++i)
    bytes[i / weight.inputs * rowBytes + i % weight.inputs / 2] |=
        char(((*codes)[i] & 15) << i % weight.inputs % 2 * 4);
  auto stored = RankedTensorType::get({weight.outputs, rowBytes},
                                      IntegerType::get(op.getContext(), 8, IntegerType::Unsigned));
  weight.codes = makeWeights(stored, bytes, "codes");
  weight.scales = std::move(*scales);
  if (llvm::any_of(*zeros, [](int64_t zero) { return zero != 0; }))
    weight.zeros = std::move(*zeros);
  return {std::move(weight), ""};
}

Read readWeight(Value weight) {
  Operation *producer = weight.getDefiningOp();
  if (auto decode = dyn_cast_or_null<DecodeOp>(producer))
    return readDecode(decode);
  if (auto dequantize = dyn_cast_or_null<DequantizeOp>(producer))
    return readDequantize(dequantize);
  return {std::nullopt, "its weight is not stored in integers"};
}

struct FuseGroupedLinearPass : qnn::impl::QnnFuseGroupedLinearBase<FuseGroupedLinearPass> {
  using QnnFuseGroupedLinearBase::QnnFuseGroupedLinearBase;

  void missed(Operation *op, StringRef why) {
    ++kept;
    remark::missed(op->getLoc(),
                   remark::RemarkOpts::name("FuseGroupedLinear").category(getArgument()))
        << remark::metric("node", getNodeName(op)) << why;
  }

  /// Why kernels have no form for these groups; empty when they do.
  static StringRef whyNotGrouped(int64_t group, int64_t inputs, unsigned bits) {
    constexpr int64_t mostGroup = int64_t(1) << 16; // [QNN-GL-4]
    if (inputs < 1 || (group % 8 != 0 && group < inputs))
      return "expected groups of a multiple of 8 inputs";
    if (bits != 16 && std::min(group, inputs) > mostGroup)
      return "expected groups of at most 65536 inputs";
    return "";
  }

  bool codesRows() const { return activationBits != 0 && activationBits != 16; }

  /// Inputs that share a scale in the op, or 0 where the weight's groups do not allow it.
  int64_t groupFor(const GroupedWeight &weight) const {
    const int64_t asked = codesRows() ? activationGroup.getValue() : 0;
    if (asked == 0 || weight.group <= asked)
      return weight.group;
    return weight.group >= weight.inputs || weight.group % asked == 0 ? asked : 0;
  }

  /// How rows become codes, of new ops and of those that are there already.
  void setActivations(GroupedLinearOp op) {
    op.setActivationBits(activationBits);
    op.setActivationClipAttr(codesRows() && activationClip != 1
                                 ? Builder(op).getF32FloatAttr(float(activationClip))
                                 : FloatAttr());
    op.setActivationGroups(codesRows() && activationGroup != 0);
  }

  static Value constant(OpBuilder &b, Location loc, ElementsAttr value) {
    return nn::ConstantOp::create(b, loc, cast<RankedTensorType>(value.getType()), value);
  }

  /// With the constants that nothing else reads.
  static void eraseWithConstants(Operation *op) {
    llvm::SetVector<Value> operands(op->operand_begin(), op->operand_end());
    op->erase();
    for (Value operand : operands)
      if (Operation *constant = operand.getDefiningOp();
          constant && constant->hasTrait<OpTrait::ConstantLike>() && operand.use_empty())
        constant->erase();
  }

  void fuse(nn::LinearOp op) {
    Read read = readWeight(op.getWeight());
    const unsigned bits = codesRows() ? activationBits.getValue() : 16;
    if (read.weight && !op.getType().getElementType().isF32())
      read = {std::nullopt, "expected float32"};
    if (!read.weight)
      return missed(op, read.why);
    const GroupedWeight &weight = *read.weight;
    if (StringRef why = whyNotGrouped(weight.group, weight.inputs, bits); !why.empty())
      return missed(op, why);
    const int64_t group = groupFor(weight);
    if (group == 0)
      return missed(op, "its groups are larger than those of activations and no multiple of them");
    const int64_t least = weight.isSigned ? -8 : 0;
    if (weight.zeros && llvm::any_of(*weight.zeros, [&](int64_t zero) {
          return zero < least || zero > least + 15;
        }))
      return missed(op, "a zero point is no code");
    OpBuilder b(op);
    SmallVector<int64_t> shape = {weight.outputs, int64_t(llvm::divideCeil(weight.inputs, group))};
    Value codes = constant(b, op.getLoc(), weight.codes);
    Value scales = constant(b, op.getLoc(),
                            makeFloatWeights(RankedTensorType::get(shape, b.getF32Type()),
                                             weight.spread(weight.scales, group), "scales"));
    Value zeros;
    if (weight.zeros)
      zeros = constant(
          b, op.getLoc(),
          makeIntegerWeights(RankedTensorType::get(shape, b.getIntegerType(8, /*isSigned=*/true)),
                             weight.spread(*weight.zeros, group), "zeros"));
    auto format = IntFormatAttr::get(&getContext(), 4, weight.isSigned, !weight.zeros, false);
    auto grouped = GroupedLinearOp::create(b, op.getLoc(), op.getType(), op.getInput(), codes,
                                           scales, zeros, op.getBias(), group, bits, format,
                                           FloatAttr(), /*activation_groups=*/false);
    if (activationBits != 0)
      setActivations(grouped);
    remark::passed(op->getLoc(),
                   remark::RemarkOpts::name("FuseGroupedLinear").category(getArgument()))
        << remark::metric("node", getNodeName(op)) << remark::metric("group", group);
    Operation *producer = op.getWeight().getDefiningOp();
    op.replaceAllUsesWith(grouped.getResult());
    op.erase();
    if (producer->use_empty())
      eraseWithConstants(producer);
    ++fused;
  }

  void runOnOperation() override {
    if (activationBits != 0 && activationBits != 16 && (activationBits < 2 || activationBits > 8)) {
      emitError(getOperation().getLoc())
          << "expected activation bits 0, 2 to 8 or 16, but found " << activationBits.getValue();
      return signalPassFailure();
    }
    if (!(activationClip > 0 && activationClip <= 1) || activationGroup < 0 ||
        activationGroup % 8 != 0) {
      emitError(getOperation().getLoc())
          << "expected an activation clip in (0, 1] and an activation group of a multiple of 8, "
             "but found "
          << activationClip.getValue() << " and " << activationGroup.getValue();
      return signalPassFailure();
    }
    SmallVector<nn::LinearOp> layers;
    getOperation().walk([&](Operation *op) {
      if (auto linear = dyn_cast<nn::LinearOp>(op))
        layers.push_back(linear);
      auto grouped = dyn_cast<GroupedLinearOp>(op);
      if (!grouped || activationBits == 0)
        return;
      int64_t inputs = grouped.getInput().getType().getShape().back();
      StringRef why = whyNotGrouped(grouped.getGroup(), inputs, activationBits);
      if (why.empty())
        setActivations(grouped);
      else
        missed(grouped, why);
    });
    for (nn::LinearOp layer : layers)
      fuse(layer);
    releaseUnusedWeights(getOperation());
  }
};

} // namespace
