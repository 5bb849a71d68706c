//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// When an option of a recipe has an effect.
//
//===----------------------------------------------------------------------===//

#include "RecipeOptions.h"
#include "quantc/Calibration/Observer.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace quantc;

namespace {
/// The option is read where all of its rules say so.
struct UseRule {
  llvm::StringRef option;
  bool isRead;
  llvm::StringRef expected; ///< beside it
  std::string found;
};

using Rules = std::vector<UseRule>;
constexpr llvm::StringLiteral isStatic = "activations static";
} // namespace

static Rules calibrationRules(const Recipe &r) {
  const bool measures = r.hasStaticActivations();
  const std::string observer = observerName(r.quantize.observer).str(),
                    &activations = r.activations;
  Rules rules;
  for (const char *option :
       {"observer", "percentile", "averaging-constant", "clip-two-sided-only", "activation-signed",
        "activation-symmetric", "weight-granularity", "weight-bits", "node-bits",
        "quantize-outputs", "equalize-depthwise", "equalize-residual", "bias-correction",
        "bias-correction-moments", "io-type"})
    rules.push_back({option, measures, isStatic, activations});
  rules.push_back({"percentile", r.quantize.observer == ObserverKind::Percentile,
                   "observer percentile", observer});
  rules.push_back({"averaging-constant", r.quantize.observer == ObserverKind::MovingAverage,
                   "observer moving-average", observer});
  rules.push_back({"clip-two-sided-only", r.quantize.observer != ObserverKind::MinMax,
                   "an observer other than min-max", observer});
  rules.push_back(
      {"activation-bits", activations != "float", "activations static or row", activations});
  return rules;
}

static Rules migrationRules(const Recipe &r) {
  const std::string &method = r.migration.method;
  Rules rules;
  for (const char *option : {"migrate-copies", "migrate-open-clamps", "migrate-check",
                             "migrate-trials", "migrate-exclude"})
    rules.push_back({option, method != "none", "a method of migrate", method});
  rules.push_back({"migrate-alpha", method == "smoothquant", "migrate smoothquant", method});
  rules.push_back({"migrate-absorb", method == "equalize", "migrate equalize", method});
  rules.push_back(
      {"migrate-trials", r.migration.check == "model", "migrate-check model", r.migration.check});
  return rules;
}

static Rules rotationRules(const Recipe &r) {
  const std::string &learn = r.rotateLearn;
  Rules rules;
  for (const char *option : {"rotate-seed", "rotations"})
    rules.push_back({option, r.rotate != "none", "rotate fused or online", r.rotate});
  for (const char *option : {"rotate-learn-heads", "rotate-steps", "rotate-rate"})
    rules.push_back({option, learn != "none", "a way of rotate-learn", learn});
  for (const char *option : {"rotate-learn-scales", "rotate-optimizer", "rotate-runs"})
    rules.push_back(
        {option, r.learnsRotationsByLoss(), "rotate-learn loss, kl, kl-top or mse", learn});
  rules.push_back({"rotate-classes", learn == "kl-top", "rotate-learn kl-top", learn});
  return rules;
}

static Rules roundingRules(const Recipe &r) {
  const std::string &method = r.weightRounding, &activations = r.activations;
  const bool learns = method == "adaround" || method == "autoround" || method == "brecq";
  const bool holdsOut = learns || method == "gptq" || method == "gptaq";
  return {{"weight-search", !r.hasStaticActivations(),
           "activations float or row, and a weight-format,", activations},
          {"rounding-steps", learns, "weight-rounding adaround, autoround or brecq", method},
          {"rounding-folds", holdsOut, "weight-rounding gptq, gptaq, adaround, autoround or brecq",
           method},
          {"rounding-folds", r.hasStaticActivations(), isStatic, activations},
          {"activation-clip", activations == "row", "activations row", activations},
          {"activation-group", activations == "row", "activations row", activations}};
}

static Rules targetRules(const Recipe &r) {
  Rules rules;
  for (const char *option : {"allocation-widths", "allocation-loss", "allocation-runs",
                             "allocation-couplings", "allocation-search"})
    rules.push_back({option, r.allocation.isRequested(),
                     "a budget (effective-bits, target-size, target-latency, fit-part) or minimize",
                     "none"});
  for (const char *option :
       {"hls-interval", "hls-utilization", "hls-threshold-bits", "hls-fifo-slack", "hls-clock"})
    rules.push_back({option, r.isFPGA(), "target hls:PART", r.target});
  for (const char *option : {"strict", "cpu"})
    rules.push_back({option, r.target == "cpu", "target cpu", r.target});
  return rules;
}

std::vector<IdleOption> quantc::idleOptions(const Recipe &recipe) {
  std::vector<IdleOption> idle;
  for (const auto &group :
       {calibrationRules, migrationRules, rotationRules, roundingRules, targetRules})
    for (const UseRule &rule : group(recipe))
      if (!rule.isRead)
        idle.push_back({rule.option, (rule.option + ": expected " + rule.expected +
                                      " beside it, but found " + rule.found)
                                         .str()});
  return idle;
}

/// Names of options that were given another value than their default.
static std::set<llvm::StringRef> changedOptions(const Recipe &recipe) {
  static const Recipe defaults;
  std::set<llvm::StringRef> changed;
  for (const RecipeEntry &entry : recipeEntries())
    if (recipe.given.count(entry.option.name.str()) && entry.get(recipe) != entry.get(defaults))
      changed.insert(entry.option.name);
  return changed;
}

llvm::Error quantc::checkUse(const Recipe &recipe) {
  const std::set<llvm::StringRef> changed = changedOptions(recipe);
  std::vector<std::string> faults;
  for (const IdleOption &idle : idleOptions(recipe))
    if (changed.count(idle.name) != 0)
      faults.push_back(idle.reason);
  return faults.empty() ? llvm::Error::success()
                        : llvm::createStringError(llvm::join(faults, "; "));
}

std::vector<llvm::StringRef> quantc::storageOptions(const Recipe &recipe) {
  const std::set<llvm::StringRef> changed = changedOptions(recipe);
  std::vector<llvm::StringRef> names;
  for (const RecipeEntry &entry : recipeEntries()) {
    llvm::StringRef name = entry.option.name;
    const bool ofCode =
        name.starts_with("hls-") || name == "strict" || name == "io-type" || name == "cpu";
    if (!ofCode && changed.count(name) != 0)
      names.push_back(name);
  }
  return names;
}
