//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options of recipes as one table.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_RECIPEOPTIONS_H
#define QUANTC_LIB_PIPELINES_RECIPEOPTIONS_H

#include "quantc/Pipelines/Recipe.h"
#include <functional>

namespace quantc {

/// An option, and how its text is read into a recipe and written.
struct RecipeEntry {
  RecipeOption option;
  std::function<llvm::Error(Recipe &, llvm::StringRef)> set;
  std::function<std::string(const Recipe &)> get;
};

/// In the order of `recipeOptions`.
const std::vector<RecipeEntry> &recipeEntries();

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_RECIPEOPTIONS_H
