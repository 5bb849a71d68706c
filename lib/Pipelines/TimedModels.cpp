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
#include <chrono>
#include <cmath>

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
  rest.clear();
  layers.clear();
}

llvm::Error TimedModel::run(const llvm::StringSet<> &layerNames, bool record) {
  auto start = std::chrono::steady_clock::now();
  auto outputs = model->run(feeds);
  int64_t time = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
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
    if (StringRef layer = layerOfStep(step.name, layerNames); !layer.empty()) {
      sums[layer.str()] += step.nanoseconds;
      time -= step.nanoseconds;
    }
  for (auto [layer, nanoseconds] : sums)
    layers[layer].push_back(nanoseconds);
  rest.push_back(std::max<int64_t>(time, 0));
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
    int64_t rest = medianOf(timed->rest), sum = rest;
    for (const auto &[layer, times] : timed->layers)
      sum += medians[layer] = medianOf(times);
    double factor = double(medianOf(timed->whole)) / double(std::max<int64_t>(sum, 1));
    for (const LayerSensitivity &layer : table.layers)
      latencies.layers[layer.node][timed->label] =
          std::llround(factor * double(medians[layer.node]));
    rests.push_back(std::llround(factor * double(rest)));
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
