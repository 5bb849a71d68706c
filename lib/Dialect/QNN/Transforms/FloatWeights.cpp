//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float weights and biases of linear maps as editable arrays, and the channel summaries that
// equalization and bias correction decide by.
//
//===----------------------------------------------------------------------===//

#include "FloatWeights.h"
#include "Nodes.h"
#include "mlir/IR/Builders.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// FloatWeights
//===----------------------------------------------------------------------===//

std::optional<FloatWeights> FloatWeights::load(LinearMapOpInterface op) {
  FloatWeights result;
  result.op = op;
  auto values = readFloats(getConstantElements(op.getWeightOperand().get()));
  auto type = cast<RankedTensorType>(op.getWeightOperand().get().getType());
  if (!values || type.getRank() < 2 || op.getWeightOutputAxis() != 0 ||
      !type.getElementType().isF32())
    return std::nullopt;
  result.shape = type.getShape().vec();
  result.weight = std::move(*values);
  result.bias.assign(static_cast<size_t>(result.outputs()), 0.0);
  if (Value bias = op.getBiasValue()) {
    auto biasValues = readFloats(getConstantElements(bias));
    if (!biasValues || biasValues->size() != result.bias.size())
      return std::nullopt;
    result.bias.assign(biasValues->begin(), biasValues->end());
  }
  return result;
}

int64_t FloatWeights::kernelSize() const {
  int64_t size = 1;
  for (int64_t dim : llvm::drop_begin(shape, 2))
    size *= dim;
  return size;
}

MutableArrayRef<float> FloatWeights::taps(int64_t o, int64_t c) {
  int64_t size = kernelSize();
  return {weight.data() + (o * inputs() + c) * size, static_cast<size_t>(size)};
}

MutableArrayRef<float> FloatWeights::row(int64_t o) {
  int64_t size = inputs() * kernelSize();
  return {weight.data() + o * size, static_cast<size_t>(size)};
}

void FloatWeights::store() {
  OpBuilder builder(op);
  std::string name = getLocationName(op.getLoc()).str();
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  op.getWeightOperand().set(nn::ConstantOp::create(
      builder, op.getLoc(), type, makeFloatWeights(type, weight, name + ".weight")));
  std::vector<float> rounded(bias.begin(), bias.end());
  auto biasType = RankedTensorType::get({outputs()}, builder.getF32Type());
  op.setBiasValue(nn::ConstantOp::create(builder, op.getLoc(), biasType,
                                         makeFloatWeights(biasType, rounded, name + ".bias")));
}

//===----------------------------------------------------------------------===//
// Channel summaries
//===----------------------------------------------------------------------===//

/// Adds a tensor [outer, channels, inner...]. False when the number of channels changes.
static bool addTensor(ChannelSummary &summary, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  size_t channels = static_cast<size_t>(shape[1]), inner = 1;
  for (int64_t dim : shape.drop_front(2))
    inner *= static_cast<size_t>(dim);
  if (summary.sum.empty()) {
    summary.min.assign(channels, std::numeric_limits<double>::infinity());
    summary.max.assign(channels, -std::numeric_limits<double>::infinity());
    summary.sum.assign(channels, 0.0);
  }
  if (summary.sum.size() != channels)
    return false;
  const float *value = values.data();
  for (int64_t n = 0; n < shape[0]; ++n)
    for (size_t c = 0; c < channels; ++c) {
      float lo = summary.min[c], hi = summary.max[c];
      double sum = 0;
      for (size_t i = 0; i < inner; ++i, ++value) {
        lo = std::min(lo, *value);
        hi = std::max(hi, *value);
        sum += *value;
      }
      summary.min[c] = lo;
      summary.max[c] = hi;
      summary.sum[c] += sum;
    }
  summary.count += static_cast<uint64_t>(shape[0]) * inner;
  return true;
}

llvm::Expected<ChannelSummaries> qnn::collectChannels(Executor &executor, DataSet &data,
                                                      ArrayRef<int64_t> runs,
                                                      const ProgressFn &progress) {
  ChannelSummaries summaries;
  ArrayRef<ObservedTensor> tensors = executor.observed();
  SmallVector<int> ids = llvm::to_vector(llvm::seq<int>(0, static_cast<int>(tensors.size())));
  std::string changed;
  for (auto [index, run] : llvm::enumerate(runs)) {
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto observe = [&](int id, ArrayRef<float> values, ArrayRef<int64_t> shape) {
      if (shape.size() >= 2 && !addTensor(summaries[tensors[id].name], values, shape))
        changed = tensors[id].name;
    };
    if (llvm::Error error = executor.run(*feed, ids, observe))
      return addContext(feed->label, std::move(error));
    if (!changed.empty())
      return makeError(feed->label + ": expected tensor '" + changed +
                       "' to have the channels it had before, but found others");
    if (progress)
      progress("measuring channels", index + 1, runs.size());
  }
  return summaries;
}

std::vector<int64_t> qnn::evenlySpacedRuns(int64_t total, int64_t count) {
  std::vector<int64_t> runs;
  count = std::min(total, count);
  for (int64_t i = 0; i < count; ++i)
    runs.push_back(count == 1 ? 0 : i * (total - 1) / (count - 1));
  return runs;
}
