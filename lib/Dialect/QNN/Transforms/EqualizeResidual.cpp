//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equalization of residual streams: the tensors that projections and their sums make are read by
// 1x1 convolutions only, so one factor per channel, common to the whole stream, and one shift per
// channel and tensor move into the weights and biases around it.
//
//===----------------------------------------------------------------------===//

#include "FloatWeights.h"
#include "Nodes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {
/// One observed tensor of a stream.
struct Stream {
  ObserveOp observe;
  Operation *maker;                          ///< a convolution or a sum
  SmallVector<LinearMapOpInterface> readers; ///< the convolutions among the readers
  const ChannelSummary *summary;
  std::vector<double> shift;
};

/// The tensors that share their factors.
class Component {
public:
  /// In the order of the module, so that a sum follows its operands.
  SmallVector<Stream> tensors;

  bool rewrite();

private:
  bool chooseFactors();
  bool chooseShifts();
  bool load(LinearMapOpInterface op);
  FloatWeights &weights(LinearMapOpInterface op) { return loaded.find(op)->second; }

  size_t channels = 0;
  std::vector<double> sigma;
  /// Each convolution once, though it may be maker and reader.
  llvm::MapVector<Operation *, FloatWeights> loaded;
};
} // namespace

//===----------------------------------------------------------------------===//
// One component
//===----------------------------------------------------------------------===//

bool Component::load(LinearMapOpInterface op) {
  if (loaded.contains(op))
    return true;
  std::optional<FloatWeights> weights = FloatWeights::load(op);
  if (weights)
    loaded.insert({op, std::move(*weights)});
  return weights.has_value();
}

/// sigma_c = sqrt(R_c / v_c).
bool Component::chooseFactors() {
  std::vector<double> range(channels, 0.0), greatest(channels, 0.0);
  for (Stream &tensor : tensors) {
    for (size_t c = 0; c < channels && !tensor.readers.empty(); ++c)
      range[c] = std::max(range[c], tensor.summary->max[c] - tensor.summary->min[c]);
    for (LinearMapOpInterface reader : tensor.readers) {
      FloatWeights &w = weights(reader);
      for (int64_t o = 0; o < w.outputs(); ++o)
        for (size_t c = 0; c < channels; ++c)
          greatest[c] = std::max(greatest[c], std::fabs(double(w.taps(o, c).front())));
    }
  }
  double rangeFloor = 1e-2 * *std::max_element(range.begin(), range.end());
  double weightFloor = 1e-3 * *std::max_element(greatest.begin(), greatest.end());
  if (!(rangeFloor > 0) || !(weightFloor > 0))
    return false;
  for (size_t c = 0; c < channels; ++c)
    sigma.push_back(std::sqrt(std::max(range[c], rangeFloor) / std::max(greatest[c], weightFloor)));
  return true;
}

/// The middle of a convolution's range; a sum shifts by the sum of its operands' shifts.
bool Component::chooseShifts() {
  for (Stream &tensor : tensors) {
    tensor.shift.assign(channels, 0.0);
    if (isa<LinearMapOpInterface>(tensor.maker)) {
      for (size_t c = 0; c < channels; ++c)
        tensor.shift[c] = (tensor.summary->min[c] + tensor.summary->max[c]) / 2;
      continue;
    }
    for (Value operand : tensor.maker->getOperands()) {
      auto *source = llvm::find_if(
          tensors, [&](const Stream &s) { return Value(s.observe->getResult(0)) == operand; });
      if (source == tensors.end() || source->shift.empty())
        return false;
      for (size_t c = 0; c < channels; ++c)
        tensor.shift[c] += source->shift[c];
    }
  }
  return true;
}

bool Component::rewrite() {
  channels = tensors.front().summary->max.size();
  for (const Stream &tensor : tensors) {
    if (tensor.summary->max.size() != channels)
      return false;
    if (auto maker = dyn_cast<LinearMapOpInterface>(tensor.maker); maker && !load(maker))
      return false;
    for (LinearMapOpInterface reader : tensor.readers)
      if (!load(reader) || weights(reader).inputs() != static_cast<int64_t>(channels))
        return false;
  }
  if (!chooseFactors() || !chooseShifts())
    return false;
  // Readers first: a convolution that reads one tensor of the stream and makes another has its new
  // bias divided and shifted once.
  for (const Stream &tensor : tensors)
    for (LinearMapOpInterface reader : tensor.readers) {
      FloatWeights &w = weights(reader);
      for (int64_t o = 0; o < w.outputs(); ++o)
        for (size_t c = 0; c < channels; ++c) {
          float &value = w.taps(o, c).front();
          w.bias[o] += double(value) * tensor.shift[c];
          value = static_cast<float>(value * sigma[c]);
        }
    }
  for (const Stream &tensor : tensors) {
    auto maker = dyn_cast<LinearMapOpInterface>(tensor.maker);
    if (!maker)
      continue;
    FloatWeights &w = weights(maker);
    for (size_t c = 0; c < channels; ++c) {
      w.bias[c] = (w.bias[c] - tensor.shift[c]) / sigma[c];
      for (float &value : w.row(static_cast<int64_t>(c)))
        value = static_cast<float>(value / sigma[c]);
    }
    std::vector<double> factors, offsets;
    for (size_t c = 0; c < channels; ++c) {
      factors.push_back(1 / sigma[c]);
      offsets.push_back(-tensor.shift[c] / sigma[c]);
    }
    rescaleChannelMoments(maker, factors, offsets);
  }
  for (auto &entry : loaded)
    entry.second.store();
  return true;
}

//===----------------------------------------------------------------------===//
// Finding components
//===----------------------------------------------------------------------===//

/// A convolution of single positions, without padding.
static bool isPointwise(Operation *op, Value input) {
  std::optional<ptq::PatchGeometry> patches = convolutionPatches(op);
  if (!patches || cast<LinearMapOpInterface>(op).getInputOperand().get() != input ||
      patches->groups != 1 || patches->taps() != 1)
    return false;
  for (int axis = 0; axis < ptq::PatchGeometry::kAxes; ++axis)
    if (patches->padsBefore[axis] != 0 ||
        patches->out[axis] != (patches->size[axis] - 1) / patches->strides[axis] + 1)
      return false;
  return true;
}

static bool isQuantizableSum(Operation *op) { return isPlainSum(op) && asQuantizable(op); }

/// The tensor if it can be a part of a stream: nothing else reads or makes it.
static std::optional<Stream> matchStream(ObserveOp observe, const ChannelSummaries &channels) {
  auto summary = channels.find(observe.getName());
  Operation *maker = observe.getInput().getDefiningOp();
  if (summary == channels.end() || !maker || !observe.getInput().hasOneUse() ||
      observe.getStatisticsAttr() || !asQuantizable(maker) ||
      !(convolutionPatches(maker) || isQuantizableSum(maker)))
    return std::nullopt;
  Stream stream{observe, maker, {}, &summary->second, {}};
  for (Operation *user : observe.getResult().getUsers()) {
    if (isQuantizableSum(user))
      continue;
    if (!isPointwise(user, observe.getResult()))
      return std::nullopt;
    stream.readers.push_back(cast<LinearMapOpInterface>(user));
  }
  return stream;
}

namespace {
/// Joins tensors into components along the sums.
class Streams {
public:
  Streams(ModuleOp module, const ChannelSummaries &channels);

  llvm::MapVector<void *, Component> components();

private:
  static void *key(Value value) { return value.getAsOpaquePointer(); }
  void join(Operation *sum);

  SmallVector<Stream> streams;
  llvm::EquivalenceClasses<void *> classes;
  /// Tensors of a sum with a tensor that cannot be rewritten.
  DenseSet<void *> spoiled;
};
} // namespace

Streams::Streams(ModuleOp module, const ChannelSummaries &channels) {
  SmallVector<Operation *> sums;
  module.walk([&](Operation *op) {
    if (isQuantizableSum(op))
      sums.push_back(op);
    auto observe = dyn_cast<ObserveOp>(op);
    std::optional<Stream> stream = observe ? matchStream(observe, channels) : std::nullopt;
    if (!stream)
      return;
    streams.push_back(std::move(*stream));
    classes.insert(key(observe.getResult()));
  });
  for (Operation *sum : sums)
    join(sum);
}

void Streams::join(Operation *sum) {
  Value result = sum->getResult(0);
  if (result.hasOneUse() && isa<ObserveOp>(*result.getUsers().begin()))
    result = (*result.getUsers().begin())->getResult(0);
  SmallVector<Value> tensors(sum->getOperands());
  tensors.push_back(result);
  auto isMember = [&](Value v) { return classes.contains(key(v)); };
  bool complete = llvm::all_of(tensors, isMember);
  for (Value tensor : llvm::make_filter_range(tensors, isMember)) {
    if (complete)
      classes.unionSets(key(tensor), key(result));
    else
      spoiled.insert(key(tensor));
  }
}

llvm::MapVector<void *, Component> Streams::components() {
  DenseSet<void *> spoiledLeaders;
  for (void *tensor : spoiled)
    spoiledLeaders.insert(classes.getLeaderValue(tensor));
  llvm::MapVector<void *, Component> components;
  for (Stream &stream : streams) {
    void *leader = classes.getLeaderValue(key(stream.observe.getResult()));
    if (!spoiledLeaders.contains(leader))
      components[leader].tensors.push_back(std::move(stream));
  }
  return components;
}

int64_t qnn::equalizeResidual(ModuleOp module, const ChannelSummaries &channels) {
  int64_t count = 0;
  for (auto &[leader, component] : Streams(module, channels).components())
    if (component.rewrite())
      ++count;
  return count;
}
