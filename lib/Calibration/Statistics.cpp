//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics of one tensor. Sums over a channel run in a fixed order of lanes
// that the source spells out, so that their rounding does not depend on what a
// compiler makes of the loop.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Statistics.h"
#include "RangeScan.h"
#include "quantc/Support/DType.h"
#include "quantc/Support/Errors.h"
#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace quantc;

std::vector<double> ChannelStatistics::means() const {
  std::vector<double> result(sum.size());
  for (size_t i = 0; i < sum.size(); ++i)
    result[i] = count == 0 ? 0 : sum[i] / static_cast<double>(count);
  return result;
}

/// Sum of contiguous values: eight lanes, then the lanes in pairs.
static double sumOf(ArrayRef<float> values) {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += values[i + lane];
  for (size_t lane = 0; i < values.size(); ++i, ++lane)
    lanes[lane] += values[i];
  for (size_t width = kLanes / 2; width > 0; width /= 2)
    for (size_t lane = 0; lane < width; ++lane)
      lanes[lane] += lanes[lane + width];
  return lanes[0];
}

/// "nan" or "inf" and the place of the first value that is not finite.
static std::string describeNonFinite(ArrayRef<float> values, ArrayRef<int64_t> shape) {
  size_t at = llvm::find_if(values, [](float v) { return !std::isfinite(v); }) - values.begin();
  if (at == values.size())
    return "none";
  std::vector<int64_t> index(shape.size());
  size_t rest = at;
  for (size_t axis = shape.size(); axis-- > 0; rest /= shape[axis])
    index[axis] = rest % shape[axis];
  const char *what = std::isnan(values[at]) ? "nan" : values[at] < 0 ? "-inf" : "inf";
  return std::string(what) + " at " + shapeToString(index);
}

Error Statistics::add(int64_t run, ArrayRef<float> data, ArrayRef<int64_t> shape) {
  std::optional<int64_t> expected = numElements(shape);
  if (!expected || uint64_t(*expected) != data.size())
    return makeError("tensor '" + tensorName + "': expected the values of shape " +
                     shapeToString(shape) + ", but found " + Twine(data.size()));
  if (data.empty())
    return Error::success();
  float newMin, newMax;
  if (!scanRange(data, newMin, newMax))
    return makeError("tensor '" + tensorName + "': expected finite values, but found " +
                     describeNonFinite(data, shape));
  if (collectors.channels && channelAxis >= 0)
    if (Error error = addChannels(data, shape))
      return error;
  if (collectors.histogram)
    values.add(data, newMin, newMax);
  lowest = empty() ? newMin : std::min(lowest, newMin);
  highest = empty() ? newMax : std::max(highest, newMax);
  total += data.size();
  if (collectors.runRanges)
    addRun({run, newMin, newMax});
  return Error::success();
}

void Statistics::addRun(const RunRange &range) {
  auto at = llvm::lower_bound(runs, range.run,
                              [](const RunRange &r, int64_t run) { return r.run < run; });
  if (at == runs.end() || at->run != range.run) {
    runs.insert(at, range);
    return;
  }
  at->min = std::min(at->min, range.min);
  at->max = std::max(at->max, range.max);
}

Error Statistics::addChannels(ArrayRef<float> data, ArrayRef<int64_t> shape) {
  size_t axis = channelAxis;
  if (axis >= shape.size() || (!perChannel.empty() && perChannel.sum.size() != size_t(shape[axis])))
    return makeError(
        "tensor '" + tensorName + "': expected " +
        (perChannel.empty() ? Twine("channels") : Twine(perChannel.sum.size()) + " channels") +
        " on axis " + Twine(axis) + ", but found shape " + shapeToString(shape));
  size_t channels = shape[axis];
  if (perChannel.empty()) {
    perChannel.axis = channelAxis;
    perChannel.min.assign(channels, HUGE_VALF);
    perChannel.max.assign(channels, -HUGE_VALF);
    perChannel.sum.assign(channels, 0);
  }
  size_t inner = 1;
  for (int64_t dim : shape.drop_front(axis + 1))
    inner *= dim;
  std::vector<double> sums(channels); // of this tensor alone
  for (size_t base = 0; base < data.size();) {
    for (size_t c = 0; c < channels; ++c, base += inner) {
      ArrayRef<float> row = data.slice(base, inner);
      float rowMin = row[0], rowMax = row[0];
      if (inner == 1) {
        sums[c] += row[0];
      } else {
        scanRange(row, rowMin, rowMax);
        sums[c] += sumOf(row);
      }
      perChannel.min[c] = std::min(perChannel.min[c], rowMin);
      perChannel.max[c] = std::max(perChannel.max[c], rowMax);
    }
  }
  for (size_t c = 0; c < channels; ++c)
    perChannel.sum[c] += sums[c];
  perChannel.count += data.size() / channels;
  return Error::success();
}

Error Statistics::merge(const Statistics &other) {
  if (other.empty())
    return Error::success();
  if (tensorName != other.tensorName || channelAxis != other.channelAxis ||
      collectors.histogram != other.collectors.histogram ||
      collectors.runRanges != other.collectors.runRanges ||
      collectors.channels != other.collectors.channels)
    return makeError("expected statistics of tensor '" + tensorName +
                     "' with the same collectors, but found those of '" + other.tensorName + "'");
  const ChannelStatistics &theirs = other.perChannel;
  if (!perChannel.empty() && perChannel.sum.size() != theirs.sum.size())
    return makeError("tensor '" + tensorName + "': expected " + Twine(perChannel.sum.size()) +
                     " channels, but found " + Twine(theirs.sum.size()));
  if (perChannel.empty()) {
    perChannel = theirs;
  } else {
    perChannel.count += theirs.count;
    for (size_t c = 0; c < perChannel.sum.size(); ++c) {
      perChannel.min[c] = std::min(perChannel.min[c], theirs.min[c]);
      perChannel.max[c] = std::max(perChannel.max[c], theirs.max[c]);
      perChannel.sum[c] += theirs.sum[c];
    }
  }
  values.merge(other.values);
  lowest = empty() ? other.lowest : std::min(lowest, other.lowest);
  highest = empty() ? other.highest : std::max(highest, other.highest);
  total += other.total;
  for (const RunRange &range : other.runs)
    addRun(range);
  return Error::success();
}

uint64_t Statistics::footprint(const CollectorSet &collectors, int64_t numRuns,
                               int64_t numChannels) {
  uint64_t bytes = sizeof(Statistics);
  if (collectors.histogram)
    bytes += Histogram::footprint();
  if (collectors.runRanges) // a growing vector holds old and new elements
    bytes += 3 * std::max<int64_t>(numRuns, 1) * sizeof(RunRange);
  if (collectors.channels) // and the sums of the tensor at hand
    bytes += numChannels * (2 * sizeof(float) + 2 * sizeof(double));
  return bytes;
}
