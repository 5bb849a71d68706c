//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options of recipes; see RecipeOptions.h.
//
//===----------------------------------------------------------------------===//

#include "RecipeOptions.h"
#include "quantc/Calibration/Observer.h"
#include "quantc/Dialect/QNN/Transforms/NodeBits.h"
#include "quantc/Kernels/Levels.h"
#include "quantc/Numerics/NumberFormat.h"
#include "quantc/Pipelines/BitAllocation.h"
#include "quantc/Support/OptionText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantc;
using llvm::StringRef;

namespace {

llvm::Error expected(StringRef what, StringRef found) {
  return llvm::createStringError("expected " + what + ", but found '" + found + "'");
}

RecipeEntry boolean(StringRef name, StringRef help, std::function<bool &(Recipe &)> field) {
  auto set = [field](Recipe &r, StringRef text) -> llvm::Error {
    if (text != "true" && text != "false")
      return expected("true or false", text);
    field(r) = text == "true";
    return llvm::Error::success();
  };
  auto get = [field](const Recipe &r) {
    return std::string(field(const_cast<Recipe &>(r)) ? "true" : "false");
  };
  return {{name, "true|false", help}, set, get};
}

/// The fewest digits that read back as the same number.
std::string shortest(double value) {
  std::string text;
  for (int digits = 1; digits <= 17; ++digits) {
    text.clear();
    llvm::raw_string_ostream(text) << llvm::format("%.*g", digits, value);
    double back = 0;
    if (!StringRef(text).getAsDouble(back) && back == value)
      break;
  }
  if (text.find("e+") != std::string::npos && std::abs(value) < 1e15) // 100, not 1e+02
    return std::to_string(static_cast<int64_t>(value));
  return text;
}

RecipeEntry real(StringRef name, StringRef values, StringRef help, double above, double most,
                 std::function<double &(Recipe &)> field) {
  auto set = [=](Recipe &r, StringRef text) -> llvm::Error {
    double value = 0;
    if (text.getAsDouble(value) || !(value > above && value <= most))
      return expected(("a number in " + values).str(), text);
    field(r) = value;
    return llvm::Error::success();
  };
  auto get = [=](const Recipe &r) { return shortest(field(const_cast<Recipe &>(r))); };
  return {{name, values, help}, set, get};
}

llvm::Error setInteger(StringRef text, int64_t least, int64_t most, int64_t &value) {
  if (text.getAsInteger(10, value) || value < least || value > most)
    return expected(llvm::formatv("an integer in {0}..{1}", least, most).str(), text);
  return llvm::Error::success();
}

std::vector<RecipeEntry> makeObserverEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(
      {{"observer", "min-max|moving-average|percentile|entropy|mse",
        "how the range of an activation follows from its statistics; default min-max"},
       [](Recipe &r, StringRef text) -> llvm::Error {
         if (auto kind = parseObserver(text)) {
           r.quantize.observer = *kind;
           return llvm::Error::success();
         }
         return expected("one of " + llvm::join(observerNames(), ", "), text);
       },
       [](const Recipe &r) { return observerName(r.quantize.observer).str(); }});
  entries.push_back(real("percentile", "(0, 100]",
                         "percent of the values that the percentile observer keeps; default 99.999",
                         0, 100, [](Recipe &r) -> double & { return r.quantize.percentile; }));
  entries.push_back(real("averaging-constant", "(0, 1]",
                         "weight of a further run in the moving average; default 0.01", 0, 1,
                         [](Recipe &r) -> double & { return r.quantize.averagingConstant; }));
  entries.push_back(boolean("clip-two-sided-only",
                            "use the observer for tensors of both signs only, min-max for inputs "
                            "and rectified tensors; default false",
                            [](Recipe &r) -> bool & { return r.quantize.clipTwoSidedOnly; }));
  return entries;
}

/// Bits of a number.
RecipeEntry width(StringRef name, StringRef help, std::function<unsigned &(Recipe &)> field) {
  auto set = [field](Recipe &r, StringRef text) -> llvm::Error {
    int64_t value = 0;
    if (llvm::Error error = setInteger(text, 1, 16, value))
      return error;
    field(r) = unsigned(value);
    return llvm::Error::success();
  };
  auto get = [field](const Recipe &r) { return std::to_string(field(const_cast<Recipe &>(r))); };
  return {{name, "1..16", help}, set, get};
}

/// Adds items that say something of nodes to what quantization is told.
RecipeEntry nodeList(StringRef name, StringRef help,
                     std::function<std::vector<std::string> &(Recipe &)> field) {
  auto set = [field](Recipe &r, StringRef text) -> llvm::Error {
    for (std::string &name : splitItems(text))
      field(r).push_back(std::move(name));
    return qnn::checkOptions(r.quantize);
  };
  auto get = [field](const Recipe &r) { return joinItems(field(const_cast<Recipe &>(r))); };
  return {{name, "list", help}, set, get};
}

/// A later text, of --set or of a recipe that starts from another, has the word about the nodes
/// that it names; a width that it leaves out stays.
llvm::Error setNodeBits(Recipe &r, StringRef text) {
  qnn::QuantizeOptions added;
  added.nodeBits = splitItems(text);
  if (llvm::Error error = qnn::checkOptions(added))
    return error;
  r.quantize.nodeBits = qnn::overrideNodeBits(r.quantize.nodeBits, added.nodeBits);
  return llvm::Error::success();
}

std::vector<RecipeEntry> makeFormatEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(boolean("activation-signed",
                            "activations are signed 8-bit integers; default false",
                            [](Recipe &r) -> bool & { return r.quantize.activationSigned; }));
  entries.push_back(boolean("activation-symmetric",
                            "the zero point of activations is the middle code; default false",
                            [](Recipe &r) -> bool & { return r.quantize.activationSymmetric; }));
  entries.push_back({{"weight-granularity", "channel|tensor",
                      "one weight scale a channel or a tensor; default channel"},
                     [](Recipe &r, StringRef text) -> llvm::Error {
                       if (text != "channel" && text != "tensor")
                         return expected("channel or tensor", text);
                       r.quantize.weightPerChannel = text == "channel";
                       return llvm::Error::success();
                     },
                     [](const Recipe &r) {
                       return std::string(r.quantize.weightPerChannel ? "channel" : "tensor");
                     }});
  entries.push_back(width("weight-bits",
                          "bits of a weight, 1 for -1 and +1; more than 8 on FPGAs only; default 8",
                          [](Recipe &r) -> unsigned & { return r.quantize.weightBits; }));
  entries.push_back(width("activation-bits",
                          "bits of an activation; more than 8 on FPGAs only; default 8",
                          [](Recipe &r) -> unsigned & { return r.quantize.activationBits; }));
  entries.push_back(
      {{"node-bits", "list",
        "nodes with widths of their own: NAME=w4a6, w for the weight, a for the result; default "
        "none"},
       setNodeBits,
       [](const Recipe &r) { return joinItems(r.quantize.nodeBits); }});
  entries.push_back(nodeList(
      "exclude", "nodes that stay float: names, op types, or re:REGEX over either; default none",
      [](Recipe &r) -> std::vector<std::string> & { return r.quantize.exclude; }));
  entries.push_back(boolean("quantize-outputs",
                            "store the results of the last linear maps in 8 bits; default false",
                            [](Recipe &r) -> bool & { return r.quantize.quantizeOutputs; }));
  return entries;
}

/// One of several words.
RecipeEntry choice(StringRef name, StringRef values, StringRef help,
                   std::function<std::string &(Recipe &)> field) {
  auto set = [=](Recipe &r, StringRef text) -> llvm::Error {
    llvm::SmallVector<StringRef> words;
    values.split(words, '|');
    if (!llvm::is_contained(words, text))
      return expected("one of " + llvm::join(words, ", "), text);
    field(r) = text.str();
    return llvm::Error::success();
  };
  auto get = [field](const Recipe &r) { return field(const_cast<Recipe &>(r)); };
  return {{name, values, help}, set, get};
}

std::string digits(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.9g", value);
  return text;
}

std::vector<RecipeEntry> makeMigrationEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(choice("migrate", "none|smoothquant|os+|awq|equalize",
                           "move outliers of activations into weights (docs/Migration.md); all but "
                           "equalize need calibration data; default none",
                           [](Recipe &r) -> std::string & { return r.migration.method; }));
  entries.push_back({{"migrate-alpha", "search|0..1",
                      "of smoothquant: part of the range that moves into the weights; default "
                      "search"},
                     [](Recipe &r, StringRef text) -> llvm::Error {
                       double value = 0;
                       if (text != "search" &&
                           (text.getAsDouble(value) || !(value >= 0 && value <= 1)))
                         return expected("search or a number in 0..1", text);
                       r.migration.alpha = text.str();
                       return llvm::Error::success();
                     },
                     [](const Recipe &r) { return r.migration.alpha; }});
  entries.push_back(boolean("migrate-copies",
                            "copy norms and lookups that others than linear maps read too; default "
                            "true",
                            [](Recipe &r) -> bool & { return r.migration.copies; }));
  entries.push_back(boolean("migrate-absorb",
                            "of equalize: biases that a ReLU passes on almost surely move to the "
                            "next map; default false",
                            [](Recipe &r) -> bool & { return r.migration.absorb; }));
  entries.push_back(boolean("migrate-open-clamps",
                            "clamps to [0, hi] on the way of a transform become ReLUs; default "
                            "false",
                            [](Recipe &r) -> bool & { return r.migration.openClamps; }));
  entries.push_back(choice("migrate-check", "none|place|model",
                           "a transform is kept where it lowers the error of the maps that read it "
                           "(place), and that of the model's outputs (model); default model",
                           [](Recipe &r) -> std::string & { return r.migration.check; }));
  entries.push_back(
      {{"migrate-trials", "1..1000",
        "quantized models that the check of the model compiles at most; default 9"},
       [](Recipe &r, StringRef text) { return setInteger(text, 1, 1000, r.migration.trials); },
       [](const Recipe &r) { return std::to_string(r.migration.trials); }});
  entries.push_back({{"migrate-exclude", "list",
                      "values to leave alone: NODE.input of the first node that reads them; "
                      "default none"},
                     [](Recipe &r, StringRef text) -> llvm::Error {
                       for (std::string &name : splitItems(text))
                         r.migration.exclude.push_back(std::move(name));
                       return llvm::Error::success();
                     },
                     [](const Recipe &r) { return joinItems(r.migration.exclude); }});
  return entries;
}

std::vector<RecipeEntry> makeRotationEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(choice("rotate", "none|fused|online",
                           "rotate channels: within the weights (R1, R2), or also at run time (R3, "
                           "R4); default none",
                           [](Recipe &r) -> std::string & { return r.rotate; }));
  entries.push_back({{"rotate-seed", "0..", "of the random signs of rotations; default 0"},
                     [](Recipe &r, StringRef text) {
                       return setInteger(text, 0, std::numeric_limits<int64_t>::max(),
                                         r.rotateSeed);
                     },
                     [](const Recipe &r) { return std::to_string(r.rotateSeed); }});
  entries.push_back(choice("rotate-learn", "none|local|loss|kl|kl-top|mse",
                           "of activations row: learn rotations from calibration data, so that "
                           "rows lose little (local), or by the loss of the network with rounded "
                           "rows; default none",
                           [](Recipe &r) -> std::string & { return r.rotateLearn; }));
  entries.push_back(boolean("rotate-learn-heads", "learn the rotations of heads, too; default true",
                            [](Recipe &r) -> bool & { return r.rotateLearnHeads; }));
  entries.push_back(boolean("rotate-learn-scales",
                            "of learning by a loss: scales of channels beside rotations, as "
                            "OSTQuant's; default false",
                            [](Recipe &r) -> bool & { return r.rotateLearnScales; }));
  entries.push_back(
      {{"rotate-steps", "1..100000", "of learning; default 60"},
       [](Recipe &r, StringRef text) { return setInteger(text, 1, 100000, r.rotateSteps); },
       [](const Recipe &r) { return std::to_string(r.rotateSteps); }});
  entries.push_back(
      {{"rotate-classes", "1..1000000",
        "of rotate-learn kl-top: the float network's most likely classes that count; default 1000"},
       [](Recipe &r, StringRef text) { return setInteger(text, 1, 1000000, r.rotateClasses); },
       [](const Recipe &r) { return std::to_string(r.rotateClasses); }});
  entries.push_back(
      {{"rotate-runs", "1..10000", "runs of the data a step of learning by a loss; default 4"},
       [](Recipe &r, StringRef text) { return setInteger(text, 1, 10000, r.rotateRuns); },
       [](const Recipe &r) { return std::to_string(r.rotateRuns); }});
  entries.push_back(choice("rotate-optimizer", "adam|cayley",
                           "steps of learning by a loss: Riemannian Adam, or Cayley SGD as "
                           "SpinQuant's; default adam",
                           [](Recipe &r) -> std::string & { return r.rotateOptimizer; }));
  RecipeEntry rate = real("rotate-rate", "(0, 10]", "of the first step of learning; default 0.1", 0,
                          10, [](Recipe &r) -> double & { return r.rotateRate; });
  rate.get = [](const Recipe &r) { return digits(r.rotateRate); };
  entries.push_back(std::move(rate));
  entries.push_back({{"rotations", "path",
                      "file of learned rotations: written by rotate-learn, read without it; "
                      "default none"},
                     [](Recipe &r, StringRef text) {
                       r.rotations = text.str();
                       return llvm::Error::success();
                     },
                     [](const Recipe &r) { return r.rotations; }});
  return entries;
}

std::vector<RecipeEntry> makeTransformEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(
      {{"weight-format", "text",
        "number format of the matrices of linear maps, such as int4:g128:sym (docs/Formats.md); "
        "default none: integers of weight-bits"},
       [](Recipe &r, StringRef text) -> llvm::Error {
         numerics::ParsedNumberFormat parsed = numerics::parseNumberFormat(text.str());
         if (!text.empty() && !parsed.format)
           return llvm::createStringError(llvm::join(parsed.faults, "; "));
         r.weightFormat = text.str();
         return llvm::Error::success();
       },
       [](const Recipe &r) { return r.weightFormat; }});
  entries.push_back(choice("weight-rounding", "nearest|mse|gptq|gptaq|adaround|autoround|brecq",
                           "how codes of weights are chosen; all but nearest and mse need "
                           "calibration data; default nearest",
                           [](Recipe &r) -> std::string & { return r.weightRounding; }));
  entries.push_back(
      {{"rounding-steps", "1..100000",
        "of learned weight rounding (adaround, autoround, brecq); default 300"},
       [](Recipe &r, StringRef text) { return setInteger(text, 1, 100000, r.roundingSteps); },
       [](const Recipe &r) { return std::to_string(r.roundingSteps); }});
  entries.push_back(
      {{"rounding-folds", "0..16",
        "parts of the calibration data, each held out once, that gptq, gptaq, adaround, autoround "
        "and brecq choose damping and shift by; below 2: none; default 4"},
       [](Recipe &r, StringRef text) { return setInteger(text, 0, 16, r.roundingFolds); },
       [](const Recipe &r) { return std::to_string(r.roundingFolds); }});
  entries.push_back(choice("weight-search", "none|mse|clip|codes|output|hqq",
                           "search of the scales of weight-format, or with hqq of its float zero "
                           "points; default none",
                           [](Recipe &r) -> std::string & { return r.weightSearch; }));
  entries.push_back(
      choice("activations", "static|float|row",
             "what linear maps read: codes of calibrated ranges, floats, or codes "
             "of activation-bits with a scale for each row as it comes; default static",
             [](Recipe &r) -> std::string & { return r.activations; }));
  RecipeEntry clip =
      real("activation-clip", "(0, 1]",
           "of activations row: part of the greatest magnitude that the greatest code "
           "stands for; default 1",
           0, 1, [](Recipe &r) -> double & { return r.activationClip; });
  clip.get = [](const Recipe &r) { return digits(r.activationClip); };
  entries.push_back(std::move(clip));
  entries.push_back({{"activation-group", "0..65536",
                      "of activations row: inputs that share a scale, a multiple of 8; 0 for the "
                      "whole row; default 0"},
                     [](Recipe &r, StringRef text) -> llvm::Error {
                       int64_t value = 0;
                       if (llvm::Error error = setInteger(text, 0, 65536, value))
                         return error;
                       if (value % 8 != 0)
                         return expected("a multiple of 8", text);
                       r.activationGroup = value;
                       return llvm::Error::success();
                     },
                     [](const Recipe &r) { return std::to_string(r.activationGroup); }});
  return entries;
}

std::vector<RecipeEntry> makeAccuracyEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(
      boolean("equalize-depthwise",
              "give the channels before a depthwise convolution one range; default false",
              [](Recipe &r) -> bool & { return r.equalizeDepthwise; }));
  entries.push_back(boolean("equalize-residual",
                            "scale and shift the channels of linear tensors; default false",
                            [](Recipe &r) -> bool & { return r.equalizeResidual; }));
  entries.push_back(
      {{"bias-correction", "0..100000",
        "runs of calibration data for sequential bias correction, 0 for none; default 0"},
       [](Recipe &r, StringRef text) { return setInteger(text, 0, 100000, r.biasCorrectionRuns); },
       [](const Recipe &r) { return std::to_string(r.biasCorrectionRuns); }});
  entries.push_back(boolean("bias-correction-moments",
                            "biases take back rounding errors of weights times the mean inputs "
                            "that batch normalizations tell, without data; default false",
                            [](Recipe &r) -> bool & { return r.biasCorrectionMoments; }));
  return entries;
}

/// A budget; 0 for none.
RecipeEntry budget(StringRef name, StringRef values, StringRef help, double most,
                   std::function<double(const Recipe &)> get,
                   std::function<void(Recipe &, double)> put) {
  return {{name, values, help},
          [=](Recipe &r, StringRef text) -> llvm::Error {
            double value = 0;
            if (text.getAsDouble(value) || !(value >= 0 && value <= most))
              return expected(values, text);
            put(r, value);
            return llvm::Error::success();
          },
          [=](const Recipe &r) { return shortest(get(r)); }};
}

llvm::Error setWidths(Recipe &r, StringRef text) {
  std::vector<unsigned> widths;
  llvm::SmallVector<StringRef> items;
  text.split(items, ',', -1, /*KeepEmpty=*/false);
  for (StringRef item : items) {
    unsigned bits = 0;
    if (item.trim().getAsInteger(10, bits) || bits < 1 || bits > 16)
      return expected("widths of 1 to 16 bits", text);
    widths.push_back(bits);
  }
  llvm::sort(widths);
  widths.erase(std::unique(widths.begin(), widths.end()), widths.end());
  if (widths.empty())
    return expected("widths of 1 to 16 bits", text);
  r.allocation.widths = std::move(widths);
  return llvm::Error::success();
}

/// The names of losses, as a choice.
StringRef lossNames() {
  static const std::string texts = [] {
    std::vector<std::string> names;
    for (const AllocationLoss &loss : allocationLosses())
      names.push_back(loss.name.str());
    return llvm::join(names, "|");
  }();
  return texts;
}

std::vector<RecipeEntry> makeAllocationEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(budget(
      "effective-bits", "0..16",
      "bit allocation: greatest mean of bits over all weights, 0 for no budget; default 0", 16,
      [](const Recipe &r) { return r.allocation.effectiveBits; },
      [](Recipe &r, double value) { r.allocation.effectiveBits = value; }));
  entries.push_back(
      {{"target-size", "0..",
        "bit allocation: greatest size in bytes of the weights of all layers, packed, "
        "with their scales; 0 for no budget; default 0"},
       [](Recipe &r, StringRef text) {
         return setInteger(text, 0, int64_t(1) << 50, r.allocation.targetSize);
       },
       [](const Recipe &r) { return std::to_string(r.allocation.targetSize); }});
  entries.push_back(budget(
      "target-latency", "0..1e9",
      "bit allocation: greatest time of a run in microseconds, 0 for no budget; default 0", 1e9,
      [](const Recipe &r) { return r.allocation.targetLatency; },
      [](Recipe &r, double value) { r.allocation.targetLatency = value; }));
  entries.push_back(boolean("fit-part",
                            "bit allocation: what the FPGA has is the budget, in hls-interval "
                            "cycles a frame; default false",
                            [](Recipe &r) -> bool & { return r.allocation.fitPart; }));
  entries.push_back(choice("minimize", "none|bits|size|latency|lut|ff|dsp|bram18",
                           "bit allocation: what is made small as far as --max-drop allows; "
                           "default none",
                           [](Recipe &r) -> std::string & { return r.allocation.minimize; }));
  entries.push_back({{"allocation-widths", "list",
                      "bit allocation: widths of weights to choose from; default 4,8"},
                     setWidths,
                     [](const Recipe &r) {
                       std::vector<std::string> texts;
                       for (unsigned bits : r.allocation.widths)
                         texts.push_back(std::to_string(bits));
                       return llvm::join(texts, ",");
                     }});
  entries.push_back(choice("allocation-loss", lossNames(),
                           "bit allocation: what is made small (docs/Allocation.md); default auto",
                           [](Recipe &r) -> std::string & { return r.allocation.loss; }));
  entries.push_back(
      {{"allocation-runs", "1..100000",
        "bit allocation: runs of calibration data to measure losses on; default 32"},
       [](Recipe &r, StringRef text) { return setInteger(text, 1, 100000, r.allocation.runs); },
       [](const Recipe &r) { return std::to_string(r.allocation.runs); }});
  entries.push_back(choice("allocation-couplings", "none|neighbours",
                           "bit allocation: also measure pairs of layers that follow each other, "
                           "each width of the one with each of the other; default none",
                           [](Recipe &r) -> std::string & { return r.allocation.couplings; }));
  entries.push_back(
      {{"allocation-search", "0..100000",
        "bit allocation: allocations near the solvers' answer whose loss is measured with all "
        "layers at their widths, to find a better one; 0 for none; default 0"},
       [](Recipe &r, StringRef text) { return setInteger(text, 0, 100000, r.allocation.search); },
       [](const Recipe &r) { return std::to_string(r.allocation.search); }});
  return entries;
}

std::vector<RecipeEntry> makeTargetEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(boolean("strict", "integer instructions only in integer ops; default false",
                            [](Recipe &r) -> bool & { return r.strict; }));
  entries.push_back(
      {{"io-type", "float|int8", "element type at the library's border; default float"},
       [](Recipe &r, StringRef text) -> llvm::Error {
         if (text != "float" && text != "int8")
           return expected("float or int8", text);
         r.integerIO = text == "int8";
         return llvm::Error::success();
       },
       [](const Recipe &r) { return std::string(r.integerIO ? "int8" : "float"); }});
  entries.push_back(
      {{"cpu", "native|portable|x86-64-v2|x86-64-v3|x86-64-v3-vnni|x86-64-v4|x86-64-v4-vnni",
        "instruction sets of the code; default native"},
       [](Recipe &r, StringRef text) -> llvm::Error {
         if (text != "native" && !kernels::parseLevel(std::string_view(text.data(), text.size())))
           return expected("native, portable, x86-64-v2, x86-64-v3, x86-64-v3-vnni, x86-64-v4 or "
                           "x86-64-v4-vnni",
                           text);
         r.cpu = text.str();
         return llvm::Error::success();
       },
       [](const Recipe &r) { return r.cpu; }});
  return entries;
}

RecipeEntry count(StringRef name, StringRef values, StringRef help, int64_t least, int64_t most,
                  unsigned HLSOptions::*field) {
  return {{name, values, help},
          [=](Recipe &r, StringRef text) -> llvm::Error {
            int64_t value = 0;
            if (llvm::Error error = setInteger(text, least, most, value))
              return error;
            r.hls.*field = unsigned(value);
            return llvm::Error::success();
          },
          [=](const Recipe &r) { return std::to_string(r.hls.*field); }};
}

std::vector<RecipeEntry> makeHLSEntries() {
  std::vector<RecipeEntry> entries;
  entries.push_back(
      {{"hls-interval", "0..2147483647",
        "FPGA: cycles per frame, 0 for the fewest that fit the part; default 0"},
       [](Recipe &r, StringRef text) { return setInteger(text, 0, INT32_MAX, r.hls.interval); },
       [](const Recipe &r) { return std::to_string(r.hls.interval); }});
  entries.push_back(count("hls-utilization", "1..100",
                          "FPGA: percent of the part that may be used; default 80", 1, 100,
                          &HLSOptions::utilization));
  entries.push_back(count("hls-threshold-bits", "0..4",
                          "FPGA: outputs of at most so many bits are thresholds; default 4", 0, 4,
                          &HLSOptions::thresholdBits));
  entries.push_back(count("hls-fifo-slack", "0..1000",
                          "FPGA: percent added to estimated skews of streams; default 10", 0, 1000,
                          &HLSOptions::fifoSlack));
  entries.push_back(real("hls-clock", "(0, 2000]",
                         "FPGA: assumed clock in MHz, for scripts and frames per second; default "
                         "100",
                         0, 2000, [](Recipe &r) -> double & { return r.hls.clockMHz; }));
  return entries;
}

} // namespace

const std::vector<RecipeEntry> &quantc::recipeEntries() {
  static const std::vector<RecipeEntry> entries = [] {
    std::vector<RecipeEntry> all;
    for (auto &group : {makeObserverEntries(), makeFormatEntries(), makeMigrationEntries(),
                        makeRotationEntries(), makeTransformEntries(), makeAccuracyEntries(),
                        makeAllocationEntries(), makeTargetEntries(), makeHLSEntries()})
      all.insert(all.end(), group.begin(), group.end());
    return all;
  }();
  return entries;
}
