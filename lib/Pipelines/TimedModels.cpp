//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Timed runs in turns; see TimedModels.h.
//
//===----------------------------------------------------------------------===//

#include "TimedModels.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cmath>
#include <ctime>

using namespace quantc;
using llvm::StringRef;

int64_t quantc::medianOf(std::vector<int64_t> values) {
  auto middle = values.begin() + int64_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The layer that a step ("node, node") computes; empty for none.
static StringRef layerOfStep(StringRef names, const llvm::StringSet<> &layers) {
  llvm::SmallVector<StringRef> parts;
  names.split(parts, ", ");
  for (StringRef part : parts)
    if (layers.contains(part))
      return part;
  return {};
}

void TimedModel::forget() {
  whole.clear();
  layers.clear();
}

static int64_t nanoseconds(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

llvm::Error TimedModel::run(const llvm::StringSet<> &layerNames, bool record) {
  clockid_t clock = oneThread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  int64_t start = nanoseconds(clock);
  auto outputs = model->run(feeds);
  int64_t time = nanoseconds(clock) - start;
  if (!outputs)
    return outputs.takeError();
  if (!record)
    return llvm::Error::success();
  whole.push_back(time);
  if (!hasSteps)
    return llvm::Error::success();
  auto steps = model->profile();
  if (!steps)
    return steps.takeError();
  std::map<std::string, int64_t> sums;
  for (const CompiledModel::StepTime &step : *steps)
    if (StringRef layer = layerOfStep(step.name, layerNames); !layer.empty())
      sums[layer.str()] += step.nanoseconds;
  for (auto [layer, sum] : sums)
    layers[layer].push_back(sum);
  return llvm::Error::success();
}

llvm::Error quantc::takeTurns(llvm::ArrayRef<TimedModel *> models, const SensitivityTable &table) {
  llvm::StringSet<> names;
  for (const LayerSensitivity &layer : table.layers)
    names.insert(layer.node);
  for (TimedModel *timed : models)
    timed->forget();
  for (int round = 0; round < timedRounds; ++round)
    for (TimedModel *timed : models)
      for (int run = 0; run < 1 + runsInTurn; ++run)
        if (llvm::Error error = timed->run(names, /*record=*/run > 0))
          return error;
  return llvm::Error::success();
}

LatencyTable quantc::tableOf(llvm::ArrayRef<TimedModel *> widths, const SensitivityTable &table) {
  LatencyTable latencies;
  latencies.runs = timedRuns;
  std::vector<int64_t> rests;
  for (const TimedModel *timed : widths) {
    std::map<std::string, int64_t> medians;
    int64_t run = medianOf(timed->whole), sum = 0;
    for (const auto &[layer, times] : timed->layers)
      sum += medians[layer] = medianOf(times);
    double factor = sum > run ? double(run) / double(sum) : 1;
    for (const LayerSensitivity &layer : table.layers)
      latencies.layers[layer.node][timed->label] =
          std::llround(factor * double(medians[layer.node]));
    rests.push_back(std::max<int64_t>(run - sum, 0));
  }
  latencies.rest = medianOf(rests);
  return latencies;
}

int64_t quantc::predictLatency(const LatencyTable &table, const alloc::Problem &problem,
                               const alloc::Assignment &assignment) {
  int64_t sum = table.rest;
  for (auto [group, choice] : llvm::zip_equal(problem.groups, assignment)) {
    auto layer = table.layers.find(group.name);
    if (layer == table.layers.end())
      continue;
    auto time = layer->second.find(group.candidates[choice].label);
    if (time != layer->second.end())
      sum += time->second;
  }
  return sum;
}
