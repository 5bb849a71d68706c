//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The calibration driver. One pass is: for each run, read the feed, execute the
// model, hand each tensor to its statistics. Tensors are planned into passes
// before anything runs.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Collect.h"
#include "quantc/Support/Errors.h"

using namespace llvm;
using namespace quantc;

Executor::~Executor() = default;

/// What observing one tensor costs.
static uint64_t tensorBytes(const ObservedTensor &tensor, int64_t numRuns,
                            const CollectOptions &options) {
  CollectorSet collectors = options.collectors;
  collectors.channels &= tensor.channelAxis >= 0;
  return tensor.extraBytes + Statistics::footprint(collectors, numRuns, tensor.channels);
}

Expected<CollectPlan> quantc::planCollection(const Executor &executor, int64_t numRuns,
                                             const CollectOptions &options) {
  uint64_t fixed = options.collectors.histogram ? Histogram::scratchBytes() : 0;
  CollectPlan plan;
  uint64_t used = 0;
  ArrayRef<ObservedTensor> tensors = executor.observed();
  for (size_t id = 0; id < tensors.size(); ++id) {
    uint64_t bytes = tensorBytes(tensors[id], numRuns, options);
    if (options.memoryCap && fixed + bytes > *options.memoryCap) {
      // The largest of all is what the user has to allow for.
      uint64_t needed = bytes;
      for (const ObservedTensor &tensor : tensors)
        needed = std::max(needed, tensorBytes(tensor, numRuns, options));
      return makeError("expected a calibration memory cap of at least " + Twine(fixed + needed) +
                       " bytes, but found " + Twine(*options.memoryCap) + "; tensor '" +
                       tensors[id].name + "' alone needs " + Twine(fixed + bytes));
    }
    if (plan.passes.empty() || (options.memoryCap && fixed + used + bytes > *options.memoryCap)) {
      plan.passes.emplace_back();
      used = 0;
    }
    plan.passes.back().push_back(static_cast<int>(id));
    used += bytes;
    plan.peakBytes = std::max(plan.peakBytes, fixed + used);
  }
  return plan;
}

namespace {
/// One collection in progress.
class Collection {
public:
  Collection(DataSet &data, Executor &executor, const CollectOptions &options)
      : data(data), executor(executor), options(options) {
    for (const ObservedTensor &tensor : executor.observed())
      statistics.emplace_back(tensor.name, options.collectors, tensor.channelAxis);
  }

  Error runPass(ArrayRef<int> ids, int64_t first, int64_t end, uint64_t doneBefore, uint64_t total);
  std::vector<Statistics> take() { return std::move(statistics); }

private:
  Error runOnce(int64_t run, ArrayRef<int> ids);

  DataSet &data;
  Executor &executor;
  const CollectOptions &options;
  std::vector<Statistics> statistics;
};
} // namespace

Error Collection::runOnce(int64_t run, ArrayRef<int> ids) {
  Expected<Feed> feed = data.feed(run);
  if (!feed)
    return feed.takeError();
  Error failure = Error::success();
  auto observe = [&](int id, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    if (failure) // the first one is reported
      return;
    if (!llvm::is_contained(ids, id)) {
      failure = makeError("expected observed tensors only, but found tensor " + Twine(id));
      return;
    }
    failure = statistics[id].add(run, values, shape);
  };
  Error error = executor.run(*feed, ids, observe);
  if (failure) {
    consumeError(std::move(error));
    return addContext(feed->label, std::move(failure));
  }
  if (error)
    return addContext(feed->label, std::move(error));
  return Error::success();
}

Error Collection::runPass(ArrayRef<int> ids, int64_t first, int64_t end, uint64_t doneBefore,
                          uint64_t total) {
  for (int64_t run = first; run < end; ++run) {
    if (Error error = runOnce(run, ids))
      return error;
    if (options.progress)
      options.progress("calibrating", doneBefore + (run - first) + 1, total);
  }
  return Error::success();
}

Expected<std::vector<Statistics>> quantc::collect(DataSet &data, Executor &executor,
                                                  const CollectOptions &options) {
  int64_t first = options.firstRun;
  int64_t end = options.endRun < 0 ? data.numRuns() : options.endRun;
  if (first < 0 || first >= end || end > data.numRuns())
    return makeError("expected runs inside [0, " + Twine(data.numRuns()) + "), but found [" +
                     Twine(first) + ", " + Twine(end) + ")");
  Expected<CollectPlan> plan = planCollection(executor, end - first, options);
  if (!plan)
    return plan.takeError();
  Collection collection(data, executor, options);
  uint64_t total = plan->passes.size() * (end - first);
  if (options.progress)
    options.progress("calibrating", 0, total);
  for (size_t pass = 0; pass < plan->passes.size(); ++pass)
    if (Error error =
            collection.runPass(plan->passes[pass], first, end, pass * (end - first), total))
      return std::move(error);
  return collection.take();
}
