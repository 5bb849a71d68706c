//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Predictions of bit allocation against measurements: allocations of a file are compiled one by
// one, and their integer code is compared with float on data that nothing was chosen by.
//
//===----------------------------------------------------------------------===//

#include "Feeds.h"
#include "OutputComparison.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/Support/MemoryBuffer.h"
#include <chrono>

using namespace mlir;
using namespace quantc;
namespace json = llvm::json;

/// A list of lists of "NAME=w4" as one assignment each; every group must be named.
static llvm::Expected<std::vector<alloc::Assignment>> readTrials(llvm::StringRef path,
                                                                 const alloc::Problem &problem) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return llvm::createStringError("cannot read '" + path + "': " + buffer.getError().message());
  auto lists =
      json::parse<std::vector<std::vector<std::string>>>((*buffer)->getBuffer(), "allocations");
  if (!lists)
    return lists.takeError();
  std::vector<alloc::Assignment> assignments;
  for (const std::vector<std::string> &entries : *lists) {
    llvm::StringMap<llvm::StringRef> labels;
    for (const std::string &entry : entries) {
      auto [name, label] = llvm::StringRef(entry).rsplit('=');
      labels[name] = label;
    }
    alloc::Assignment assignment;
    for (const alloc::Group &group : problem.groups) {
      auto found = llvm::find_if(group.candidates, [&](const alloc::Candidate &candidate) {
        return candidate.label == labels.lookup(group.name);
      });
      if (found == group.candidates.end())
        return llvm::createStringError("'" + path + "': allocation " +
                                       llvm::Twine(assignments.size()) +
                                       " has no candidate for node '" + group.name + "'");
      assignment.push_back(unsigned(found - group.candidates.begin()));
    }
    assignments.push_back(std::move(assignment));
  }
  return assignments;
}

/// Outputs of one model on one run, as floats.
static llvm::Expected<std::vector<HostTensor>> floatOutputs(CompiledModel &model,
                                                            const Feed &feed) {
  auto outputs = model.run(quantizeFeed(model.inputs(), feedTensors(feed)));
  if (!outputs)
    return outputs.takeError();
  for (auto [info, output] : llvm::zip_equal(model.outputs(), *outputs))
    output = dequantizeOutput(info, output);
  return outputs;
}

static llvm::Expected<WidthEffect> compareOn(CompiledModel &reference, CompiledModel &integer,
                                             DataSet &data) {
  OutputComparison sums;
  for (int64_t run = 0; run < data.numRuns(); ++run) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto expected = floatOutputs(reference, *feed);
    if (!expected)
      return expected.takeError();
    auto found = floatOutputs(integer, *feed);
    if (!found)
      return found.takeError();
    sums.add(*expected, *found, expected->size());
  }
  WidthEffect effect;
  sums.summarize(effect);
  return effect;
}

/// Median time of a run in ns.
static llvm::Expected<int64_t> timeRuns(CompiledModel &model, const std::vector<HostTensor> &feeds,
                                        int runs) {
  std::vector<int64_t> times;
  for (int run = -5; run < runs; ++run) {
    auto start = std::chrono::steady_clock::now();
    if (auto outputs = model.run(feeds); !outputs)
      return outputs.takeError();
    if (run >= 0)
      times.push_back(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
  return times[size_t(runs / 2)];
}

static json::Object toJSON(const WidthEffect &effect) {
  json::Object object{{"noise", effect.noise}};
  if (effect.divergence)
    object["divergence"] = *effect.divergence;
  if (effect.disagreement)
    object["agreement"] = 1 - *effect.disagreement;
  return object;
}

llvm::Expected<json::Object> Compiler::tryAllocation(const AllocationResult &allocation,
                                                     const alloc::Assignment &assignment,
                                                     CompiledModel &reference, DataSet &data) {
  alloc::Evaluation evaluation = alloc::evaluate(allocation.problem, assignment);
  json::Object costs, row{{"predicted_loss", evaluation.loss}};
  for (auto [resource, cost] : llvm::zip_equal(allocation.problem.resources, evaluation.costs))
    costs[resource.name] = cost;
  if (allocation.restLatency)
    row["predicted_latency"] = *allocation.restLatency + evaluation.costs.back();
  row["costs"] = std::move(costs);
  std::vector<std::string> nodeBits = nodeBitsOf(allocation.problem, assignment);
  llvm::Error error = withTrial(nodeBits, [&](Compiler &trial) -> llvm::Error {
    if (failed(trial.advance(Stage::Integer)))
      return llvm::createStringError("the model with these widths does not compile");
    auto integer = compileInProcess(*trial.integerModule, kernels::bestHostLevel(), options.threads,
                                    options.recipe.strict);
    if (!integer)
      return integer.takeError();
    auto effect = compareOn(reference, **integer, data);
    if (!effect)
      return effect.takeError();
    row["measured"] = toJSON(*effect);
    auto feed = data.feed(0);
    if (!feed)
      return feed.takeError();
    auto time = timeRuns(**integer, quantizeFeed((*integer)->inputs(), feedTensors(*feed)), 31);
    if (!time)
      return time.takeError();
    row["measured_latency"] = *time;
    return llvm::Error::success();
  });
  if (error)
    return std::move(error);
  return row;
}

llvm::Error Compiler::tryAllocations(AllocationResult &allocation) {
  if (options.tryAllocations.empty())
    return llvm::Error::success();
  auto assignments = readTrials(options.tryAllocations, allocation.problem);
  if (!assignments)
    return assignments.takeError();
  auto data = DataSet::open(options.evaluation, inputSpecs(*floatModule));
  if (!data)
    return data.takeError();
  auto reference = compileInProcess(*floatModule, kernels::bestHostLevel(), options.threads);
  if (!reference)
    return reference.takeError();
  for (auto [done, assignment] : llvm::enumerate(*assignments)) {
    if (options.progress)
      options.progress("allocations", done, assignments->size());
    auto row = tryAllocation(allocation, assignment, **reference, **data);
    if (!row)
      return row.takeError();
    allocation.trials.push_back(std::move(*row));
  }
  return llvm::Error::success();
}
