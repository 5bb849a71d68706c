//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rotations of residual streams and heads from data, which go to nn-rotate as a file: rows of what
// linear maps read are sampled on compiled float code for the rotation that row quantization loses
// least with (quantc/PTQ/LearnRotation.h), or the loss of the network decides (LearnByLoss.h).
//
//===----------------------------------------------------------------------===//

#include "Clock.h"
#include "LearnByLoss.h"
#include "RunPasses.h"
#include "quantc/Dialect/NN/Transforms/Rotations.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Numerics/Random.h"
#include "quantc/PTQ/LearnRotation.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace mlir;
using namespace quantc;

/// Rows that a rotation is learned from, over all tensors of its stream, or of heads, and the runs
/// of the data that they come from, evenly spaced.
static constexpr int64_t rowsOfStream = 8192, rowsOfHeads = 2048, mostRuns = 8;
/// Rows of heads that a step sees.
static constexpr int64_t headRowsOfStep = 512;

namespace {
/// Tensors that one rotation is for.
struct Rotated {
  bool ofHeads = false;
  int64_t number = 0, channels = 0;
  std::vector<Value> inputs;
};

/// Rows of one observed tensor.
struct Sample {
  int64_t number = 0, channels = 0;
  std::vector<float> values;
};

void observe(const Rotated &rotated, MLIRContext *context) {
  auto format = qnn::IntFormatAttr::get(context, 8, /*isSigned=*/true, /*symmetric=*/true,
                                        /*narrow=*/true);
  for (size_t i = 0; i < rotated.inputs.size(); ++i) {
    Value value = rotated.inputs[i];
    OpBuilder b(context);
    b.setInsertionPointAfterValue(value);
    std::string name = (llvm::Twine(rotated.number) + "." + llvm::Twine(i)).str();
    auto observe = qnn::ObserveOp::create(b, value.getLoc(), value.getType(), value,
                                          b.getStringAttr(name), format, qnn::StatisticsAttr());
    value.replaceAllUsesExcept(observe.getResult(), observe);
  }
}

/// Whether a Hadamard of all channels (R4) comes between the heads' rotation and the rounding:
/// where qnn-rotate-online could not mix heads, it rotates what the map reads as a whole.
bool isRotatedWhole(const nn::HeadValues &heads, const Recipe &recipe) {
  return recipe.rotate == "online" && llvm::any_of(heads.inputs, [&](Value input) {
           const int64_t width = cast<RankedTensorType>(input.getType()).getShape().back();
           return width != heads.channels && !input.getDefiningOp<qnn::HadamardOp>();
         });
}

/// Observes what linear maps read of streams and heads; the module then has nodes as the executor
/// wants them. What is not rotated is left out.
FailureOr<std::vector<Rotated>> observeRotated(ModuleOp module, const Recipe &recipe) {
  // Heads that are mixed at run time are mixed before they are rotated.
  const bool mixes = recipe.rotate == "online" && recipe.rotateLearnHeads;
  if (failed(runPasses(module, std::string("builtin.module(raise-nodes-to-nn,func.func("
                                           "nn-recognize-norms),canonicalize,func.func("
                                           "nn-fold-norms,nn-layer-norm-to-rms") +
                                   (mixes ? ",qnn-rotate-online{inputs=false scores=false}" : "") +
                                   "))")))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return failure();
  std::vector<Rotated> all;
  for (nn::ResidualStream &stream : nn::findResidualStreams(main, /*maxExplicit=*/2))
    if (stream.isRotated && !stream.inputs.empty())
      all.push_back({false, stream.number, stream.channels, std::move(stream.inputs)});
  if (recipe.rotateLearnHeads)
    for (nn::HeadValues &heads : nn::findHeadValues(main))
      if (!heads.inputs.empty() && !isRotatedWhole(heads, recipe))
        all.push_back({true, heads.number, heads.channels, std::move(heads.inputs)});
  for (const Rotated &rotated : all)
    observe(rotated, module.getContext());
  if (failed(runPasses(module, "builtin.module(lower-nn-to-nodes,canonicalize)")))
    return failure();
  return all;
}

/// Draws rows of every observed tensor, as many of each.
class Sampler {
public:
  Sampler(Executor &executor, const std::vector<Rotated> &all, int64_t runs, int64_t seed)
      : random(seed) {
    std::map<int64_t, int64_t> wanted; // rows of a tensor
    for (const Rotated &rotated : all)
      wanted[rotated.number] =
          (rotated.ofHeads ? rowsOfHeads : rowsOfStream) / (int64_t(rotated.inputs.size()) * runs);
    for (const ObservedTensor &tensor : executor.observed()) {
      int64_t number = 0;
      llvm::StringRef(tensor.name).split('.').first.getAsInteger(10, number);
      samples.push_back({number, 0, {}});
      counts.push_back(std::max<int64_t>(1, wanted[number]));
    }
  }

  void add(int id, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape) {
    const int64_t channels = shape.back(), rows = int64_t(values.size()) / channels;
    samples[id].channels = channels;
    for (int64_t i = 0; i < std::min(counts[id], rows); ++i) {
      auto row = std::min<int64_t>(rows - 1, int64_t(random.uniform() * double(rows)));
      llvm::ArrayRef<float> chosen = values.slice(size_t(row * channels), size_t(channels));
      samples[id].values.insert(samples[id].values.end(), chosen.begin(), chosen.end());
    }
  }

  /// The rows of a rotation in turns of its tensors, each tensor scaled to rows of length 1 on
  /// average. Tensors of another width than the first are left out.
  ptq::Matrix rowsOf(const Rotated &rotated) const {
    std::vector<std::pair<const Sample *, double>> parts;
    int64_t most = 0, total = 0, channels = 0;
    for (const Sample &sample : samples) {
      double energy = 0;
      for (float value : sample.values)
        energy += double(value) * value;
      if (sample.number != rotated.number || !(energy > 0) ||
          (channels != 0 && sample.channels != channels))
        continue;
      channels = sample.channels;
      const int64_t rows = int64_t(sample.values.size()) / channels;
      parts.push_back({&sample, std::sqrt(double(rows) / energy)});
      most = std::max(most, rows), total += rows;
    }
    ptq::Matrix matrix(total, channels == 0 ? rotated.channels : channels);
    int64_t next = 0;
    for (int64_t row = 0; row < most; ++row)
      for (auto [sample, scale] : parts)
        if ((row + 1) * channels <= int64_t(sample->values.size())) {
          for (int64_t c = 0; c < channels; ++c)
            matrix(next, c) = scale * sample->values[size_t(row * channels + c)];
          ++next;
        }
    return matrix;
  }

private:
  numerics::RandomState random;
  std::vector<Sample> samples;
  std::vector<int64_t> counts;
};
} // namespace

static llvm::Error sampleRows(DataSet &data, Executor &executor, Sampler &sampler, int64_t runs,
                              const ProgressFn &progress) {
  std::vector<int> ids(executor.observed().size());
  std::iota(ids.begin(), ids.end(), 0);
  auto observe = [&](int id, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape) {
    sampler.add(id, values, shape);
  };
  for (int64_t run = 0; run < runs; ++run) {
    if (progress)
      progress("sampling rows", run, runs);
    llvm::Expected<Feed> feed = data.feed(run * data.numRuns() / runs);
    if (!feed)
      return feed.takeError();
    if (llvm::Error error = executor.run(*feed, ids, observe))
      return error;
  }
  if (progress)
    progress("sampling rows", runs, runs);
  return llvm::Error::success();
}

/// One rotation after the other, from rows of one sampling.
static llvm::Error learnByRows(const std::vector<Rotated> &all, const Sampler &sampler,
                               const CompileOptions &options, nn::RotationTable &table,
                               std::vector<LearnedStream> &report) {
  const Recipe &recipe = options.recipe;
  auto parallel = [&](int64_t count, llvm::function_ref<void(int64_t)> task) {
    runOnThreads(options.threads, count, task);
  };
  ptq::LearnRotationOptions learn;
  learn.steps = recipe.rotateSteps, learn.rate = recipe.rotateRate;
  if (options.progress)
    learn.progress = [&](int64_t done, int64_t steps) {
      options.progress("learning rotations", uint64_t(done), uint64_t(steps));
    };
  const int64_t rowsOfStep = learn.rowsOfStep;
  for (const Rotated &rotated : all) {
    ptq::Matrix rows = sampler.rowsOf(rotated);
    std::string text;
    std::vector<double> fixed =
        nn::fixedRotation(rotated.channels, recipe.rotateSeed + rotated.number, true, text);
    learn.rowsOfStep = rotated.ofHeads ? headRowsOfStep : rowsOfStep;
    llvm::Expected<ptq::LearnedRotation> learned = ptq::learnRotation(
        rows, Eigen::Map<ptq::Matrix>(fixed.data(), rotated.channels, rotated.channels),
        {int64_t(recipe.quantize.activationBits), recipe.activationClip, recipe.activationGroup},
        learn, parallel);
    if (!learned)
      return learned.takeError();
    const ptq::Matrix &matrix = learned->rotation;
    (rotated.ofHeads ? table.heads : table.streams)[rotated.number].assign(
        matrix.data(), matrix.data() + matrix.size());
    report.push_back({rotated.number, rotated.channels, rows.rows(), learned->before,
                      learned->after, rotated.ofHeads, "rows"});
  }
  return llvm::Error::success();
}

llvm::Expected<nn::RotationTable> Compiler::findRotations() {
  if (!dataSet)
    return makeError("expected calibration data, but none was given");
  const Recipe &recipe = options.recipe;
  if (recipe.learnsRotationsByLoss())
    return learnByLoss(*ir, *dataSet, recipe, options.threads, options.calibrationMemory,
                       options.progress, result.learnedRotations);
  WeightScope scope(&context); // weights that take up norms go with the copy
  OwningOpRef<ModuleOp> copy = ir->clone();
  FailureOr<std::vector<Rotated>> all = observeRotated(*copy, recipe);
  if (failed(all))
    return makeError("the streams could not be observed");
  nn::RotationTable table;
  if (all->empty())
    return table;
  auto executor = JITExecutor::create(*copy, kernels::bestHostLevel(), options.threads);
  if (!executor)
    return executor.takeError();
  const int64_t runs = std::min(mostRuns, dataSet->numRuns());
  Sampler sampler(**executor, *all, runs, recipe.rotateSeed);
  if (llvm::Error error = sampleRows(*dataSet, **executor, sampler, runs, options.progress))
    return std::move(error);
  executor->reset();
  if (llvm::Error error = learnByRows(*all, sampler, options, table, result.learnedRotations))
    return std::move(error);
  return table;
}

/// A file of no bytes where nothing is rotated.
static llvm::Error writeTable(llvm::StringRef path, const nn::RotationTable &table) {
  return table.empty() ? writeText(path, "") : nn::writeRotations(path, table);
}

static llvm::Expected<nn::RotationTable> readTable(llvm::StringRef path) {
  uint64_t bytes = 0;
  if (!llvm::sys::fs::file_size(path, bytes) && bytes == 0)
    return nn::RotationTable();
  return nn::readRotations(path);
}

namespace quantc {
/// What learning says of one rotation, as a run that goes on finds it.
static llvm::json::Value toJSON(const LearnedStream &learned) {
  return llvm::json::Object{{"number", learned.number}, {"channels", learned.channels},
                            {"rows", learned.rows},     {"before", learned.before},
                            {"after", learned.after},   {"of_heads", learned.ofHeads},
                            {"loss", learned.loss}};
}

static bool fromJSON(const llvm::json::Value &value, LearnedStream &learned,
                     llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  return map && map.map("number", learned.number) && map.map("channels", learned.channels) &&
         map.map("rows", learned.rows) && map.map("before", learned.before) &&
         map.map("after", learned.after) && map.map("of_heads", learned.ofHeads) &&
         map.map("loss", learned.loss);
}
} // namespace quantc

using Learned = std::vector<LearnedStream>;

static llvm::Expected<Learned> readLearned(llvm::StringRef path) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  return parseJSON<Learned>(*text, "rotations");
}

static llvm::Error writeLearned(llvm::StringRef path, const Learned &learned) {
  llvm::json::Array list;
  for (const LearnedStream &stream : learned)
    list.push_back(toJSON(stream));
  return writeText(path, llvm::formatv("{0}\n", llvm::json::Value(std::move(list))).str());
}

/// Matrices and what is said of them are kept apart: one that is missing or damaged is made again.
llvm::Expected<nn::RotationTable> Compiler::keptRotations() {
  std::optional<nn::RotationTable> found;
  auto find = [&]() -> llvm::Error {
    result.learnedRotations.clear();
    llvm::Expected<nn::RotationTable> table = findRotations();
    if (!table)
      return table.takeError();
    found = std::move(*table);
    return llvm::Error::success();
  };
  auto learned = resumed<Learned>(checkpoint.get(), "learned_rotations", readLearned, writeLearned,
                                  [&]() -> llvm::Expected<Learned> {
                                    if (llvm::Error error = find())
                                      return std::move(error);
                                    return result.learnedRotations;
                                  });
  if (!learned)
    return learned.takeError();
  auto table = resumed<nn::RotationTable>(checkpoint.get(), "rotations", readTable, writeTable,
                                          [&]() -> llvm::Expected<nn::RotationTable> {
                                            if (!found)
                                              if (llvm::Error error = find())
                                                return std::move(error);
                                            return *found;
                                          });
  result.learnedRotations = std::move(*learned);
  return table;
}

LogicalResult Compiler::learnRotations() {
  if (options.recipe.rotateLearn == "none" || isTrial)
    return success();
  double start = now();
  auto report = [&](llvm::Error error) {
    return emitError(ir->getLoc(), "rotate-learn: ") << llvm::toString(std::move(error));
  };
  auto table = keptRotations();
  if (!table)
    return report(table.takeError());
  if (table->empty()) {
    ir->emitWarning("rotate-learn: no residual stream ")
        << (options.recipe.rotateLearnHeads
                ? "and no heads are rotated"
                : "is rotated, and heads are not learned (rotate-learn-heads is false)")
        << ", so there is nothing to learn";
    options.recipe.rotations.clear(); // nothing is written that could be read
    return success();
  }
  std::string path = options.recipe.rotations;
  if (path.empty()) {
    llvm::SmallString<128> temporary;
    if (std::error_code code =
            llvm::sys::fs::createTemporaryFile("quantc-rotations", "npz", temporary))
      return report(llvm::createStringError("cannot create a temporary file: " + code.message()));
    path = rotationsPath = temporary.str().str();
    rotationsFile = std::make_unique<llvm::FileRemover>(temporary);
  }
  if (llvm::Error error = nn::writeRotations(path, *table))
    return report(std::move(error));
  result.learningSeconds = now() - start;
  return success();
}
