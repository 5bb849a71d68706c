//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One node: its parts of error; see ExplainNode.h.
//
//===----------------------------------------------------------------------===//

#include "ExplainNode.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {
/// Values that share a step, and where their codes end: beyond the greatest stored value by more
/// than half the gap below it lies what was clipped.
struct CodeEnds {
  float low = INFINITY, secondLow = INFINITY, high = -INFINITY, secondHigh = -INFINITY;

  void add(float x) {
    if (x > high) {
      secondHigh = high;
      high = x;
    } else if (x < high && x > secondHigh) {
      secondHigh = x;
    }
    if (x < low) {
      secondLow = low;
      low = x;
    } else if (x > low && x < secondLow) {
      secondLow = x;
    }
  }
  bool clips(float x) const {
    if (!(low < high))
      return false;
    return x > high + (high - secondHigh) / 2 || x < low - (secondLow - low) / 2;
  }
};
} // namespace

/// For each element, the number of those it shares a step with.
static std::vector<int32_t> stepsOf(ArrayRef<int64_t> shape, int64_t axis, int64_t group) {
  int64_t inner = 1, count = 1;
  for (auto [i, size] : llvm::enumerate(shape)) {
    count *= size;
    if (int64_t(i) > axis)
      inner *= size;
  }
  int64_t columns = shape.back(), groups = group > 0 ? (columns + group - 1) / group : 1;
  std::vector<int32_t> steps(count);
  for (int64_t i = 0; i < count; ++i)
    steps[i] = group > 0 ? int32_t(i / columns * groups + i % columns / group)
                         : int32_t(i / inner % shape[axis]);
  return steps;
}

llvm::Error NodeMeter::splitWeight() {
  roundedWeight = clippedWeight = HostTensor();
  if (!plan.weight || !plan.operands[*plan.weight].isChanged)
    return llvm::Error::success();
  const NodeOperand &operand = plan.operands[*plan.weight];
  ArrayRef<float> exact = operand.reference.values<float>();
  ArrayRef<float> stored = operand.quantized.values<float>();
  if (exact.size() != stored.size())
    return makeError("node '" + plan.name + "': expected a weight of the float weight's size");
  std::vector<int32_t> steps =
      stepsOf(operand.reference.shape(), plan.weightAxis, plan.weightGroup);
  std::vector<CodeEnds> ends(steps.empty() ? 0 : *llvm::max_element(steps) + 1);
  for (auto [step, value] : llvm::zip_equal(steps, stored))
    ends[step].add(value);
  std::vector<float> rounded(exact), clipped(exact);
  bool anyRounded = false, anyClipped = false;
  for (size_t i = 0; i < exact.size(); ++i) {
    bool clips = ends[steps[i]].clips(exact[i]);
    (clips ? clipped : rounded)[i] = stored[i];
    (clips ? anyClipped : anyRounded) |= stored[i] != exact[i];
  }
  if (anyRounded)
    roundedWeight = HostTensor::from<float>(operand.reference.shape(), rounded);
  if (anyClipped)
    clippedWeight = HostTensor::from<float>(operand.reference.shape(), clipped);
  return llvm::Error::success();
}

llvm::Error NodeMeter::open() {
  if (llvm::Error error = loadConstants(plan))
    return error;
  if (llvm::Error error = splitWeight())
    return error;
  llvm::Expected<std::unique_ptr<OneOp>> one = OneOp::create(plan.reference);
  if (!one)
    return one.takeError();
  function = std::move(*one);
  if (!plan.hasRows)
    return llvm::Error::success();
  one = OneOp::create(plan.quantized);
  if (!one)
    return one.takeError();
  rows = std::move(*one);
  rowConstants.clear();
  for (OpOperand &operand : plan.quantized->getOpOperands()) {
    HostTensor value;
    if (operand.getOperandNumber() > 0) {
      auto type = cast<RankedTensorType>(operand.get().getType());
      auto bytes = readBytes(getConstantElements(operand.get()));
      DType dtype = type.getElementType().isF32()             ? DType::F32
                    : type.getElementType().isSignedInteger() ? DType::I8
                                                              : DType::U8;
      if (!bytes)
        return makeError("node '" + plan.name + "': expected constant codes");
      auto tensor = HostTensor::copyOf(
          dtype, type.getShape(),
          llvm::ArrayRef(reinterpret_cast<const uint8_t *>(bytes->data()), bytes->size()));
      if (!tensor)
        return tensor.takeError();
      value = std::move(*tensor);
    }
    rowConstants.push_back(std::move(value));
  }
  return llvm::Error::success();
}

void NodeMeter::close() {
  dropConstants(plan);
  function.reset();
  rows.reset();
  rowConstants.clear();
  roundedWeight = clippedWeight = HostTensor();
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

static HostTensor mapped(const HostTensor &input, llvm::function_ref<float(float)> function) {
  HostTensor result = HostTensor::zeros(DType::F32, input.shape());
  for (auto [to, from] : llvm::zip_equal(result.mutableValues<float>(), input.values<float>()))
    to = function(from);
  return result;
}

/// Rows limited to what their greatest code stands for.
HostTensor NodeMeter::clampRows(const HostTensor &input) const {
  HostTensor result = input;
  int64_t columns = input.shape().back();
  int64_t size = plan.rowGroup > 0 ? plan.rowGroup : columns;
  MutableArrayRef<float> values = result.mutableValues<float>();
  for (size_t row = 0; row < values.size(); row += columns)
    for (int64_t begin = 0; begin < columns; begin += size) {
      MutableArrayRef<float> part = values.slice(row + begin, std::min(size, columns - begin));
      float most = 0;
      for (float x : part)
        most = std::max(most, std::fabs(x));
      for (float &x : part)
        x = std::clamp(x, -most * plan.rowClip, most * plan.rowClip);
    }
  return result;
}

/// The node's result when it is quantized, for any activations in front of it.
llvm::Expected<HostTensor> NodeMeter::quantizedResult(const Operands &inputs) const {
  Operands operands = inputs;
  if (rows) {
    operands = rowConstants;
    operands.front() = inputs.front();
    return rows->run(operands);
  }
  for (auto [entry, operand] : llvm::zip_equal(plan.operands, operands))
    if (entry.isConstant)
      operand = entry.quantized;
    else if (entry.codes)
      operand = mapped(operand, [&codes = *entry.codes](float x) { return codes.round(x); });
  return function->run(operands);
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static double squares(ArrayRef<float> a) {
  double sum = 0;
  for (float x : a)
    sum += double(x) * x;
  return sum;
}

static double squaredDistance(ArrayRef<float> a, ArrayRef<float> b) {
  double sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += (double(x) - y) * (double(x) - y);
  return sum;
}

namespace quantc {
/// Differences of results, and what is left of the error when all are taken away.
class NodeMeter::Parts {
public:
  Parts(const HostTensor &expected, const HostTensor &found, NodeLoss &loss) : loss(loss) {
    for (auto [x, y] : llvm::zip_equal(expected.values<float>(), found.values<float>()))
      error.push_back(double(y) - x);
    rest = error;
  }
  void add(LossCause cause, const HostTensor &from, const HostTensor &to) {
    size_t index = size_t(cause);
    for (auto [i, x, y] : llvm::enumerate(from.values<float>(), to.values<float>())) {
      double part = double(y) - x;
      loss.power[index] += part * part;
      loss.product[index] += part * error[i];
      rest[i] -= part;
    }
  }
  void finish() {
    for (auto [x, e] : llvm::zip_equal(rest, error)) {
      loss.residue += x * x;
      loss.residueProduct += x * e;
    }
  }

private:
  NodeLoss &loss;
  std::vector<double> error, rest;
};
} // namespace quantc

/// Rows that are quantized as they come, beside the stored weight: a row's codes meet no other.
llvm::Error NodeMeter::splitRows(const Operands &base, Parts &parts) const {
  Operands stored = base;
  stored[*plan.weight] = plan.operands[*plan.weight].quantized;
  llvm::Expected<HostTensor> exact = function->run(stored);
  stored.front() = clampRows(base.front());
  llvm::Expected<HostTensor> clamped = function->run(stored);
  llvm::Expected<HostTensor> coded = quantizedResult(base);
  if (!exact || !clamped || !coded)
    return llvm::joinErrors(exact.takeError(),
                            llvm::joinErrors(clamped.takeError(), coded.takeError()));
  parts.add(LossCause::ActivationClipping, *exact, *clamped);
  parts.add(LossCause::ActivationStep, *clamped, *coded);
  return llvm::Error::success();
}

/// Activations with one code for the tensor.
llvm::Error NodeMeter::splitCodes(const Operands &base, MeasureFn measure) const {
  Operands clamped = base, stepped = base;
  bool anyClamped = false, anyCodes = false;
  for (auto [i, entry] : llvm::enumerate(plan.operands)) {
    if (!entry.codes)
      continue;
    const TensorCodes &codes = *entry.codes;
    anyCodes = true;
    clamped[i] = mapped(base[i], [&](float x) { return codes.clamp(x); });
    stepped[i] = mapped(base[i], [&](float x) { return x + (codes.round(x) - codes.clamp(x)); });
    anyClamped |= squaredDistance(clamped[i].values<float>(), base[i].values<float>()) > 0;
  }
  if (anyClamped)
    if (llvm::Error error = measure(LossCause::ActivationClipping, clamped))
      return error;
  return anyCodes ? measure(LossCause::ActivationStep, stepped) : llvm::Error::success();
}

/// All parts start from the float op on what arrives, so that they differ from it by one cause.
llvm::Error NodeMeter::split(const Operands &base, const HostTensor &expected,
                             const HostTensor &found, NodeLoss &loss) const {
  Parts parts(expected, found, loss);
  llvm::Expected<HostTensor> start = function->run(base);
  if (!start)
    return start.takeError();
  parts.add(LossCause::Upstream, expected, *start);
  auto measure = [&](LossCause cause, const Operands &operands) -> llvm::Error {
    llvm::Expected<HostTensor> result = function->run(operands);
    if (!result)
      return result.takeError();
    parts.add(cause, *start, *result);
    return llvm::Error::success();
  };
  auto replace = [&](LossCause cause, unsigned index, const HostTensor &value) -> llvm::Error {
    Operands operands = base;
    operands[index] = value;
    return measure(cause, operands);
  };
  if (roundedWeight.isDefined())
    if (llvm::Error error = replace(LossCause::WeightRounding, *plan.weight, roundedWeight))
      return error;
  if (clippedWeight.isDefined())
    if (llvm::Error error = replace(LossCause::WeightClipping, *plan.weight, clippedWeight))
      return error;
  if (plan.bias && plan.operands[*plan.bias].isChanged)
    if (llvm::Error error =
            replace(LossCause::Bias, *plan.bias, plan.operands[*plan.bias].quantized))
      return error;
  if (llvm::Error error = rows ? splitRows(base, parts) : splitCodes(base, measure))
    return error;
  parts.finish();
  return llvm::Error::success();
}

llvm::Error NodeMeter::add(ArrayRef<HostTensor> reference, ArrayRef<HostTensor> quantized,
                           const HostTensor &expected, const HostTensor &found, NodeLoss &loss) {
  double total = squaredDistance(expected.values<float>(), found.values<float>());
  loss.signal += squares(expected.values<float>());
  loss.total += total;
  if (!function) { // not quantized itself: all of it arrives
    loss.power[size_t(LossCause::Upstream)] += total;
    loss.product[size_t(LossCause::Upstream)] += total;
    return llvm::Error::success();
  }
  Operands exact(reference.begin(), reference.end()), base(quantized.begin(), quantized.end());
  for (auto [i, entry] : llvm::enumerate(plan.operands))
    if (entry.isConstant)
      exact[i] = base[i] = entry.reference;
    else if ((entry.codes || plan.hasRows) && loss.inputs)
      loss.inputs->add(exact[i].values<float>());
  llvm::Expected<HostTensor> alone = quantizedResult(exact);
  if (!alone)
    return alone.takeError();
  loss.local += squaredDistance(expected.values<float>(), alone->values<float>());
  return split(base, expected, found, loss);
}
