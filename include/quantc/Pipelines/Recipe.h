//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a user decides about quantization and code: one struct, one table of named options that
// recipes (YAML files), the command line and embedders share.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_RECIPE_H
#define QUANTC_PIPELINES_RECIPE_H

#include "quantc/Dialect/QNN/Transforms/Options.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <set>
#include <string>
#include <vector>

namespace quantc {

/// Folded dataflow for FPGAs (hls-fold, hls-size-fifos).
struct HLSOptions {
  std::string part = "xc7z020";
  /// Cycles per frame; 0 for the fewest that fit.
  int64_t interval = 0;
  /// Percent of the part that may be used.
  unsigned utilization = 80;
  /// Widest output in bits whose requantization becomes thresholds.
  unsigned thresholdBits = 4;
  /// Percent added to estimated skews of streams.
  unsigned fifoSlack = 10;
  /// Assumed clock in MHz of scripts and of frames per second.
  double clockMHz = 100;
};

/// What the user asks of bit allocation.
struct AllocationOptions {
  std::vector<unsigned> widths = {4, 8};
  /// "auto": divergence where an output holds classes, else noise; or one of the names of
  /// `allocationLosses`.
  std::string loss = "auto";
  /// Runs of calibration data that sensitivities are measured on.
  int64_t runs = 32;
  /// "none", or "neighbours": what pairs of layers add to the sum of their losses (CLADO).
  std::string couplings = "none";
  /// Allocations that a search from the solvers' answer measures at most; 0: no search.
  int64_t search = 0;
  /// Budgets; 0: none. Mean bits of a weight, bytes, microseconds of a run.
  double effectiveBits = 0;
  int64_t targetSize = 0;
  double targetLatency = 0;
  /// Budgets are what the FPGA has.
  bool fitPart = false;
  /// "none", or the resource along whose front the cheapest allocation is searched whose measured
  /// loss of top-1 agreement stays within a goal: "bits", "size", "latency", or on an FPGA
  /// "lut", "ff", "dsp", "bram18".
  std::string minimize = "none";

  bool isRequested() const {
    return effectiveBits > 0 || targetSize > 0 || targetLatency > 0 || fitPart ||
           minimize != "none";
  }
};

/// Outlier migration (docs/Migration.md).
struct MigrationRecipe {
  /// "none", "smoothquant", "os+", "awq", "equalize".
  std::string method = "none";
  /// Of smoothquant: "search", or a number in [0, 1].
  std::string alpha = "search";
  /// Copy norms and lookups that others than linear maps read too.
  bool copies = true;
  /// Of equalize: absorb high biases.
  bool absorb = false;
  /// Clamps to [0, hi] on the way of a transform become ReLUs.
  bool openClamps = false;
  /// What a transform must lower to be kept: "model", the error of what reads it and that of the
  /// model's outputs; "place", the former; "none".
  std::string check = "model";
  /// Quantized models that "model" compiles at most to find what pays, beside the one without any.
  int64_t trials = 9;
  /// Values to leave alone: NODE.input of the first node that reads them.
  std::vector<std::string> exclude;
};

struct Recipe {
  std::string name = "custom";
  /// Options that `setRecipeOption` set, those of built-in recipes left out: one that nothing reads
  /// is a fault, where a built-in recipe may be put to another use.
  std::set<std::string> given;
  qnn::QuantizeOptions quantize;
  /// Widths of weights, by layer (docs/Allocation.md).
  AllocationOptions allocation;
  /// Scale expanded channels of depthwise blocks to one range before quantization.
  bool equalizeDepthwise = false;
  /// Scale and shift the channels of linear (residual) tensors before quantization.
  bool equalizeResidual = false;
  /// Runs of calibration data for sequential bias correction; 0 switches it off.
  int64_t biasCorrectionRuns = 0;
  /// Biases take back what rounding errors of weights do to the means that batch normalizations
  /// tell.
  bool biasCorrectionMoments = false;
  /// Whether batch normalizations leave the moments of their channels behind.
  bool keepsMoments() const { return migration.absorb || biasCorrectionMoments; }
  /// Whether a layer's bias takes back what rounding its weights does to the means of its result.
  bool correctsMeans() const {
    return biasCorrectionRuns > 0 || biasCorrectionMoments ||
           (weightRounding != "nearest" && weightRounding != "mse");
  }
  MigrationRecipe migration;
  /// Rotations before quantization: "none"; "fused" in the weights (R1, R2); "online" also at run
  /// time (R3, R4).
  std::string rotate = "none";
  /// Of the signs of rotations.
  int64_t rotateSeed = 0;
  /// Rotations of residual streams: "none" as they are; "local" learned from calibration data, so
  /// that row quantization loses little; by the loss of the network with rounded rows "kl",
  /// "kl-top", "mse", or "loss" for the one of "kl" and "mse" that suits its outputs.
  std::string rotateLearn = "none";
  /// Those of heads, too.
  bool rotateLearnHeads = true;
  int64_t rotateSteps = 60;
  double rotateRate = 0.1;
  /// Of learning by a loss: scales of channels beside rotations, runs of the data a step, "adam"
  /// or "cayley".
  bool rotateLearnScales = false;
  int64_t rotateRuns = 4;
  int64_t rotateClasses = 1000; ///< of "kl-top"
  std::string rotateOptimizer = "adam";
  bool learnsRotationsByLoss() const { return rotateLearn != "none" && rotateLearn != "local"; }
  /// File of learned rotations, which learning writes and a run without learning reads; empty:
  /// none.
  std::string rotations;
  /// Text of the number format that matrices of linear maps are stored in (docs/Formats.md); empty
  /// for integers of `quantize.weightBits`.
  std::string weightFormat;
  /// How codes of weights are chosen: "nearest"; by data "gptq"; and with static activations "mse",
  /// which needs none, "gptaq", "adaround" and "brecq" (docs/Rounding.md).
  std::string weightRounding = "nearest";
  /// Of the descent of "adaround", "autoround" and "brecq".
  int64_t roundingSteps = 300;
  /// Parts of the calibration data of which each is held out once to choose how far rounding may
  /// trust the rest; below 2: none (docs/Rounding.md).
  int64_t roundingFolds = 4;
  /// How scales of `weightFormat` are chosen: "none", "mse", "clip", "codes", "output", "hqq".
  std::string weightSearch = "none";
  /// "static": by ranges of calibration data; "float"; "row": codes of
  /// `quantize.activationBits`, each row with a scale of its own as it comes.
  std::string activations = "static";
  /// Of "row": part of the greatest magnitude that the greatest code stands for, in (0, 1], and how
  /// many inputs share a scale, a multiple of 8; 0: all of the row.
  double activationClip = 1;
  int64_t activationGroup = 0;
  bool hasStaticActivations() const { return activations == "static"; }
  /// Integer instructions only in integer ops.
  bool strict = false;
  /// Integers at the library's border instead of float.
  bool integerIO = false;
  /// ISA level, or "native".
  std::string cpu = "native";
  /// "cpu"; a GPU: "cuda:" and a chip, such as "cuda:sm_80"; an FPGA: "hls:" and a part; or "onnx".
  std::string target = "cpu";
  bool isGPU() const { return llvm::StringRef(target).starts_with("cuda:"); }
  bool isFPGA() const { return llvm::StringRef(target).starts_with("hls:"); }
  HLSOptions hls;
};

/// One named option.
struct RecipeOption {
  llvm::StringRef name;
  llvm::StringRef values; ///< what may be given: "true|false", "0..100"
  llvm::StringRef help;   ///< unit, meaning, default
};

/// All options in the order in which they are written.
llvm::ArrayRef<RecipeOption> recipeOptions();

/// Sets one option from text; an unknown name is an error with a suggestion. A list option
/// (`exclude`) takes items separated by commas and adds them.
llvm::Error setRecipeOption(Recipe &recipe, llvm::StringRef name, llvm::StringRef value);

/// A built-in recipe by name, or a YAML file by path. The file is a mapping of option names to
/// values, with an optional `recipe: NAME` to start from.
llvm::Expected<Recipe> loadRecipe(llvm::StringRef nameOrPath);

/// What of the options does not go together, and what of those that were given nothing reads;
/// success where all is well.
llvm::Error checkRecipe(const Recipe &recipe);

/// Options that were given another value than their default, and that say how tensors are stored:
/// a model whose file says so reads none of them.
std::vector<llvm::StringRef> storageOptions(const Recipe &recipe);

/// Names of the built-in recipes.
std::vector<std::string> builtinRecipes();

/// Writes every option as YAML that `loadRecipe` reads back: one that nothing reads as its default.
void writeRecipe(const Recipe &recipe, llvm::raw_ostream &os);

} // namespace quantc

#endif // QUANTC_PIPELINES_RECIPE_H
