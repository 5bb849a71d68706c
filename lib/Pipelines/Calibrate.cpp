//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data-driven steps of the compiler: calibration on compiled float code, accuracy on the
// calibration tail, comparison of compiled code with the interpreter.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Calibrate.h"
#include "Clock.h"
#include "Feeds.h"
#include "quantc/Execution/CompileNode.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Numerics/Metrics.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Reference/Interpreter.h"
#include "quantc/Support/Checkpoint.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include <functional>

using namespace mlir;
using namespace quantc;

static llvm::Error inContext(llvm::StringRef what, llvm::Error error) {
  return llvm::createStringError(what + ": " + llvm::toString(std::move(error)));
}

//===----------------------------------------------------------------------===//
// Rounding of weights
//===----------------------------------------------------------------------===//

llvm::Expected<MomentTable> Compiler::momentsOfInputs() {
  if (!options.moments.empty())
    return readMoments(options.moments);
  if (!dataSet)
    return llvm::createStringError("weight-rounding gptq: expected calibration data or second "
                                   "moments, but none were given");
  auto collect = [&]() -> llvm::Expected<MomentTable> {
    OwningOpRef<ModuleOp> copy = ir->clone();
    qnn::observeInputs(*copy);
    auto executor = JITExecutor::create(*copy, kernels::bestHostLevel(), options.threads);
    if (!executor)
      return executor.takeError();
    MomentOptions momentOptions;
    momentOptions.memoryCap = options.calibrationMemory;
    momentOptions.threads = options.threads;
    momentOptions.progress = options.progress;
    return collectMoments(*dataSet, **executor, momentOptions);
  };
  return resumed<MomentTable>(checkpoint.get(), "moments", readMoments, writeMoments, collect);
}

llvm::Expected<MomentTable> Compiler::findMoments() {
  llvm::Expected<MomentTable> moments = momentsOfInputs();
  if (moments && !options.saveMoments.empty())
    if (llvm::Error error = writeMoments(options.saveMoments, *moments))
      return std::move(error);
  return moments;
}

llvm::Expected<CrossMomentTable> Compiler::findCrossMoments(const qnn::RoundOptions &roundOptions) {
  if (!options.crossMoments.empty())
    return readCrossMoments(options.crossMoments);
  llvm::Expected<MomentTable> moments = findMoments();
  if (!moments)
    return moments.takeError();
  llvm::Expected<CrossMomentTable> found = collectCrossMoments(*moments, roundOptions);
  if (found && !options.saveCrossMoments.empty())
    if (llvm::Error error = writeCrossMoments(options.saveCrossMoments, *found))
      return std::move(error);
  return found;
}

LogicalResult Compiler::roundWeights() {
  const Recipe &recipe = options.recipe;
  const bool aimsAtFloat = recipe.weightRounding == "gptaq";
  if (recipe.weightFormat.empty() || (recipe.weightRounding != "gptq" && !aimsAtFloat))
    return success();
  double start = now();
  keepFloat();
  qnn::RoundOptions roundOptions;
  roundOptions.format = recipe.weightFormat;
  roundOptions.search = recipe.weightSearch;
  roundOptions.exclude = recipe.quantize.exclude;
  roundOptions.progress = options.progress;
  roundOptions.checkpoint = checkpoint.get();
  MomentTable moments;
  CrossMomentTable cross;
  llvm::Error error = aimsAtFloat ? findCrossMoments(roundOptions).moveInto(cross)
                                  : findMoments().moveInto(moments);
  if (error)
    return emitError(ir->getLoc(), "second moments: ") << llvm::toString(std::move(error));
  roundOptions.cross = aimsAtFloat ? &cross : nullptr;
  FailureOr<std::vector<qnn::RoundedWeight>> rounded =
      qnn::roundWeights(*ir, moments, roundOptions);
  if (failed(rounded))
    return failure();
  result.roundedWeights = std::move(*rounded);
  result.roundingSeconds = now() - start;
  return success();
}

/// Ranges of all observers from the data.
LogicalResult Compiler::findStatistics() {
  constexpr llvm::StringLiteral step = "statistics";
  if (checkpoint)
    if (std::optional<std::string> path = checkpoint->find(step))
      return qnn::readStatistics(*ir, *path);
  auto executor = JITExecutor::create(*ir, kernels::bestHostLevel(), options.threads);
  if (!executor)
    return emitError(ir->getLoc(), "calibration: ") << llvm::toString(executor.takeError());
  CollectOptions collectOptions;
  collectOptions.memoryCap = options.calibrationMemory;
  collectOptions.progress = options.progress;
  if (failed(qnn::calibrate(*ir, **executor, *dataSet, options.recipe.quantize, collectOptions)))
    return failure();
  if (checkpoint)
    if (llvm::Error error = checkpoint->save(
            step, [&](llvm::StringRef path) { return qnn::writeStatistics(*ir, path, equalized); }))
      return emitError(ir->getLoc()) << llvm::toString(std::move(error));
  return success();
}

LogicalResult Compiler::calibrate() {
  if (isTrial)
    return roundCodes();
  if (failed(roundWeights()))
    return failure();
  if (!options.recipe.hasStaticActivations())
    return success();
  if (!options.statistics.empty())
    return failure(failed(qnn::readStatistics(*ir, options.statistics, /*asImported=*/true)) ||
                   failed(allocateBits()) || failed(roundCodes()));
  if (!dataSet)
    return emitError(ir->getLoc(), "expected calibration data, but none was given");
  double start = now();
  if (failed(equalize()))
    return failure();
  if (failed(findStatistics()))
    return failure();
  if (!options.saveStatistics.empty())
    if (llvm::Error error = qnn::writeStatistics(*ir, options.saveStatistics, equalized))
      return emitError(ir->getLoc()) << llvm::toString(std::move(error));
  keepFloat();
  if (failed(collectFloatMeans()) || failed(allocateBits()) || failed(roundCodes()))
    return failure();
  result.calibrationRuns = dataSet->numRuns();
  result.calibrationSeconds = now() - start;
  return success();
}

//===----------------------------------------------------------------------===//
// Equalization and bias correction
//===----------------------------------------------------------------------===//

FailureOr<qnn::ChannelSummaries> Compiler::summarize(llvm::StringRef step, ModuleOp module,
                                                     ArrayRef<int64_t> runs) {
  auto channels = resumed<qnn::ChannelSummaries>(
      checkpoint.get(), step, qnn::readChannels,
      [](llvm::StringRef path, const qnn::ChannelSummaries &value) {
        return qnn::writeChannels(value, path);
      },
      [&]() -> llvm::Expected<qnn::ChannelSummaries> {
        auto executor = JITExecutor::create(module, kernels::bestHostLevel(), options.threads);
        if (!executor)
          return executor.takeError();
        return qnn::collectChannels(**executor, *dataSet, runs, options.progress);
      });
  if (!channels)
    return emitError(module.getLoc(), "calibration: ") << llvm::toString(channels.takeError());
  return std::move(*channels);
}

LogicalResult Compiler::equalize() {
  if (!options.recipe.equalizeDepthwise && !options.recipe.equalizeResidual)
    return success();
  int64_t runs = dataSet->numRuns();
  FailureOr<qnn::ChannelSummaries> channels =
      summarize("channels", *ir, qnn::evenlySpacedRuns(runs, runs));
  if (failed(channels))
    return failure();
  // Residual first: depthwise equalization changes the weights that its scales depend on.
  if (options.recipe.equalizeResidual)
    equalized += qnn::equalizeResidual(*ir, *channels);
  if (options.recipe.equalizeDepthwise)
    equalized += qnn::equalizeDepthwise(*ir, *channels);
  return success();
}

LogicalResult Compiler::collectFloatMeans() {
  if (options.recipe.biasCorrectionRuns == 0 || !options.biases.empty())
    return success();
  OwningOpRef<ModuleOp> copy = ir->clone();
  qnn::observeLinearMaps(*copy);
  auto runs = qnn::evenlySpacedRuns(dataSet->numRuns(), options.recipe.biasCorrectionRuns);
  FailureOr<qnn::ChannelSummaries> means = summarize("float-means", *copy, runs);
  if (failed(means))
    return failure();
  floatMeans = std::move(*means);
  return success();
}

LogicalResult Compiler::readBiases() {
  llvm::Expected<qnn::BiasTable> table = qnn::readBiases(options.biases);
  if (!table)
    return emitError(ir->getLoc(), "biases: ") << llvm::toString(table.takeError());
  result.correctedBiases = static_cast<int64_t>(table->size());
  return qnn::storeBiases(*ir, *table);
}

LogicalResult Compiler::correctBiases() {
  if (options.recipe.biasCorrectionRuns == 0 || result.quantizedInFile ||
      !options.recipe.hasStaticActivations())
    return success();
  if (!options.biases.empty())
    return readBiases();
  if (!dataSet || floatMeans.empty()) {
    if (!isTrial)
      emitWarning(ir->getLoc(), "the recipe corrects biases by runs of calibration data, but with "
                                "--statistics there are none; --biases names a file of them");
    return success();
  }
  auto runs = qnn::evenlySpacedRuns(dataSet->numRuns(), options.recipe.biasCorrectionRuns);
  FailureOr<qnn::BiasTable> corrected = qnn::correctBias(
      *ir, floatMeans, accumulatorScales, *dataSet, runs, options.progress, checkpoint.get());
  if (failed(corrected))
    return failure();
  if (!options.saveBiases.empty())
    if (llvm::Error error = qnn::writeBiases(options.saveBiases, *corrected))
      return emitError(ir->getLoc()) << llvm::toString(std::move(error));
  result.correctedBiases = static_cast<int64_t>(corrected->size());
  return success();
}

namespace {
/// One output of both models over several runs.
struct OutputPair {
  std::vector<float> expected, found;
  size_t columns = 1;
  bool isClassifier = false; ///< one row of classes a sample

  void add(const HostTensor &a, const HostTensor &b) {
    columns = a.rank() == 0 ? 1 : size_t(a.shape().back());
    isClassifier = (a.rank() == 1 || a.rank() == 2) && columns > 1;
    llvm::append_range(expected, a.values<float>());
    llvm::append_range(found, b.values<float>());
  }
  double sqnrDb() const { return numerics::sqnrDb(expected.data(), found.data(), expected.size()); }
  double agreement() const {
    return numerics::top1Agreement(expected.data(), found.data(), expected.size() / columns,
                                   columns);
  }
};
} // namespace

/// Mean over outputs. Those that are exact say nothing beyond 100 dB; those that are no numbers, or
/// are noise where there is no signal, are the worst.
static double meanSqnrDb(ArrayRef<OutputPair> pairs) {
  constexpr double most = 100;
  double sum = 0;
  int64_t count = 0;
  for (const OutputPair &pair : pairs) {
    if (pair.expected.empty())
      continue;
    double db = pair.sqnrDb();
    sum += std::isnan(db) ? -most : std::clamp(db, -most, most);
    ++count;
  }
  return count ? sum / static_cast<double>(count) : most;
}

static void recordAccuracy(ArrayRef<OutputPair> pairs, ArrayRef<ModelTensor> infos,
                           CompileReport &report) {
  for (auto [pair, info] : llvm::zip_equal(pairs, infos)) {
    if (pair.expected.empty())
      continue;
    double db = pair.sqnrDb();
    report.outputSqnrDb.emplace_back(info.name, db);
    report.sqnrDb = report.sqnrDb ? std::min(*report.sqnrDb, db) : db;
    if (pair.isClassifier && !report.top1Agreement)
      report.top1Agreement = pair.agreement();
  }
}

namespace {
/// The integer graph, by whatever runs all of its ops.
struct IntegerModel {
  std::vector<ModelTensor> inputs, outputs;
  std::function<llvm::Expected<std::vector<HostTensor>>(ArrayRef<HostTensor>)> run;
};
} // namespace

/// Compiled code, or the interpreter for an FPGA, whose codes may be wider than a CPU's.
static llvm::Expected<IntegerModel> openInteger(ModuleOp module, const CompileOptions &options) {
  if (options.recipe.isFPGA()) {
    auto interpreter = Interpreter::create(module);
    if (!interpreter)
      return interpreter.takeError();
    auto shared = std::make_shared<Interpreter>(std::move(*interpreter));
    return IntegerModel{borderInputs(module), borderOutputs(module),
                        [shared](ArrayRef<HostTensor> inputs) { return shared->run(inputs); }};
  }
  auto compiled = compileInProcess(module, kernels::bestHostLevel(), options.threads);
  if (!compiled)
    return compiled.takeError();
  std::shared_ptr<CompiledModel> shared = std::move(*compiled);
  return IntegerModel{shared->inputs(), shared->outputs(),
                      [shared](ArrayRef<HostTensor> inputs) { return shared->run(inputs); }};
}

llvm::Error Compiler::openFloatCode() {
  if (floatCode)
    return llvm::Error::success();
  auto code = compileInProcess(*floatModule, kernels::bestHostLevel(), options.threads);
  if (!code)
    return inContext("float model", code.takeError());
  floatCode = std::move(*code);
  return llvm::Error::success();
}

llvm::Error Compiler::measureAccuracy() {
  if (!dataSet || !floatModule || !integerModule)
    return llvm::createStringError(
        "accuracy needs calibration data and a model compiled from float");
  if (llvm::Error error = openFloatCode())
    return error;
  std::shared_ptr<CompiledModel> reference = std::move(floatCode);
  auto integer = openInteger(*integerModule, options);
  if (!integer)
    return inContext("integer model", integer.takeError());
  std::vector<OutputPair> pairs(reference->outputs().size());
  int64_t runs = dataSet->numRuns();
  result.runSqnrDb.clear();
  for (int64_t i = runs - tailRuns(runs); i < runs; ++i) {
    auto feed = dataSet->feed(i);
    if (!feed)
      return feed.takeError();
    auto a = reference->run(feedTensors(*feed));
    if (!a)
      return inContext("float model", a.takeError());
    auto b = integer->run(quantizeFeed(integer->inputs, feedTensors(*feed)));
    if (!b)
      return inContext("integer model", b.takeError());
    std::vector<OutputPair> ofRun(pairs.size());
    for (size_t k = 0; k < pairs.size(); ++k)
      if ((*a)[k].dtype() == DType::F32) {
        HostTensor found = dequantizeOutput(integer->outputs[k], (*b)[k]);
        pairs[k].add((*a)[k], found);
        ofRun[k].add((*a)[k], found);
      }
    result.runSqnrDb.push_back(meanSqnrDb(ofRun));
  }
  result.checkedRuns = tailRuns(runs);
  recordAccuracy(pairs, reference->outputs(), result);
  return llvm::Error::success();
}

/// Number of floats that differ by more than `tolerance` of the largest; NaNs are equal.
template <typename T>
static int64_t farApart(ArrayRef<T> expected, ArrayRef<T> found, float tolerance) {
  double largest = 0;
  for (T value : expected)
    largest = std::isfinite(value) ? std::max<double>(largest, std::fabs(value)) : largest;
  int64_t count = 0;
  for (auto [x, y] : llvm::zip_equal(expected, found))
    count += !(x == y || (std::isnan(x) && std::isnan(y)) ||
               std::fabs(double(x) - double(y)) <= tolerance * largest);
  return count;
}

/// Number of elements that differ: bit for bit, or floats by more than `tolerance` of the largest.
static int64_t differences(const HostTensor &a, const HostTensor &b, float tolerance) {
  if (a.dtype() != b.dtype() || !sameShape(a, b))
    return a.numElements();
  if (tolerance > 0 && a.dtype() == DType::F32)
    return farApart(a.values<float>(), b.values<float>(), tolerance);
  if (tolerance > 0 && a.dtype() == DType::F64)
    return farApart(a.values<double>(), b.values<double>(), tolerance);
  int64_t count = 0;
  size_t width = a.numElements() == 0 ? 1 : a.byteSize() / size_t(a.numElements());
  for (int64_t i = 0; i < a.numElements(); ++i)
    count += std::memcmp(a.bytes().data() + i * width, b.bytes().data() + i * width, width) != 0;
  return count;
}

/// The level that the recipe names; else this machine's best.
static kernels::Level levelOf(const Recipe &recipe) {
  return kernels::parseLevel(recipe.cpu).value_or(kernels::bestHostLevel());
}

llvm::Expected<std::unique_ptr<CompiledModel>>
Compiler::compileForVerification(Verification &verification) {
  if (options.recipe.isGPU()) {
    verification.subject = "code for " + options.recipe.target;
    llvm::SmallString<128> path;
    if (std::error_code code = llvm::sys::fs::createTemporaryFile("quantc-verify", "so", path))
      return llvm::createStringError("cannot create a temporary file: " + code.message());
    llvm::FileRemover remover(path);
    llvm::SmallString<128> header(path);
    llvm::sys::path::replace_extension(header, "h");
    llvm::FileRemover headerRemover(header);
    if (llvm::Error error = writeUntested(path))
      return std::move(error);
    return CompiledModel::load(path, options.threads);
  }
  kernels::Level level = levelOf(options.recipe);
  std::string name(kernels::levelInfo(level).name);
  if (!kernels::hostSupports(level))
    return llvm::make_error<UnavailableError>("this machine lacks " + name);
  verification.subject = "code compiled in process for " + name;
  return compileInProcess(*integerModule, level, options.threads, options.recipe.strict);
}

/// Null, with the reason, where this machine cannot run the code.
llvm::Expected<std::unique_ptr<CompiledModel>>
Compiler::openForVerification(Verification &verification) {
  if (!libraryPath.empty())
    verification.subject = "library " + libraryPath;
  auto compiled = libraryPath.empty() ? compileForVerification(verification)
                                      : CompiledModel::load(libraryPath, options.threads);
  if (compiled)
    return compiled;
  llvm::Error rest = llvm::handleErrors(compiled.takeError(), [&](const UnavailableError &error) {
    verification.notRun = error.reason;
  });
  if (rest)
    return std::move(rest);
  return nullptr;
}

llvm::Expected<Verification> Compiler::verify(int64_t runs) {
  if (!integerModule)
    return llvm::createStringError("verification needs a module of stage 'integer'");
  auto interpreter =
      Interpreter::create(*integerModule, "main", nodeCompiler(levelOf(options.recipe)));
  if (!interpreter)
    return interpreter.takeError();
  Verification verification;
  if (options.recipe.isFPGA()) {
    verification.notRun = "an HLS project is verified by `make sim` in its folder";
    return verification;
  }
  verification.tolerance = floatTolerance();
  auto compiled = openForVerification(verification);
  if (!compiled)
    return compiled.takeError();
  if (!verification.notRun.empty())
    return verification;
  auto compare = [&](const std::vector<HostTensor> &inputs) -> llvm::Error {
    auto expected = interpreter->run(inputs);
    if (!expected)
      return expected.takeError();
    auto found = (*compiled)->run(inputs);
    if (!found)
      return found.takeError();
    for (size_t i = 0; i < expected->size(); ++i) {
      verification.values += (*expected)[i].numElements();
      verification.differing += differences((*expected)[i], (*found)[i], verification.tolerance);
    }
    return llvm::Error::success();
  };
  for (const std::vector<HostTensor> &inputs : extremeFeeds((*compiled)->inputs()))
    if (llvm::Error error = compare(inputs))
      return std::move(error);
  int64_t count = dataSet ? dataSet->numRuns() : 0;
  count = runs < 0 ? count : std::min(runs, count);
  for (int64_t i = 0; i < count; ++i) {
    if (options.progress)
      options.progress("verifying", i, count);
    auto feed = dataSet->feed(i);
    if (!feed)
      return feed.takeError();
    if (llvm::Error error = compare(quantizeFeed((*compiled)->inputs(), feedTensors(*feed))))
      return std::move(error);
  }
  if (options.progress && count)
    options.progress("verifying", count, count);
  return verification;
}
