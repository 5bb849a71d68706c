//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Outlier migration in the compiler: samples from compiled float code, transforms that lower the
// error of what reads them, and of those the ones with which the whole model, quantized, comes
// closer to float on runs that no search saw.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "Clock.h"
#include "JsonNumber.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/PTQ/Gain.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Checkpoint.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <deque>
#include <numeric>

using namespace mlir;
using namespace quantc;

static LogicalResult runPasses(ModuleOp module, llvm::StringRef passes) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  std::string problem;
  llvm::raw_string_ostream os(problem);
  FailureOr<OpPassManager> parsed = parsePassPipeline(("builtin.module(" + passes + ")").str(), os);
  if (failed(parsed))
    return emitError(module.getLoc()) << problem;
  static_cast<OpPassManager &>(manager) = std::move(*parsed);
  return manager.run(module);
}

/// Norms and lookups as ops that the algebra of channels knows, and back.
static LogicalResult raise(ModuleOp module) {
  return runPasses(module, "raise-nodes-to-nn,func.func(nn-recognize-norms),canonicalize");
}
static LogicalResult lower(ModuleOp module) {
  return runPasses(module, "lower-nn-to-nodes,canonicalize");
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

static qnn::SiteOptions siteOptions(const MigrationRecipe &recipe) {
  return {recipe.copies, recipe.absorb, recipe.openClamps};
}

llvm::Expected<ChannelSampleTable> Compiler::sampleChannels(ModuleOp raised) {
  if (!options.channels.empty())
    return readChannelSamples(options.channels);
  const MigrationRecipe &migration = options.recipe.migration;
  if (!dataSet && migration.method == "equalize" && migration.check == "none")
    return ChannelSampleTable(); // weights alone say what to do
  if (!dataSet)
    return llvm::createStringError("expected calibration data or a file of channels (migrate "
                                   "equalize with migrate-check none needs neither), but none were "
                                   "given");
  auto collect = [&]() -> llvm::Expected<ChannelSampleTable> {
    OwningOpRef<ModuleOp> copy = raised.clone();
    auto geometry =
        qnn::observeSites(qnn::findMigrationSites(*copy, siteOptions(options.recipe.migration)));
    if (failed(lower(*copy)))
      return llvm::createStringError("the observed model does not compile");
    auto executor = JITExecutor::create(*copy, kernels::bestHostLevel(), options.threads);
    if (!executor)
      return executor.takeError();
    ChannelSampleOptions sampleOptions;
    sampleOptions.progress = options.progress;
    if (options.calibrationMemory)
      sampleOptions.memoryCap = *options.calibrationMemory;
    return collectChannelSamples(*dataSet, **executor, geometry, sampleOptions);
  };
  return resumed<ChannelSampleTable>(
      checkpoint.get(), "channel-samples", readChannelSamples,
      [](llvm::StringRef path, const ChannelSampleTable &table) {
        return writeChannelSamples(path, table);
      },
      collect);
}

llvm::Expected<qnn::MigrateOptions> Compiler::migrateOptions() const {
  const Recipe &recipe = options.recipe;
  qnn::MigrateOptions result;
  std::optional<qnn::MigrationMethod> method = qnn::parseMigration(recipe.migration.method);
  if (!method)
    return llvm::createStringError("unknown migration '" + recipe.migration.method + "'");
  result.method = *method;
  if (recipe.migration.alpha != "search") {
    double alpha = 0;
    if (llvm::StringRef(recipe.migration.alpha).getAsDouble(alpha))
      return llvm::createStringError("expected a number, but found '" + recipe.migration.alpha +
                                     "'");
    result.alpha = alpha;
  }
  result.sites = siteOptions(recipe.migration);
  result.check = recipe.migration.check != "none";
  for (const std::string &name : recipe.migration.exclude)
    result.exclude.insert(name);
  ptq::MigrationLossOptions &loss = result.loss;
  loss.activations = recipe.activations == "row"     ? ptq::ActivationCodes::Row
                     : recipe.activations == "float" ? ptq::ActivationCodes::Float
                                                     : ptq::ActivationCodes::Tensor;
  loss.activationBits = static_cast<int>(recipe.quantize.activationBits);
  bool row = recipe.activations == "row"; // rows have symmetric codes
  loss.isSigned = row || recipe.quantize.activationSigned;
  loss.symmetric = row || recipe.quantize.activationSymmetric;
  if (recipe.quantize.observer == ObserverKind::Percentile)
    loss.percentile = recipe.quantize.percentile;
  loss.clipTwoSidedOnly = recipe.quantize.clipTwoSidedOnly;
  auto rounding = qnn::weightRounding(recipe.quantize, recipe.weightFormat, recipe.weightSearch);
  if (!rounding)
    return rounding.takeError();
  loss.roundWeights = std::move(*rounding);
  result.threads = options.threads;
  result.progress = options.progress;
  return result;
}

//===----------------------------------------------------------------------===//
// The whole model
//===----------------------------------------------------------------------===//

namespace {
/// Some runs of another data set: those for ranges, then those that searches do not see, which are
/// the tail that accuracy is measured on.
class TrialRuns : public DataSet {
public:
  TrialRuns(DataSet &data, int64_t most) : data(data) {
    std::vector<int64_t> apart;
    for (int64_t run : qnn::evenlySpacedRuns(data.numRuns(), data.numRuns()))
      (isHeldOut(run, data.numRuns()) ? apart : runs).push_back(run);
    int64_t tail = std::min<int64_t>(apart.size(), most / 4);
    runs = choose(runs, most - most / 4);
    llvm::append_range(runs, choose(apart, tail));
  }

  int64_t numRuns() const override { return static_cast<int64_t>(runs.size()); }
  int64_t numSamples() const override { return numRuns(); }
  quantc::DataLayout layout() const override { return data.layout(); }
  llvm::Expected<Feed> feed(int64_t index) override { return data.feed(runs[index]); }

private:
  static std::vector<int64_t> choose(const std::vector<int64_t> &from, int64_t count) {
    std::vector<int64_t> chosen;
    for (int64_t i : qnn::evenlySpacedRuns(static_cast<int64_t>(from.size()), count))
      chosen.push_back(from[i]);
    return chosen;
  }

  DataSet &data;
  std::vector<int64_t> runs;
};
} // namespace

namespace {
/// Keeps to itself what passes say of a model that is tried: remarks belong to the model that is
/// kept, and errors are the step's one.
class TrialDiagnostics {
public:
  explicit TrialDiagnostics(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
            errors.push_back(diagnostic.str());
          return success();
        }) {}

  llvm::Error error() const {
    return llvm::createStringError(errors.empty() ? "the migrated model does not compile"
                                                  : llvm::join(errors, "; "));
  }

private:
  std::vector<std::string> errors;
  ScopedDiagnosticHandler handler;
};
} // namespace

/// Runs of a trial; a quarter of them measures.
static constexpr int64_t kTrialRuns = 64;
/// What transforms have to bring on average over the runs: this many dB, and standard errors.
static constexpr double kLeastGain = 0.1, kLeastErrors = 2;

static double mean(llvm::ArrayRef<double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

llvm::Expected<std::vector<double>> Compiler::migratedScores(ModuleOp lowered) {
  CompileOptions trialOptions = options;
  Recipe &recipe = trialOptions.recipe;
  recipe.migration = {};
  recipe.allocation = {};
  recipe.biasCorrectionRuns = 0;
  if (recipe.weightRounding != "mse")
    recipe.weightRounding = "nearest";
  recipe.rotateLearn = "none";
  for (std::string *file :
       {&trialOptions.statistics, &trialOptions.saveStatistics, &trialOptions.moments,
        &trialOptions.saveMoments, &trialOptions.codes, &trialOptions.saveCodes,
        &trialOptions.channels, &trialOptions.saveChannels, &trialOptions.resume})
    file->clear();
  trialOptions.explainRuns = 0;
  if (llvm::Error error = openFloatCode())
    return std::move(error);
  Compiler trial(context, std::move(trialOptions));
  trial.adopt(OwningOpRef<ModuleOp>(lowered.clone()), Stage::Float, result.model);
  trial.floatModule = floatModule->clone();
  trial.floatCode = floatCode;
  trial.dataSet = std::make_unique<TrialRuns>(*dataSet, kTrialRuns);
  TrialDiagnostics quiet(context);
  if (failed(trial.advance(Stage::Integer)))
    return quiet.error();
  if (llvm::Error error = trial.measureAccuracy())
    return std::move(error);
  return trial.report().runSqnrDb;
}

namespace {
/// A model with some of the transforms.
struct Candidate {
  OwningOpRef<ModuleOp> module; ///< lowered
  std::vector<qnn::MigratedSite> sites;
};
} // namespace

static FailureOr<Candidate> makeCandidate(ModuleOp raised, const ChannelSampleTable &samples,
                                          const qnn::MigrateOptions &options) {
  Candidate candidate{raised.clone(), {}};
  FailureOr<std::vector<qnn::MigratedSite>> sites =
      qnn::migrate(*candidate.module, samples, options);
  if (failed(sites) || failed(lower(*candidate.module)))
    return failure();
  candidate.sites = std::move(*sites);
  return candidate;
}

static std::vector<std::string> keptNames(const std::vector<qnn::MigratedSite> &sites) {
  std::vector<std::string> names;
  for (const qnn::MigratedSite &site : sites)
    if (site.kept)
      names.push_back(site.name);
  return names;
}

/// The transforms, of those that lower their sites' errors, that raise the model's score: all where
/// they do together; else halves of them, one after the other, as long as there are trials left.
llvm::Expected<std::vector<std::string>> Compiler::dropUseless(ModuleOp raised,
                                                               const ChannelSampleTable &samples,
                                                               const qnn::MigrateOptions &chosen,
                                                               MigrationReport &report) {
  auto score = [&](llvm::ArrayRef<std::string> names) -> llvm::Expected<std::vector<double>> {
    TrialDiagnostics quiet(context);
    qnn::MigrateOptions only = chosen;
    for (const qnn::MigratedSite &site : report.sites)
      if (!llvm::is_contained(names, site.name))
        only.exclude.insert(site.name);
    FailureOr<Candidate> candidate = makeCandidate(raised, samples, only);
    if (failed(candidate))
      return quiet.error();
    return migratedScores(*candidate->module);
  };
  std::vector<std::string> all = keptNames(report.sites), accepted;
  llvm::Expected<std::vector<double>> best = score({});
  if (!best)
    return best.takeError();
  report.scoreBefore = mean(*best);
  std::deque<std::vector<std::string>> parts = {all};
  for (int64_t trials = options.recipe.migration.trials; trials > 0 && !parts.empty(); --trials) {
    std::vector<std::string> part = std::move(parts.front()), with = accepted;
    parts.pop_front();
    llvm::append_range(with, part);
    llvm::Expected<std::vector<double>> found = score(with);
    if (!found)
      return found.takeError();
    if (ptq::isGain(*best, *found, kLeastGain, kLeastErrors)) {
      *best = std::move(*found);
      accepted = std::move(with);
    } else if (part.size() > 1) {
      auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
      parts.push_back({part.begin(), middle});
      parts.push_back({middle, part.end()});
    }
  }
  report.scoreAfter = mean(*best);
  return accepted;
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

/// Names that options give in vain are one list, also those that only a later stage would find.
static LogicalResult checkExcluded(ModuleOp module, const Recipe &recipe,
                                   const qnn::MigrationSites &sites) {
  llvm::StringSet<> names;
  for (const std::string &name : recipe.migration.exclude)
    names.insert(name);
  std::vector<std::string> faults = qnn::unknownSites(sites, names, "migrate-exclude");
  if (faults.empty())
    return success();
  if (recipe.hasStaticActivations()) {
    OwningOpRef<ModuleOp> copy = module.clone();
    ScopedDiagnosticHandler collect(module.getContext(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        faults.push_back(diagnostic.str());
      return success();
    });
    (void)qnn::insertObservers(*copy, recipe.quantize);
  }
  return emitError(module.getLoc()) << llvm::join(faults, "; ");
}

/// Of a search that is still to be made: what it will not look at.
static MigrationReport reportOn(llvm::StringRef method, const qnn::MigrationSites &found) {
  MigrationReport report;
  report.method = method.str();
  for (const qnn::MigrationRefusal &refusal : found.refusals)
    report.refused.emplace_back(refusal.name, refusal.reason);
  return report;
}

/// Whether transforms that lower their places' errors are kept without a look at the model, tried
/// on it, or left out because too little data is there to tell a gain.
enum class ModelCheck { Skip, Run, TooFewRuns };

static ModelCheck planModelCheck(ModuleOp module, const DataSet *data) {
  if (!data) {
    emitWarning(module.getLoc(),
                "migrate-check model: without calibration data the quantized model was not checked "
                "with and without migration, only each place by its own loss; give --calibrate, or "
                "migrate-check place");
    return ModelCheck::Skip;
  }
  int64_t apart = 0, runs = data->numRuns();
  for (int64_t run = 0; run < runs; ++run)
    apart += isHeldOut(run, runs);
  if (apart >= ptq::kLeastPairs)
    return ModelCheck::Run;
  emitWarning(module.getLoc())
      << "migrate-check model: expected at least " << ptq::kLeastPairs
      << " runs of calibration data that searches do not see (every fourth), but found " << apart
      << " of " << runs << ": nothing is migrated; give more, or migrate-check place";
  return ModelCheck::TooFewRuns;
}

/// Writes samples to `path`, if there is one; where none were taken, says why there is no file.
static llvm::Error keepSamples(ModuleOp module, llvm::StringRef path,
                               const ChannelSampleTable &samples,
                               const qnn::MigrationSites &found) {
  if (path.empty())
    return llvm::Error::success();
  if (!samples.empty())
    return writeChannelSamples(path, samples);
  emitWarning(module.getLoc()) << (found.sites.empty() ? "no place was found to migrate: '"
                                                       : "no samples were taken without data: '")
                               << path << "' is not written";
  return llvm::Error::success();
}

LogicalResult Compiler::migrate() {
  if (options.recipe.migration.method == "none" || isTrial)
    return success();
  double start = now();
  auto fail = [&](llvm::Error error) {
    return emitError(ir->getLoc(), "migration: ") << llvm::toString(std::move(error));
  };
  OwningOpRef<ModuleOp> raised = ir->clone();
  if (failed(raise(*raised)))
    return failure();
  const qnn::MigrationSites found =
      qnn::findMigrationSites(*raised, siteOptions(options.recipe.migration));
  if (failed(checkExcluded(*ir, options.recipe, found)))
    return failure();
  llvm::Expected<ChannelSampleTable> samples = sampleChannels(*raised);
  if (!samples)
    return fail(samples.takeError());
  if (llvm::Error error = keepSamples(*ir, options.saveChannels, *samples, found))
    return fail(std::move(error));
  llvm::Expected<qnn::MigrateOptions> chosen = migrateOptions();
  if (!chosen)
    return fail(chosen.takeError());
  FailureOr<Candidate> candidate = makeCandidate(*raised, *samples, *chosen);
  if (failed(candidate))
    return failure();
  MigrationReport report = reportOn(options.recipe.migration.method, found);
  report.sites = std::move(candidate->sites);
  std::vector<std::string> kept = keptNames(report.sites);
  const ModelCheck check = options.recipe.migration.check == "model" && !kept.empty()
                               ? planModelCheck(*ir, dataSet.get())
                               : ModelCheck::Skip;
  if (check != ModelCheck::Skip) {
    llvm::Expected<std::vector<std::string>> useful =
        check == ModelCheck::Run ? dropUseless(*raised, *samples, *chosen, report)
                                 : std::vector<std::string>();
    floatCode = nullptr;
    if (!useful)
      return fail(useful.takeError());
    for (qnn::MigratedSite &site : report.sites)
      if (site.kept && !llvm::is_contained(*useful, site.name)) {
        site.kept = false;
        site.reason = check == ModelCheck::Run ? "the model comes no closer to float with it"
                                               : "too few runs of data to check the model";
        // A run with the recipe that is saved repeats this one.
        options.recipe.migration.exclude.push_back(site.name);
        chosen->exclude.insert(site.name);
      }
    if (useful->size() != kept.size()) {
      candidate = makeCandidate(*raised, *samples, *chosen);
      if (failed(candidate))
        return failure();
      kept = std::move(*useful);
    }
  }
  if (!kept.empty())
    ir = std::move(candidate->module);
  report.seconds = now() - start;
  result.migration = std::move(report);
  return success();
}

//===----------------------------------------------------------------------===//
// The report
//===----------------------------------------------------------------------===//

llvm::json::Value MigrationReport::toJSON() const {
  llvm::json::Array list, refusals;
  for (const auto &[name, why] : refused)
    refusals.push_back(llvm::json::Object{{"name", name}, {"reason", why}});
  for (const qnn::MigratedSite &site : sites)
    list.push_back(llvm::json::Object{{"name", site.name},
                                      {"kept", site.kept},
                                      {"choice", site.choice},
                                      {"least_factor", site.leastFactor},
                                      {"greatest_factor", site.greatestFactor},
                                      {"least_shift", site.leastShift},
                                      {"greatest_shift", site.greatestShift},
                                      {"no_absorption", site.noAbsorption},
                                      {"loss_before", orNull(site.before)},
                                      {"loss_after", orNull(site.after)},
                                      {"values", site.values},
                                      {"maps", site.maps},
                                      {"reason", site.reason}});
  return llvm::json::Object{
      {"method", method},   {"sqnr_db_before", scoreBefore}, {"sqnr_db_after", scoreAfter},
      {"seconds", seconds}, {"sites", std::move(list)},      {"refused", std::move(refusals)}};
}

void MigrationReport::print(llvm::raw_ostream &os) const {
  os << llvm::formatv("migration     {0}: {1} of {2} places in {3:F1} s", method,
                      keptNames(sites).size(), sites.size(), seconds);
  if (scoreBefore && scoreAfter)
    os << llvm::formatv("; SQNR {0:F2} dB, {1:F2} dB without, on held-out runs", *scoreAfter,
                        *scoreBefore);
  os << "\n";
}
