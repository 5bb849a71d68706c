//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Mean inputs of linear maps on compiled float code; see LayerMeans.h.
//
//===----------------------------------------------------------------------===//

#include "LayerMeans.h"
#include "Feeds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;

MeanRows::MeanRows(const ptq::PatchGeometry &geometry)
    : geometry(geometry), sums(size_t(geometry.groups * geometry.rowSize())) {}

void MeanRows::add(const HostTensor &input) {
  ArrayRef<float> values = input.values<float>();
  int64_t size = geometry.rowSize();
  auto addRows = [&](const float *from, int64_t group, int64_t count) {
    for (int64_t i = 0; i < count * size; ++i)
      sums[size_t(group * size + i % size)] += from[i];
  };
  if (geometry.channelsLast) {
    addRows(values.data(), 0, int64_t(values.size()) / size);
    rows += int64_t(values.size()) / size;
    return;
  }
  int64_t positions = geometry.positions(), sample = geometry.sampleSize();
  std::vector<float> patches(size_t(positions * size));
  for (size_t at = 0; at + size_t(sample) <= values.size(); at += size_t(sample)) {
    for (int64_t group = 0; group < geometry.groups; ++group) {
      geometry.patches(values.data() + at, group, 0, positions, patches.data());
      addRows(patches.data(), group, positions);
    }
    rows += positions;
  }
}

std::vector<double> MeanRows::shift(ArrayRef<float> from, ArrayRef<float> to) const {
  size_t size = size_t(geometry.rowSize()), channels = from.size() / size;
  size_t perGroup = channels / size_t(geometry.groups);
  std::vector<double> result(channels);
  for (size_t i = 0; i < from.size(); ++i)
    result[i / size] +=
        (double(to[i]) - from[i]) * sums[i / size / perGroup * size + i % size] / double(rows);
  return result;
}

static bool isConstant(Value value) {
  ElementsAttr elements = value ? getConstantElements(value) : ElementsAttr();
  return elements && elements.getElementType().isF32();
}

static bool isCorrected(LinearMapOpInterface op) {
  return isConstant(op.getBiasValue()) && op.getWeightOutputAxis() == 0 &&
         op.getResultChannelAxis() == 1 && op.getPatches() &&
         llvm::none_of(op->getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
}

llvm::Expected<std::map<MapKey, MeanRows>>
quantc::collectMeanRows(ModuleOp module, DataSet &data, ArrayRef<int64_t> runs, int threads) {
  std::map<MapKey, MeanRows> means;
  OwningOpRef<ModuleOp> copy = module.clone();
  auto main = copy->lookupSymbol<func::FuncOp>("main");
  main.walk([](qnn::ObserveOp op) {
    op.getResult().replaceAllUsesWith(op.getInput());
    op.erase();
  });
  llvm::StringMap<size_t> mapsOfNode;
  std::vector<MeanRows *> observed;
  SmallVector<Value> inputs;
  main.walk([&](LinearMapOpInterface op) {
    if (!isConstant(op.getWeightOperand().get()))
      return;
    std::string node = getNodeName(op);
    size_t number = mapsOfNode[node]++;
    if (!isCorrected(op))
      return;
    observed.push_back(&means.try_emplace({node, number}, *op.getPatches()).first->second);
    inputs.push_back(op.getInputOperand().get());
  });
  if (means.empty())
    return means;
  // The inputs are the only outputs.
  auto returnOp = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  returnOp.getOperandsMutable().assign(inputs);
  Builder builder(copy->getContext());
  main.setFunctionType(
      builder.getFunctionType(main.getArgumentTypes(), TypeRange(ValueRange(inputs))));
  SmallVector<DictionaryAttr> attributes;
  for (size_t i = 0; i < inputs.size(); ++i)
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr("onnx.name", builder.getStringAttr("input:" + std::to_string(i)))));
  main.setAllResultAttrs(attributes);
  auto model = compileInProcess(*copy, kernels::bestHostLevel(), threads);
  if (!model)
    return model.takeError();
  for (int64_t run : runs) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto outputs = (*model)->run(feedTensors(*feed));
    if (!outputs)
      return outputs.takeError();
    for (auto [rows, output] : llvm::zip_equal(observed, *outputs))
      rows->add(output);
  }
  return means;
}
