//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SpinQuant's way (arXiv 2405.16406): rotations fold into float weights, rows of activations are
// rounded, and the loss of the network is followed down its gradient by every rotation. The
// network's float outputs take the place of labels. Docs: Migration.md.
//
//===----------------------------------------------------------------------===//

#include "LearnByLoss.h"
#include "Feeds.h"
#include "LayerMeans.h"
#include "LossOutput.h"
#include "RunPasses.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/NN/Transforms/RowRounding.h"
#include "quantc/Execution/GradientModel.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/PTQ/Divergence.h"
#include "quantc/PTQ/LearnRotation.h"
#include "quantc/Support/Errors.h"
#include <algorithm>

using namespace mlir;
using namespace quantc;

/// Runs that steps see, and runs that decide; evenly spaced, every fourth decides.
static constexpr int64_t mostRuns = 32;

/// Points of double that learning holds: the start, the best, the present one, its gradient, two
/// moments, and the model's arguments and gradients, which are floats.
static constexpr uint64_t pointsHeld = 7;

namespace {
class NetworkLoss {
public:
  NetworkLoss(ModuleOp module, DataSet &data, const Recipe &recipe, int threads,
              std::optional<uint64_t> cap)
      : module(module), data(data), recipe(recipe), threads(threads), memory{cap} {}

  llvm::Error prepare(const ProgressFn &progress);
  /// Of a step's runs.
  llvm::Expected<ptq::TransformLoss> train(const ptq::TransformPoint &point, int64_t step);
  /// Of the runs that decide.
  llvm::Expected<double> check(const ptq::TransformPoint &point);

  /// Identities: what is learned stands beside the fixed rotations.
  ptq::TransformPoint start() const;
  llvm::ArrayRef<nn::RotationArgument> rotations() const { return arguments; }
  const char *lossName() const { return usesTop ? "kl-top" : usesKL ? "kl" : "mse"; }

private:
  struct Run {
    std::vector<HostTensor> feeds;
    HostTensor target;
  };
  llvm::Expected<Run> read(int64_t index);
  /// As it is kept, else read anew.
  llvm::Expected<Run> runOf(size_t run);
  uint64_t memoryOfPoints() const;
  llvm::Error keep(Run run);
  llvm::Error readTargets(const ProgressFn &progress);
  llvm::Error rotateAndRound(ModuleOp copy);
  /// Zeros of the point's shape.
  ptq::TransformPoint zeros() const;
  std::vector<HostTensor> inputsOf(const ptq::TransformPoint &point, const Run &run) const;
  llvm::Error buildModels(ModuleOp network);
  llvm::Expected<ptq::Divergence> topLoss(llvm::ArrayRef<HostTensor> inputs, const Run &run) const;
  llvm::Error add(ptq::TransformLoss &sum, const ptq::TransformPoint &point, size_t run);

  ModuleOp module;
  DataSet &data;
  const Recipe &recipe;
  int threads;
  LossOutput output;
  bool usesKL = false;  ///< over all classes or the most likely ones
  bool usesTop = false; ///< over the most likely ones
  double unit = 1;      ///< of the loss: the targets' mean square, or 1 nat
  MemoryBudget memory;  ///< holds points and kept runs
  std::vector<std::optional<Run>> runs;
  std::vector<int64_t> indices; ///< of the runs, in the data
  std::vector<int64_t> targetShape;
  std::unique_ptr<CompiledModel> reference; ///< the float network
  std::vector<size_t> seen, heldOut;        ///< indices of runs
  std::vector<nn::RotationArgument> arguments;
  std::vector<nn::ScaleArgument> scales; ///< of all arguments, in their order
  nn::GradientSignature signature;
  std::unique_ptr<CompiledModel> model;
  std::unique_ptr<CompiledModel> forward; ///< outputs alone, where the loss is made of them here
};

/// Errors become messages, remarks are dropped: the passes run again on the module that is kept.
class Listener {
public:
  explicit Listener(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
            message += (message.empty() ? "" : "; ") + diagnostic.str();
          return success(diagnostic.getSeverity() == DiagnosticSeverity::Error ||
                         diagnostic.getSeverity() == DiagnosticSeverity::Remark);
        }) {}
  std::string message;

private:
  ScopedDiagnosticHandler handler;
};
} // namespace

llvm::Expected<NetworkLoss::Run> NetworkLoss::read(int64_t index) {
  llvm::Expected<Feed> feed = data.feed(index);
  if (!feed)
    return feed.takeError();
  Run run{feedTensors(*feed), {}};
  auto outputs = reference->run(run.feeds);
  if (!outputs)
    return outputs.takeError();
  run.target = std::move((*outputs)[output.index]);
  return std::move(run);
}

llvm::Expected<NetworkLoss::Run> NetworkLoss::runOf(size_t run) {
  if (runs[run])
    return *runs[run];
  return read(indices[run]);
}

uint64_t NetworkLoss::memoryOfPoints() const {
  uint64_t numbers = 0;
  for (const nn::RotationArgument &argument : arguments)
    numbers += argument.channels * (argument.channels + int64_t(argument.scales.size()));
  return numbers * pointsHeld * sizeof(double);
}

/// Leaves room for a run that is read anew.
llvm::Error NetworkLoss::keep(Run run) {
  uint64_t bytes = run.target.byteSize();
  for (const HostTensor &feed : run.feeds)
    bytes += feed.byteSize();
  targetShape.assign(run.target.shape().begin(), run.target.shape().end());
  runs.emplace_back();
  if (memory.fits(2 * bytes)) {
    runs.back() = std::move(run);
    memory.held += bytes;
    return llvm::Error::success();
  }
  return memory.check(bytes, "rotations, their gradients and the outputs of one run");
}

llvm::Error NetworkLoss::readTargets(const ProgressFn &progress) {
  auto compiled = compileInProcess(module, kernels::bestHostLevel(), threads);
  if (!compiled)
    return compiled.takeError();
  reference = std::move(*compiled);
  memory.held = memoryOfPoints();
  const int64_t count = std::min(mostRuns, data.numRuns());
  if (count < 2)
    return makeError("expected at least two runs of calibration data, one of which no step sees");
  double energy = 0, elements = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (progress)
      progress("float outputs", uint64_t(i), uint64_t(count));
    indices.push_back(i * data.numRuns() / count);
    llvm::Expected<Run> run = read(indices.back());
    if (!run)
      return run.takeError();
    for (float value : run->target.values<float>())
      energy += double(value) * value, ++elements;
    if (llvm::Error error = keep(std::move(*run)))
      return error;
    (i % 4 == 3 || (count < 4 && i + 1 == count) ? heldOut : seen).push_back(size_t(i));
  }
  if (llvm::all_of(runs, [](const std::optional<Run> &run) { return run.has_value(); }))
    reference.reset();
  if (!usesKL && energy > 0)
    unit = energy / elements;
  return llvm::Error::success();
}

/// Numbers and sizes of what nn-rotate rotates.
static std::vector<std::pair<int64_t, int64_t>> numbersOfHeads(ModuleOp module) {
  std::vector<std::pair<int64_t, int64_t>> numbers;
  for (const nn::HeadValues &heads : nn::findHeadValues(module.lookupSymbol<func::FuncOp>("main")))
    numbers.push_back({heads.number, heads.channels});
  return numbers;
}

/// As the recipe rotates, then with rounded rows.
llvm::Error NetworkLoss::rotateAndRound(ModuleOp copy) {
  Listener listener(copy.getContext());
  auto failedError = [&] {
    return makeError(listener.message.empty() ? "the model cannot be rotated" : listener.message);
  };
  const std::string seed = "{seed=" + std::to_string(recipe.rotateSeed);
  if (failed(runPasses(copy, "builtin.module(raise-nodes-to-nn,func.func(nn-recognize-norms),"
                             "canonicalize,func.func(nn-fold-norms,nn-layer-norm-to-rms))")))
    return failedError();
  const auto numbers = numbersOfHeads(copy);
  if (failed(runPasses(copy, "builtin.module(func.func(nn-rotate" + seed + " max-explicit=2}" +
                                 (recipe.rotate == "online" ? ",qnn-rotate-online" + seed + "}"
                                                            : std::string()) +
                                 "))")))
    return failedError();
  // Heads in front of a Hadamard of all channels are none any more: it refuses their rotation.
  const auto rotated = numbersOfHeads(copy);
  if (!std::includes(numbers.begin(), numbers.end(), rotated.begin(), rotated.end()))
    return makeError("heads of the rotated network are others than those of the network");
  const nn::RotatedRowsOptions rowOptions{
      {recipe.quantize.activationBits, recipe.activationClip, recipe.activationGroup},
      recipe.quantize.exclude,
      recipe.rotateLearnHeads,
      recipe.rotateLearnScales};
  auto found = nn::roundRotatedRows(copy.lookupSymbol<func::FuncOp>("main"), rowOptions);
  if (failed(found))
    return failedError();
  arguments = std::move(*found);
  for (const nn::RotationArgument &argument : arguments)
    llvm::append_range(scales, argument.scales);
  return llvm::Error::success();
}

llvm::Error NetworkLoss::prepare(const ProgressFn &progress) {
  llvm::Expected<LossOutput> found = findLossOutput(module);
  if (!found)
    return found.takeError();
  output = *found;
  usesTop = recipe.rotateLearn == "kl-top";
  usesKL =
      usesTop || recipe.rotateLearn == "kl" || (recipe.rotateLearn == "loss" && output.classifies);
  OwningOpRef<ModuleOp> copy = module.clone();
  if (llvm::Error error = rotateAndRound(*copy))
    return error;
  if (arguments.empty())
    return llvm::Error::success(); // nothing to learn
  if (llvm::Error error = readTargets(progress))
    return error;
  return buildModels(*copy);
}

llvm::Error NetworkLoss::buildModels(ModuleOp network) {
  if (usesTop && (targetShape.empty() || targetShape.back() < 2))
    return makeError("rotate-learn kl-top: expected an output whose last axis counts classes");
  nn::GradientOptions options;
  options.loss = usesTop ? nn::Loss::Cotangent : usesKL ? nn::Loss::KL : nn::Loss::MeanSquare;
  options.output = output.name;
  for (const nn::RotationArgument &argument : arguments)
    options.wrt.push_back(argument.name);
  for (const nn::ScaleArgument &scale : scales)
    options.wrt.push_back(scale.name);
  auto built = gradientModule(network, options, signature);
  if (!built)
    return built.takeError();
  auto compiled = compileInProcess(**built, kernels::bestHostLevel(), threads);
  if (!compiled)
    return compiled.takeError();
  model = std::move(*compiled);
  if (!usesTop)
    return llvm::Error::success();
  Listener listener(network.getContext());
  if (failed(runPasses(network, "builtin.module(lower-nn-to-nodes,canonicalize)")))
    return makeError(listener.message);
  auto outputs = compileInProcess(network, kernels::bestHostLevel(), threads);
  if (!outputs)
    return outputs.takeError();
  forward = std::move(*outputs);
  return llvm::Error::success();
}

ptq::TransformPoint NetworkLoss::zeros() const {
  ptq::TransformPoint point;
  for (const nn::RotationArgument &argument : arguments) {
    point.rotations.push_back(ptq::Matrix::Zero(argument.channels, argument.channels));
    for (size_t i = 0; i < argument.scales.size(); ++i)
      point.logScales.push_back(ptq::Vector::Zero(argument.channels));
  }
  return point;
}

ptq::TransformPoint NetworkLoss::start() const {
  ptq::TransformPoint point = zeros();
  for (ptq::Matrix &rotation : point.rotations)
    rotation.setIdentity();
  return point;
}

static HostTensor tensorOf(llvm::ArrayRef<int64_t> shape, const double *values, int64_t count) {
  return HostTensor::from<float>(shape, std::vector<float>(values, values + count));
}

/// Learned arguments stand behind the model's inputs, in front of the target or cotangent.
std::vector<HostTensor> NetworkLoss::inputsOf(const ptq::TransformPoint &point,
                                              const Run &run) const {
  std::vector<HostTensor> inputs = run.feeds;
  inputs.resize(inputs.size() + point.rotations.size() + point.logScales.size());
  for (auto [argument, rotation] : llvm::zip_equal(arguments, point.rotations))
    inputs[argument.argument] =
        tensorOf({rotation.rows(), rotation.cols()}, rotation.data(), rotation.size());
  for (auto [scale, logs] : llvm::zip_equal(scales, point.logScales))
    inputs[scale.argument] = tensorOf({logs.size()}, logs.data(), logs.size());
  return inputs;
}

/// Rows of logits.
static ptq::Matrix logitsOf(const HostTensor &tensor) {
  llvm::ArrayRef<float> values = tensor.values<float>();
  const int64_t classes = tensor.shape().back();
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Rows>(values.data(), int64_t(values.size()) / classes, classes)
      .cast<double>();
}

llvm::Expected<ptq::Divergence> NetworkLoss::topLoss(llvm::ArrayRef<HostTensor> inputs,
                                                     const Run &run) const {
  auto outputs = forward->run(inputs);
  if (!outputs)
    return outputs.takeError();
  return ptq::topDivergence(logitsOf(run.target), logitsOf((*outputs)[output.index]),
                            recipe.rotateClasses);
}

/// Adds a run's loss and, where `sum` has room for them, its gradients.
llvm::Error NetworkLoss::add(ptq::TransformLoss &sum, const ptq::TransformPoint &point,
                             size_t run) {
  llvm::Expected<Run> given = runOf(run);
  if (!given)
    return given.takeError();
  std::vector<HostTensor> inputs = inputsOf(point, *given);
  if (usesTop) {
    llvm::Expected<ptq::Divergence> top = topLoss(inputs, *given);
    if (!top)
      return top.takeError();
    sum.value += top->value;
    if (sum.gradients.rotations.empty())
      return llvm::Error::success();
    inputs.push_back(tensorOf(given->target.shape(), top->gradient.data(), top->gradient.size()));
  } else {
    inputs.push_back(given->target);
  }
  auto results = model->run(inputs);
  if (!results)
    return results.takeError();
  if (!usesTop)
    sum.value += (*results)[signature.loss].asDouble(0) / unit;
  auto addTo = [&](auto &total, size_t index) {
    llvm::ArrayRef<float> values =
        (*results)[signature.gradients[index].result].template values<float>();
    for (auto [element, value] :
         llvm::zip_equal(llvm::MutableArrayRef(total.data(), size_t(total.size())), values))
      element += value / unit;
  };
  ptq::TransformPoint &gradients = sum.gradients;
  for (size_t i = 0; i < gradients.rotations.size(); ++i)
    addTo(gradients.rotations[i], i);
  for (size_t i = 0; i < gradients.logScales.size(); ++i)
    addTo(gradients.logScales[i], arguments.size() + i);
  return llvm::Error::success();
}

llvm::Expected<ptq::TransformLoss> NetworkLoss::train(const ptq::TransformPoint &point,
                                                      int64_t step) {
  ptq::TransformLoss loss{0, zeros()};
  const int64_t count = std::min(recipe.rotateRuns, int64_t(seen.size()));
  for (int64_t i = 0; i < count; ++i)
    if (llvm::Error error = add(loss, point, seen[size_t(step * count + i) % seen.size()]))
      return std::move(error);
  loss.value /= double(count);
  for (ptq::Matrix &gradient : loss.gradients.rotations)
    gradient /= double(count);
  for (ptq::Vector &gradient : loss.gradients.logScales)
    gradient /= double(count);
  return std::move(loss);
}

llvm::Expected<double> NetworkLoss::check(const ptq::TransformPoint &point) {
  ptq::TransformLoss loss;
  for (size_t run : heldOut)
    if (llvm::Error error = add(loss, point, run))
      return std::move(error);
  return loss.value / double(heldOut.size());
}

llvm::Expected<nn::RotationTable> quantc::learnByLoss(ModuleOp module, DataSet &data,
                                                      const Recipe &recipe, int threads,
                                                      std::optional<uint64_t> memory,
                                                      const ProgressFn &progress,
                                                      std::vector<LearnedStream> &report) {
  WeightScope scope(module.getContext()); // weights that take up norms go with their copy
  NetworkLoss loss(module, data, recipe, threads, memory);
  if (llvm::Error error = loss.prepare(progress))
    return std::move(error);
  if (loss.rotations().empty())
    return nn::RotationTable();
  ptq::LearnTransformOptions options;
  options.steps = recipe.rotateSteps, options.rate = recipe.rotateRate;
  options.seed = uint64_t(recipe.rotateSeed);
  options.rotationSteps =
      recipe.rotateOptimizer == "cayley" ? ptq::RotationSteps::Cayley : ptq::RotationSteps::Adam;
  if (progress)
    options.progress = [&](int64_t done, int64_t steps) {
      progress("learning rotations", uint64_t(done), uint64_t(steps));
    };
  llvm::Expected<ptq::LearnedTransforms> learned = ptq::learnTransforms(
      loss.start(),
      [&](const ptq::TransformPoint &point, int64_t step) { return loss.train(point, step); },
      [&](const ptq::TransformPoint &point) { return loss.check(point); }, options);
  if (!learned)
    return learned.takeError();
  nn::RotationTable table;
  size_t nextScale = 0;
  for (auto [argument, rotation] : llvm::zip_equal(loss.rotations(), learned->point.rotations)) {
    std::string text;
    std::vector<double> fixed =
        nn::fixedRotation(argument.channels, recipe.rotateSeed + argument.number, true, text);
    const ptq::Matrix whole =
        Eigen::Map<const ptq::Matrix>(fixed.data(), argument.channels, argument.channels) *
        rotation;
    (argument.ofHeads ? table.heads : table.streams)[argument.number].assign(
        whole.data(), whole.data() + whole.size());
    for (const nn::ScaleArgument &scale : argument.scales) {
      const ptq::Vector scales = learned->point.logScales[nextScale++].array().exp();
      (argument.ofHeads ? table.headScales : table.streamScales)[{argument.number, scale.input}]
          .assign(scales.data(), scales.data() + scales.size());
    }
    report.push_back({argument.number, argument.channels, 0, learned->before, learned->after,
                      argument.ofHeads, loss.lossName()});
  }
  return table;
}
