//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See CrossMoments.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/CrossMoments.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Support/Errors.h"
#include <cmath>
#include <optional>

using namespace llvm;
using namespace quantc;

namespace {
/// One tensor in both models.
struct Pair {
  int floatId, id;
  int64_t channels = 0;
  std::vector<float> values; ///< of the float model in this run
  std::optional<CrossMoments> moments;
};

class Collection {
public:
  Collection(DataSet &data, Executor &floatModel, Executor &quantizedModel,
             const MomentOptions &options)
      : data(data), floatModel(floatModel), quantizedModel(quantizedModel), options(options) {}

  Error match();
  Error measure();
  Expected<std::vector<std::vector<size_t>>> plan() const;
  /// One run for the pairs `chosen`.
  Error run(int64_t index, ArrayRef<size_t> chosen);
  CrossMomentTable table();

private:
  Error add(Pair &pair, ArrayRef<float> values, ArrayRef<int64_t> shape);
  /// Runs `executor` and hands over the tensors that `idOf` names.
  Error observe(Executor &executor, const Feed &feed, ArrayRef<size_t> chosen, int Pair::*idOf,
                function_ref<Error(Pair &, ArrayRef<float>, ArrayRef<int64_t>)> take);

  DataSet &data;
  Executor &floatModel, &quantizedModel;
  const MomentOptions &options;
  std::vector<Pair> pairs;
};
} // namespace

Error Collection::match() {
  StringMap<int> ids;
  for (size_t id = 0; id < floatModel.observed().size(); ++id)
    ids[floatModel.observed()[id].name] = int(id);
  for (size_t id = 0; id < quantizedModel.observed().size(); ++id) {
    const std::string &name = quantizedModel.observed()[id].name;
    auto other = ids.find(name);
    if (other == ids.end())
      return makeError("expected tensor '" + name + "' in the float model too");
    pairs.push_back({other->second, int(id), 0, {}, std::nullopt});
  }
  return Error::success();
}

Error Collection::observe(Executor &executor, const Feed &feed, ArrayRef<size_t> chosen,
                          int Pair::*idOf,
                          function_ref<Error(Pair &, ArrayRef<float>, ArrayRef<int64_t>)> take) {
  std::vector<int> ids;
  std::vector<Pair *> byId(executor.observed().size());
  for (size_t index : chosen) {
    ids.push_back(pairs[index].*idOf);
    byId[size_t(ids.back())] = &pairs[index];
  }
  Error failure = Error::success();
  auto receive = [&](int id, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    if (failure) // the first one is reported
      return;
    if (Error error = take(*byId[size_t(id)], values, shape))
      failure = addContext("tensor '" + executor.observed()[id].name + "'", std::move(error));
  };
  Error error = executor.run(feed, ids, receive);
  if (!failure && !error)
    return Error::success();
  return addContext(feed.label, joinErrors(std::move(failure), std::move(error)));
}

Error Collection::measure() {
  Expected<Feed> feed = data.feed(0);
  if (!feed)
    return feed.takeError();
  std::vector<size_t> all(pairs.size());
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = i;
  return observe(quantizedModel, *feed, all, &Pair::id,
                 [](Pair &pair, ArrayRef<float>, ArrayRef<int64_t> shape) -> Error {
                   if (shape.empty() || shape.back() == 0)
                     return makeError("expected a tensor with channels along its last axis");
                   pair.channels = shape.back();
                   return Error::success();
                 });
}

Expected<std::vector<std::vector<size_t>>> Collection::plan() const {
  std::vector<std::vector<size_t>> passes(1);
  uint64_t used = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto bytes = uint64_t(ptq::SecondMoment::memoryNeeded(pairs[i].channels) +
                                ptq::CrossMoment::memoryNeeded(pairs[i].channels));
    if (options.memoryCap && bytes > *options.memoryCap)
      return makeError("expected a calibration memory cap of at least " + Twine(bytes) +
                       " bytes for moments of two models, but found " + Twine(*options.memoryCap));
    if (options.memoryCap && used + bytes > *options.memoryCap && !passes.back().empty()) {
      passes.emplace_back();
      used = 0;
    }
    passes.back().push_back(i);
    used += bytes;
  }
  return passes;
}

Error Collection::add(Pair &pair, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  if (shape.empty() || shape.back() != pair.channels || values.size() != pair.values.size())
    return makeError("expected " + Twine(pair.values.size()) +
                     " values, as in the float model, "
                     "but found " +
                     Twine(values.size()));
  if (!all_of(values, [](float value) { return std::isfinite(value); }) ||
      !all_of(pair.values, [](float value) { return std::isfinite(value); }))
    return makeError("expected finite values");
  if (!pair.moments)
    pair.moments = CrossMoments{ptq::SecondMoment(pair.channels), ptq::CrossMoment(pair.channels)};
  auto parallel = [&](int64_t count, function_ref<void(int64_t)> task) {
    runOnThreads(options.threads, count, task);
  };
  const int64_t rows = int64_t(values.size()) / pair.channels;
  pair.moments->moment.addRows(values.data(), rows, parallel);
  pair.moments->moment.endSample(parallel);
  pair.moments->cross.addRows(pair.values.data(), values.data(), rows, parallel);
  pair.moments->cross.endSample(parallel);
  pair.values = {};
  return Error::success();
}

Error Collection::run(int64_t index, ArrayRef<size_t> chosen) {
  Expected<Feed> feed = data.feed(index);
  if (!feed)
    return feed.takeError();
  if (Error error = observe(floatModel, *feed, chosen, &Pair::floatId,
                            [](Pair &pair, ArrayRef<float> values, ArrayRef<int64_t>) -> Error {
                              pair.values.assign(values.begin(), values.end());
                              return Error::success();
                            }))
    return error;
  return observe(quantizedModel, *feed, chosen, &Pair::id,
                 [this](Pair &pair, ArrayRef<float> values, ArrayRef<int64_t> shape) {
                   return add(pair, values, shape);
                 });
}

CrossMomentTable Collection::table() {
  CrossMomentTable result;
  for (Pair &pair : pairs)
    if (pair.moments)
      result.try_emplace(quantizedModel.observed()[size_t(pair.id)].name, std::move(*pair.moments));
  return result;
}

Expected<CrossMomentTable> quantc::collectCrossMoments(DataSet &data, Executor &floatModel,
                                                       Executor &quantizedModel,
                                                       const MomentOptions &options) {
  const int64_t end = options.endRun < 0 ? data.numRuns() : options.endRun;
  if (end < 1 || end > data.numRuns())
    return makeError("expected 1 to " + Twine(data.numRuns()) + " runs, but found " + Twine(end));
  Collection collection(data, floatModel, quantizedModel, options);
  if (Error error = collection.match())
    return std::move(error);
  if (Error error = collection.measure())
    return std::move(error);
  Expected<std::vector<std::vector<size_t>>> passes = collection.plan();
  if (!passes)
    return passes.takeError();
  uint64_t done = 0;
  for (const std::vector<size_t> &chosen : *passes)
    for (int64_t run = 0; run < end; ++run) {
      if (Error error = collection.run(run, chosen))
        return std::move(error);
      if (options.progress)
        options.progress("moments of both models", ++done, passes->size() * uint64_t(end));
    }
  return collection.table();
}

//===----------------------------------------------------------------------===//
// File
//===----------------------------------------------------------------------===//

Error quantc::writeCrossMoments(StringRef path, const CrossMomentTable &table) {
  MomentTable moments;
  std::vector<StringRef> names;
  for (const auto &[name, both] : table) {
    moments.try_emplace(name, both.moment);
    names.push_back(name);
  }
  llvm::sort(names);
  std::vector<NamedTensor> arrays = momentArrays(moments);
  for (StringRef name : names) {
    const ptq::Matrix sum = table.find(name)->second.cross.sum();
    arrays.push_back({(name + ":cross").str(),
                      HostTensor::from<double>({sum.rows(), sum.cols()},
                                               ArrayRef(sum.data(), size_t(sum.size())))});
  }
  return writeNpz(path, arrays);
}

Expected<CrossMomentTable> quantc::readCrossMoments(StringRef path) {
  Expected<MomentTable> moments = readMoments(path);
  if (!moments)
    return moments.takeError();
  Expected<std::vector<NamedTensor>> arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  StringMap<const HostTensor *> found;
  for (const NamedTensor &array : *arrays)
    if (StringRef name = array.name; name.consume_back(":cross"))
      found[name] = &array.tensor;
  CrossMomentTable table;
  for (auto &[name, moment] : *moments) {
    const HostTensor *tensor = found.lookup(name);
    const int64_t d = moment.channels();
    if (!tensor || tensor->dtype() != DType::F64 || tensor->numElements() != d * d)
      return makeError(path + ": tensor '" + name + "': expected an array cross of " + Twine(d) +
                       " x " + Twine(d) + " f64 numbers");
    ptq::Matrix sum = ptq::Matrix::Map(tensor->values<double>().data(), d, d);
    Expected<ptq::CrossMoment> cross = ptq::CrossMoment::restore(moment.tokens(), sum);
    if (!cross)
      return addContext(path + ": tensor '" + name + "'", cross.takeError());
    table.try_emplace(name, CrossMoments{std::move(moment), std::move(*cross)});
  }
  return table;
}
