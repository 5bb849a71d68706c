//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What was seen of one tensor over a data set: everything any observer needs, so
// that one pass over the data serves every choice made afterwards. Statistics of
// disjoint parts of a data set merge into those of the whole.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_STATISTICS_H
#define QUANTC_CALIBRATION_STATISTICS_H

#include "quantc/Calibration/Histogram.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace quantc {

/// Extremes of one run, for averages over runs.
struct RunRange {
  int64_t run = 0;
  float min = 0;
  float max = 0;
  bool operator==(const RunRange &o) const { return run == o.run && min == o.min && max == o.max; }
};

/// Per-channel extremes and sums.
struct ChannelStatistics {
  int axis = -1;
  /// Values a channel.
  uint64_t count = 0;
  std::vector<float> min, max;
  /// Sums in double precision, added in the order of the runs.
  std::vector<double> sum;

  bool empty() const { return sum.empty(); }
  /// sum / count of each channel.
  std::vector<double> means() const;
};

/// Which collectors run. The histogram brings min, max and count with it.
struct CollectorSet {
  bool histogram = true;
  bool runRanges = true;
  /// Only where the executor gives a channel axis.
  bool channels = false;
};

class Statistics {
public:
  explicit Statistics(std::string name = {}, CollectorSet collectors = {}, int channelAxis = -1)
      : tensorName(std::move(name)), collectors(collectors), channelAxis(channelAxis) {}

  /// Adds one tensor seen in run `run`; several tensors of one run are joined.
  /// Fails, naming tensor and element, on NaN or infinity, and on a shape that
  /// does not fit the channel axis or the channels seen before.
  llvm::Error add(int64_t run, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape);

  /// Adds those of other data for the same tensor and collectors. Exact and
  /// order-independent but for the rounding of channel sums.
  llvm::Error merge(const Statistics &other);

  llvm::StringRef name() const { return tensorName; }
  uint64_t count() const { return total; }
  bool empty() const { return total == 0; }
  float min() const { return lowest; }
  float max() const { return highest; }
  const Histogram &histogram() const { return values; }
  /// Ascending by run.
  llvm::ArrayRef<RunRange> runRanges() const { return runs; }
  const ChannelStatistics &channels() const { return perChannel; }

  /// Upper bound of the bytes for one tensor over `numRuns` runs.
  static uint64_t footprint(const CollectorSet &collectors, int64_t numRuns, int64_t numChannels);

private:
  void addRun(const RunRange &range);
  llvm::Error addChannels(llvm::ArrayRef<float> data, llvm::ArrayRef<int64_t> shape);

  std::string tensorName;
  CollectorSet collectors;
  int channelAxis = -1;
  uint64_t total = 0;
  float lowest = 0;
  float highest = 0;
  Histogram values;
  std::vector<RunRange> runs;
  ChannelStatistics perChannel;
};

} // namespace quantc

#endif // QUANTC_CALIBRATION_STATISTICS_H
