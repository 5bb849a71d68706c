//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emission of a folded dataflow design as a project for high-level synthesis, with golden vectors
// from the interpreter.
//
//===----------------------------------------------------------------------===//

#include "Feeds.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Reference/Interpreter.h"
#include "quantc/Target/HLS/EmitProject.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

/// The integer graph with integers at its border: what the design computes.
static OwningOpRef<ModuleOp> integerBorder(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline("convert-nn-to-dyad{io-type=int8}", pm)) || failed(pm.run(*copy)))
    return {};
  return copy;
}

static std::vector<std::vector<int64_t>> codesOf(llvm::ArrayRef<HostTensor> tensors) {
  std::vector<std::vector<int64_t>> all;
  for (const HostTensor &tensor : tensors) {
    std::vector<int64_t> codes(static_cast<size_t>(tensor.numElements()));
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = tensor.asInt(int64_t(i));
    all.push_back(std::move(codes));
  }
  return all;
}

/// Extreme inputs, then `frames` runs of the data, each with the interpreter's answer.
static llvm::Expected<std::vector<hls::GoldenFrame>>
goldenFrames(ModuleOp module, DataSet *data, int64_t frames, const ProgressFn &progress) {
  auto interpreter = Interpreter::create(module);
  if (!interpreter)
    return interpreter.takeError();
  std::vector<ModelTensor> inputs = borderInputs(module);
  std::vector<hls::GoldenFrame> golden;
  auto add = [&](const std::vector<HostTensor> &feed) -> llvm::Error {
    auto outputs = interpreter->run(feed);
    if (!outputs)
      return outputs.takeError();
    golden.push_back({codesOf(feed), codesOf(*outputs)});
    return llvm::Error::success();
  };
  for (const std::vector<HostTensor> &feed : extremeFeeds(inputs))
    if (llvm::Error error = add(feed))
      return std::move(error);
  int64_t runs = data ? data->numRuns() : 0;
  runs = frames < 0 ? runs : std::min(frames, runs);
  for (int64_t i = 0; i < runs; ++i) {
    if (progress)
      progress("golden vectors", i, runs);
    auto feed = data->feed(i);
    if (!feed)
      return feed.takeError();
    if (llvm::Error error = add(quantizeFeed(inputs, feedTensors(*feed))))
      return std::move(error);
  }
  if (progress && runs)
    progress("golden vectors", runs, runs);
  return golden;
}

static std::string summary(hls::DesignOp design, const DataflowEstimate &estimate) {
  const hls::Resources &area = estimate.area;
  std::string text =
      llvm::formatv("folding       {0} units, {1} cycles a frame (slowest {2}), latency {3}\n",
                    estimate.units.size(), estimate.interval, estimate.units[estimate.slowest].node,
                    estimate.latency)
          .str();
  text += llvm::formatv("area          estimated LUT {0}..{1}, FF {2}..{3}, DSP {4}, BRAM18 {5}",
                        std::llround(area.lutLow), std::llround(area.lutHigh),
                        std::llround(area.ffLow), std::llround(area.ffHigh), area.dsp, area.bram18)
              .str();
  if (const hls::Part *part = design.getPart() ? hls::findPart(*design.getPart()) : nullptr)
    text += llvm::formatv("\n              {0} has LUT {1}, FF {2}, DSP {3}, BRAM18 {4}",
                          part->name, part->lut, part->ff, part->dsp, part->bram18)
                .str();
  return text + "\n";
}

llvm::Error Compiler::writeProject(llvm::StringRef path) {
  if (current != Stage::Dataflow)
    return llvm::createStringError("expected a module of stage 'dataflow', but found '" +
                                   stageName(current) + "'");
  auto designs = ir->getOps<hls::DesignOp>();
  if (designs.empty() || !integerModule)
    return llvm::createStringError("expected a design and the integer graph behind it");
  OwningOpRef<ModuleOp> reference = integerBorder(*integerModule);
  if (!reference)
    return llvm::createStringError("the border has no integer form");
  std::unique_ptr<DataSet> ownData;
  if (!options.goldenData.empty()) {
    auto opened = DataSet::open(options.goldenData, inputSpecs(*integerModule));
    if (!opened)
      return opened.takeError();
    ownData = std::move(*opened);
  }
  auto golden = goldenFrames(*reference, ownData ? ownData.get() : dataSet.get(),
                             options.goldenFrames, options.progress);
  if (!golden)
    return golden.takeError();
  hls::DesignOp design = *designs.begin();
  DataflowEstimate estimate = estimateDataflow(design);
  result.dataflow = summary(design, estimate);
  result.cpu = "none";
  hls::ProjectInfo info{result.model, result.recipe, quantcVersion().str(),
                        options.recipe.hls.clockMHz};
  return EmissionError::wrap(EmissionError::CannotWrite,
                             hls::emitProject(design, estimate, *golden, info, path));
}
