//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stage names and pipelines; see Stages.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Stages.h"
#include "quantc/InitAll.h"
#include "quantc/Support/OptionText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace quantc;
using llvm::StringRef;

static constexpr struct {
  Stage stage;
  const char *name;
} names[] = {
    {Stage::Imported, "imported"},   {Stage::Float, "float"},       {Stage::Observed, "observed"},
    {Stage::Quantized, "quantized"}, {Stage::Integer, "integer"},   {Stage::Scheduled, "scheduled"},
    {Stage::Lowered, "lowered"},     {Stage::Dataflow, "dataflow"}, {Stage::Exported, "exported"}};

StringRef quantc::stageName(Stage stage) {
  for (auto &entry : names)
    if (entry.stage == stage)
      return entry.name;
  return "";
}

std::optional<Stage> quantc::parseStage(StringRef name) {
  for (auto &entry : names)
    if (name == entry.name)
      return entry.stage;
  return std::nullopt;
}

std::vector<StringRef> quantc::stageNames() {
  std::vector<StringRef> all;
  for (auto &entry : names)
    all.push_back(entry.name);
  return all;
}

Stage quantc::stageBefore(Stage stage) {
  if (stage == Stage::Dataflow)
    return Stage::Integer;
  if (stage == Stage::Exported)
    return Stage::Quantized;
  return stage == Stage::Imported ? stage : Stage(int(stage) - 1);
}

static std::string flag(const char *name, bool value) {
  return std::string(name) + "=" + (value ? "true" : "false");
}

/// Integer borders need every output in 8 bits: accumulators have a scale a channel, which says
/// nothing to who compares channels.
static std::string insertObservers(const qnn::QuantizeOptions &options, bool integerIO) {
  std::string text = "qnn-insert-observers{";
  text += flag("activation-signed", options.activationSigned) + " ";
  text += flag("activation-symmetric", options.activationSymmetric) + " ";
  text += "activation-bits=" + std::to_string(options.activationBits) + " ";
  if (!options.nodeBits.empty())
    text += "node-bits=" + joinItems(options.nodeBits) + " ";
  if (!options.exclude.empty())
    text += "exclude=" + joinItems(options.exclude) + " ";
  return text + flag("quantize-outputs", options.quantizeOutputs || integerIO) + "}";
}

/// Rotations need norms and lookups as ops that the algebra of channels knows.
static std::string rotatePasses(const Recipe &recipe) {
  std::string seed = "seed=" + std::to_string(recipe.rotateSeed);
  std::string text =
      "raise-nodes-to-nn,func.func(nn-recognize-norms),canonicalize,func.func("
      "nn-fold-norms,nn-layer-norm-to-rms,nn-rotate{max-explicit=2 " +
      seed + (recipe.rotations.empty() ? "" : " rotations=" + quotePath(recipe.rotations)) + "}";
  if (recipe.rotate == "online")
    text += ",qnn-rotate-online{" + seed + "}";
  if (!recipe.rotations.empty())
    text += ",nn-scale-rotated{rotations=" + quotePath(recipe.rotations) + "}";
  return text + "),lower-nn-to-nodes,canonicalize";
}

std::string quantc::rotationPipeline(const Recipe &recipe) {
  return recipe.rotate == "none" ? "" : "builtin.module(" + rotatePasses(recipe) + ")";
}

static std::string observePipeline(const Recipe &recipe) {
  llvm::SmallVector<std::string> passes;
  if (recipe.rotate != "none")
    passes.push_back(rotatePasses(recipe));
  if (recipe.hasStaticActivations())
    passes.push_back(insertObservers(recipe.quantize, recipe.integerIO));
  return "builtin.module(" + llvm::join(passes, ",") + ")";
}

/// How rows become codes, where that is not the default.
static std::string rowOptions(const Recipe &recipe) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (recipe.activationClip != 1)
    os << llvm::format(" activation-clip=%.9g", recipe.activationClip);
  if (recipe.activationGroup != 0)
    os << " activation-group=" << recipe.activationGroup;
  return text;
}

/// Weights that GPTQ did not store already, and the kernels that read them packed.
static std::string storeWeightsPipeline(const Recipe &recipe) {
  std::string exclude =
      recipe.quantize.exclude.empty() ? "" : " exclude=" + joinItems(recipe.quantize.exclude);
  std::string text = "builtin.module(";
  if (recipe.weightRounding == "nearest")
    text += "qnn-encode-weights{format=" + recipe.weightFormat + " search=" + recipe.weightSearch +
            exclude + "},";
  if (recipe.activations != "row")
    return text + "qnn-fuse-grouped-linear{activation-bits=16})";
  return text + "qnn-fuse-grouped-linear{activation-bits=" +
         std::to_string(recipe.quantize.activationBits) + rowOptions(recipe) + "})";
}

/// The border becomes host code first: a no-op where --io-type int8 did it already.
static std::string dataflowPipeline(const HLSOptions &options) {
  std::string slack = std::to_string(options.fifoSlack);
  return "builtin.module(convert-nn-to-dyad{io-type=int8},convert-dyad-to-hls{threshold-bits=" +
         std::to_string(options.thresholdBits) + "},hls-fold{part=" + options.part +
         " interval=" + std::to_string(options.interval) +
         " utilization=" + std::to_string(options.utilization) + " slack=" + slack +
         "},hls-size-fifos{slack=" + slack + "},hls-check-part)";
}

/// Widths of weights, for passes that make or take codes.
static std::string weightBits(const Recipe &recipe) {
  const auto &nodes = recipe.quantize.nodeBits;
  return (nodes.empty() ? "" : " node-bits=" + joinItems(nodes)) +
         " weight-bits=" + std::to_string(recipe.quantize.weightBits);
}

std::string quantc::calibrationPipeline(const Recipe &recipe, llvm::StringRef channels,
                                        llvm::StringRef statistics) {
  if (!recipe.hasStaticActivations())
    return "";
  std::string text = "builtin.module(";
  if (recipe.equalizeResidual && !channels.empty())
    text += "qnn-equalize-residual{channels=" + quotePath(channels) + "},";
  if (recipe.equalizeDepthwise && !channels.empty())
    text += "qnn-equalize-depthwise{channels=" + quotePath(channels) + "},";
  return text + "qnn-calibrate{stats=" + quotePath(statistics) + "})";
}

std::string quantc::roundingPipeline(const Recipe &recipe, llvm::StringRef moments,
                                     llvm::StringRef crossMoments, llvm::StringRef codes) {
  if (recipe.weightRounding == "nearest")
    return "";
  if (recipe.hasStaticActivations())
    return "builtin.module(qnn-store-codes{codes=" + quotePath(codes) + weightBits(recipe) + "})";
  const bool aimsAtFloat = recipe.weightRounding == "gptaq";
  const auto &exclude = recipe.quantize.exclude;
  return "builtin.module(qnn-round-weights{format=" + recipe.weightFormat +
         (aimsAtFloat ? " cross=" + quotePath(crossMoments) : " moments=" + quotePath(moments)) +
         " search=" + recipe.weightSearch +
         (exclude.empty() ? "" : " exclude=" + joinItems(exclude)) + "})";
}

std::string quantc::correctionPipeline(const Recipe &recipe, llvm::StringRef biases) {
  if (!recipe.hasStaticActivations() || recipe.biasCorrectionRuns == 0)
    return "";
  return "builtin.module(qnn-store-biases{biases=" + quotePath(biases) +
         "},dyad-prove-accumulators)";
}

std::vector<std::string> quantc::stepsWithoutPass(Stage stage, const Recipe &recipe) {
  const std::string &migration = recipe.migration.method, &learn = recipe.rotateLearn;
  const struct {
    bool isLeftOut;
    std::string text;
  } steps[] = {
      {stage == Stage::Observed && migration != "none",
       "migrate " + migration +
           ", before observed: its search has no pass; qnn-migrate moves "
           "outliers by the samples of --save-channels"},
      {stage == Stage::Observed && learn != "none" && recipe.rotations.empty(),
       "rotate-learn " + learn +
           ", before observed: learning has no pass; with option rotations "
           "it writes a file, which is read then"},
      {stage == Stage::Quantized && recipe.allocation.isRequested(),
       "bit allocation, before quantized: it has no pass; --save-config writes its widths as "
       "node-bits"}};
  std::vector<std::string> texts;
  for (const auto &step : steps)
    if (step.isLeftOut)
      texts.push_back(step.text);
  return texts;
}

std::string quantc::stagePipeline(Stage stage, const Recipe &recipe) {
  switch (stage) {
  case Stage::Imported:
    return "";
  case Stage::Float:
    return "builtin.module(onnx-expand-qoperators,onnx-gather-codes,onnx-settle-shapes,convert-"
           "onnx-to-nn{keep-nodes="
           "true},"
           "onnx-check-loops,func.func(nn-fold-batch-norm" +
           std::string(recipe.keepsMoments() ? "{keep-moments=true}" : "") +
           ",nn-simplify),canonicalize)";
  case Stage::Observed:
    return observePipeline(recipe);
  case Stage::Quantized:
    if (!recipe.hasStaticActivations())
      return storeWeightsPipeline(recipe);
    return "builtin.module(qnn-quantize{" +
           flag("weight-per-tensor", !recipe.quantize.weightPerChannel) +
           (recipe.biasCorrectionMoments ? " correct-bias=true" : "") + weightBits(recipe) + "})";
  case Stage::Integer:
    return std::string("builtin.module(convert-nn-to-dyad{io-type=") +
           (recipe.integerIO ? "int8" : "float") + "},dyad-requantize-to-dyadic{" +
           flag("all", recipe.strict || recipe.isGPU() || recipe.isFPGA()) +
           "},dyad-simplify,dyad-prove-accumulators)";
  case Stage::Scheduled:
    if (recipe.isGPU())
      return "builtin.module(convert-to-kern{level=" + recipe.target +
             "},func.func(kern-plan-memory))";
    return "builtin.module(convert-to-kern{level=" + recipe.cpu + " " +
           flag("strict", recipe.strict) + "},func.func(kern-partition,kern-plan-memory))";
  case Stage::Lowered:
    if (recipe.isGPU())
      return "builtin.module(convert-kern-to-gpu,gpu.module(canonicalize,cse,convert-scf-to-cf,"
             "convert-gpu-to-nvvm,convert-nvvm-to-llvm,reconcile-unrealized-casts))";
    return "builtin.module(builtin.module(convert-onnx-to-loops{destinations=true},"
           "loops-to-llvm{bare-pointers=true}),convert-kern-to-llvm)";
  case Stage::Dataflow:
    return dataflowPipeline(recipe.hls);
  case Stage::Exported:
    return "builtin.module(convert-nn-to-onnx)";
  }
  return "";
}

void quantc::registerPipelinePasses() {
  static const bool once = (registerAllPasses(), true);
  (void)once;
}
