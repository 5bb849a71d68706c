//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler's bit allocation: tables are measured or read, the problem is solved, widths become
// the recipe's node-bits. Runs behind calibration, on the weights that are quantized next. What
// costs and losses of agreement need is a trial: a compilation of the calibrated module with other
// widths.
//
//===----------------------------------------------------------------------===//

#include "Feeds.h"
#include "RoundedLayers.h"
#include "TimedModels.h"
#include "WidthProbes.h"
#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Dialect/QNN/Transforms/NodeBits.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Json.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include <set>

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Widths in node-bits
//===----------------------------------------------------------------------===//

/// Layers whose weight has a width already, with it. The passes checked the entries.
static std::map<std::string, unsigned> pinsOf(ArrayRef<std::string> nodeBits) {
  std::map<std::string, unsigned> pins;
  for (const auto &entry : llvm::cantFail(qnn::parseNodeBits(nodeBits)))
    if (entry.second.weight != 0)
      pins[entry.first().str()] = entry.second.weight;
  return pins;
}

//===----------------------------------------------------------------------===//
// Trials
//===----------------------------------------------------------------------===//

/// Runs `body` on a compiler that holds a copy of the calibrated module and these widths.
llvm::Error Compiler::withTrial(ArrayRef<std::string> nodeBits,
                                llvm::function_ref<llvm::Error(Compiler &)> body) {
  CompileOptions trialOptions = options;
  trialOptions.recipe.allocation = {};
  for (std::string *file : {&trialOptions.saveMoments, &trialOptions.saveCrossMoments,
                            &trialOptions.saveCodes, &trialOptions.saveBiases})
    file->clear(); // of the model, not of a trial
  trialOptions.recipe.quantize.nodeBits =
      qnn::overrideNodeBits(options.recipe.quantize.nodeBits, nodeBits);
  Compiler trial(context, std::move(trialOptions));
  trial.isTrial = true;
  trial.adopt(ir->clone(), Stage::Observed, result.model);
  trial.floatModule = floatModule->clone();
  trial.floatMeans = floatMeans;
  trial.dataSet = std::move(dataSet);
  auto giveBack = llvm::make_scope_exit([&] { dataSet = std::move(trial.dataSet); });
  return body(trial);
}

static llvm::Error advanceTrial(Compiler &trial, Stage stage) {
  if (failed(trial.advance(stage)))
    return llvm::createStringError("the model with these widths does not compile");
  return llvm::Error::success();
}

static llvm::Expected<double> readNumber(StringRef path) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  llvm::Expected<llvm::json::Value> value = parseJSON(*text);
  if (!value)
    return value.takeError();
  if (std::optional<double> number = value->getAsNumber())
    return *number;
  return llvm::createStringError("expected a number");
}

static llvm::Error writeNumber(StringRef path, double number) {
  return writeText(path, llvm::formatv("{0}\n", llvm::json::Value(number)).str());
}

llvm::Expected<double> Compiler::findDrop(ArrayRef<std::string> nodeBits) {
  return resumed<double>(checkpoint.get(), "drop " + llvm::join(nodeBits, ","), readNumber,
                         writeNumber, [&] { return measureDrop(nodeBits); });
}

llvm::Expected<double> Compiler::measureDrop(ArrayRef<std::string> nodeBits) {
  double drop = 0;
  llvm::Error error = withTrial(nodeBits, [&](Compiler &trial) -> llvm::Error {
    if (llvm::Error failure = advanceTrial(trial, Stage::Integer))
      return failure;
    if (llvm::Error failure = trial.measureAccuracy())
      return failure;
    if (!trial.report().top1Agreement)
      return llvm::createStringError("a goal of top-1 agreement needs an output of classes");
    drop = 1 - *trial.report().top1Agreement;
    return llvm::Error::success();
  });
  if (error)
    return std::move(error);
  return drop;
}

//===----------------------------------------------------------------------===//
// Latencies
//===----------------------------------------------------------------------===//

/// The library with these widths, loaded.
llvm::Expected<std::unique_ptr<CompiledModel>> Compiler::openLibrary(ArrayRef<std::string> nodeBits,
                                                                     bool profile) {
  llvm::SmallString<128> path;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("quantc-trial", "so", path))
    return llvm::createStringError("cannot create a temporary file: " + code.message());
  llvm::FileRemover remover(path);
  llvm::SmallString<128> header(path);
  llvm::sys::path::replace_extension(header, "h");
  llvm::FileRemover headerRemover(header);
  std::unique_ptr<CompiledModel> model;
  llvm::Error error = withTrial(nodeBits, [&](Compiler &trial) -> llvm::Error {
    if (profile) // whose times do not depend on the codes
      trial.options.recipe.weightRounding = "nearest";
    if (llvm::Error failure = advanceTrial(trial, Stage::Lowered))
      return failure;
    if (llvm::Error failure = trial.writeUntested(path))
      return failure;
    auto loaded = CompiledModel::load(path, options.threads, profile);
    if (!loaded)
      return loaded.takeError();
    model = std::move(*loaded);
    return llvm::Error::success();
  });
  if (error)
    return std::move(error);
  return model;
}

/// The library with every layer in `bits`, for times of its steps.
llvm::Error Compiler::openTimed(const SensitivityTable &table, unsigned bits, TimedModel &timed) {
  std::vector<std::string> nodeBits;
  timed.label = "w" + std::to_string(bits);
  timed.hasSteps = true;
  timed.oneThread = options.threads == 1;
  for (const LayerSensitivity &layer : table.layers)
    nodeBits.push_back(layer.node + "=" + timed.label);
  auto model = openLibrary(nodeBits, /*profile=*/true);
  if (!model)
    return model.takeError();
  timed.model = std::move(*model);
  auto feed = dataSet->feed(0);
  if (!feed)
    return feed.takeError();
  timed.feeds = quantizeFeed(timed.model->inputs(), feedTensors(*feed));
  return llvm::Error::success();
}

/// Libraries of all widths, for `tableOf`.
llvm::Expected<std::vector<TimedModel>> Compiler::openWidths(const SensitivityTable &table) {
  if (!dataSet)
    return llvm::createStringError("expected calibration data or a table of latencies (--latency)");
  std::vector<TimedModel> models(options.recipe.allocation.widths.size());
  for (auto [timed, bits] : llvm::zip_equal(models, options.recipe.allocation.widths))
    if (llvm::Error error = openTimed(table, bits, timed))
      return std::move(error);
  return models;
}

llvm::Expected<LatencyTable> Compiler::measureLatencies(const SensitivityTable &table) {
  auto models = openWidths(table);
  if (!models)
    return models.takeError();
  std::vector<TimedModel *> widths;
  for (TimedModel &timed : *models)
    widths.push_back(&timed);
  if (llvm::Error error = takeTurns(widths, table))
    return std::move(error);
  LatencyTable latencies = tableOf(widths, table);
  latencies.cpu = models->front().model->cpuLevel().str();
  latencies.threads = options.threads;
  return latencies;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static llvm::Error inFile(StringRef path, llvm::Error error) {
  return llvm::createStringError("'" + path + "': " + llvm::toString(std::move(error)));
}

/// What is compiled: a level of instruction sets, or another target's name.
static std::string codeOf(const Recipe &recipe) {
  if (recipe.isGPU() || recipe.isFPGA())
    return recipe.target;
  auto level = kernels::parseLevel(recipe.cpu).value_or(kernels::bestHostLevel());
  return std::string(kernels::levelInfo(level).name);
}

/// The file's latencies of the code that is compiled, wherever it ran.
static llvm::Expected<LatencyTable> readLatenciesOf(ModuleOp module,
                                                    const CompileOptions &options) {
  auto file = readLatencies(options.latency);
  if (!file)
    return file;
  if (llvm::Error error = matchModel(*file, findModelLayers(module)))
    return inFile(options.latency, std::move(error));
  if (std::string code = codeOf(options.recipe); file->cpu != code)
    return inFile(options.latency,
                  llvm::createStringError("expected latencies of code for '" + code +
                                          "', but found those of '" + file->cpu + "'"));
  if (file->threads != options.threads)
    emitWarning(module.getLoc(), "the latencies of '")
        << options.latency << "' were measured with " << file->threads
        << " threads, and this run has " << options.threads << ": they may be far off";
  return file;
}

static llvm::Expected<CurvatureTable> readCurvaturesOf(ModuleOp module, StringRef path) {
  auto file = readCurvatures(path);
  if (!file)
    return file;
  if (llvm::Error error = matchModel(*file, findModelLayers(module)))
    return inFile(path, std::move(error));
  return file;
}

/// How the weights are rounded whose losses are measured: as they will be in the end. Losses that
/// are formulas of the weights' own error are of the nearest codes, and so are scales of a tensor.
static std::string triedRounding(const Recipe &recipe, StringRef loss) {
  bool isFormula = llvm::is_contained({"weight", "hawq", "hawq-v1", "q-bert", "fisher"}, loss);
  if (isFormula || !recipe.quantize.weightPerChannel || !channelOptionsOf(recipe))
    return "nearest";
  return recipe.weightRounding;
}

/// The runs that weights are rounded and biases corrected by: losses are measured on others, since
/// a layer that reads few rows fits those that it was chosen by, whatever its width. Of one run,
/// that.
static std::vector<int64_t> unseenBy(ArrayRef<int64_t> probes, int64_t runs) {
  std::vector<int64_t> others;
  for (int64_t run = 0; run < runs; ++run)
    if (runs == 1 || !llvm::is_contained(probes, run))
      others.push_back(run);
  return others;
}

WidthProbes Compiler::probesOf(StringRef loss) const {
  const Recipe &recipe = options.recipe;
  WidthProbes probes;
  SensitivityOptions &measure = probes.options;
  measure.widths = recipe.allocation.widths;
  measure.perChannel = recipe.quantize.weightPerChannel;
  measure.layerError = loss == "layer";
  measure.masked = loss == "masked";
  measure.correctBias = recipe.correctsMeans();
  measure.threads = options.threads;
  measure.progress = options.progress;
  measure.memory = options.calibrationMemory;
  measure.rounding = triedRounding(recipe, loss);
  if (!dataSet)
    return probes;
  // The tail is what accuracy is measured on.
  int64_t runs = std::max<int64_t>(dataSet->numRuns() - tailRuns(dataSet->numRuns()), 1);
  const bool fits = measure.correctBias || measure.rounding != "nearest";
  probes.runs = qnn::evenlySpacedRuns(
      runs, std::min(fits ? std::max<int64_t>(runs / 2, 1) : runs, recipe.allocation.runs));
  measure.meanRuns = unseenBy(probes.runs, runs);
  return probes;
}

llvm::Error Compiler::roundProbes(WidthProbes &probes) {
  if (probes.options.rounding == "nearest" || probes.options.rounded)
    return llvm::Error::success();
  auto found = roundLayers(*ir, *dataSet, probes.options.meanRuns, options.recipe,
                           *channelOptionsOf(options.recipe), options.threads,
                           options.calibrationMemory, options.progress);
  if (!found)
    return found.takeError();
  probes.rounded = std::move(*found);
  probes.options.rounded = &probes.rounded;
  return llvm::Error::success();
}

/// The file's table, with warnings where it was measured in another way.
llvm::Expected<SensitivityTable> Compiler::readSensitivities(const WidthProbes &probes) {
  auto file = readSensitivity(options.sensitivity);
  if (!file)
    return file;
  if (file->correctedBias != options.recipe.correctsMeans())
    emitWarning(ir->getLoc(), "the table of sensitivities was measured ")
        << (file->correctedBias ? "with" : "without") << " corrected biases, and the recipe is one "
        << (file->correctedBias ? "without" : "with") << ": losses may be far off";
  if (file->rounding != probes.options.rounding)
    emitWarning(ir->getLoc(), "the table of sensitivities was measured with weight-rounding ")
        << file->rounding << ", and this allocation's losses are those of "
        << probes.options.rounding;
  const bool perChannel = options.recipe.quantize.weightPerChannel;
  if (file->perChannel != perChannel)
    emitWarning(ir->getLoc(), "the table of sensitivities was measured with a scale for each ")
        << (file->perChannel ? "channel" : "tensor") << ", and the recipe has one for each "
        << (perChannel ? "channel" : "tensor") << ": losses may be far off";
  auto table = matchModel(*file, findModelLayers(*ir));
  if (!table)
    return inFile(options.sensitivity, table.takeError());
  table->perChannel = perChannel; // decides sizes, which are the recipe's
  return table;
}

llvm::Expected<SensitivityTable> Compiler::findSensitivities(WidthProbes &probes) {
  if (!options.sensitivity.empty())
    return readSensitivities(probes);
  if (!dataSet)
    return llvm::createStringError("expected calibration data or a table of sensitivities "
                                   "(--sensitivity)");
  probes.options.pairs = options.recipe.allocation.couplings == "neighbours";
  auto compute = [&]() -> llvm::Expected<SensitivityTable> {
    if (llvm::Error error = roundProbes(probes))
      return std::move(error);
    return measureSensitivity(*ir, *dataSet, probes.runs, probes.options);
  };
  auto table = resumed<SensitivityTable>(checkpoint.get(), "sensitivities", readSensitivity,
                                         writeSensitivity, compute);
  if (table && !options.saveSensitivity.empty())
    if (llvm::Error error = writeSensitivity(options.saveSensitivity, *table))
      return std::move(error);
  return table;
}

llvm::Expected<std::optional<LatencyTable>>
Compiler::findLatencies(const SensitivityTable &sensitivities) {
  const AllocationOptions &wanted = options.recipe.allocation;
  if (!options.latency.empty()) {
    auto file = readLatenciesOf(*ir, options);
    if (!file)
      return file.takeError();
    return std::optional(std::move(*file));
  }
  if (wanted.targetLatency <= 0 && wanted.minimize != "latency" && options.saveLatency.empty())
    return std::nullopt;
  if (options.recipe.isGPU() || options.recipe.isFPGA())
    return llvm::createStringError("latencies are measured on a CPU alone; expected --latency for "
                                   "target " +
                                   options.recipe.target);
  auto table = resumed<LatencyTable>(
      checkpoint.get(), "latencies-" + std::to_string(options.threads), readLatencies,
      writeLatencies, [&] { return measureLatencies(sensitivities); });
  if (!table)
    return table.takeError();
  if (!options.saveLatency.empty())
    if (llvm::Error error = writeLatencies(options.saveLatency, *table))
      return std::move(error);
  return std::optional(std::move(*table));
}

//===----------------------------------------------------------------------===//
// Decision
//===----------------------------------------------------------------------===//

/// The cheapest of the front's points (65 of them, evenly, where there are more) whose measured
/// loss of agreement is within the goal, by bisection: loss is taken to fall along the front.
llvm::Error Compiler::searchGoal(AllocationResult &allocation) {
  const std::string &name = options.recipe.allocation.minimize;
  std::optional<unsigned> resource = findResource(allocation.problem, name);
  if (!resource)
    return llvm::createStringError("minimize: there is no resource '" + name + "'");
  alloc::DynamicOptions buckets;
  buckets.fallbackBuckets = 1 << 12;
  auto whole = alloc::paretoFront(allocation.problem, *resource, buckets);
  if (!whole)
    return whole.takeError();
  std::vector<alloc::FrontPoint> front = thinnedFront(*whole, 65);
  auto drop = [&](size_t i) -> llvm::Expected<double> {
    auto measured = findDrop(nodeBitsOf(allocation.problem, front[i].assignment));
    if (measured)
      allocation.measured.emplace_back(front[i].cost, *measured);
    return measured;
  };
  size_t low = 0, high = front.size() - 1;
  auto widest = drop(high);
  if (!widest)
    return widest.takeError();
  if (*widest > options.maxDrop) {
    goalWasMissed = true;
    return llvm::createStringError(
        llvm::formatv("the widest allocation loses {0:F4} of the agreement, more than {1:F4}",
                      *widest, options.maxDrop));
  }
  while (low < high) {
    size_t middle = (low + high) / 2;
    auto measured = drop(middle);
    if (!measured)
      return measured.takeError();
    if (*measured <= options.maxDrop)
      high = middle;
    else
      low = middle + 1;
  }
  allocation.chosen = front[high].assignment;
  return llvm::Error::success();
}

/// Returns the layers that it names.
static std::vector<std::string> warnOfClamped(ModuleOp module, const AllocationInputs &inputs,
                                              StringRef loss) {
  if (!inputs.curvatures)
    return {};
  std::vector<std::string> names = clampedLayers(loss, inputs.sensitivities, *inputs.curvatures);
  if (!names.empty())
    emitWarning(module.getLoc(),
                "curvatures below 0, which come from the noise of probes, count as "
                "0, so that any width costs these nodes nothing (more probes "
                "tell: --curvature-probes): ")
        << llvm::join(names, ", ");
  return names;
}

static void warnOfFree(ModuleOp module, const alloc::Problem &problem,
                       const SensitivityTable &sensitivities, ArrayRef<std::string> clamped) {
  const std::vector<std::string> names = freeLayers(problem, sensitivities, clamped);
  if (!names.empty())
    emitWarning(module.getLoc(), "by allocation-loss any width costs these nodes nothing, as where "
                                 "they feed other outputs than the loss's (noise reads all "
                                 "outputs; node-bits decides by hand): ")
        << llvm::join(names, ", ");
}

llvm::Expected<AllocationResult> Compiler::decideWidths() {
  const AllocationOptions &wanted = options.recipe.allocation;
  WidthProbes probes = probesOf(wanted.loss);
  auto sensitivities = findSensitivities(probes);
  if (!sensitivities)
    return sensitivities.takeError();
  auto latencies = findLatencies(*sensitivities);
  if (!latencies)
    return latencies.takeError();
  auto areas = findAreas(*sensitivities);
  if (!areas)
    return areas.takeError();
  std::optional<CurvatureTable> curvatures;
  if (!options.curvature.empty()) {
    auto file = readCurvaturesOf(*ir, options.curvature);
    if (!file)
      return file.takeError();
    curvatures = std::move(*file);
  }
  AllocationInputs inputs{
      *sensitivities, *latencies ? &**latencies : nullptr, curvatures ? &*curvatures : nullptr,
      options.recipe.quantize.activationBits, pinsOf(options.recipe.quantize.nodeBits)};
  if (*areas)
    inputs.areas = &**areas;
  if (wanted.fitPart)
    inputs.areaBudgets = areaBudgets(options.recipe.hls);
  const std::vector<std::string> clamped = warnOfClamped(*ir, inputs, wanted.loss);
  auto problem = makeProblem(inputs, wanted);
  if (!problem) {
    goalWasMissed = problem.errorIsA<alloc::InfeasibleError>();
    return problem.takeError();
  }
  warnOfFree(*ir, *problem, *sensitivities, clamped);
  AllocationResult allocation;
  allocation.problem = std::move(*problem);
  allocation.loss = wanted.loss;
  for (const LayerSensitivity &layer : sensitivities->layers)
    allocation.parameters += layer.parameters;
  auto solved = alloc::solve(allocation.problem);
  if (!solved) {
    goalWasMissed = solved.errorIsA<alloc::InfeasibleError>();
    return nameBudgets(solved.takeError(), allocation.problem, inputs, wanted);
  }
  allocation.solved = std::move(*solved);
  allocation.chosen = allocation.solved.best.assignment;
  if (*latencies)
    allocation.restLatency = (*latencies)->rest;
  if (wanted.minimize != "none")
    if (llvm::Error error = searchGoal(allocation))
      return std::move(error);
  if (wanted.search > 0)
    if (llvm::Error error = refineWidths(allocation, probes))
      return std::move(error);
  if (llvm::Error error = tryAllocations(allocation, *sensitivities))
    return std::move(error);
  return allocation;
}

/// Whether node-bits decides every layer: a recipe that a run with an allocation saved.
static bool isDecided(ModuleOp module, ArrayRef<std::string> nodeBits) {
  std::map<std::string, unsigned> pins = pinsOf(nodeBits);
  std::vector<LayerSensitivity> layers = findLayers(module);
  return llvm::all_of(layers,
                      [&](const LayerSensitivity &layer) { return pins.count(layer.node); });
}

/// Whether decided widths keep the budgets that need no measurement.
static llvm::Error checkDecided(ModuleOp module, const Recipe &recipe) {
  SensitivityTable table;
  table.layers = findLayers(module);
  table.perChannel = recipe.quantize.weightPerChannel;
  AllocationInputs inputs{table, nullptr, nullptr, recipe.quantize.activationBits,
                          pinsOf(recipe.quantize.nodeBits)};
  AllocationOptions budgets;
  budgets.loss = "weight"; // none is known, and none decides
  budgets.effectiveBits = recipe.allocation.effectiveBits;
  budgets.targetSize = recipe.allocation.targetSize;
  std::set<unsigned> widths;
  for (const LayerSensitivity &layer : table.layers)
    widths.insert(inputs.pins[layer.node]);
  budgets.widths.assign(widths.begin(), widths.end());
  for (LayerSensitivity &layer : table.layers)
    for (unsigned bits : budgets.widths)
      layer.widths.emplace_back().bits = bits;
  auto problem = makeProblem(inputs, budgets);
  if (!problem)
    return problem.takeError();
  return nameBudgets(alloc::solve(*problem).takeError(), *problem, inputs, budgets);
}

LogicalResult Compiler::allocateBits() {
  Recipe &recipe = options.recipe;
  if (!recipe.allocation.isRequested())
    return success();
  if (findLayers(*ir).empty())
    return emitError(ir->getLoc(),
                     "bit allocation: expected a linear map with a constant weight that "
                     "is quantized, but found none")
           << (recipe.quantize.exclude.empty() ? "" : "; nodes that 'exclude' names stay float");
  if (isDecided(*ir, recipe.quantize.nodeBits)) {
    llvm::Error error = checkDecided(*ir, recipe);
    if (!error)
      return success();
    goalWasMissed = error.isA<alloc::InfeasibleError>();
    return emitError(ir->getLoc(), "bit allocation: node-bits gives every layer its width: ")
           << llvm::toString(std::move(error));
  }
  for (const auto &[name, file] : {std::pair("codes", &options.codes), {"biases", &options.biases}})
    if (!file->empty())
      return emitError(ir->getLoc(), "bit allocation: ")
             << name << " are of known widths: expected node-bits for every layer beside '" << *file
             << "', as --save-config writes them";
  auto allocation = decideWidths();
  if (!allocation)
    return emitError(ir->getLoc(), "bit allocation: ") << llvm::toString(allocation.takeError());
  recipe.quantize.nodeBits = qnn::overrideNodeBits(
      recipe.quantize.nodeBits, nodeBitsOf(allocation->problem, allocation->chosen));
  if (!options.allocationReport.empty())
    if (llvm::Error error = writeAllocation(options.allocationReport, *allocation))
      return emitError(ir->getLoc(), "bit allocation: ") << llvm::toString(std::move(error));
  result.allocation = std::move(*allocation);
  return success();
}
