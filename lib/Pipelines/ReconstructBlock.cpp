//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The block as a loss of its weights; see ReconstructBlock.h.
//
//===----------------------------------------------------------------------===//

#include "ReconstructBlock.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Execution/GradientModel.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Numerics/Rounding.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

/// Rows of a weight as a matrix of fp64.
static ptq::Matrix asMatrix(ArrayRef<float> values, int64_t rows) {
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Floats>(values.data(), rows, int64_t(values.size()) / rows)
      .cast<double>();
}

namespace {
class BlockDescent {
public:
  explicit BlockDescent(const BlockProblem &problem) : problem(problem) {}

  llvm::Error open(int threads);
  std::vector<ptq::BlockWeight> weights(const CodeTable &table) const;
  llvm::Expected<double> loss(int64_t run, ArrayRef<ptq::Matrix> at,
                              MutableArrayRef<ptq::Matrix> gradients);
  StringRef nodeOf(size_t weight) const { return model->weights()[weight].node; }

private:
  const RoundableMap &mapOf(StringRef node) const {
    return **llvm::find_if(problem.maps, [&](const RoundableMap *m) { return m->name == node; });
  }

  const BlockProblem &problem;
  std::unique_ptr<GradientModel> model;
};
} // namespace

/// The result of `@main` times an argument more.
static void scaleResult(ModuleOp part) {
  auto main = part.lookupSymbol<func::FuncOp>("main");
  Operation *end = main.getBody().front().getTerminator();
  Value result = end->getOperand(0);
  OpBuilder builder(end);
  const unsigned index = main.getNumArguments();
  auto name = builder.getNamedAttr("onnx.name", builder.getStringAttr("factors"));
  (void)main.insertArgument(index, result.getType(), builder.getDictionaryAttr(name),
                            result.getLoc());
  end->setOperand(0, nn::MulOp::create(builder, result.getLoc(), result, main.getArgument(index)));
}

/// The mean square of the block's error and its gradient by the weights; activations inside stay
/// floats.
llvm::Error BlockDescent::open(int threads) {
  ExtractOptions options = problem.parameters;
  options.floats = true;
  const NetworkBlock &block = problem.block;
  WeightScope scope(block.ops.front()->getContext());
  OwningOpRef<ModuleOp> part = extract(block.ops, block.inputs, block.outputs.front(), options);
  if (!problem.roots.empty())
    scaleResult(*part);
  nn::WeightInputOptions weightOptions;
  for (const RoundableMap *map : problem.maps)
    weightOptions.nodes.push_back(map->name);
  auto made = GradientModel::create(*part, nn::GradientOptions(), kernels::bestHostLevel(), threads,
                                    weightOptions);
  if (!made)
    return made.takeError();
  model = std::move(*made);
  return llvm::Error::success();
}

std::vector<ptq::BlockWeight> BlockDescent::weights(const CodeTable &table) const {
  std::vector<ptq::BlockWeight> weights;
  for (const nn::WeightInput &input : model->weights()) {
    const RoundableMap &map = mapOf(input.node);
    const ChosenCodes &chosen = table.find(input.node)->second;
    ptq::BlockWeight &weight = weights.emplace_back();
    weight.weight = asMatrix(map.weight, map.outputs());
    weight.rounded = asMatrix(chosen.weights(), map.outputs());
    weight.steps =
        Eigen::Map<const Eigen::VectorXf>(chosen.steps.data(), map.outputs()).cast<double>();
    weight.greatest = (int64_t(1) << (map.bits - 1)) - 1;
  }
  return weights;
}

llvm::Expected<double> BlockDescent::loss(int64_t run, ArrayRef<ptq::Matrix> at,
                                          MutableArrayRef<ptq::Matrix> gradients) {
  ptq::Vector point(model->size());
  for (size_t k = 0; k < at.size(); ++k)
    point.segment(model->block(k).offset, at[k].size()) =
        Eigen::Map<const ptq::Vector>(at[k].data(), at[k].size());
  if (llvm::Error error = model->setPoint(point))
    return std::move(error);
  std::vector<HostTensor> feeds;
  for (ArrayRef<HostTensor> input : problem.inputs)
    feeds.push_back(input[run]);
  HostTensor target = problem.targets[run];
  if (!problem.roots.empty()) {
    feeds.push_back(problem.roots[run]);
    for (auto [value, root] :
         llvm::zip_equal(target.mutableValues<float>(), feeds.back().values<float>()))
      value *= root;
  }
  auto result = model->run(feeds, target);
  if (!result)
    return result.takeError();
  for (size_t k = 0; k < gradients.size(); ++k)
    gradients[k] = asMatrix(result->gradients[k].values<float>(), at[k].rows());
  return result->loss;
}

static void takeCodes(const ptq::Matrix &rounded, ChosenCodes &chosen) {
  for (Eigen::Index i = 0; i < rounded.size(); ++i)
    chosen.codes[i] = static_cast<int32_t>(
        numerics::roundHalfEven(rounded.data()[i] / double(chosen.steps[i / rounded.cols()])));
}

llvm::Expected<std::optional<std::pair<double, double>>>
quantc::reconstructBlock(const BlockProblem &problem, const ptq::BlockOptions &options, int threads,
                         CodeTable &table, std::string &message) {
  BlockDescent descent(problem);
  if (llvm::Error error = descent.open(threads)) {
    message = "the block keeps its codes: " + llvm::toString(std::move(error));
    return std::nullopt;
  }
  std::vector<ptq::BlockWeight> weights = descent.weights(table);
  auto loss = [&](int64_t run, ArrayRef<ptq::Matrix> at, MutableArrayRef<ptq::Matrix> gradients) {
    return descent.loss(run, at, gradients);
  };
  auto result = ptq::reconstructBlock(weights, int64_t(problem.targets.size()), loss, options);
  if (!result)
    return result.takeError();
  if (result->after < result->before)
    for (size_t k = 0; k < weights.size(); ++k)
      takeCodes(result->weights[k], table.find(descent.nodeOf(k))->second);
  return std::pair(result->before, result->after);
}
