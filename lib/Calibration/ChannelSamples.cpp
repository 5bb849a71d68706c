//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranges and sample rows of observed tensors; see ChannelSamples.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/ChannelSamples.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Support/Errors.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

using namespace llvm;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Collection
//===----------------------------------------------------------------------===//

namespace {
/// One tensor, in progress.
class Collector {
public:
  Collector(const ptq::PatchGeometry &geometry, int64_t rows, int64_t runs);

  Error add(ArrayRef<float> values, ArrayRef<int64_t> shape, int64_t run);
  ChannelSample finish();

  /// The most that ranges and rows take.
  uint64_t bytes() const {
    return 4 * sizeof(double) * geometry.channels +
           (share(false) * searchRuns + share(true) * checkRuns + 1) * sample.width * sizeof(float);
  }

private:
  /// Most rows of a run.
  int64_t share(bool isCheck) const;

  void addRange(const float *values, int64_t samples);
  void addRows(const float *values, int64_t samples, int64_t run);

  ptq::PatchGeometry geometry;
  int64_t rows, runs, searchRuns = 0, checkRuns = 0;
  std::vector<double> sums;
  ChannelSample sample;
};
} // namespace

Collector::Collector(const ptq::PatchGeometry &geometry, int64_t rows, int64_t runs)
    : geometry(geometry), rows(rows), runs(runs) {
  for (int64_t run = 0; run < runs; ++run)
    ++(isHeldOut(run, runs) ? checkRuns : searchRuns);
  sample.width = geometry.channels * geometry.taps();
  sample.min.assign(geometry.channels, std::numeric_limits<double>::infinity());
  sample.max.assign(geometry.channels, -std::numeric_limits<double>::infinity());
  sums.assign(geometry.channels, 0.0);
}

/// Elements of a channel that lie next to each other, and between channels of one sample.
static int64_t planeOf(const ptq::PatchGeometry &geometry) {
  return geometry.channelsLast ? 1 : geometry.sampleSize() / geometry.channels;
}

void Collector::addRange(const float *values, int64_t samples) {
  int64_t plane = planeOf(geometry);
  for (int64_t n = 0; n < samples; ++n)
    for (int64_t c = 0; c < geometry.channels; ++c) {
      double lo = sample.min[c], hi = sample.max[c], sum = 0;
      for (int64_t i = 0; i < plane; ++i, ++values) {
        lo = std::min<double>(lo, *values);
        hi = std::max<double>(hi, *values);
        sum += std::fabs(*values);
      }
      sample.min[c] = lo;
      sample.max[c] = hi;
      sums[c] += sum;
    }
  sample.count += samples * plane;
}

int64_t Collector::share(bool isCheck) const {
  int64_t wanted = isCheck ? rows / 2 : checkRuns > 0 ? rows : rows + rows / 2;
  int64_t among = isCheck ? checkRuns : searchRuns;
  return among ? (wanted + among - 1) / among : 0;
}

/// A run gives the same number of rows as others of its kind, evenly spaced, beginning elsewhere
/// each time: a position that is special (a first token) is not always or never among them.
void Collector::addRows(const float *values, int64_t samples, int64_t run) {
  bool apart = checkRuns > 0;
  bool isCheck = isHeldOut(run, runs);
  int64_t total = samples * (geometry.channelsLast ? 1 : geometry.positions());
  int64_t share = std::min(this->share(isCheck), total);
  int64_t group = sample.width / geometry.groups;
  std::vector<float> row(sample.width);
  for (int64_t k = 0; k < share; ++k) {
    int64_t at = (k * total + run * 40503 % total) / share % total;
    if (geometry.channelsLast)
      std::copy_n(values + at * sample.width, sample.width, row.data());
    else
      for (int64_t g = 0; g < geometry.groups; ++g)
        geometry.patches(values + at / geometry.positions() * geometry.sampleSize(), g,
                         at % geometry.positions(), 1, row.data() + g * group);
    bool check = apart ? isCheck : k % 3 == 2;
    llvm::append_range(check ? sample.check : sample.search, row);
  }
}

Error Collector::add(ArrayRef<float> values, ArrayRef<int64_t> shape, int64_t run) {
  int64_t size = geometry.channelsLast ? geometry.channels : geometry.sampleSize();
  if (size < 1 || shape.empty() || static_cast<int64_t>(values.size()) % size)
    return makeError("expected samples of " + Twine(size) + " values, but found " +
                     Twine(values.size()));
  if (!all_of(values, [](float value) { return std::isfinite(value); }))
    return makeError("expected finite values");
  int64_t samples = static_cast<int64_t>(values.size()) / size;
  if (samples == 0)
    return Error::success();
  addRange(values.data(), samples);
  addRows(values.data(), samples, run);
  return Error::success();
}

ChannelSample Collector::finish() {
  for (double sum : sums)
    sample.meanAbs.push_back(sum / static_cast<double>(std::max<int64_t>(sample.count, 1)));
  return std::move(sample);
}

Expected<ChannelSampleTable>
quantc::collectChannelSamples(DataSet &data, Executor &executor,
                              const StringMap<ptq::PatchGeometry> &geometry,
                              const ChannelSampleOptions &options) {
  ArrayRef<ObservedTensor> tensors = executor.observed();
  std::vector<int> ids;
  std::map<int, Collector> collectors;
  for (auto [id, tensor] : enumerate(tensors)) {
    auto found = geometry.find(tensor.name);
    if (found == geometry.end())
      continue;
    ids.push_back(static_cast<int>(id));
    collectors.emplace(static_cast<int>(id),
                       Collector(found->second, options.rows, data.numRuns()));
  }
  uint64_t needed = 0;
  for (auto &[id, collector] : collectors)
    needed += collector.bytes();
  if (needed > options.memoryCap)
    return makeError("expected a calibration memory cap of at least " + Twine(needed) +
                     " bytes for samples of channels, but found " + Twine(options.memoryCap));
  for (int64_t run = 0; run < data.numRuns(); ++run) {
    Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    Error failure = Error::success();
    auto observe = [&](int id, ArrayRef<float> values, ArrayRef<int64_t> shape) {
      if (failure) // the first one is reported
        return;
      if (Error error = collectors.find(id)->second.add(values, shape, run))
        failure = addContext("tensor '" + tensors[id].name + "'", std::move(error));
    };
    Error error = executor.run(*feed, ids, observe);
    if (failure) {
      consumeError(std::move(error));
      return addContext(feed->label, std::move(failure));
    }
    if (error)
      return addContext(feed->label, std::move(error));
    if (options.progress)
      options.progress("sampling channels", run + 1, data.numRuns());
  }
  ChannelSampleTable table;
  for (auto &[id, collector] : collectors)
    table[tensors[id].name] = collector.finish();
  return table;
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

Error quantc::writeChannelSamples(StringRef path, const ChannelSampleTable &table) {
  std::vector<StringRef> names(table.keys().begin(), table.keys().end());
  llvm::sort(names);
  std::vector<NamedTensor> arrays;
  for (StringRef name : names) {
    const ChannelSample &sample = table.find(name)->second;
    auto add = [&](const char *part, HostTensor tensor) {
      arrays.push_back({(name + ":" + part).str(), std::move(tensor)});
    };
    auto rows = [&](ArrayRef<float> values) {
      int64_t count = sample.width ? static_cast<int64_t>(values.size()) / sample.width : 0;
      return HostTensor::from<float>({count, sample.width}, values);
    };
    add("count", HostTensor::from<int64_t>({}, {sample.count}));
    add("min", HostTensor::from<double>({sample.inputs()}, sample.min));
    add("max", HostTensor::from<double>({sample.inputs()}, sample.max));
    add("abs", HostTensor::from<double>({sample.inputs()}, sample.meanAbs));
    add("search", rows(sample.search));
    add("check", rows(sample.check));
  }
  return writeNpz(path, arrays);
}

namespace {
/// The arrays of one tensor in a file.
struct Parts {
  std::map<StringRef, const HostTensor *> arrays;

  Expected<std::vector<double>> numbers(StringRef part) const {
    auto found = arrays.find(part);
    if (found == arrays.end() || found->second->dtype() != DType::F64 || found->second->rank() != 1)
      return makeError("expected a list of f64 '" + part + "'");
    ArrayRef<double> values = found->second->values<double>();
    if (!all_of(values, [](double value) { return std::isfinite(value); }))
      return makeError("expected finite values of '" + part + "'");
    return values.vec();
  }
  Expected<std::vector<float>> rows(StringRef part, int64_t &width) const {
    auto found = arrays.find(part);
    if (found == arrays.end() || found->second->dtype() != DType::F32 ||
        found->second->rank() != 2 || (width && found->second->dim(1) != width))
      return makeError("expected rows of f32 '" + part + "' of one width");
    width = found->second->dim(1);
    ArrayRef<float> values = found->second->values<float>();
    if (!all_of(values, [](float value) { return std::isfinite(value); }))
      return makeError("expected finite values of '" + part + "'");
    return values.vec();
  }
};
} // namespace

static Expected<ChannelSample> readSample(const Parts &parts) {
  ChannelSample sample;
  auto count = parts.arrays.find("count");
  if (count == parts.arrays.end() || count->second->dtype() != DType::I64 ||
      count->second->numElements() != 1)
    return makeError("expected an int64 'count'");
  sample.count = count->second->values<int64_t>().front();
  for (auto [part, field] : {std::pair("min", &sample.min), std::pair("max", &sample.max),
                             std::pair("abs", &sample.meanAbs)}) {
    Expected<std::vector<double>> values = parts.numbers(part);
    if (!values)
      return values.takeError();
    *field = std::move(*values);
  }
  for (auto [part, field] :
       {std::pair("search", &sample.search), std::pair("check", &sample.check)}) {
    Expected<std::vector<float>> values = parts.rows(part, sample.width);
    if (!values)
      return values.takeError();
    *field = std::move(*values);
  }
  size_t inputs = sample.min.size();
  if (inputs == 0 || sample.max.size() != inputs || sample.meanAbs.size() != inputs ||
      sample.width % sample.inputs())
    return makeError("expected lists of one length, and rows of a multiple of it");
  if (sample.search.empty())
    return makeError("expected rows of 'search', but found none");
  return sample;
}

Expected<ChannelSampleTable> quantc::readChannelSamples(StringRef path) {
  Expected<std::vector<NamedTensor>> arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  std::map<StringRef, Parts> tensors;
  for (const NamedTensor &array : *arrays) {
    auto [name, part] = StringRef(array.name).rsplit(':');
    tensors[name].arrays[part] = &array.tensor;
  }
  ChannelSampleTable table;
  for (auto &[name, parts] : tensors) {
    Expected<ChannelSample> sample = readSample(parts);
    if (!sample)
      return addContext((path + ": tensor '" + name + "'").str(), sample.takeError());
    table[name] = std::move(*sample);
  }
  return table;
}
