//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver of calibration: runs the model over a data set, one run at a time,
// and collects statistics of its tensors. If the statistics of all tensors do
// not fit under the memory cap, tensors are split into disjoint groups and the
// data is run once a group; every tensor sees the same values in the same order,
// so the cap changes time and never a result.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_COLLECT_H
#define QUANTC_CALIBRATION_COLLECT_H

#include "quantc/Calibration/DataSet.h"
#include "quantc/Calibration/Executor.h"
#include "quantc/Calibration/Statistics.h"
#include "quantc/Support/Progress.h"
#include <optional>

namespace quantc {

struct CollectOptions {
  CollectorSet collectors;
  /// Bytes all statistics, scratch and extra tensors of one pass may take; none
  /// means no limit.
  std::optional<uint64_t> memoryCap;
  /// Runs [firstRun, endRun) of the data set; endRun -1 means all.
  int64_t firstRun = 0;
  int64_t endRun = -1;
  /// Reported in units of runs, over all passes.
  ProgressFn progress;
};

/// How tensors are spread over passes.
struct CollectPlan {
  /// Ids of the executor's observed tensors, ascending in each pass.
  std::vector<std::vector<int>> passes;
  /// The most bytes any pass needs by this accounting.
  uint64_t peakBytes = 0;
};

/// First-fit in the order of ids. Fails if one tensor alone exceeds the cap,
/// saying how much is needed.
llvm::Expected<CollectPlan> planCollection(const Executor &executor, int64_t numRuns,
                                           const CollectOptions &options);

/// Statistics of every observed tensor, indexed by id. Errors of the data name
/// the run and input, those of the model the run and tensor. A tensor that no
/// run computed has empty statistics.
llvm::Expected<std::vector<Statistics>> collect(DataSet &data, Executor &executor,
                                                const CollectOptions &options);

} // namespace quantc

#endif // QUANTC_CALIBRATION_COLLECT_H
