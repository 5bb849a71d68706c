//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stages that a model goes through, each a textual pass pipeline. quantc runs these texts, and
// quant-opt runs the same texts by hand: there is no other list of passes.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_STAGES_H
#define QUANTC_PIPELINES_STAGES_H

#include "quantc/Pipelines/Recipe.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace quantc {

/// What a module is after a stage.
enum class Stage {
  Imported,  ///< onnx
  Float,     ///< nn: legalised and folded
  Observed,  ///< nn + qnn.observe without statistics
  Quantized, ///< nn + qnn.quantize / dequantize (needs statistics)
  Integer,   ///< dyad, proved and certified
  Scheduled, ///< kern: layout, packing, arena, partition
  Lowered,   ///< llvm
  Dataflow,  ///< hls: folded for a part; follows Integer
  Exported,  ///< onnx: the quantized graph as nodes; follows Quantized
};

/// "imported", "float", ...
llvm::StringRef stageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);
std::vector<llvm::StringRef> stageNames();

/// The stage that `stage` is reached from; `Imported` has none and returns itself.
Stage stageBefore(Stage stage);

/// The pipeline that leads to `stage` from `stageBefore(stage)`, as quant-opt's --pass-pipeline
/// takes it; empty for `Imported`. Between `Observed` and `Quantized` the observers receive their
/// statistics from data, or from a file: pass qnn-calibrate.
std::string stagePipeline(Stage stage, const Recipe &recipe);

/// What calibration does behind `observed` with static activations, as the passes that take its
/// files: equalization by summaries of channels, then ranges. The compiler that reads statistics
/// equalizes nothing: `channels` is empty then. Empty where activations are not static.
std::string calibrationPipeline(const Recipe &recipe, llvm::StringRef channels,
                                llvm::StringRef statistics);

/// Rounding of weights by data, which the compiler does behind `observed`, as the pass that takes
/// its file instead: codes with static activations, else second moments, of two models for "gptaq".
/// Empty where the recipe rounds without data.
std::string roundingPipeline(const Recipe &recipe, llvm::StringRef moments,
                             llvm::StringRef crossMoments, llvm::StringRef codes);

/// What stage `observed` begins with; empty where the recipe rotates nothing.
std::string rotationPipeline(const Recipe &recipe);

/// Bias correction, which the compiler does behind `integer`, as the pass that takes the biases
/// that it found, and the proof of the sums anew. Empty where the recipe corrects none there.
std::string correctionPipeline(const Recipe &recipe, llvm::StringRef biases);

/// Steps of the way to `stage` that the pipelines above leave out since no pass stands for them:
/// a line of text for each, in the order in which they are done.
std::vector<std::string> stepsWithoutPass(Stage stage, const Recipe &recipe);

/// Registers every pass that the pipelines name. Safe to call repeatedly.
void registerPipelinePasses();

} // namespace quantc

#endif // QUANTC_PIPELINES_STAGES_H
