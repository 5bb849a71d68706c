//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes over the data that fill second moments, and their file; see Moments.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Moments.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringExtras.h"
#include <atomic>
#include <cmath>
#include <map>
#include <thread>

using namespace llvm;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Collection
//===----------------------------------------------------------------------===//

namespace {
/// The moments of some tensors, in progress.
class Pass {
public:
  Pass(Executor &executor, const MomentOptions &options) : executor(executor), options(options) {}

  Error run(const Feed &feed, ArrayRef<int> ids);
  /// By id; a tensor's first value makes its entry.
  std::map<int, ptq::SecondMoment> moments;

private:
  Error add(int id, ArrayRef<float> values, ArrayRef<int64_t> shape);

  Executor &executor;
  const MomentOptions &options;
};
} // namespace

void quantc::runOnThreads(int threads, int64_t count, function_ref<void(int64_t)> task) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++)
      task(i);
  };
  std::vector<std::thread> pool;
  for (int i = 1; i < threads && i < count; ++i)
    pool.emplace_back(work);
  work();
  for (std::thread &thread : pool)
    thread.join();
}

Error Pass::add(int id, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  if (shape.empty() || shape.back() == 0)
    return makeError("expected a tensor with channels along its last axis");
  int64_t channels = shape.back();
  auto [entry, isNew] = moments.try_emplace(id, channels);
  if (entry->second.channels() != channels)
    return makeError("expected " + Twine(entry->second.channels()) + " channels, but found " +
                     Twine(channels));
  if (!all_of(values, [](float value) { return std::isfinite(value); }))
    return makeError("expected finite values");
  auto parallel = [&](int64_t count, function_ref<void(int64_t)> task) {
    runOnThreads(options.threads, count, task);
  };
  entry->second.addRows(values.data(), static_cast<int64_t>(values.size()) / channels, parallel);
  return Error::success();
}

Error Pass::run(const Feed &feed, ArrayRef<int> ids) {
  Error failure = Error::success();
  auto observe = [&](int id, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    if (failure) // the first one is reported
      return;
    if (Error error = add(id, values, shape))
      failure = addContext("tensor '" + executor.observed()[id].name + "'", std::move(error));
  };
  Error error = executor.run(feed, ids, observe);
  if (failure) {
    consumeError(std::move(error));
    return addContext(feed.label, std::move(failure));
  }
  if (error)
    return addContext(feed.label, std::move(error));
  for (int id : ids)
    if (auto entry = moments.find(id); entry != moments.end())
      entry->second.endSample();
  return Error::success();
}

/// Channels of each observed tensor, from one run in which nothing is summed.
static Expected<std::vector<int64_t>> measureChannels(DataSet &data, Executor &executor,
                                                      ArrayRef<int> ids) {
  Expected<Feed> feed = data.feed(0);
  if (!feed)
    return feed.takeError();
  std::vector<int64_t> channels(executor.observed().size(), 0);
  auto observe = [&](int id, ArrayRef<float>, ArrayRef<int64_t> shape) {
    channels[id] = shape.empty() ? 0 : shape.back();
  };
  if (Error error = executor.run(*feed, ids, observe))
    return addContext(feed->label, std::move(error));
  return channels;
}

/// First-fit in the order of ids.
static Expected<std::vector<std::vector<int>>> planPasses(DataSet &data, Executor &executor,
                                                          const MomentOptions &options) {
  std::vector<int> ids;
  for (size_t id = 0; id < executor.observed().size(); ++id)
    ids.push_back(static_cast<int>(id));
  if (!options.memoryCap || ids.empty())
    return std::vector<std::vector<int>>(1, ids);
  Expected<std::vector<int64_t>> channels = measureChannels(data, executor, ids);
  if (!channels)
    return channels.takeError();
  std::vector<std::vector<int>> passes(1);
  uint64_t used = 0, needed = 0;
  for (int id : ids) {
    auto bytes = static_cast<uint64_t>(ptq::SecondMoment::memoryNeeded((*channels)[id]));
    needed = std::max(needed, bytes);
    if (used + bytes > *options.memoryCap && !passes.back().empty()) {
      passes.emplace_back();
      used = 0;
    }
    passes.back().push_back(id);
    used += bytes;
  }
  if (needed > *options.memoryCap)
    return makeError("expected a calibration memory cap of at least " + Twine(needed) +
                     " bytes for second moments, but found " + Twine(*options.memoryCap));
  return passes;
}

Expected<MomentTable> quantc::collectMoments(DataSet &data, Executor &executor,
                                             const MomentOptions &options) {
  int64_t end = options.endRun < 0 ? data.numRuns() : options.endRun;
  if (end < 1 || end > data.numRuns())
    return makeError("expected 1 to " + Twine(data.numRuns()) + " runs, but found " + Twine(end));
  Expected<std::vector<std::vector<int>>> passes = planPasses(data, executor, options);
  if (!passes)
    return passes.takeError();
  MomentTable table;
  uint64_t total = passes->size() * end, done = 0;
  for (const std::vector<int> &ids : *passes) {
    Pass pass(executor, options);
    for (int64_t run = 0; run < end; ++run) {
      Expected<Feed> feed = data.feed(run);
      if (!feed)
        return feed.takeError();
      if (Error error = pass.run(*feed, ids))
        return std::move(error);
      if (options.progress)
        options.progress("second moments", ++done, total);
    }
    for (auto &[id, moment] : pass.moments)
      table.try_emplace(executor.observed()[id].name, std::move(moment));
  }
  return table;
}

//===----------------------------------------------------------------------===//
// File
//===----------------------------------------------------------------------===//

static std::vector<StringRef> sortedNames(const MomentTable &moments) {
  std::vector<StringRef> names;
  for (const auto &entry : moments)
    names.push_back(entry.getKey());
  llvm::sort(names);
  return names;
}

std::vector<NamedTensor> quantc::momentArrays(const MomentTable &moments) {
  std::vector<NamedTensor> arrays;
  for (StringRef name : sortedNames(moments)) {
    const ptq::SecondMoment &moment = moments.find(name)->second;
    int64_t d = moment.channels();
    ptq::Matrix sum = moment.sum();
    std::vector<double> triangle, columns(moment.columnSum().begin(), moment.columnSum().end());
    for (int64_t row = 0; row < d; ++row)
      for (int64_t column = row; column < d; ++column)
        triangle.push_back(sum(row, column));
    auto add = [&](const char *part, HostTensor tensor) {
      arrays.push_back({(name + ":" + part).str(), std::move(tensor)});
    };
    add("tokens", HostTensor::from<int64_t>({}, {moment.tokens()}));
    add("sum", HostTensor::from<double>({static_cast<int64_t>(triangle.size())}, triangle));
    add("columns", HostTensor::from<double>({d}, columns));
  }
  return arrays;
}

Error quantc::writeMoments(StringRef path, const MomentTable &moments) {
  return writeNpz(path, momentArrays(moments));
}

Expected<MomentTable> quantc::readMoments(StringRef path) {
  Expected<std::vector<NamedTensor>> arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  std::map<StringRef, std::map<StringRef, const HostTensor *>> parts;
  for (const NamedTensor &array : *arrays) {
    auto [name, part] = StringRef(array.name).rsplit(':');
    parts[name][part] = &array.tensor;
  }
  MomentTable table;
  for (auto &[name, arrays] : parts) {
    const HostTensor *tokens = arrays["tokens"], *sum = arrays["sum"], *columns = arrays["columns"];
    auto refuse = [&, name = name](const Twine &text) {
      return makeError(path + ": tensor '" + name + "': " + text);
    };
    if (!tokens || !sum || !columns)
      return refuse("expected arrays tokens, sum and columns");
    int64_t d = columns->rank() == 1 ? columns->dim(0) : 0;
    if (tokens->dtype() != DType::I64 || tokens->numElements() != 1 ||
        columns->dtype() != DType::F64 || sum->dtype() != DType::F64 || d < 1 ||
        sum->numElements() != d * (d + 1) / 2)
      return refuse("expected int64 tokens, and f64 sums of d (d + 1) / 2 and d numbers");
    ptq::Matrix matrix(d, d);
    const double *next = sum->values<double>().data();
    for (int64_t row = 0; row < d; ++row)
      for (int64_t column = row; column < d; ++column, ++next)
        matrix(row, column) = matrix(column, row) = *next;
    if ((matrix.diagonal().array() < 0).any())
      return refuse("expected sums of squares on the diagonal, but found a negative number");
    ptq::Vector sums = ptq::Vector::Map(columns->values<double>().data(), d);
    auto moment = ptq::SecondMoment::restore(tokens->values<int64_t>()[0], matrix, sums);
    if (!moment)
      return refuse(toString(moment.takeError()));
    table.try_emplace(name, std::move(*moment));
  }
  return table;
}
