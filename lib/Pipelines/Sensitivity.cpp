//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sensitivities by changed weights on compiled float code; see Sensitivity.h. The original weights
// compute each run's reference, so that a width that changes nothing has no effect at all.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Sensitivity.h"
#include "Feeds.h"
#include "LayerMeans.h"
#include "OutputComparison.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Allocation/Sensitivity.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Execution/WeightedModel.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Quantize.h"
#include <numeric>
#include <set>

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

uint64_t quantc::memoryOf(const RoundedWidths &rounded) {
  uint64_t bytes = 0;
  for (const auto &node : rounded)
    for (const auto &width : node.second)
      bytes += width.second.size() * sizeof(float);
  return bytes;
}

static bool isLayer(LinearMapOpInterface op) {
  ElementsAttr weight = getConstantElements(op.getWeightOperand().get());
  return weight && weight.getElementType().isF32() && !op->hasAttr("qnn.stay_float") &&
         !getLocationName(op->getLoc()).empty();
}

std::vector<LayerSensitivity> quantc::findLayers(ModuleOp module) {
  std::vector<LayerSensitivity> layers;
  llvm::StringMap<size_t> byName;
  DenseMap<Attribute, std::string> owners;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return layers;
  main.walk([&](LinearMapOpInterface op) {
    if (!isLayer(op))
      return;
    std::string node = getNodeName(op);
    auto [found, isNew] = byName.try_emplace(node, layers.size());
    if (isNew)
      layers.emplace_back().node = node;
    LayerSensitivity &layer = layers[found->second];
    ElementsAttr weight = getConstantElements(op.getWeightOperand().get());
    std::string &owner = owners[weight];
    if (owner.empty())
      owner = node;
    else if (owner != node)
      layer.shares = owner;
    layer.parameters += weight.getNumElements();
    layer.channels += weight.getShapedType().getDimSize(op.getWeightOutputAxis());
    auto result = cast<RankedTensorType>(op->getResult(0).getType());
    if (result.hasStaticShape())
      layer.macs += op.getReductionSize() * result.getNumElements();
  });
  return layers;
}

/// The last two of the layers that made any of the operands.
static SmallVector<size_t, 2> sourcesOf(Operation *op,
                                        const DenseMap<Value, SmallVector<size_t, 2>> &sources) {
  std::set<size_t> all;
  for (Value operand : op->getOperands())
    if (auto found = sources.find(operand); found != sources.end())
      all.insert(found->second.begin(), found->second.end());
  SmallVector<size_t, 2> last(all.begin(), all.end());
  last.erase(last.begin(), last.end() - int64_t(std::min<size_t>(last.size(), 2)));
  return last;
}

std::vector<std::pair<size_t, size_t>> quantc::findNeighbours(ModuleOp module,
                                                              ArrayRef<LayerSensitivity> layers) {
  llvm::StringMap<size_t> byName;
  for (auto [i, layer] : llvm::enumerate(layers))
    byName[layer.node] = i;
  std::set<std::pair<size_t, size_t>> pairs; // the second first
  DenseMap<Value, SmallVector<size_t, 2>> sources;
  module.lookupSymbol<func::FuncOp>("main").walk([&](Operation *op) {
    SmallVector<size_t, 2> from = sourcesOf(op, sources);
    auto map = dyn_cast<LinearMapOpInterface>(op);
    auto own = map && isLayer(map) ? byName.find(getNodeName(op)) : byName.end();
    if (own != byName.end()) {
      for (size_t source : from)
        if (source != own->second)
          pairs.emplace(own->second, source);
      from = {own->second};
    }
    for (Value result : op->getResults())
      sources[result] = from;
  });
  std::vector<std::pair<size_t, size_t>> ordered;
  for (auto [second, first] : pairs)
    ordered.emplace_back(std::min(first, second), std::max(first, second));
  return ordered;
}

//===----------------------------------------------------------------------===//
// Weights in fewer bits
//===----------------------------------------------------------------------===//

namespace {
/// A weight seen as [outer][channels][inner].
struct ChannelView {
  int64_t outer = 1, channels = 1, inner = 1;
  ChannelView(ArrayRef<int64_t> shape, int64_t axis) {
    for (auto [i, size] : llvm::enumerate(shape))
      (int64_t(i) < axis ? outer : int64_t(i) > axis ? inner : channels) *= size;
  }
  template <typename Fn> void forEach(int64_t channel, Fn fn) const {
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i)
        fn((o * channels + channel) * inner + i);
  }
};
} // namespace

/// The values that integer weights stand for [NUM-WGT-1], as quantization to `bits` would choose
/// them for an input of 8 bits, of the `channels` that change.
static llvm::Expected<HostTensor> inBits(const HostTensor &weight, int64_t axis, unsigned bits,
                                         bool perChannel, ArrayRef<int64_t> channels) {
  HostTensor result = weight;
  ChannelView view(weight.shape(), axis);
  ArrayRef<float> from = weight.values<float>();
  llvm::MutableArrayRef<float> to = result.mutableValues<float>();
  float common = numerics::naturalWeightScale(from.data(), from.size(), int(bits));
  for (int64_t c : channels) {
    std::vector<float> values;
    view.forEach(c, [&](int64_t at) { values.push_back(from[at]); });
    numerics::IntRange codes{0, 255};
    auto channel = perChannel ? numerics::quantizeWeightChannel(values.data(), values.size(), 0, 1,
                                                                codes, int(bits))
                              : numerics::quantizeWeightChannelAt(values.data(), values.size(), 0,
                                                                  1, common, codes, int(bits));
    if (!channel)
      return llvm::createStringError("expected finite weights whose sums fit 32 bits");
    size_t k = 0;
    view.forEach(c, [&](int64_t at) { to[at] = float(channel->q[k++]) * channel->scale; });
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Probing
//===----------------------------------------------------------------------===//

namespace {
/// The model with its layers' weights at hand.
class Prober {
public:
  Prober(DataSet &data, const SensitivityOptions &options) : data(data), options(options) {}

  llvm::Error open(ModuleOp module, ArrayRef<int64_t> runs);
  llvm::Error measure(ArrayRef<int64_t> runs, SensitivityTable &table);
  /// One run with every layer in these bits; 0: float.
  llvm::Expected<std::vector<HostTensor>> run(ArrayRef<HostTensor> feeds, ArrayRef<unsigned> bits);
  llvm::Error measurePairs(ArrayRef<int64_t> runs, ArrayRef<std::pair<size_t, size_t>> pairs,
                           SensitivityTable &table);

  std::vector<LayerSensitivity> layers;
  size_t ownOutputs = 0;

private:
  /// One linear map: indices of the model's weights.
  struct Map {
    size_t weight;
    std::optional<size_t> bias;
    const MeanRows *means; ///< null: the bias is left alone
  };
  /// Maps and results (indices among the extra outputs) of a layer.
  struct Parts {
    std::vector<Map> maps;
    std::vector<size_t> results;
  };

  void openMaps(llvm::StringMap<size_t> &byName);
  llvm::Error setBias(const Map &map, ArrayRef<float> changed);
  llvm::Expected<std::vector<int64_t>> channelsOf(size_t layer, int64_t channels, bool masked);
  const std::vector<float> *findRounded(size_t layer, size_t map, unsigned bits) const;

  llvm::Error setLayer(size_t layer, unsigned bits, bool masked, double *error);
  void resetLayer(size_t layer);
  llvm::Error probePair(std::pair<size_t, size_t> pair, ArrayRef<HostTensor> feeds,
                        ArrayRef<HostTensor> reference, MutableArrayRef<OutputComparison> sums);
  llvm::Error probe(size_t layer, unsigned bits, bool masked, ArrayRef<HostTensor> feeds,
                    ArrayRef<HostTensor> reference, OutputComparison &sums, double *error);

  DataSet &data;
  const SensitivityOptions &options;
  std::unique_ptr<WeightedModel> model;
  std::vector<Parts> parts;
  std::map<MapKey, MeanRows> means;
  std::vector<unsigned> taken; ///< by layer: the bits of the last `run`
};
} // namespace

/// Observers go; with `results` the layers' results become outputs, in program order.
static std::vector<std::string> prepare(ModuleOp module, bool results) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  main.walk([](qnn::ObserveOp op) {
    op.getResult().replaceAllUsesWith(op.getInput());
    op.erase();
  });
  std::vector<std::string> nodes;
  if (!results)
    return nodes;
  auto returnOp = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  SmallVector<Value> values(returnOp.getOperands());
  SmallVector<DictionaryAttr> attributes;
  main.getAllResultAttrs(attributes);
  Builder builder(module.getContext());
  attributes.resize(values.size(), builder.getDictionaryAttr({}));
  main.walk([&](LinearMapOpInterface op) {
    if (!isLayer(op))
      return;
    nodes.push_back(getNodeName(op));
    values.push_back(op->getResult(0));
    std::string name = "layer:" + std::to_string(nodes.size());
    attributes.push_back(
        builder.getDictionaryAttr(builder.getNamedAttr("onnx.name", builder.getStringAttr(name))));
  });
  returnOp.getOperandsMutable().assign(values);
  main.setFunctionType(
      builder.getFunctionType(main.getArgumentTypes(), TypeRange(ValueRange(values))));
  main.setAllResultAttrs(attributes);
  return nodes;
}

void Prober::openMaps(llvm::StringMap<size_t> &byName) {
  for (auto [i, weight] : llvm::enumerate(model->weights())) {
    std::vector<Map> &maps = parts[byName[weight.node]].maps;
    if (weight.isBias) {
      maps.back().bias = i;
      continue;
    }
    auto found = means.find({weight.node, maps.size()});
    maps.push_back({i, std::nullopt, found == means.end() ? nullptr : &found->second});
  }
}

llvm::Error Prober::open(ModuleOp module, ArrayRef<int64_t> runs) {
  layers = findLayers(module);
  if (layers.empty())
    return llvm::createStringError("the model has no linear map with constant weights");
  parts.resize(layers.size());
  taken.resize(layers.size());
  llvm::StringMap<size_t> byName;
  nn::WeightInputOptions inputs;
  inputs.biases = options.correctBias;
  for (auto [i, layer] : llvm::enumerate(layers)) {
    byName[layer.node] = i;
    inputs.nodes.push_back(layer.node);
  }
  OwningOpRef<ModuleOp> copy = module.clone();
  auto main = copy->lookupSymbol<func::FuncOp>("main");
  ownOutputs = main.getNumResults();
  for (auto [i, node] : llvm::enumerate(prepare(*copy, options.layerError)))
    parts[byName[node]].results.push_back(i);
  auto created = WeightedModel::create(*copy, kernels::bestHostLevel(), options.threads, inputs);
  if (!created)
    return created.takeError();
  model = std::move(*created);
  if (options.correctBias) {
    auto collected = collectMeanRows(
        module, data, options.meanRuns.empty() ? runs : ArrayRef(options.meanRuns), options.threads,
        {options.memory, options.rounded ? memoryOf(*options.rounded) : 0});
    if (!collected)
      return collected.takeError();
    means = std::move(*collected);
  }
  openMaps(byName);
  return llvm::Error::success();
}

/// The original bias without what the changed weight does to the means.
llvm::Error Prober::setBias(const Map &map, ArrayRef<float> changed) {
  if (!map.bias || !map.means)
    return llvm::Error::success();
  HostTensor bias = model->original(*map.bias);
  std::vector<double> shift =
      map.means->shift(model->original(map.weight).values<float>(), changed);
  for (auto [value, mean] : llvm::zip_equal(bias.mutableValues<float>(), shift))
    value = float(value - mean);
  return model->set(*map.bias, std::move(bias));
}

/// The channels that change.
llvm::Expected<std::vector<int64_t>> Prober::channelsOf(size_t layer, int64_t channels,
                                                        bool masked) {
  if (masked)
    return alloc::drawMask(channels, 0.5, options.seed + uint32_t(layer));
  std::vector<int64_t> all(static_cast<size_t>(channels));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Null: nearest codes. Rounding knows nodes of one map.
const std::vector<float> *Prober::findRounded(size_t layer, size_t map, unsigned bits) const {
  if (!options.rounded || parts[layer].maps.size() != 1)
    return nullptr;
  auto node = options.rounded->find(layers[layer].node);
  if (node == options.rounded->end())
    return nullptr;
  auto found = node->second.find(bits);
  bool fits = found != node->second.end() &&
              int64_t(found->second.size()) == model->original(map).numElements();
  return fits ? &found->second : nullptr;
}

llvm::Error Prober::setLayer(size_t layer, unsigned bits, bool masked, double *error) {
  if (error)
    *error = 0;
  for (const Map &map : parts[layer].maps) {
    size_t index = map.weight;
    const HostTensor &original = model->original(index);
    int64_t axis = model->weights()[index].outputAxis;
    auto channels = channelsOf(layer, original.dim(unsigned(axis)), masked);
    if (!channels)
      return channels.takeError();
    auto changed = inBits(original, axis, bits, options.perChannel, *channels);
    if (!changed)
      return llvm::createStringError("node '" + layers[layer].node +
                                     "': " + llvm::toString(changed.takeError()));
    if (error)
      *error += squaredDistance(original.values<float>(), changed->values<float>());
    if (const std::vector<float> *rounded = findRounded(layer, index, bits)) {
      ChannelView view(original.shape(), axis);
      for (int64_t channel : *channels)
        view.forEach(channel, [&](int64_t at) {
          changed->mutableValues<float>()[at] = (*rounded)[size_t(at)];
        });
    }
    if (llvm::Error failure = setBias(map, changed->values<float>()))
      return failure;
    if (llvm::Error failure = model->set(index, std::move(*changed)))
      return failure;
  }
  return llvm::Error::success();
}

void Prober::resetLayer(size_t layer) {
  for (const Map &map : parts[layer].maps) {
    model->reset(map.weight);
    if (map.bias)
      model->reset(*map.bias);
  }
}

llvm::Error Prober::probe(size_t layer, unsigned bits, bool masked, ArrayRef<HostTensor> feeds,
                          ArrayRef<HostTensor> reference, OutputComparison &sums, double *error) {
  if (llvm::Error failure = setLayer(layer, bits, masked, error))
    return failure;
  auto found = model->run(feeds);
  resetLayer(layer);
  if (!found)
    return found.takeError();
  sums.add(reference, *found, ownOutputs);
  for (size_t result : parts[layer].results) {
    ArrayRef<float> a = reference[ownOutputs + result].values<float>();
    sums.layerError += squaredDistance(a, (*found)[ownOutputs + result].values<float>());
    sums.layerElements += int64_t(a.size());
  }
  return llvm::Error::success();
}

llvm::Error Prober::measure(ArrayRef<int64_t> runs, SensitivityTable &table) {
  size_t widths = options.widths.size();
  std::vector<OutputComparison> whole(layers.size() * widths), half(whole.size());
  std::vector<double> errors(whole.size());
  for (auto [done, run] : llvm::enumerate(runs)) {
    if (options.progress)
      options.progress("sensitivities", int64_t(done), int64_t(runs.size()));
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    std::vector<HostTensor> feeds = feedTensors(*feed);
    auto reference = model->run(feeds);
    if (!reference)
      return reference.takeError();
    for (size_t i = 0; i < whole.size(); ++i) {
      unsigned bits = options.widths[i % widths];
      if (llvm::Error error =
              probe(i / widths, bits, false, feeds, *reference, whole[i], &errors[i]))
        return error;
      if (options.masked)
        if (llvm::Error error = probe(i / widths, bits, true, feeds, *reference, half[i], nullptr))
          return error;
    }
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    WidthEffect effect;
    effect.bits = options.widths[i % widths];
    effect.weightError = errors[i];
    whole[i].summarize(effect);
    if (whole[i].layerElements)
      effect.layerError = whole[i].layerError / double(whole[i].layerElements);
    if (options.masked) {
      WidthEffect masked;
      half[i].summarize(masked);
      effect.masked = masked.divergence.value_or(masked.noise);
    }
    layers[i / widths].widths.push_back(effect);
  }
  table.layers = layers;
  return llvm::Error::success();
}

/// All widths of the one with all widths of the other; `sums` by the first's, then the second's.
llvm::Error Prober::probePair(std::pair<size_t, size_t> pair, ArrayRef<HostTensor> feeds,
                              ArrayRef<HostTensor> reference,
                              MutableArrayRef<OutputComparison> sums) {
  size_t widths = options.widths.size();
  for (size_t i = 0; i < sums.size(); ++i) {
    if (i % widths == 0)
      if (llvm::Error error = setLayer(pair.first, options.widths[i / widths], false, nullptr))
        return error;
    if (llvm::Error error = setLayer(pair.second, options.widths[i % widths], false, nullptr))
      return error;
    auto found = model->run(feeds);
    if (!found)
      return found.takeError();
    sums[i].add(reference, *found, ownOutputs);
  }
  resetLayer(pair.first);
  resetLayer(pair.second);
  return llvm::Error::success();
}

llvm::Error Prober::measurePairs(ArrayRef<int64_t> runs, ArrayRef<std::pair<size_t, size_t>> pairs,
                                 SensitivityTable &table) {
  size_t widths = options.widths.size(), each = widths * widths;
  std::vector<OutputComparison> sums(pairs.size() * each);
  for (auto [done, run] : llvm::enumerate(runs)) {
    if (options.progress)
      options.progress("sensitivities of pairs", int64_t(done), int64_t(runs.size()));
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    std::vector<HostTensor> feeds = feedTensors(*feed);
    auto reference = model->run(feeds);
    if (!reference)
      return reference.takeError();
    for (auto [i, pair] : llvm::enumerate(pairs))
      if (llvm::Error error =
              probePair(pair, feeds, *reference, MutableArrayRef(sums).slice(i * each, each)))
        return error;
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    if (i % each == 0)
      table.pairs.push_back(
          {layers[pairs[i / each].first].node, layers[pairs[i / each].second].node, {}});
    PairEffect &effect = table.pairs.back().effects.emplace_back();
    effect.firstBits = options.widths[i % each / widths];
    effect.secondBits = options.widths[i % widths];
    sums[i].summarize(effect.effect);
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<HostTensor>> Prober::run(ArrayRef<HostTensor> feeds,
                                                    ArrayRef<unsigned> bits) {
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    if (taken[layer] == bits[layer])
      continue;
    taken[layer] = bits[layer];
    if (!bits[layer])
      resetLayer(layer);
    else if (llvm::Error error = setLayer(layer, bits[layer], false, nullptr))
      return std::move(error);
  }
  return model->run(feeds);
}

llvm::Expected<SensitivityTable> quantc::measureSensitivity(ModuleOp module, DataSet &data,
                                                            ArrayRef<int64_t> runs,
                                                            const SensitivityOptions &options) {
  SensitivityTable table;
  table.runs = int64_t(runs.size());
  table.perChannel = options.perChannel;
  table.correctedBias = options.correctBias;
  table.rounding = options.rounding;
  Prober prober(data, options);
  if (llvm::Error error = prober.open(module, runs))
    return std::move(error);
  if (llvm::Error error = prober.measure(runs, table))
    return std::move(error);
  if (options.pairs)
    if (llvm::Error error = prober.measurePairs(runs, findNeighbours(module, prober.layers), table))
      return std::move(error);
  if (options.progress)
    options.progress("sensitivities", table.runs, table.runs);
  return table;
}

//===----------------------------------------------------------------------===//
// Whole assignments
//===----------------------------------------------------------------------===//

class AssignmentMeter::Implementation {
public:
  Implementation(DataSet &data, const SensitivityOptions &options, uint64_t memory)
      : prober(data, options), data(data), memory(memory) {}

  llvm::Error addRun(int64_t run, ArrayRef<unsigned> bits, OutputComparison &sums);

  Prober prober;

private:
  llvm::Expected<std::vector<HostTensor>> reference(int64_t run, ArrayRef<HostTensor> feeds);

  DataSet &data;
  uint64_t memory, held = 0;
  std::map<int64_t, std::vector<HostTensor>> kept; ///< float outputs by run
};

llvm::Expected<std::vector<HostTensor>>
AssignmentMeter::Implementation::reference(int64_t run, ArrayRef<HostTensor> feeds) {
  if (auto found = kept.find(run); found != kept.end())
    return found->second;
  auto outputs = prober.run(feeds, std::vector<unsigned>(prober.layers.size()));
  if (!outputs)
    return outputs.takeError();
  uint64_t bytes = 0;
  for (const HostTensor &output : *outputs)
    bytes += output.bytes().size();
  if (held + bytes <= memory) {
    held += bytes;
    kept[run] = *outputs;
  }
  return outputs;
}

llvm::Error AssignmentMeter::Implementation::addRun(int64_t run, ArrayRef<unsigned> bits,
                                                    OutputComparison &sums) {
  auto feed = data.feed(run);
  if (!feed)
    return feed.takeError();
  std::vector<HostTensor> feeds = feedTensors(*feed);
  auto expected = reference(run, feeds);
  if (!expected)
    return expected.takeError();
  auto found = prober.run(feeds, bits);
  if (!found)
    return found.takeError();
  sums.add(*expected, *found, prober.ownOutputs);
  return llvm::Error::success();
}

AssignmentMeter::AssignmentMeter(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
AssignmentMeter::~AssignmentMeter() = default;

llvm::Expected<std::unique_ptr<AssignmentMeter>>
AssignmentMeter::open(ModuleOp module, DataSet &data, ArrayRef<int64_t> runs,
                      const SensitivityOptions &options, uint64_t memory) {
  auto implementation = std::make_unique<Implementation>(data, options, memory);
  if (llvm::Error error = implementation->prober.open(module, runs))
    return std::move(error);
  return std::unique_ptr<AssignmentMeter>(new AssignmentMeter(std::move(implementation)));
}

llvm::Expected<WidthEffect> AssignmentMeter::measure(ArrayRef<int64_t> runs,
                                                     ArrayRef<unsigned> bits) {
  size_t layers = implementation->prober.layers.size();
  if (bits.size() != layers)
    return llvm::createStringError("expected widths for " + llvm::Twine(layers) +
                                   " layers, but found " + llvm::Twine(bits.size()));
  OutputComparison sums;
  for (int64_t run : runs)
    if (llvm::Error error = implementation->addRun(run, bits, sums))
      return std::move(error);
  WidthEffect effect;
  sums.summarize(effect);
  return effect;
}
