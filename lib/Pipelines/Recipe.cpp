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
#include "quantc/Support/OptionText.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
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
      StringRef value = scalar->getValue(storage);
      const bool isTrimmed = value.trim() == value;
      for (char c : value) // as it is, in a text whose items end at commas
        text += c == ',' || c == '%' || (c == ' ' && !isTrimmed) ? escapeItem(StringRef(&c, 1))
                                                                 : std::string(1, c);
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
  llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
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
  llvm::StringSet<> seen;
  std::vector<std::string> faults;
  for (llvm::yaml::KeyValueNode &pair : *mapping) {
    auto key = nodeText(pair.getKey());
    if (!key)
      return fail(llvm::toString(key.takeError()));
    if (!seen.insert(*key).second)
      faults.push_back("option '" + *key + "': expected one value, but found a second one");
    auto value = nodeText(pair.getValue());
    if (!value)
      return fail("option '" + *key + "': " + llvm::toString(value.takeError()));
    if (*key == "recipe") {
      if (seen.size() > 1)
        return fail("expected 'recipe' before the other options");
      auto base = ::loadRecipe(besideFile(*value, name), chain);
      if (!base)
        return fail(llvm::toString(base.takeError()));
      recipe = *base;
    } else if (llvm::Error error = setRecipeOption(recipe, *key, *value)) {
      faults.push_back(llvm::toString(std::move(error)));
    }
  }
  if (!faults.empty())
    return fail(llvm::join(faults, "; "));
  if (problem.empty() && ++document != stream.end())
    return fail("expected one YAML document, but found another one behind it");
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
  const bool isInChain = llvm::any_of(chain, [&](const std::string &other) {
    return llvm::sys::fs::equivalent(other, nameOrPath);
  });
  chain.push_back(nameOrPath.str());
  if (isInChain || chain.size() > 32)
    return llvm::createStringError(
        "expected no recipe that starts from itself, nor a chain of more than 32, but found " +
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

/// The value as YAML reads it back: plain, or in quotes.
static std::string yamlScalar(const std::string &value) {
  auto isPlain = [](char c) { return llvm::isAlnum(c) || StringRef("_./=+,-%").contains(c); };
  if (value.empty() || (llvm::all_of(value, [&](char c) { return c == ':' || isPlain(c); }) &&
                        value.find(':') != std::string::npos))
    return '"' + value + '"';
  if (llvm::all_of(value, isPlain) && !StringRef("%,=").contains(value.front()))
    return value;
  std::string quoted = "'";
  for (char c : value)
    quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

void quantc::writeRecipe(const Recipe &recipe, llvm::raw_ostream &os) {
  static const Recipe defaults;
  llvm::StringSet<> idle;
  for (const IdleOption &option : idleOptions(recipe))
    idle.insert(option.name);
  for (const RecipeEntry &entry : recipeEntries()) {
    std::string value = entry.get(idle.contains(entry.option.name) ? defaults : recipe);
    os << entry.option.name << ": " << yamlScalar(value) << "\n";
  }
}

namespace {
/// What is wrong with a recipe, all of it.
using Faults = std::vector<std::string>;

} // namespace

static void add(Faults &faults, bool isFault, const llvm::Twine &text) {
  if (isFault)
    faults.push_back(text.str());
}

/// Rotated channels stand out no more, and what makes weights the largest does nothing for them.
static void checkMigration(const Recipe &r, Faults &faults) {
  const MigrationRecipe &migration = r.migration;
  add(faults, migration.method == "awq" && r.rotate != "none",
      "migrate awq: expected rotate none beside it, but found " + r.rotate);
  add(faults, migration.method != "none" && r.weightFormat.empty() && r.quantize.weightBits < 2,
      "migrate: expected weight-bits of at least 2 beside it, but found " +
          llvm::Twine(r.quantize.weightBits));
  add(faults, r.rotateLearn != "none" && (r.activations != "row" || r.rotate == "none"),
      "rotate-learn: expected activations row and rotate fused or online beside it, but found " +
          r.activations + " and " + r.rotate);
}

/// Which way of rounding goes with which weights.
static void checkRounding(const Recipe &r, Faults &faults) {
  const std::string &method = r.weightRounding;
  const bool isStatic = r.hasStaticActivations();
  const bool rounds =
      method == "nearest" || method == "gptq" || (method == "gptaq" && r.activations == "row");
  add(faults, !isStatic && !rounds,
      "weight-rounding " + method + ": expected activations static beside it, but found " +
          r.activations);
  add(faults, isStatic && method != "nearest" && !r.quantize.weightPerChannel,
      "weight-rounding " + method +
          ": expected weight-granularity channel beside it, but found tensor");
  add(faults, r.biasCorrectionMoments && (method != "nearest" || !isStatic),
      "bias-correction-moments: expected weight-rounding nearest and activations static beside it, "
      "but found " +
          method + " and " + r.activations);
}

/// A search that the goal leaves no place for, and widths that the target lacks.
static void checkAllocation(const Recipe &r, Faults &faults) {
  const AllocationOptions &allocation = r.allocation;
  const unsigned most = allocation.widths.empty() ? 0 : allocation.widths.back();
  add(faults, allocation.fitPart && !r.isFPGA(),
      "fit-part: expected target hls:PART beside it, but found " + r.target);
  add(faults, allocation.isRequested() && !r.hasStaticActivations(),
      "bit allocation: expected activations static, but found " + r.activations);
  add(faults, allocation.search > 0 && allocation.minimize != "none",
      "allocation-search: expected budgets without minimize, which measures agreement, but found " +
          allocation.minimize);
  add(faults, most > 8 && !r.isFPGA(),
      "allocation-widths: expected widths of at most 8 bits, or target hls:PART, but found " +
          llvm::Twine(most));
}

/// What keeps the search from the format of weights; empty when they go together.
static std::string searchFault(const Recipe &recipe) {
  if (recipe.weightSearch != "hqq")
    return "";
  return numerics::searchFault(*numerics::parseNumberFormat(recipe.weightFormat).format,
                               numerics::ScaleSearch::halfQuadratic());
}

/// Formats of weights, and activations that are not static.
static void checkFormat(const Recipe &r, Faults &faults) {
  const bool isStatic = r.hasStaticActivations();
  add(faults, isStatic && !r.weightFormat.empty(),
      "weight-format: expected activations float or row beside it, but found static");
  if (isStatic)
    return;
  add(faults, r.weightFormat.empty(),
      "activations " + r.activations + ": expected a weight-format beside it, but found none");
  if (std::string fault = r.weightFormat.empty() ? "" : searchFault(r); !fault.empty())
    faults.push_back("weight-search: " + fault);
  add(faults,
      r.activations == "row" && (r.quantize.activationBits < 2 || r.quantize.activationBits > 8),
      "activations row: expected activation-bits of 2 to 8, but found " +
          llvm::Twine(r.quantize.activationBits));
  add(faults, r.isGPU() || r.isFPGA(),
      "activations " + r.activations + ": expected target cpu, but found " + r.target);
}

llvm::Error quantc::checkRecipe(const Recipe &recipe) {
  Faults faults;
  for (auto *check : {checkMigration, checkFormat, checkAllocation, checkRounding})
    check(recipe, faults);
  if (llvm::Error error = checkUse(recipe))
    faults.push_back(llvm::toString(std::move(error)));
  return faults.empty() ? llvm::Error::success()
                        : llvm::createStringError(llvm::join(faults, "; "));
}
