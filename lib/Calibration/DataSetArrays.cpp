//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data sets over arrays that hold all samples, one array per input. The layout
// is decided from shapes alone, before any value is read, and slices are read
// when a run is asked for.
//
//===----------------------------------------------------------------------===//

#include "DataSetImpl.h"
#include "quantc/Support/Errors.h"

using namespace llvm;
using namespace quantc;

using Sources = std::vector<std::unique_ptr<ArraySource>>;

namespace {
class ArrayDataSet : public DataSet {
public:
  ArrayDataSet(Sources arrays, ArrayRef<InputSpec> inputs, const DataSetOptions &options,
               DataLayout layout, std::string label)
      : arrays(std::move(arrays)), inputs(inputs.begin(), inputs.end()), options(options),
        dataLayout(layout), label(std::move(label)) {
    samples = layout == DataLayout::WholeRuns ? 1 : this->arrays[0]->shape()[0];
    batch = layout == DataLayout::Batched ? options.batch : 1;
  }

  int64_t numRuns() const override { return samples / batch + (samples % batch != 0); }
  int64_t numSamples() const override { return samples; }
  DataLayout layout() const override { return dataLayout; }
  Expected<Feed> feed(int64_t index) override;

private:
  Expected<HostTensor> readInput(size_t index, int64_t begin, int64_t count);
  Error checkInput(const InputSpec &input, const HostTensor &tensor, int64_t begin);
  std::string describe(int64_t begin, int64_t count) const;

  Sources arrays;
  std::vector<InputSpec> inputs;
  DataSetOptions options;
  DataLayout dataLayout;
  std::string label;
  int64_t samples, batch;
};
} // namespace

std::string ArrayDataSet::describe(int64_t begin, int64_t count) const {
  if (dataLayout == DataLayout::WholeRuns)
    return label;
  std::string range =
      count == 1 ? "sample " + std::to_string(begin)
                 : "samples " + std::to_string(begin) + ".." + std::to_string(begin + count - 1);
  return range + " of " + label;
}

Expected<HostTensor> ArrayDataSet::readInput(size_t index, int64_t begin, int64_t count) {
  ArraySource &array = *arrays[index];
  if (dataLayout == DataLayout::WholeRuns)
    return array.readAll();
  Expected<HostTensor> tensor = array.read(begin, count);
  if (tensor && dataLayout == DataLayout::Stack)
    return tensor->reshaped(tensor->shape().drop_front());
  return tensor;
}

/// Checks values; in a batch sample by sample, to name the one that is wrong.
Error ArrayDataSet::checkInput(const InputSpec &input, const HostTensor &tensor, int64_t begin) {
  bool single = dataLayout != DataLayout::Batched;
  int64_t rows = single ? 1 : tensor.dim(0);
  for (int64_t row = 0; row < rows; ++row) {
    HostTensor part = single ? tensor : tensor.slice(row, 1);
    if (Error error = checkValues(input, part, options.checkFinite))
      return addContext(describe(begin + row, 1), std::move(error));
  }
  return Error::success();
}

Expected<Feed> ArrayDataSet::feed(int64_t index) {
  if (index < 0 || index >= numRuns())
    return makeError("expected a run inside [0, " + Twine(numRuns()) + "), but found " +
                     Twine(index));
  int64_t begin = index * batch, count = std::min(batch, samples - begin);
  Feed feed;
  feed.label = describe(begin, count);
  feed.numSamples = count;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Expected<HostTensor> tensor = readInput(i, begin, count);
    if (!tensor)
      return addContext(feed.label, tensor.takeError());
    if (Error error = checkInput(inputs[i], *tensor, begin))
      return std::move(error);
    feed.inputs.push_back({inputs[i].name, std::move(*tensor)});
  }
  if (Error error = checkDimNames(inputs, feed.inputs))
    return addContext(feed.label, std::move(error));
  return feed;
}

/// The arrays in the order of the inputs.
static Sources orderSources(Sources arrays, ArrayRef<InputSpec> inputs) {
  Sources ordered;
  for (const InputSpec &input : inputs)
    ordered.push_back(std::move(*llvm::find_if(
        arrays, [&](const auto &array) { return array && array->name() == input.name; })));
  return ordered;
}

static bool haveExtraRank(const Sources &arrays, ArrayRef<InputSpec> inputs, size_t extra) {
  for (auto [array, input] : llvm::zip_equal(arrays, inputs))
    if (array->shape().size() != input.dims.size() + extra)
      return false;
  return true;
}

/// Axis 0 is there, symbolic or 1 in every input, and equally long in all arrays.
static bool areBatched(const Sources &arrays, ArrayRef<InputSpec> inputs) {
  for (auto [array, input] : llvm::zip_equal(arrays, inputs))
    if (input.dims.empty() || (input.dims[0] >= 0 && input.dims[0] != 1) ||
        array->shape()[0] != arrays[0]->shape()[0])
      return false;
  return true;
}

static Error checkBatch(ArrayRef<InputSpec> inputs, int64_t batch) {
  for (const InputSpec &input : inputs)
    if (batch > 1 && input.dims[0] >= 0)
      return makeError("expected a symbolic axis 0 to run " + Twine(batch) +
                       " samples at a time, but found shape " + shapeToString(input.dims) +
                       " of input '" + input.name + "'");
  return Error::success();
}

/// The layout of arrays whose ranks are those of the inputs or all one more.
static DataLayout decideLayout(const Sources &arrays, ArrayRef<InputSpec> inputs) {
  if (haveExtraRank(arrays, inputs, 1))
    return DataLayout::Stack;
  if (haveExtraRank(arrays, inputs, 0) && areBatched(arrays, inputs))
    return DataLayout::Batched;
  return DataLayout::WholeRuns;
}

static Error checkShapes(const Sources &arrays, ArrayRef<InputSpec> inputs, DataLayout layout) {
  int64_t samples = layout == DataLayout::WholeRuns ? 1 : arrays[0]->shape()[0];
  for (auto [array, input] : llvm::zip_equal(arrays, inputs)) {
    std::vector<int64_t> shape = array->shape().vec();
    if (layout == DataLayout::Stack) {
      if (shape[0] != samples)
        return makeError("expected as many samples in every array, but found " + Twine(samples) +
                         " in '" + arrays[0]->name() + "' and " + Twine(shape[0]) + " in '" +
                         array->name() + "'");
      shape.erase(shape.begin());
    } else if (layout == DataLayout::Batched && input.dims[0] >= 0) {
      shape[0] = input.dims[0];
    }
    if (Error error = checkTypeAndShape(input, array->dtype(), shape))
      return error;
  }
  if (samples == 0)
    return makeError("expected at least one sample, but found none");
  return Error::success();
}

Expected<std::unique_ptr<DataSet>> quantc::makeArrayDataSet(Sources arrays,
                                                            ArrayRef<InputSpec> inputs,
                                                            const DataSetOptions &options,
                                                            std::string label) {
  auto build = [&]() -> Expected<std::unique_ptr<DataSet>> {
    if (options.batch < 1)
      return makeError("expected a batch of at least 1, but found " + Twine(options.batch));
    if (Error error = checkSignature(inputs))
      return std::move(error);
    std::vector<std::string> names;
    for (const auto &array : arrays)
      names.push_back(array->name().str());
    if (Error error = checkNames(names, inputs))
      return std::move(error);
    arrays = orderSources(std::move(arrays), inputs);
    DataLayout layout = decideLayout(arrays, inputs);
    if (Error error = checkShapes(arrays, inputs, layout))
      return std::move(error);
    if (layout == DataLayout::Batched)
      if (Error error = checkBatch(inputs, options.batch))
        return std::move(error);
    return std::make_unique<ArrayDataSet>(std::move(arrays), inputs, options, layout, label);
  };
  Expected<std::unique_ptr<DataSet>> result = build();
  if (!result)
    return addContext(label, result.takeError());
  return result;
}
