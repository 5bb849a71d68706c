//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times of compiled models that take turns, so that what slows the machine down for a while slows
// all of them. A run of one thread is timed by the CPU time that it takes, which is its latency
// where nothing interrupts it; of several, by the clock on the wall.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_TIMEDMODELS_H
#define QUANTC_LIB_PIPELINES_TIMEDMODELS_H

#include "quantc/Execution/CompiledModel.h"
#include "quantc/Pipelines/BitAllocation.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace quantc {

struct TimedModel {
  std::string label; ///< "w4" where every layer has that width
  bool hasSteps = false;
  std::unique_ptr<CompiledModel> model;
  std::vector<HostTensor> feeds;
  bool oneThread = true;
  /// ns, one a timed run: of the whole, and with `hasSteps` of each layer.
  std::vector<int64_t> whole;
  std::map<std::string, std::vector<int64_t>> layers;

  void forget();
  llvm::Error run(const llvm::StringSet<> &layerNames, bool record);
};

/// Timed runs of each model in `takeTurns`.
constexpr int timedRounds = 21, runsInTurn = 3, timedRuns = timedRounds * runsInTurn;

/// Times every model anew. A turn is a run that is not timed, since the models in between took the
/// caches, and `runsInTurn` that are.
llvm::Error takeTurns(llvm::ArrayRef<TimedModel *> models, const SensitivityTable &table);

int64_t medianOf(std::vector<int64_t> values);

/// Of models with steps, one for each width. What the medians of a model's layers leave of the
/// median of its runs is the rest; where they leave nothing, one factor scales them down.
LatencyTable tableOf(llvm::ArrayRef<TimedModel *> widths, const SensitivityTable &table);

/// Of a run: what no width changes, and the layers in the assignment's widths.
int64_t predictLatency(const LatencyTable &table, const alloc::Problem &problem,
                       const alloc::Assignment &assignment);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_TIMEDMODELS_H
