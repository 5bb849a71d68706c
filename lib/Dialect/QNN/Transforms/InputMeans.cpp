//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Means of activations from moments that batch normalisations told; see InputMeans.h.
//
//===----------------------------------------------------------------------===//

#include "InputMeans.h"
#include "Nodes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/PTQ/BiasCorrection.h"
#include "quantc/Support/Errors.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

/// What the value is in floats.
static Value behindPairs(Value value) {
  for (;;) {
    Operation *op = value.getDefiningOp();
    if (!isa_and_nonnull<ObserveOp, QuantizeOp, DequantizeOp>(op))
      return value;
    value = op->getOperand(0);
  }
}

static int64_t sizeAlong(Value value, int64_t axis) {
  return cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

/// Moments along `axis` of a value that is close to normal: a map's result, or a sum of such.
static std::optional<ChannelMoments> normalMoments(Value value, int64_t axis) {
  value = behindPairs(value);
  Operation *op = value.getDefiningOp();
  if (auto map = dyn_cast_or_null<LinearMapOpInterface>(op))
    return map.getResultChannelAxis() == axis ? getChannelMoments(op, sizeAlong(value, axis))
                                              : std::nullopt;
  if (!isPlainSum(op))
    return std::nullopt;
  std::optional<ChannelMoments> sum = normalMoments(op->getOperand(0), axis),
                                other = normalMoments(op->getOperand(1), axis);
  if (!sum || !other)
    return std::nullopt;
  for (size_t c = 0; c < sum->mean.size(); ++c) {
    sum->mean[c] += other->mean[c];
    sum->deviation[c] = std::hypot(sum->deviation[c], other->deviation[c]);
  }
  return sum;
}

/// E[f(x)] for the function of one element that `op` is.
static std::optional<double> meanThrough(QuantizableOpInterface op, double mean, double deviation) {
  if (auto bounds = op.getClampBounds())
    return std::isfinite(bounds->second) || bounds->first != 0
               ? ptq::meanOfClamp(mean, deviation, bounds->first, bounds->second)
               : ptq::meanOfRelu(mean, deviation);
  if (!op.evaluateUnary(mean))
    return std::nullopt;
  return ptq::meanOfFunction(mean, deviation, [&](double x) { return *op.evaluateUnary(x); });
}

/// Whether means move as channels do: the op takes shifts and rotations through alike, as nothing
/// does that is not linear.
static std::optional<ChannelSlot> movedSlot(Operation *op, const ChannelSlot &slot) {
  auto algebra = dyn_cast<ChannelAlgebraInterface>(op);
  if (!algebra || op->getNumOperands() != 1)
    return std::nullopt;
  Carry shift = algebra.carry(TransformKind::Shift, Port::result(0), slot),
        rotation = algebra.carry(TransformKind::Rotation, Port::result(0), slot);
  for (const Carry &carry : {shift, rotation})
    if (carry.verdict != Carry::Pass || carry.others.size() != 1 ||
        !(carry.others.front().port == Port::operand(0)) || carry.others.front().inverse)
      return std::nullopt;
  return shift.others.front().slot;
}

static llvm::Expected<std::vector<double>> meansOf(Value value, const ChannelSlot &slot) {
  value = behindPairs(value);
  Operation *op = value.getDefiningOp();
  if (!op)
    return makeError("it is an input of the graph");
  std::optional<int64_t> axis = slot.singleAxis();
  bool whole = axis && slot == ChannelSlot::axis(*axis, sizeAlong(value, *axis));
  if (whole)
    if (std::optional<ChannelMoments> moments = normalMoments(value, *axis))
      return moments->mean;
  if (std::optional<ChannelSlot> moved = movedSlot(op, slot))
    return meansOf(op->getOperand(0), *moved);
  auto function = dyn_cast<QuantizableOpInterface>(op);
  if (whole && function && op->getNumOperands() == 1)
    if (std::optional<ChannelMoments> moments = normalMoments(op->getOperand(0), *axis)) {
      std::vector<double> means;
      for (auto [mean, deviation] : llvm::zip_equal(moments->mean, moments->deviation))
        if (std::optional<double> found = meanThrough(function, mean, deviation))
          means.push_back(*found);
      if (means.size() == moments->mean.size())
        return means;
    }
  if (isPlainSum(op)) {
    auto sum = meansOf(op->getOperand(0), slot);
    if (!sum)
      return sum;
    auto other = meansOf(op->getOperand(1), slot);
    if (!other)
      return other;
    for (auto [a, b] : llvm::zip_equal(*sum, *other))
      a += b;
    return sum;
  }
  return makeError("'" + getNodeName(op) + "' (" + op->getName().getStringRef() +
                   "): no batch normalization tells what it makes");
}

llvm::Expected<std::vector<double>> qnn::inputMeans(LinearMapOpInterface op) {
  std::optional<ptq::PatchGeometry> geometry = op.getPatches();
  if (!geometry)
    return makeError("its sizes are not known");
  Value input = op.getInputOperand().get();
  int64_t axis = geometry->channelsLast ? cast<RankedTensorType>(input.getType()).getRank() - 1 : 1;
  return meansOf(input, ChannelSlot::axis(axis, geometry->channels));
}
