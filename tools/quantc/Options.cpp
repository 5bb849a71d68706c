//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line of quantc; see Options.h.
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "quantc/Pipelines/BitAllocation.h"
#include "quantc/Pipelines/Operators.h"
#include "quantc/Pipelines/Targets.h"
#include "quantc/Support/Suggest.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"

using namespace quantc;
namespace cl = llvm::cl;

/// libLLVM has a global option of this name; shared libraries are initialised before this file.
static const bool optionNameFreed = [] {
  auto &registered = cl::getRegisteredOptions();
  if (auto found = registered.find("threads"); found != registered.end())
    found->second->removeArgument();
  return true;
}();

static cl::OptionCategory category("quantc options");
#define TEXT(NAME, ARGUMENT, HELP, VALUE)                                                          \
  static cl::opt<std::string> NAME(ARGUMENT, cl::desc(HELP), cl::value_desc(VALUE),                \
                                   cl::cat(category))
#define FLAG(NAME, ARGUMENT, HELP)                                                                 \
  static cl::opt<bool> NAME(ARGUMENT, cl::desc(HELP), cl::cat(category))

static cl::opt<std::string>
    inputFile(cl::Positional, cl::desc("MODEL.onnx, or a module of stage integer (.mlir, .mlirbc)"),
              cl::cat(category));
static cl::opt<std::string> outputFile("o", cl::desc("Where to write the result"),
                                       cl::value_desc("file"), cl::cat(category));
TEXT(recipeName, "recipe", "Built-in recipe or a .yaml file (default w8a8-integer)", "name");
TEXT(calibrate, "calibrate",
     "Calibration data: .npz, folder of .npz or .npy, test_data_set_* folder", "path");
TEXT(moments, "moments", "Second moments (.npz) for weight rounding instead of calibration data",
     "file");
TEXT(crossMoments, "cross-moments",
     "Moments of both models (.npz) for weight-rounding gptaq by rows, instead of calibration data",
     "file");
TEXT(saveCrossMoments, "save-cross-moments", "Write the moments that gptaq by rows collects",
     "file");
TEXT(codes, "codes", "Codes of weights (.npz) that --save-codes wrote, instead of weight rounding",
     "file");
TEXT(saveCodes, "save-codes", "Write the codes of weights that weight rounding chose", "file");
TEXT(biases, "biases", "Integer biases (JSON) that --save-biases wrote, instead of bias correction",
     "file");
TEXT(saveBiases, "save-biases", "Write the integer biases that bias correction found", "file");
TEXT(channels, "channels",
     "Ranges and sample rows (.npz) for outlier migration instead of calibration data", "file");
TEXT(saveChannels, "save-channels", "Write the ranges and rows that migration collects", "file");
TEXT(saveMoments, "save-moments", "Write the second moments that weight rounding collects", "file");
TEXT(saveStatistics, "save-statistics", "Write the statistics that ranges of activations come from",
     "file");
TEXT(statistics, "statistics", "Statistics (JSON) instead of calibration data", "file");
TEXT(calibrationMemory, "calib-memory",
     "Hard cap on the memory of statistics: bytes, or with K, M, G; changes no result", "size");
TEXT(target, "target",
     "What to make code for: cpu (default); an NVIDIA GPU: cuda:sm_80 (and later chips), ...; "
     "hls:PART, a project for high-level synthesis in the folder that -o names (hls:xc7z020); or "
     "onnx, the quantized model as a QDQ file",
     "name");
TEXT(
    emitKind, "emit",
    "mlir, mlirbc, llvm, obj, so or ptx (default so; for hls, mlir, mlirbc or a project; for onnx, "
    "mlir, mlirbc or onnx)",
    "kind");
TEXT(goldenData, "golden-data",
     "Data for an HLS project's golden vectors (default: the calibration data)", "path");
static cl::opt<int64_t>
    goldenFrames("golden",
                 cl::desc("Frames of data in an HLS project's golden vectors, -1 for all (default "
                          "4); extreme inputs come first"),
                 cl::init(4), cl::cat(category));
TEXT(effectiveBits, "effective-bits",
     "Bit allocation (docs/Allocation.md): greatest mean of bits over all weights", "bits");
TEXT(targetSize, "target-size",
     "Bit allocation: greatest size of the weights of all layers: bytes, or with K, M, G", "size");
TEXT(targetLatency, "target-latency", "Bit allocation: greatest time of a run in microseconds",
     "us");
TEXT(minimize, "minimize",
     "Bit allocation: bits, size or latency, or for FPGAs lut, ff, dsp or bram18, made small as "
     "far as "
     "--max-drop allows",
     "what");
TEXT(sensitivity, "sensitivity", "Table of sensitivities (JSON) instead of measuring them", "file");
TEXT(saveSensitivity, "save-sensitivity", "Write the sensitivities that were measured", "file");
TEXT(latency, "latency", "Table of latencies (JSON) instead of measuring them", "file");
TEXT(saveLatency, "save-latency", "Measure latencies of all layers, and write them", "file");
TEXT(curvature, "curvature", "Curvatures of layers (JSON) for losses such as hawq", "file");
TEXT(saveCurvature, "save-curvature",
     "Measure curvatures of all layers on calibration data (docs/Curvature.md), and write them "
     "(JSON); an allocation of the same run reads them",
     "file");
static cl::opt<int64_t> curvatureRuns("curvature-runs",
                                      cl::desc("Runs of the data that curvatures are means of, -1 "
                                               "for all (default 8)"),
                                      cl::init(8), cl::cat(category));
static cl::opt<int64_t> curvatureProbes("curvature-probes",
                                        cl::desc("Most probes of a trace (default 32)"),
                                        cl::init(32), cl::cat(category));
static cl::opt<int64_t> curvatureParts("curvature-eigenvalues",
                                       cl::desc("Parts of the runs that top eigenvalues are taken "
                                                "of, many products a layer (default 0: none)"),
                                       cl::init(0), cl::cat(category));
TEXT(tryAllocations, "try-allocations",
     "Allocations (JSON: lists of NAME=w4 in a list, or by name in an object) to compile and "
     "measure on --evaluate",
     "file");
TEXT(evaluation, "evaluate", "Data for --try-allocations", "path");
TEXT(allocationReport, "allocation-report",
     "Write the problem and its fronts (JSON, LP, CSV, SVG) into a folder", "folder");
TEXT(
    resume, "resume",
    "Keep finished steps in a folder, and take those that are there: the same command goes on with "
    "what a killed run did (docs/Pipelines.md)",
    "folder");
TEXT(toStage, "to", "With --emit mlir|mlirbc: the stage to stop at (default integer)", "stage");
TEXT(cpuLevel, "cpu",
     "Instruction sets: native (default), portable, x86-64-v2, x86-64-v3, x86-64-v3-vnni, "
     "x86-64-v4, x86-64-v4-vnni",
     "level");
TEXT(ioType, "io-type", "Element type at the library's border: float (default) or int8", "type");
TEXT(reportFile, "report",
     "Write the report as JSON, or as one page where the name ends in .html (docs/Explain.md)",
     "file");
static cl::opt<int64_t>
    explainRuns("explain",
                cl::desc("Runs of calibration data on which the report explains what quantization "
                         "costs, node by node (default 4 for a page, 0 for JSON)"),
                cl::value_desc("runs"), cl::init(-1), cl::cat(category));
TEXT(saveConfig, "save-config", "Write the resolved recipe as YAML", "file.yaml");
FLAG(strict, "strict", "Integer instructions only in integer ops");
FLAG(printPipelineFlag, "print-pipeline",
     "Print the pass pipeline of every stage, as quant-opt takes it");
FLAG(verifyFlag, "verify",
     "Compare compiled code with the interpreter on all data and on extreme inputs");
FLAG(checkFlag, "check",
     "List what becomes of each node, and why (docs/Ledger.md); needs no data and writes no code. "
     "With --quiet the totals alone");
FLAG(failOnFloat, "fail-on-float",
     "With --check: a float node other than the file's own quantize or dequantize at the border is "
     "an error");
FLAG(allowFloat, "allow-float",
     "Float ops between the first quantize and the last dequantize are no error");
FLAG(quiet, "quiet", "Print no summary");
FLAG(listOptions, "list-options", "List the options of recipes and exit");
FLAG(listTargets, "list-targets", "Print the table of targets (Markdown) and exit");
FLAG(listOps, "list-ops", "List the ONNX operators with what becomes of them (Markdown) and exit");
static cl::list<std::string> dims("dim", cl::desc("Value of a symbolic dimension"),
                                  cl::value_desc("name=value"), cl::cat(category));
static cl::list<std::string> settings("set", cl::desc("Set one recipe option; see --list-options"),
                                      cl::value_desc("option=value"), cl::cat(category));
static cl::opt<int> threads("threads",
                            cl::desc("Threads for calibration (default 1); changes no result"),
                            cl::init(1), cl::cat(category));
static cl::opt<double>
    maxDrop("max-drop",
            cl::desc("Goal: largest loss of top-1 agreement on the calibration tail, 0..1"),
            cl::init(-1), cl::cat(category));

static llvm::Error usage(const llvm::Twine &message) { return llvm::createStringError(message); }

static llvm::Expected<uint64_t> parseSize(llvm::StringRef option, llvm::StringRef text) {
  uint64_t factor = 1;
  llvm::StringRef digits = text;
  for (auto [suffix, shift] : {std::pair("K", 10), std::pair("M", 20), std::pair("G", 30)})
    if (digits.consume_back(suffix))
      factor = uint64_t(1) << shift;
  uint64_t value = 0;
  if (digits.getAsInteger(10, value) || value == 0 || value > (UINT64_MAX / factor))
    return usage(option + ": expected a size such as 512M, but found '" + text + "'");
  return value * factor;
}

/// The recipe with the command line's own settings on top.
static llvm::Expected<Recipe> resolveRecipe() {
  auto recipe = loadRecipe(recipeName.empty() ? "w8a8-integer" : recipeName.getValue());
  if (!recipe)
    return recipe.takeError();
  std::vector<std::string> faults;
  auto set = [&](llvm::StringRef name, llvm::StringRef value) {
    if (llvm::Error error = setRecipeOption(*recipe, name, value))
      faults.push_back(llvm::toString(std::move(error)));
  };
  for (const std::string &setting : settings) {
    auto [name, value] = llvm::StringRef(setting).split('=');
    if (llvm::StringRef(setting).contains('='))
      set(name, value);
    else
      faults.push_back("--set: expected option=value, but found '" + setting + "'");
  }
  std::string size;
  if (!targetSize.empty()) {
    auto bytes = parseSize("--target-size", targetSize);
    if (bytes)
      size = std::to_string(*bytes);
    else
      faults.push_back(llvm::toString(bytes.takeError()));
  }
  std::pair<const char *, std::string> own[] = {{"cpu", cpuLevel},
                                                {"io-type", ioType},
                                                {"strict", strict ? "true" : ""},
                                                {"effective-bits", effectiveBits},
                                                {"target-size", size},
                                                {"target-latency", targetLatency},
                                                {"minimize", minimize}};
  for (auto &[name, value] : own)
    if (!value.empty())
      set(name, value);
  if (!faults.empty())
    return usage(llvm::join(faults, "; "));
  return recipe;
}

static llvm::Error parseDims(DriverOptions &options) {
  for (const std::string &dim : dims) {
    auto [name, value] = llvm::StringRef(dim).split('=');
    int64_t number = 0;
    if (name.empty() || value.getAsInteger(10, number) || number < 1)
      return usage("--dim: expected name=value with a positive value, but found '" + dim + "'");
    options.compile.dims.emplace_back(name.str(), number);
  }
  return llvm::Error::success();
}

static llvm::Error checkTarget(DriverOptions &options) {
  auto machine = parseTarget(target.empty() ? "cpu" : target.getValue());
  if (!machine)
    return machine.takeError();
  const TargetFamily &family = *machine->family;
  Recipe &recipe = options.compile.recipe;
  options.lastStage = family.lastStage;
  if (family.lastStage == Stage::Dataflow)
    recipe.hls.part = machine->device;
  if (!target.empty())
    recipe.target = target;
  if (llvm::Error error = checkRecipe(recipe))
    return usage(llvm::toString(std::move(error)));
  options.emit = emitKind.empty() ? family.emits.front().str() : emitKind.getValue();
  if (!llvm::is_contained(family.emits, llvm::StringRef(options.emit)))
    return usage("--emit: expected one of " + llvm::join(family.emits, ", ") + " with --target " +
                 family.prefix + ", but found '" + emitKind + "'" +
                 didYouMean(emitKind, family.emits));
  return llvm::Error::success();
}

static llvm::Error checkNames(DriverOptions &options) {
  if (llvm::Error error = checkTarget(options))
    return error;
  options.compile.goldenData = goldenData;
  options.compile.goldenFrames = goldenFrames;
  if (goldenFrames < -1)
    return usage("--golden: expected a number of frames, or -1 for all, but found " +
                 llvm::Twine(goldenFrames));
  if (!toStage.empty()) {
    options.to = parseStage(toStage);
    std::vector<llvm::StringRef> stages = stageNames();
    if (!options.to)
      return usage("--to: expected one of " + llvm::join(stages, ", ") + ", but found '" + toStage +
                   "'" + didYouMean(toStage, llvm::ArrayRef(stages)));
  }
  return llvm::Error::success();
}

/// Files of bit allocation say nothing without one; a search needs its goal.
static llvm::Error checkAllocation(const CompileOptions &options) {
  const AllocationOptions &allocation = options.recipe.allocation;
  if (allocation.minimize != "none" && options.maxDrop < 0)
    return usage("--minimize: expected --max-drop with it");
  if (options.tryAllocations.empty() != options.evaluation.empty())
    return usage(options.evaluation.empty() ? "--try-allocations: expected --evaluate with it"
                                            : "--evaluate: expected --try-allocations with it");
  std::pair<const char *, const std::string &> files[] = {
      {"--sensitivity", options.sensitivity},
      {"--save-sensitivity", options.saveSensitivity},
      {"--latency", options.latency},
      {"--save-latency", options.saveLatency},
      {"--curvature", options.curvature},
      {"--try-allocations", options.tryAllocations},
      {"--allocation-report", options.allocationReport}};
  std::vector<std::string> idle;
  for (auto &[name, value] : files)
    if (!value.empty() && !allocation.isRequested())
      idle.push_back(name);
  return idle.empty() ? llvm::Error::success()
                      : usage(llvm::join(idle, ", ") +
                              ": expected a budget (--effective-bits, --target-size, "
                              "--target-latency, fit-part) or --minimize");
}

static llvm::Error checkCurvature(DriverOptions &options) {
  if (!options.saveCurvature.empty() && options.compile.calibration.empty())
    return usage("--save-curvature: expected --calibrate with it");
  if (options.saveCurvature.empty() &&
      (curvatureRuns.getNumOccurrences() || curvatureProbes.getNumOccurrences() ||
       curvatureParts.getNumOccurrences()))
    return usage("--curvature-runs, --curvature-probes, --curvature-eigenvalues: expected "
                 "--save-curvature with them");
  if (curvatureRuns == 0 || curvatureProbes < 2 || curvatureParts < 0)
    return usage("--save-curvature: expected runs, two probes at least, and no negative parts");
  // What is written is what the allocation reads. A run that goes on measures the same again.
  if (options.compile.curvature.empty() && options.compile.recipe.allocation.isRequested())
    options.compile.curvature = options.saveCurvature;
  return llvm::Error::success();
}

/// The stage that the run stops at.
static Stage stageOf(const DriverOptions &options) {
  const bool isText = options.emit == "mlir" || options.emit == "mlirbc";
  return isText ? options.to.value_or(Stage::Integer) : options.lastStage;
}

/// Files that no step of this recipe and target reads or writes.
static llvm::Error checkFiles(const DriverOptions &options) {
  const CompileOptions &compile = options.compile;
  const Recipe &recipe = compile.recipe;
  const bool isStatic = recipe.hasStaticActivations();
  const bool byMoments =
      !isStatic && (recipe.weightRounding == "gptq" || recipe.weightRounding == "gptaq");
  const bool byBoth = !isStatic && recipe.weightRounding == "gptaq";
  const bool byCodes = isStatic && recipe.weightRounding != "nearest";
  const Stage last = stageOf(options);
  const bool corrects = isStatic && recipe.biasCorrectionRuns > 0;
  const bool reachesBiases = last >= Stage::Integer && last != Stage::Exported;
  const bool migrates = recipe.migration.method != "none";
  const char *const moments = "a weight-format, and weight-rounding gptq or gptaq";
  const char *const one = "no --cross-moments";
  const char *const both = "activations row, and weight-rounding gptaq";
  const char *const codes = "activations static, and weight-rounding other than nearest";
  const char *const biases = "activations static, and bias-correction";
  const char *const integers = "a target other than onnx, and a stage of integers";
  const char *const channels = "a method of migrate";
  const struct {
    const char *option;
    bool isGiven, isUsed;
    const char *expected;
  } rules[] = {
      {"--statistics", !compile.statistics.empty(), isStatic, "activations static"},
      {"--save-statistics", !compile.saveStatistics.empty(), isStatic, "activations static"},
      {"--save-statistics", !compile.saveStatistics.empty(), compile.statistics.empty(),
       "no --statistics"},
      {"--moments", !compile.moments.empty(), byMoments, moments},
      {"--save-moments", !compile.saveMoments.empty(), byMoments, moments},
      {"--moments", !compile.moments.empty(), compile.crossMoments.empty(), one},
      {"--save-moments", !compile.saveMoments.empty(), compile.crossMoments.empty(), one},
      {"--cross-moments", !compile.crossMoments.empty(), byBoth, both},
      {"--save-cross-moments", !compile.saveCrossMoments.empty(), byBoth, both},
      {"--save-cross-moments", !compile.saveCrossMoments.empty(), compile.crossMoments.empty(),
       one},
      {"--codes", !compile.codes.empty(), byCodes, codes},
      {"--save-codes", !compile.saveCodes.empty(), byCodes, codes},
      {"--save-codes", !compile.saveCodes.empty(), compile.codes.empty(), "no --codes"},
      {"--biases", !compile.biases.empty(), corrects, biases},
      {"--save-biases", !compile.saveBiases.empty(), corrects, biases},
      {"--biases", !compile.biases.empty(), reachesBiases, integers},
      {"--save-biases", !compile.saveBiases.empty(), reachesBiases, integers},
      {"--save-biases", !compile.saveBiases.empty(), compile.biases.empty(), "no --biases"},
      {"--save-biases", !compile.saveBiases.empty(), compile.statistics.empty(), "no --statistics"},
      {"--channels", !compile.channels.empty(), migrates, channels},
      {"--save-channels", !compile.saveChannels.empty(), migrates, channels},
      {"--golden-data", !compile.goldenData.empty(), options.emit == "project",
       "a project of --target hls:PART"}};
  std::vector<std::string> faults;
  for (const auto &rule : rules)
    if (rule.isGiven && !rule.isUsed)
      faults.push_back(std::string(rule.option) + ": expected " + rule.expected + " beside it");
  return faults.empty() ? llvm::Error::success() : usage(llvm::join(faults, "; "));
}

/// Options that the kind of result has no use for, and files of steps behind the last stage.
static llvm::Error checkLastStage(const DriverOptions &options) {
  const CompileOptions &compile = options.compile;
  std::vector<std::string> faults;
  if (options.to && options.emit != "mlir" && options.emit != "mlirbc")
    faults.push_back("--to: expected --emit mlir or mlirbc beside it");
  if (goldenFrames.getNumOccurrences() && options.emit != "project")
    faults.push_back("--golden: expected a project of --target hls:PART beside it");
  const std::pair<const char *, bool> ofData[] = {
      {"--statistics", !compile.statistics.empty()},
      {"--save-statistics", !compile.saveStatistics.empty()},
      {"--moments", !compile.moments.empty()},
      {"--save-moments", !compile.saveMoments.empty()},
      {"--cross-moments", !compile.crossMoments.empty()},
      {"--save-cross-moments", !compile.saveCrossMoments.empty()},
      {"--codes", !compile.codes.empty()},
      {"--save-codes", !compile.saveCodes.empty()},
      {"--sensitivity", !compile.sensitivity.empty()},
      {"--save-sensitivity", !compile.saveSensitivity.empty()},
      {"--latency", !compile.latency.empty()},
      {"--save-latency", !compile.saveLatency.empty()},
      {"--allocation-report", !compile.allocationReport.empty()},
      {"--try-allocations", !compile.tryAllocations.empty()},
      {"--explain", explainRuns > 0}};
  for (auto &[name, isGiven] : ofData)
    if (isGiven && stageOf(options) < Stage::Quantized)
      faults.push_back(std::string(name) + ": expected the stage quantized, or one behind it");
  return faults.empty() ? llvm::Error::success() : usage(llvm::join(faults, "; "));
}

/// Whether files come out of compiling itself, which a run that only prints pipelines leaves out.
static bool writesOnTheWay(const DriverOptions &options) {
  const CompileOptions &compile = options.compile;
  const std::string *const files[] = {&options.saveCurvature,
                                      &compile.saveMoments,
                                      &compile.saveCrossMoments,
                                      &compile.saveChannels,
                                      &compile.saveCodes,
                                      &compile.saveBiases,
                                      &compile.saveLatency,
                                      &compile.allocationReport,
                                      &compile.saveStatistics,
                                      &compile.saveSensitivity,
                                      &compile.resume};
  return llvm::any_of(files, [](const std::string *file) { return !file->empty(); });
}

/// Modules in place of a model have all decisions behind them, and bring no data.
static llvm::Error checkModule(const DriverOptions &options) {
  llvm::StringRef input = options.input;
  if (!input.ends_with(".mlir") && !input.ends_with(".mlirbc"))
    return llvm::Error::success();
  std::vector<llvm::StringRef> idle = storageOptions(options.compile.recipe);
  const std::pair<const char *, bool> given[] = {
      {"--recipe", !recipeName.empty()},
      {"--calibrate", !calibrate.empty()},
      {"--statistics", !statistics.empty()},
      {"--channels", !channels.empty()},
      {"--moments", !moments.empty()},
      {"--cross-moments", !crossMoments.empty()},
      {"--codes", !codes.empty()},
      {"--biases", !biases.empty()},
      {"--explain", explainRuns > 0},
      {"--resume, or a file that a compilation saves", writesOnTheWay(options)}};
  for (auto &[name, isGiven] : given)
    if (isGiven)
      idle.push_back(name);
  return idle.empty()
             ? llvm::Error::success()
             : usage("a module says how tensors are stored, and has no data: expected it without " +
                     llvm::join(idle, ", "));
}

/// A loss that is a formula of curvature is known to lack its file before anything is measured;
/// where node-bits names layers, these may be all.
static llvm::Error checkLoss(const DriverOptions &options) {
  const AllocationOptions &allocation = options.compile.recipe.allocation;
  const bool allocates = !options.input.empty() && !checkFlag && allocation.isRequested() &&
                         options.compile.recipe.quantize.nodeBits.empty() &&
                         options.to.value_or(Stage::Integer) >= Stage::Quantized;
  if (!allocates || !options.compile.curvature.empty())
    return llvm::Error::success();
  for (const AllocationLoss &loss : allocationLosses())
    if (loss.name == allocation.loss && loss.needsCurvature)
      return usage(
          "allocation-loss " + loss.name +
          ": expected a file of curvatures (--curvature), or --save-curvature, which writes one");
  return llvm::Error::success();
}

static llvm::Error checkLedgerOptions(DriverOptions &options) {
  options.check = checkFlag;
  options.failOnFloat = failOnFloat;
  if (failOnFloat && !checkFlag)
    return usage("--fail-on-float: expected --check");
  if (checkFlag && (!options.output.empty() || options.verify || !calibrate.empty()))
    return usage("--check writes no code and needs no data: expected no -o, --verify, --calibrate");
  const bool hasGoal = options.compile.recipe.allocation.minimize != "none";
  if (checkFlag &&
      (writesOnTheWay(options) || !emitKind.empty() || (options.maxDrop >= 0 && !hasGoal)))
    return usage("--check compiles nothing: expected no --resume, --emit, --max-drop, nor a file "
                 "that a compilation saves");
  if (checkFlag && llvm::StringRef(options.report).ends_with(".html"))
    return usage("--check writes its ledger as JSON: expected --report FILE.json");
  return llvm::Error::success();
}

static void printOptions() {
  for (const RecipeOption &option : recipeOptions())
    llvm::outs() << option.name << " (" << option.values << ")\n    " << option.help << "\n";
}

/// The lists that are printed instead of compiling; whether there was one.
static bool printLists() {
  if (listOptions)
    printOptions();
  else if (listOps)
    describeOperators(llvm::outs());
  else if (listTargets)
    describeTargets(llvm::outs());
  return listOptions || listOps || listTargets;
}

/// What needs no check, or is checked later.
static void takeValues(DriverOptions &options) {
  options.input = inputFile;
  options.output = outputFile;
  options.report = reportFile;
  options.saveConfig = saveConfig;
  options.printPipeline = printPipelineFlag;
  options.verify = verifyFlag;
  options.quiet = quiet;
  options.requireInteger = !allowFloat;
  options.maxDrop = maxDrop;
  options.saveCurvature = saveCurvature;
  options.curvatureRuns = curvatureRuns;
  options.curvatureProbes = curvatureProbes;
  options.curvatureParts = curvatureParts;
  CompileOptions &compile = options.compile;
  compile.calibration = calibrate;
  compile.statistics = statistics;
  compile.saveStatistics = saveStatistics;
  compile.moments = moments;
  compile.codes = codes;
  compile.saveCodes = saveCodes;
  compile.saveMoments = saveMoments;
  compile.crossMoments = crossMoments;
  compile.saveCrossMoments = saveCrossMoments;
  compile.biases = biases;
  compile.saveBiases = saveBiases;
  compile.channels = channels;
  compile.saveChannels = saveChannels;
  compile.threads = threads;
  compile.resume = resume;
  compile.sensitivity = sensitivity;
  compile.saveSensitivity = saveSensitivity;
  compile.latency = latency;
  compile.saveLatency = saveLatency;
  compile.curvature = curvature;
  compile.allocationReport = allocationReport;
  compile.tryAllocations = tryAllocations;
  compile.evaluation = evaluation;
  compile.maxDrop = maxDrop;
}

static llvm::Error checkExplanation(DriverOptions &options) {
  if (explainRuns.getNumOccurrences() && (explainRuns < 0 || options.report.empty()))
    return usage("--explain: expected a number of runs, and --report with it");
  const int64_t automatic = llvm::StringRef(options.report).ends_with(".html") ? 4 : 0;
  options.compile.explainRuns = explainRuns >= 0 ? int64_t(explainRuns) : automatic;
  return llvm::Error::success();
}

/// What calibration may use of the machine.
static llvm::Error checkResources(DriverOptions &options) {
  if (threads < 1 || threads > 256)
    return usage("--threads: expected 1..256, but found " + llvm::Twine(threads));
  if (calibrationMemory.empty())
    return llvm::Error::success();
  auto size = parseSize("--calib-memory", calibrationMemory);
  if (!size)
    return size.takeError();
  options.compile.calibrationMemory = *size;
  return llvm::Error::success();
}

llvm::Expected<DriverOptions> quantc::parseCommandLine(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) { os << "quantc " << quantcVersion() << "\n"; });
  cl::ParseCommandLineOptions(
      argc, argv,
      "quantizes an ONNX model and compiles it to an integer library\n\n"
      "  quantc model.onnx --recipe w8a8-integer --calibrate data.npz --target cpu -o model.so\n\n"
      "Exit codes: 0 done; 1 wrong usage, or a result cannot be written; 2 the model or the data\n"
      "is not supported or cannot be read (all reasons are listed), or a file that a step saves\n"
      "cannot be written; 3 a goal was missed; 4 verification found a difference, or a proof\n"
      "failed; 5 float ops are left. With --check: 0 every node runs; 2 nodes are unsupported;\n"
      "5 with --fail-on-float, float nodes are left.\n");
  DriverOptions options;
  if (printLists())
    return options;
  takeValues(options);
  if (maxDrop.getNumOccurrences() && !(maxDrop >= 0 && maxDrop <= 1))
    return usage("--max-drop: expected a part between 0 and 1, but found " +
                 llvm::Twine(llvm::formatv("{0}", double(maxDrop)).str()));
  auto recipe = resolveRecipe();
  if (!recipe)
    return recipe.takeError();
  options.compile.recipe = *recipe;
  std::vector<std::string> faults;
  auto take = [&](llvm::Error error) {
    if (error)
      faults.push_back(llvm::toString(std::move(error)));
  };
  take(checkExplanation(options));
  take(checkCurvature(options));
  take(checkAllocation(options.compile));
  take(checkResources(options));
  take(parseDims(options));
  take(checkNames(options));
  if (faults.empty()) { // what a target reads and writes is known by its name
    take(checkFiles(options));
    take(checkLastStage(options));
    take(checkModule(options));
  }
  if (faults.empty())
    take(checkLoss(options));
  if (!faults.empty())
    return usage(llvm::join(faults, "; "));
  if (options.input.empty() && !options.printPipeline && options.saveConfig.empty())
    return usage("expected a model; see --help");
  if (llvm::Error error = checkLedgerOptions(options))
    return std::move(error);
  if (!options.input.empty() && !options.hasResult() &&
      !(options.printPipeline && !writesOnTheWay(options)))
    return usage("expected -o FILE, --report FILE, --verify or --check");
  return options;
}
