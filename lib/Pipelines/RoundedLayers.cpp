//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layers rounded by moments of their float inputs; see RoundedLayers.h. In the end a layer reads
// what the rounded layers in front of it make; here, where one layer changes at a time, float
// inputs are the right ones.
//
//===----------------------------------------------------------------------===//

#include "RoundedLayers.h"
#include "LayerMeans.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Dialect/QNN/Transforms/RoundCodes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/PTQ/PatchMoment.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace quantc;

static std::optional<ptq::ChannelMethod> methodOf(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ptq::ChannelMethod>>(name)
      .Case("mse", ptq::ChannelMethod::Mse)
      .Case("gptq", ptq::ChannelMethod::Gptq)
      .Case("gptaq", ptq::ChannelMethod::Gptaq)
      .Case("brecq", ptq::ChannelMethod::Gptaq) // to start from
      .Case("adaround", ptq::ChannelMethod::AdaRound)
      .Case("autoround", ptq::ChannelMethod::AutoRound)
      .Default(std::nullopt);
}

std::optional<ptq::ChannelOptions> quantc::channelOptionsOf(const Recipe &recipe) {
  std::optional<ptq::ChannelMethod> method = methodOf(recipe.weightRounding);
  if (!recipe.hasStaticActivations() || !method)
    return std::nullopt;
  ptq::ChannelOptions options;
  options.method = *method;
  options.adaRound.iterations = static_cast<int>(recipe.roundingSteps);
  options.signSteps = recipe.roundingSteps;
  return options;
}

namespace {
class LayerRounding {
public:
  LayerRounding(ModuleOp module, DataSet &data, ArrayRef<int64_t> runs, const Recipe &recipe,
                const ptq::ChannelOptions &options, int threads, std::optional<uint64_t> memory,
                const ProgressFn &progress)
      : module(module), data(data), runs(runs), recipe(recipe), options(options), threads(threads),
        memory{memory}, progress(progress),
        folds(std::clamp<int64_t>(recipe.roundingFolds, 1, std::max<int64_t>(runs.size(), 1))) {}

  llvm::Error run();

  RoundedWidths result;

private:
  using Maps = std::vector<qnn::RoundableMap>;
  llvm::Expected<std::vector<Maps>> mapsOfWidths(ModuleOp copy);
  llvm::Error checkMemory(ArrayRef<Maps> widths);
  uint64_t memoryNeeded(const qnn::RoundableMap &map) const;
  size_t partFrom(const Maps &maps, size_t first) const;
  llvm::Error collect(ArrayRef<qnn::RoundableMap> part);
  llvm::Error round(const qnn::RoundableMap &map);

  ModuleOp module;
  DataSet &data;
  ArrayRef<int64_t> runs;
  const Recipe &recipe;
  const ptq::ChannelOptions &options;
  int threads;
  MemoryBudget memory; ///< the result is held
  const ProgressFn &progress;
  int64_t folds;
  std::vector<qnn::QuantizeOptions> choices;              ///< of widths; their maps refer to them
  llvm::StringMap<std::vector<ptq::PatchMoment>> moments; ///< of the part's nodes
};
} // namespace

/// Of a map's moments and of its inputs in one run.
uint64_t LayerRounding::memoryNeeded(const qnn::RoundableMap &map) const {
  if (options.method == ptq::ChannelMethod::Mse)
    return 0;
  LinearMapOpInterface op = map.op;
  return folds * ptq::PatchMoment::memoryNeeded(map.patches, false) + inputBytes(op);
}

/// Counts the result as held.
llvm::Error LayerRounding::checkMemory(ArrayRef<Maps> widths) {
  for (const Maps &maps : widths)
    for (const qnn::RoundableMap &map : maps)
      memory.held += map.weight.size() * sizeof(float);
  const qnn::RoundableMap *greatest = &widths.back().front();
  for (const qnn::RoundableMap &map : widths.back())
    if (memoryNeeded(map) > memoryNeeded(*greatest))
      greatest = &map;
  if (llvm::Error error = memory.check(memoryNeeded(*greatest),
                                       "rounded weights of all layers and the moments of one"))
    return addContext("node '" + greatest->name + "'", std::move(error));
  return llvm::Error::success();
}

/// Behind the last map that is held together with those from `first` on.
size_t LayerRounding::partFrom(const Maps &maps, size_t first) const {
  size_t last = first;
  for (uint64_t held = 0; last < maps.size(); ++last) {
    held += memoryNeeded(maps[last]);
    if (last > first && !memory.fits(held))
      break;
  }
  return last;
}

llvm::Error LayerRounding::collect(ArrayRef<qnn::RoundableMap> part) {
  moments.clear();
  MemoryBudget rest = memory;
  for (const qnn::RoundableMap &map : part) {
    for (int64_t fold = 0; fold < folds; ++fold)
      moments[map.name].emplace_back(map.patches, /*hasOriginal=*/false);
    rest.held += folds * ptq::PatchMoment::memoryNeeded(map.patches, false);
  }
  auto wanted = [&](LinearMapOpInterface, const MapKey &key) {
    return key.second == 0 && moments.contains(key.first);
  };
  auto observe = [&](const MapKey &key, size_t i, const HostTensor &input) -> llvm::Error {
    ptq::PatchMoment &moment = moments.find(key.first)->second[i * folds / runs.size()];
    auto parallel = [&](int64_t count, llvm::function_ref<void(int64_t)> task) {
      runOnThreads(threads, count, task);
    };
    if (llvm::Error error =
            moment.add(input.values<float>().data(), nullptr, input.numElements(), parallel))
      return addContext("node '" + key.first + "'", std::move(error));
    return llvm::Error::success();
  };
  return observeInputs(module, data, runs, threads, rest, wanted, observe);
}

llvm::Error LayerRounding::round(const qnn::RoundableMap &map) {
  qnn::RoundedWeight report;
  ArrayRef<ptq::PatchMoment> parts; // empty for methods without data
  if (auto found = moments.find(map.name); found != moments.end())
    parts = found->second;
  llvm::Expected<qnn::ChosenCodes> chosen = qnn::chooseCodes(map, parts, options, report);
  if (!chosen)
    return chosen.takeError();
  result[map.name][static_cast<unsigned>(map.bits)] = chosen->weights();
  return llvm::Error::success();
}

llvm::Expected<std::vector<LayerRounding::Maps>> LayerRounding::mapsOfWidths(ModuleOp copy) {
  if (failed(qnn::quantizeActivations(copy, recipe.quantize)))
    return makeError("the activations have no integers");
  std::vector<Maps> widths;
  choices.assign(recipe.allocation.widths.size(), recipe.quantize);
  for (auto [choice, bits] : llvm::zip_equal(choices, recipe.allocation.widths)) {
    choice.weightBits = bits;
    choice.nodeBits.clear();
    FailureOr<Maps> maps = qnn::collectRoundable(copy, choice);
    if (failed(maps))
      return makeError("the weights have no integers of " + llvm::Twine(bits) + " bits");
    if (!maps->empty())
      widths.push_back(std::move(*maps));
  }
  return std::move(widths);
}

llvm::Error LayerRounding::run() {
  OwningOpRef<ModuleOp> copy = module.clone();
  llvm::Expected<std::vector<Maps>> widths = mapsOfWidths(*copy);
  if (!widths)
    return widths.takeError();
  if (widths->empty())
    return llvm::Error::success();
  if (llvm::Error error = checkMemory(*widths))
    return error;
  const Maps &every = widths->back(); // width 1 may lack some
  for (size_t first = 0; first < every.size();) {
    const size_t last = partFrom(every, first);
    ArrayRef<qnn::RoundableMap> part = ArrayRef(every).slice(first, last - first);
    if (options.method != ptq::ChannelMethod::Mse)
      if (llvm::Error error = collect(part))
        return error;
    for (; first < last; ++first) {
      if (progress)
        progress("rounding layers to each width", int64_t(first), int64_t(every.size()));
      for (const Maps &maps : *widths)
        for (const qnn::RoundableMap &map : maps)
          if (map.name == every[first].name)
            if (llvm::Error error = round(map))
              return error;
    }
  }
  if (progress)
    progress("rounding layers to each width", int64_t(every.size()), int64_t(every.size()));
  return llvm::Error::success();
}

llvm::Expected<RoundedWidths> quantc::roundLayers(ModuleOp module, DataSet &data,
                                                  ArrayRef<int64_t> runs, const Recipe &recipe,
                                                  const ptq::ChannelOptions &options, int threads,
                                                  std::optional<uint64_t> memory,
                                                  const ProgressFn &progress) {
  LayerRounding rounding(module, data, runs, recipe, options, threads, memory, progress);
  if (llvm::Error error = rounding.run())
    return std::move(error);
  return std::move(rounding.result);
}
