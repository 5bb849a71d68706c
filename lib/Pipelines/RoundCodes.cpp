//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights of the integer network rounded block after block. The data advances with the blocks, as
// floats through the float network and through the quantized one; each map's moments are those of
// what its inputs are once everything in front of it is rounded.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/RoundCodes.h"
#include "BlockFisher.h"
#include "Clock.h"
#include "Feeds.h"
#include "ReconstructBlock.h"
#include "RoundCodesResume.h"
#include "RoundedLayers.h"
#include "quantc/Dialect/QNN/Transforms/Blocks.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {

/// Values of one kind of network for every run.
using Values = DenseMap<Value, std::vector<HostTensor>>;

class CodeRounding {
public:
  CodeRounding(ModuleOp module, DataSet &data, const CompileOptions &options,
               std::vector<RoundableMap> maps, ptq::ChannelOptions channelOptions,
               bool reconstructs, Checkpoint *checkpoint)
      : module(module), data(data), options(options), maps(std::move(maps)),
        channelOptions(channelOptions), reconstructs(reconstructs), checkpoint(checkpoint) {}

  llvm::Error run();

  CodeTable table;
  std::vector<RoundedWeight> reports;

private:
  llvm::Error loadArguments(func::FuncOp function);
  /// By the first `runs` of the data.
  llvm::Error roundBlock(const NetworkBlock &block, int64_t runs);
  llvm::Error roundMaps(const NetworkBlock &block, ArrayRef<const RoundableMap *> readers,
                        int64_t runs);
  llvm::Expected<std::vector<ptq::PatchMoment>> collect(const NetworkBlock &block,
                                                        const RoundableMap &map, int64_t runs);
  int64_t folds() const {
    return std::clamp<int64_t>(options.recipe.roundingFolds, 1,
                               std::max<int64_t>(data.numRuns(), 1));
  }
  llvm::Expected<std::unique_ptr<CompiledModel>> compile(const NetworkBlock &block,
                                                         ArrayRef<Value> outputs, bool floats);
  llvm::Expected<std::vector<HostTensor>> evaluate(CompiledModel &model, const NetworkBlock &block,
                                                   const Values &values, int64_t run);
  llvm::Error advance(const NetworkBlock &block, Values &values, bool asFloats);
  bool mayReconstruct(const NetworkBlock &block) const;
  llvm::Error weighErrors(ArrayRef<NetworkBlock> blocks);
  llvm::Error reconstruct(const NetworkBlock &block);
  llvm::Error checkMemory(const RoundableMap &map) const;
  void accept(const RoundableMap &map, ChosenCodes chosen);
  std::vector<const RoundableMap *> mapsOf(const NetworkBlock &block) const;
  std::optional<std::vector<FinishedMap>> findFinished(const NetworkBlock &block);
  void takeFinished(const NetworkBlock &block, std::vector<FinishedMap> finished);
  llvm::Error keepFinished(const NetworkBlock &block);
  void forgetInputs(const NetworkBlock &block, ArrayRef<NetworkBlock> later);

  ModuleOp module;
  DataSet &data;
  const CompileOptions &options;
  std::vector<RoundableMap> maps;
  ptq::ChannelOptions channelOptions;
  bool reconstructs;      ///< blocks, once their maps are rounded one by one
  Checkpoint *checkpoint; ///< may be null
  Values floats, codes;
  std::string unweighted;    ///< why errors of blocks count alike; empty: they do not
  Values errorRoots;         ///< of blocks' results, see BlockFisher; none: errors count alike
  ExtractOptions parameters; ///< of the maps that are rounded
  size_t done = 0;
};

} // namespace

llvm::Error CodeRounding::loadArguments(func::FuncOp function) {
  for (int64_t run = 0, runs = data.numRuns(); run < runs; ++run) {
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    for (auto [argument, input] : llvm::zip_equal(function.getArguments(), feed->inputs)) {
      floats[argument].push_back(input.tensor);
      codes[argument].push_back(input.tensor);
    }
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<CompiledModel>>
CodeRounding::compile(const NetworkBlock &block, ArrayRef<Value> outputs, bool asFloats) {
  ExtractOptions extractOptions;
  if (asFloats)
    extractOptions.floats = true;
  else
    extractOptions = parameters;
  WeightScope scope(module.getContext()); // of the part's own
  OwningOpRef<ModuleOp> part = extract(block.ops, block.inputs, outputs, extractOptions);
  return compileInProcess(*part, kernels::bestHostLevel(), options.threads);
}

llvm::Expected<std::vector<HostTensor>> CodeRounding::evaluate(CompiledModel &model,
                                                               const NetworkBlock &block,
                                                               const Values &values, int64_t run) {
  std::vector<HostTensor> inputs;
  for (Value input : block.inputs)
    inputs.push_back(values.find(input)->second[run]);
  return model.run(inputs);
}

llvm::Error CodeRounding::checkMemory(const RoundableMap &map) const {
  if (!options.calibrationMemory)
    return llvm::Error::success();
  uint64_t needed = folds() * ptq::PatchMoment::memoryNeeded(map.patches, /*hasOriginal=*/true);
  for (const Values *values : {&floats, &codes, &errorRoots})
    for (const auto &entry : *values)
      for (const HostTensor &tensor : entry.second)
        needed += tensor.byteSize();
  if (needed <= *options.calibrationMemory)
    return llvm::Error::success();
  return makeError("node '" + map.name + "': expected a calibration memory cap of at least " +
                   llvm::Twine(needed) +
                   " bytes for its moments and the data in front of it, but "
                   "found " +
                   llvm::Twine(*options.calibrationMemory));
}

/// Of neighbouring runs, which tend to be alike, each part has its own.
llvm::Expected<std::vector<ptq::PatchMoment>>
CodeRounding::collect(const NetworkBlock &block, const RoundableMap &map, int64_t runs) {
  LinearMapOpInterface op = map.op;
  Value input = op.getInputOperand().get();
  if (llvm::Error error = checkMemory(map))
    return std::move(error);
  std::vector<ptq::PatchMoment> moments;
  for (int64_t fold = 0; fold < folds(); ++fold)
    moments.emplace_back(map.patches, /*hasOriginal=*/true);
  const bool given = llvm::is_contained(block.inputs, input);
  std::unique_ptr<CompiledModel> floatModel, codeModel;
  for (auto [model, asFloats] : {std::pair(&floatModel, true), std::pair(&codeModel, false)}) {
    if (given)
      continue;
    auto compiled = compile(block, input, asFloats);
    if (!compiled)
      return compiled.takeError();
    *model = std::move(*compiled);
  }
  auto parallel = [&](int64_t count, llvm::function_ref<void(int64_t)> task) {
    runOnThreads(options.threads, count, task);
  };
  for (int64_t run = 0; run < runs; ++run) {
    HostTensor original, rounded;
    for (auto [tensor, model, values] : {std::tuple(&original, floatModel.get(), &floats),
                                         std::tuple(&rounded, codeModel.get(), &codes)}) {
      if (given) {
        *tensor = values->find(input)->second[run];
        continue;
      }
      auto outputs = evaluate(*model, block, *values, run);
      if (!outputs)
        return outputs.takeError();
      *tensor = std::move(outputs->front());
    }
    if (llvm::Error error = moments[run * folds() / runs].add(rounded.values<float>().data(),
                                                              original.values<float>().data(),
                                                              rounded.numElements(), parallel))
      return addContext("node '" + map.name + "'", std::move(error));
  }
  return moments;
}

void CodeRounding::accept(const RoundableMap &map, ChosenCodes chosen) {
  LinearMapOpInterface op = map.op;
  MapParameters &given = parameters.parameters[op];
  given.weight = chosen.weights();
  if (op.getBiasValue() || llvm::any_of(chosen.bias, [](float value) { return value != 0; }))
    given.bias = chosen.bias;
  table[map.name] = std::move(chosen);
}

/// Maps that read the same rows share their moments.
llvm::Error CodeRounding::roundMaps(const NetworkBlock &block,
                                    ArrayRef<const RoundableMap *> readers, int64_t runs) {
  auto moments = collect(block, *readers.front(), runs);
  if (!moments)
    return moments.takeError();
  for (const RoundableMap *map : readers) {
    RoundedWeight report;
    llvm::Expected<ChosenCodes> chosen = chooseCodes(*map, *moments, channelOptions, report);
    if (!chosen)
      return chosen.takeError();
    accept(*map, std::move(*chosen));
    reports.push_back(std::move(report));
    if (options.progress)
      options.progress("rounding weights", ++done, maps.size());
  }
  return llvm::Error::success();
}

std::vector<const RoundableMap *> CodeRounding::mapsOf(const NetworkBlock &block) const {
  std::vector<const RoundableMap *> own;
  for (const RoundableMap &map : maps)
    if (LinearMapOpInterface op = map.op; llvm::is_contained(block.ops, op.getOperation()))
      own.push_back(&map);
  return own;
}

llvm::Error CodeRounding::roundBlock(const NetworkBlock &block, int64_t runs) {
  std::vector<SmallVector<const RoundableMap *>> groups;
  for (const RoundableMap *map : mapsOf(block)) {
    LinearMapOpInterface op = map->op;
    auto same = llvm::find_if(groups, [&](ArrayRef<const RoundableMap *> readers) {
      LinearMapOpInterface other = readers.front()->op;
      return other.getInputOperand().get() == op.getInputOperand().get() &&
             readers.front()->patches == map->patches;
    });
    if (same == groups.end())
      groups.push_back({map});
    else
      same->push_back(map);
  }
  for (ArrayRef<const RoundableMap *> readers : groups)
    if (llvm::Error error = roundMaps(block, readers, runs))
      return error;
  return llvm::Error::success();
}

/// The outputs of a block for every run.
llvm::Error CodeRounding::advance(const NetworkBlock &block, Values &values, bool asFloats) {
  if (block.outputs.empty())
    return llvm::Error::success();
  auto model = compile(block, block.outputs, asFloats);
  if (!model)
    return model.takeError();
  for (int64_t run = 0, runs = data.numRuns(); run < runs; ++run) {
    auto outputs = evaluate(**model, block, values, run);
    if (!outputs)
      return outputs.takeError();
    for (auto [value, tensor] : llvm::zip_equal(block.outputs, *outputs))
      values[value].push_back(std::move(tensor));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Reconstruction of blocks
//===----------------------------------------------------------------------===//

bool CodeRounding::mayReconstruct(const NetworkBlock &block) const {
  return reconstructs && block.outputs.size() == 1 && !mapsOf(block).empty();
}

/// Of the blocks that are not finished.
llvm::Error CodeRounding::weighErrors(ArrayRef<NetworkBlock> blocks) {
  std::vector<Value> results;
  for (const NetworkBlock &block : blocks)
    results.push_back(block.outputs.front());
  if (results.empty())
    return llvm::Error::success();
  auto fisher = BlockFisher::create(module, results, options.threads);
  if (!fisher) {
    unweighted = "errors of the block count alike, because the network's loss has no gradient: " +
                 llvm::toString(fisher.takeError());
    module.emitRemark("weight-rounding brecq: ") << unweighted;
    return llvm::Error::success();
  }
  const uint64_t needed = (*fisher)->memoryNeeded(data.numRuns());
  if (options.calibrationMemory && needed > *options.calibrationMemory)
    return makeError("expected a calibration memory cap of at least " + llvm::Twine(needed) +
                     " bytes for the weights of blocks' errors, but found " +
                     llvm::Twine(*options.calibrationMemory));
  auto measured = (*fisher)->measure(data, options.progress);
  if (!measured)
    return measured.takeError();
  errorRoots = std::move(*measured);
  return llvm::Error::success();
}

/// The last part of the runs, two at least, decides, so the start is rounded without it. Where
/// nothing is found that is better there, the block's weights are rounded once more, by all runs.
llvm::Error CodeRounding::reconstruct(const NetworkBlock &block) {
  const int64_t runs = data.numRuns(),
                decide = folds() > 1 ? std::clamp<int64_t>(runs / folds(), 2, runs - 1) : 0;
  if (llvm::Error error = roundBlock(block, runs - decide))
    return error;
  if (llvm::Error error = advance(block, floats, /*asFloats=*/true))
    return error;
  std::vector<const RoundableMap *> own = mapsOf(block);
  Value output = block.outputs.front();
  BlockProblem problem{block, own, parameters, {}, floats.find(output)->second, {}};
  for (Value input : block.inputs)
    problem.inputs.push_back(codes.find(input)->second);
  if (auto roots = errorRoots.find(output); roots != errorRoots.end())
    problem.roots = roots->second;
  ptq::BlockOptions blockOptions;
  blockOptions.iterations = static_cast<int>(options.recipe.roundingSteps);
  blockOptions.heldOut = decide;
  std::string message = unweighted;
  if (message.empty() && problem.roots.empty())
    message = "errors of the block count alike, because the network's loss has gradients of 0 by "
              "its result";
  auto losses = reconstructBlock(problem, blockOptions, options.threads, table, message);
  if (!losses)
    return losses.takeError();
  errorRoots.erase(output);
  if (*losses && (*losses)->second < (*losses)->first) {
    for (const RoundableMap *map : own)
      accept(*map, table.find(map->name)->second);
    for (RoundedWeight &report : llvm::MutableArrayRef(reports).take_back(own.size()))
      report.loss = report.nearestLoss = 0; // they were of the start's codes
  } else if (decide > 0) {
    reports.resize(reports.size() - own.size());
    done -= own.size();
    if (llvm::Error error = roundBlock(block, runs))
      return error;
  }
  for (RoundedWeight &report : llvm::MutableArrayRef(reports).take_back(own.size())) {
    report.blockLoss = *losses;
    if (report.message.empty())
      report.message = message;
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Runs that go on
//===----------------------------------------------------------------------===//

static std::string stepOf(ArrayRef<const RoundableMap *> own) {
  return "codes " + own.front()->name;
}

/// What an earlier run made of the block.
std::optional<std::vector<FinishedMap>> CodeRounding::findFinished(const NetworkBlock &block) {
  std::vector<const RoundableMap *> own = mapsOf(block);
  if (own.empty())
    return std::vector<FinishedMap>();
  std::optional<std::string> path = checkpoint ? checkpoint->find(stepOf(own)) : std::nullopt;
  if (!path)
    return std::nullopt;
  llvm::Expected<std::vector<FinishedMap>> finished = readFinished(*path, own);
  if (finished)
    return std::move(*finished);
  checkpoint->reject(stepOf(own), finished.takeError());
  return std::nullopt;
}

void CodeRounding::takeFinished(const NetworkBlock &block, std::vector<FinishedMap> finished) {
  std::vector<const RoundableMap *> own = mapsOf(block);
  for (FinishedMap &map : finished) {
    accept(*own[map.index], std::move(map.chosen));
    reports.push_back(std::move(map.report));
    ++done;
  }
}

llvm::Error CodeRounding::keepFinished(const NetworkBlock &block) {
  std::vector<const RoundableMap *> own = mapsOf(block);
  if (!checkpoint || own.empty())
    return llvm::Error::success();
  std::vector<FinishedMap> finished;
  for (const RoundedWeight &report : ArrayRef(reports).take_back(own.size())) {
    auto map = llvm::find_if(own, [&](const RoundableMap *m) { return m->name == report.node; });
    finished.push_back({size_t(map - own.begin()), table.find(report.node)->second, report});
  }
  return checkpoint->save(stepOf(own),
                          [&](llvm::StringRef path) { return writeFinished(path, finished); });
}

//===----------------------------------------------------------------------===//
// Block after block
//===----------------------------------------------------------------------===//

/// What no later block reads.
void CodeRounding::forgetInputs(const NetworkBlock &block, ArrayRef<NetworkBlock> later) {
  for (Value input : block.inputs)
    if (llvm::none_of(later, [&](const NetworkBlock &other) {
          return llvm::is_contained(other.inputs, input);
        })) {
      floats.erase(input);
      codes.erase(input);
    }
}

/// Data goes through blocks, finished or not, as long as one behind them needs it.
llvm::Error CodeRounding::run() {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  std::vector<NetworkBlock> blocks = splitBlocks(main);
  std::vector<std::optional<std::vector<FinishedMap>>> finished;
  size_t end = 0; // behind the last block that is not finished
  for (const NetworkBlock &block : blocks) {
    finished.push_back(findFinished(block));
    if (!finished.back())
      end = finished.size();
  }
  std::vector<NetworkBlock> learned;
  for (auto [block, codes] : llvm::zip_equal(blocks, finished))
    if (!codes && mayReconstruct(block))
      learned.push_back(block);
  if (llvm::Error error = weighErrors(learned))
    return error;
  if (end > 0)
    if (llvm::Error error = loadArguments(main))
      return error;
  for (auto [i, block] : llvm::enumerate(blocks)) {
    const bool isNew = !finished[i].has_value(), goesOn = i + 1 < end;
    if (!isNew)
      takeFinished(block, std::move(*finished[i]));
    const bool learns = isNew && mayReconstruct(block);
    if (isNew)
      if (llvm::Error error = learns ? reconstruct(block) : roundBlock(block, data.numRuns()))
        return error;
    if (goesOn && !learns)
      if (llvm::Error error = advance(block, floats, /*asFloats=*/true))
        return error;
    if (isNew)
      if (llvm::Error error = keepFinished(block))
        return error;
    if (!goesOn)
      continue;
    if (llvm::Error error = advance(block, codes, /*asFloats=*/false))
      return error;
    forgetInputs(block, ArrayRef(blocks).drop_front(i + 1));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The compiler's step
//===----------------------------------------------------------------------===//

/// Without data: from the weights alone.
static llvm::Error roundByWeights(ArrayRef<RoundableMap> maps, const ptq::ChannelOptions &options,
                                  CodeTable &table, std::vector<RoundedWeight> &reports) {
  for (const RoundableMap &map : maps) {
    llvm::Expected<ChosenCodes> chosen = chooseCodes(map, {}, options, reports.emplace_back());
    if (!chosen)
      return chosen.takeError();
    table[map.name] = std::move(*chosen);
  }
  return llvm::Error::success();
}

LogicalResult Compiler::roundCodes() {
  const Recipe &recipe = options.recipe;
  std::optional<ptq::ChannelOptions> channelOptions = channelOptionsOf(recipe);
  if (!channelOptions)
    return success();
  const bool needsData = channelOptions->method != ptq::ChannelMethod::Mse;
  if (needsData && !dataSet && options.codes.empty())
    return emitError(ir->getLoc(), "weight-rounding ")
           << recipe.weightRounding << ": expected calibration data or codes, but none were given";
  double start = now();
  if (failed(qnn::quantizeActivations(*ir, recipe.quantize)))
    return failure();
  CodeTable table;
  if (!options.codes.empty()) {
    llvm::Expected<CodeTable> read = readCodes(options.codes);
    if (!read)
      return emitError(ir->getLoc()) << llvm::toString(read.takeError());
    return storeCodes(*ir, *read, recipe.quantize);
  }
  FailureOr<std::vector<RoundableMap>> maps = collectRoundable(*ir, recipe.quantize);
  if (failed(maps))
    return failure();
  auto round = [&]() -> llvm::Error {
    if (!needsData)
      return roundByWeights(*maps, *channelOptions, table, result.roundedWeights);
    CodeRounding rounding(*ir, *dataSet, options, *maps, *channelOptions,
                          recipe.weightRounding == "brecq", checkpoint.get());
    if (llvm::Error error = rounding.run())
      return error;
    table = std::move(rounding.table);
    result.roundedWeights = std::move(rounding.reports);
    return llvm::Error::success();
  };
  if (llvm::Error error = round())
    return emitError(ir->getLoc(), "weight rounding: ") << llvm::toString(std::move(error));
  if (!options.saveCodes.empty())
    if (llvm::Error error = writeCodes(options.saveCodes, table))
      return emitError(ir->getLoc()) << llvm::toString(std::move(error));
  for (const RoundableMap &map : *maps)
    storeCodes(map, table.find(map.name)->second);
  result.roundingSeconds = now() - start;
  return success();
}
