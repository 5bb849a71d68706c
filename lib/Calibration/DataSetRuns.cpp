//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data sets of ready-made runs: a file or folder each, loaded when asked for, or
// tensors in memory.
//
//===----------------------------------------------------------------------===//

#include "DataSetImpl.h"
#include "quantc/Support/Errors.h"

using namespace llvm;
using namespace quantc;

namespace {
class RunDataSet : public DataSet {
public:
  RunDataSet(std::vector<LazyRun> runs, ArrayRef<InputSpec> inputs, const DataSetOptions &options)
      : runs(std::move(runs)), inputs(inputs.begin(), inputs.end()), options(options) {}

  int64_t numRuns() const override { return runs.size(); }
  int64_t numSamples() const override { return runs.size(); }
  DataLayout layout() const override { return DataLayout::WholeRuns; }

  Expected<Feed> feed(int64_t index) override {
    if (index < 0 || index >= numRuns())
      return makeError("expected a run inside [0, " + Twine(numRuns()) + "), but found " +
                       Twine(index));
    Expected<std::vector<NamedTensor>> tensors = runs[index].load();
    if (!tensors)
      return tensors.takeError();
    Feed feed;
    feed.label = runs[index].label;
    feed.inputs = std::move(*tensors);
    if (Error error = checkRun(feed.inputs, inputs, options.checkFinite, feed.label))
      return std::move(error);
    return feed;
  }

private:
  std::vector<LazyRun> runs;
  std::vector<InputSpec> inputs;
  DataSetOptions options;
};
} // namespace

std::unique_ptr<DataSet> quantc::makeRunDataSet(std::vector<LazyRun> runs,
                                                ArrayRef<InputSpec> inputs,
                                                const DataSetOptions &options) {
  return std::make_unique<RunDataSet>(std::move(runs), inputs, options);
}

Expected<std::unique_ptr<DataSet>> DataSet::fromRuns(std::vector<std::vector<NamedTensor>> runs,
                                                     ArrayRef<InputSpec> inputs,
                                                     const DataSetOptions &options) {
  if (Error error = checkSignature(inputs))
    return std::move(error);
  if (runs.empty())
    return makeError("expected at least one run, but found none");
  std::vector<LazyRun> lazy;
  for (std::vector<NamedTensor> &run : runs) {
    std::string label = "run " + std::to_string(lazy.size());
    lazy.push_back({std::move(label), [run = std::move(run)] { return run; }});
  }
  return makeRunDataSet(std::move(lazy), inputs, options);
}
