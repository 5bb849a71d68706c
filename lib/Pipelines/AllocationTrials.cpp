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
#include "TimedModels.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace quantc;
namespace json = llvm::json;

namespace {
/// Allocations whose losses are ordered together.
struct TrialGroup {
  std::string name;
  std::vector<alloc::Assignment> assignments;
};
using EntryLists = std::vector<std::vector<std::string>>;
} // namespace

/// A list of lists of "NAME=w4", or an object of such by name.
static llvm::Expected<std::map<std::string, EntryLists>> readEntries(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return llvm::createStringError("cannot read '" + path + "': " + buffer.getError().message());
  auto value = parseJSON((*buffer)->getBuffer());
  if (!value)
    return value.takeError();
  std::map<std::string, EntryLists> groups;
  json::Path::Root root("allocations");
  bool isNamed = value->getAsObject();
  if (isNamed ? fromJSON(*value, groups, root) : fromJSON(*value, groups["all"], root))
    return groups;
  return root.getError();
}

/// A width for each group, and for nothing else; all faults in one message.
static llvm::Expected<alloc::Assignment> readAssignment(const std::vector<std::string> &entries,
                                                        const alloc::Problem &problem) {
  std::vector<std::string> faults;
  llvm::StringMap<llvm::StringRef> labels;
  for (const std::string &entry : entries) {
    auto [node, label] = llvm::StringRef(entry).rsplit('=');
    if (!labels.try_emplace(node, label).second)
      faults.push_back(("expected one width for node '" + node + "', but found two").str());
  }
  alloc::Assignment assignment;
  for (const alloc::Group &group : problem.groups) {
    auto entry = labels.find(group.name);
    if (entry == labels.end()) {
      faults.push_back("expected a width for node '" + group.name + "', but found none");
      continue;
    }
    auto found = llvm::find_if(group.candidates, [&](const alloc::Candidate &candidate) {
      return candidate.label == entry->second;
    });
    if (found == group.candidates.end())
      faults.push_back(
          ("node '" + group.name + "' has no candidate '" + entry->second + "'").str());
    else
      assignment.push_back(unsigned(found - group.candidates.begin()));
    labels.erase(entry);
  }
  std::vector<std::string> unknown;
  for (const auto &entry : labels)
    unknown.push_back(("expected layers of the model, but found '" + entry.getKey() + "'").str());
  llvm::sort(unknown);
  llvm::append_range(faults, unknown);
  if (!faults.empty())
    return llvm::createStringError(llvm::join(faults, "; "));
  return assignment;
}

/// One assignment of each list.
static llvm::Expected<std::vector<TrialGroup>> readTrials(llvm::StringRef path,
                                                          const alloc::Problem &problem) {
  auto named = readEntries(path);
  if (!named)
    return named.takeError();
  std::vector<TrialGroup> groups;
  for (const auto &[name, lists] : *named) {
    TrialGroup &trials = groups.emplace_back();
    trials.name = name;
    for (const std::vector<std::string> &entries : lists) {
      auto assignment = readAssignment(entries, problem);
      if (!assignment)
        return llvm::createStringError("'" + path + "': allocation " +
                                       llvm::Twine(trials.assignments.size()) + " of '" + name +
                                       "': " + llvm::toString(assignment.takeError()));
      trials.assignments.push_back(std::move(*assignment));
    }
  }
  return groups;
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

using RunOutputs = std::vector<std::vector<HostTensor>>;

/// What float code answers, for every run of the data. Integers stay integers, which losses leave
/// out.
static llvm::Expected<RunOutputs> referenceOutputs(ModuleOp module, DataSet &data, int threads) {
  auto model = compileInProcess(module, kernels::bestHostLevel(), threads);
  if (!model)
    return model.takeError();
  RunOutputs outputs;
  for (int64_t run = 0; run < data.numRuns(); ++run) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto found = (*model)->run(feedTensors(*feed));
    if (!found)
      return found.takeError();
    outputs.push_back(std::move(*found));
  }
  return outputs;
}

static llvm::Expected<WidthEffect> compareOn(const RunOutputs &reference, CompiledModel &integer,
                                             DataSet &data) {
  OutputComparison sums;
  for (auto [run, expected] : llvm::enumerate(reference)) {
    auto feed = data.feed(int64_t(run));
    if (!feed)
      return feed.takeError();
    auto found = floatOutputs(integer, *feed);
    if (!found)
      return found.takeError();
    sums.add(expected, *found, expected.size());
  }
  WidthEffect effect;
  sums.summarize(effect);
  return effect;
}

static json::Object toJSON(const WidthEffect &effect) {
  json::Object object{{"noise", effect.noise}};
  if (effect.divergence)
    object["divergence"] = *effect.divergence;
  if (effect.disagreement)
    object["agreement"] = 1 - *effect.disagreement;
  return object;
}

static json::Object predictionOf(const AllocationResult &allocation,
                                 const alloc::Assignment &assignment) {
  alloc::Evaluation evaluation = alloc::evaluate(allocation.problem, assignment);
  json::Object costs, row{{"predicted_loss", evaluation.loss}};
  for (auto [resource, cost] : llvm::zip_equal(allocation.problem.resources, evaluation.costs))
    costs[resource.name] = cost;
  if (allocation.restLatency)
    row["predicted_latency"] =
        *allocation.restLatency + evaluation.costs[*findResource(allocation.problem, "latency")];
  row["costs"] = std::move(costs);
  return row;
}

/// The integer code with these widths: a library, or for a target that is not this machine's CPU
/// the same arithmetic compiled in process.
llvm::Expected<std::unique_ptr<CompiledModel>>
Compiler::openTrial(const AllocationResult &allocation, const alloc::Assignment &assignment) {
  std::vector<std::string> nodeBits = nodeBitsOf(allocation.problem, assignment);
  if (!options.recipe.isGPU() && !options.recipe.isFPGA())
    return openLibrary(nodeBits, /*profile=*/false);
  std::unique_ptr<CompiledModel> model;
  llvm::Error error = withTrial(nodeBits, [&](Compiler &trial) -> llvm::Error {
    if (failed(trial.advance(Stage::Integer)))
      return llvm::createStringError("the model with these widths does not compile");
    auto compiled = compileInProcess(*trial.integerModule, kernels::bestHostLevel(),
                                     options.threads, options.recipe.strict);
    if (!compiled)
      return compiled.takeError();
    model = std::move(*compiled);
    return llvm::Error::success();
  });
  if (error)
    return std::move(error);
  return model;
}

/// Whole runs of every trial, and a table of steps, in turns: what is between its sums and the runs
/// is the model's fault, what is between it and the allocation's table the machine's.
llvm::Error Compiler::timeTrials(AllocationResult &allocation,
                                 ArrayRef<alloc::Assignment> assignments,
                                 MutableArrayRef<TimedModel> trials,
                                 const SensitivityTable &table) {
  auto widths = openWidths(table);
  if (!widths)
    return widths.takeError();
  std::vector<TimedModel *> ofWidths, all;
  for (TimedModel &timed : *widths)
    ofWidths.push_back(&timed);
  all = ofWidths;
  for (TimedModel &timed : trials)
    all.push_back(&timed);
  if (llvm::Error error = takeTurns(all, table))
    return error;
  LatencyTable latencies = tableOf(ofWidths, table);
  for (auto [timed, assignment, row] : llvm::zip_equal(trials, assignments, allocation.trials)) {
    row["measured_latency"] = medianOf(timed.whole);
    row["latency_in_turns"] = predictLatency(latencies, allocation.problem, assignment);
  }
  return llvm::Error::success();
}

/// How the predicted losses of the last trials order the measured ones.
static llvm::Expected<TrialOrder> orderOf(const TrialGroup &group, llvm::StringRef loss,
                                          ArrayRef<WidthEffect> effects,
                                          const alloc::Problem &problem) {
  TrialOrder order{group.name, outputLossName(loss).str(), int64_t(effects.size()), {}};
  std::vector<double> predicted, measured;
  for (auto [assignment, effect] : llvm::zip_equal(group.assignments, effects)) {
    auto found = outputLoss(order.loss, effect);
    if (!found)
      return found.takeError();
    predicted.push_back(alloc::evaluate(problem, assignment).loss);
    measured.push_back(*found);
  }
  auto correlation = alloc::bootstrapSpearman(predicted, measured);
  if (correlation)
    order.correlation = *correlation;
  else // fewer than two, or all the same: nothing is ordered
    llvm::consumeError(correlation.takeError());
  return order;
}

llvm::Error Compiler::tryAllocations(AllocationResult &allocation, const SensitivityTable &table) {
  if (options.tryAllocations.empty())
    return llvm::Error::success();
  auto groups = readTrials(options.tryAllocations, allocation.problem);
  if (!groups)
    return groups.takeError();
  auto data = DataSet::open(options.evaluation, inputSpecs(*floatModule));
  if (!data)
    return data.takeError();
  auto reference = referenceOutputs(*floatModule, **data, options.threads);
  if (!reference)
    return reference.takeError();
  std::vector<alloc::Assignment> assignments;
  for (const TrialGroup &group : *groups)
    llvm::append_range(assignments, group.assignments);
  std::vector<TimedModel> timed;
  std::vector<WidthEffect> effects;
  for (auto [done, assignment] : llvm::enumerate(assignments)) {
    if (options.progress)
      options.progress("allocations", done, assignments.size());
    auto model = openTrial(allocation, assignment);
    if (!model)
      return model.takeError();
    auto effect = compareOn(*reference, **model, **data);
    if (!effect)
      return effect.takeError();
    effects.push_back(*effect);
    json::Object &row = allocation.trials.emplace_back(predictionOf(allocation, assignment));
    row["measured"] = toJSON(*effect);
    if (!allocation.restLatency)
      continue;
    auto feed = (*data)->feed(0);
    if (!feed)
      return feed.takeError();
    TimedModel &trial = timed.emplace_back();
    trial.oneThread = options.threads == 1;
    trial.feeds = quantizeFeed((*model)->inputs(), feedTensors(*feed));
    trial.model = std::move(*model);
  }
  ArrayRef<WidthEffect> left = effects;
  for (const TrialGroup &group : *groups) {
    size_t count = group.assignments.size();
    auto order = orderOf(group, allocation.loss, left.take_front(count), allocation.problem);
    if (!order)
      return order.takeError();
    allocation.orders.push_back(std::move(*order));
    left = left.drop_front(count);
  }
  return timed.empty() ? llvm::Error::success() : timeTrials(allocation, assignments, timed, table);
}
