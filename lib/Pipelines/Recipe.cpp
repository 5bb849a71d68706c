//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recipes as YAML, and what of their options goes together; see Recipe.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Recipe.h"
#include "BuiltinRecipes.h"
#include "RecipeOptions.h"
#include "quantc/Numerics/BlockScale.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

using namespace quantc;
using llvm::StringRef;

llvm::ArrayRef<RecipeOption> quantc::recipeOptions() {
  static const std::vector<RecipeOption> options = [] {
    std::vector<RecipeOption> result;
    for (const RecipeEntry &entry : recipeEntries())
      result.push_back(entry.option);
    return result;
  }();
  return options;
}

llvm::Error quantc::setRecipeOption(Recipe &recipe, StringRef name, StringRef value) {
  std::vector<std::string> names;
  for (const RecipeEntry &entry : recipeEntries()) {
    if (entry.option.name != name) {
      names.push_back(entry.option.name.str());
      continue;
    }
    if (llvm::Error error = entry.set(recipe, value))
      return llvm::createStringError("option '" + name + "': " + llvm::toString(std::move(error)));
    recipe.given.insert(name.str());
    return llvm::Error::success();
  }
  std::string message = ("unknown option '" + name + "'").str();
  std::vector<StringRef> candidates(names.begin(), names.end());
  if (std::string hint = didYouMean(name, candidates); !hint.empty())
    message += hint;
  return llvm::createStringError(message);
}

//===----------------------------------------------------------------------===//
// YAML
//===----------------------------------------------------------------------===//

/// The text of a scalar, or of a list of scalars joined by commas.
static llvm::Expected<std::string> nodeText(llvm::yaml::Node *node) {
  llvm::SmallString<64> storage;
  if (auto *scalar = llvm::dyn_cast_or_null<llvm::yaml::ScalarNode>(node))
    return scalar->getValue(storage).str();
  if (auto *list = llvm::dyn_cast_or_null<llvm::yaml::SequenceNode>(node)) {
    std::string text;
    for (llvm::yaml::Node &item : *list) {
      auto *scalar = llvm::dyn_cast<llvm::yaml::ScalarNode>(&item);
      if (!scalar)
        return llvm::createStringError("expected a list of scalars");
      storage.clear();
      text += text.empty() ? "" : ",";
      for (char c : scalar->getValue(storage))
        text += c == ',' ? "%2C" : std::string(1, c);
    }
    return text;
  }
  if (llvm::isa_and_nonnull<llvm::yaml::NullNode>(node))
    return std::string();
  return llvm::createStringError("expected a scalar or a list");
}

static llvm::Expected<Recipe> loadRecipe(StringRef nameOrPath, std::vector<std::string> chain);

/// The path of the recipe that the file `name` starts from, which is looked for beside it.
static std::string besideFile(StringRef base, StringRef name) {
  const bool isFile = base.ends_with(".yaml") || base.ends_with(".yml");
  if (!isFile || llvm::sys::path::is_absolute(base))
    return base.str();
  llvm::SmallString<128> path(llvm::sys::path::parent_path(name));
  llvm::sys::path::append(path, base);
  return path.str().str();
}

/// `chain` holds the recipes that start from this one, and itself.
static llvm::Expected<Recipe> parseRecipe(StringRef text, StringRef name,
                                          const std::vector<std::string> &chain) {
  llvm::SourceMgr sources;
  std::string problem;
  sources.setDiagHandler(
      [](const llvm::SMDiagnostic &diagnostic, void *context) {
        auto *out = static_cast<std::string *>(context);
        if (out->empty())
          *out =
              llvm::formatv("line {0}: {1}", diagnostic.getLineNo(), diagnostic.getMessage()).str();
      },
      &problem);
  llvm::yaml::Stream stream(text, sources);
  Recipe recipe;
  auto fail = [&](const llvm::Twine &message) {
    return llvm::createStringError("recipe '" + name +
                                   "': " + (problem.empty() ? message.str() : problem));
  };
  auto document = stream.begin();
  if (document == stream.end())
    return fail("expected a mapping of options");
  auto *mapping = llvm::dyn_cast_or_null<llvm::yaml::MappingNode>(document->getRoot());
  if (!mapping)
    return fail("expected a mapping of options");
  bool first = true;
  std::vector<std::string> faults;
  for (llvm::yaml::KeyValueNode &pair : *mapping) {
    auto key = nodeText(pair.getKey());
    if (!key)
      return fail(llvm::toString(key.takeError()));
    auto value = nodeText(pair.getValue());
    if (!value)
      return fail("option '" + *key + "': " + llvm::toString(value.takeError()));
    if (*key == "recipe") {
      if (!first)
        return fail("expected 'recipe' before the other options");
      auto base = ::loadRecipe(besideFile(*value, name), chain);
      if (!base)
        return fail(llvm::toString(base.takeError()));
      recipe = *base;
    } else if (llvm::Error error = setRecipeOption(recipe, *key, *value)) {
      faults.push_back(llvm::toString(std::move(error)));
    }
    first = false;
  }
  if (!faults.empty())
    return fail(llvm::join(faults, "; "));
  if (!problem.empty() || stream.failed())
    return fail("malformed YAML");
  recipe.name = name.str();
  return recipe;
}

std::vector<std::string> quantc::builtinRecipes() {
  std::vector<std::string> names;
  for (const BuiltinRecipe &recipe : builtinRecipeTexts)
    names.push_back(recipe.name);
  return names;
}

llvm::Expected<Recipe> quantc::loadRecipe(StringRef nameOrPath) {
  return ::loadRecipe(nameOrPath, {});
}

static llvm::Expected<Recipe> loadRecipe(StringRef nameOrPath, std::vector<std::string> chain) {
  const bool isInChain = llvm::is_contained(chain, nameOrPath);
  chain.push_back(nameOrPath.str());
  if (isInChain)
    return llvm::createStringError("expected no recipe that starts from itself, but found " +
                                   llvm::join(chain, ", which starts from "));
  for (const BuiltinRecipe &recipe : builtinRecipeTexts)
    if (nameOrPath == recipe.name) {
      llvm::Expected<Recipe> parsed = parseRecipe(recipe.text, recipe.name, chain);
      if (parsed)
        parsed->given.clear();
      return parsed;
    }
  if (!nameOrPath.ends_with(".yaml") && !nameOrPath.ends_with(".yml")) {
    std::vector<std::string> names = builtinRecipes();
    std::vector<StringRef> candidates(names.begin(), names.end());
    return llvm::createStringError("unknown recipe '" + nameOrPath +
                                   "': expected a .yaml file or one of " + llvm::join(names, ", ") +
                                   didYouMean(nameOrPath, candidates));
  }
  auto buffer = llvm::MemoryBuffer::getFile(nameOrPath);
  if (!buffer)
    return llvm::createStringError("cannot read recipe '" + nameOrPath +
                                   "': " + buffer.getError().message());
  return parseRecipe((*buffer)->getBuffer(), nameOrPath, chain);
}

void quantc::writeRecipe(const Recipe &recipe, llvm::raw_ostream &os) {
  static const Recipe defaults;
  llvm::StringSet<> idle;
  for (const IdleOption &option : idleOptions(recipe))
    idle.insert(option.name);
  for (const RecipeEntry &entry : recipeEntries()) {
    std::string value = entry.get(idle.contains(entry.option.name) ? defaults : recipe);
    os << entry.option.name << ": ";
    if (value.empty() || value.find(':') != std::string::npos)
      os << '"' << value << '"';
    else
      os << value;
    os << "\n";
  }
}

/// Rotated channels stand out no more, and what makes weights the largest does nothing for them.
static llvm::Error checkMigration(const Recipe &recipe) {
  if (recipe.migration.method == "awq" && recipe.rotate != "none")
    return llvm::createStringError("migrate awq: expected rotate none beside it, but found " +
                                   recipe.rotate);
  if (recipe.migration.method != "none" && recipe.weightFormat.empty() &&
      recipe.quantize.weightBits < 2)
    return llvm::createStringError("migrate: expected weight-bits of at least 2 beside it, but "
                                   "found " +
                                   llvm::Twine(recipe.quantize.weightBits));
  return llvm::Error::success();
}

/// Which way of rounding goes with which weights.
static llvm::Error checkRounding(const Recipe &recipe) {
  const std::string &method = recipe.weightRounding;
  const bool rounds =
      method == "nearest" || method == "gptq" || (method == "gptaq" && recipe.activations == "row");
  if (!recipe.hasStaticActivations() && !rounds)
    return llvm::createStringError("weight-rounding " + method +
                                   ": expected activations static beside it, but found " +
                                   recipe.activations);
  if (recipe.hasStaticActivations() && method != "nearest" && !recipe.quantize.weightPerChannel)
    return llvm::createStringError("weight-rounding " + method +
                                   ": expected weight-granularity channel beside it, but found "
                                   "tensor");
  return llvm::Error::success();
}

/// What keeps the search from the format of weights; empty when they go together.
static std::string searchFault(const Recipe &recipe) {
  if (recipe.weightSearch != "hqq")
    return "";
  return numerics::searchFault(*numerics::parseNumberFormat(recipe.weightFormat).format,
                               numerics::ScaleSearch::halfQuadratic());
}

/// A search that the goal leaves no place for, and widths that the target lacks.
static llvm::Error checkAllocation(const Recipe &recipe) {
  const unsigned most = recipe.allocation.widths.empty() ? 0 : recipe.allocation.widths.back();
  const struct {
    const char *option;
    bool isFault;
    const char *expected;
    std::string found;
  } rules[] = {{"allocation-search",
                recipe.allocation.search > 0 && recipe.allocation.minimize != "none",
                "budgets without minimize, which measures agreement", recipe.allocation.minimize},
               {"allocation-widths", most > 8 && !recipe.isFPGA(),
                "widths of at most 8 bits, or target hls:PART", std::to_string(most)}};
  for (const auto &rule : rules)
    if (rule.isFault)
      return llvm::createStringError(llvm::Twine(rule.option) + ": expected " + rule.expected +
                                     ", but found " + rule.found);
  return llvm::Error::success();
}

/// What of the options does not go together.
static llvm::Error checkConflicts(const Recipe &recipe) {
  if (llvm::Error error = checkMigration(recipe))
    return error;
  if (recipe.biasCorrectionMoments &&
      (recipe.weightRounding != "nearest" || !recipe.hasStaticActivations()))
    return llvm::createStringError("bias-correction-moments: expected weight-rounding nearest and "
                                   "activations static beside it, but found " +
                                   recipe.weightRounding + " and " + recipe.activations);
  if (recipe.rotateLearn != "none" && (recipe.activations != "row" || recipe.rotate == "none"))
    return llvm::createStringError("rotate-learn: expected activations row and rotate fused or "
                                   "online beside it, but found " +
                                   recipe.activations + " and " + recipe.rotate);
  if (recipe.allocation.fitPart && !recipe.isFPGA())
    return llvm::createStringError("fit-part: expected target hls:PART beside it, but found " +
                                   recipe.target);
  if (recipe.allocation.isRequested() && !recipe.hasStaticActivations())
    return llvm::createStringError("bit allocation: expected activations static, but found " +
                                   recipe.activations);
  if (recipe.hasStaticActivations() && !recipe.weightFormat.empty())
    return llvm::createStringError("weight-format: expected activations float or row beside it, "
                                   "but found static");
  if (llvm::Error error = checkAllocation(recipe))
    return error;
  if (llvm::Error error = checkRounding(recipe))
    return error;
  if (recipe.hasStaticActivations())
    return llvm::Error::success();
  if (recipe.weightFormat.empty())
    return llvm::createStringError("activations " + recipe.activations +
                                   ": expected a weight-format beside it, but found none");
  if (std::string fault = searchFault(recipe); !fault.empty())
    return llvm::createStringError("weight-search: " + fault);
  if (recipe.activations == "row" &&
      (recipe.quantize.activationBits < 2 || recipe.quantize.activationBits > 8))
    return llvm::createStringError(
        "activations row: expected activation-bits of 2 to 8, but found " +
        llvm::Twine(recipe.quantize.activationBits));
  if (recipe.isGPU() || recipe.isFPGA())
    return llvm::createStringError("activations " + recipe.activations +
                                   ": expected target cpu, but found " + recipe.target);
  return llvm::Error::success();
}

llvm::Error quantc::checkRecipe(const Recipe &recipe) {
  if (llvm::Error error = checkConflicts(recipe))
    return error;
  return checkUse(recipe);
}
