//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One compiled gradient for all blocks; see BlockFisher.h.
//
//===----------------------------------------------------------------------===//

#include "BlockFisher.h"
#include "Feeds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/QNN/Transforms/Blocks.h"
#include "quantc/Execution/GradientModel.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/PTQ/OutputFisher.h"

using namespace mlir;
using namespace quantc;

/// Backward passes of a run: the estimate's relative variance is at most 2 / kDraws.
constexpr int kDraws = 8;

/// The float network, with the ops that make `values` named "block result 0" and so on.
static OwningOpRef<ModuleOp> floatNetwork(ModuleOp module, ArrayRef<Value> values) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  SmallVector<Operation *> ops;
  for (Operation &op : main.getBody().front().without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>())
      ops.push_back(&op);
  SmallVector<Value> inputs(main.getArguments());
  SmallVector<Value> outputs(main.getBody().front().getTerminator()->getOperands());
  const size_t own = outputs.size();
  outputs.append(values.begin(), values.end());
  qnn::ExtractOptions options;
  options.floats = true;
  OwningOpRef<ModuleOp> network = qnn::extract(ops, inputs, outputs, options);
  auto function = network->lookupSymbol<func::FuncOp>("main");
  Operation *end = function.getBody().front().getTerminator();
  for (size_t i = own; i < outputs.size(); ++i)
    if (Operation *maker = end->getOperand(i).getDefiningOp())
      maker->setLoc(NameLoc::get(
          StringAttr::get(module.getContext(), "block result " + llvm::Twine(i - own))));
  llvm::BitVector extra(outputs.size());
  extra.set(own, outputs.size());
  end->eraseOperands(own, outputs.size() - own);
  (void)function.eraseResults(extra);
  return network;
}

llvm::Expected<std::unique_ptr<BlockFisher>>
BlockFisher::create(ModuleOp module, ArrayRef<Value> results, int threads) {
  WeightScope scope(module.getContext()); // of the network's own
  OwningOpRef<ModuleOp> network = floatNetwork(module, results);
  auto fisher = std::make_unique<BlockFisher>();
  fisher->results.assign(results.begin(), results.end());
  llvm::Expected<LossOutput> found = findLossOutput(*network);
  if (!found)
    return found.takeError();
  fisher->output = *found;
  nn::GradientOptions options;
  options.loss = nn::Loss::Cotangent;
  options.output = found->name;
  options.keepOutputs = true;
  for (size_t i = 0; i < results.size(); ++i)
    options.wrt.push_back(("block result " + llvm::Twine(i)).str());
  auto gradient = gradientModule(*network, options, fisher->signature);
  if (!gradient)
    return gradient.takeError();
  auto compiled = compileInProcess(**gradient, kernels::bestHostLevel(), threads);
  if (!compiled)
    return compiled.takeError();
  fisher->model = std::move(*compiled);
  return std::move(fisher);
}

int64_t BlockFisher::memoryNeeded(int64_t runs) const {
  int64_t bytes = 0;
  for (const nn::GradientResult &gradient : signature.gradients)
    bytes += ptq::OutputFisher::memoryNeeded(runs, gradient.type.getNumElements());
  return bytes;
}

/// Rows of a classifier are samples of their own; any other output is compared by squares, whose
/// second derivative is the same everywhere.
HostTensor BlockFisher::cotangent(const HostTensor &value, uint64_t index) const {
  HostTensor result = HostTensor::zeros(DType::F32, value.shape());
  llvm::MutableArrayRef<float> into = result.mutableValues<float>();
  const auto count = static_cast<int64_t>(into.size());
  ptq::Vector signs = ptq::rademacherProbe(/*seed=*/0, index, count);
  if (!output.classifies) {
    for (int64_t i = 0; i < count; ++i)
      into[i] = static_cast<float>(signs[i]);
    return result;
  }
  const int64_t columns = value.shape().back();
  ptq::Matrix logits(count / columns, columns), rows(count / columns, columns);
  for (int64_t i = 0; i < count; ++i) {
    logits(i / columns, i % columns) = value.values<float>()[i];
    rows(i / columns, i % columns) = signs[i];
  }
  ptq::Matrix made = ptq::fisherCotangent(logits, rows);
  for (int64_t i = 0; i < count; ++i)
    into[i] = static_cast<float>(made(i / columns, i % columns));
  return result;
}

llvm::Expected<llvm::DenseMap<Value, std::vector<HostTensor>>>
BlockFisher::measure(DataSet &data, const ProgressFn &progress) {
  const int64_t runs = data.numRuns();
  std::vector<ptq::OutputFisher> sums;
  for (const nn::GradientResult &gradient : signature.gradients)
    sums.emplace_back(runs, gradient.type.getNumElements());
  for (int64_t run = 0; run < runs; ++run) {
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    std::vector<HostTensor> inputs = feedTensors(*feed);
    inputs.push_back(HostTensor()); // the cotangent
    HostTensor logits;
    for (int draw = -1; draw < kDraws; ++draw) { // the first pass gives the logits
      inputs.back() = draw < 0 ? HostTensor::zeros(DType::F32, model->outputs()[output.index].shape)
                               : cotangent(logits, uint64_t(run) * kDraws + uint64_t(draw));
      auto outputs = model->run(inputs);
      if (!outputs)
        return outputs.takeError();
      if (draw < 0)
        logits = (*outputs)[output.index];
      for (size_t i = 0; draw >= 0 && i < sums.size(); ++i)
        if (llvm::Error error =
                sums[i].add(run, (*outputs)[signature.gradients[i].result].values<float>()))
          return std::move(error);
    }
    if (progress)
      progress("measuring what errors of blocks cost", run + 1, runs);
  }
  llvm::DenseMap<Value, std::vector<HostTensor>> roots;
  for (auto [value, gradient, sum] : llvm::zip_equal(results, signature.gradients, sums)) {
    const double mean = sum.mean();
    for (int64_t run = 0; run < runs && mean > 0; ++run)
      roots[value].push_back(
          HostTensor::from<float>(gradient.type.getShape(), sum.takeRoots(run, mean)));
  }
  return roots;
}
