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
        memory(memory), progress(progress),
        folds(std::clamp<int64_t>(recipe.roundingFolds, 1, std::max<int64_t>(runs.size(), 1))) {}

  llvm::Error run();

  RoundedWidths result;

private:
  using Maps = std::vector<qnn::RoundableMap>;
  llvm::Expected<size_t> partFrom(const Maps &maps, size_t first) const;
  llvm::Error collect(ArrayRef<qnn::RoundableMap> part);
  llvm::Error round(const qnn::RoundableMap &map);

  ModuleOp module;
  DataSet &data;
  ArrayRef<int64_t> runs;
  const Recipe &recipe;
  const ptq::ChannelOptions &options;
  int threads;
  std::optional<uint64_t> memory;
  const ProgressFn &progress;
  int64_t folds;
  llvm::StringMap<std::vector<ptq::PatchMoment>> moments; ///< of the part's nodes
};
} // namespace

/// Behind the last map whose moments are held together with those from `first` on.
llvm::Expected<size_t> LayerRounding::partFrom(const Maps &maps, size_t first) const {
  size_t last = first;
  uint64_t held = 0;
  for (; last < maps.size(); ++last) {
    uint64_t needed = folds * ptq::PatchMoment::memoryNeeded(maps[last].patches, false);
    if (memory && held + needed > *memory && last > first)
      break;
    held += needed;
    if (memory && held > *memory)
      return makeError("node '" + maps[last].name +
                       "': expected a calibration memory cap of at least " + llvm::Twine(needed) +
                       " bytes for its moments, but found " + llvm::Twine(*memory));
  }
  return last;
}

llvm::Error LayerRounding::collect(ArrayRef<qnn::RoundableMap> part) {
  moments.clear();
  for (const qnn::RoundableMap &map : part)
    for (int64_t fold = 0; fold < folds; ++fold)
      moments[map.name].emplace_back(map.patches, /*hasOriginal=*/false);
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
  return observeInputs(module, data, runs, threads, wanted, observe);
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

llvm::Error LayerRounding::run() {
  OwningOpRef<ModuleOp> copy = module.clone();
  if (failed(qnn::quantizeActivations(*copy, recipe.quantize)))
    return makeError("the activations have no integers");
  std::vector<Maps> widths;
  // The limits of a width belong to its options, which its maps refer to.
  std::vector<qnn::QuantizeOptions> choices(recipe.allocation.widths.size(), recipe.quantize);
  for (auto [choice, bits] : llvm::zip_equal(choices, recipe.allocation.widths)) {
    choice.weightBits = bits;
    choice.nodeBits.clear();
    FailureOr<Maps> maps = qnn::collectRoundable(*copy, choice);
    if (failed(maps))
      return makeError("the weights have no integers of " + llvm::Twine(bits) + " bits");
    if (!maps->empty())
      widths.push_back(std::move(*maps));
  }
  if (widths.empty())
    return llvm::Error::success();
  const Maps &every = widths.back(); // width 1 may lack some
  for (size_t first = 0; first < every.size();) {
    llvm::Expected<size_t> last = partFrom(every, first);
    if (!last)
      return last.takeError();
    ArrayRef<qnn::RoundableMap> part = ArrayRef(every).slice(first, *last - first);
    if (options.method != ptq::ChannelMethod::Mse)
      if (llvm::Error error = collect(part))
        return error;
    for (; first < *last; ++first) {
      if (progress)
        progress("rounding layers to each width", int64_t(first), int64_t(every.size()));
      for (const Maps &maps : widths)
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
