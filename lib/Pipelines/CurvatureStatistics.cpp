//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Probes through compiled gradients, run by run; see CurvatureStatistics.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/CurvatureStatistics.h"
#include "Feeds.h"
#include "LossOutput.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Execution/GradientModel.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Kernels/Levels.h"
#include "quantc/PTQ/OutputFisher.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <map>
#include <numeric>

using namespace mlir;
using namespace quantc;

using Runs = llvm::ArrayRef<int64_t>;

namespace {
/// Everything about one model and data set; see measureCurvature.
class Measurement {
public:
  Measurement(ModuleOp module, DataSet &data, const CurvatureOptions &options)
      : module(module), data(data), options(options) {}

  llvm::Expected<CurvatureStatistics> run();

private:
  llvm::Error prepare();
  void warnOfUnread();
  llvm::Error compileActivations();
  llvm::Error readTargets();
  /// An error that names the run and the node whose part of a gradient is not finite.
  llvm::Error checkGradient(int64_t run, const ptq::Vector &gradient) const;
  /// Mean over `chosen` of the gradients that `of` compiles, each with its run's `argument`.
  llvm::Expected<ptq::Vector>
  meanGradient(GradientModel &of, Runs chosen,
               llvm::function_ref<HostTensor(size_t index, int64_t run)> argument);
  /// Mean over `runs` of the gradient at `at`, towards what the model's own weights give.
  llvm::Expected<ptq::Vector> gradient(const ptq::Vector &at, Runs runs);
  /// The output of each run at `at`.
  llvm::Expected<std::vector<ptq::Vector>> outputsAt(const ptq::Vector &at, Runs runs);
  /// The Hessian of the loss by the output, at the model's own, times `change`.
  ptq::Vector outputHessian(int64_t run, const ptq::Vector &change) const;
  /// J v of each run, J the output's Jacobian, by a difference. `norm` is that of the weights that
  /// move; `share` of the step is taken, and shrinks where v moves logits far.
  llvm::Error outputChanges(const ptq::Vector &v, double norm, Runs runs, double &share,
                            std::vector<ptq::Vector> &changes);
  /// H v at the model's own weights, where H is Gauss-Newton's matrix.
  llvm::Expected<ptq::Vector> product(const ptq::Vector &v, double norm, Runs runs, double &share);
  llvm::Error traces();
  llvm::Error eigenvalues();
  llvm::Expected<double> eigenvalue(const std::vector<ptq::Block> &blocks, Runs runs);
  llvm::Error fisher();
  /// A cotangent c of the output whose draws have the mean c c^T of the loss's Hessian by the
  /// output, times rows(): the mean of (J^T c)^2 is the diagonal of Gauss-Newton's matrix.
  HostTensor drawn(int64_t run, int draw) const;
  /// Adds the draws of one run.
  llvm::Error drawSigns(int64_t run, ptq::FisherDiagonal &diagonal);
  llvm::Error addActivations(std::vector<HostTensor> inputs, const HostTensor &cotangent);
  /// The same of one run, of gradients by the greatest outputs as labels.
  llvm::Error drawRows(int64_t run, ptq::FisherDiagonal &diagonal);
  uint64_t drawIndex(int64_t run, int draw) const {
    return static_cast<uint64_t>(run) * static_cast<uint64_t>(options.draws) +
           static_cast<uint64_t>(draw);
  }
  /// Rows of the output, each a sample of its own for KL.
  int64_t rows() const {
    return output.classifies ? targets.front().numElements() / targets.front().shape().back() : 1;
  }
  void step() {
    if (options.progress)
      options.progress("measuring curvature", std::min(++done, total), total);
  }

  ModuleOp module;
  DataSet &data;
  const CurvatureOptions &options;
  LossOutput output;
  std::unique_ptr<GradientModel> model, byCotangent; ///< of the loss, and of its Fisher matrix
  std::unique_ptr<CompiledModel> activations;        ///< null when not asked for
  nn::GradientSignature activationSignature;
  std::vector<int64_t> runs;
  std::vector<HostTensor> targets; ///< the output of each run
  /// Blocks of the vector of all weights, by node.
  llvm::MapVector<StringRef, std::vector<size_t>> weightsOf;
  llvm::MapVector<StringRef, NodeCurvature> nodes;
  /// Of each node: sum over runs of the variance of a run's mean over draws.
  std::map<StringRef, double> traceVariance;
  uint64_t done = 0, total = 1;
};
} // namespace

llvm::Error Measurement::prepare() {
  auto found = findLossOutput(module);
  if (!found)
    return found.takeError();
  output = *found;
  nn::GradientOptions gradientOptions;
  gradientOptions.loss = output.classifies ? nn::Loss::KL : nn::Loss::MeanSquare;
  gradientOptions.output = output.name;
  gradientOptions.keepOutputs = true;
  auto built =
      GradientModel::create(module, gradientOptions, kernels::bestHostLevel(), options.threads);
  if (!built)
    return built.takeError();
  model = std::move(*built);
  gradientOptions.loss = nn::Loss::Cotangent;
  gradientOptions.keepOutputs = false;
  built = GradientModel::create(module, gradientOptions, kernels::bestHostLevel(), options.threads);
  if (!built)
    return built.takeError();
  byCotangent = std::move(*built);
  for (auto [i, weight] : llvm::enumerate(model->weights())) {
    weightsOf[weight.node].push_back(i);
    nodes[weight.node].node = weight.node;
    nodes[weight.node].weights += model->block(i).size;
  }
  if (nodes.empty())
    return llvm::createStringError(
        "curvatures: expected a linear map with a constant weight, but found none");
  warnOfUnread();
  runs.resize(options.runs < 0 ? data.numRuns() : std::min(options.runs, data.numRuns()));
  std::iota(runs.begin(), runs.end(), 0);
  if (runs.empty())
    return llvm::createStringError(
        "curvatures: expected a run of the data at least, but found none");
  total = 2 * runs.size() * (options.trace.maxProbes + options.draws) +
          3 * runs.size() * options.iterations * nodes.size() * (options.eigenParts > 0);
  return options.activations ? compileActivations() : llvm::Error::success();
}

/// Warns of layers that the loss's output does not depend on by structure.
void Measurement::warnOfUnread() {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  llvm::SetVector<Operation *> read;
  if (Operation *last =
          main.getBody().front().getTerminator()->getOperand(output.index).getDefiningOp())
    read.insert(last);
  for (size_t i = 0; i < read.size(); ++i)
    for (Value operand : read[i]->getOperands())
      if (Operation *maker = operand.getDefiningOp())
        read.insert(maker);
  llvm::StringSet<> names;
  for (Operation *op : read)
    names.insert(getNodeName(op));
  std::vector<std::string> unread;
  for (const auto &[node, curvature] : nodes)
    if (!names.contains(node))
      unread.push_back(node.str());
  if (!unread.empty())
    emitWarning(module.getLoc(), "curvatures are of the output '")
        << output.name
        << "', which does not depend on these nodes; theirs are 0: " << llvm::join(unread, ", ");
}

/// Gradients with respect to what each node reads.
llvm::Error Measurement::compileActivations() {
  nn::GradientOptions gradientOptions;
  gradientOptions.loss = nn::Loss::Cotangent;
  gradientOptions.output = output.name;
  for (const auto &[node, curvature] : nodes)
    gradientOptions.wrt.push_back((node + ":0").str());
  auto built = gradientModule(module, gradientOptions, activationSignature);
  if (!built)
    return built.takeError();
  auto compiled = compileInProcess(**built, kernels::bestHostLevel(), options.threads);
  if (!compiled)
    return compiled.takeError();
  activations = std::move(*compiled);
  return llvm::Error::success();
}

llvm::Error Measurement::readTargets() {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto type = cast<RankedTensorType>(main.getResultTypes()[output.index]);
  HostTensor none = HostTensor::zeros(DType::F32, type.getShape());
  for (int64_t run : runs) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto result = model->run(feedTensors(*feed), none);
    if (!result)
      return result.takeError();
    targets.push_back(result->outputs[output.index]);
    if (!llvm::all_of(targets.back().values<float>(),
                      [](float value) { return std::isfinite(value); }))
      return llvm::createStringError("curvatures: expected the output '" + output.name +
                                     "' of run " + llvm::Twine(run) + " to be finite");
  }
  return llvm::Error::success();
}

llvm::Error Measurement::checkGradient(int64_t run, const ptq::Vector &gradient) const {
  for (const auto &[node, weights] : weightsOf)
    for (size_t i : weights)
      if (!gradient.segment(model->block(i).offset, model->block(i).size).allFinite())
        return llvm::createStringError("curvatures: node '" + node +
                                       "': expected the gradient of run " + llvm::Twine(run) +
                                       " to be finite");
  return llvm::Error::success();
}

llvm::Expected<ptq::Vector>
Measurement::meanGradient(GradientModel &of, Runs chosen,
                          llvm::function_ref<HostTensor(size_t, int64_t)> argument) {
  ptq::Vector sum = ptq::Vector::Zero(of.size());
  for (auto [i, run] : llvm::enumerate(chosen)) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto one = of.gradient(feedTensors(*feed), argument(i, run));
    if (!one)
      return one.takeError();
    if (llvm::Error error = checkGradient(run, *one))
      return std::move(error);
    sum += *one;
    step();
  }
  return ptq::Vector(sum / static_cast<double>(chosen.size()));
}

llvm::Expected<ptq::Vector> Measurement::gradient(const ptq::Vector &at, Runs chosen) {
  if (llvm::Error error = model->setPoint(at))
    return std::move(error);
  return meanGradient(*model, chosen, [&](size_t, int64_t run) { return targets[run]; });
}

llvm::Error Measurement::traces() {
  const ptq::Vector point = model->point();
  std::vector<ptq::Block> blocks;
  for (size_t i = 0; i < model->weights().size(); ++i)
    blocks.push_back(model->block(i));
  auto product = [&](const ptq::Vector &v) {
    return ptq::differenceProduct(point, v,
                                  [&](const ptq::Vector &at) { return gradient(at, runs); });
  };
  auto estimates = ptq::estimateBlockTraces(model->size(), blocks, product, options.trace);
  if (llvm::Error error = model->setPoint(point))
    return llvm::joinErrors(std::move(error),
                            estimates ? llvm::Error::success() : estimates.takeError());
  if (!estimates)
    return estimates.takeError();
  for (auto &[node, weights] : weightsOf) {
    NodeCurvature &curvature = nodes[node];
    double variance = 0;
    for (size_t i : weights) {
      const ptq::TraceEstimate &estimate = (*estimates)[i];
      curvature.trace += estimate.mean;
      variance += estimate.standardError * estimate.standardError;
      curvature.probes = estimate.probes;
    }
    curvature.traceStderr = std::sqrt(variance);
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Eigenvalues
//===----------------------------------------------------------------------===//

/// Entries of the blocks, one behind the other, and back into zeros.
static ptq::Vector gather(const ptq::Vector &all, const std::vector<ptq::Block> &blocks,
                          int64_t size) {
  ptq::Vector part(size);
  int64_t next = 0;
  for (const ptq::Block &block : blocks) {
    part.segment(next, block.size) = all.segment(block.offset, block.size);
    next += block.size;
  }
  return part;
}

static ptq::Vector scatter(const ptq::Vector &part, const std::vector<ptq::Block> &blocks,
                           int64_t size) {
  ptq::Vector all = ptq::Vector::Zero(size);
  int64_t next = 0;
  for (const ptq::Block &block : blocks) {
    all.segment(block.offset, block.size) = part.segment(next, block.size);
    next += block.size;
  }
  return all;
}

static ptq::Matrix asMatrix(const HostTensor &logits) {
  int64_t columns = logits.shape().back(), rows = logits.numElements() / columns;
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
             logits.values<float>().data(), rows, columns)
      .cast<double>();
}

llvm::Expected<std::vector<ptq::Vector>> Measurement::outputsAt(const ptq::Vector &at,
                                                                Runs chosen) {
  if (llvm::Error error = model->setPoint(at))
    return std::move(error);
  std::vector<ptq::Vector> outputs;
  for (int64_t run : chosen) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto one = model->run(feedTensors(*feed), targets[run]);
    if (!one)
      return one.takeError();
    llvm::ArrayRef<float> values = one->outputs[output.index].values<float>();
    outputs.push_back(
        Eigen::Map<const Eigen::VectorXf>(values.data(), int64_t(values.size())).cast<double>());
    step();
  }
  return std::move(outputs);
}

ptq::Vector Measurement::outputHessian(int64_t run, const ptq::Vector &change) const {
  if (!output.classifies)
    return 2.0 / static_cast<double>(change.size()) * change;
  const ptq::Matrix logits = asMatrix(targets[run]);
  const ptq::Matrix image = ptq::fisherProduct(
      logits, Eigen::Map<const ptq::Matrix>(change.data(), logits.rows(), logits.cols()));
  return Eigen::Map<const ptq::Vector>(image.data(), image.size()) / double(logits.rows());
}

/// How far logits may move in a difference. A top eigenvector moves them as no random direction
/// does, and the step by the size of the weights knows nothing of it.
constexpr double kGreatestMove = 0.125;

llvm::Error Measurement::outputChanges(const ptq::Vector &v, double norm, Runs chosen,
                                       double &share, std::vector<ptq::Vector> &changes) {
  const ptq::Vector point = model->point();
  while (true) {
    const double width = share * ptq::differenceStep(norm, v.norm());
    auto above = outputsAt(point + width * v, chosen);
    if (!above)
      return above.takeError();
    auto below = outputsAt(point - width * v, chosen);
    if (!below)
      return below.takeError();
    double moved = 0;
    changes.clear();
    for (auto [high, low] : llvm::zip_equal(*above, *below)) {
      moved = std::max(moved, (high - low).cwiseAbs().maxCoeff() / 2);
      changes.emplace_back((high - low) / (2 * width));
    }
    if (llvm::Error error = model->setPoint(point))
      return error;
    if (!output.classifies || !(moved > 2 * kGreatestMove))
      return llvm::Error::success();
    share *= kGreatestMove / moved;
  }
}

llvm::Expected<ptq::Vector> Measurement::product(const ptq::Vector &v, double norm, Runs chosen,
                                                 double &share) {
  std::vector<ptq::Vector> changes;
  if (llvm::Error error = outputChanges(v, norm, chosen, share, changes))
    return std::move(error);
  return meanGradient(*byCotangent, chosen, [&](size_t i, int64_t run) {
    const ptq::Vector image = outputHessian(run, changes[i]);
    HostTensor cotangent = HostTensor::zeros(DType::F32, targets[run].shape());
    for (auto [value, exact] : llvm::zip_equal(cotangent.mutableValues<float>(), image))
      value = static_cast<float>(exact);
    return cotangent;
  });
}

llvm::Expected<double> Measurement::eigenvalue(const std::vector<ptq::Block> &blocks, Runs chosen) {
  int64_t size = 0;
  for (const ptq::Block &block : blocks)
    size += block.size;
  // The step follows the size of the weights that move.
  const double norm = gather(model->point(), blocks, size).norm();
  double share = 1;
  auto blockProduct = [&](const ptq::Vector &v) -> llvm::Expected<ptq::Vector> {
    auto all = product(scatter(v, blocks, model->size()), norm, chosen, share);
    if (!all)
      return all.takeError();
    return gather(*all, blocks, size);
  };
  ptq::EigenOptions eigenOptions;
  eigenOptions.maxIterations = options.iterations;
  eigenOptions.seed = options.trace.seed;
  auto pairs = ptq::topEigenpairs(size, blockProduct, eigenOptions);
  if (!pairs)
    return pairs.takeError();
  return pairs->front().value;
}

llvm::Error Measurement::eigenvalues() {
  size_t parts = std::min<size_t>(std::max(options.eigenParts, 0), runs.size());
  for (auto &[node, weights] : weightsOf) {
    std::vector<ptq::Block> blocks;
    for (size_t i : weights)
      blocks.push_back(model->block(i));
    std::vector<double> values;
    for (size_t part = 0; part < parts; ++part) {
      size_t begin = part * runs.size() / parts, end = (part + 1) * runs.size() / parts;
      auto value = eigenvalue(blocks, Runs(runs).slice(begin, end - begin));
      if (!value)
        return value.takeError();
      values.push_back(*value);
    }
    if (!values.empty())
      nodes[node].eigenvalue =
          std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    nodes[node].eigenvalues = std::move(values);
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Fisher
//===----------------------------------------------------------------------===//

HostTensor Measurement::drawn(int64_t run, int draw) const {
  HostTensor cotangent = HostTensor::zeros(DType::F32, targets[run].shape());
  auto values = cotangent.mutableValues<float>();
  auto count = static_cast<int64_t>(values.size());
  const ptq::Vector signs = ptq::rademacherProbe(options.trace.seed, drawIndex(run, draw), count);
  if (!output.classifies) { // the Hessian of mean (y - t)^2 is 2 / N
    for (int64_t i = 0; i < count; ++i)
      values[i] = static_cast<float>(std::sqrt(2.0 / static_cast<double>(count)) * signs[i]);
    return cotangent;
  }
  const ptq::Matrix logits = asMatrix(targets[run]);
  const ptq::Matrix c = ptq::fisherCotangent(
      logits, Eigen::Map<const ptq::Matrix>(signs.data(), logits.rows(), logits.cols()));
  std::copy(c.data(), c.data() + count, values.begin());
  return cotangent;
}

llvm::Error Measurement::addActivations(std::vector<HostTensor> inputs,
                                        const HostTensor &cotangent) {
  inputs.push_back(cotangent);
  auto results = activations->run(inputs);
  if (!results)
    return results.takeError();
  const double share = 1 / (static_cast<double>(rows()) * static_cast<double>(options.draws) *
                            static_cast<double>(runs.size()));
  for (auto [gradient, entry] : llvm::zip_equal(activationSignature.gradients, nodes)) {
    double squares = 0;
    for (float value : (*results)[gradient.result].values<float>())
      squares += double(value) * value;
    entry.second.activationTrace = entry.second.activationTrace.value_or(0) + share * squares;
  }
  return llvm::Error::success();
}

llvm::Error Measurement::drawSigns(int64_t run, ptq::FisherDiagonal &diagonal) {
  auto feed = data.feed(run);
  if (!feed)
    return feed.takeError();
  const std::vector<HostTensor> inputs = feedTensors(*feed);
  std::map<StringRef, std::vector<double>> traces;
  for (int draw = 0; draw < options.draws; ++draw) {
    const HostTensor cotangent = drawn(run, draw);
    auto one = byCotangent->gradient(inputs, cotangent);
    if (!one)
      return one.takeError();
    if (llvm::Error error = diagonal.add(*one))
      return error;
    for (auto &[node, weights] : weightsOf) {
      double trace = 0;
      for (size_t i : weights)
        trace += one->segment(model->block(i).offset, model->block(i).size).squaredNorm();
      traces[node].push_back(trace);
    }
    if (activations)
      if (llvm::Error error = addActivations(inputs, cotangent))
        return error;
    step();
  }
  const double draws = options.draws;
  for (auto &[node, values] : traces) {
    const auto all = Eigen::Map<const ptq::Vector>(values.data(), options.draws).array();
    if (options.draws > 1)
      traceVariance[node] += (all - all.mean()).square().sum() / (draws - 1) / draws;
  }
  return llvm::Error::success();
}

llvm::Error Measurement::drawRows(int64_t run, ptq::FisherDiagonal &diagonal) {
  auto feed = data.feed(run);
  if (!feed)
    return feed.takeError();
  const std::vector<HostTensor> inputs = feedTensors(*feed);
  const ptq::Matrix logits = asMatrix(targets[run]);
  const int draws = rows() == 1 ? 1 : options.draws;
  for (int draw = 0; draw < draws; ++draw) {
    const ptq::Matrix c = ptq::empiricalCotangent(
        logits, ptq::rademacherProbe(options.trace.seed, drawIndex(run, draw), logits.rows()));
    HostTensor cotangent = HostTensor::zeros(DType::F32, targets[run].shape());
    std::copy(c.data(), c.data() + c.size(), cotangent.mutableValues<float>().begin());
    auto one = byCotangent->gradient(inputs, cotangent);
    if (!one)
      return one.takeError();
    if (llvm::Error error = diagonal.add(*one))
      return error;
    step();
  }
  return llvm::Error::success();
}

llvm::Error Measurement::fisher() {
  ptq::FisherDiagonal overSigns(model->size()), greatest(model->size());
  for (int64_t run : runs) {
    if (llvm::Error error = drawSigns(run, overSigns))
      return error;
    if (output.classifies)
      if (llvm::Error error = drawRows(run, greatest))
        return error;
  }
  // The loss is a mean over rows, and signs give the sum over rows.
  const auto count = static_cast<double>(rows());
  for (auto &[node, weights] : weightsOf) {
    double trace = 0, empirical = 0;
    for (size_t i : weights) {
      trace += overSigns.trace(model->block(i));
      empirical += greatest.trace(model->block(i));
    }
    NodeCurvature &found = nodes[node];
    found.fisherTrue = trace / count / static_cast<double>(found.weights);
    if (options.draws > 1)
      found.gaussNewtonStderr =
          std::sqrt(traceVariance[node]) / static_cast<double>(runs.size()) / count;
    if (output.classifies)
      found.fisherEmpirical = empirical / count / static_cast<double>(found.weights);
  }
  return llvm::Error::success();
}

llvm::Expected<CurvatureStatistics> Measurement::run() {
  for (llvm::Error (Measurement::*part)() :
       {&Measurement::prepare, &Measurement::readTargets, &Measurement::traces,
        &Measurement::eigenvalues, &Measurement::fisher})
    if (llvm::Error error = (this->*part)())
      return std::move(error);
  if (options.progress)
    options.progress("measuring curvature", total, total);
  CurvatureStatistics statistics;
  statistics.loss = output.classifies ? "kl" : "mse";
  statistics.runs = static_cast<int64_t>(runs.size());
  statistics.seed = options.trace.seed;
  statistics.draws = options.draws;
  statistics.eigenParts = options.eigenParts;
  for (auto &[node, curvature] : nodes)
    statistics.nodes.push_back(std::move(curvature));
  return statistics;
}

llvm::Expected<CurvatureStatistics> quantc::measureCurvature(ModuleOp module, DataSet &data,
                                                             const CurvatureOptions &options) {
  if (options.draws < 1)
    return llvm::createStringError("expected a draw of signs at least");
  return Measurement(module, data, options).run();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

llvm::json::Value quantc::curvatureToJSON(const CurvatureStatistics &statistics) {
  llvm::json::Object nodes;
  for (const NodeCurvature &node : statistics.nodes) {
    llvm::json::Object object{{"weights", node.weights},
                              {"trace", node.trace},
                              {"traceStderr", node.traceStderr},
                              {"probes", node.probes},
                              {"gaussNewtonTrace", node.gaussNewtonTrace()},
                              {"fisher", node.fisherTrue},
                              {"fisherTrue", node.fisherTrue}};
    if (node.eigenvalue) {
      object["eigenvalue"] = *node.eigenvalue;
      object["eigenvalues"] = llvm::json::Array(node.eigenvalues);
    }
    if (node.gaussNewtonStderr)
      object["gaussNewtonStderr"] = *node.gaussNewtonStderr;
    if (node.fisherEmpirical)
      object["fisherEmpirical"] = *node.fisherEmpirical;
    if (node.activationTrace)
      object["activationTrace"] = *node.activationTrace;
    nodes[node.node] = std::move(object);
  }
  return llvm::json::Object{{"format", "quantc-curvature"},
                            {"version", 1},
                            {"options", llvm::json::Object{{"loss", statistics.loss},
                                                           {"runs", statistics.runs},
                                                           {"draws", statistics.draws},
                                                           {"eigenParts", statistics.eigenParts},
                                                           {"seed", statistics.seed}}},
                            {"curvature", std::move(nodes)}};
}

llvm::Error quantc::writeCurvature(llvm::StringRef path, const CurvatureStatistics &statistics) {
  return writeOutput(path, [&](llvm::raw_ostream &os) {
    os << llvm::formatv("{0:2}\n", curvatureToJSON(statistics));
  });
}
