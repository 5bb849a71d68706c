//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Observers in front of linear maps, and two figures of what they see; see Outliers.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Outliers.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Dialect/QNN/Transforms/RoundWeights.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Kernels/Levels.h"
#include "quantc/Numerics/Metrics.h"
#include <numeric>

using namespace mlir;
using namespace quantc;

llvm::Expected<std::vector<InputOutliers>> quantc::measureOutliers(ModuleOp module, DataSet &data,
                                                                   const OutlierOptions &options) {
  OwningOpRef<ModuleOp> copy = module.clone();
  qnn::observeInputs(*copy);
  auto executor = JITExecutor::create(*copy, kernels::bestHostLevel(), options.threads);
  if (!executor)
    return executor.takeError();
  std::vector<InputOutliers> inputs;
  for (const ObservedTensor &tensor : (*executor)->observed())
    inputs.push_back({tensor.name, 0, 0});
  std::vector<int> ids(inputs.size());
  std::iota(ids.begin(), ids.end(), 0);
  int64_t runs = options.runs < 0 ? data.numRuns() : std::min(options.runs, data.numRuns());
  auto observe = [&](int id, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape) {
    size_t columns = shape.empty() ? 1 : static_cast<size_t>(shape.back());
    size_t rows = columns == 0 ? 0 : values.size() / columns;
    double share = 1.0 / static_cast<double>(runs);
    inputs[id].kurtosis += share * numerics::meanRowKurtosis(values.data(), rows, columns);
    inputs[id].maxToRms += share * numerics::meanRowMaxToRms(values.data(), rows, columns);
  };
  for (int64_t run = 0; run < runs; ++run) {
    if (options.progress)
      options.progress("measuring outliers", run, runs);
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    if (llvm::Error error = (*executor)->run(*feed, ids, observe))
      return std::move(error);
  }
  if (options.progress)
    options.progress("measuring outliers", runs, runs);
  return inputs;
}

llvm::json::Value quantc::outliersToJSON(llvm::ArrayRef<InputOutliers> inputs) {
  llvm::json::Array list;
  for (const InputOutliers &input : inputs)
    list.push_back(llvm::json::Object{
        {"name", input.name}, {"kurtosis", input.kurtosis}, {"max_to_rms", input.maxToRms}});
  return llvm::json::Object{
      {"format", "quantc-outliers"}, {"version", 1}, {"inputs", std::move(list)}};
}
