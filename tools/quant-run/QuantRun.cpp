//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// quant-run: runs a model (ONNX file, module or compiled library) on tensors, compares two, times
// them.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npz.h"
#include "quantc/Numerics/Metrics.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Pipelines/ModelFile.h"
#include "quantc/Pipelines/Outliers.h"
#include "quantc/Support/Progress.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include <chrono>
#include <cstring>

using namespace quantc;
namespace cl = llvm::cl;

/// libLLVM has a global option of this name; shared libraries are initialised before this file.
static const bool optionNameFreed = [] {
  auto &registered = cl::getRegisteredOptions();
  if (auto found = registered.find("threads"); found != registered.end())
    found->second->removeArgument();
  return true;
}();

static cl::OptionCategory category("quant-run options");
static cl::opt<std::string> file(cl::Positional, cl::Required,
                                 cl::desc("FILE (.onnx, .mlir, .mlirbc or .so)"),
                                 cl::cat(category));
static cl::opt<std::string>
    inputs("inputs", cl::desc("Tensors: .npz, folder of .npz or .npy, test_data_set_* folder"),
           cl::value_desc("path"), cl::Required, cl::cat(category));
static cl::opt<std::string> outputs("outputs",
                                    cl::desc("Where to write the outputs, stacked over runs"),
                                    cl::value_desc("file.npz"), cl::cat(category));
static cl::opt<std::string> compareWith("compare",
                                        cl::desc("Run this file too and compare all outputs"),
                                        cl::value_desc("file"), cl::cat(category));
static cl::opt<bool> exact("exact",
                           cl::desc("With --compare: every value must be equal bit for bit"),
                           cl::cat(category));
static cl::opt<double> absoluteTolerance("atol",
                                         cl::desc("With --compare: absolute tolerance (default 0)"),
                                         cl::init(0), cl::cat(category));
static cl::opt<double> relativeTolerance(
    "rtol", cl::desc("With --compare: tolerance relative to the reference value (default 1e-4)"),
    cl::init(1e-4), cl::cat(category));
static cl::opt<int> threads("threads", cl::desc("Worker threads (default 1)"), cl::init(1),
                            cl::cat(category));
static cl::opt<int64_t> batch("batch",
                              cl::desc("Samples a run where axis 0 runs over samples (default 1)"),
                              cl::init(1), cl::cat(category));
static cl::opt<int64_t> limit("limit", cl::desc("Take only the first N runs"), cl::init(-1),
                              cl::cat(category));
static cl::list<std::string> dims("dim", cl::desc("Value of a symbolic dimension: name=value"),
                                  cl::cat(category));
static cl::opt<std::string> cpu("cpu",
                                cl::desc("ISA level of code compiled in process (default native)"),
                                cl::init("native"), cl::cat(category));
static cl::opt<bool> interpret("interpret", cl::desc("Interpret FILE instead of compiling it"),
                               cl::cat(category));
static cl::opt<std::string> outliers(
    "outliers",
    cl::desc("Run no model; write how far channels stand out of what the linear maps of a module "
             "of stage float read: kurtosis and max/rms of rows"),
    cl::value_desc("file.json"), cl::cat(category));
static cl::opt<bool> timeRuns("time",
                              cl::desc("Print latency, and the time of every step of a library"),
                              cl::cat(category));

/// Exit codes, as quantc's.
enum Exit { Ok = 0, Usage = 1, Unsupported = 2, Mismatch = 4 };

static int fail(llvm::Error error, Exit code = Usage) {
  llvm::errs() << "quant-run: error: " << llvm::toString(std::move(error)) << "\n";
  return code;
}

/// Appends a run's outputs; `writeNpz` gets one array a name, runs along axis 0.
class Collector {
public:
  llvm::Error add(const std::vector<NamedTensor> &run) {
    if (arrays.empty())
      arrays.resize(run.size());
    for (size_t i = 0; i < run.size(); ++i) {
      arrays[i].name = run[i].name;
      arrays[i].parts.push_back(run[i].tensor);
    }
    return llvm::Error::success();
  }
  llvm::Error write(llvm::StringRef path) {
    std::vector<NamedTensor> all;
    for (Array &array : arrays) {
      const HostTensor &first = array.parts.front();
      if (array.parts.size() == 1) { // nothing to stack; a scalar stays one
        all.push_back({array.name, first});
        continue;
      }
      for (HostTensor &part : array.parts)
        if (part.rank() == 0) // scalars become a vector
          part = part.reshaped({1});
      std::vector<int64_t> shape(first.shape().begin(), first.shape().end());
      bool joins = !shape.empty();
      for (const HostTensor &part : array.parts)
        joins = joins && part.rank() == first.rank() && part.dtype() == first.dtype() &&
                part.shape().drop_front() == first.shape().drop_front();
      if (!joins)
        return llvm::createStringError("output '" + array.name + "' has shapes that do not stack");
      shape[0] = 0;
      for (const HostTensor &part : array.parts)
        shape[0] += part.dim(0);
      auto joined = HostTensor::create(first.dtype(), shape);
      if (!joined)
        return joined.takeError();
      uint8_t *target = joined->mutableBytes().data();
      for (const HostTensor &part : array.parts) {
        std::memcpy(target, part.bytes().data(), part.byteSize());
        target += part.byteSize();
      }
      all.push_back({array.name, std::move(*joined)});
    }
    return writeNpz(path, all);
  }

private:
  struct Array {
    std::string name;
    std::vector<HostTensor> parts;
  };
  std::vector<Array> arrays;
};

/// Differences between two models, over all runs.
struct Comparison {
  int64_t values = 0, differing = 0, outside = 0;
  double worst = 0, largest = 0;

  llvm::Error add(const std::vector<NamedTensor> &a, const std::vector<NamedTensor> &b) {
    if (a.size() != b.size())
      return llvm::createStringError(
          llvm::formatv("expected equal numbers of outputs, but found {0} and {1}", a.size(),
                        b.size())
              .str());
    for (size_t i = 0; i < a.size(); ++i) {
      const HostTensor &x = a[i].tensor, &y = b[i].tensor;
      if (x.dtype() != y.dtype() || !sameShape(x, y))
        return llvm::createStringError("output '" + a[i].name + "': expected " + y.typeString() +
                                       ", but found " + x.typeString());
      size_t width = x.numElements() ? x.byteSize() / size_t(x.numElements()) : 1;
      for (int64_t k = 0; k < x.numElements(); ++k) {
        ++values;
        double p = x.asDouble(k), q = y.asDouble(k), d = std::abs(p - q);
        differing +=
            std::memcmp(x.bytes().data() + k * width, y.bytes().data() + k * width, width) != 0;
        outside += !(d <= absoluteTolerance + relativeTolerance * std::abs(q));
        worst = std::max(worst, d);
        largest = std::max(largest, std::abs(q));
      }
    }
    return llvm::Error::success();
  }
  bool print(int64_t runs) const {
    llvm::outs() << llvm::formatv(
        "compared {0} values of {1} runs: {2} differ, max|a-b| = {3}, max|a-b| / max|b| = {4}\n",
        values, runs, differing, worst, largest > 0 ? worst / largest : worst);
    bool equal = exact ? differing == 0 : outside == 0;
    if (!exact)
      llvm::outs() << outside << " values outside atol " << absoluteTolerance << " + rtol "
                   << relativeTolerance << "\n";
    llvm::outs() << (equal ? "PASS" : "FAIL") << "\n";
    return equal;
  }
};

static void printTimes(std::vector<double> times, ModelFile &model) {
  llvm::sort(times);
  llvm::outs() << llvm::formatv(
                      "latency over {0} runs: min {1:F3} ms, median {2:F3} ms, max {3:F3} ms\n",
                      times.size(), times.front() * 1e3, times[times.size() / 2] * 1e3,
                      times.back() * 1e3)
               << model.profile();
}

/// Options that would change nothing are mistakes.
static llvm::Error checkOptions() {
  bool isLibrary = llvm::StringRef(file).ends_with(".so");
  auto refuse = [](llvm::StringRef option, llvm::StringRef reason) {
    return llvm::createStringError("--" + option + ": " + reason);
  };
  if (isLibrary && interpret)
    return refuse("interpret", "a library is code; interpret its module (quantc --emit mlirbc)");
  if (isLibrary && cpu.getNumOccurrences())
    return refuse("cpu", "a library is compiled for one level already");
  if (isLibrary && dims.getNumOccurrences())
    return refuse("dim", "a library's shapes are fixed already");
  llvm::StringRef name = file;
  if (!outliers.empty() && !name.ends_with(".mlir") && !name.ends_with(".mlirbc"))
    return refuse("outliers", "expected a module (.mlir or .mlirbc)");
  if (!outliers.empty() && !(compareWith.empty() && outputs.empty() && !interpret && !timeRuns))
    return refuse("outliers", "expected no --compare, --outputs, --interpret or --time with it");
  bool tolerances = absoluteTolerance.getNumOccurrences() || relativeTolerance.getNumOccurrences();
  if (compareWith.empty() && (exact || tolerances))
    return refuse(exact ? "exact" : "atol and --rtol", "expected --compare FILE with it");
  if (exact && tolerances)
    return refuse("exact", "expected no --atol or --rtol with it");
  if (limit.getNumOccurrences() && limit < 1)
    return refuse("limit", "expected a positive number");
  return llvm::Error::success();
}

/// --outliers.
static int writeOutliers(mlir::MLIRContext &context) {
  Compiler compiler(context, {}); // loads the dialects
  auto module = readModule(file.getValue(), context);
  if (!module)
    return fail(llvm::createStringError("cannot parse '" + file + "'"), Unsupported);
  DataSetOptions dataOptions;
  dataOptions.batch = batch;
  auto data = DataSet::open(inputs, inputSpecs(*module), dataOptions);
  if (!data)
    return fail(data.takeError(), Unsupported);
  ProgressBar bar(llvm::errs());
  OutlierOptions options;
  options.threads = threads;
  options.runs = limit;
  options.progress = bar.callback();
  auto measured = measureOutliers(*module, **data, options);
  if (!measured)
    return fail(measured.takeError(), Unsupported);
  std::error_code error;
  llvm::raw_fd_ostream stream(outliers, error);
  if (error)
    return fail(llvm::createStringError("cannot write '" + outliers + "': " + error.message()));
  stream << llvm::formatv("{0:2}\n", outliersToJSON(*measured));
  return Ok;
}

static llvm::Expected<RunOptions> runOptions() {
  RunOptions options;
  options.interpret = interpret;
  options.threads = threads;
  options.batch = batch;
  options.cpu = cpu;
  options.profile = timeRuns;
  for (const std::string &dim : dims) {
    auto [name, value] = llvm::StringRef(dim).split('=');
    int64_t number = 0;
    if (value.getAsInteger(10, number) || number < 1)
      return llvm::createStringError(
          "--dim: expected name=value with a positive value, but found '" + dim + "'");
    options.dims.emplace_back(name.str(), number);
  }
  return options;
}

/// The file of --compare, never interpreted; null without it.
static llvm::Expected<std::unique_ptr<ModelFile>> openOther(mlir::MLIRContext &context,
                                                            RunOptions options) {
  if (compareWith.empty())
    return nullptr;
  options.interpret = false;
  return ModelFile::open(compareWith, context, options, inputs);
}

/// Runs the model on the data; compares with `other` where there is one.
static int runAll(ModelFile &model, ModelFile *other, DataSet &data) {
  int64_t runs = data.numRuns();
  if (limit >= 0)
    runs = std::min<int64_t>(runs, limit);
  Collector collector;
  Comparison comparison;
  std::vector<double> times;
  ProgressBar bar(llvm::errs());
  for (int64_t i = 0; i < runs; ++i) {
    bar.update("running", i, runs);
    auto feed = data.feed(i);
    if (!feed)
      return fail(feed.takeError(), Unsupported);
    auto start = std::chrono::steady_clock::now();
    auto result = model.run(*feed);
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (!result)
      return fail(result.takeError(), Unsupported);
    if (other) {
      auto reference = other->run(*feed);
      if (!reference)
        return fail(reference.takeError(), Unsupported);
      if (llvm::Error error = comparison.add(*result, *reference))
        return fail(std::move(error));
    }
    if (!outputs.empty())
      if (llvm::Error error = collector.add(*result))
        return fail(std::move(error));
  }
  bar.update("running", runs, runs);
  if (timeRuns && !times.empty())
    printTimes(times, model);
  if (!outputs.empty())
    if (llvm::Error error = collector.write(outputs))
      return fail(std::move(error));
  return other && !comparison.print(runs) ? Mismatch : Ok;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "runs a model on tensors, compares two models, times them\n\n"
      "Arrays with one axis more than the input are a stack of samples; otherwise axis 0 runs\n"
      "over samples where it is symbolic or 1; otherwise the arrays are one whole run.\n"
      "Exit codes: 0 done; 1 wrong usage; 2 the model or the data is not supported; 4 --compare\n"
      "found a difference.\n");
  if (llvm::Error error = checkOptions())
    return fail(std::move(error));
  mlir::MLIRContext context;
  if (!outliers.empty())
    return writeOutliers(context);
  auto options = runOptions();
  if (!options)
    return fail(options.takeError());
  auto model = ModelFile::open(file, context, *options, inputs);
  if (!model)
    return fail(model.takeError(), Unsupported);
  auto other = openOther(context, *options);
  if (!other)
    return fail(other.takeError(), Unsupported);
  DataSetOptions dataOptions;
  dataOptions.batch = batch;
  auto data = openData(**model, inputs, dataOptions);
  if (!data)
    return fail(data.takeError(), Unsupported);
  return runAll(**model, other->get(), **data);
}
