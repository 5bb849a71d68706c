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
#include "quantc/Support/Errors.h"

using namespace mlir;
using namespace quantc;

MeanRows::MeanRows(const ptq::PatchGeometry &geometry)
    : geometry(geometry), sums(size_t(geometry.groups * geometry.rowSize())) {}

uint64_t MeanRows::memoryNeeded(const ptq::PatchGeometry &geometry) {
  return uint64_t(geometry.groups * geometry.rowSize()) * sizeof(double);
}

uint64_t MeanRows::patchesNeeded(const ptq::PatchGeometry &geometry) {
  return geometry.channelsLast
             ? 0
             : uint64_t(geometry.positions() * geometry.rowSize()) * sizeof(float);
}

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

/// The module's results become these values.
static void setResults(func::FuncOp main, ArrayRef<Value> values) {
  auto returnOp = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  returnOp.getOperandsMutable().assign(values);
  Builder builder(main.getContext());
  main.setFunctionType(
      builder.getFunctionType(main.getArgumentTypes(), TypeRange(ValueRange(values))));
  SmallVector<DictionaryAttr> attributes;
  for (size_t i = 0; i < values.size(); ++i)
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr("onnx.name", builder.getStringAttr("input:" + std::to_string(i)))));
  main.setAllResultAttrs(attributes);
}

llvm::Error MemoryBudget::check(uint64_t bytes, const llvm::Twine &purpose) const {
  if (fits(bytes))
    return llvm::Error::success();
  return makeError("expected a calibration memory cap of at least " + llvm::Twine(held + bytes) +
                   " bytes for " + purpose + ", but found " + llvm::Twine(*cap));
}

uint64_t quantc::inputBytes(LinearMapOpInterface op) {
  auto type = cast<RankedTensorType>(op.getInputOperand().get().getType());
  return uint64_t(type.getNumElements()) * sizeof(float);
}

namespace {
struct ObservedMap {
  MapKey key;
  Value input;
  uint64_t bytes;
};
} // namespace

static std::vector<ObservedMap> findObserved(func::FuncOp main, MapFilter wanted) {
  llvm::StringMap<size_t> mapsOfNode;
  std::vector<ObservedMap> found;
  main.walk([&](LinearMapOpInterface op) {
    if (!isConstant(op.getWeightOperand().get()))
      return;
    MapKey key(getNodeName(op), mapsOfNode[getNodeName(op)]++);
    if (wanted(op, key))
      found.push_back({std::move(key), op.getInputOperand().get(), inputBytes(op)});
  });
  return found;
}

/// One pass over the runs. Changes the results of `module`.
static llvm::Error observePart(ModuleOp module, ArrayRef<ObservedMap> part, DataSet &data,
                               ArrayRef<int64_t> runs, int threads, InputFn observe) {
  SmallVector<Value> inputs;
  for (const ObservedMap &map : part)
    inputs.push_back(map.input);
  setResults(module.lookupSymbol<func::FuncOp>("main"), inputs);
  auto model = compileInProcess(module, kernels::bestHostLevel(), threads);
  if (!model)
    return model.takeError();
  for (auto [i, run] : llvm::enumerate(runs)) {
    auto feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto outputs = (*model)->run(feedTensors(*feed));
    if (!outputs)
      return outputs.takeError();
    for (auto [map, output] : llvm::zip_equal(part, *outputs))
      if (llvm::Error error = observe(map.key, i, output))
        return error;
  }
  return llvm::Error::success();
}

llvm::Error quantc::observeInputs(ModuleOp module, DataSet &data, ArrayRef<int64_t> runs,
                                  int threads, const MemoryBudget &memory, MapFilter wanted,
                                  InputFn observe) {
  OwningOpRef<ModuleOp> copy = module.clone();
  auto main = copy->lookupSymbol<func::FuncOp>("main");
  main.walk([](qnn::ObserveOp op) {
    op.getResult().replaceAllUsesWith(op.getInput());
    op.erase();
  });
  std::vector<ObservedMap> maps = findObserved(main, wanted);
  uint64_t greatest = 0;
  for (const ObservedMap &map : maps)
    greatest = std::max(greatest, map.bytes);
  if (llvm::Error error = memory.check(greatest, "the inputs of one layer"))
    return error;
  for (size_t first = 0, last = 0; first < maps.size(); first = last) {
    uint64_t bytes = 0;
    for (; last < maps.size() && memory.fits(bytes + maps[last].bytes); ++last)
      bytes += maps[last].bytes;
    if (llvm::Error error = observePart(*copy, ArrayRef(maps).slice(first, last - first), data,
                                        runs, threads, observe))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<std::map<MapKey, MeanRows>> quantc::collectMeanRows(ModuleOp module, DataSet &data,
                                                                   ArrayRef<int64_t> runs,
                                                                   int threads,
                                                                   MemoryBudget memory) {
  std::map<MapKey, MeanRows> means;
  uint64_t sums = 0, patches = 0;
  auto count = [&](LinearMapOpInterface op, const MapKey &) {
    if (isCorrected(op)) {
      sums += MeanRows::memoryNeeded(*op.getPatches());
      patches = std::max(patches, MeanRows::patchesNeeded(*op.getPatches()));
    }
    return false;
  };
  findObserved(module.lookupSymbol<func::FuncOp>("main"), count);
  memory.held += sums + patches;
  auto wanted = [&](LinearMapOpInterface op, const MapKey &key) {
    if (isCorrected(op))
      means.try_emplace(key, *op.getPatches());
    return isCorrected(op);
  };
  auto observe = [&](const MapKey &key, size_t, const HostTensor &input) {
    means.find(key)->second.add(input);
    return llvm::Error::success();
  };
  if (llvm::Error error = observeInputs(module, data, runs, threads, memory, wanted, observe))
    return std::move(error);
  return means;
}
